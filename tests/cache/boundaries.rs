//! Pages that change at a known instant: prepared before it, shown from it on, not a moment sooner.

use projections::instant::Instant;
use vitrine::cache::{Coding, Loaded, Lookup, PageKey, Source, Version};

use super::bench::{Bench, body, page, page_until, product};

/// The bench's clock begins here.
fn after(bench: &Bench, millis: i64) -> Instant {
    Instant(bench.cache.now().at.millis() + millis)
}

fn key(id: &str) -> PageKey {
    product(id).into()
}

async fn prepare(bench: &Bench, id: &'static str, at: Instant, text: &'static str) -> bool {
    bench.cache.prepare(&key(id), at, |_| async move { Ok(page(id, text)) }).await
}

/// Loads a page that changes in five seconds.
async fn before_a_sale(bench: &Bench) -> Instant {
    let at = after(bench, 5_000);
    let load = move |_: Version| async move { Ok(page_until("p", "before", at)) };
    bench.cache.get_or_load(&product("p"), load).await.unwrap();
    at
}

#[tokio::test]
async fn the_page_after_a_boundary_is_shown_from_it_on() {
    let bench = Bench::new();
    let at = before_a_sale(&bench).await;
    assert_eq!(bench.cache.to_prepare(), [(at, key("p"))]);
    assert!(prepare(&bench, "p", at, "after").await);
    assert!(!prepare(&bench, "p", at, "again").await, "once is enough");
    bench.clock.pass(4_999);
    assert_eq!(bench.hit("p").as_deref(), Some("before"));
    bench.clock.pass(1);
    assert_eq!(bench.hit("p").as_deref(), Some("after"));
    let got = bench.get("p", "loaded").await;
    assert_eq!((body(got.entry.answer()).as_str(), got.source), ("after", Source::Hit));
    // The same once it has taken the place of the other one.
    bench.cache.promote_all(&[key("p")]);
    assert_eq!(bench.hit("p").as_deref(), Some("after"));
    bench.cache.settle();
    assert_eq!(bench.cache.statistics().entries, 1);
}

/// A sale has begun; then the clock is set back to before it, and passes its beginning again.
#[tokio::test]
async fn a_clock_that_is_set_back_takes_pages_back() {
    let bench = Bench::new();
    let at = before_a_sale(&bench).await;
    let sale = move |_| async move { Ok(Loaded { valid_from: at, ..page("p", "sale") }) };
    assert!(bench.cache.prepare(&key("p"), at, sale).await);
    bench.clock.pass(6_000);
    bench.cache.promote_all(&[key("p")]);
    assert_eq!(bench.hit("p").as_deref(), Some("sale"));
    bench.clock.set_back(1_001);
    assert_eq!(bench.hit("p"), None);
    let load = move |_: Version| async move { Ok(page_until("p", "before", at)) };
    let got = bench.cache.get_or_load(&product("p"), load).await.unwrap();
    assert_eq!((body(got.entry.answer()).as_str(), got.source), ("before", Source::Loaded));
    assert_eq!(bench.hit("p").as_deref(), Some("before"));
    bench.clock.pass(1);
    assert_eq!(bench.hit("p"), None);
}

/// The change is told after the page was prepared: what was prepared does not show it.
#[tokio::test]
async fn a_prepared_page_is_outdated_by_a_change_as_any_other() {
    let bench = Bench::new();
    let at = before_a_sale(&bench).await;
    assert!(prepare(&bench, "p", at, "after").await);
    bench.change("p");
    bench.clock.pass(5_000);
    assert_eq!(bench.hit("p"), None);
    bench.cache.promote_all(&[key("p")]);
    assert_eq!(bench.hit("p"), None);
    let got = bench.get("p", "loaded").await;
    assert_eq!((body(got.entry.answer()).as_str(), got.source), ("loaded", Source::Loaded));
}

/// The change is told while the page is being prepared.
#[tokio::test]
async fn a_change_during_preparation_is_not_missed() {
    let bench = Bench::new();
    let at = before_a_sale(&bench).await;
    let load = |_: Version| async {
        bench.change("p");
        Ok(page("p", "too early"))
    };
    assert!(!bench.cache.prepare(&key("p"), at, load).await);
    bench.clock.pass(5_000);
    assert_eq!(bench.hit("p"), None);
}

/// The page before the boundary changed after it was noted; the new one is noted anew.
#[tokio::test]
async fn a_page_that_changed_before_its_boundary_is_prepared_again() {
    let bench = Bench::new();
    let at = before_a_sale(&bench).await;
    assert!(prepare(&bench, "p", at, "after").await);
    assert_eq!(bench.cache.to_prepare(), [(at, key("p"))]);
    assert_eq!(bench.cache.to_prepare(), [], "taken");
    bench.change("p");
    let load = move |_: Version| async move { Ok(page_until("p", "changed", at)) };
    bench.cache.get_or_load(&product("p"), load).await.unwrap();
    assert_eq!(bench.cache.to_prepare(), [(at, key("p"))]);
    assert!(prepare(&bench, "p", at, "changed after").await);
    bench.clock.pass(5_000);
    assert_eq!(bench.hit("p").as_deref(), Some("changed after"));
}

/// A boundary far away is noted when it comes near.
#[tokio::test]
async fn distant_boundaries_are_found_by_looking_ahead() {
    let bench = Bench::new();
    let at = after(&bench, 120_000);
    let load = move |_: Version| async move { Ok(page_until("p", "before", at)) };
    bench.cache.get_or_load(&product("p"), load).await.unwrap();
    bench.cache.look_ahead();
    bench.clock.pass(50_000);
    assert_eq!(bench.cache.to_prepare(), []);
    bench.clock.pass(45_000);
    bench.cache.look_ahead();
    assert_eq!(bench.cache.to_prepare(), [], "noted, and not due yet");
    bench.clock.pass(16_000);
    assert_eq!(bench.cache.to_prepare(), [(at, key("p"))]);
}

/// In which coding it is asked for before, it is there after.
#[tokio::test]
async fn compressed_forms_are_made_before_the_boundary() {
    let bench = Bench::new();
    let at = after(&bench, 5_000);
    let text = "long enough to be compressed, since it repeats itself; ".repeat(20);
    let load = move |_: Version| {
        let text = text.clone();
        async move { Ok(page_until("p", &text, at)) }
    };
    let got = bench.cache.get_or_load(&product("p"), load).await.unwrap();
    bench.cache.form(&product("p"), &got.entry, Coding::Brotli);
    let after = "what comes after the boundary repeats itself as well; ".repeat(20);
    let load = |_: Version| async { Ok(page("p", &after)) };
    assert!(bench.cache.prepare(&key("p"), at, load).await);
    bench.clock.pass(5_000);
    let Lookup::Hit(entry) = bench.cache.lookup(&product("p"), &bench.cache.now()) else {
        panic!("it was prepared");
    };
    assert_eq!(body(entry.answer()), after);
    assert!(entry.answer().is_made(Coding::Brotli) && !entry.answer().is_made(Coding::Zstd));
}

/// The page before the boundary changes while the preparation waits for its turn: what is read then shows
/// the change, and is valid, but its time has not come.
#[tokio::test]
async fn a_prepared_page_never_shows_before_its_boundary() {
    let bench = Bench::new();
    let at = before_a_sale(&bench).await;
    let mut others: Vec<_> = ["a", "b", "c", "d"].map(|id| bench.get_held(id)).into();
    let mut ends = Vec::new();
    for other in &mut others {
        ends.push(other.load().await);
    }
    let preparing = prepare(&bench, "p", at, "after");
    let changing = async {
        while bench.cache.loads_waiting() == 0 {
            tokio::task::yield_now().await;
        }
        bench.change("p");
        for ((_, end), id) in ends.into_iter().zip(["a", "b", "c", "d"]) {
            end.send(Ok(page(id, id))).unwrap();
        }
    };
    assert!(tokio::join!(preparing, changing).0);
    assert_eq!(bench.hit("p"), None);
    bench.clock.pass(5_000);
    assert_eq!(bench.hit("p").as_deref(), Some("after"));
}

/// A change has moved the boundary since it was noted: what comes after the old one is not for the new one.
#[tokio::test]
async fn a_page_is_prepared_only_for_its_own_boundary() {
    let bench = Bench::new();
    let noted = before_a_sale(&bench).await;
    bench.change("p");
    let sooner = after(&bench, 3_000);
    let load = move |_: Version| async move { Ok(page_until("p", "changed", sooner)) };
    bench.cache.get_or_load(&product("p"), load).await.unwrap();
    assert!(!prepare(&bench, "p", noted, "too late").await);
    bench.clock.pass(3_000);
    assert_eq!(bench.hit("p"), None);
}
