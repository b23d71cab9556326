//! Messages without a value, on real topics.

use serde_json::json;

use super::client::{Message, send};
use super::{outcome, page, reflects, shop};
use crate::harness::events::{price, product, stock};

#[test]
fn tombstones_remove_until_a_higher_version_comes() {
    let shop = shop(4);
    let service = shop.home.serve();
    let (products, prices, stocks) =
        (shop.topic("product"), shop.topic("price"), shop.topic("stock"));
    let hear = |messages: &[Message]| reflects(&service, &send(messages));
    let first = [
        Message::of(&products, "mug", product("mug", json!({}))),
        Message::of(&prices, "mug-usd", price("mug-usd", "mug", 1_200, json!({}))),
        Message::of(&stocks, "mug@default", stock("mug", 1, 7)),
    ];
    hear(&first);
    assert_eq!(page(&service, "mug")["stock"]["available"], 7);

    hear(&[Message::tombstone(&stocks, "mug@default"), Message::tombstone(&prices, "mug-usd")]);
    let bare = page(&service, "mug");
    assert_eq!(bare["stock"], json!({"available": null, "state": "unknown"}));
    assert_eq!(bare["price"], json!(null));
    hear(&[Message::tombstone(&products, "mug")]);
    assert_eq!(service.get("/api/v1/products/mug").status, 404);

    // What is delivered again is not new.
    hear(&first);
    assert_eq!(service.get("/api/v1/products/mug").status, 404);
    hear(&[Message::of(&products, "mug", product("mug", json!({"version": 2})))]);
    let back = page(&service, "mug");
    assert_eq!(back["stock"]["available"], json!(null), "version 1 is gone for good: {back:#}");
    assert_eq!(back["price"], json!(null));
    hear(&[
        Message::of(&stocks, "mug@default", stock("mug", 2, 3)),
        Message::of(&prices, "mug-usd", price("mug-usd", "mug", 900, json!({"version": 2}))),
    ]);
    let back = page(&service, "mug");
    assert_eq!(back["stock"]["available"], 3);
    assert_eq!(back["price"]["final"], 900);

    // A stock level's key names its location; without one it could be a product's.
    let nobody = [Message::tombstone(&stocks, "mug"), Message::tombstone(&prices, "no-such-price")];
    hear(&nobody);
    let status = shop.home.settled();
    assert_eq!(outcome(&status, "applied"), 9, "{status:#}");
    assert_eq!(outcome(&status, "dead_letter"), 1, "{status:#}");
    let letters = shop.home.json(&["dead-letters", "list"]);
    assert_eq!(letters[0]["code"], "key.invalid", "{letters:#}");
}
