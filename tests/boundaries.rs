//! Pages at an instant that changes them with no event: read before it, so that nobody waits for it.

use std::time::Duration;

use crate::harness::events::{discount, price, product};
use crate::harness::process::Home;
use crate::harness::service::Service;
use projections::instant::Instant;
use serde_json::json;

const LISTING: &str = "/api/v1/listings/all?sort=price_asc";
const PAGES: [&str; 2] = ["/api/v1/products/mug", LISTING];

/// A service in which `mug` costs 500 until an instant so many milliseconds from now, and then 300.
fn before_a_sale(lead: i64) -> (Home, Service, Instant) {
    let home = Home::new();
    let service = home.serve();
    service.wait_ready();
    let at = Instant(crate::harness::now() + lead);
    let sale = json!({ "valid_from": at.to_string() });
    let position = service.publish(&[
        product("mug", json!({})),
        price("mug-usd", "mug", 500, json!({})),
        price("mug-sale", "mug", 300, sale),
    ]);
    service.reflects(&position);
    (home, service, at)
}

fn prepared(service: &Service) -> f64 {
    service.metric("vitrine_cache_prepared_total").unwrap()
}

fn final_price(path: &str, body: &serde_json::Value) -> i64 {
    let price = match path {
        LISTING => &body["items"][0]["price"],
        _ => &body["price"],
    };
    price["final"].as_i64().unwrap()
}

/// Asks for pages until the sale opens, as for a front page: one that changes meanwhile is read anew, and prepared anew.
fn asked_until(service: &Service, at: Instant) {
    while crate::harness::now() < at.millis() {
        for path in PAGES {
            let answer = service.get(path);
            if crate::harness::now() < at.millis() {
                assert_eq!(final_price(path, &answer.body), 500, "{path}");
                assert_eq!(answer.body["meta"]["next_change_at"], at.to_string(), "{path}");
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_sale_opens_with_hits() {
    // Pages are prepared within a quarter of a second of being read; a machine that stands still gets another try.
    for lead in [8_000, 16_000, 32_000, 64_000] {
        let (_home, service, at) = before_a_sale(lead);
        asked_until(&service, at);
        let in_time = prepared(&service) >= PAGES.len() as f64;
        for path in PAGES {
            let after = service.get(path);
            assert_eq!(final_price(path, &after.body), 300, "{path}");
            assert!(after.body["meta"]["next_change_at"].is_null(), "{path}");
            assert!(!in_time || after.headers["vitrine-cache"] == "hit", "{path}: {after:?}");
        }
        if in_time {
            return;
        }
    }
    panic!("no page is prepared before a sale");
}

/// What was prepared shows no later change: it is outdated as any page is.
#[test]
fn a_change_before_the_sale_shows_after_it() {
    for lead in [8_000, 16_000, 32_000, 64_000] {
        let (_home, service, at) = before_a_sale(lead);
        while prepared(&service) < 1.0 && crate::harness::now() < at.millis() {
            service.get(PAGES[0]);
            std::thread::sleep(Duration::from_millis(10));
        }
        let in_time = prepared(&service) >= 1.0;
        let sale = json!({ "valid_from": at.to_string(), "version": 2 });
        let position = service.publish(&[price("mug-sale", "mug", 250, sale)]);
        service.reflects(&position);
        while crate::harness::now() < at.millis() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(final_price(PAGES[0], &service.get(PAGES[0]).body), 250);
        if in_time {
            return;
        }
    }
    panic!("no page is prepared before a sale");
}

/// How many products are on sale at an instant, and what the cheapest costs.
fn on_sale(service: &Service, at: Instant) -> (u64, Option<i64>) {
    let path = format!("/api/v1/listings/all?on_sale=true&sort=price_asc&at={at}");
    let page = service.get(&path).page();
    (page["total"].as_u64().unwrap(), page["items"][0]["price"]["final"].as_i64())
}

/// Many products step at once: the index holds what comes after the instant before the instant comes.
#[test]
fn an_instant_at_which_many_products_step_is_prepared() {
    const PRODUCTS: usize = 1_100;
    let home = Home::new().set("telemetry.log_filter=info,vitrine::index=debug");
    let mut service = home.serve();
    let products = (0..PRODUCTS).flat_map(|n| {
        let id = format!("p{n}");
        [product(&id, json!({})), price(&id, &id, 1_000 + n as i64, json!({}))]
    });
    let at = Instant(crate::harness::now() + 6_000);
    let sale = discount("sale", 50, json!({ "starts_at": at.to_string() }));
    home.publish(&products.chain([sale]).collect::<Vec<String>>());
    service.knows_all();
    let before = Instant(at.millis() - 1);
    let both = |service: &Service| (on_sale(service, before), on_sale(service, at));
    let open = |cheapest| ((0, None), (PRODUCTS as u64, Some(cheapest)));
    assert_eq!(both(&service), open(500));
    service.process.said("many products step at once");
    // Whatever changes from now on is in both.
    let position = service.publish(&[price("p0", "p0", 600, json!({"version": 2}))]);
    service.reflects(&position);
    assert_eq!(both(&service), open(300));
    crate::harness::eventually("the sale is open", || {
        let page = service.get("/api/v1/listings/all?on_sale=true").page();
        (page["total"] == PRODUCTS).then_some(())
    });
    assert_eq!(both(&service), open(300));
}
