//! What is popular is known to all instances, by the store that they share.

use serde_json::json;

use crate::harness::events::{price, product};
use crate::harness::production::Production;

#[test]
fn what_one_instance_was_asked_for_is_warm_in_the_next() {
    let production = Production::new()
        .set("schedule.warm=")
        .set("schedule.audit=")
        .set("cache.warm_start_seconds=120");
    let mut projector = production.projector();
    let mut first = production.api();
    production.home.publish(&[product("mug", json!({})), price("p", "mug", 500, json!({}))]);
    let pages = ["/api/v1/products/mug?group=vip", "/api/v1/listings/all?market=eu&limit=3"];
    // What was asked for once is not popular.
    for page in pages.iter().chain(&pages) {
        assert_eq!(first.get(page).status, 200);
    }
    assert!(first.process.terminate().success());
    let second = production.api();
    for page in pages {
        let answer = second.get(page);
        assert_eq!((answer.status, answer.headers["vitrine-cache"].as_bytes()), (200, &b"hit"[..]));
    }
    assert!(projector.terminate().success());
}
