//! Every event keeps the contract.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use vitrine::decode::{Decoded, structured};

use super::support::{Event, events, instant, options, stream};

#[test]
fn every_event_keeps_the_contract() {
    for options in [options(2_000, 24_000, 1), options(3, 3_000, 9), options(6_000, 9_000, 3)] {
        let stream = stream(options);
        let mut checker = Checker::default();
        for event in events(&stream) {
            checker.check(&event);
        }
        checker.check_skus();
    }
}

/// With the decoder that the service uses: no line is a dead letter.
#[test]
fn every_line_is_an_event() {
    for options in [options(2_500, 30_000, 8), options(1, 500, 2), options(40, 4_000, 6)] {
        for line in stream(options).lines() {
            let decoded = structured(line.as_bytes());
            assert!(matches!(decoded, Ok(Decoded::Event { .. })), "{line}");
        }
    }
}

/// What the contract asks of events, and which SKUs belong to which product.
#[derive(Default)]
pub struct Checker {
    variants: HashMap<String, HashSet<String>>,
    named: Vec<(String, String)>,
}

impl Checker {
    pub fn check(&mut self, event: &Event<'_>) {
        assert!(event.line.len() < 1 << 20 && !event.line.contains("\\u0000"));
        assert!((1..1 << 53).contains(&event.version()), "{}", event.line);
        if event.kind.split('.').next() != Some("discount") {
            id(&event.data["product_id"]);
        }
        match event.kind.as_str() {
            "product.upserted.v1" => self.product(event),
            "price.set.v1" => self.price(event),
            "stock.set.v1" => self.stock(event),
            "discount.upserted.v1" => discount(event),
            "review.upserted.v1" => review(event),
            "price.removed.v1" => id(&event.data["price_id"]),
            "review.removed.v1" => id(&event.data["review_id"]),
            "discount.removed.v1" => id(&event.data["discount_id"]),
            "product.deleted.v1" => {}
            other => panic!("unknown type {other}"),
        }
    }

    fn product(&mut self, event: &Event<'_>) {
        let data = &event.data;
        text(&data["name"], 1, 500);
        text(&data["description"], 0, 65_536);
        assert!(matches!(data["status"].as_str(), None | Some("active" | "hidden")));
        if !data["brand"].is_null() {
            id(&data["brand"]["id"]);
            // A name, and not a word of any language.
            let name = data["brand"]["name"].as_str().unwrap();
            assert!(name.len() > 2 && name.is_ascii(), "{name}");
        }
        let mut categories = HashSet::new();
        assert!((1..=50).contains(&data["categories"].as_array().unwrap().len()));
        for category in data["categories"].as_array().unwrap() {
            id(&category["id"]);
            text(&category["name"], 1, 500);
            assert_eq!(category["path"].as_array().unwrap().last().unwrap(), &category["id"]);
            category["path"].as_array().unwrap().iter().for_each(id);
            assert!(categories.insert(category["id"].as_str().unwrap()), "{}", event.line);
        }
        for (name, value) in data["attributes"].as_object().unwrap() {
            assert!(
                !name.is_empty() && !value.is_object() && !value.is_array() && !value.is_null()
            );
        }
        let tags: HashSet<_> =
            data["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        assert_eq!(tags.len(), data["tags"].as_array().unwrap().len());
        for image in data["images"].as_array().unwrap() {
            assert!(image["url"].as_str().unwrap().starts_with("https://img.example/"));
            if !image["alt"].is_null() {
                text(&image["alt"], 1, 500);
            }
        }
        instant(&data["released_at"]);
        let mut skus = HashSet::new();
        let mut options = HashSet::new();
        for variant in data["variants"].as_array().into_iter().flatten() {
            id(&variant["sku"]);
            assert!(skus.insert(event_text(&variant["sku"])));
            assert!(options.insert(variant["options"].to_string()), "{}", event.line);
        }
        if skus.is_empty() {
            skus.insert(event.text("product_id").to_owned());
        }
        assert!(skus.len() <= 200, "{}", event.line);
        self.variants.insert(event.text("product_id").to_owned(), skus);
    }

    fn price(&mut self, event: &Event<'_>) {
        let data = &event.data;
        id(&data["price_id"]);
        market_and_currency(event);
        assert!((1..=1_000_000_000_000).contains(&data["amount"].as_u64().unwrap()));
        window(&data["valid_from"], &data["valid_until"]);
        if !data["sku"].is_null() {
            self.sku(event);
        }
        assert!(matches!(data["group"].as_str(), None | Some("vip" | "trade")));
    }

    fn stock(&mut self, event: &Event<'_>) {
        assert!(event.data["available"].is_u64());
        if !event.data["location"].is_null() {
            id(&event.data["location"]);
        }
        self.sku(event);
    }

    fn sku(&mut self, event: &Event<'_>) {
        id(&event.data["sku"]);
        self.named.push((event.text("product_id").to_owned(), event.text("sku").to_owned()));
    }

    fn check_skus(&self) {
        for (product, sku) in &self.named {
            assert!(self.variants.get(product).is_none_or(|skus| skus.contains(sku)), "{sku}");
        }
    }
}

fn event_text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn id(value: &Value) {
    let id = value.as_str().unwrap_or_else(|| panic!("{value} is no id"));
    assert!((1..=128).contains(&id.len()) && id != "." && id != "..");
    assert!(!id.chars().any(|c| c.is_whitespace() || c.is_control()), "{id:?}");
}

/// A text in each language of the catalogue, and in no other.
fn text(value: &Value, least: usize, most: usize) {
    let texts = value.as_object().unwrap_or_else(|| panic!("not by language: {value}"));
    let languages: Vec<&str> = texts.keys().map(String::as_str).collect();
    assert_eq!(languages, ["de", "en", "ko"]);
    for text in texts.values() {
        assert!((least..=most).contains(&text.as_str().unwrap().chars().count()), "{text}");
    }
}

fn market_and_currency(event: &Event<'_>) {
    let pair = (event.text("market"), event.text("currency"));
    assert!(matches!(pair, ("default", "USD") | ("eu", "EUR")), "{pair:?}");
}

fn window(from: &Value, until: &Value) {
    let end = |value: &Value| (!value.is_null()).then(|| instant(value));
    if let (Some(from), Some(until)) = (end(from), end(until)) {
        assert!(from < until);
    }
}

fn discount(event: &Event<'_>) {
    let data = &event.data;
    id(&data["discount_id"]);
    text(&data["name"], 1, 500);
    let value = data["value"].as_u64().unwrap();
    match event.text("kind") {
        "percentage" => assert!((1..=10_000).contains(&value)),
        "amount" | "fixed_price" => market_and_currency(event),
        other => panic!("{other}"),
    }
    let scope = data["scope"].as_object().unwrap();
    assert_eq!(scope.len(), 1, "{}", event.line);
    for (name, ids) in scope {
        assert!(["all", "products", "skus", "categories", "brands"].contains(&name.as_str()));
        let mut seen = HashSet::new();
        for one in ids.as_array().into_iter().flatten() {
            id(one);
            assert!(seen.insert(one.as_str()), "{}", event.line);
        }
        assert!(name == "all" || !seen.is_empty());
    }
    window(&data["starts_at"], &data["ends_at"]);
    assert!(data["priority"].is_u64());
}

fn review(event: &Event<'_>) {
    let data = &event.data;
    id(&data["review_id"]);
    assert!((1..=5).contains(&data["rating"].as_u64().unwrap()));
    assert!(matches!(data["status"].as_str(), None | Some("hidden")));
    assert!(instant(&data["created_at"]) <= event.time, "{}", event.line);
    assert!(data["body"].as_str().unwrap_or("").len() < 65_536);
}
