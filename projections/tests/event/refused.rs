//! Every limit, at it and just beyond; every member missing, null and of a wrong type.

use serde_json::{Value, json};

use crate::decode_data;
use crate::projections::event::EventType;
use crate::{TIME, code, code_of, decode, full, with, without};

use EventType::{DiscountUpserted, PriceSet, ProductUpserted, ReviewUpserted, StockSet};

/// The largest integer that is taken anywhere: 2^53 - 1.
const SAFE: i64 = 9_007_199_254_740_991;

fn check(ty: EventType, pointer: &str, value: Value, expected: &str) {
    let shown: String = value.to_string().chars().take(60).collect();
    assert_eq!(code(ty, &with(ty, pointer, value)), expected, "{ty:?} {pointer} = {shown}");
}

/// `data.<member>.<problem>` for the member at `pointer`, without indexes.
fn code_at(pointer: &str, problem: &str) -> String {
    let path = pointer.split('/').filter(|step| !step.is_empty() && step.parse::<u8>().is_err());
    let path: Vec<_> = path.collect();
    format!("data.{}.{problem}", path.join("."))
}

#[test]
fn required_members_are_required() {
    let required: [(EventType, &[&str]); 9] = [
        (
            ProductUpserted,
            &[
                "/product_id",
                "/version",
                "/name",
                "/brand/id",
                "/brand/name",
                "/categories/0/id",
                "/categories/0/name",
                "/categories/0/path",
                "/images/0/url",
                "/variants/1/sku",
            ],
        ),
        (EventType::ProductDeleted, &["/product_id", "/version"]),
        (PriceSet, &["/price_id", "/product_id", "/version", "/market", "/currency", "/amount"]),
        (EventType::PriceRemoved, &["/price_id", "/product_id", "/version"]),
        (StockSet, &["/sku", "/product_id", "/version", "/available"]),
        (
            DiscountUpserted,
            &["/discount_id", "/version", "/name", "/kind", "/value", "/currency", "/scope"],
        ),
        (EventType::DiscountRemoved, &["/discount_id", "/version"]),
        (ReviewUpserted, &["/review_id", "/product_id", "/version", "/rating"]),
        (EventType::ReviewRemoved, &["/review_id", "/product_id", "/version"]),
    ];
    for (ty, pointers) in required {
        assert_eq!(code(ty, &full(ty)), "ok");
        for pointer in pointers {
            let expected = code_at(pointer, "missing");
            assert_eq!(code(ty, &without(ty, pointer)), expected, "{ty:?}");
            check(ty, pointer, Value::Null, &expected);
        }
    }
}

/// Replaces every member of every payload by values of all other types.
#[test]
fn other_types_are_refused_everywhere() {
    fn visit(ty: EventType, pointer: &str, member: &Value) {
        let other = |value: Value| match (member, &value) {
            (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => false,
            (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => false,
            (Value::Number(_), Value::Number(_)) => false,
            // A text may be both, an attribute any scalar.
            (Value::String(_) | Value::Object(_), Value::String(_) | Value::Object(_)) => {
                !["/name", "/description", "/alt"].iter().any(|text| pointer.ends_with(text))
            }
            (_, Value::Array(_) | Value::Object(_)) => true,
            _ => !pointer.starts_with("/attributes/"),
        };
        let open = ["/name/", "/alt/", "/attributes/", "/options/"];
        let stop = open.iter().find_map(|open| Some(pointer.find(open)? + open.len() - 1));
        let expected = code_at(&pointer[..stop.unwrap_or(pointer.len())], "wrong_type");
        let values = [json!(1), json!("x"), json!(true), json!([]), json!({}), json!(["x", 1])];
        for value in values.into_iter().filter(|value| other(value.clone())) {
            check(ty, pointer, value, &expected);
        }
        match member {
            Value::Object(members) => {
                members.iter().for_each(|(key, m)| visit(ty, &format!("{pointer}/{key}"), m));
            }
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, m)| visit(ty, &format!("{pointer}/{index}"), m)),
            _ => {}
        }
    }
    for ty in EventType::ALL {
        for (key, member) in full(ty).as_object().unwrap() {
            visit(ty, &format!("/{key}"), member);
        }
    }
}

#[test]
fn integers_have_limits() {
    type Case = (EventType, &'static str, [i64; 2], &'static str, &'static str);
    let cases: [Case; 10] = [
        (ProductUpserted, "/version", [1, SAFE], "out_of_range", "out_of_range"),
        (EventType::ReviewRemoved, "/version", [1, SAFE], "out_of_range", "out_of_range"),
        (PriceSet, "/amount", [0, 1_000_000_000_000], "negative", "out_of_range"),
        (StockSet, "/available", [0, SAFE], "negative", "out_of_range"),
        (DiscountUpserted, "/value", [0, 1_000_000_000_000], "negative", "out_of_range"),
        (DiscountUpserted, "/priority", [-SAFE, SAFE], "out_of_range", "out_of_range"),
        (ReviewUpserted, "/rating", [1, 5], "out_of_range", "out_of_range"),
        (ReviewUpserted, "/helpful", [-SAFE, SAFE], "out_of_range", "out_of_range"),
        (ReviewUpserted, "/version", [1, SAFE], "out_of_range", "out_of_range"),
        (StockSet, "/version", [1, SAFE], "out_of_range", "out_of_range"),
    ];
    for (ty, pointer, [least, most], below, above) in cases {
        let (below, above) = (code_at(pointer, below), code_at(pointer, above));
        check(ty, pointer, json!(least), "ok");
        check(ty, pointer, json!(most), "ok");
        check(ty, pointer, json!(least - 1), &below);
        check(ty, pointer, json!(most + 1), &above);
        check(ty, pointer, json!(u64::MAX), &code_at(pointer, "out_of_range"));
        check(ty, pointer, json!(2.0), &code_at(pointer, "wrong_type"));
        check(ty, pointer, json!("2"), &code_at(pointer, "wrong_type"));
    }
}

#[test]
fn numbers_beyond_64_bits_are_out_of_range() {
    let stock = |available: &str| {
        let json =
            format!(r#"{{"sku": "s", "product_id": "p", "version": 1, "available": {available}}}"#);
        code_of(StockSet, &json)
    };
    assert_eq!(stock("-0"), "ok");
    assert_eq!(stock("2e0"), "data.available.wrong_type");
    assert_eq!(stock("123456789012345678901234567890"), "data.available.out_of_range");
    assert_eq!(stock("-123456789012345678901234567890"), "data.available.negative");
    assert_eq!(stock("1e400"), "data.available.out_of_range");
    let attribute = r#"{"product_id": "p", "version": 1, "name": "M", "attributes": {"a": 1e400}}"#;
    assert_eq!(code_of(ProductUpserted, attribute), "data.attributes.out_of_range");
}

#[test]
fn a_discount_depends_on_its_kind() {
    let discount = |kind: &str, value: i64, currency: Value| {
        let mut data = with(DiscountUpserted, "/kind", json!(kind));
        data["value"] = json!(value);
        data["currency"] = currency;
        code(DiscountUpserted, &data)
    };
    assert_eq!(discount("percentage", 1, Value::Null), "ok");
    assert_eq!(discount("percentage", 10_000, json!("EUR")), "ok");
    assert_eq!(discount("percentage", 0, Value::Null), "data.value.out_of_range");
    assert_eq!(discount("percentage", 10_001, Value::Null), "data.value.out_of_range");
    assert_eq!(discount("fixed_price", 0, json!("EUR")), "ok");
    assert_eq!(discount("fixed_price", -1, json!("EUR")), "data.value.negative");
    for kind in ["amount", "fixed_price"] {
        assert_eq!(discount(kind, 1, Value::Null), "data.currency.missing");
    }
    assert_eq!(discount("Percentage", 1, Value::Null), "data.kind.not_allowed");
}

#[test]
fn texts_have_limits() {
    let names = [
        (ProductUpserted, "/name", "name"),
        (ProductUpserted, "/brand/name", "brand.name"),
        (ProductUpserted, "/categories/0/name", "categories.name"),
        (DiscountUpserted, "/name", "name"),
    ];
    for (ty, pointer, field) in names {
        for (text, problem) in [
            ("x".repeat(500), None),
            ("😀".repeat(500), None),
            ("x".repeat(501), Some("too_long")),
            ("ü".repeat(501), Some("too_long")),
            (String::new(), Some("empty")),
        ] {
            let expected = problem.map_or("ok".to_owned(), |p| format!("data.{field}.{p}"));
            check(ty, pointer, json!(text), &expected);
            check(ty, pointer, json!({"en": "good", "de-AT": text}), &expected);
        }
    }
    let long = 64 * 1024;
    for (ty, pointer) in [(ProductUpserted, "/description"), (ReviewUpserted, "/body")] {
        check(ty, pointer, json!("x".repeat(long)), "ok");
        check(ty, pointer, json!("x".repeat(long + 1)), &code_at(pointer, "too_long"));
        check(ty, pointer, json!("ü".repeat(long / 2)), "ok");
        check(ty, pointer, json!("ü".repeat(long / 2 + 1)), &code_at(pointer, "too_long"));
    }
    let by_locale = |length: usize| json!({"de": "x".repeat(length), "en": "x".repeat(length)});
    check(ProductUpserted, "/description", by_locale(long), "ok");
    check(ProductUpserted, "/description", by_locale(long + 1), "data.description.too_long");
    for pointer in ["/name", "/description", "/images/0/alt"] {
        check(ProductUpserted, pointer, json!({}), &code_at(pointer, "empty"));
        check(ProductUpserted, pointer, json!({"en": null}), &code_at(pointer, "empty"));
    }
}

#[test]
fn lists_have_limits() {
    let steps = |count: usize| {
        let mut path = vec!["root"; count - 1];
        path.push("mugs");
        json!(path)
    };
    let path = "/categories/0/path";
    check(ProductUpserted, path, steps(20), "ok");
    check(ProductUpserted, path, steps(21), "data.categories.path.too_many");
    check(ProductUpserted, path, json!([]), "data.categories.path.invalid");
    check(ProductUpserted, path, json!(["mugs", "home"]), "data.categories.path.invalid");

    let category = json!({"id": "mugs", "name": "Mugs", "path": ["mugs"]});
    check(ProductUpserted, "/categories", json!(vec![&category; 50]), "ok");
    check(ProductUpserted, "/categories", json!(vec![&category; 51]), "data.categories.too_many");

    let variants = |count: usize| {
        json!((0..count).map(|n| json!({"sku": format!("s{n}")})).collect::<Vec<_>>())
    };
    check(ProductUpserted, "/variants", variants(200), "ok");
    check(ProductUpserted, "/variants", variants(201), "data.variants.too_many");
    let twice = json!([{"sku": "a"}, {"sku": "b"}, {"sku": "a"}]);
    check(ProductUpserted, "/variants", twice, "data.variants.sku.duplicate");
}

#[test]
fn ids_have_limits_everywhere() {
    let ids: [(EventType, &[&str]); 5] = [
        (
            ProductUpserted,
            &[
                "/product_id",
                "/brand/id",
                "/categories/0/id",
                "/categories/0/path/0",
                "/variants/0/sku",
            ],
        ),
        (PriceSet, &["/price_id", "/product_id", "/market", "/sku", "/group"]),
        (StockSet, &["/sku", "/product_id", "/location"]),
        (
            DiscountUpserted,
            &[
                "/discount_id",
                "/market",
                "/group",
                "/scope/products/0",
                "/scope/skus/0",
                "/scope/categories/0",
                "/scope/brands/0",
            ],
        ),
        (ReviewUpserted, &["/review_id", "/product_id"]),
    ];
    let removals = [
        (EventType::ProductDeleted, ["/product_id"].as_slice()),
        (EventType::PriceRemoved, &["/price_id", "/product_id"]),
        (EventType::DiscountRemoved, &["/discount_id"]),
        (EventType::ReviewRemoved, &["/review_id", "/product_id"]),
    ];
    for (ty, pointers) in ids.into_iter().chain(removals) {
        for pointer in pointers {
            if *pointer != "/categories/0/id" {
                check(ty, pointer, json!("x".repeat(128)), "ok");
            }
            check(ty, pointer, json!("x".repeat(129)), &code_at(pointer, "too_long"));
            check(ty, pointer, json!(""), &code_at(pointer, "empty"));
            for bad in [".", "..", "a b", "a\n", "a\u{2003}"] {
                check(ty, pointer, json!(bad), &code_at(pointer, "invalid"));
            }
        }
    }
}

#[test]
fn names_currencies_and_instants_are_checked() {
    check(ProductUpserted, "/status", json!("active"), "ok");
    check(ReviewUpserted, "/status", json!("published"), "ok");
    for status in ["", "Active", "published", "deleted"] {
        check(ProductUpserted, "/status", json!(status), "data.status.not_allowed");
    }
    for status in ["", "active", "pending"] {
        check(ReviewUpserted, "/status", json!(status), "data.status.not_allowed");
    }
    for currency in ["", "eur", "EU", "EURO", "E1R", "ÄÖ", " EUR"] {
        check(PriceSet, "/currency", json!(currency), "data.currency.invalid");
        check(DiscountUpserted, "/currency", json!(currency), "data.currency.invalid");
    }
    let instants = [
        (ProductUpserted, "/released_at"),
        (PriceSet, "/valid_from"),
        (PriceSet, "/valid_until"),
        (DiscountUpserted, "/starts_at"),
        (DiscountUpserted, "/ends_at"),
        (ReviewUpserted, "/created_at"),
    ];
    for (ty, pointer) in instants {
        for bad in ["", "2026-02-01", "2026-02-01T00:00:00", "2026-02-30T00:00:00Z", "now"] {
            check(ty, pointer, json!(bad), &code_at(pointer, "invalid"));
        }
    }
}

#[test]
fn nul_is_refused_everywhere() {
    check(ProductUpserted, "/description", json!("a\0b"), "data.description.nul");
    check(ProductUpserted, "/description", json!({"e\0n": "x"}), "data.description.nul");
    check(ProductUpserted, "/attributes/a\0", json!(1), "data.attributes.nul");
    check(ProductUpserted, "/tags", json!(["x", "\\\0"]), "data.tags.nul");
    check(ProductUpserted, "/variants/0/sku", json!("\0"), "data.variants.sku.nul");
    check(ProductUpserted, "/surplus", json!([{"deep": "\0"}]), "data.nul");
    check(ReviewUpserted, "/body", json!("\0"), "data.body.nul");
    check(ReviewUpserted, "/body", json!("\\u0000 \\\\u0000"), "ok");
    let twice = r#"{"review_id": "r", "product_id": "p", "version": 1, "x": "\u0000", "x": 1}"#;
    assert_eq!(code_of(EventType::ReviewRemoved, twice), "data.nul");
    let deep = format!(
        r#"{{"review_id": "r", "product_id": "p", "version": 1, "x": {}"\u0000"{}}}"#,
        "[".repeat(1000),
        "]".repeat(1000)
    );
    assert_eq!(code_of(EventType::ReviewRemoved, &deep), "data.nul");
}

#[test]
fn what_is_no_object_is_refused() {
    for ty in EventType::ALL {
        for other in ["null", "[]", "1", "\"x\"", "[\"p1\", 3, \"Mug\"]"] {
            let expected = if other == "null" { "data.missing" } else { "data.wrong_type" };
            assert_eq!(code_of(ty, other), expected, "{ty:?} {other}");
        }
        for broken in ["", "{", "{]", "nul", "{\"a\": 1,}"] {
            assert_eq!(code_of(ty, broken), "data.not_json", "{ty:?} {broken}");
        }
        let behind = format!("{} x", full(ty));
        assert_eq!(code_of(ty, &behind), "data.not_json", "{ty:?}");
        let latin = decode_data(ty, TIME, b"{\"a\": \"\xfc\"}").unwrap_err();
        assert_eq!(latin.code, "data.not_json");
    }
}

#[test]
fn a_member_named_twice_is_refused() {
    let removed = r#"{"product_id": "p", "product_id": "q", "version": 1}"#;
    assert_eq!(code_of(EventType::ProductDeleted, removed), "data.product_id.duplicate");
    let locale = r#"{"product_id": "p", "version": 1, "name": {"en": "a", "en": "b"}}"#;
    assert_eq!(code_of(ProductUpserted, locale), "data.name.duplicate");
    let unknown = r#"{"product_id": "p", "version": 1, "x": 1, "x": 2}"#;
    assert_eq!(code_of(EventType::ProductDeleted, unknown), "ok");
}

#[test]
fn half_a_surrogate_pair_is_refused_where_it_is_read() {
    let name = r#"{"product_id": "p", "version": 1, "name": "\ud83d"}"#;
    assert_eq!(code_of(ProductUpserted, name), "data.name.invalid");
    let unknown = r#"{"product_id": "p", "version": 1, "x": "\ud83d"}"#;
    assert_eq!(code_of(EventType::ProductDeleted, unknown), "ok");
}

#[test]
fn details_say_where_and_what() {
    let detail = |ty, pointer, value| decode(ty, &with(ty, pointer, value)).unwrap_err().detail;
    assert_eq!(
        detail(ReviewUpserted, "/rating", json!(6)),
        "`data.rating` is 6, and must be an integer from 1 to 5"
    );
    assert_eq!(
        detail(ReviewUpserted, "/rating", json!({})),
        "`data.rating` is an object, and must be an integer from 1 to 5"
    );
    assert_eq!(
        detail(ProductUpserted, "/variants/1/sku", json!("s1")),
        "`data.variants[1].sku` is \"s1\", as that of a variant before it: name it once"
    );
    assert_eq!(
        detail(ProductUpserted, "/name/de", json!("")),
        "`data.name[\"de\"]` is empty, and must have 1 to 500 characters"
    );
    assert_eq!(
        detail(ProductUpserted, "/status", json!("gone")),
        "`data.status` is \"gone\", and must be \"active\" or \"hidden\""
    );
    assert!(detail(ReviewUpserted, "/rating", json!("x".repeat(9000))).len() < 1024);
    assert!(detail(PriceSet, "/currency", json!("x".repeat(9000))).len() < 1024);
}
