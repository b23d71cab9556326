//! What is done to pages with no request: they are counted, filled, sampled and discarded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use vitrine::cache::{Filled, GetError, PageKey, Tag};

use super::bench::{Bench, Failed, body, limits, page, product};

fn taken(bench: &Bench) -> HashMap<String, u32> {
    let mut taken = HashMap::new();
    bench.cache.take_asked(|key, _, asked| {
        assert_eq!(taken.insert(key.as_ref().id.to_owned(), asked), None);
    });
    taken
}

#[tokio::test]
async fn what_was_asked_for_is_taken_once() {
    let bench = Bench::new();
    for _ in 0..3 {
        bench.get("a", "1").await.entry.count_asked();
    }
    bench.get("b", "1").await.entry.count_asked();
    bench.get("nobody", "1").await;
    assert_eq!(taken(&bench), HashMap::from([("a".to_owned(), 3), ("b".to_owned(), 1)]));
    assert_eq!(taken(&bench), HashMap::new());
}

#[tokio::test]
async fn counts_go_over_to_the_page_that_replaces_another() {
    let bench = Bench::new();
    for number in 0..4 {
        let got = bench.get("a", &number.to_string()).await;
        got.entry.count_asked();
        bench.change("a");
    }
    bench.get("a", "last").await;
    assert_eq!(taken(&bench), HashMap::from([("a".to_owned(), 4)]));
}

#[tokio::test]
async fn a_page_is_filled_once_and_counts_for_nobody() {
    let bench = Bench::new();
    let (key, loads) = (PageKey::from(product("a")), AtomicUsize::new(0));
    let fill = || {
        bench.cache.fill(&key, |_| {
            loads.fetch_add(1, Ordering::Relaxed);
            async { Ok(page("a", "filled")) }
        })
    };
    assert!(matches!(fill().await, Ok(Filled::Loaded(_))));
    assert!(matches!(fill().await, Ok(Filled::There)));
    assert_eq!(bench.hit("a").as_deref(), Some("filled"));
    // One whose time is over is loaded before the call returns.
    bench.clock.pass(limits().ttl.as_millis() as i64);
    assert!(matches!(fill().await, Ok(Filled::Loaded(_))));
    assert_eq!(loads.load(Ordering::Relaxed), 2);
    let statistics = bench.cache.statistics();
    assert_eq!((statistics.hits, statistics.misses, statistics.loads), (0, 0, 2));
    assert_eq!(taken(&bench), HashMap::new());
}

#[tokio::test]
async fn what_cannot_be_filled_is_said() {
    let bench = Bench::new();
    let key = PageKey::from(product("a"));
    for failed in [Failed::Away, Failed::Broken] {
        let filled = bench.cache.fill(&key, |_| async move { Err(failed) }).await;
        assert!(matches!(filled, Err(GetError::Load(error)) if error == failed));
    }
    // Changes are faster than the load.
    let filled = bench.cache.fill(&key, |_| async {
        bench.change("a");
        Ok(page("a", "old"))
    });
    assert!(matches!(filled.await, Ok(Filled::NotKept)));
    // An older page stands in for a store that is away: it is not a warm one.
    bench.get("a", "right").await;
    bench.change("a");
    let filled = bench.cache.fill(&key, |_| async { Err(Failed::Away) }).await;
    assert!(matches!(filled, Ok(Filled::Away)));
}

#[tokio::test]
async fn a_sample_has_valid_pages_each_once() {
    let bench = Bench::new();
    for number in 0..50 {
        bench.get(&number.to_string(), "body").await;
    }
    bench.change("7");
    let sample = |most| {
        let mut ids: Vec<String> =
            bench.cache.sample(most).iter().map(|(key, _)| key.as_ref().id.to_owned()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    assert_eq!(sample(0), Vec::<String>::new());
    assert_eq!(sample(10).len(), 10);
    let all = sample(1000);
    assert_eq!(all.len(), 49);
    assert!(!all.contains(&"7".to_owned()));
    // By chance: in so many samples of a fifth every page is drawn. That one of them is not has a
    // probability of less than 49 * 0.8^400.
    let drawn: std::collections::HashSet<String> = (0..400).flat_map(|_| sample(10)).collect();
    assert_eq!(drawn.len(), 49);
}

#[tokio::test]
async fn only_the_page_that_is_wrong_is_discarded() {
    let bench = Bench::new();
    let key = PageKey::from(product("a"));
    let wrong = bench.get("a", "wrong").await.entry;
    assert!(bench.cache.is_answered(&key, &wrong));
    bench.cache.discard(&key, &wrong);
    assert_eq!(bench.hit("a"), None);
    assert!(!bench.cache.is_answered(&key, &wrong));
    let right = bench.get("a", "right").await.entry;
    assert_eq!(body(right.answer()), "right");
    bench.cache.discard(&key, &wrong);
    assert_eq!(bench.hit("a").as_deref(), Some("right"));
    // Once a change was told, it is not what is answered.
    bench.cache.stamps().tell([Tag::Product("a")]);
    assert!(!bench.cache.is_answered(&key, &right));
}

/// Answers those that were kept.
async fn fill_together(bench: &Bench, ids: &'static [&str], changed: Option<&str>) -> Vec<String> {
    let load = async |_| {
        changed.map(|id| bench.change(id));
        Ok(ids.iter().map(|id| (PageKey::from(product(id)), page(id, "together"))).collect())
    };
    let kept = bench.cache.fill_together(load).await.unwrap();
    let id_of = |(key, _): &(PageKey, _)| key.as_ref().id.to_owned();
    kept.iter().map(id_of).collect()
}

#[tokio::test]
async fn of_pages_that_are_filled_together_those_are_kept_that_did_not_change() {
    let bench = Bench::new();
    bench.get("b", "1").await;
    assert_eq!(fill_together(&bench, &["a", "b", "c"], Some("c")).await, ["a", "b"]);
    let found = ["a", "b", "c"].map(|id| bench.hit(id));
    assert_eq!(found, [Some("together".to_owned()), Some("together".to_owned()), None]);
    // What changes later is seen.
    bench.change("a");
    assert_eq!(bench.hit("a"), None);
    assert_eq!(taken(&bench), HashMap::new());
    let statistics = bench.cache.statistics();
    assert_eq!((statistics.loads, statistics.put_refused), (4, 1));

    let failed = bench.cache.fill_together(async |_| Err(Failed::Away)).await;
    assert!(matches!(failed, Err(GetError::Load(Failed::Away))));
    let statistics = bench.cache.statistics();
    assert_eq!((statistics.loads, statistics.failed_loads), (5, 1));
}
