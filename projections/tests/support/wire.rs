//! Changes written as the payloads that they came from.

use serde_json::{Map, Value, json};
use vitrine_projections as projections;

use projections::discount::DiscountKind;
use projections::event::{Change, EventType};
use projections::instant::Instant;
use projections::product::Attribute;
use projections::text::Text;

fn text(text: &Text) -> Value {
    match text {
        Text::Plain(text) => json!(text),
        Text::ByLocale(texts) => json!(texts),
    }
}

fn moment(at: Instant) -> Value {
    if at.is_finite() { json!(at) } else { Value::Null }
}

fn attribute(value: &Attribute) -> Value {
    match value {
        Attribute::Text(value) => json!(value),
        Attribute::Bool(value) => json!(value),
        Attribute::Integer(value) => json!(value),
        Attribute::Unsigned(value) => json!(value),
        Attribute::Float(value) => json!(value),
    }
}

/// The type and the payload that say this.
pub fn payload(change: &Change, version: u64) -> (EventType, Value) {
    let (ty, mut data) = match change {
        Change::Product { product_id, state: None } => {
            (EventType::ProductDeleted, json!({"product_id": product_id}))
        }
        Change::Product { product_id, state: Some(p) } => {
            let attributes: Map<String, Value> =
                p.attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
            let data = json!({
                "product_id": product_id, "name": text(&p.name), "slug": p.slug,
                "description": text(&p.description), "attributes": attributes, "tags": p.tags,
                "status": if p.active { "active" } else { "hidden" },
                "brand": p.brand.as_ref().map(|b| json!({"id": b.id, "name": text(&b.name)})),
                "categories": p.categories.iter()
                    .map(|c| json!({"id": c.id, "name": text(&c.name), "path": c.path}))
                    .collect::<Value>(),
                "images": p.images.iter()
                    .map(|i| json!({"url": i.url, "alt": text(&i.alt)})).collect::<Value>(),
                "released_at": p.released_at,
                "variants": p.variants.iter()
                    .map(|v| json!({"sku": v.sku, "options": v.options})).collect::<Value>(),
            });
            (EventType::ProductUpserted, data)
        }
        Change::Price { price_id, product_id, state: None } => {
            (EventType::PriceRemoved, json!({"price_id": price_id, "product_id": product_id}))
        }
        Change::Price { price_id, product_id, state: Some(p) } => {
            let data = json!({
                "price_id": price_id, "product_id": product_id, "market": p.market,
                "currency": p.currency, "amount": p.amount, "sku": p.sku, "group": p.group,
                "valid_from": moment(p.window.from), "valid_until": moment(p.window.until),
            });
            (EventType::PriceSet, data)
        }
        Change::Stock { sku, location, state } => {
            let data = json!({
                "sku": sku, "location": location, "product_id": state.product_id,
                "available": state.available,
            });
            (EventType::StockSet, data)
        }
        Change::Discount { discount_id, state: None } => {
            (EventType::DiscountRemoved, json!({"discount_id": discount_id}))
        }
        Change::Discount { discount_id, state: Some(d) } => {
            let (terms, scope) = (&d.terms, &d.scope);
            let (kind, value) = match terms.kind {
                DiscountKind::Percentage(value) => ("percentage", value),
                DiscountKind::Amount(value) => ("amount", value),
                DiscountKind::FixedPrice(value) => ("fixed_price", value),
            };
            let data = json!({
                "discount_id": discount_id, "name": text(&terms.name), "kind": kind,
                "value": value, "currency": terms.currency, "market": terms.market,
                "group": terms.group, "starts_at": moment(terms.window.from),
                "ends_at": moment(terms.window.until), "priority": terms.priority,
                "stackable": terms.stackable, "active": terms.active,
                "scope": {
                    "all": scope.all, "products": scope.products, "skus": scope.skus,
                    "categories": scope.categories, "brands": scope.brands,
                },
            });
            (EventType::DiscountUpserted, data)
        }
        Change::Review { review_id, product_id, state: None } => {
            (EventType::ReviewRemoved, json!({"review_id": review_id, "product_id": product_id}))
        }
        Change::Review { review_id, product_id, state: Some(r) } => {
            let data = json!({
                "review_id": review_id, "product_id": product_id, "rating": r.rating,
                "title": r.title, "body": r.body, "author": r.author, "helpful": r.helpful,
                "status": if r.published { "published" } else { "hidden" },
                "created_at": r.created_at,
            });
            (EventType::ReviewUpserted, data)
        }
    };
    data["version"] = version.into();
    (ty, data)
}
