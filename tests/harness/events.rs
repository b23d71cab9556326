//! Events by hand, and a catalogue: a stream of them with the oracle that has taken it.

use std::collections::BTreeSet;

use projections::market::Market;
use serde_json::{Value, json};
use vitrine_oracle::Oracle;

/// The instant, in milliseconds, as it is written.
pub fn at(millis: i64) -> String {
    projections::instant::Instant(millis).to_string()
}

/// A CloudEvent as a line, with its payload at the end, as owners write it.
pub fn event(ty: &str, time: i64, data: &Value) -> String {
    let (ty, time) = (json!(ty), json!(at(time)));
    format!(
        r#"{{"specversion":"1.0","id":"e","source":"/test","type":{ty},"time":{time},"data":{data}}}"#
    )
}

const TIME: i64 = 1_767_225_600_000;

/// `data` with the members of `with`.
fn extended(mut data: Value, with: Value) -> Value {
    let Value::Object(with) = with else { panic!("{with} is no object") };
    data.as_object_mut().unwrap().extend(with);
    data
}

/// Version 1, unless `with` says otherwise.
pub fn product(id: &str, with: Value) -> String {
    let data =
        json!({"product_id": id, "version": 1, "name": {"en": id, "de": format!("{id} (de)")}});
    event("product.upserted.v1", TIME, &extended(data, with))
}

/// In the default market; `with` may say otherwise.
pub fn price(id: &str, product_id: &str, amount: i64, with: Value) -> String {
    let data = json!({
        "price_id": id, "product_id": product_id, "version": 1, "market": "default",
        "currency": "USD", "amount": amount,
    });
    event("price.set.v1", TIME, &extended(data, with))
}

pub fn stock(sku: &str, version: u64, available: i64) -> String {
    let data = json!({
        "sku": sku, "product_id": sku, "version": version, "available": available,
    });
    event("stock.set.v1", TIME, &data)
}

/// Of everything, in per cent.
pub fn discount(id: &str, per_cent: i64, with: Value) -> String {
    let data = json!({
        "discount_id": id, "version": 1, "name": id, "kind": "percentage",
        "value": per_cent * 100, "scope": {"all": true},
    });
    event("discount.upserted.v1", TIME, &extended(data, with))
}

/// The markets of the test configuration.
pub fn markets() -> Vec<Market> {
    [("default", "USD", "en"), ("eu", "EUR", "de-AT")].map(market).into()
}

pub fn market((id, currency, locale): (&str, &str, &str)) -> Market {
    Market { id: id.to_owned(), currency: currency.to_owned(), locale: locale.to_owned() }
}

/// A stream and what it comes to.
pub struct Catalogue {
    pub lines: Vec<String>,
    pub oracle: Oracle,
    /// Every product that was ever named, and one that was not.
    pub ids: Vec<String>,
}

impl Catalogue {
    pub fn new(lines: Vec<String>) -> Catalogue {
        Catalogue::configured(lines, markets(), 5)
    }

    pub fn configured(lines: Vec<String>, markets: Vec<Market>, low_stock: i64) -> Catalogue {
        let mut oracle = Oracle::new(markets, low_stock);
        let mut ids = BTreeSet::from(["nobody".to_owned()]);
        for line in &lines {
            oracle.apply(line.as_bytes());
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            ids.extend(event["data"]["product_id"].as_str().map(str::to_owned));
        }
        Catalogue { lines, oracle, ids: ids.into_iter().collect() }
    }
}
