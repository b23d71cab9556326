//! The listing index as its users see it: how much memory it may take, and what it tells of itself.

use serde_json::json;

use crate::harness::events;
use crate::harness::eventually;
use crate::harness::now;
use crate::harness::process::Home;
use crate::harness::stream::generated;

const TOO_LITTLE: &str = "index.max_bytes=100000";

#[test]
fn what_does_not_fit_is_not_loaded() {
    let home = Home::new();
    let mut service = home.serve();
    home.publish(&generated(4_500, 9_000, 5, now()));
    assert!(service.process.terminate().success());
    let mut service = home.serve_not_ready(&["--set", TOO_LITTLE]);
    eventually("it says how much it would take", || {
        let answer = service.get("/readyz");
        let why = answer.body["detail"].to_string();
        let says =
            why.contains("products would take about") && why.contains("index.max_bytes is 100000");
        (answer.status == 503 && says).then_some(())
    });
    assert_eq!(service.get("/api/v1/listings/all").status, 503);
    assert!(service.process.terminate().success());
    let service = home.serve();
    assert!(service.get("/api/v1/listings/all").body["total"].as_u64() > Some(100));
}

#[test]
fn what_outgrows_its_bounds_says_so_and_follows() {
    let home = Home::new().set("index.max_bytes=1000");
    let service = home.serve();
    let position = service.publish(&[events::product("mug", json!({}))]);
    service.reflects(&position);
    eventually("it says that it is larger", || {
        let why = service.get("/readyz").body["waits_for"].to_string();
        why.contains("the listing index is larger than it may be").then_some(())
    });
    let position = service.publish(&[events::price("mug-usd", "mug", 700, json!({}))]);
    service.reflects(&position);
    let listing = service.get("/api/v1/listings/all").body;
    assert_eq!(listing["items"][0]["price"]["final"], 700);
    let metric = |name: &str| service.metric(&format!("vitrine_index_{name}"));
    assert_eq!(metric("products"), Some(1.0));
    assert!(metric("bytes{part=\"cards\"}") > Some(0.0));
    for name in
        ["version", "versions_held", "round_seconds_count", "scan_seconds_count", "scans_waiting"]
    {
        assert!(metric(name).is_some(), "{name}");
    }
    assert_eq!(metric("scans_refused_total"), Some(0.0));
}
