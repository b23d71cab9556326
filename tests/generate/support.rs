//! Streams, and their lines as they are read.

use projections::instant::Instant;
use serde_json::Value;
use vitrine::generate::{DEFAULT_START, Generator, Options};

pub const DAY_MS: i64 = 86_400_000;

pub fn options(products: u64, events: u64, seed: u64) -> Options {
    Options { products, events, seed, start: DEFAULT_START }
}

pub fn stream(options: Options) -> String {
    let mut generator = Generator::new(options);
    let mut out = Vec::new();
    while generator.write_next(&mut out) {}
    String::from_utf8(out).unwrap()
}

/// A line, read.
pub struct Event<'a> {
    pub line: &'a str,
    pub kind: String,
    pub time: Instant,
    pub data: Value,
}

impl Event<'_> {
    pub fn text(&self, key: &str) -> &str {
        self.data[key].as_str().unwrap_or_else(|| panic!("no {key}: {}", self.line))
    }

    /// Topic and key.
    pub fn entity(&self) -> String {
        let id = match self.kind.split('.').next().unwrap() {
            "product" => self.text("product_id").to_owned(),
            "price" => self.text("price_id").to_owned(),
            "stock" => {
                let location = self.data["location"].as_str().unwrap_or("default");
                format!("{}@{location}", self.text("sku"))
            }
            "discount" => self.text("discount_id").to_owned(),
            "review" => self.text("review_id").to_owned(),
            other => panic!("{other}"),
        };
        format!("{} {id}", self.kind.split('.').next().unwrap())
    }

    pub fn version(&self) -> u64 {
        self.data["version"].as_u64().unwrap()
    }
}

pub fn events(stream: &str) -> impl Iterator<Item = Event<'_>> {
    stream.lines().map(|line| {
        let mut value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!(value["specversion"], "1.0");
        assert_eq!(value["datacontenttype"], "application/json");
        assert!(value["id"].is_string() && value["source"].is_string());
        Event {
            line,
            kind: value["type"].as_str().unwrap().to_owned(),
            time: instant(&value["time"]),
            data: value["data"].take(),
        }
    })
}

pub fn instant(value: &Value) -> Instant {
    let text = value.as_str().unwrap();
    let at = Instant::parse(text).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(at.to_string(), text);
    at
}
