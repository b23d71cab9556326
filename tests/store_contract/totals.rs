//! How many products a listing holds, as far as they are counted.

use projections::instant::Instant;
use projections::listing::{EXAMINED_CAP, Filters, Sort, TOTAL_CAP, Total};
use projections::placement::{Entry, PlacementDiff};
use projections::view::{ListingKey, View};
use vitrine::store::ViewWrite;
use vitrine::store::query::ListingQuery;

use super::listings::filters;
use super::model::{expected, listings, saved_catalogue};
use super::support::{UNFILTERED, commit, everything, save_views, view, view_with};
use super::{Fixture, Store};

async fn total(store: &Store, query: &ListingQuery<'_>) -> Total {
    store.snapshot().await.unwrap().listing_total(query).await.unwrap()
}

pub async fn totals_equal_brute_force(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let catalogue = saved_catalogue(&store, 7).await;
    for (i, filters) in [UNFILTERED.clone()].iter().chain(&filters()).enumerate() {
        for listing in &listings() {
            for group in [None, Some("vip"), Some("unknown")] {
                for at in [-1, 99, 100, 250] {
                    let sort = Sort::ALL[i % 6];
                    let market = ["default", "eu"][i % 2];
                    let query =
                        ListingQuery { listing, market, group, sort, filters, at: Instant(at) };
                    let expected = expected(&catalogue, &query).len() as u64;
                    let counted = total(&store, &query).await;
                    assert_eq!(counted, Total { total: expected, capped: false }, "{query:?}");
                }
            }
        }
    }
}

/// Adds entries of the order by newest, and nothing else, for everyone.
async fn add_entries(store: &Store, entries: &[(String, Vec<(i64, i64)>)]) {
    let view: View = view();
    commit(store, async |tx| {
        let numbers = tx.numbers(&[&ListingKey::All], &[("default", None)]).await.unwrap();
        let (listing, audience) =
            (numbers.listings[&ListingKey::All], numbers.audiences[&("default".to_owned(), None)]);
        let entry = |&(from, until): &(i64, i64)| Entry {
            listing,
            audience,
            sort: Sort::Newest.number(),
            key: 0,
            from,
            until,
        };
        let writes: Vec<ViewWrite<'_>> = entries
            .iter()
            .map(|(product_id, windows)| ViewWrite {
                product_id,
                old: None,
                new: Some(&view),
                diff: PlacementDiff {
                    new_entries: windows.iter().map(entry).collect(),
                    ..PlacementDiff::default()
                },
            })
            .collect();
        tx.save_views(&writes).await.unwrap();
    })
    .await;
}

fn always() -> Vec<(i64, i64)> {
    vec![(i64::MIN, i64::MAX)]
}

pub async fn totals_are_capped(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let products = |range: std::ops::Range<u64>| -> Vec<(String, Vec<(i64, i64)>)> {
        range.map(|i| (format!("p{i:05}"), always())).collect()
    };
    add_entries(&store, &products(0..TOTAL_CAP - 1)).await;
    let newest = || ListingQuery { sort: Sort::Newest, ..everything(0) };
    assert_eq!(total(&store, &newest()).await, Total { total: TOTAL_CAP - 1, capped: false });
    add_entries(&store, &products(TOTAL_CAP - 1..TOTAL_CAP)).await;
    assert_eq!(total(&store, &newest()).await, Total { total: TOTAL_CAP, capped: false });
    // A group's own products count together with everyone's.
    let vip = ListingQuery { group: Some("vip"), ..newest() };
    assert_eq!(total(&store, &vip).await, Total { total: TOTAL_CAP, capped: false });
    let steps = vec![super::support::step(projections::instant::Window::ALWAYS, Some(1))];
    let own = view_with(|v| v.audiences = vec![super::support::audience(Some("vip"), steps)]);
    save_views(&store, &[("own", Some(&own))]).await;
    assert_eq!(total(&store, &newest()).await, Total { total: TOTAL_CAP, capped: false });
    assert_eq!(total(&store, &vip).await, Total { total: TOTAL_CAP, capped: true });
    add_entries(&store, &products(TOTAL_CAP..TOTAL_CAP + 1)).await;
    assert_eq!(total(&store, &newest()).await, Total { total: TOTAL_CAP, capped: true });
    // Filters narrow what is counted, not what is examined.
    let cheap = Filters { max_price: Some(1), ..Filters::default() };
    let filtered = ListingQuery { filters: &cheap, ..vip };
    assert_eq!(total(&store, &filtered).await, Total { total: 1, capped: false });
}

pub async fn totals_examine_so_many_entries(fixture: &impl Fixture) {
    let store = fixture.open().await;
    // One product with as many windows as are examined, and a plain one besides.
    let windows = (0..EXAMINED_CAP as i64 - 1).map(|i| (i * 10, i * 10 + 5)).collect();
    add_entries(&store, &[("a".to_owned(), windows), ("b".to_owned(), always())]).await;
    let newest = |at| ListingQuery { sort: Sort::Newest, ..everything(at) };
    assert_eq!(total(&store, &newest(0)).await, Total { total: 2, capped: false });
    assert_eq!(total(&store, &newest(5)).await, Total { total: 1, capped: false });
    add_entries(&store, &[("c".to_owned(), always())]).await;
    let beyond = total(&store, &newest(5)).await;
    assert!(beyond.capped && (1..=2).contains(&beyond.total), "{beyond:?}");
}
