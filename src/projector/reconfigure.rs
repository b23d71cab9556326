//! Markets are part of every view. A change of them takes effect on all pages at once: until every
//! view is computed for the new markets, none is answered.

use projections::discount::Scope;
use projections::market::Market;

use crate::store::fanout::NewFanout;
use crate::store::{MARKETS_PENDING, ReadStore, Result, Snapshot, Transaction};

/// The markets that the views are computed for; not set in a new store, nor while that changes.
pub const MARKETS: &str = "markets";

/// What of the markets is in the views: ids and currencies. The locale is applied when read.
pub(crate) fn fingerprint(markets: &[Market]) -> String {
    let mut pairs: Vec<String> =
        markets.iter().map(|m| format!("{}={}", m.id, m.currency)).collect();
    pairs.sort_unstable();
    pairs.join(" ")
}

/// Whether the views are computed for these markets, all of them. A process that is configured with
/// others than the projectors answers no page: it would mix both.
pub async fn in_effect(snapshot: &mut dyn Snapshot, markets: &[Market]) -> Result<bool> {
    match snapshot.meta(MARKETS).await? {
        Some(built_for) => Ok(built_for == fingerprint(markets)),
        None => Ok(snapshot.meta(MARKETS_PENDING).await?.is_none()),
    }
}

/// The markets that the views are computed for, or soon will be, where they are not these.
pub async fn others(snapshot: &mut dyn Snapshot, markets: &[Market]) -> Result<Option<String>> {
    let known = match snapshot.meta(MARKETS_PENDING).await? {
        None => snapshot.meta(MARKETS).await?,
        pending => pending,
    };
    Ok(known.filter(|known| *known != fingerprint(markets)))
}

/// Notes that the views are computed for these markets, all of them.
pub async fn computed(tx: &mut dyn Transaction, markets: &[Market]) -> Result<()> {
    tx.set_meta(MARKETS, Some(&fingerprint(markets))).await?;
    tx.set_meta(MARKETS_PENDING, None).await
}

/// Compares the configured markets with those of the views; if they differ, marks every view as to
/// be computed again. Answers whether that is (still) under way.
pub async fn begin(store: &dyn ReadStore, markets: &[Market]) -> Result<bool> {
    let ours = fingerprint(markets);
    let mut tx = store.begin().await?;
    let built_for = tx.meta(MARKETS).await?;
    let pending = tx.meta(MARKETS_PENDING).await?;
    if pending.as_deref() == Some(&ours) {
        return Ok(true);
    }
    if pending.is_none() && built_for.as_deref() == Some(&ours) {
        return Ok(false);
    }
    if built_for.is_none() && pending.is_none() {
        // A new store: nothing was computed yet.
        tx.set_meta(MARKETS, Some(&ours)).await?;
        tx.commit().await?;
        return Ok(false);
    }
    tx.set_meta(MARKETS, None).await?;
    tx.set_meta(MARKETS_PENDING, Some(&ours)).await?;
    let scope = Scope { all: true, ..Scope::default() };
    let task = NewFanout { discount_id: "", topic: "", partition: 0, offset: 0, scope: &scope };
    tx.add_fanout(&task).await?;
    tx.commit().await?;
    Ok(true)
}

/// Whether the views are being computed for these markets.
pub(super) async fn is_pending(tx: &mut dyn Transaction, markets: &[Market]) -> Result<bool> {
    Ok(tx.meta(MARKETS_PENDING).await?.as_deref() == Some(&fingerprint(markets)))
}
