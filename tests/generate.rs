//! The generated stream, seen from outside: reproducible, valid, and like a shop.

use std::collections::{BTreeMap, HashMap, HashSet};

use projections::instant::Instant;
use serde_json::Value;
use vitrine::generate::{DEFAULT_START, Generator, LiveChanges, Options};

const DAY_MS: i64 = 86_400_000;

fn options(products: u64, events: u64, seed: u64) -> Options {
    Options { products, events, seed, start: DEFAULT_START }
}

fn stream(options: Options) -> String {
    let mut generator = Generator::new(options);
    let mut out = Vec::new();
    while generator.write_next(&mut out) {}
    String::from_utf8(out).unwrap()
}

/// A line, read.
struct Event<'a> {
    line: &'a str,
    kind: String,
    time: Instant,
    data: Value,
}

impl Event<'_> {
    fn text(&self, key: &str) -> &str {
        self.data[key].as_str().unwrap_or_else(|| panic!("no {key}: {}", self.line))
    }

    /// Topic and key.
    fn entity(&self) -> String {
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

    fn version(&self) -> u64 {
        self.data["version"].as_u64().unwrap()
    }
}

fn events(stream: &str) -> impl Iterator<Item = Event<'_>> {
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

fn instant(value: &Value) -> Instant {
    let text = value.as_str().unwrap();
    let at = Instant::parse(text).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(at.to_string(), text);
    at
}

#[test]
fn the_same_flags_give_the_same_bytes() {
    let (first, second) = (stream(options(300, 5_000, 7)), stream(options(300, 5_000, 7)));
    assert!(first == second);
    assert!(first != stream(options(300, 5_000, 8)));
    let shifted =
        Options { start: Instant(DEFAULT_START.millis() + DAY_MS), ..options(300, 5_000, 7) };
    assert!(first != stream(shifted));
}

/// The stream of given flags never changes, on no machine and in no version. Where this fails, the
/// generator has become another one: streams that people have saved and measured no longer match.
#[test]
fn the_stream_is_the_one_it_always_was() {
    let stream = stream(options(200, 3_000, 42));
    let head: Vec<&str> = stream.split_inclusive('\n').take(1_000).collect();
    let hash = |text: &str| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
    assert_eq!(
        (hash(&head.concat()), hash(&stream)),
        ("34f5d470c6df2fe8".into(), "51ac1da7429244b4".into())
    );
}

#[test]
fn exactly_as_many_events_as_asked_for() {
    for (products, events) in [
        (0, 10),
        (1, 0),
        (1, 1),
        (1, 1_000),
        (10, 35),
        (100, 250),
        (100, 700),
        (63, 5_000),
        (u64::MAX, 500),
    ] {
        let stream = stream(options(products, events, 1));
        assert_eq!(stream.lines().count() as u64, events, "{products} products");
        assert!(stream.is_empty() || stream.ends_with('\n'));
    }
    // As many as there may be: it does not matter how many those are.
    let mut out = Vec::new();
    assert!(Generator::new(options(5, u64::MAX, 1)).write_next(&mut out));
}

#[test]
fn with_few_events_products_and_their_prices_come_first() {
    let stream = stream(options(100, 600, 5));
    let kinds: Vec<String> = events(&stream).map(|event| event.kind).collect();
    let first_stock = kinds.iter().position(|kind| kind == "stock.set.v1").unwrap();
    let (before, after) = kinds.split_at(first_stock);
    let of =
        |kinds: &[String], prefix| kinds.iter().filter(|kind| kind.starts_with(prefix)).count();
    assert!(of(before, "product.") >= 100 && of(before, "price.") > 190);
    assert_eq!(of(after, "product.") + of(before, "discount.") + of(before, "review."), 0);
}

#[test]
fn versions_rise_but_for_repeats_and_a_few_that_come_late() {
    let stream = stream(options(2_000, 20_000, 1));
    let mut newest: HashMap<String, u64> = HashMap::new();
    let mut contents: HashMap<(String, u64), &str> = HashMap::new();
    let (mut repeats, mut late, mut last) = (0, 0, "");
    let mut late_entities = HashSet::new();
    for event in events(&stream) {
        let (entity, version) = (event.entity(), event.version());
        let content = *contents.entry((entity.clone(), version)).or_insert(event.line);
        assert_eq!(content, event.line, "one version has one content");
        let newest = newest.entry(entity.clone()).or_default();
        if event.line == last {
            repeats += 1;
        } else if version <= *newest {
            assert_eq!(version + 1, *newest, "{}", event.line);
            late_entities.insert(entity);
            late += 1;
        }
        *newest = version.max(*newest);
        last = event.line;
    }
    assert!((120..300).contains(&repeats), "{repeats}");
    assert!((10..80).contains(&late), "{late}");
    assert!(late_entities.len() * 2 > late, "of different products: {late_entities:?}");
}

#[test]
fn times_run_from_the_start_over_thirty_days() {
    let stream = stream(options(500, 5_000, 2));
    let times: Vec<Instant> = events(&stream).map(|event| event.time).collect();
    assert_eq!(times[0], DEFAULT_START);
    let span = times[4_999].millis() - DEFAULT_START.millis();
    assert!((29 * DAY_MS..30 * DAY_MS).contains(&span));
    let backwards = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(backwards < 100, "{backwards}");
}

#[test]
fn every_event_keeps_the_contract() {
    for options in [options(2_000, 20_000, 1), options(3, 3_000, 9), options(6_000, 9_000, 3)] {
        let stream = stream(options);
        let mut checker = Checker::default();
        for event in events(&stream) {
            checker.check(&event);
        }
        checker.check_skus();
    }
}

#[test]
fn live_changes_keep_the_contract_and_rise_above_all_before() {
    let options = options(500, 5_000, 4);
    let stream = stream(options);
    let mut newest: HashMap<String, u64> = HashMap::new();
    for event in events(&stream) {
        let newest = newest.entry(event.entity()).or_default();
        *newest = event.version().max(*newest);
    }
    // Two runs, the second with a clock that has gone on.
    for clock in [1_772_000_000_000, 1_772_000_090_000] {
        let mut live = LiveChanges::new(&options);
        let mut out = Vec::new();
        for i in 0..3_000 {
            live.write_next(Instant(clock + i * 20), &mut out);
        }
        let lines = String::from_utf8(out).unwrap();
        let (mut checker, mut flash) = (Checker::default(), 0);
        for event in events(&lines) {
            checker.check(&event);
            let before = newest.insert(event.entity(), event.version()).unwrap_or(0);
            assert!(event.version() > before.max(options.events), "{}", event.line);
            flash += u32::from(event.line.contains("Flash: "));
        }
        assert_eq!(lines.lines().count(), 3_000);
        assert!(flash > 3, "{flash}");
    }
}

#[test]
fn live_versions_rise_even_where_the_clock_stands_or_is_before_1970() {
    let options = options(10, 100, 4);
    for clock in [-5, 0, 1_772_000_000_000] {
        let mut live = LiveChanges::new(&options);
        let mut out = Vec::new();
        for _ in 0..500 {
            live.write_next(Instant(clock), &mut out);
        }
        let lines = String::from_utf8(out).unwrap();
        let versions: Vec<u64> = events(&lines).map(|event| event.version()).collect();
        assert!(versions[0] > 100 && versions.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

/// What the contract asks of events, and which SKUs belong to which product.
#[derive(Default)]
struct Checker {
    variants: HashMap<String, HashSet<String>>,
    named: Vec<(String, String)>,
}

impl Checker {
    fn check(&mut self, event: &Event<'_>) {
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
            text(&data["brand"]["name"], 1, 500);
        }
        let mut categories = HashSet::new();
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
        assert!(matches!(data["group"].as_str(), None | Some("vip" | "members")));
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

fn text(value: &Value, least: usize, most: usize) {
    let texts: Vec<&Value> = match value {
        Value::Object(texts) => texts.values().collect(),
        text => vec![text],
    };
    assert!(!texts.is_empty());
    for text in texts {
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

#[test]
fn the_mix_is_that_of_a_shop() {
    const PRODUCTS: u64 = 5_000;
    let stream = stream(options(PRODUCTS, 50_000, 11));
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut products, mut changes, mut early) = (0, Vec::new(), 0);
    for event in events(&stream) {
        let mut add = |name, yes: bool| *count.entry(name).or_default() += u32::from(yes);
        let new = seen.insert(event.entity());
        let data = &event.data;
        match event.kind.as_str() {
            "product.upserted.v1" if new => {
                products += 1;
                add("to be released", instant(&data["released_at"]) > DEFAULT_START);
                add("german", data["name"]["de"].is_string());
                add("korean", data["name"]["ko"].is_string());
            }
            "price.set.v1" if new => {
                let undated = data["valid_from"].is_null() && data["valid_until"].is_null();
                add("default", data["market"] == "default");
                add("eu", data["market"] == "eu");
                add("own", !data["sku"].is_null());
                add("windowed", !undated);
                add("group", !data["group"].is_null());
            }
            "stock.set.v1" => add("empty", data["available"] == 0),
            _ => {}
        }
        if !new && products == PRODUCTS {
            *kinds.entry(event.kind.split('.').next().unwrap().to_owned()).or_default() += 1;
            changes.extend(data["product_id"].as_str().map(str::to_owned));
        }
        early += u32::from(
            event.kind == "price.set.v1"
                && !seen.contains(&format!("product {}", event.text("product_id"))),
        );
    }
    for (name, range) in [
        ("to be released", 50..170),
        ("german", 1_800..3_000),
        ("korean", 200..700),
        ("default", 5_200..8_000),
        ("eu", 5_200..8_000),
        ("own", 1_200..2_400),
        ("windowed", 900..1_600),
        ("group", 350..650),
        ("empty", 800..2_500),
    ] {
        assert!(range.contains(&count[name]), "{name}: {count:?}");
    }
    assert!((200..2_500).contains(&early), "{early}");
    let all: u32 = kinds.values().sum();
    assert!((66..85).contains(&(kinds["stock"] * 100 / all)), "{kinds:?}");
    assert!((13..20).contains(&(kinds["price"] * 100 / all)), "{kinds:?}");
    assert!(kinds["review"] > 100 && kinds["product"] > 300 && kinds["discount"] > 80, "{kinds:?}");
    assert!(share_of_top_hundredth(&changes, PRODUCTS) > 0.1);
}

fn share_of_top_hundredth(changes: &[String], products: u64) -> f64 {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for product in changes {
        *counts.entry(product).or_default() += 1;
    }
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let top: u32 = counts.iter().take(products as usize / 100).sum();
    f64::from(top) / changes.len() as f64
}
