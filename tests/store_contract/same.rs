//! Whether two stores answer the same, whatever they are asked.

use projections::instant::Instant;
use vitrine::store::dead_letter::DeadLetterFilter;
use vitrine::store::facts::FactKeys;
use vitrine::store::query::ReviewSort;
use vitrine::store::{ReadStore, Snapshot};

use super::Store;
use super::support::{dropped, sorted};

/// What is asked about.
pub struct About<'a> {
    pub keys: &'a FactKeys,
    pub products: &'a [String],
}

/// All answers, as lines.
pub async fn answers(store: &Store, about: &About<'_>) -> Vec<String> {
    let mut all = facts(store, about).await;
    all.extend(letters(store.as_ref()).await);
    let mut snapshot = store.snapshot().await.unwrap();
    all.extend(products(snapshot.as_mut(), about.products).await);
    let mut discounts = snapshot.discounts().await.unwrap();
    discounts.sort_by(|a, b| a.discount_id.cmp(&b.discount_id));
    all.extend(discounts.iter().map(|discount| format!("{discount:?}")));
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
    let parts = snapshot.index_parts(ids).await.unwrap();
    all.extend(sorted(parts.iter().map(|part| part.product_id.clone())));
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
