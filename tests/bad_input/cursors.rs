//! Cursors that are none, that were tampered with, and that belong to another walk.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::assert_problem;
use crate::service::{Running, price, product, review};

fn cursor(page: &Value) -> String {
    page["next_cursor"].as_str().unwrap().to_owned()
}

async fn shop() -> Running {
    let service = Running::start(None, "").await;
    let mut events = Vec::new();
    for id in ["a", "b", "c"] {
        let listed = json!({
            "brand": {"id": "x", "name": "X"},
            "categories": [{"id": "x", "name": "X", "path": ["x"]}],
        });
        events.extend([product(id, listed), price(id, id, json!({}))]);
        events.extend(["r1", "r2"].map(|r| review(&format!("{id}-{r}"), id, json!({}))));
    }
    service.publish(&events);
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_cursor_is_refused() {
    let service = shop().await;
    let (listing, reviews) = ("/api/v1/listings/all", "/api/v1/products/a/reviews");
    for path in [listing, reviews] {
        let good = cursor(&service.page(&format!("{path}?limit=1")));
        let refused = |cursor: &str| {
            let answer = service.get(&format!("{path}?cursor={cursor}"));
            assert_problem(&answer, 400, "invalid_cursor", Some("cursor"));
        };
        let long = "A".repeat(5000);
        for garbage in ["", "x", "null", "0", "%00", "AAAA", "%F0%9F%98%80", "a.b", "=", &long] {
            refused(garbage);
        }
        for end in 0..good.len() {
            refused(&good[..end]);
            refused(&good[end + 1..]);
        }
        refused(&format!("{good}A"));
        refused(&format!("{good}="));
        refused(&format!("+{good}"));
        let bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused(&URL_SAFE_NO_PAD.encode(&flipped));
        }
        let again = service.page(&format!("{path}?cursor={good}&limit=1"));
        assert_eq!(again["items"].as_array().unwrap().len(), 1);
        let answer = service.get(&format!("{path}?cursor={good}&cursor={good}"));
        assert_problem(&answer, 400, "repeated_parameter", Some("cursor"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_good_for_its_own_walk_only() {
    let service = shop().await;
    let refused = |path: &str| {
        let answer = service.get(path);
        assert_problem(&answer, 400, "cursor_mismatch", Some("cursor"));
    };
    let all = cursor(&service.page("/api/v1/listings/all?limit=1"));
    for other in [
        "/api/v1/brands/x/products?",
        "/api/v1/categories/x/products?",
        "/api/v1/listings/all?market=eu&",
        "/api/v1/listings/all?group=vip&",
        "/api/v1/listings/all?sort=price_asc&",
        "/api/v1/listings/all?sort=reviews&",
        "/api/v1/listings/all?brand=x&",
        "/api/v1/listings/all?min_price=0&",
        "/api/v1/listings/all?max_price=1000000000000&",
        "/api/v1/listings/all?in_stock=true&",
        "/api/v1/listings/all?on_sale=true&",
        "/api/v1/listings/all?min_rating=1&",
        "/api/v1/listings/all?at=2026-02-01T00:00:00Z&",
        "/api/v1/products/a/reviews?",
    ] {
        refused(&format!("{other}cursor={all}"));
    }
    // Neither its limit nor its locale, nor parameters that change nothing, are part of a walk.
    for same in ["limit=7", "locale=de", "sort=newest", "market=default", "on_sale=false"] {
        let page = service.page(&format!("/api/v1/listings/all?{same}&cursor={all}"));
        assert_eq!((&page["items"][0]["id"], &page["total"]), (&json!("b"), &json!(3)), "{same}");
    }
    let category = cursor(&service.page("/api/v1/categories/x/products?limit=1"));
    refused(&format!("/api/v1/brands/x/products?cursor={category}"));
    let narrowed = "/api/v1/listings/all?brand=x&brand=y&min_price=1&limit=1";
    let narrowed = cursor(&service.page(narrowed));
    refused(&format!("/api/v1/listings/all?brand=x&min_price=1&cursor={narrowed}"));
    refused(&format!("/api/v1/listings/all?brand=x&brand=y&max_price=1&cursor={narrowed}"));
    service.page(&format!("/api/v1/listings/all?min_price=01&brand=y&brand=x&cursor={narrowed}"));
    let at = "at=2026-02-01T00:00:00Z";
    let dated = cursor(&service.page(&format!("/api/v1/listings/all?{at}&limit=1")));
    service.page(&format!("/api/v1/listings/all?{at}&cursor={dated}"));
    service.page(&format!("/api/v1/listings/all?at=2026-02-01T01:00:00%2B01:00&cursor={dated}"));
    refused(&format!("/api/v1/listings/all?at=2026-02-01T00:00:00.001Z&cursor={dated}"));

    let reviews = cursor(&service.page("/api/v1/products/a/reviews?limit=1"));
    refused(&format!("/api/v1/products/b/reviews?cursor={reviews}"));
    refused(&format!("/api/v1/products/a/reviews?sort=helpful&cursor={reviews}"));
    refused(&format!("/api/v1/listings/all?cursor={reviews}"));
    let page = service.page(&format!("/api/v1/products/a/reviews?limit=100&cursor={reviews}"));
    assert_eq!(page["items"][0]["id"], "a-r2");
}
