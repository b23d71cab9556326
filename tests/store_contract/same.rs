//! Whether two stores answer the same, whatever they are asked.

use projections::instant::Instant;
use projections::listing::Sort;
use projections::view::ListingKey;
use vitrine::store::dead_letter::DeadLetterFilter;
use vitrine::store::facts::FactKeys;
use vitrine::store::query::{ListingQuery, ReviewSort};
use vitrine::store::{ReadStore, Snapshot};

use super::Store;
use super::listings::filters;
use super::support::{UNFILTERED, dropped, sorted};

/// What is asked about.
pub struct About<'a> {
    pub keys: &'a FactKeys,
    pub products: &'a [String],
    pub markets: &'a [&'a str],
    pub groups: &'a [Option<&'a str>],
    pub instants: &'a [i64],
}

/// All answers, as lines.
pub async fn answers(store: &Store, about: &About<'_>) -> Vec<String> {
    let mut all = facts(store, about).await;
    all.extend(letters(store.as_ref()).await);
    let mut snapshot = store.snapshot().await.unwrap();
    all.extend(products(snapshot.as_mut(), about.products).await);
    all.push(format!("covers {:?}", snapshot.coverage().await.unwrap()));
    let mut listings = snapshot.listing_keys(10_000).await.unwrap();
    listings.sort();
    for listing in [ListingKey::All].iter().chain(&listings) {
        all.push(format!(
            "{listing:?}: {:?}, {:?}",
            snapshot.listing_name(listing, Instant(0)).await.unwrap(),
            snapshot.members(listing, "", 100_000).await.unwrap()
        ));
        for (n, sort) in Sort::ALL.into_iter().enumerate() {
            for (market, group, at) in readers(about) {
                // One filter with each order, and none.
                for filters in [UNFILTERED.clone()].iter().chain(filters().iter().skip(n).take(1)) {
                    let query = ListingQuery { listing, market, group, sort, filters, at };
                    all.push(format!(
                        "{query:?}: {:?}, {:?}, {:?}",
                        snapshot.listing(&query, None, 100_000).await.unwrap(),
                        snapshot.listing_total(&query).await.unwrap(),
                        snapshot.listing_changes_at(&query).await.unwrap()
                    ));
                }
            }
        }
    }
    all
}

fn readers<'a>(about: &About<'a>) -> Vec<(&'a str, Option<&'a str>, Instant)> {
    let mut all = Vec::new();
    for market in about.markets {
        for group in about.groups {
            all.extend(about.instants.iter().map(|at| (*market, *group, Instant(*at))));
        }
    }
    all
}

/// What is known of the entities, to judge further events by.
async fn facts(store: &Store, about: &About<'_>) -> Vec<String> {
    let known = dropped(store, async |tx| tx.known(about.keys).await.unwrap()).await;
    let prices = dropped(store, async |tx| tx.live_prices(about.products).await.unwrap()).await;
    let mut all: Vec<String> = Vec::new();
    all.extend(known.products.iter().map(|known| format!("{known:?}")));
    all.extend(known.prices.iter().map(|known| format!("{known:?}")));
    all.extend(known.stock.iter().map(|known| format!("{known:?}")));
    all.extend(known.discounts.iter().map(|known| format!("{known:?}")));
    all.extend(known.reviews.iter().map(|known| format!("{known:?}")));
    all.extend(prices.iter().map(|(id, count)| format!("{id} has {count} prices")));
    sorted(all)
}

async fn letters(store: &dyn ReadStore) -> Vec<String> {
    let mut all = Vec::new();
    for mut letter in store.dead_letters(DeadLetterFilter::All, 0, 100_000).await.unwrap() {
        // When it was written, and after how many that were undone.
        (letter.id, letter.received_at, letter.state_since) = (0, Instant(0), Instant(0));
        all.push(format!("{letter:?}"));
    }
    let outcomes = store.status().await.unwrap().outcomes;
    all.extend(sorted(outcomes.iter().map(|(outcome, events)| format!("{outcome}: {events}"))));
    let mut positions = store.snapshot().await.unwrap().positions().await.unwrap();
    positions.sort();
    all.extend(positions.iter().map(|position| format!("{position:?}")));
    all
}

async fn products(snapshot: &mut dyn Snapshot, ids: &[String]) -> Vec<String> {
    let mut all = vec![format!("{:?}", snapshot.product_ids("", 100_000).await.unwrap())];
    let mut facts = snapshot.product_facts(ids).await.unwrap();
    facts.sort_by(|a, b| a.product_id.cmp(&b.product_id));
    for facts in &mut facts {
        facts.prices.sort_by(|a, b| a.price_id.cmp(&b.price_id));
        facts.stock.sort_by_key(|stock| format!("{stock:?}"));
        all.push(format!("{facts:?}"));
    }
    let cards = snapshot.cards(ids).await.unwrap();
    all.extend(sorted(cards.iter().map(|card| format!("{card:?}"))));
    // Of some hundred products.
    for id in ids.iter().step_by(1 + ids.len() / 100) {
        all.push(format!("{id}: {:?}", snapshot.latest_reviews(id).await.unwrap()));
        for sort in
            [ReviewSort::Newest, ReviewSort::Helpful, ReviewSort::Highest, ReviewSort::Lowest]
        {
            all.push(format!("{id}: {:?}", snapshot.reviews(id, sort, None, 10).await.unwrap()));
        }
    }
    all
}

/// That these are the same, and not nothing.
#[track_caller]
pub fn assert_same(found: &[String], expected: &[String]) {
    assert!(expected.len() > 100, "{} answers", expected.len());
    let differs = found.iter().zip(expected).find(|(found, expected)| found != expected);
    assert_eq!(differs, None);
    assert_eq!(found.len(), expected.len());
}
