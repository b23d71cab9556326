//! What happens while the service runs: events show, windows open by themselves, positions are
//! waited for, and an idle service is idle.
//!
//! How long things take is printed; what is asserted is only that they happen, and in what order.

use std::time::{Duration, Instant as Clock};

use crate::harness::events::{at, discount, price, product, stock};
use crate::harness::process::Home;
use crate::harness::service::Service;
use crate::harness::{PATIENCE, eventually, now};
use projections::instant::Instant;
use serde_json::{Value, json};

/// Polls a page until it is as it should be; answers how long that took.
#[track_caller]
fn shows(service: &Service, path: &str, is: impl Fn(&Value) -> bool) -> Duration {
    let started = Clock::now();
    loop {
        let answer = service.get(path);
        if answer.status == 200 && is(&answer.body) {
            return started.elapsed();
        }
        assert!(started.elapsed() < PATIENCE, "GET {path}: {answer:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_event_shows_soon_while_the_service_is_idle() {
    // No look at the log but for a notification: one must come.
    let home = Home::new().set("projector.poll_interval_ms=60000");
    let service = home.serve();
    home.publish(&[product("mug", json!({})), price("mug-usd", "mug", 500, json!({}))]);
    let page = "/api/v1/products/mug";
    let listing = "/api/v1/listings/all?in_stock=true";
    for (i, units) in [9, 0, 7].into_iter().enumerate() {
        std::thread::sleep(Duration::from_millis(300));
        let version = 2 * i as u64 + 1;
        let file = home.write("event.ndjson", stock("mug", version, units));
        let mut publisher = home.spawn(&["publish", &file]);
        assert!(publisher.wait().success());
        let took = shows(&service, page, |page| page["stock"]["available"] == units);
        let listed = usize::from(units > 0);
        shows(&service, listing, |page| page["total"] == listed);
        println!("from another process: shows {took:?} after it has ended");

        std::thread::sleep(Duration::from_millis(300));
        let started = Clock::now();
        let posted =
            service.post("application/cloudevents+json", stock("mug", version + 1, 1 + units));
        let answered = started.elapsed();
        assert_eq!(posted.status, 202);
        let took = shows(&service, page, |page| page["stock"]["available"] == 1 + units);
        shows(&service, listing, |page| page["total"] == 1);
        println!("over HTTP: answered after {answered:?}, shows {took:?} later");
    }
}

/// What was answered, and between which instants it was made.
struct Seen {
    before: i64,
    after: i64,
    body: Value,
}

fn look(service: &Service, path: &str) -> Seen {
    let before = now();
    let answer = service.get(path);
    // The service's clock is ours, and its instants are whole milliseconds, like ours.
    Seen { before, after: now(), body: answer.page() }
}

/// Polls across an edge: what was surely made before it is old, what was surely made after it is
/// new, and what may be either is one of both.
fn watch(
    service: &Service,
    path: &str,
    edge: i64,
    value: impl Fn(&Value) -> Value,
    old: &Value,
    new: &Value,
) {
    let (mut olds, mut news) = (0, 0);
    let until = Duration::from_millis(u64::try_from(edge - now()).unwrap_or(0));
    let deadline = Clock::now() + until + PATIENCE;
    while news < 20 {
        let Seen { before, after, body } = look(service, path);
        let seen = value(&body);
        let next = body["meta"]["next_change_at"].as_str().and_then(Instant::parse);
        if seen == *old {
            assert!(before < edge, "GET {path}: old, {} ms after the edge", before - edge);
            assert_eq!(next, Some(Instant(edge)), "GET {path}: the edge is announced");
            olds += 1;
        } else {
            assert_eq!(seen, *new, "GET {path}");
            assert!(after >= edge, "GET {path}: new, {} ms before the edge", edge - after);
            assert_ne!(next, Some(Instant(edge)), "GET {path}: it has passed");
            news += 1;
        }
        assert!(Clock::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("GET {path}: {olds} old answers, then {news} new ones");
    assert!(olds > 0, "the edge had passed before the first look");
}

#[test]
fn a_window_opens_at_its_instant_with_no_event() {
    let home = Home::new();
    let service = home.serve();
    let mut lines = Vec::new();
    for (id, amount) in [("a", 900), ("b", 1_000), ("c", 1_100)] {
        lines.push(product(id, json!({})));
        lines.push(price(&format!("{id}-usd"), id, amount, json!({})));
    }
    home.publish(&lines);
    // Time for a slow machine to publish before the one, and to look twenty times before the other.
    let edge = now() + 4_000;
    let second = edge + 4_000;
    let scope = json!({"scope": {"products": ["c"]}, "starts_at": at(edge)});
    let position = service.publish(&[
        discount("sale", 50, scope),
        price(
            "b-sale",
            "b",
            100,
            json!({"valid_from": at(second), "valid_until": at(second + 90_000_000)}),
        ),
    ]);
    service.reflects(&position);

    let order = |page: &Value| -> Value {
        page["items"].as_array().unwrap().iter().map(|i| i["id"].clone()).collect()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let price = |page: &Value| page["price"]["final"].clone();
            watch(&service, "/api/v1/products/c", edge, price, &json!(1_100), &json!(550));
        });
        scope.spawn(|| {
            let total = |page: &Value| page["total"].clone();
            let path = "/api/v1/listings/all?on_sale=true";
            watch(&service, path, edge, total, &json!(0), &json!(1));
        });
        let path = "/api/v1/listings/all?sort=price_asc";
        watch(&service, path, edge, order, &json!(["a", "b", "c"]), &json!(["c", "a", "b"]));
        watch(&service, path, second, order, &json!(["c", "a", "b"]), &json!(["b", "c", "a"]));
    });
}

#[test]
fn a_release_comes_and_a_window_closes_at_its_instant() {
    let home = Home::new();
    let service = home.serve();
    let edge = now() + 5_000;
    home.publish(&[
        product("new", json!({"released_at": at(edge)})),
        price("new-usd", "new", 700, json!({})),
        product("old", json!({})),
        price("old-usd", "old", 700, json!({"valid_until": at(edge)})),
    ]);
    let path = "/api/v1/listings/all";
    let ids = |page: &Value| -> Value {
        page["items"].as_array().unwrap().iter().map(|i| i["id"].clone()).collect()
    };
    watch(&service, path, edge, ids, &json!(["old"]), &json!(["new"]));
    assert_eq!(service.get("/api/v1/products/old").page()["price"], Value::Null);
    assert_eq!(service.get("/api/v1/products/new").page()["price"]["final"], 700);
}

#[test]
fn a_position_that_is_not_reached_is_a_412() {
    // An API alone: nothing is projected until another process does it.
    let home = Home::new();
    let api = home.serve_with(&["--roles", "api"]);
    let position = api.publish(&[product("mug", json!({})), price("mug-usd", "mug", 5, json!({}))]);
    let ask = |wait: &str| {
        let headers = [("Vitrine-Min-Position", position.as_str()), ("Vitrine-Wait-Ms", wait)];
        let started = Clock::now();
        let answer = api.get_with("/api/v1/listings/all", &headers);
        (answer, started.elapsed())
    };
    let (answer, _) = ask("0");
    assert_eq!((answer.status, answer.code()), (412, "position_not_reached"));
    let (answer, took) = ask("300");
    assert_eq!(answer.status, 412);
    assert!(took >= Duration::from_millis(300), "{took:?}");
    assert_eq!(api.get("/api/v1/listings/all").page()["total"], 0);

    let (answer, took) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            eventually("the position is reached", || {
                let (answer, took) = ask("5000");
                (answer.code() != "position_not_reached").then_some((answer, took))
            })
        });
        std::thread::sleep(Duration::from_millis(100));
        let projector = home.spawn_serve(&["--roles", "projector"]);
        let answered = waiting.join().unwrap();
        drop(projector);
        answered
    });
    assert_eq!(answer.page()["total"], 1);
    println!("reached after {took:?}");
}

#[test]
fn a_position_is_reached_however_much_a_discount_reaches() {
    let home = Home::new();
    let service = home.serve();
    let ids: Vec<String> = (0..120).map(|i| format!("p{i}")).collect();
    let lines = ids
        .iter()
        .flat_map(|id| [product(id, json!({})), price(&format!("{id}-usd"), id, 1_000, json!({}))]);
    home.publish(&lines.collect::<Vec<_>>());
    for version in 1..=4 {
        let per_cent = 10 * version;
        let sale = discount("sale", per_cent, json!({"version": version}));
        let position = service.publish(&[sale]);
        let headers = [("Vitrine-Min-Position", position.as_str()), ("Vitrine-Wait-Ms", "5000")];
        let reflecting = |path: &str| {
            eventually("the position is reached", || {
                let answer = service.get_with(path, &headers);
                (answer.status != 412).then(|| answer.page())
            })
        };
        let reduced = 1_000 - 10 * per_cent;
        for path in ["/api/v1/products/p7", "/api/v1/products?ids=p7&view=page"] {
            let page = reflecting(path);
            let page = page["items"].get(0).unwrap_or(&page);
            assert_eq!(page["price"]["final"], reduced, "{path}");
        }
        assert_eq!(reflecting("/api/v1/products?ids=p7")["items"][0]["price"]["final"], reduced);
        let all = reflecting(&format!("/api/v1/listings/all?max_price={reduced}&limit=1"));
        assert_eq!(all["total"], ids.len());
    }
}

#[test]
fn own_writes_show_on_listings_while_others_write() {
    let home = Home::new();
    let service = home.serve();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let service = &service;
            scope.spawn(move || {
                let brand = format!("b{writer}");
                for number in 1..=100 {
                    let id = format!("{brand}-{number}");
                    let named = json!({"brand": {"id": brand, "name": "B"}});
                    let events = [product(&id, named), price(&id, &id, 500, json!({}))];
                    let position = service.publish(&events);
                    let headers =
                        [("Vitrine-Min-Position", position.as_str()), ("Vitrine-Wait-Ms", "5000")];
                    let path = format!("/api/v1/brands/{brand}/products?limit=1");
                    let listing = eventually("the position is reached", || {
                        let answer = service.get_with(&path, &headers);
                        (answer.status != 412).then(|| answer.page())
                    });
                    assert_eq!(listing["total"], number, "{brand}");
                }
            });
        }
    });
}

/// Own writes show on pages and listings, also where requests have one connection to read with.
pub fn own_writes_show_with_one_connection(service: &Service) {
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                let id = format!("p{writer}");
                let named = json!({"brand": {"id": id, "name": "B"}});
                // In another topic than its prices: it may come later than they do.
                let of_product = service.publish(&[product(&id, named)]);
                for version in 1..=10 {
                    let amount = 100 * version;
                    let price = price(&id, &id, amount, json!({"version": version}));
                    let position = format!("{of_product},{}", service.publish(&[price]));
                    let headers =
                        [("Vitrine-Min-Position", position.as_str()), ("Vitrine-Wait-Ms", "5000")];
                    let shows = |path: &str| {
                        eventually("the position is reached", || {
                            let answer = service.get_with(path, &headers);
                            (answer.status != 412).then(|| answer.page())
                        })
                    };
                    let page = shows(&format!("/api/v1/products/{id}"));
                    assert_eq!(page["price"]["final"], amount);
                    let listing = shows(&format!("/api/v1/brands/{id}/products"));
                    assert_eq!(listing["items"][0]["price"]["final"], amount);
                }
            });
        }
    });
}

pub const ONE_CONNECTION: &str = "store.read_connections=1";

#[test]
fn own_writes_show_with_one_connection_to_sqlite() {
    let home = Home::new().set(ONE_CONNECTION);
    own_writes_show_with_one_connection(&home.serve());
}

#[test]
fn an_idle_service_is_idle() {
    let home = Home::new();
    let service = home.serve();
    home.publish(&[product("mug", json!({})), price("mug-usd", "mug", 5, json!({}))]);
    std::thread::sleep(Duration::from_millis(500));
    // The least of a few looks: what else the machine does makes every step take longer.
    let mut least = Duration::MAX;
    for _ in 0..5 {
        let before = service.cpu();
        std::thread::sleep(Duration::from_secs(2));
        least = least.min(service.cpu() - before);
        if least < Duration::from_millis(100) {
            return;
        }
    }
    panic!("{least:?} of CPU in 2 s at least");
}
