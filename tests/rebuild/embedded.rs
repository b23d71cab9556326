//! Whole streams of the embedded log.

use serde_json::{Value, json};

use super::dump::{Dump, LETTERS, OUTCOMES, assert_same, counted, live};
use super::shop::{AMPLE, Shop, append, job, open, open_log, runtime};
use crate::harness::events::{event, price, product};
use crate::harness::now;
use crate::harness::stream::{Rng, generated, nasty};
use vitrine::rebuild::fill;

/// So little that each batch goes to a file, and products are grouped in many.
pub const SCARCE: u64 = 30_000;

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A generated stream and a nasty one, mixed.
pub fn stream(seed: u64) -> Vec<String> {
    let mut lines = generated(40, 1_500, seed, now() - 2 * DAY);
    lines.extend(nasty(seed, 1_500, now()));
    let mut rng = Rng::new(seed);
    for last in (1..lines.len()).rev() {
        lines.swap(last, rng.below(last + 1));
    }
    lines
}

#[test]
fn a_rebuilt_store_is_the_projected_one() {
    for seed in 1..=3 {
        let lines = stream(seed);
        let (projected, rebuilt, scarce) = runtime().block_on(async {
            let shop = Shop::new(&lines).await;
            let projected = shop.projected(300 + 100 * seed as usize).await;
            let (filled, progress, rebuilt) = shop.rebuilt(AMPLE).await;
            assert_eq!(filled.events, lines.len() as u64);
            assert_eq!(filled.products, live(&rebuilt));
            assert_eq!((progress.events, progress.spilled_bytes), (filled.events, 0));
            assert_eq!(
                (progress.products, progress.products_total),
                (filled.products, filled.products)
            );
            let (filled, progress, scarce) = shop.rebuilt(SCARCE).await;
            assert_eq!(filled.events, lines.len() as u64);
            assert!(progress.spilled_bytes > 3 * SCARCE, "{progress:?}");
            (projected, rebuilt, scarce)
        });
        assert!(live(&projected) > 40 && projected["price"].len() > 100);
        assert_same(&projected, &rebuilt, &[]);
        // What was folded apart is only counted in sum.
        assert_same(&projected, &scarce, &[OUTCOMES]);
        assert_eq!(counted(&scarce), lines.len() as u64);
    }
}

/// A product's event that lacks a name.
fn bad(id: &str, version: Option<u64>) -> String {
    let version = version.map_or(Value::Null, |version| json!(version));
    event("product.upserted.v1", now(), &json!({"product_id": id, "version": version}))
}

#[test]
fn dead_letters_are_kept_and_settled() {
    let good = |id, version| product(id, json!({"version": version}));
    let lines = [
        "no json".to_owned(),
        bad("settled", Some(1)),
        bad("settled", None),
        bad("open", Some(7)),
        good("open", 6),
        good("settled", 2),
        bad("unknown", Some(1)),
        event("order.placed.v1", now(), &json!({})),
        // Nothing says that it is not newer.
        bad("open", None),
    ];
    let dumps: Vec<Dump> = runtime().block_on(async {
        let shop = Shop::new(&lines).await;
        vec![shop.projected(3).await, shop.rebuilt(AMPLE).await.2, shop.rebuilt(1).await.2]
    });
    for dump in &dumps {
        let states: Vec<usize> = ["'open'", "'settled'"]
            .map(|state| dump[LETTERS].iter().filter(|line| line.contains(state)).count())
            .into();
        assert_eq!(states, [4, 2], "{:#?}", dump[LETTERS]);
        let counts =
            ["'applied' 2", "'dead_letter' 6", "'unknown_type' 1", "'warning type.unknown' 1"];
        assert_eq!(dump[OUTCOMES], counts);
        assert_same(&dumps[0], dump, &[]);
    }
}

#[test]
fn a_product_keeps_as_many_prices_as_it_may_have() {
    let mut lines = vec![product("p", json!({}))];
    lines.extend((0..10_004).map(|n| price(&format!("price-{n}"), "p", n, json!({}))));
    let (projected, rebuilt) = runtime().block_on(async {
        let shop = Shop::new(&lines).await;
        (shop.projected(4_000).await, shop.rebuilt(AMPLE).await.2)
    });
    assert_eq!(rebuilt[LETTERS].len(), 4);
    assert!(rebuilt[LETTERS].iter().all(|line| line.contains("data.price_id.too_many")));
    assert_eq!(rebuilt[OUTCOMES], ["'applied' 10001", "'dead_letter' 4"]);
    // The order of so many prices that are all alike but for their amounts does not matter.
    assert_same(&projected, &rebuilt, &[]);
}

#[test]
fn an_empty_log_fills_a_generation_with_nothing() {
    let (filled, rebuilt) = runtime().block_on(async {
        let shop = Shop::new(&[]).await;
        let (filled, _, rebuilt) = shop.rebuilt(AMPLE).await;
        (filled, rebuilt)
    });
    assert_eq!(filled, vitrine::rebuild::Filled::default());
    assert!(rebuilt["position"].is_empty() && rebuilt["product"].is_empty());
}

#[test]
fn a_projector_goes_on_from_where_reading_ended() {
    let lines = stream(4);
    let (early, late) = lines.split_at(1_000);
    let (projected, filled) = runtime().block_on(async {
        let shop = Shop::new(early).await;
        let (filled, ..) = shop.rebuilt(AMPLE).await;
        append(shop.embedded(), late).await;
        let whole = shop.projected(700).await;
        // The same file, projected on.
        let path = shop.path(&format!("rebuilt-{AMPLE}.db"));
        let store = open(&path).await;
        let mut snapshot = store.snapshot().await.unwrap();
        let mut positions = snapshot.positions().await.unwrap();
        drop(snapshot);
        positions.sort();
        assert_eq!(positions, {
            let mut p = filled.positions.clone();
            p.sort();
            p
        });
        store.close().await;
        (whole, (super::shop::project_on(&shop, &path).await, filled))
    });
    assert_eq!(filled.1.events, 1_000);
    assert_same(&projected, &filled.0, &[]);
}

#[test]
fn what_is_read_again_ends_where_it_ended() {
    // Killed when some is written, and then the folder is lost, and more is published.
    let lines = stream(5);
    let (early, late) = lines.split_at(1_500);
    let directory = tempfile::tempdir().unwrap();
    let ends = runtime().block_on(async {
        let log = open_log(directory.path()).await;
        append(&log, early).await;
        let log = vitrine::log::Log::Embedded(log);
        let store = open(&directory.path().join("g.db")).await;
        let job = job(log, store, SCARCE, directory.path().join("rebuild"));
        let mut progress = job.progress.subscribe();
        let stop = job.stop.clone();
        let stopping = tokio::spawn(async move {
            progress.wait_for(|p| p.products > 0).await.map(|_| ()).unwrap();
            stop.cancel();
        });
        let (store, stopped) = (job.store.clone(), fill(job).await);
        stopping.await.unwrap();
        assert!(matches!(stopped, Err(vitrine::rebuild::RebuildError::Stopped)), "{stopped:?}");
        assert!(store.snapshot().await.unwrap().positions().await.unwrap().is_empty());
        store.close().await;
        early.len() as i64 + 1
    });
    std::fs::remove_dir_all(directory.path().join("rebuild")).unwrap();
    let filled = runtime().block_on(async {
        let log = open_log(directory.path()).await;
        append(&log, late).await;
        let store = open(&directory.path().join("g.db")).await;
        let log = vitrine::log::Log::Embedded(log);
        fill(job(log, store, AMPLE, directory.path().join("rebuild"))).await.unwrap()
    });
    assert_eq!(filled.events, early.len() as u64);
    assert!(filled.positions.iter().all(|(_, next)| *next == ends), "{filled:?}");
}
