//! Views computed again, and the rows that follow from them.

use std::collections::HashMap;

use projections::horizon::Horizon;
use projections::market::Market;
use projections::placement::{Placement, PlacementDiff};
use projections::view::{ListingKey, View};

use crate::store::{Result, Transaction, ViewWrite};

/// Products whose facts are in memory at once.
const PRODUCTS_AT_ONCE: usize = 2_000;

/// Computes the views of these products (in id order) from their facts, and writes what changes.
pub async fn recompute(
    tx: &mut dyn Transaction,
    ids: &[String],
    markets: &[Market],
    horizon: &Horizon,
) -> Result<()> {
    for chunk in ids.chunks(PRODUCTS_AT_ONCE) {
        recompute_chunk(tx, chunk, markets, horizon).await?;
    }
    // Their views now know every discount: no fan-out needs to come back to them.
    if !ids.is_empty() {
        tx.clear_stale(ids).await?;
    }
    Ok(())
}

async fn recompute_chunk(
    tx: &mut dyn Transaction,
    ids: &[String],
    markets: &[Market],
    horizon: &Horizon,
) -> Result<()> {
    let facts = tx.product_facts(ids).await?;
    let old = tx.views(ids).await?;
    let new: HashMap<&str, View> =
        facts.iter().map(|f| (f.product_id.as_str(), View::compute(f, markets, horizon))).collect();
    let changed: Vec<(&str, Option<&View>, Option<&View>)> = ids
        .iter()
        .map(|id| (id.as_str(), old.get(id), new.get(id.as_str())))
        .filter(|(_, old, new)| old != new)
        .collect();

    let views = || changed.iter().flat_map(|(_, old, new)| [*old, *new]).flatten();
    let mut listings: Vec<&ListingKey> =
        views().flat_map(|v| &v.listings).chain([&ListingKey::All]).collect();
    listings.sort_unstable();
    listings.dedup();
    let mut audiences: Vec<(&str, Option<&str>)> = views()
        .flat_map(|v| v.audiences.iter().map(|a| (a.market.as_str(), a.group.as_deref())))
        .collect();
    audiences.sort_unstable();
    audiences.dedup();
    let numbers = tx.numbers(&listings, &audiences).await?;

    let place = |view: Option<&View>| view.map(|v| Placement::of(v, &numbers)).unwrap_or_default();
    let writes: Vec<ViewWrite<'_>> = changed
        .iter()
        .map(|(product_id, old, new)| {
            let diff: PlacementDiff = Placement::diff(&place(*old), &place(*new));
            ViewWrite { product_id, old: *old, new: *new, diff }
        })
        .collect();
    tx.save_views(&writes).await
}
