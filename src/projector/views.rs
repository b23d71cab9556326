//! Views computed again, and the rows that follow from them.

use std::collections::HashMap;

use projections::horizon::Horizon;
use projections::listing::Sort;
use projections::market::Market;
use projections::placement::Placement;
use projections::view::{ListingKey, View};

use crate::store::{DiscountLock, Numbers, Result, Transaction, ViewWrite};

/// Products whose facts are in memory at once.
const FACTS_AT_ONCE: usize = 1_000;
/// Listing rows that are gathered before they are written, about: many at once meet the same pages,
/// more only take memory.
pub(crate) const ROWS_AT_ONCE: usize = 500_000;

/// A product's view before and after.
struct Changed {
    product_id: String,
    old: Option<View>,
    new: Option<View>,
}

impl Changed {
    /// About how many listing rows it has, before and after.
    fn rows(&self) -> usize {
        [&self.old, &self.new].into_iter().flatten().map(rows).sum()
    }
}

/// About how many listing rows a view has.
pub(crate) fn rows(view: &View) -> usize {
    let steps: usize = view.audiences.iter().map(|a| a.steps.len()).sum();
    (view.listings.len() + 1) * steps * Sort::STORED.len()
}

/// Computes the views of these products (in id order) from their facts, and writes and tells what changes:
/// no fan-out needs to come back to them.
pub async fn recompute(
    tx: &mut dyn Transaction,
    ids: &[String],
    markets: &[Market],
    horizon: &Horizon,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    tx.lock_discounts(DiscountLock::Read).await?;
    tx.lock_products(ids).await?;
    // Before facts are read: what changes after that marks them anew.
    tx.clear_stale(ids).await?;
    let mut changed = Vec::new();
    for chunk in ids.chunks(FACTS_AT_ONCE) {
        compute(tx, chunk, markets, horizon, &mut changed).await?;
        if changed.iter().map(Changed::rows).sum::<usize>() >= ROWS_AT_ONCE {
            save(tx, &changed).await?;
            changed.clear();
        }
    }
    save(tx, &changed).await
}

async fn compute(
    tx: &mut dyn Transaction,
    ids: &[String],
    markets: &[Market],
    horizon: &Horizon,
    changed: &mut Vec<Changed>,
) -> Result<()> {
    let facts = tx.product_facts(ids).await?;
    let mut old = tx.views(ids).await?;
    let mut new: HashMap<&str, View> =
        facts.iter().map(|f| (f.product_id.as_str(), View::compute(f, markets, horizon))).collect();
    changed.extend(
        ids.iter()
            .map(|id| Changed {
                product_id: id.clone(),
                old: old.remove(id),
                new: new.remove(id.as_str()),
            })
            .filter(|c| c.old != c.new),
    );
    Ok(())
}

async fn save(tx: &mut dyn Transaction, changed: &[Changed]) -> Result<()> {
    let numbers = numbers(tx, changed).await?;
    let place =
        |view: &Option<View>| view.as_ref().map(|v| Placement::of(v, &numbers)).unwrap_or_default();
    let writes: Vec<ViewWrite<'_>> = changed
        .iter()
        .map(|c| ViewWrite {
            product_id: &c.product_id,
            old: c.old.as_ref(),
            new: c.new.as_ref(),
            diff: Placement::diff(&place(&c.old), &place(&c.new)),
        })
        .collect();
    tx.save_views(&writes).await
}

/// The numbers of all listings and audiences that the views, old and new, are in.
async fn numbers(tx: &mut dyn Transaction, changed: &[Changed]) -> Result<Numbers> {
    let views: Vec<&View> = changed.iter().flat_map(|c| [&c.old, &c.new]).flatten().collect();
    numbers_of(tx, &views).await
}

/// The numbers of all listings and audiences that these views are in.
pub(crate) async fn numbers_of(tx: &mut dyn Transaction, views: &[&View]) -> Result<Numbers> {
    let mut listings: Vec<&ListingKey> =
        views.iter().flat_map(|v| &v.listings).chain([&ListingKey::All]).collect();
    listings.sort_unstable();
    listings.dedup();
    let mut audiences: Vec<(&str, Option<&str>)> = views
        .iter()
        .flat_map(|v| v.audiences.iter().map(|a| (a.market.as_str(), a.group.as_deref())))
        .collect();
    audiences.sort_unstable();
    audiences.dedup();
    tx.numbers(&listings, &audiences).await
}
