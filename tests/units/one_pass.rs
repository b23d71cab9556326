//! A CloudEvent that is read in one pass is as one that is read in two.

use proptest::prelude::*;
use vitrine::decode::one_pass::event;
use vitrine::decode::two_passes;

#[test]
fn one_pass_is_enough_for_each_type_where_the_payload_comes_last() {
    for (ty, data) in [
        ("product.upserted.v1", r#""product_id": "p", "name": "P""#),
        ("product.deleted.v1", r#""product_id": "p""#),
        (
            "price.set.v1",
            r#""price_id": "x", "product_id": "p", "market": "eu", "currency": "EUR", "amount": 1"#,
        ),
        ("price.removed.v1", r#""price_id": "x", "product_id": "p""#),
        ("com.shop.stock.set.v1", r#""sku": "s", "product_id": "p", "available": 1"#),
        (
            "discount.upserted.v1",
            r#""discount_id": "d", "name": "D", "kind": "percentage", "value": 1, "scope": {"all": true}"#,
        ),
        ("discount.removed.v1", r#""discount_id": "d""#),
        ("review.upserted.v1", r#""review_id": "r", "product_id": "p", "rating": 5"#),
        ("review.removed.v1", r#""review_id": "r", "product_id": "p""#),
    ] {
        let head =
            r#""specversion": "1.0", "id": "1", "source": "/s", "time": "2026-01-31T08:00:00Z""#;
        let data = format!(r#""data": {{"version": 1, {data}}}"#);
        let last = format!(r#"{{{head}, "traceparent": null, "type": "{ty}", {data}}}"#);
        let first = format!(r#"{{{data}, {head}, "type": "{ty}"}}"#);
        let read = event(last.as_bytes());
        assert!(read.is_some(), "{last}");
        assert!(event(first.as_bytes()).is_none(), "{first}");
        assert_eq!(read, two_passes(first.as_bytes()).ok());
    }
}

const GOOD: &str = r#"{"specversion": "1.0", "id": "1", "source": "/s", "type": "shop.stock.set.v1", "shop": [{}],
    "time": "2026-01-31T09:00:00.25+01:00", "datacontenttype": "application/json",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "data": {"version": 7, "sku": "s\u0031", "product_id": "p1", "available": 3, "location": null}}"#;

/// What can stand in the place of a character: mostly what means something to JSON.
fn damage() -> impl Strategy<Value = String> {
    const WORDS: &[&str] =
        &["", "\"", "\\", ",", ":", "}", "]", "{", "0", "a", "\\u0000", "\"id\":\"2\",\""];
    let words = prop::sample::select(WORDS).prop_map(str::to_owned);
    prop_oneof![3 => words, 1 => any::<char>().prop_map_into()]
}

#[test]
fn the_damaged_is_whole_at_first() {
    assert!(event(GOOD.as_bytes()).is_some());
    assert_eq!(event(GOOD.as_bytes()), two_passes(GOOD.as_bytes()).ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_one_pass_reads_of_damage_two_read_too(
        damage in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..3),
    ) {
        let mut text: Vec<String> = GOOD.chars().map(String::from).collect();
        for (index, with) in damage {
            let length = text.len();
            text[index.index(length)] = with;
        }
        let text = text.concat();
        if let Some(read) = event(text.as_bytes()) {
            prop_assert_eq!(Ok(read), two_passes(text.as_bytes()), "{}", text);
        }
    }
}
