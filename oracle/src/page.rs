//! Product pages, cards and reviews in the contract's JSON.

use std::cmp::Reverse;

use projections::instant::Instant;
use projections::market::Market;
use projections::product::{Attribute, Brand, Image, Product};
use projections::review::Review;
use projections::text::Text;
use serde_json::{Map, Value, json};

use crate::price::{SkuPrice, in_scope};
use crate::text::localized;
use crate::{Asked, Oracle};

/// The published reviews of a product.
pub struct Reviews<'a> {
    all: Vec<(&'a str, &'a Review)>,
}

impl Reviews<'_> {
    pub fn count(&self) -> u64 {
        self.all.len() as u64
    }

    /// The average in hundredths, rounded half up: what sorts and filters use.
    pub fn hundredths(&self) -> Option<u64> {
        let sum: u64 = self.all.iter().map(|(_, r)| u64::from(r.rating)).sum();
        let (exact, rest) =
            (100 * sum).checked_div(self.count()).zip((100 * sum).checked_rem(self.count()))?;
        Some(if 2 * rest >= self.count() { exact + 1 } else { exact })
    }

    fn average(&self) -> Value {
        self.hundredths().map_or(Value::Null, |h| json!(h as f64 / 100.0))
    }
}

fn review(id: &str, review: &Review) -> Value {
    json!({
        "id": id, "rating": review.rating, "title": review.title, "body": review.body,
        "author": review.author, "helpful": review.helpful, "created_at": review.created_at,
    })
}

/// Renders for one reader.
struct Writer<'a> {
    market: &'a Market,
    asked: Asked<'a>,
}

impl Writer<'_> {
    fn text<'t>(&self, text: &'t Text) -> &'t str {
        localized(text, self.asked.locale, &self.market.locale)
    }

    fn brand(&self, brand: &Option<Brand>) -> Value {
        brand.as_ref().map_or(Value::Null, |b| json!({"id": b.id, "name": self.text(&b.name)}))
    }

    fn image(&self, image: &Image) -> Value {
        json!({"url": image.url, "alt": self.text(&image.alt)})
    }

    fn price(&self, price: &SkuPrice<'_>) -> Value {
        let applied: Vec<Value> = price
            .applied
            .iter()
            .map(|t| {
                let name = self.text(&t.discount.terms.name);
                json!({"discount_id": t.discount_id, "name": name, "off": t.off})
            })
            .collect();
        json!({
            "currency": self.market.currency, "regular": price.regular, "base": price.base,
            "final": price.final_amount, "discount_bp": price.discount_bp(), "applied": applied,
        })
    }

    fn product_price(&self, price: Option<(SkuPrice<'_>, bool)>) -> Value {
        let Some((price, varies)) = price else { return Value::Null };
        let mut json = self.price(&price);
        json["varies"] = varies.into();
        json
    }

    fn product(&self, id: &str, product: &Product) -> Value {
        let categories: Vec<Value> = product
            .categories
            .iter()
            .map(|c| json!({"id": c.id, "name": self.text(&c.name), "path": c.path}))
            .collect();
        let attributes: Map<String, Value> =
            product.attributes.iter().map(|(k, v)| (k.clone(), attribute(v))).collect();
        let images: Vec<Value> = product.images.iter().map(|i| self.image(i)).collect();
        json!({
            "id": id, "name": self.text(&product.name), "slug": product.slug,
            "description": self.text(&product.description), "brand": self.brand(&product.brand),
            "categories": categories, "attributes": attributes, "tags": product.tags,
            "images": images, "released_at": product.released_at,
        })
    }
}

fn attribute(value: &Attribute) -> Value {
    match value {
        Attribute::Text(text) => json!(text),
        Attribute::Bool(value) => json!(value),
        Attribute::Integer(value) => json!(value),
        Attribute::Unsigned(value) => json!(value),
        Attribute::Float(value) => json!(value),
    }
}

impl Oracle {
    /// The product if it has a page at the instant: known, not deleted, not hidden, released.
    fn visible<'a>(&'a self, id: &str, asked: Asked<'_>) -> Option<&'a Product> {
        let (_, product) = self.product(id)?;
        let shown = product.active && product.released_at.millis() <= asked.at.millis();
        shown.then_some(product)
    }

    /// The product's page without `meta` and the reviews' `next_cursor`; `None`: a 404.
    pub fn product_page(&self, id: &str, asked: Asked<'_>) -> Option<Value> {
        let writer = Writer { market: self.market(asked.market)?, asked };
        let product = self.visible(id, asked)?;
        let variants: Vec<Value> = product
            .variants
            .iter()
            .map(|v| {
                let price = self.sku_price(id, &v.sku, asked);
                json!({
                    "sku": v.sku, "options": v.options,
                    "price": price.map_or(Value::Null, |p| writer.price(&p)),
                    "stock": self.stock_of(id, |sku| sku == v.sku),
                })
            })
            .collect();
        let reviews = self.published(id);
        let stars = |n: u8| reviews.all.iter().filter(|(_, r)| r.rating == n).count();
        let mut latest = self.reviews(id, "newest");
        latest.truncate(5);
        Some(json!({
            "product": writer.product(id, product),
            "price": self.whole_price(id, product, asked, &writer),
            "stock": self.product_stock(id, product),
            "variants": variants,
            "reviews": {
                "count": reviews.count(), "average": reviews.average(), "latest": latest,
                "histogram": {
                    "1": stars(1), "2": stars(2), "3": stars(3), "4": stars(4), "5": stars(5),
                },
            },
        }))
    }

    /// The product's price with its highest final.
    fn whole_price(
        &self,
        id: &str,
        product: &Product,
        asked: Asked<'_>,
        writer: &Writer<'_>,
    ) -> Value {
        let mut price = writer.product_price(self.product_price(id, asked));
        let finals = product
            .variants
            .iter()
            .filter_map(|variant| Some(self.sku_price(id, &variant.sku, asked)?.final_amount));
        if price.is_object() {
            price["final_max"] = json!(finals.max());
        }
        price
    }

    /// A SKU's price as it is answered.
    pub(crate) fn price_json(&self, price: &SkuPrice<'_>, asked: Asked<'_>) -> Option<Value> {
        Some(Writer { market: self.market(asked.market)?, asked }.price(price))
    }

    /// The product's card, but for what its selected variant adds; `None` where its page is a 404.
    pub(crate) fn card(&self, id: &str, asked: Asked<'_>) -> Option<Value> {
        let writer = Writer { market: self.market(asked.market)?, asked };
        let product = self.visible(id, asked)?;
        let reviews = self.published(id);
        Some(json!({
            "id": id, "name": writer.text(&product.name), "slug": product.slug,
            "brand": writer.brand(&product.brand),
            "image": product.images.first().map_or(Value::Null, |i| writer.image(i)),
            "price": writer.product_price(self.product_price(id, asked)),
            "stock": self.product_stock(id, product),
            "reviews": {"count": reviews.count(), "average": reviews.average()},
            "tags": product.tags,
        }))
    }

    /// `meta.as_of` of the product's page; of an unknown product `null`.
    pub fn as_of(&self, id: &str) -> Value {
        let Some((time, product)) = self.product(id) else { return Value::Null };
        let of_discounts = self
            .discounts()
            .filter(|(_, _, d)| in_scope(d, id, product, None))
            .map(|(_, time, _)| time)
            .max();
        json!({
            "product": time,
            "price": self.prices(id).map(|(_, time, _)| time).max(),
            "stock": self.stock(id).map(|(_, time, _)| time).max(),
            "discount": of_discounts,
            "review": self.reviews_of(id).map(|(_, time, _)| time).max(),
        })
    }

    /// All published reviews of a product in the order of `sort`: `newest`, `helpful`, `highest` or
    /// `lowest`. Whether the product has a page is not looked at.
    pub fn reviews(&self, id: &str, sort: &str) -> Vec<Value> {
        let mut all = self.published(id).all;
        let newest = |id: &str, created: Instant| (Reverse(created), id.as_bytes().to_vec());
        all.sort_by_key(|(id, r)| {
            let first = match sort {
                "helpful" => Reverse(r.helpful),
                "highest" => Reverse(i64::from(r.rating)),
                "lowest" => Reverse(-i64::from(r.rating)),
                _ => Reverse(0),
            };
            (first, newest(id, r.created_at))
        });
        all.into_iter().map(|(id, r)| review(id, r)).collect()
    }

    pub(crate) fn published<'a>(&'a self, id: &'a str) -> Reviews<'a> {
        let all = self.reviews_of(id).filter(|(_, _, r)| r.published);
        Reviews { all: all.map(|(id, _, r)| (id, r)).collect() }
    }

    /// The stock of those SKUs of the product's that `counts` holds for.
    fn stock_of(&self, id: &str, counts: impl Fn(&str) -> bool) -> Value {
        let levels: Vec<i64> =
            self.stock(id).filter(|(sku, _, _)| counts(sku)).map(|(_, _, n)| n).collect();
        if levels.is_empty() {
            return json!({"available": null, "state": "unknown"});
        }
        let available: i64 = levels.iter().sum();
        let state = if available == 0 {
            "out_of_stock"
        } else if available <= self.low_stock_threshold {
            "low_stock"
        } else {
            "in_stock"
        };
        json!({"available": available, "state": state})
    }

    fn product_stock(&self, id: &str, product: &Product) -> Value {
        self.stock_of(id, |sku| product.variants.iter().any(|v| v.sku == sku))
    }
}
