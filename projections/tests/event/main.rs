//! The nine payloads: what they become, what is refused, and that nothing makes them panic.

// The lints know tests, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accepted;
mod properties;
mod refused;

use projections::event::{Data, EventType, Payload, Rejection, refuse_nul};
use projections::instant::Instant;
use serde::de::DeserializeSeed;
use serde_json::{Value, json};
use vitrine_projections as projections;

/// The `time` of every event here: 2026-01-31T08:00:00.250Z.
const TIME: Instant = Instant(1_769_846_400_250);

/// A payload with every member that its type has.
fn full(ty: EventType) -> Value {
    match ty {
        EventType::ProductUpserted => json!({
            "product_id": "p1", "version": 3, "name": {"en": "Mug", "de": "Tasse"},
            "slug": "mug", "description": "A mug", "status": "hidden",
            "brand": {"id": "b1", "name": "Brand"},
            "categories": [{"id": "mugs", "name": "Mugs", "path": ["home", "mugs"]}],
            "attributes": {"color": "blue", "hot": true, "grams": 310, "litres": 0.25},
            "tags": ["new"], "images": [{"url": "/mug.webp", "alt": {"en": "A mug"}}],
            "released_at": "2026-02-01T00:00:00Z",
            "variants": [{"sku": "s1", "options": {"size": "L"}}, {"sku": "s2"}],
        }),
        EventType::ProductDeleted => json!({"product_id": "p1", "version": 3}),
        EventType::PriceSet => json!({
            "price_id": "pr1", "product_id": "p1", "version": 3, "market": "eu",
            "currency": "EUR", "amount": 1999, "sku": "s1", "group": "vip",
            "valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-03-01T00:00:00Z",
        }),
        EventType::PriceRemoved => json!({"price_id": "pr1", "product_id": "p1", "version": 3}),
        EventType::StockSet => json!({
            "sku": "s1", "product_id": "p1", "version": 3, "available": 12, "location": "berlin",
        }),
        EventType::DiscountUpserted => json!({
            "discount_id": "d1", "version": 3, "name": "Sale", "kind": "amount", "value": 500,
            "currency": "EUR",
            "scope": {"all": true, "products": ["p1"], "skus": ["s1"], "categories": ["mugs"],
                "brands": ["b1"]},
            "market": "eu", "group": "vip", "starts_at": "2026-02-01T00:00:00Z",
            "ends_at": "2026-03-01T00:00:00Z", "priority": -2, "stackable": true, "active": false,
        }),
        EventType::DiscountRemoved => json!({"discount_id": "d1", "version": 3}),
        EventType::ReviewUpserted => json!({
            "review_id": "r1", "product_id": "p1", "version": 3, "rating": 4, "title": "Good",
            "body": "Holds tea", "author": "Ann", "status": "hidden", "helpful": 7,
            "created_at": "2026-01-15T12:00:00Z",
        }),
        EventType::ReviewRemoved => json!({"review_id": "r1", "product_id": "p1", "version": 3}),
    }
}

/// Reads a payload, and sees that whoever reads it in passing is told the same, as far as it is good.
fn decode_data(ty: EventType, time: Instant, json: &[u8]) -> Result<Data, Rejection> {
    let read = projections::event::decode_data(ty, time, json);
    let in_passing = in_passing(ty, json).and_then(|payload| payload.check(time).ok());
    assert_eq!(in_passing.as_ref(), read.as_ref().ok(), "{}", String::from_utf8_lossy(json));
    read
}

fn in_passing(ty: EventType, json: &[u8]) -> Option<Payload> {
    refuse_nul("", json).ok()?;
    let mut reader = serde_json::Deserializer::from_str(std::str::from_utf8(json).ok()?);
    let payload = ty.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(payload)
}

fn decode(ty: EventType, data: &Value) -> Result<Data, Rejection> {
    decode_data(ty, TIME, data.to_string().as_bytes())
}

/// The code of the rejection, or `ok`.
fn code(ty: EventType, data: &Value) -> String {
    decode(ty, data).map_or_else(|rejection| rejection.code, |_| "ok".to_owned())
}

/// As [`code`], for a payload that `Value` cannot hold.
fn code_of(ty: EventType, json: &str) -> String {
    decode_data(ty, TIME, json.as_bytes())
        .map_or_else(|rejection| rejection.code, |_| "ok".to_owned())
}

/// The full payload with the member at `pointer` replaced, or put in where the last step is new.
fn with(ty: EventType, pointer: &str, value: Value) -> Value {
    let mut data = full(ty);
    if let Some(member) = data.pointer_mut(pointer) {
        *member = value;
        return data;
    }
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = data.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.expect("an object").insert(key.to_owned(), value);
    data
}

fn without(ty: EventType, pointer: &str) -> Value {
    let mut data = full(ty);
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = data.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.expect("an object").remove(key).expect("a member");
    data
}
