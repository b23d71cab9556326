//! Two generations compared: what is the same, what is not, and what is only of the moment.

mod bugs;
mod moments;
mod rules;
mod sides;

use std::collections::BTreeSet;

use crate::harness::events::event;
use crate::harness::now;
use crate::harness::stream::{generated, nasty, shuffled};
use projections::instant::Instant;
use serde_json::json;
use sides::{Sides, catalogue, paths, scope};
use tokio_util::sync::CancellationToken;
use vitrine::verdict::{Scope, VerdictError, compare};

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_events_makes_no_difference() {
    for seed in [1, 2, 3] {
        let lines = nasty(seed, 400, now());
        let mut sides = Sides::new().await;
        sides.live.hear(&lines).await;
        sides.new.hear(&shuffled(&lines, seed)).await;
        let verdict = sides.compare(&scope()).await;
        assert_eq!(paths(&verdict), BTreeSet::new(), "seed {seed}: {verdict:#?}");
        assert_eq!((verdict.unsettled, verdict.products_sampled), (0, false));
        assert_eq!(verdict.compared.products, verdict.live.products);
        assert!(verdict.compared.discounts > 3, "{verdict:?}");
        assert!(verdict.judge(&[]).passes());
    }
}

/// In which rows come back does not depend on the store.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_makes_no_difference() {
    let lines = nasty(21, 400, now());
    let mut sides = Sides::in_both_stores().await;
    sides.live.hear(&lines).await;
    sides.new.hear(&shuffled(&lines, 21)).await;
    let verdict = sides.compare(&scope()).await;
    assert_eq!(paths(&verdict), BTreeSet::new(), "{verdict:#?}");
    sides.new.spoil("p1", |product| product.tags.push("odd".into())).await;
    let verdict = sides.compare(&scope()).await;
    assert_eq!(paths(&verdict), ["product.product.tags".to_owned()].into());
    let gone = json!({"product_id": "p1", "version": 9_999});
    sides.new.imagine(&[event("product.deleted.v1", 0, &gone)]).await;
    let found = paths(&sides.compare(&scope()).await);
    let expected = ["counts.products", "product"];
    assert!(expected.iter().all(|path| found.contains(*path)), "{found:#?}");
}

/// Batches of other sizes.
#[tokio::test(flavor = "multi_thread")]
async fn how_events_are_cut_makes_no_difference() {
    for seed in [11, 12, 13, 14] {
        let lines = nasty(seed, 300, now());
        let mut sides = Sides::new().await;
        sides.live.hear(&lines).await;
        for chunk in lines.chunks(7) {
            sides.new.hear(chunk).await;
        }
        let verdict = sides.compare(&scope()).await;
        assert_eq!(paths(&verdict), BTreeSet::new(), "seed {seed}: {verdict:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_products_are_drawn_and_what_differs_in_them_is_found() {
    const RELEASED: &str = "product.product.released_at";
    let lines = generated(120, 700, 5, now() - 86_400_000);
    let mut sides = Sides::new().await;
    sides.both_hear(&lines).await;
    let ids = sides.ids().await;
    assert!(ids.len() > 60, "{}", ids.len());
    let spoiled: BTreeSet<&String> = ids.iter().step_by(ids.len() / 5).collect();
    for id in &spoiled {
        sides.new.spoil(id, |product| product.released_at = Instant(1)).await;
    }
    let (mut found, mut times, seeds) = (BTreeSet::new(), 0, 12);
    for seed in 0..seeds {
        let scope = Scope { max_products: ids.len() / 3, seed, ..scope() };
        let verdict = sides.compare(&scope).await;
        assert!(verdict.products_sampled);
        assert_eq!(verdict.compared.products as usize, ids.len() / 3);
        let released = verdict.differences.iter().filter(|d| d.path == RELEASED);
        for example in released.flat_map(|difference| &difference.examples) {
            found.insert(example.subject.clone());
            times += 1;
        }
    }
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), spoiled, "each is drawn by some seed");
    assert!(times < spoiled.len() * seeds as usize * 2 / 3, "{times} times");
    let whole = Scope { max_products: ids.len(), ..scope() };
    let verdict = sides.compare(&whole).await;
    assert!(!verdict.products_sampled);
    assert!(paths(&verdict).contains(RELEASED), "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_and_a_stop_is_heard() {
    let mut sides = Sides::new().await;
    sides.both_hear(&catalogue()).await;
    let told = std::sync::Mutex::new(Vec::new());
    let tell = |done, total| told.lock().unwrap().push((done, total));
    let (live, new) = (sides.live.store(), sides.new.store());
    compare(live, new, &scope(), &tell, &CancellationToken::new()).await.unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.is_sorted() && !told.is_empty(), "{told:?}");
    assert_eq!(told.last().unwrap().0, told.last().unwrap().1);

    let stop = CancellationToken::new();
    stop.cancel();
    let stopped = compare(live, new, &scope(), &|_, _| {}, &stop).await;
    assert!(matches!(stopped, Err(VerdictError::Stopped)), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_is_not_projected_is_no_verdict() {
    let mut sides = Sides::new().await;
    sides.both_hear(&catalogue()).await;
    sides.live.hear(&[crate::harness::events::stock("p1", 50, 3)]).await;
    let scope = Scope { follow_within: std::time::Duration::from_millis(50), ..scope() };
    let (live, new) = (sides.live.store(), sides.new.store());
    let error = compare(live, new, &scope, &|_, _| {}, &CancellationToken::new()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("the new generation does not reflect"), "{error}");
    assert!(error.contains(&format!("catalog:0:{}", sides.live.next - 1)), "{error}");
}

/// A writer of another kind of projector: its rules are not those of the live one.
#[tokio::test(flavor = "multi_thread")]
async fn other_rules_are_found() {
    let lines = catalogue();
    let mut sides = Sides::new().await;
    sides.live.hear(&lines).await;
    let dearer = |line: &String| line.replace("\"amount\":300", "\"amount\":301");
    sides.new.hear(&lines.iter().map(dearer).collect::<Vec<_>>()).await;
    let verdict = sides.compare(&scope()).await;
    assert_eq!(paths(&verdict), bugs::dearer(["product.price", "product.variants[].price"]));
    assert!(verdict.at <= Instant(now()));
}
