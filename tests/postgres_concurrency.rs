//! Several projectors write to one PostgreSQL store at the same time, as processes do: whatever
//! they meet in, the facts come out as if one projector had taken all events alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::harness::events::{self, event, markets};
use crate::postgres_server::Database;
use projections::event::Kind;
use projections::instant::Instant;
use projections::pricing::{Audience, quote_at};
use serde_json::{Value, json};
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::projector::{Batch, Projector};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::sqlite::SqliteStore;
use vitrine::store::{Advance, ReadStore, Result, StoreError};

const PROJECTORS: usize = 3;
const EVENTS: usize = 900;
const PRODUCTS: usize = 14;
const HOUR: i64 = 3_600_000;

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

/// The share of one projector, in batches of odd sizes: a partition of its own.
fn batches(lines: &[(usize, String)], partition: i32, dice: &mut Dice) -> Vec<Batch> {
    let (mut batches, mut rest, mut offset) = (Vec::new(), lines, 0);
    while !rest.is_empty() {
        let (now, later) = rest.split_at((1 + dice.roll(24)).min(rest.len()));
        rest = later;
        let mut batch = Batch::default();
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
    let (met, mut applying) = (Arc::new(AtomicU64::new(0)), Vec::new());
    for (n, share) in shares.iter().enumerate() {
        let store = Arc::new(PostgresStore::open(url, PostgresOptions::default()).await.unwrap());
        let projector = Projector::new(store, markets());
        let batches = batches(share, n as i32, &mut dice);
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
    met.load(Ordering::Relaxed)
}

/// One projector, one store, every event in order.
async fn project_alone(store: Arc<dyn ReadStore>, lines: &[String]) {
    let projector = Projector::new(store, markets());
    let lines: Vec<(usize, String)> = lines.iter().cloned().enumerate().collect();
    for batch in batches(&lines, 0, &mut Dice(1)) {
        projector.apply(&batch).await.unwrap();
    }
}

/// All that pages are made of, as text.
async fn facts(store: &dyn ReadStore) -> Vec<String> {
    let ids: Vec<String> = (0..PRODUCTS).map(|i| format!("p{i}")).collect();
    let mut snapshot = store.snapshot().await.unwrap();
    let mut all = Vec::new();
    for mut of_product in snapshot.product_facts(&ids).await.unwrap() {
        of_product.prices.sort_by(|a, b| a.price_id.cmp(&b.price_id));
        of_product.stock.sort_by(|a, b| a.sku.cmp(&b.sku));
        all.push(format!("{of_product:?}"));
    }
    all.extend(snapshot.discounts().await.unwrap().iter().map(|d| format!("{d:?}")));
    all.sort();
    for id in &ids {
        let (reviews, more) = snapshot.latest_reviews(id).await.unwrap();
        all.push(format!("{id}: {reviews:?} {more}"));
    }
    all
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
    assert_eq!(status.outcomes.values().sum::<u64>(), EVENTS as u64, "each event once");
    let (expected, found) = (facts(alone.as_ref()).await, facts(&together).await);
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found, "seed {seed}");
    }
    assert_eq!(expected.len(), found.len(), "seed {seed}");
    println!("seed {seed}: {met} times another projector was in the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn projectors_side_by_side_come_to_the_same_facts() {
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

/// A product and a discount that reaches it may come at the same time, by two projectors.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_product_that_is_born_beside_a_discount_has_it() {
    let database = Database::create().await;
    let (now, met) = (vitrine::clock::now().millis(), AtomicU64::new(0));
    let mut projectors = Vec::new();
    for _ in 0..2 {
        let store = PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap();
        projectors.push(Projector::new(Arc::new(store), markets()));
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
        let ids = [format!("p{round}")];
        let mut snapshot = projectors[0].store().snapshot().await.unwrap();
        let facts = snapshot.product_facts(&ids).await.unwrap().remove(0);
        let market = &markets()[0];
        let quote = quote_at(&facts, &ids[0], Audience { market, group: None }, Instant(now));
        assert_eq!(quote.unwrap().final_amount, 5000 - 50 * round, "round {round}");
    }
}
