//! Products as large as the contract lets them be are projected in reasonable time, and answered
//! right.

use std::time::Duration;

use crate::service::{Running, event, price, product, review};
use projections::index::query::filters::Filters;
use projections::instant::Instant;
use projections::listing::Sort;
use projections::market::Market;
use serde_json::{Value, json};
use vitrine::clock;
use vitrine_oracle::{Asked, Listing, Oracle, Verdict, comparable};

const HOUR_MS: i64 = 3_600_000;
/// Of processor time, without optimization: a machine that has other work to do takes longer.
const REASONABLE: Duration = Duration::from_secs(10);

/// One at a time: the processor time is the whole process'.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The processor time that this process has used, where the system tells it.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which may hold spaces: user and system time in hundredths.
    let (_, fields) = stat.rsplit_once(')')?;
    let hundredths = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let hundredths: u64 = hundredths.map(|n| n.unwrap_or(0)).sum();
    Some(Duration::from_millis(hundredths * 10))
}

#[track_caller]
fn assert_reasonable(since: Option<Duration>, what: &str) {
    let took = processor_time().unwrap_or_default().saturating_sub(since.unwrap_or_default());
    assert!(took < REASONABLE, "{what}: {took:?}");
}

/// A service and an oracle that have heard the same events.
struct Both {
    service: Running,
    oracle: Oracle,
    now: i64,
}

impl Both {
    /// Publishes them, in time.
    async fn hear(events: &[Value], now: i64) -> Both {
        let market = |id: &str, currency: &str, locale: &str| Market {
            id: id.to_owned(),
            currency: currency.to_owned(),
            locale: locale.to_owned(),
        };
        let markets = vec![market("default", "USD", "en"), market("eu", "EUR", "de")];
        let mut oracle = Oracle::new(markets, 5);
        for event in events {
            assert_eq!(oracle.apply(event.to_string().as_bytes()), Verdict::Applied, "{event}");
        }
        let service = Running::start(None, "").await;
        let before = processor_time();
        service.publish(events);
        assert_reasonable(before, "projecting");
        Both { service, oracle, now }
    }

    /// The page and the card of product `p`, and the listing of everything, at that many
    /// milliseconds from now; also when the page says that it changes.
    #[track_caller]
    fn assert_right(&self, group: Option<&str>, from_now: i64) -> Option<Instant> {
        let id = "p";
        let at = Instant(self.now + from_now);
        let asked = Asked { market: "default", group, locale: None, at };
        let mut query = format!("at={at}");
        if let Some(group) = group {
            query.push_str(&format!("&group={group}"));
        }
        let before = processor_time();
        let page = self.service.page(&format!("/api/v1/products/{id}?{query}"));
        let expected = self.oracle.product_page(id, asked).unwrap();
        let next = page["meta"]["next_change_at"].as_str().map(|at| Instant::parse(at).unwrap());
        let served = comparable(page);
        assert!(served == expected, "{query}: {served} instead of {expected}");
        let several = self.service.page(&format!("/api/v1/products?ids={id}&{query}"));
        let listing = self.service.page(&format!("/api/v1/listings/all?{query}&sort=price_asc"));
        assert_reasonable(before, &query);
        let everything = Listing { kind: "all", id: "" };
        let cards = self.oracle.select(everything, asked, Sort::PriceAsc, &Filters::default());
        assert_eq!(listing["items"], json!(cards), "{query}");
        match cards.as_slice() {
            [] => assert_eq!(several["items"][0]["price"], Value::Null, "{query}"),
            cards => assert_eq!(several["items"], json!(cards), "{query}"),
        }
        if let Some(next) = next {
            // Not after the first change.
            assert!(next > at, "{query}: {next}");
            let last = Asked { at: Instant(next.millis() - 1), ..asked };
            assert!(self.oracle.product_page(id, last).unwrap() == expected, "{query}: {next}");
        }
        next
    }
}

fn from_now(now: i64, millis: i64) -> String {
    Instant(now + millis).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_prices_of_one_product() {
    let _alone = ALONE.lock().await;
    let now = clock::now().millis();
    let mut events = vec![product("p", json!({"variants": [{"sku": "a"}, {"sku": "b"}]}))];
    // An hour and a half every hour, for 400 days around now; some for one SKU, some for a group.
    events.extend((0..9_999).map(|i: i64| {
        let from = (i - 4_800) * HOUR_MS;
        let with = json!({
            "amount": (i * 7919) % 5_000 + 1,
            "sku": (["a", "b"].get((i % 5) as usize)),
            "group": (i % 3 == 0).then_some("vip"),
            "valid_from": from_now(now, from),
            "valid_until": from_now(now, from + HOUR_MS * 3 / 2),
        });
        price(&format!("price-{i}"), "p", with)
    }));
    events.push(price("undated", "p", json!({"amount": 3_000})));
    let both = Both::hear(&events, now).await;
    for hours in [-4_800, 0, 5_300] {
        for group in [None, Some("vip")] {
            let next = both.assert_right(group, hours * HOUR_MS + HOUR_MS / 3);
            assert_eq!(next.is_some(), hours < 5_200, "{hours}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_variants_with_prices_of_their_own() {
    let _alone = ALONE.lock().await;
    let now = clock::now().millis();
    let sku = |i: i64| format!("sku-{i}");
    let variants: Vec<Value> =
        (0..200).map(|i| json!({"sku": sku(i), "options": {"n": i.to_string()}})).collect();
    let mut events =
        vec![product("p", json!({"variants": variants, "brand": {"id": "b", "name": "B"}}))];
    // Fifty prices a variant, all windowed, no two windows alike: half an hour in every four days.
    events.extend((0..10_000).map(|i: i64| {
        let from = (i / 200 - 25) * 96 * HOUR_MS / 10 + (i * 37) % 200 * HOUR_MS / 60;
        let with = json!({
            "amount": (i * 7919) % 5_000 + 1,
            "sku": sku(i % 200),
            "valid_from": from_now(now, from),
            "valid_until": from_now(now, from + HOUR_MS * 6),
        });
        price(&format!("price-{i}"), "p", with)
    }));
    events.extend((0..200).map(|i: i64| {
        let with = json!({"sku": sku(i), "product_id": "p", "version": 1, "available": i % 7});
        event("stock.set.v1", with)
    }));
    events.push(event(
        "discount.upserted.v1",
        json!({"discount_id": "d", "version": 1, "name": "D", "kind": "percentage", "value": 777,
               "scope": {"skus": (0..100).map(sku).collect::<Vec<_>>()}}),
    ));
    events.extend((0..50).map(|i| review(&format!("r{i}"), "p", json!({"rating": i % 5 + 1}))));
    let both = Both::hear(&events, now).await;
    for hours in [0, 1_000] {
        both.assert_right(None, hours * HOUR_MS + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_for_a_thousand_groups() {
    let _alone = ALONE.lock().await;
    let now = clock::now().millis();
    let mut events = vec![product("p", json!({"variants": [{"sku": "a"}, {"sku": "b"}]}))];
    events.extend((0..9_999).map(|i: i64| {
        let with = json!({
            "amount": (i * 7919) % 5_000 + 1,
            "sku": (i % 2 == 0).then_some("a"),
            "group": format!("g{}", i % 1_000),
            "valid_until": (i % 4 == 3).then(|| from_now(now, i * HOUR_MS)),
        });
        price(&format!("price-{i}"), "p", with)
    }));
    events.push(price("undated", "p", json!({"amount": 3_000})));
    let both = Both::hear(&events, now).await;
    for group in [None, Some("g0"), Some("g7"), Some("g999"), Some("g1000")] {
        both.assert_right(group, 1);
    }
}
