//! Several projectors write to one PostgreSQL store at the same time, as processes do: whatever
//! they meet in, the views come out as if one projector had taken all events alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant as Clock};

use crate::harness::events::{self, event, markets};
use crate::postgres_server::Database;
use projections::event::Kind;
use projections::instant::Instant;
use projections::listing::{Filters, Sort};
use projections::view::ListingKey;
use serde_json::{Value, json};
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::projector::{Batch, Bounds, Projector};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::query::ListingQuery;
use vitrine::store::sqlite::{SqliteOptions, SqliteStore};
use vitrine::store::{Advance, ReadStore, Result, StoreError};

const PROJECTORS: usize = 3;
const EVENTS: usize = 900;
const PRODUCTS: usize = 14;
const HOUR: i64 = 3_600_000;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % sides
    }

    fn one(&mut self, prefix: &str, of: usize) -> String {
        format!("{prefix}{}", self.roll(of))
    }
}

/// Events of few entities. Versions come from one counter, so that none has two contents: which
/// projector is first must not matter.
fn stream(seed: u64, now: i64) -> Vec<String> {
    let mut dice = Dice(seed);
    (1..=EVENTS)
        .map(|version| {
            let (ty, mut data) = change(&mut dice, now);
            data["version"] = json!(version);
            event(ty, now - HOUR + version as i64, &data)
        })
        .collect()
}

fn change(dice: &mut Dice, now: i64) -> (&'static str, Value) {
    let product_id = dice.one("p", PRODUCTS);
    match dice.roll(100) {
        0..=24 => {
            let category = dice.one("c", 3);
            let data = json!({
                "product_id": product_id, "name": format!("name {}", dice.roll(100)),
                "status": if dice.roll(8) == 0 { "hidden" } else { "active" },
                "brand": {"id": dice.one("b", 3), "name": "brand"},
                "categories": [{"id": category, "name": "category", "path": [category]}],
                "variants": [{"sku": dice.one("s", 20), "options": {}}],
            });
            ("product.upserted.v1", data)
        }
        25..=27 => ("product.deleted.v1", json!({"product_id": product_id})),
        28..=49 => {
            let data = json!({
                "price_id": dice.one("r", 40), "product_id": product_id, "market": "default",
                "currency": "USD", "amount": 1 + dice.roll(5000),
            });
            ("price.set.v1", data)
        }
        50..=52 => {
            let data = json!({"price_id": dice.one("r", 40), "product_id": product_id});
            ("price.removed.v1", data)
        }
        53..=66 => {
            let data = json!({
                "sku": dice.one("s", 20), "product_id": product_id, "available": dice.roll(3),
            });
            ("stock.set.v1", data)
        }
        67..=82 => discount(dice, now),
        83 => ("discount.removed.v1", json!({"discount_id": dice.one("d", 6)})),
        _ => {
            let data = json!({
                "review_id": dice.one("v", 30), "product_id": product_id,
                "rating": 1 + dice.roll(5), "title": "t", "body": "b", "author": "a",
                "status": if dice.roll(6) == 0 { "hidden" } else { "published" },
                "helpful": 0, "created_at": events::at(now - dice.roll(9) as i64),
            });
            ("review.upserted.v1", data)
        }
    }
}

fn discount(dice: &mut Dice, now: i64) -> (&'static str, Value) {
    let scope = match dice.roll(5) {
        0 => json!({"all": true}),
        1 => json!({"products": [dice.one("p", PRODUCTS), dice.one("p", PRODUCTS)]}),
        2 => json!({"categories": [dice.one("c", 3)]}),
        3 => json!({"skus": [dice.one("s", 20)]}),
        _ => json!({"brands": [dice.one("b", 3)]}),
    };
    let data = json!({
        "discount_id": dice.one("d", 6), "name": "sale", "kind": "percentage",
        "value": 100 * (1 + dice.roll(90)), "scope": scope, "priority": dice.roll(3),
        "starts_at": events::at(now - HOUR), "ends_at": events::at(now + (1 + dice.roll(9)) as i64 * HOUR),
    });
    ("discount.upserted.v1", data)
}

/// Windows never lie wholly in the past of these, so that a view follows from the last facts alone.
fn bounds(defer_products: u32) -> Bounds {
    Bounds {
        inline_products: 3,
        defer_products,
        chunk_products: 4,
        chunk_products_max: 8,
        past: 400 * DAY,
        ahead: 400 * DAY,
    }
}

/// The share of one projector, in batches of odd sizes: a partition of its own.
fn batches(lines: &[(usize, String)], partition: i32, dice: &mut Dice) -> Vec<Batch> {
    let (mut batches, mut rest, mut offset) = (Vec::new(), lines, 0);
    while !rest.is_empty() {
        let (now, later) = rest.split_at((1 + dice.roll(24)).min(rest.len()));
        rest = later;
        // Late ones may leave their views to fan-outs.
        let late = Clock::now().checked_sub(Duration::from_secs(1));
        let since = late.filter(|_| dice.roll(2) == 0);
        let mut batch = Batch { since, ..Batch::default() };
        let expected = offset;
        for (_, line) in now {
            let position = Position { topic: "t".into(), partition, offset };
            batch.push(position, Kind::Product, Record::plain(line.clone().into()));
            offset += 1;
        }
        let partition = Partition { topic: "t".into(), partition };
        batch.moves = vec![Advance { last: None, partition, expected, next: offset }];
        assert!(batch.dead_letters.is_empty(), "{:?}", batch.dead_letters);
        batches.push(batch);
    }
    batches
}

/// What was done; `None` where another projector was in the way and it is to be done again.
async fn settled<T>(met: &AtomicU64, done: Result<T>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(StoreError::Conflict(_) | StoreError::Unavailable(_)) => {
            assert!(met.fetch_add(1, Ordering::Relaxed) < 2000, "somebody is always in the way");
            tokio::time::sleep(Duration::from_millis(2)).await;
            None
        }
        Err(other) => panic!("{other}"),
    }
}

/// All projectors at once, each with a store of its own, as in processes of their own.
async fn project_together(url: &str, lines: &[String], seed: u64) -> u64 {
    let mut dice = Dice(seed ^ 0xABCD);
    let mut shares: Vec<Vec<(usize, String)>> = vec![Vec::new(); PROJECTORS];
    for (i, line) in lines.iter().enumerate() {
        shares[dice.roll(PROJECTORS)].push((i, line.clone()));
    }
    let (done, met) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (mut applying, mut fanning) = (Vec::new(), Vec::new());
    for (n, share) in shares.iter().enumerate() {
        let store = Arc::new(PostgresStore::open(url, PostgresOptions::default()).await.unwrap());
        // One of them leaves nearly every batch to be computed afterwards.
        let defer = if n == 0 { 2 } else { 1000 };
        let projector = Arc::new(Projector::new(store, markets(), bounds(defer)));
        let batches = batches(share, n as i32, &mut dice);
        let (of, stop, count) = (Arc::clone(&projector), Arc::clone(&done), Arc::clone(&met));
        fanning.push(tokio::spawn(async move {
            loop {
                // Before the step: what the last batch leaves is done by a step after it.
                let last = stop.load(Ordering::Relaxed);
                if settled(&count, of.fanout_step(u32::MAX).await.map(|step| step.more)).await
                    == Some(false)
                    && last
                {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }));
        let count = Arc::clone(&met);
        applying.push(tokio::spawn(async move {
            for batch in &batches {
                while settled(&count, projector.apply(batch).await).await.is_none() {}
            }
        }));
    }
    for task in applying {
        task.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    for task in fanning {
        task.await.unwrap();
    }
    met.load(Ordering::Relaxed)
}

/// One projector, one store, every event in order.
async fn project_alone(store: Arc<dyn ReadStore>, lines: &[String]) {
    let projector = Projector::new(store, markets(), bounds(1000));
    let lines: Vec<(usize, String)> = lines.iter().cloned().enumerate().collect();
    for batch in batches(&lines, 0, &mut Dice(1)) {
        projector.apply(&batch).await.unwrap();
        while projector.fanout_step(u32::MAX).await.unwrap().more {}
    }
}

/// All that pages are made of, as text.
async fn pages(store: &dyn ReadStore, now: i64) -> Vec<String> {
    let ids: Vec<String> = (0..PRODUCTS).map(|i| format!("p{i}")).collect();
    let mut snapshot = store.snapshot().await.unwrap();
    let mut pages = Vec::new();
    for mut facts in snapshot.product_facts(&ids).await.unwrap() {
        facts.prices.sort_by(|a, b| a.price_id.cmp(&b.price_id));
        facts.stock.sort_by(|a, b| a.sku.cmp(&b.sku));
        pages.push(format!("{facts:?}"));
    }
    for card in snapshot.cards(&ids).await.unwrap() {
        pages.push(format!("{card:?}"));
    }
    pages.sort();
    let categories = (0..3).map(|i| ListingKey::Category(format!("c{i}")));
    let brands = (0..3).map(|i| ListingKey::Brand(format!("b{i}")));
    for listing in
        &[ListingKey::All].into_iter().chain(categories).chain(brands).collect::<Vec<_>>()
    {
        for sort in Sort::ALL {
            for hours in [0, 3, 6, 12] {
                let (at, filters) = (Instant(now + hours * HOUR), &Filters::default());
                let query =
                    ListingQuery { listing, market: "default", group: None, sort, filters, at };
                let places = snapshot.listing(&query, None, 100).await.unwrap();
                pages.push(format!("{listing:?} {sort:?} in {hours} hours: {places:?}"));
            }
        }
    }
    pages
}

async fn comes_out_the_same(seed: u64) {
    let now = vitrine::clock::now().millis();
    let lines = stream(seed, now);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("generation.db");
    let alone = SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap();
    let alone: Arc<dyn ReadStore> = Arc::new(alone);
    project_alone(Arc::clone(&alone), &lines).await;

    let database = Database::create().await;
    let met = project_together(&database.url(), &lines, seed).await;
    let together = PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap();
    let status = together.status().await.unwrap();
    assert_eq!((status.fanout_tasks, status.stale_products), (0, 0), "seed {seed}");
    assert_eq!(status.outcomes.values().sum::<u64>(), EVENTS as u64, "each event once");
    let (expected, found) = (pages(alone.as_ref(), now).await, pages(&together, now).await);
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found, "seed {seed}");
    }
    assert_eq!(expected.len(), found.len(), "seed {seed}");
    println!("seed {seed}: {met} times another projector was in the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn projectors_side_by_side_come_to_the_same_views() {
    let seeds = if std::env::var_os("VITRINE_TEST_FULL").is_some_and(|v| !v.is_empty() && v != "0")
    {
        40
    } else {
        6
    };
    for seed in 1..=seeds {
        comes_out_the_same(seed).await;
    }
}

/// A product of a brand, with a price.
fn born(id: &str, now: i64) -> Vec<String> {
    let product = json!({
        "product_id": id, "version": 1, "name": id, "brand": {"id": "b", "name": "b"},
        "variants": [{"sku": id, "options": {}}],
    });
    let price = json!({
        "price_id": id, "product_id": id, "version": 1, "market": "default", "currency": "USD",
        "amount": 5000,
    });
    vec![event("product.upserted.v1", now, &product), event("price.set.v1", now, &price)]
}

/// A discount finds the products that it reaches by what is committed, and a product its discounts:
/// of two that come at the same time, one has to wait for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_product_that_is_born_beside_a_discount_has_it() {
    let database = Database::create().await;
    let (now, met) = (vitrine::clock::now().millis(), AtomicU64::new(0));
    let mut projectors = Vec::new();
    for _ in 0..2 {
        let store = PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap();
        projectors.push(Projector::new(Arc::new(store), markets(), bounds(1000)));
    }
    for round in 1..=60 {
        let discount = json!({
            "discount_id": "d", "version": round, "name": "sale", "kind": "percentage",
            "value": 100 * round, "scope": {"brands": ["b"]},
        });
        let lines =
            [born(&format!("p{round}"), now), vec![event("discount.upserted.v1", now, &discount)]];
        let apply = async |n: usize| {
            let lines: Vec<(usize, String)> = lines[n].iter().cloned().enumerate().collect();
            let mut batch = batches(&lines, n as i32, &mut Dice(3)).remove(0);
            batch.moves.clear();
            for (_, line) in lines.into_iter().skip(batch.events.len()) {
                let position = Position { topic: "t".into(), partition: n as i32, offset: 9 };
                batch.push(position, Kind::Product, Record::plain(line.into()));
            }
            while settled(&met, projectors[n].apply(&batch).await).await.is_none() {}
        };
        tokio::join!(apply(0), apply(1));
        while settled(&met, projectors[0].fanout_step(u32::MAX).await.map(|step| step.more)).await
            != Some(false)
        {}
        let ids = [format!("p{round}")];
        let mut snapshot = projectors[0].store().snapshot().await.unwrap();
        let card = snapshot.cards(&ids).await.unwrap().remove(0);
        let step = card.view.audiences[0].steps[0].value.clone().unwrap();
        assert_eq!(step.final_amount, 5000 - 50 * round, "round {round}");
    }
}

/// A step that finds everything held by another says so: neither of two may leave it to the other for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_another_projector_holds_is_looked_at_again() {
    let database = Database::create().await;
    let now = vitrine::clock::now().millis();
    let (one, other) = (
        PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap(),
        PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap(),
    );
    let projector = Projector::new(Arc::new(one), markets(), bounds(0));
    let lines: Vec<(usize, String)> = born("p", now).into_iter().enumerate().collect();
    for batch in batches(&lines, 0, &mut Dice(1)) {
        projector.apply(&batch).await.unwrap();
    }
    let mut holding = other.begin().await.unwrap();
    assert_eq!(holding.stale(10).await.unwrap().ids, ["p"]);
    let step = projector.fanout_step(u32::MAX).await.unwrap();
    assert!(step.more && step.held && step.idle, "{step:?}");

    drop(holding);
    while projector.fanout_step(u32::MAX).await.unwrap().more {}
    let status = projector.store().status().await.unwrap();
    assert_eq!((status.fanout_tasks, status.stale_products), (0, 0));
}
