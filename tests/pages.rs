//! Every answer of the running service equals the oracle's: at every instant, in whatever order and
//! however often the events came.

use crate::harness::compare::{Readers, around_edges, compare};
use crate::harness::events::{Catalogue, at, discount, price, product};
use crate::harness::now;
use crate::harness::process::Home;
use crate::harness::service::Service;
use crate::harness::stream::{GROUPS, generated, nasty, shuffled, tripled};
use serde_json::json;

const DAY: i64 = 24 * 3_600_000;
const MARKETS: [&str; 2] = ["default", "eu"];
const LOCALES: [Option<&str>; 5] = [None, Some("de"), Some("fr-CA"), Some("ko-KR"), Some("de-AT")];
/// Everyone, and one of the groups that there are.
const READING_GROUPS: [Option<&str>; 2] = [None, Some(GROUPS[1])];

/// Beside now: long ago and long hence, and in between.
fn instants(catalogue: &Catalogue, now: i64, edges: usize) -> Vec<i64> {
    let mut instants = vec![now, now - 20_000 * DAY, now + 20_000 * DAY, now - DAY, now + 3 * DAY];
    instants.extend(around_edges(&catalogue.oracle, edges));
    instants
}

fn assert_pages(service: &Service, catalogue: &Catalogue, now: i64, edges: usize) {
    let readers = Readers {
        instants: &instants(catalogue, now, edges),
        markets: &MARKETS,
        groups: &READING_GROUPS,
        locales: &LOCALES,
    };
    let answers = compare(service, catalogue, readers);
    println!("{answers} answers compared");
}

/// Posts in batches, as several publishers would; the last of them is waited for.
fn post(service: &Service, lines: &[String], batch: usize) {
    let mut position = None;
    for lines in lines.chunks(batch) {
        position = Some(service.publish(lines));
    }
    service.reflects(&position.unwrap());
}

#[test]
fn a_published_catalogue_is_served_as_the_oracle_says() {
    let now = now();
    let catalogue = Catalogue::new(generated(60, 2_500, 7, now - 20 * DAY));
    let home = Home::new();
    let service = home.serve();
    home.publish(&catalogue.lines);
    let readers = Readers {
        instants: &instants(&catalogue, now, 2),
        markets: &MARKETS,
        groups: &[None, Some("business")],
        locales: &LOCALES,
    };
    println!("{} answers compared", compare(&service, &catalogue, readers));
}

#[test]
fn nasty_events_come_out_as_the_oracle_says() {
    let now = now();
    for seed in 1..=3 {
        let catalogue = Catalogue::new(nasty(seed, 400, now));
        // Small batches: what a batch changes is what others have left behind.
        let home = Home::new().set("projector.batch_max_events=20");
        let service = home.serve();
        post(&service, &catalogue.lines, 50);
        assert_pages(&service, &catalogue, now, 4);
    }
}

#[test]
fn the_order_of_events_does_not_show() {
    let now = now();
    let catalogue = Catalogue::new(nasty(11, 500, now));
    for seed in 1..=2 {
        let home = Home::new().set("projector.batch_max_events=30");
        let service = home.serve();
        post(&service, &shuffled(&catalogue.lines, seed), 100);
        assert_pages(&service, &catalogue, now, 3);
    }
}

#[test]
fn events_that_come_three_times_count_once() {
    let now = now();
    let catalogue = Catalogue::new(nasty(21, 400, now));
    let home = Home::new().set("projector.batch_max_events=25");
    let service = home.serve();
    post(&service, &tripled(&catalogue.lines), 64);
    assert_pages(&service, &catalogue, now, 3);
}

#[test]
fn discounts_reach_every_product() {
    let now = now();
    // The last events are discounts: one for all, and several that name products in every way.
    for (seed, scopes) in [
        (41, vec![json!({"all": true})]),
        (
            42,
            vec![
                json!({"products": ["p1", "p2", "a/b", "한글"]}),
                json!({"skus": ["s1", "s/2", "빨강@L"]}),
                json!({"categories": ["c1", "c/2"]}),
                json!({"brands": ["b1", "b/2%", "브랜드"]}),
            ],
        ),
    ] {
        let mut lines = nasty(seed, 500, now);
        for (i, scope) in scopes.into_iter().enumerate() {
            // None takes more off: where it reaches, it shows.
            lines.push(discount(&format!("last{i}"), 99 - i as i64, json!({"scope": scope})));
        }
        let catalogue = Catalogue::new(lines);
        let home = Home::new().set("projector.batch_max_events=15");
        let service = home.serve();
        post(&service, &catalogue.lines, 25);
        assert_pages(&service, &catalogue, now, 3);
    }
}

#[test]
fn a_first_price_long_hence_is_announced() {
    let now = now();
    let later = json!({"valid_from": at(now + 500 * DAY)});
    let catalogue = Catalogue::new(vec![
        product("mug", json!({})),
        price("mug-usd", "mug", 500, later),
        product("cup", json!({})),
        price("cup-usd", "cup", 400, json!({})),
    ]);
    let home = Home::new();
    let service = home.serve();
    home.publish(&catalogue.lines);
    assert_pages(&service, &catalogue, now, 1);
    for path in ["/api/v1/products/mug", "/api/v1/products?ids=mug", "/api/v1/listings/all"] {
        let page = service.get(path).page();
        assert!(page["meta"]["next_change_at"].is_string(), "GET {path}: {page}");
    }
}

/// A discount that was over when it was heard of has been there for whoever asks for that time.
#[test]
fn a_discount_that_is_over_still_shows_in_the_past() {
    let now = now();
    let sale = |version: i64| {
        let window = json!({
            "version": version, "starts_at": at(now - (10 + version) * DAY),
            "ends_at": at(now - (6 + version) * DAY),
        });
        discount("sale", 10 * version, window)
    };
    let lines = [
        product("mug", json!({})),
        price("mug-usd", "mug", 500, json!({})),
        product("cup", json!({})),
        price("cup-usd", "cup", 400, json!({})),
        price("cup-once", "cup", 300, json!({"valid_until": at(now - 20 * DAY)})),
        sale(1),
        sale(2),
        // Only the name is another one.
        discount(
            "sale",
            20,
            json!({
                "version": 3, "starts_at": at(now - 12 * DAY), "ends_at": at(now - 8 * DAY),
                "name": "Another name",
            }),
        ),
    ];
    let home = Home::new();
    let service = home.serve();
    for published in 4..=lines.len() {
        let catalogue = Catalogue::new(lines[..published].to_vec());
        home.publish(&lines[..published]);
        assert_pages(&service, &catalogue, now - 9 * DAY, 3);
    }
}
