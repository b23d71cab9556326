//! Streams: of the generator, and nasty ones. A nasty stream has few entities with few ids, so that
//! they meet all the time: prices, stock and reviews move between products, things are removed and
//! come back, versions are stale, repeated, or have two contents, and ids are as odd as allowed.

use std::collections::BTreeMap;

use projections::instant::Instant;
use serde_json::{Value, json};
use vitrine::generate::{Generator, Options};

use super::events::{at, event};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The lines of `vitrine generate`.
pub fn generated(products: u64, events: u64, seed: u64, start: i64) -> Vec<String> {
    let mut generator = Generator::new(Options { products, events, seed, start: Instant(start) });
    let mut out = Vec::new();
    while generator.write_next(&mut out) {}
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

/// Random numbers: the same for the same seed, for ever (SplitMix64).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn per_cent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn some_of(&mut self, of: &[&str]) -> Vec<String> {
        of.iter().filter(|_| self.per_cent(40)).map(|s| (*s).to_owned()).collect()
    }

    fn maybe(&mut self, per_cent: usize, of: &[&str]) -> Value {
        if self.per_cent(per_cent) { json!(self.pick(of)) } else { Value::Null }
    }
}

const PRODUCTS: [&str; 9] =
    ["p1", "p2", "a/b", "50%", "100%25", "한글", "a+b", "x@y", "c,d?e=f&g#h"];
const SKUS: [&str; 6] = ["s1", "s/2", "빨강@L", "s+4", "p1", "a/b"];
const BRANDS: [&str; 3] = ["b1", "b/2%", "브랜드"];
const PATHS: [&[&str]; 5] =
    [&["c1"], &["c1", "c/2"], &["c1", "c/2", "양말+%"], &["c4"], &["c4", "c/2"]];
pub const GROUPS: [&str; 3] = ["vip", "g/2", "손님"];
const CATEGORIES: [&str; 4] = ["c1", "c/2", "양말+%", "c4"];

/// When windows open and close and releases come, beside now: long ago, lately, soon, and long
/// hence, so that some lie in what is stored for every extent of it, and some do not.
const EDGES: [i64; 12] = [
    -900 * DAY,
    -90 * DAY,
    -9 * DAY,
    -49 * HOUR,
    -26 * HOUR,
    -3 * HOUR,
    2 * HOUR,
    30 * HOUR,
    4 * DAY,
    25 * DAY,
    70 * DAY,
    800 * DAY,
];

/// Makes nasty streams.
struct Nasty {
    rng: Rng,
    now: i64,
    versions: BTreeMap<String, u64>,
}

/// A nasty stream around now.
pub fn nasty(seed: u64, events: usize, now: i64) -> Vec<String> {
    let mut nasty = Nasty { rng: Rng::new(seed), now, versions: BTreeMap::new() };
    let mut lines: Vec<String> = Vec::with_capacity(events);
    while lines.len() < events {
        let repeat = lines.len() > 10 && nasty.rng.per_cent(4);
        let line = if repeat { lines[nasty.rng.below(lines.len())].clone() } else { nasty.line() };
        lines.push(line);
    }
    lines
}

impl Nasty {
    fn line(&mut self) -> String {
        let (ty, mut data, entity) = match self.rng.below(100) {
            0..=17 => self.product(),
            18..=19 => self.removal("product", &PRODUCTS),
            20..=52 => self.price(),
            53..=55 => self.removal("price", &["r1", "r/2", "r3", "r4", "r5", "r6", "r7"]),
            56..=66 => self.stock(),
            67..=78 => self.discount(),
            79..=80 => self.removal("discount", &["d1", "d/2", "할인"]),
            81..=96 => self.review(),
            _ => self.removal("review", &["v1", "v2", "v3", "v4", "v5", "v/6"]),
        };
        data["version"] = json!(self.version(entity));
        // Few times, so that the newest of two events is often neither.
        let time = self.now - 5_000 + 1_000 * self.rng.below(4) as i64;
        event(ty, time, &data)
    }

    /// Mostly the next one; now and then an old one, or the last one with another content.
    fn version(&mut self, entity: String) -> u64 {
        let last = self.versions.entry(entity).or_default();
        match self.rng.below(20) {
            0 => (*last).max(1),
            1 => last.saturating_sub(2).max(1),
            n => {
                *last += if n < 4 { 3 } else { 1 };
                *last
            }
        }
    }

    fn edge(&mut self) -> i64 {
        self.now + EDGES[self.rng.below(EDGES.len())]
    }

    fn moment(&mut self, per_cent: usize) -> Value {
        if self.rng.per_cent(per_cent) { json!(at(self.edge())) } else { Value::Null }
    }

    /// Start and end: mostly in this order, and often with one of them left out.
    fn window(&mut self) -> (Value, Value) {
        let (a, b) = (self.edge(), self.edge());
        let (a, b) = if self.rng.per_cent(90) { (a.min(b), a.max(b)) } else { (a, b) };
        match self.rng.below(6) {
            0..=1 => (Value::Null, Value::Null),
            2 => (json!(at(a)), Value::Null),
            3 => (Value::Null, json!(at(b))),
            _ => (json!(at(a)), json!(at(b))),
        }
    }

    fn text(&mut self) -> Value {
        if self.rng.per_cent(30) {
            return json!(self.rng.pick(&["plain", "다른 글", ""]).to_owned() + "x");
        }
        let mut tags = self.rng.some_of(&["de", "de-AT", "en", "en-GB", "fr", "ko"]);
        tags.push("it".to_owned());
        let n = self.rng.below(9);
        tags.into_iter().map(|tag| (tag.clone(), json!(format!("{n} in {tag}")))).collect()
    }

    fn product(&mut self) -> (&'static str, Value, String) {
        let id = self.rng.pick(&PRODUCTS);
        let rng = &mut self.rng;
        let brand = rng.maybe(70, &BRANDS);
        let paths: Vec<&[&str]> = PATHS.iter().filter(|_| rng.per_cent(30)).copied().collect();
        let skus = rng.some_of(&SKUS);
        let data = json!({
            "product_id": id, "name": self.text(), "description": self.text(), "slug": "a-slug",
            "status": if self.rng.per_cent(12) { "hidden" } else { "active" },
            "released_at": self.moment(40),
            "brand": if brand.is_null() { brand } else { json!({"id": brand, "name": self.text()}) },
            "categories": paths.iter()
                .map(|path| json!({"id": path.last(), "name": self.text(), "path": path}))
                .collect::<Value>(),
            "variants": skus.iter()
                .map(|sku| json!({"sku": sku, "options": {"size": sku}})).collect::<Value>(),
            "tags": self.rng.some_of(&["new", "eco"]),
            "attributes": {"n": 1, "f": 0.5, "yes": true, "t": "글"},
            "images": self.rng.some_of(&["/1.webp", "/2.webp"]).iter()
                .map(|url| json!({"url": url, "alt": self.text()})).collect::<Value>(),
        });
        ("com.shop.product.upserted.v1", data, format!("product {id}"))
    }

    fn price(&mut self) -> (&'static str, Value, String) {
        let id = format!("r{}", self.rng.below(24));
        let (market, currency) = match self.rng.below(12) {
            0..=7 => ("default", "USD"),
            8..=9 => ("eu", "EUR"),
            10 => ("default", "EUR"),
            _ => ("elsewhere", "USD"),
        };
        let (from, until) = self.window();
        let data = json!({
            "price_id": id, "product_id": self.rng.pick(&PRODUCTS), "market": market,
            "currency": currency, "amount": self.amount(), "sku": self.rng.maybe(25, &SKUS),
            "group": self.rng.maybe(20, &GROUPS), "valid_from": from, "valid_until": until,
        });
        ("price.set.v1", data, format!("price {id}"))
    }

    /// Close together, so that the tie-breakers decide; and the ends of what is allowed.
    fn amount(&mut self) -> i64 {
        match self.rng.below(12) {
            0 => 0,
            1 => 1_000_000_000_000,
            n => 995 + (n as i64 % 5) * 3,
        }
    }

    fn stock(&mut self) -> (&'static str, Value, String) {
        let (sku, location) = (self.rng.pick(&SKUS), self.rng.pick(&["default", "창고", "w/2"]));
        let available = [0, 0, 1, 4, 5, 6, 40][self.rng.below(7)];
        let data = json!({
            "sku": sku, "location": location, "product_id": self.rng.pick(&PRODUCTS),
            "available": available,
        });
        ("stock.set.v1", data, format!("stock {sku} {location}"))
    }

    fn discount(&mut self) -> (&'static str, Value, String) {
        let id = self.rng.pick(&["d1", "d/2", "할인", "d4", "d5", "d6", "d7", "d8"]);
        let (kind, value) = match self.rng.below(4) {
            0 => ("amount", json!(self.rng.below(60))),
            1 => ("fixed_price", json!(980 + self.rng.below(30))),
            _ => ("percentage", json!(1 + self.rng.below(4_000))),
        };
        let rng = &mut self.rng;
        let scope = match rng.below(7) {
            0 => json!({"all": true}),
            1 => json!({"products": rng.some_of(&PRODUCTS)}),
            2 => json!({"skus": rng.some_of(&SKUS)}),
            3 => json!({"categories": rng.some_of(&CATEGORIES)}),
            4 => json!({"brands": rng.some_of(&BRANDS)}),
            5 => json!({}),
            _ => json!({
                "products": rng.some_of(&PRODUCTS), "skus": rng.some_of(&SKUS),
                "categories": rng.some_of(&CATEGORIES), "brands": rng.some_of(&BRANDS),
            }),
        };
        let (from, until) = self.window();
        let data = json!({
            "discount_id": id, "name": self.text(), "kind": kind, "value": value, "scope": scope,
            "currency": if kind == "percentage" { self.rng.maybe(20, &["USD", "EUR"]) }
                else { json!(self.rng.pick(&["USD", "USD", "EUR"])) },
            "market": self.rng.maybe(25, &["default", "eu"]),
            "group": self.rng.maybe(25, &GROUPS), "starts_at": from, "ends_at": until,
            "priority": self.rng.below(3), "stackable": self.rng.per_cent(50),
            "active": self.rng.per_cent(88),
        });
        ("discount.upserted.v1", data, format!("discount {id}"))
    }

    fn review(&mut self) -> (&'static str, Value, String) {
        let id = self.rng.pick(&["v1", "v2", "v3", "v4", "v5", "v/6", "v7", "v8", "v9", "v+10"]);
        // A few products have most of them, so that there is more than one page's worth.
        let products: &[&str] = if self.rng.per_cent(70) { &PRODUCTS[..2] } else { &PRODUCTS };
        let data = json!({
            "review_id": id, "product_id": self.rng.pick(products),
            "rating": 1 + self.rng.below(5), "title": "t", "body": "본문", "author": "a",
            "status": if self.rng.per_cent(15) { "hidden" } else { "published" },
            "helpful": self.rng.below(3), "created_at": self.moment(70),
        });
        ("review.upserted.v1", data, format!("review {id}"))
    }

    /// Also of what was never there.
    fn removal(&mut self, kind: &str, ids: &[&str]) -> (&'static str, Value, String) {
        let id = self.rng.pick(ids);
        let mut data = json!({ format!("{kind}_id"): id });
        if matches!(kind, "price" | "review") {
            data["product_id"] = json!(self.rng.pick(&PRODUCTS));
        }
        let ty = match kind {
            "product" => "product.deleted.v1",
            "price" => "price.removed.v1",
            "discount" => "discount.removed.v1",
            _ => "review.removed.v1",
        };
        (ty, data, format!("{kind} {id}"))
    }
}

/// Any order, but for two contents of one version of an entity: of these, the first stays first.
pub fn shuffled(lines: &[String], seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let mut order: Vec<usize> = (0..lines.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, rng.below(i + 1));
    }
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, line) in order.iter().enumerate() {
        places.entry(version_of(&lines[*line])).or_default().push(place);
    }
    for places in places.values() {
        let mut of_version: Vec<usize> = places.iter().map(|place| order[*place]).collect();
        of_version.sort_unstable();
        for (place, line) in places.iter().zip(of_version) {
            order[*place] = line;
        }
    }
    order.into_iter().map(|line| lines[line].clone()).collect()
}

/// Kind, id and version of the entity.
fn version_of(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap();
    let kind = event["type"].as_str().unwrap().rsplit('.').nth(2).unwrap().to_owned();
    let data = &event["data"];
    let id = match kind.as_str() {
        "stock" => {
            let location = data["location"].as_str().unwrap_or("default");
            json!([data["sku"], location])
        }
        kind => data[format!("{kind}_id")].clone(),
    };
    json!([kind, id, data["version"]]).to_string()
}

/// Each event three times: twice at once, and once more in the end.
pub fn tripled(lines: &[String]) -> Vec<String> {
    let twice = lines.iter().flat_map(|line| [line.clone(), line.clone()]);
    twice.chain(lines.iter().cloned()).collect()
}
