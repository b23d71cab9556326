//! What good payloads become.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::projections::discount::{Discount, DiscountKind, Scope, Terms};
use crate::projections::event::{Change, Data, EventType, Kind, valid_id};
use crate::projections::instant::{Instant, Window};
use crate::projections::price::Price;
use crate::projections::product::{Attribute, Brand, Category, Image, Product, Variant};
use crate::projections::review::Review;
use crate::projections::stock::Stock;
use crate::projections::text::Text;
use crate::{TIME, decode, full, with, without};

const FEBRUARY: Instant = Instant(1_769_904_000_000);
const MARCH: Instant = Instant(1_772_323_200_000);

fn id(text: &str) -> String {
    text.to_owned()
}

fn plain(text: &str) -> Text {
    Text::Plain(text.to_owned())
}

fn change(ty: EventType, data: &Value) -> Change {
    decode(ty, data).unwrap_or_else(|rejection| panic!("{ty:?} is refused: {rejection}")).change
}

fn product(data: &Value) -> Product {
    match change(EventType::ProductUpserted, data) {
        Change::Product { state: Some(product), .. } => product,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_product_keeps_everything() {
    let expected = Product {
        name: Text::ByLocale(BTreeMap::from([(id("de"), id("Tasse")), (id("en"), id("Mug"))])),
        slug: id("mug"),
        description: plain("A mug"),
        active: false,
        brand: Some(Brand { id: id("b1"), name: plain("Brand") }),
        categories: vec![Category {
            id: id("mugs"),
            name: plain("Mugs"),
            path: vec![id("home"), id("mugs")],
        }],
        attributes: BTreeMap::from([
            (id("color"), Attribute::Text(id("blue"))),
            (id("grams"), Attribute::Integer(310)),
            (id("hot"), Attribute::Bool(true)),
            (id("litres"), Attribute::Float(0.25)),
        ]),
        tags: vec![id("new")],
        images: vec![Image {
            url: id("/mug.webp"),
            alt: Text::ByLocale(BTreeMap::from([(id("en"), id("A mug"))])),
        }],
        released_at: FEBRUARY,
        variants: vec![
            Variant { sku: id("s1"), options: BTreeMap::from([(id("size"), id("L"))]) },
            Variant { sku: id("s2"), options: BTreeMap::new() },
        ],
    };
    let data = decode(EventType::ProductUpserted, &full(EventType::ProductUpserted)).unwrap();
    let change = Change::Product { product_id: id("p1"), state: Some(expected) };
    assert_eq!(data, Data { version: 3, change, has_unknown_members: false });
}

#[test]
fn a_bare_product_has_the_defaults() {
    let bare = json!({"product_id": "p1", "version": 1, "name": "Mug"});
    let expected = Product {
        name: plain("Mug"),
        slug: String::new(),
        description: plain(""),
        active: true,
        brand: None,
        categories: Vec::new(),
        attributes: BTreeMap::new(),
        tags: Vec::new(),
        images: Vec::new(),
        released_at: TIME,
        variants: vec![Variant { sku: id("p1"), options: BTreeMap::new() }],
    };
    assert_eq!(product(&bare), expected);
    let nulls = json!({
        "product_id": "p1", "version": 1, "name": "Mug", "slug": null, "description": null,
        "status": null, "brand": null, "categories": null, "attributes": null, "tags": null,
        "images": null, "released_at": null, "variants": null,
    });
    assert_eq!(product(&nulls), expected);
    let empty = json!({
        "product_id": "p1", "version": 1, "name": "Mug", "categories": [], "attributes": {},
        "tags": [], "images": [], "variants": [], "slug": "", "description": "",
    });
    assert_eq!(product(&empty), expected);
}

#[test]
fn the_other_full_payloads_keep_everything() {
    let window = Window { from: FEBRUARY, until: MARCH };
    let price = Price {
        product_id: id("p1"),
        sku: Some(id("s1")),
        market: id("eu"),
        currency: id("EUR"),
        amount: 1999,
        group: Some(id("vip")),
        window,
    };
    let discount = Discount {
        scope: Scope {
            all: true,
            products: vec![id("p1")],
            skus: vec![id("s1")],
            categories: vec![id("mugs")],
            brands: vec![id("b1")],
        },
        terms: Terms {
            name: plain("Sale"),
            kind: DiscountKind::Amount(500),
            currency: Some(id("EUR")),
            market: Some(id("eu")),
            group: Some(id("vip")),
            window,
            priority: -2,
            stackable: true,
            active: false,
        },
    };
    let review = Review {
        product_id: id("p1"),
        rating: 4,
        title: id("Good"),
        body: id("Holds tea"),
        author: id("Ann"),
        published: false,
        helpful: 7,
        created_at: Instant(1_768_478_400_000),
    };
    let (price_id, discount_id, review_id) = (id("pr1"), id("d1"), id("r1"));
    let product_id = id("p1");
    let cases = [
        (
            EventType::PriceSet,
            Change::Price { price_id, product_id: product_id.clone(), state: Some(price) },
        ),
        (
            EventType::StockSet,
            Change::Stock {
                sku: id("s1"),
                location: id("berlin"),
                state: Stock { product_id: product_id.clone(), available: 12 },
            },
        ),
        (EventType::DiscountUpserted, Change::Discount { discount_id, state: Some(discount) }),
        (EventType::ReviewUpserted, Change::Review { review_id, product_id, state: Some(review) }),
    ];
    for (ty, expected) in cases {
        let data = decode(ty, &full(ty)).unwrap();
        assert_eq!(
            data,
            Data { version: 3, change: expected, has_unknown_members: false },
            "{ty:?}"
        );
    }
}

#[test]
fn the_other_bare_payloads_have_the_defaults() {
    let bare = json!({"price_id": "a", "product_id": "p", "version": 1, "market": "m",
        "currency": "KRW", "amount": 0});
    let Change::Price { state: Some(price), .. } = change(EventType::PriceSet, &bare) else {
        panic!("no price");
    };
    assert_eq!((price.sku, price.group, price.window), (None, None, Window::ALWAYS));

    let bare = json!({"sku": "s", "product_id": "p", "version": 1, "available": 0});
    let Change::Stock { location, .. } = change(EventType::StockSet, &bare) else {
        panic!("no stock");
    };
    assert_eq!(location, "default");

    let bare = json!({"discount_id": "d", "version": 1, "name": "S", "kind": "percentage",
        "value": 1, "scope": {}});
    let Change::Discount { state: Some(discount), .. } = change(EventType::DiscountUpserted, &bare)
    else {
        panic!("no discount");
    };
    let Discount { scope, terms } = discount;
    assert_eq!((terms.currency, terms.market, terms.group), (None, None, None));
    assert_eq!((scope, terms.window), (Scope::default(), Window::ALWAYS));
    assert_eq!((terms.priority, terms.stackable, terms.active), (0, false, true));

    let bare = json!({"review_id": "r", "product_id": "p", "version": 1, "rating": 5});
    let Change::Review { state: Some(review), .. } = change(EventType::ReviewUpserted, &bare)
    else {
        panic!("no review");
    };
    assert_eq!((review.title, review.body, review.author), Default::default());
    assert_eq!((review.published, review.helpful, review.created_at), (true, 0, TIME));
}

#[test]
fn removals_have_no_state() {
    for ty in [
        EventType::ProductDeleted,
        EventType::PriceRemoved,
        EventType::DiscountRemoved,
        EventType::ReviewRemoved,
    ] {
        let removed = match change(ty, &full(ty)) {
            Change::Product { state, .. } => state.is_none(),
            Change::Price { product_id, state, .. } => product_id == "p1" && state.is_none(),
            Change::Stock { .. } => false,
            Change::Discount { state, .. } => state.is_none(),
            Change::Review { product_id, state, .. } => product_id == "p1" && state.is_none(),
        };
        assert!(removed, "{ty:?}");
    }
}

#[test]
fn keys_and_kinds_name_the_entity() {
    let keys = [
        ("p1", Kind::Product),
        ("p1", Kind::Product),
        ("pr1", Kind::Price),
        ("pr1", Kind::Price),
        ("s1@berlin", Kind::Stock),
        ("d1", Kind::Discount),
        ("d1", Kind::Discount),
        ("r1", Kind::Review),
        ("r1", Kind::Review),
    ];
    for (ty, (key, kind)) in EventType::ALL.into_iter().zip(keys) {
        let change = change(ty, &full(ty));
        assert_eq!((change.entity_key().as_str(), change.kind()), (key, kind));
        assert_eq!(ty.kind(), kind);
    }
}

#[test]
fn the_suffix_decides_the_type() {
    for ty in EventType::ALL {
        let name = ty.name();
        assert_eq!(EventType::parse(name), Some(ty));
        assert_eq!(EventType::parse(&format!("com.shop.{name}")), Some(ty));
        for unknown in [
            format!("com{name}"),
            format!("{name}.x"),
            format!("{name} "),
            name.replace("v1", "v2"),
            name.to_uppercase(),
        ] {
            assert_eq!(EventType::parse(&unknown), None, "{unknown}");
        }
    }
    assert_eq!(EventType::parse(""), None);
}

#[test]
fn instants_take_any_offset_and_are_cut_to_the_millisecond() {
    let cases = [
        ("2026-02-01T00:00:00Z", FEBRUARY.0),
        ("2026-02-01T01:00:00+01:00", FEBRUARY.0),
        ("2026-01-31T18:30:00-05:30", FEBRUARY.0),
        ("2026-02-01T00:00:00.9999999999Z", FEBRUARY.0 + 999),
        ("2026-02-01T00:00:00.0009Z", FEBRUARY.0),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ];
    for (text, millis) in cases {
        let data = with(EventType::ProductUpserted, "/released_at", json!(text));
        assert_eq!(product(&data).released_at, Instant(millis), "{text}");
    }
}

#[test]
fn a_window_that_ends_before_it_starts_is_no_error() {
    let data = with(EventType::PriceSet, "/valid_until", json!("2020-01-01T00:00:00Z"));
    let Change::Price { state: Some(price), .. } = change(EventType::PriceSet, &data) else {
        panic!("no price");
    };
    assert!(price.window.is_empty());
    let open = without(EventType::PriceSet, "/valid_from");
    let Change::Price { state: Some(price), .. } = change(EventType::PriceSet, &open) else {
        panic!("no price");
    };
    assert_eq!(price.window, Window { from: Instant::MIN, until: MARCH });
}

#[test]
fn attributes_keep_their_numbers() {
    let data = with(
        EventType::ProductUpserted,
        "/attributes",
        json!({"least": i64::MIN, "most": u64::MAX, "tenth": 0.1, "none": null, "": ""}),
    );
    let expected = BTreeMap::from([
        (id(""), Attribute::Text(id(""))),
        (id("least"), Attribute::Integer(i64::MIN)),
        (id("most"), Attribute::Unsigned(u64::MAX)),
        (id("tenth"), Attribute::Float(0.1)),
    ]);
    assert_eq!(product(&data).attributes, expected);
}

#[test]
fn null_members_are_absent_and_unknown_ones_ignored() {
    let ty = EventType::ProductUpserted;
    let data = with(ty, "/variants", json!([{"sku": "s1", "options": {"a": null, "b": "x"}}]));
    let variants = product(&data).variants;
    assert_eq!(variants[0].options, BTreeMap::from([(id("b"), id("x"))]));

    let data = with(ty, "/name", json!({"en": "Mug", "de": null}));
    let expected = Text::ByLocale(BTreeMap::from([(id("en"), id("Mug"))]));
    assert_eq!(product(&data).name, expected);

    let mut data = with(ty, "/surplus", json!({"deep": [[[{"a": 1.5}]]]}));
    data["brand"]["surplus"] = json!([1]);
    assert_eq!(product(&data), product(&full(ty)));
}

#[test]
fn texts_are_unicode() {
    let json = r#"{"product_id": "Tasse-größer-😀", "version": 1, "name": "\ud83d\ude00 \u00fc",
        "slug": "\\u0000", "description": "\\\\u0000\n"}"#;
    let data = crate::decode_data(EventType::ProductUpserted, TIME, json.as_bytes()).expect("good");
    let Change::Product { product_id, state: Some(product) } = data.change else {
        panic!("no product");
    };
    assert_eq!(product_id, "Tasse-größer-😀");
    assert_eq!(product.name, plain("😀 ü"));
    assert_eq!(product.slug, "\\u0000");
    assert_eq!(product.description, plain("\\\\u0000\n"));
}

#[test]
fn ids_are_what_the_contract_says() {
    let longest = "x".repeat(128);
    for good in ["a", "...", "a/b@c", ".a", "größe", "\u{feff}", "😀", longest.as_str()] {
        assert!(valid_id(good), "{good:?}");
    }
    let too_long = ["x".repeat(129), "ü".repeat(65)];
    let bad = ["", ".", "..", " ", "a b", "a\n", "\u{a0}", "\u{2003}", "\u{85}", "\u{7f}", "\0"];
    for bad in bad.into_iter().chain(too_long.iter().map(String::as_str)) {
        assert!(!valid_id(bad), "{bad:?}");
    }
}
