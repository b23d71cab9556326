//! What comes by the log and is hardly what was meant: nobody is answered there, so it is counted.

use serde_json::json;

use super::client::{Message, send};
use super::{reflects, shop};
use crate::harness::events::{discount, event, price, product};

#[test]
fn warnings_are_counted_by_code() {
    let shop = shop(2);
    let service = shop.home.serve();
    let slip = json!({"id": "mug", "version": 1, "name": {"en": "Mug"}, "category": ["x"]});
    let messages = [
        Message::of(&shop.topic("product"), "mug", product("mug", json!({"nam": "x", "brnd": 1}))),
        Message::of(&shop.topic("price"), "a", price("a", "mug", 5, json!({}))),
        Message::of(&shop.topic("price"), "b", price("b", "mug", 5, json!({"market": "nowhere"}))),
        Message::of(&shop.topic("price"), "c", price("c", "mug", 5, json!({"currency": "GBP"}))),
        Message::of(&shop.topic("discount"), "d", discount("d", 5, json!({"scope": {}}))),
        Message::of(&shop.topic("product"), "e", event("product.changed.v1", 0, &slip)),
    ];
    reflects(&service, &send(&messages));
    let expected = json!({
        "unknown_member": 1, "data.market.unknown": 1, "data.currency.mismatch": 1,
        "data.scope.empty": 1, "type.unknown": 1,
    });
    let status = shop.home.settled();
    assert_eq!(status["warnings"], expected, "{status:#}");
    assert_eq!(status["outcomes"], json!({"applied": 5, "unknown_type": 1}), "{status:#}");
    let text = shop.home.run(&["status"]).good().stdout;
    assert!(text.contains("warnings ") && text.contains("data.scope.empty 1"), "{text}");
    for (code, events) in expected.as_object().unwrap() {
        let metric = format!("vitrine_event_warnings_total{{code=\"{code}\"}}");
        assert_eq!(service.metric(&metric), events.as_f64(), "{metric}");
    }
    // A rebuild reads the same log.
    shop.home.run(&["rebuild", "--promote"]).good();
    assert_eq!(shop.home.settled()["warnings"], expected);
}
