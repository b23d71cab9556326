//! Walks through listings, and when a listing changes by itself.

use projections::instant::Instant;
use projections::listing::{Filters, Sort};
use projections::view::ListingKey;
use vitrine::store::query::{Keyset, ListingQuery};

use super::model::{
    Catalogue, EDGES, expected, ids, instants, listings, saved_catalogue, windowed,
};
use super::support::{UNFILTERED, audience, branded, everything, save_views, view, view_with};
use super::{Fixture, Store};

async fn walk(store: &Store, query: &ListingQuery<'_>, limit: u32) -> Vec<String> {
    let mut seen = Vec::new();
    let mut after: Option<Keyset> = None;
    loop {
        let mut snapshot = store.snapshot().await.unwrap();
        let places = snapshot.listing(query, after.as_ref(), limit).await.unwrap();
        assert!(places.len() <= limit as usize);
        assert!(places.is_sorted() && places.iter().all(|place| Some(place) > after.as_ref()));
        let Some(last) = places.last() else { return seen };
        after = Some(last.clone());
        seen.extend(ids(&places));
    }
}

pub async fn pages_of_every_size_make_the_whole(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let catalogue = saved_catalogue(&store, 5).await;
    let sale = Filters { on_sale: true, ..Filters::default() };
    for sort in Sort::ALL {
        for group in [None, Some("vip")] {
            for filters in [&UNFILTERED, &sale] {
                let query = ListingQuery { sort, group, filters, ..everything(50) };
                let whole = expected(&catalogue, &query);
                assert!(whole.len() > 10, "{}", whole.len());
                for limit in (1..10).chain([whole.len() as u32, 100]) {
                    assert_eq!(walk(&store, &query, limit).await, whole, "{query:?} by {limit}");
                }
            }
        }
    }
}

pub async fn a_walk_goes_on_from_a_place_that_is_gone(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let priced = |price| {
        let steps = vec![super::support::step(projections::instant::Window::ALWAYS, Some(price))];
        view_with(|v| v.audiences = vec![audience(None, steps)])
    };
    let views: Vec<_> = (1..=5).map(|i| (format!("p{i}"), priced(i * 10))).collect();
    let saved: Vec<_> = views.iter().map(|(id, view)| (id.as_str(), Some(view))).collect();
    save_views(&store, &saved).await;
    let after = async |key: i64, id: &str| {
        let after = Keyset { key, product_id: id.to_owned() };
        let mut snapshot = store.snapshot().await.unwrap();
        ids(&snapshot.listing(&everything(0), Some(&after), 10).await.unwrap())
    };
    assert_eq!(after(20, "p2").await, ["p3", "p4", "p5"]);
    save_views(&store, &[("p2", None), ("p3", Some(&priced(5)))]).await;
    assert_eq!(after(20, "p2").await, ["p4", "p5"]);
    assert_eq!(after(40, "p").await, ["p4", "p5"]);
    assert_eq!(after(40, "p5").await, ["p5"]);
    assert_eq!(after(40, "가").await, ["p5"]);
    assert_eq!(after(i64::MIN, "").await, ["p3", "p1", "p4", "p5"]);
    assert_eq!(after(50, "p5").await, [""; 0]);
    assert_eq!(after(i64::MAX, "").await, [""; 0]);
}

/// The first instant after `at` at which the listing is another one.
fn first_change(catalogue: &Catalogue, query: &ListingQuery<'_>) -> Option<Instant> {
    let at = |at: Instant| {
        Sort::ALL.map(|sort| expected(catalogue, &ListingQuery { sort, at, ..query.clone() }))
    };
    let now = at(query.at);
    let edges = EDGES.into_iter().chain([250]).map(Instant).filter(|edge| *edge > query.at);
    let mut edges: Vec<Instant> = edges.collect();
    edges.sort_unstable();
    edges.into_iter().find(|edge| at(*edge) != now)
}

pub async fn the_next_change_is_not_after_the_first(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let catalogue = saved_catalogue(&store, 6).await;
    let mut snapshot = store.snapshot().await.unwrap();
    for listing in &listings() {
        for group in [None, Some("vip"), Some("unknown")] {
            for at in instants() {
                let query = ListingQuery { listing, group, ..everything(at) };
                let said = snapshot.listing_changes_at(&query).await.unwrap();
                assert!(said.is_none_or(|said| said > query.at), "{query:?}: {said:?}");
                if let Some(change) = first_change(&catalogue, &query) {
                    assert!(said.is_some_and(|said| said <= change), "{query:?}: {said:?}");
                }
                // It names an instant at which something may change, not any one before it.
                let edge = |at: Instant| EDGES.contains(&at.millis()) || at == Instant(250);
                assert!(said.is_none_or(edge), "{query:?}: {said:?}");
            }
        }
    }
}

pub async fn boundaries_and_releases_are_announced(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let changes = async |listing: &ListingKey, group: Option<&str>, at: i64| {
        let query = ListingQuery { listing, group, ..everything(at) };
        let mut snapshot = store.snapshot().await.unwrap();
        snapshot.listing_changes_at(&query).await.unwrap().map(Instant::millis)
    };
    let (all, acme) = (ListingKey::All, ListingKey::Brand("acme".into()));
    save_views(&store, &[("plain", Some(&view()))]).await;
    assert_eq!(changes(&all, None, 5).await, None);
    assert_eq!(changes(&all, None, -5).await, Some(0), "its release");
    assert_eq!(changes(&all, None, 0).await, None);

    let sale = view_with(|v| {
        branded(v, "acme");
        v.audiences = vec![audience(None, windowed(100, 200, 5))];
        v.audiences.push(audience(Some("vip"), windowed(120, 300, 5)));
    });
    save_views(&store, &[("sale", Some(&sale))]).await;
    for (at, everyone) in [(5, Some(100)), (99, Some(100)), (100, Some(200)), (200, None)] {
        assert_eq!(changes(&all, None, at).await, everyone, "{at}");
        assert_eq!(changes(&acme, None, at).await, everyone, "{at}");
    }
    assert_eq!(changes(&acme, Some("vip"), 200).await, Some(300));
    assert_eq!(changes(&acme, Some("vip"), 300).await, None);

    let coming = view_with(|v| v.released_at = Instant(150));
    save_views(&store, &[("coming", Some(&coming))]).await;
    assert_eq!(changes(&all, None, 100).await, Some(150));
    assert_eq!(changes(&all, None, 150).await, Some(200));
    assert_eq!(changes(&acme, None, 100).await, Some(200), "it is not of this brand");
    // What is gone or hidden announces nothing.
    let hidden = view_with(|v| (v.active, v.released_at) = (false, Instant(150)));
    save_views(&store, &[("coming", Some(&hidden)), ("sale", None)]).await;
    assert_eq!(changes(&all, None, 100).await, None);
}
