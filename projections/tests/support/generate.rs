//! Events at random, of few entities with few ids and instants, so that they meet all the time.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use vitrine_projections as projections;

use projections::event::{Event, EventType, decode_data};
use projections::instant::Instant;
use projections::market::Market;

/// Windows open and close, and releases come, at this many instants a second apart.
pub const EDGES: i64 = 6;
/// The first of them: 2023-11-14T22:13:20Z.
pub const FIRST_EDGE: i64 = 1_700_000_000_000;

pub const LOW_STOCK: i64 = 5;
pub const GROUPS: [Option<&str>; 3] = [None, Some("g1"), Some("g2")];
pub const LOCALES: [Option<&str>; 5] = [None, Some("de"), Some("de-AT"), Some("fr-CA"), Some("xx")];
pub const PRODUCTS: [&str; 3] = ["p1", "p2", "p3"];

pub fn markets() -> Vec<Market> {
    let market = |id: &str, currency: &str, locale: &str| Market {
        id: id.to_owned(),
        currency: currency.to_owned(),
        locale: locale.to_owned(),
    };
    vec![market("default", "USD", "en-GB"), market("eu", "EUR", "de")]
}

pub fn edge(nth: i64) -> Instant {
    Instant(FIRST_EDGE + nth * 1_000)
}

/// Every edge, the milliseconds beside it, and times long before and after.
pub fn instants() -> Vec<Instant> {
    let beside = |e: Instant| [-1, 0, 1].map(|by| Instant(e.millis() + by));
    let long = [Instant(0), Instant(FIRST_EDGE * 2)];
    (0..EDGES).map(edge).flat_map(beside).chain(long).collect()
}

pub fn any_instant() -> impl Strategy<Value = Instant> {
    select(instants())
}

fn optional<T: Strategy<Value = Value>>(value: T) -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), value]
}

fn pick(of: &'static [&'static str]) -> impl Strategy<Value = Value> {
    select(of).prop_map(Value::from)
}

fn some_of(of: &'static [&'static str]) -> impl Strategy<Value = Value> {
    subsequence(of, 0..=of.len()).prop_map(Value::from)
}

fn moment() -> impl Strategy<Value = Value> {
    (0..EDGES).prop_map(|nth| json!(edge(nth)))
}

/// Start and end: mostly in this order, and often with one of them left out.
fn window() -> impl Strategy<Value = (Value, Value)> {
    let end = || prop::option::weighted(0.6, 0..EDGES);
    (end(), end(), prop::bool::weighted(0.9)).prop_map(|(a, b, ordered)| {
        let (from, until) = match (a, b) {
            (Some(a), Some(b)) if ordered && a >= b => (Some(b), Some(a + 1)),
            other => other,
        };
        let at = |nth: Option<i64>| nth.map_or(Value::Null, |nth| json!(edge(nth)));
        (at(from), at(until))
    })
}

fn text() -> impl Strategy<Value = Value> {
    let plain = pick(&["plain", "text"]);
    let locales: &[&str] = &["de", "de-AT", "en", "en-GB", "fr", "it"];
    let by_locale = subsequence(locales, 1..=3).prop_map(|locales| {
        locales.into_iter().map(|tag| (tag.to_owned(), json!(format!("in {tag}")))).collect()
    });
    prop_oneof![plain, by_locale.prop_map(Value::Object)]
}

fn product_id() -> impl Strategy<Value = Value> {
    pick(&["p1", "p1", "p2", "p3"])
}

fn money() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..6i64, 4 => 90..110i64, 1 => Just(0), 1 => Just(1_000_000_000_000)]
}

fn category() -> impl Strategy<Value = Value> {
    let paths: Vec<Vec<&str>> =
        vec![vec!["c1"], vec!["c1", "c2"], vec!["c1", "c2", "c3"], vec!["c4"], vec!["c4", "c2"]];
    (select(paths), text())
        .prop_map(|(path, name)| json!({"id": path.last(), "name": name, "path": path}))
}

fn product() -> impl Strategy<Value = Value> {
    let brand =
        (pick(&["b1", "b2"]), text()).prop_map(|(id, name)| json!({"id": id, "name": name}));
    let options = select(vec![
        json!({}),
        json!({"size": "s1"}),
        json!({"size": "s2", "t": "text"}),
        json!({"size": "s2", "colour": "red", "n": "1"}),
    ]);
    let variants = subsequence(vec!["s1", "s2", "s3", "p1"], 0..=3).prop_shuffle();
    let variants = (variants, prop::collection::vec(options, 3)).prop_map(|(skus, options)| {
        let variant = |(sku, options): (&str, Value)| json!({"sku": sku, "options": options});
        skus.into_iter().zip(options).map(variant).collect::<Value>()
    });
    let attributes = prop_oneof![
        Just(json!({})),
        Just(json!({"n": 1, "big": u64::MAX, "f": 0.1, "yes": true, "t": "text"})),
        Just(json!({"n": 2, "size": "s1", "f": "", "yes": false, "t": "v".repeat(257)})),
    ];
    let images = prop::collection::vec(
        (pick(&["/1.webp", "/2.webp"]), text())
            .prop_map(|(url, alt)| json!({"url": url, "alt": alt})),
        0..3,
    );
    let status = pick(&["active", "active", "active", "active", "hidden"]);
    (
        (product_id(), text(), status, optional(brand), optional(moment())),
        (prop::collection::vec(category(), 0..3), variants, some_of(&["new", "eco"])),
        (attributes, images, optional(text())),
    )
        .prop_map(|(a, b, c)| {
            let ((id, name, status, brand, released_at), (categories, variants, tags)) = (a, b);
            let (attributes, images, description) = c;
            json!({
                "product_id": id, "name": name, "status": status, "brand": brand, "slug": "a-slug",
                "released_at": released_at, "categories": categories, "variants": variants,
                "tags": tags, "attributes": attributes, "images": images,
                "description": description,
            })
        })
}

/// Only one product has undated prices: those of the others come and go, and leave gaps.
/// Only one product has undated prices: those of the others come and go, and leave gaps.
fn price() -> impl Strategy<Value = Value> {
    let ids = (1..=14).prop_map(|n| json!(format!("pr{n}")));
    let place = select(vec![
        ("default", "USD"),
        ("default", "USD"),
        ("default", "USD"),
        ("default", "USD"),
        ("default", "USD"),
        ("default", "EUR"),
        ("eu", "EUR"),
        ("elsewhere", "USD"),
    ]);
    let group = optional(pick(&["g1", "g2"]));
    let sku = optional(pick(&["s1", "s2", "p1"]));
    (ids, product_id(), place, money(), sku, group, window(), 1..EDGES).prop_map(
        |(id, product_id, (market, currency), amount, sku, group, (from, mut until), end)| {
            if product_id != "p1" && until.is_null() {
                until = json!(edge(end));
            }
            json!({
                "price_id": id, "product_id": product_id, "market": market, "currency": currency,
                "amount": amount, "sku": sku, "group": group,
                "valid_from": from, "valid_until": until,
            })
        },
    )
}

fn stock() -> impl Strategy<Value = Value> {
    let sku = pick(&["s1", "s2", "p1", "foreign"]);
    let available = select(vec![0, 1, LOW_STOCK, LOW_STOCK + 1]);
    (sku, product_id(), available, optional(pick(&["here", "there"]))).prop_map(
        |(sku, product_id, available, location)| {
            json!({
                "sku": sku, "product_id": product_id, "available": available, "location": location,
            })
        },
    )
}

fn scope() -> impl Strategy<Value = Value> {
    let skus = some_of(&["s1", "s2"]);
    let one = prop_oneof![
        3 => Just(json!({"all": true})),
        1 => Just(json!({})),
        1 => some_of(&["p1", "p2"]).prop_map(|ids| json!({"products": ids})),
        2 => skus.prop_map(|ids| json!({"skus": ids})),
        1 => some_of(&["c1", "c2", "c3"]).prop_map(|ids| json!({"categories": ids})),
        1 => some_of(&["b1", "b2"]).prop_map(|ids| json!({"brands": ids})),
    ];
    // Two together: any match counts.
    (one.clone(), one).prop_map(|(mut scope, other)| {
        if let (Some(members), Value::Object(more)) = (scope.as_object_mut(), other) {
            members.extend(more);
        }
        scope
    })
}

fn discount() -> impl Strategy<Value = Value> {
    let percentage = prop_oneof![1..=10_000i64, select(vec![1, 50, 1_000, 5_000, 10_000])];
    let kind = prop_oneof![
        (percentage, optional(pick(&["USD", "EUR"]))).prop_map(|(value, currency)| (
            "percentage",
            value,
            currency
        )),
        (money(), pick(&["USD", "USD", "EUR"])).prop_map(|(v, currency)| ("amount", v, currency)),
        (money(), pick(&["USD", "USD", "EUR"])).prop_map(|(v, currency)| (
            "fixed_price",
            v,
            currency
        )),
    ];
    let ids = pick(&["d1", "d2", "d3", "d4", "d5"]);
    let market = optional(pick(&["default", "default", "eu"]));
    (
        (ids, text(), kind, scope(), market, optional(pick(&["g1", "g2"]))),
        (window(), -1..=1i64, any::<bool>()),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(a, b, active)| {
            let (id, name, (kind, value, currency), scope, market, group) = a;
            let ((starts_at, ends_at), priority, stackable) = b;
            json!({
                "discount_id": id, "name": name, "kind": kind, "value": value,
                "currency": currency, "scope": scope, "market": market, "group": group,
                "starts_at": starts_at, "ends_at": ends_at, "priority": priority,
                "stackable": stackable, "active": active,
            })
        })
}

fn review() -> impl Strategy<Value = Value> {
    let ids = pick(&["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"]);
    let status = pick(&["published", "published", "published", "hidden"]);
    (ids, product_id(), 1..=5, status, 0..3, optional(moment())).prop_map(
        |(id, product_id, rating, status, helpful, created_at)| {
            json!({
                "review_id": id, "product_id": product_id, "rating": rating, "status": status,
                "helpful": helpful, "created_at": created_at, "title": "Title", "author": "Ann",
            })
        },
    )
}

fn removal(ty: EventType) -> impl Strategy<Value = Value> {
    let id = match ty {
        EventType::ProductDeleted => "product_id",
        EventType::PriceRemoved => "price_id",
        EventType::DiscountRemoved => "discount_id",
        _ => "review_id",
    };
    let ids = prop_oneof![
        Just(match ty {
            EventType::ProductDeleted => "p2",
            EventType::PriceRemoved => "pr1",
            EventType::DiscountRemoved => "d1",
            _ => "r1",
        }),
        Just(match ty {
            EventType::ProductDeleted => "p3",
            EventType::PriceRemoved => "pr2",
            EventType::DiscountRemoved => "d2",
            _ => "r2",
        }),
    ];
    (ids, product_id()).prop_map(move |(entity, product_id)| {
        let mut data = json!({"product_id": product_id});
        data[id] = entity.into();
        data
    })
}

/// A CloudEvent in structured mode.
#[derive(Clone, Debug)]
pub struct Message {
    pub ty: EventType,
    pub time: Instant,
    pub data: Value,
}

impl Message {
    pub fn json(&self) -> Vec<u8> {
        let event = json!({
            "specversion": "1.0", "id": "e", "source": "/test", "time": self.time,
            "type": format!("com.shop.{}", self.ty.name()), "data": self.data,
        });
        event.to_string().into_bytes()
    }

    pub fn event(&self) -> Event {
        let data = decode_data(self.ty, self.time, self.data.to_string().as_bytes());
        let data = data.expect("generated events are good");
        Event { time: self.time, version: data.version, change: data.change, traceparent: None }
    }
}

fn message(ty: EventType, data: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Message> {
    (data, 1..=4u64, 0..4i64)
        .prop_map(move |(mut data, version, second)| {
            data["version"] = version.into();
            // Few times, so that the newest of two events is often neither.
            Message { ty, time: Instant(FIRST_EDGE - 10_000 + second * 1_000), data }
        })
        .boxed()
}

/// One event of any type.
pub fn any_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        6 => message(EventType::ProductUpserted, product()),
        1 => message(EventType::ProductDeleted, removal(EventType::ProductDeleted)),
        18 => message(EventType::PriceSet, price()),
        1 => message(EventType::PriceRemoved, removal(EventType::PriceRemoved)),
        4 => message(EventType::StockSet, stock()),
        8 => message(EventType::DiscountUpserted, discount()),
        1 => message(EventType::DiscountRemoved, removal(EventType::DiscountRemoved)),
        5 => message(EventType::ReviewUpserted, review()),
        1 => message(EventType::ReviewRemoved, removal(EventType::ReviewRemoved)),
    ]
}

/// A history: products that are there from the first, then anything.
pub fn history() -> impl Strategy<Value = Vec<Message>> {
    (
        prop::collection::vec(message(EventType::ProductUpserted, product()), 2..5),
        prop::collection::vec(any_message(), 10..90),
    )
        .prop_map(|(mut first, mut rest)| {
            first.append(&mut rest);
            first
        })
}
