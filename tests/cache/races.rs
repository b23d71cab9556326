//! Changes against loads. Each says which order of steps it plays.

use std::sync::Arc;

use vitrine::cache::stamps::slots;
use vitrine::cache::{Entry, Loaded, Lookup, PageKey, Put, Source, Tag, Version};

use super::bench::{Bench, body, page, page_until, product, settle};

fn entry(bench: &Bench, id: &str, text: &str, version: Version) -> Entry {
    Entry::new(page(id, text), version, bench.cache.now())
}

/// The load reads, the change is told, the load ends: its page is from before the change.
#[tokio::test]
async fn change_during_a_load() {
    let bench = Bench::new();
    let mut asks = bench.get_held("p");
    let (version, load) = asks.load().await;
    assert_eq!(version, Version(0));
    bench.change("p");
    load.send(Ok(page("p", "old"))).unwrap();
    // It loads again, and what is kept is of the second load.
    let (version, load) = asks.load().await;
    assert_eq!(version, Version(1));
    assert_eq!(bench.hit("p"), None);
    load.send(Ok(page("p", "new"))).unwrap();
    let got = asks.got().await;
    assert_eq!((body(got.entry.answer()).as_str(), got.source), ("new", Source::Loaded));
    assert_eq!(bench.hit("p").as_deref(), Some("new"));
    assert_eq!(bench.cache.statistics().put_refused, 1);
}

/// The load ends, the change is told, and only then is the page put.
#[tokio::test]
async fn change_between_load_and_put() {
    let bench = Bench::new();
    let loaded = entry(&bench, "p", "old", Version(0));
    bench.change("p");
    assert!(matches!(bench.cache.put(&PageKey::from(product("p")), loaded), Put::Refused(_)));
    assert!(matches!(bench.cache.lookup(&product("p"), &bench.cache.now()), Lookup::Miss));
}

/// The page is put, and the change is told right after: as if between the put's check and the put.
#[tokio::test]
async fn change_after_the_check_of_a_put() {
    let bench = Bench::new();
    bench.cache.put(&PageKey::from(product("p")), entry(&bench, "p", "old", Version(0)));
    assert_eq!(bench.hit("p").as_deref(), Some("old"));
    bench.change("p");
    assert_eq!(bench.hit("p"), None);
    // And it stays so, whatever else is told.
    bench.change("q");
    assert_eq!(bench.hit("p"), None);
}

/// Change 2 is told before change 1: the older one must not take the tombstone back.
#[tokio::test]
async fn changes_told_out_of_order() {
    let bench = Bench::new();
    bench.cache.stamps().stamp(Tag::Product("p"), Version(2));
    bench.cache.stamps().stamp(Tag::Product("p"), Version(1));
    let between = entry(&bench, "p", "1", Version(1));
    assert!(matches!(bench.cache.put(&PageKey::from(product("p")), between), Put::Refused(_)));
    assert_eq!(bench.cache.stamps().followed(), Version(2));
    // A load that begins now sees both.
    bench.get("p", "2").await;
    assert_eq!(bench.hit("p").as_deref(), Some("2"));
}

/// Clearing everything is a change of every page, of those under way as well.
#[tokio::test]
async fn everything_cleared_during_a_load() {
    let bench = Bench::new();
    bench.get("q", "old").await;
    let mut asks = bench.get_held("p");
    let (_, load) = asks.load().await;
    bench.cache.stamps().tell([Tag::All]);
    load.send(Ok(page("p", "old"))).unwrap();
    let (_, load) = asks.load().await;
    assert_eq!((bench.hit("p"), bench.hit("q")), (None, None));
    load.send(Ok(page("p", "new"))).unwrap();
    assert_eq!(body(asks.got().await.entry.answer()), "new");
}

/// The page is evicted while it is loaded anew, and a change told: with the entry, a mark in it
/// would be gone; the tombstone is not.
#[tokio::test]
async fn eviction_during_a_load() {
    let mut limits = super::bench::limits();
    limits.max_bytes = 4096;
    let bench = Bench::with(limits);
    bench.get("p", "older").await;
    bench.change("p");
    let mut asks = bench.get_held("p");
    let (_, load) = asks.load().await;
    bench.change("p");
    for other in 0..64 {
        for _ in 0..8 {
            bench.get(&format!("other-{other}"), "other").await;
        }
        bench.cache.settle();
    }
    assert!(matches!(bench.cache.lookup(&product("p"), &bench.cache.now()), Lookup::Miss));
    load.send(Ok(page("p", "old"))).unwrap();
    let (_, load) = asks.load().await;
    assert_eq!(bench.hit("p"), None);
    load.send(Ok(page("p", "new"))).unwrap();
    assert_eq!(body(asks.got().await.entry.answer()), "new");
    assert!(bench.cache.statistics().evictions > 0);
}

/// A page whose time is over is loaded anew behind the answer; the change comes before that ends.
#[tokio::test]
async fn revalidation_against_a_change() {
    let bench = Bench::new();
    bench.get("p", "old").await;
    bench.clock.pass(60_000);
    let mut asks = bench.get_held("p");
    let (_, load) = asks.load().await;
    let shown = bench.get("p", "never loaded").await;
    assert_eq!((body(shown.entry.answer()).as_str(), shown.source), ("old", Source::Expired));
    bench.change("p");
    load.send(Ok(page("p", "old"))).unwrap();
    settle().await;
    assert_eq!(bench.hit("p"), None);
    assert_eq!(asks.got().await.source, Source::Expired);
    // From the change on, the old page is not answered any more, not even as stale.
    assert_eq!(body(bench.get("p", "new").await.entry.answer()), "new");
}

/// The store that is read is behind: the load begins after the change and misses it.
#[tokio::test]
async fn a_store_that_is_behind() {
    let bench = Bench::new();
    let version = bench.change("p");
    let mut asks = bench.get_held("p");
    for _ in 0..3 {
        let (taken, load) = asks.load().await;
        assert_eq!(taken, version);
        let behind = Loaded { version: Some(Version(0)), ..page("p", "old") };
        load.send(Ok(behind)).unwrap();
    }
    // Better than nothing, but not to be kept.
    let got = asks.got().await;
    assert_eq!((got.source, got.entry.version()), (Source::Uncached, Version(0)));
    assert_eq!(bench.hit("p"), None);
}

/// A store that claims to be ahead: changes that are still to be told would be taken as seen.
#[tokio::test]
async fn a_store_that_claims_to_be_ahead() {
    let bench = Bench::new();
    let mut asks = bench.get_held("p");
    let (_, load) = asks.load().await;
    load.send(Ok(Loaded { version: Some(Version(9)), ..page("p", "old") })).unwrap();
    assert_eq!(asks.got().await.entry.version(), Version(0));
    bench.change("p");
    assert_eq!(bench.hit("p"), None);
}

/// The load begins, the change is told, and only then one more asks: it must not be given what
/// the load brings, which is from before.
#[tokio::test]
async fn one_who_asks_after_the_change_waits_for_a_load_from_before() {
    let bench = Bench::new();
    let mut first = bench.get_held("p");
    let (_, load) = first.load().await;
    bench.change("p");
    let mut second = bench.get_held("p");
    settle().await;
    assert!(second.loads_nothing(), "one load at a time");
    load.send(Ok(page("p", "old"))).unwrap();
    // Whichever of the two loads now, both are given that.
    let (version, load) =
        tokio::select! { load = first.load() => load, load = second.load() => load };
    assert_eq!(version, Version(1));
    load.send(Ok(page("p", "new"))).unwrap();
    assert_eq!(body(second.got().await.entry.answer()), "new");
    assert_eq!(body(first.got().await.entry.answer()), "new");
    assert_eq!(bench.cache.statistics().loads, 2);
}

/// Changes are faster than loads: after three of them the page is answered and not kept.
#[tokio::test]
async fn three_rounds_at_most() {
    let bench = Bench::new();
    let mut asks = bench.get_held("p");
    for round in 0..3 {
        let (version, load) = asks.load().await;
        assert_eq!(version, Version(round));
        bench.change("p");
        load.send(Ok(page("p", &round.to_string()))).unwrap();
    }
    let got = asks.got().await;
    assert_eq!((body(got.entry.answer()).as_str(), got.source), ("2", Source::Uncached));
    assert_eq!(bench.hit("p"), None);
    assert_eq!(bench.cache.statistics().put_refused, 3);
}

/// Two loads end in the wrong order: the older page must not replace the newer one.
#[tokio::test]
async fn an_older_page_is_put_after_a_newer_one() {
    let bench = Bench::new();
    let key = PageKey::from(product("p"));
    let older = entry(&bench, "p", "older", Version(0));
    bench.change("q");
    let newer = entry(&bench, "p", "newer", bench.cache.stamps().followed());
    assert!(matches!(bench.cache.put(&key, newer), Put::Kept(_)));
    assert!(matches!(bench.cache.put(&key, older), Put::Refused(_)));
    assert_eq!(bench.hit("p").as_deref(), Some("newer"));
    // Of one version, the load that began later counts.
    let before = entry(&bench, "p", "before", Version(1));
    bench.clock.pass(5);
    assert!(matches!(bench.cache.put(&key, entry(&bench, "p", "after", Version(1))), Put::Kept(_)));
    assert!(matches!(bench.cache.put(&key, before), Put::Refused(_)));
    assert_eq!(bench.hit("p").as_deref(), Some("after"));
}

/// A boundary passes during the load: its page is of a time that is over.
#[tokio::test]
async fn a_boundary_passes_during_a_load() {
    let bench = Bench::new();
    let mut asks = bench.get_held("p");
    let (_, load) = asks.load().await;
    let boundary = projections::instant::Instant(1000);
    bench.clock.pass(1000);
    load.send(Ok(page_until("p", "before", boundary))).unwrap();
    let (_, load) = asks.load().await;
    assert_eq!(bench.hit("p"), None);
    load.send(Ok(page("p", "after"))).unwrap();
    assert_eq!(body(asks.got().await.entry.answer()), "after");
}

/// Threads tell changes and get pages at once: no get may return less than what was told before
/// it, and loads bring what the store has when they begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let bench = Bench::new();
    let (store, told) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut asking = Vec::new();
    for _ in 0..8 {
        let (cache, store, told) = (bench.cache.clone(), store.clone(), told.clone());
        asking.push(tokio::spawn(async move {
            for _ in 0..2000 {
                let least = told.load(Ordering::SeqCst);
                let store = store.clone();
                let load = move |_| {
                    let value = store.load(Ordering::SeqCst);
                    async move {
                        tokio::task::yield_now().await;
                        Ok(Loaded {
                            slots: slots([Tag::Product("p")]),
                            ..page("p", &value.to_string())
                        })
                    }
                };
                let got = cache.get_or_load(&product("p"), load).await.unwrap();
                let value: u64 = body(got.entry.answer()).parse().unwrap();
                assert!(value >= least, "{value} after {least} was told");
            }
        }));
    }
    for value in 1..=1000 {
        store.store(value, Ordering::SeqCst);
        bench.change("p");
        told.store(value, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    for asks in asking {
        asks.await.unwrap();
    }
    assert_eq!(bench.cache.loads_under_way(), 0);
}
