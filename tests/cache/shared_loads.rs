//! One load for all who ask, bounds on loads, and stores that are away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use projections::instant::Instant;
use vitrine::cache::{GetError, Limits, Source, Version};

use super::bench::{Bench, Failed, Held, body, limits, page, page_until, product, settle};

#[tokio::test]
async fn ten_thousand_who_ask_for_one_cold_page_make_one_load() {
    let bench = Bench::new();
    let loads = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let mut asking = Vec::new();
    for _ in 0..10_000 {
        let (cache, loads, gate) = (bench.cache.clone(), loads.clone(), gate.clone());
        asking.push(tokio::spawn(async move {
            let load = move |_| {
                loads.fetch_add(1, Ordering::SeqCst);
                let gate = gate.clone();
                async move {
                    let _open = gate.acquire().await;
                    Ok(page("p", "body"))
                }
            };
            cache.get_or_load(&product("p"), load).await
        }));
    }
    settle().await;
    gate.add_permits(1);
    for asks in asking {
        assert_eq!(body(asks.await.unwrap().unwrap().entry.answer()), "body");
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    assert_eq!((bench.cache.loads_under_way(), bench.cache.statistics().busy), (0, 0));
}

/// The one who loads goes away: one who waits takes over, and nothing is left behind.
#[tokio::test]
async fn the_one_who_loads_is_cancelled() {
    let bench = Bench::new();
    let mut first = bench.get_held("p");
    let (_, unused) = first.load().await;
    let mut second = bench.get_held("p");
    let mut third = bench.get_held("p");
    settle().await;
    assert!(second.loads_nothing() && third.loads_nothing());
    first.task.abort();
    // Whichever of the two wakes up first.
    let (_, load) = tokio::select! { load = second.load() => load, load = third.load() => load };
    assert!(unused.send(Ok(page("p", "lost"))).is_err(), "the first load is dropped");
    load.send(Ok(page("p", "body"))).unwrap();
    assert_eq!(body(second.got().await.entry.answer()), "body");
    assert_eq!(body(third.got().await.entry.answer()), "body");
    assert_eq!(bench.cache.loads_under_way(), 0);
}

/// All are cancelled, the one in the queue for a load as well: places and leaves are given back.
#[tokio::test]
async fn all_are_cancelled() {
    let bench = Bench::with(vitrine::cache::Limits { max_loads: 1, max_waiting: 1, ..limits() });
    let mut held = bench.get_held("p");
    let _load = held.load().await;
    let queued = bench.get_held("q");
    settle().await;
    assert_eq!(bench.cache.loads_waiting(), 1);
    queued.task.abort();
    held.task.abort();
    settle().await;
    assert_eq!((bench.cache.loads_waiting(), bench.cache.loads_under_way()), (0, 0));
    assert_eq!(bench.get("q", "body").await.source, Source::Loaded);
}

/// A load that panics is one that is given up.
#[tokio::test]
async fn a_load_that_panics_holds_nothing() {
    let bench = Bench::new();
    let cache = bench.cache.clone();
    let task = tokio::spawn(async move {
        let load = |_| async { panic!("a load that panics, as the test wants it") };
        cache.get_or_load(&product("p"), load).await
    });
    assert!(task.await.is_err());
    assert_eq!(bench.get("p", "body").await.source, Source::Loaded);
}

#[tokio::test]
async fn past_the_queue_they_are_busy_at_once() {
    let bench = Bench::with(vitrine::cache::Limits { max_loads: 1, max_waiting: 2, ..limits() });
    let mut loading = bench.get_held("a");
    let (_, load) = loading.load().await;
    let (mut second, mut third) = (bench.get_held("b"), bench.get_held("c"));
    settle().await;
    let turned_away = bench.get_held("d").task.await.unwrap();
    assert_eq!(turned_away.unwrap_err(), GetError::Busy);
    assert!(second.loads_nothing() && third.loads_nothing());
    // One who asks for a page that is on its way waits for no load of its own.
    let also = bench.get_held("a");
    load.send(Ok(page("a", "a"))).unwrap();
    assert_eq!(body(also.got().await.entry.answer()), "a");
    for held in [&mut second, &mut third] {
        let (_, load) = held.load().await;
        load.send(Ok(page("x", "x"))).unwrap();
    }
    assert_eq!(second.got().await.source, Source::Loaded);
    assert_eq!(third.got().await.source, Source::Loaded);
    assert_eq!(bench.cache.statistics().busy, 1);
}

/// A load that waited in the queue sees what changed meanwhile: its version is taken when it begins.
#[tokio::test]
async fn the_wait_for_a_load_is_not_part_of_it() {
    let bench = Bench::with(vitrine::cache::Limits { max_loads: 1, ..limits() });
    let mut first = bench.get_held("a");
    let (_, load) = first.load().await;
    let mut second = bench.get_held("b");
    settle().await;
    let version = bench.change("b");
    load.send(Ok(page("a", "a"))).unwrap();
    let (taken, load) = second.load().await;
    assert_eq!(taken, version);
    load.send(Ok(page("b", "b"))).unwrap();
    assert_eq!(second.got().await.source, Source::Loaded);
    assert_eq!(bench.cache.statistics().put_refused, 0);
}

#[tokio::test]
async fn errors_go_to_all_who_wait_and_are_not_kept() {
    let bench = Bench::new();
    let mut first = bench.get_held("p");
    let (_, load) = first.load().await;
    let second = bench.get_held("p");
    settle().await;
    load.send(Err(Failed::Broken)).unwrap();
    for asks in [first, second] {
        assert_eq!(asks.task.await.unwrap().unwrap_err(), GetError::Load(Failed::Broken));
    }
    assert_eq!(bench.get("p", "body").await.source, Source::Loaded);
    let statistics = bench.cache.statistics();
    assert_eq!((statistics.loads, statistics.failed_loads), (2, 1));
}

async fn failing(bench: &Bench, error: Failed) -> super::bench::Answered {
    bench.cache.get_or_load(&product("p"), move |_| async move { Err(error) }).await
}

#[tokio::test]
async fn an_older_page_stands_in_for_a_store_that_is_away() {
    let bench = Bench::new();
    bench.get("p", "old").await;
    bench.change("p");
    bench.clock.pass(300_000);
    let got = failing(&bench, Failed::Away).await.unwrap();
    assert_eq!((body(got.entry.answer()).as_str(), got.source), ("old", Source::Away));
    assert!(got.source.is_stale());
    // Not for errors of another kind, and not for ever.
    assert_eq!(failing(&bench, Failed::Broken).await.unwrap_err(), GetError::Load(Failed::Broken));
    bench.clock.pass(1);
    assert_eq!(failing(&bench, Failed::Away).await.unwrap_err(), GetError::Load(Failed::Away));
}

/// A page may be older than that, and have been right until the store went away.
#[tokio::test]
async fn a_stale_page_stands_in_by_how_long_it_has_been_wrong() {
    let long = Duration::from_secs(1_000);
    let bench = Bench::with(Limits { ttl: long, ..limits() });
    bench.get("p", "old").await;
    bench.clock.pass(900_000);
    let version = bench.change("p");
    bench.cache.was_told(version);
    bench.clock.pass(299_000);
    let got = failing(&bench, Failed::Away).await.unwrap();
    assert_eq!((body(got.entry.answer()).as_str(), got.source), ("old", Source::Away));
    // Later changes of other pages do not make it younger.
    let version = bench.change("q");
    bench.cache.was_told(version);
    bench.clock.pass(2_000);
    assert_eq!(failing(&bench, Failed::Away).await.unwrap_err(), GetError::Load(Failed::Away));

    // The same where no change was told, and a boundary has passed.
    let bench = Bench::with(Limits { ttl: long, ..limits() });
    let load = |_: Version| async { Ok(page_until("p", "before", Instant(900_000))) };
    bench.cache.get_or_load(&product("p"), load).await.unwrap();
    bench.clock.pass(1_200_000);
    assert_eq!(failing(&bench, Failed::Away).await.unwrap().source, Source::Away);
    bench.clock.pass(1);
    assert_eq!(failing(&bench, Failed::Away).await.unwrap_err(), GetError::Load(Failed::Away));
}

/// Time runs out: one answer at once for everybody, one load behind it.
#[tokio::test]
async fn a_page_whose_time_is_over_is_loaded_once_behind_its_answer() {
    let bench = Bench::new();
    bench.get("p", "old").await;
    bench.clock.pass(59_999);
    assert_eq!(bench.get("p", "x").await.source, Source::Hit);
    bench.clock.pass(1);
    let mut asking: Vec<Held> = (0..10).map(|_| bench.get_held("p")).collect();
    settle().await;
    assert_eq!(bench.cache.statistics().loads, 2);
    let (_, load) = asking[0].load().await;
    load.send(Ok(page("p", "new"))).unwrap();
    for asks in asking {
        assert_eq!(asks.got().await.source, Source::Expired);
    }
    settle().await;
    assert_eq!(bench.hit("p").as_deref(), Some("new"));
    assert_eq!(bench.cache.loads_under_way(), 0);
    // Nobody asked for long: too old to be answered unseen.
    bench.clock.pass(90_001);
    assert_eq!(bench.get("p", "newer").await.source, Source::Loaded);
}

#[tokio::test]
async fn a_boundary_passes() {
    let bench = Bench::new();
    let mut asks = bench.get_held("p");
    let (_, load) = asks.load().await;
    load.send(Ok(page_until("p", "before", projections::instant::Instant(1000)))).unwrap();
    asks.got().await;
    bench.clock.pass(999);
    assert_eq!(bench.get("p", "after").await.source, Source::Hit);
    bench.clock.pass(1);
    assert_eq!(bench.hit("p"), None);
    assert_eq!(body(bench.get("p", "after").await.entry.answer()), "after");
    assert_eq!(bench.hit("p").as_deref(), Some("after"));
}

/// Two wait for a load that is given up; the one who takes over is done before the other looks
/// for a load to wait for, and finds none: it has to look into the cache again.
#[tokio::test]
async fn a_load_that_ended_in_between_is_not_done_again() {
    let bench = Bench::new();
    let mut first = bench.get_held("p");
    let _load = first.load().await;
    let give_up = async {
        settle().await;
        first.task.abort();
    };
    let (second, third, ()) = tokio::join!(bench.get("p", "body"), bench.get("p", "body"), give_up);
    assert_eq!((second.source, third.source), (Source::Loaded, Source::Loaded));
    assert_eq!(bench.cache.statistics().loads, 2);
}
