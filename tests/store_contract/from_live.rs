//! A new generation from the facts of another one.

use std::sync::Arc;
use std::time::Duration;

use projections::event::Kind;
use projections::market::Market;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vitrine::clock;
use vitrine::generate::{Generator, Options};
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::projector::{Batch, Bounds, Projector, reconfigure};
use vitrine::rebuild::progress::{Phase, Progress};
use vitrine::rebuild::{RebuildError, from_live};
use vitrine::store::dead_letter::{DeadLetterFilter, NewDeadLetter};
use vitrine::store::facts::FactKeys;
use vitrine::store::seed::Seed;
use vitrine::store::{Advance, StoreError};

use super::same::{About, answers, assert_same};
use super::support::{commit, product, product_write, save};
use super::{Fixture, Store};

/// Many parts.
const PRODUCTS: u64 = 300;

fn markets() -> Vec<Market> {
    [("default", "USD"), ("eu", "EUR")]
        .map(|(id, currency)| Market {
            id: id.to_owned(),
            currency: currency.to_owned(),
            locale: "en".to_owned(),
        })
        .into()
}

/// All of time is stored, so that views do not depend on when they are computed.
fn bounds() -> Bounds {
    let ages = Duration::from_secs(30_000 * 24 * 3600);
    Bounds {
        inline_products: 100,
        defer_products: 100_000,
        chunk_products: 20,
        chunk_products_max: 20,
        past: ages,
        ahead: ages,
    }
}

/// A catalogue as a projector leaves it; some of what it was told was no event.
async fn projected(store: &Store, products: u64) -> FactKeys {
    let start = projections::instant::Instant(clock::now().millis() - 15 * 24 * 3_600_000);
    let mut generator = Generator::new(Options { products, events: products * 6, seed: 3, start });
    let projector = Projector::new(Arc::clone(store), markets(), bounds());
    reconfigure::begin(store.as_ref(), &markets()).await.unwrap();
    let mut keys = FactKeys::default();
    let (mut next, mut more) = (0, true);
    while more {
        let mut batch = Batch::default();
        let expected = next;
        let partition = Partition { topic: "catalog".to_owned(), partition: 0 };
        for _ in 0..20_000 {
            let mut line = Vec::new();
            more = generator.write_next(&mut line);
            if !more {
                line = b"no event".to_vec();
            }
            let position = Position { topic: "catalog".into(), partition: 0, offset: next };
            batch.push(position, Kind::Price, Record::plain(line.into()));
            next += 1;
            if !more {
                break;
            }
        }
        batch.moves = vec![Advance { last: None, partition, expected, next }];
        note(&batch, &mut keys);
        projector.apply(&batch).await.unwrap();
    }
    while projector.fanout_step(u32::MAX).await.unwrap().more {}
    keys
}

fn note(batch: &Batch, keys: &mut FactKeys) {
    use projections::event::Change;
    for change in batch.events.iter().filter_map(|e| e.change()) {
        match change {
            Change::Product { product_id, .. } => keys.products.push(product_id.clone()),
            Change::Price { price_id, .. } => keys.prices.push(price_id.clone()),
            Change::Stock { sku, location, .. } => keys.stock.push((sku.clone(), location.clone())),
            Change::Discount { discount_id, .. } => keys.discounts.push(discount_id.clone()),
            Change::Review { review_id, .. } => keys.reviews.push(review_id.clone()),
        }
    }
    keys.products.sort();
    keys.products.dedup();
}

async fn all_answers(store: &Store, keys: &FactKeys) -> Vec<String> {
    let now = clock::now().millis();
    let day = now - now % (24 * 3_600_000);
    let about = About {
        keys,
        products: &keys.products,
        markets: &["default", "eu"],
        groups: &[None, Some("vip"), Some("b2b")],
        instants: &[day - 5 * 24 * 3_600_000, day, day + 20 * 24 * 3_600_000],
    };
    answers(store, &about).await
}

/// Whether it is whole: it was not stopped.
fn is_whole(seeded: Result<(), RebuildError>) -> bool {
    match seeded {
        Ok(()) => true,
        Err(RebuildError::Stopped) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn seed(store: &Store, from: &Seed, stop: &CancellationToken) -> (bool, Progress) {
    let progress = watch::Sender::new(Progress::default());
    let seeded = from_live::seed(store, from, &markets(), &bounds(), &progress, stop).await;
    let told = progress.borrow().clone();
    (is_whole(seeded), told)
}

pub async fn a_generation_from_facts_answers_the_same(fixture: &impl Fixture) {
    let live = fixture.open().await;
    let keys = projected(&live, PRODUCTS).await;
    let (new, from) = fixture.open_beside().await;
    let (whole, told) = seed(&new, &from, &CancellationToken::new()).await;
    assert_eq!((whole, told.phase), (true, Phase::Done));
    assert_eq!(told.products, live.status().await.unwrap().products);
    assert_same(&all_answers(&new, &keys).await, &all_answers(&live, &keys).await);
    let mut snapshot = new.snapshot().await.unwrap();
    assert!(reconfigure::in_effect(snapshot.as_mut(), &markets()).await.unwrap());
    drop(snapshot);
    assert!(!reconfigure::begin(new.as_ref(), &markets()).await.unwrap(), "nothing is pending");
    // And both go on alike.
    let gone =
        br#"{"specversion":"1.0","id":"x","source":"/t","type":"product.removed.v1","data":{}}"#;
    for store in [&live, &new] {
        let next = store.snapshot().await.unwrap().positions().await.unwrap()[0].clone();
        let mut batch = Batch::default();
        let position = Position { topic: "catalog".into(), partition: 0, offset: next.1 };
        batch.push(position, Kind::Product, Record::plain(gone.to_vec().into()));
        batch.moves =
            vec![Advance { last: None, partition: next.0, expected: next.1, next: next.1 + 1 }];
        Projector::new(Arc::clone(store), markets(), bounds()).apply(&batch).await.unwrap();
    }
    assert_same(&all_answers(&new, &keys).await, &all_answers(&live, &keys).await);
}

pub async fn it_goes_on_where_it_was_stopped(fixture: &impl Fixture) {
    let live = fixture.open().await;
    projected(&live, PRODUCTS).await;
    let products = live.status().await.unwrap().products;
    let (new, from) = fixture.open_beside().await;
    let stopped = CancellationToken::new();
    stopped.cancel();
    assert!(!seed(&new, &from, &stopped).await.0, "before the first part");
    // After it.
    let stop = CancellationToken::new();
    let progress = watch::Sender::new(Progress::default());
    let mut told = progress.subscribe();
    let part = async {
        told.wait_for(|p| p.products > 0).await.unwrap();
        stop.cancel();
    };
    let (markets, bounds) = (markets(), bounds());
    let seeding = from_live::seed(&new, &from, &markets, &bounds, &progress, &stop);
    let (whole, ()) = tokio::join!(seeding, part);
    assert!(!is_whole(whole));
    let before = progress.borrow().products;
    assert!(0 < before && before < products, "{before} of {products}");
    new.close().await;
    let (new, from) = fixture.open_beside().await;
    let (whole, told) = seed(&new, &from, &CancellationToken::new()).await;
    assert_eq!((whole, told.resumed, told.products), (true, true, products - before));
    assert_eq!(new.status().await.unwrap().products, products);
    // Of what is whole nothing is done again.
    let (whole, told) = seed(&new, &from, &CancellationToken::new()).await;
    assert_eq!((whole, told.products), (true, 0));
}

pub async fn facts_are_taken_over(fixture: &impl Fixture) {
    let live = fixture.open().await;
    projected(&live, 30).await;
    let letters = async |store: &Store| {
        let letters = store.dead_letters(DeadLetterFilter::All, 0, 100).await.unwrap();
        letters.into_iter().map(|l| (l.id, l.position, l.received_at)).collect::<Vec<_>>()
    };
    let put = async |store: &Store, offset: i64| {
        let letter = NewDeadLetter {
            position: Position { topic: "t".into(), partition: 0, offset },
            code: "c".into(),
            detail: "d".into(),
            subject: None,
            record: Record::plain(vec![1].into()),
        };
        commit(store, async |tx| tx.put_dead_letters(&[letter]).await.unwrap()).await;
    };
    put(&live, 1).await;
    let (new, from) = fixture.open_beside().await;
    new.seed_facts(&from).await.unwrap();
    let found = letters(&new).await;
    assert_eq!((found.len(), &found), (2, &letters(&live).await));
    // Ids go on.
    put(&live, 2).await;
    put(&new, 2).await;
    let ids = |letters: Vec<(i64, String, _)>| letters.into_iter().map(|l| l.0).collect::<Vec<_>>();
    assert_eq!(ids(letters(&new).await), ids(letters(&live).await));
    // No views: but every product that is live, in order.
    let of = async |store: &Store, after: &str, limit: u32| {
        store.snapshot().await.unwrap().product_ids(after, limit).await.unwrap()
    };
    let all = of(&live, "", 1_000).await;
    assert!(all.len() > 20 && all.is_sorted(), "{all:?}");
    assert_eq!(of(&new, "", 1_000).await, all);
    assert_eq!(of(&new, &all[3], 2).await, &all[4..6]);
    assert_eq!(new.status().await.unwrap().products, 0);
}

pub async fn facts_are_taken_over_once_and_from_what_fits(fixture: &impl Fixture) {
    let live = fixture.open().await;
    let removed = product_write("gone", 1, None);
    let products = vec![product_write("mug", 1, Some(product(&["s"]))), removed];
    save(&live, &vitrine::store::facts::FactWrites { products, ..Default::default() }).await;
    let (new, from) = fixture.open_beside().await;
    let refused = async |seed: &Seed| match new.seed_facts(seed).await {
        Err(StoreError::Incompatible(why)) => why,
        other => panic!("{seed:?}: {other:?}"),
    };
    refused(&Seed::Schema("vitrine_g9".into())).await;
    refused(&Seed::Schema("pg_catalog; DROP SCHEMA vitrine_g1 CASCADE".into())).await;
    refused(&Seed::File("/nowhere/generation.db".into())).await;
    new.seed_facts(&from).await.unwrap();
    let only_mug = vec!["mug".to_owned()];
    let products =
        async |store: &Store| store.snapshot().await.unwrap().product_ids("", 10).await.unwrap();
    assert_eq!(products(&new).await, only_mug);
    // What comes later is not taken any more.
    let later = vec![product_write("cup", 1, Some(product(&["c"])))];
    save(&live, &vitrine::store::facts::FactWrites { products: later, ..Default::default() }).await;
    new.seed_facts(&from).await.unwrap();
    assert_eq!(products(&new).await, only_mug);
    // One that has facts of its own takes none, and loses none.
    assert!(matches!(live.seed_facts(&from).await, Err(StoreError::Incompatible(_))));
    assert_eq!(products(&live).await, ["cup", "mug"]);
}
