//! A new generation from the facts of another one, without the log: they are taken over at one moment, and
//! every view is computed anew. For changed rules of pages, or markets, where the facts hold as they are.

use std::sync::Arc;

use projections::horizon::Horizon;
use projections::market::Market;
use projections::view::View;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::progress::{Phase, Progress};
use super::state::LOST;
use super::write::save_views;
use super::{RebuildError, unless_stopped};
use crate::clock;
use crate::projector::{Bounds, horizon, reconfigure};
use crate::store::seed::{SEEDED_FROM, Seed};
use crate::store::{ReadStore, StoreError, Transaction};

/// The setting that has the last product whose view is written, as long as there are more.
const MARK: &str = "rebuild";

/// Products whose facts are in memory at once.
const FACTS_AT_ONCE: u32 = 1_000;

/// Takes all facts of `from` into `store`, a generation that nobody reads and that is empty, and computes every
/// view for `markets`. Asked again after it was stopped, or after a crash, it goes on where it was; of a generation that
/// is whole, nothing is done again.
///
/// `bounds` say how far steps are stored, and as `chunk_products_max` how many products a transaction has;
/// those of the next one are computed meanwhile. What is told as progress are the phase and the products.
///
/// # Errors
///
/// [`RebuildError::Stopped`] where it was told to; as [`ReadStore::seed_facts`]; and whatever the store fails with; what passes is left to the caller to try again.
pub async fn seed(
    store: &Arc<dyn ReadStore>,
    from: &Seed,
    markets: &[Market],
    bounds: &Bounds,
    progress: &watch::Sender<Progress>,
    stop: &CancellationToken,
) -> Result<(), RebuildError> {
    let (known, mut after) = {
        let mut snapshot = store.snapshot_fresh().await?;
        (snapshot.meta(SEEDED_FROM).await?, snapshot.meta(MARK).await?)
    };
    if known.is_some() && after.is_none() && is_whole(store, markets).await? {
        progress.send_modify(|p| p.phase = Phase::Done);
        return Ok(());
    }
    progress.send_modify(|p| (p.phase, p.resumed) = (Phase::Reading, known.is_some()));
    unless_stopped(stop, store.seed_facts(from)).await??;
    unless_stopped(stop, store.begin_filling()).await??;
    progress.send_modify(|p| p.phase = Phase::Writing);
    let reader = Reader {
        store: Arc::clone(store),
        markets: markets.into(),
        horizon: horizon(bounds, clock::now()),
        products: bounds.chunk_products_max.max(1) as usize,
    };
    let mut part = reader.clone().part(after.clone().unwrap_or_default()).await?;
    while let Some(last) = part.last.take() {
        if stop.is_cancelled() {
            return Err(RebuildError::Stopped);
        }
        let next = tokio::spawn(reader.clone().part(last.clone()));
        let products = part.views.len() as u64;
        write(store, part.views, after.as_deref(), &last).await?;
        after = Some(last);
        progress.send_modify(|p| p.products += products);
        part = next.await.map_err(|ended| RebuildError::ended(&ended))??;
    }
    progress.send_modify(|p| p.phase = Phase::Indexing);
    unless_stopped(stop, store.end_filling()).await??;
    let mut tx = store.begin().await?;
    check(tx.as_mut(), after.as_deref()).await?;
    reconfigure::computed(tx.as_mut(), markets).await?;
    tx.set_meta(MARK, None).await?;
    tx.commit().await?;
    progress.send_modify(|p| p.phase = Phase::Done);
    Ok(())
}

/// Whether views are computed for these markets. Those of others are a projector's to compute again.
async fn is_whole(store: &Arc<dyn ReadStore>, markets: &[Market]) -> Result<bool, RebuildError> {
    let mut snapshot = store.snapshot_fresh().await?;
    let any = snapshot.meta(reconfigure::MARKETS).await?.is_some();
    Ok(any && reconfigure::in_effect(snapshot.as_mut(), markets).await?)
}

/// Views that one transaction writes.
struct Part {
    views: Vec<(String, View)>,
    /// The last product; `None` where there is none any more.
    last: Option<String>,
}

#[derive(Clone)]
struct Reader {
    store: Arc<dyn ReadStore>,
    markets: Arc<[Market]>,
    horizon: Horizon,
    /// Of a part, at most.
    products: usize,
}

impl Reader {
    /// The views of the products after this one. Nobody changes facts meanwhile.
    async fn part(self, after: String) -> Result<Part, RebuildError> {
        let mut part = Part { views: Vec::new(), last: None };
        while part.views.len() < self.products {
            let left = u32::try_from(self.products - part.views.len()).unwrap_or(FACTS_AT_ONCE);
            let mut snapshot = self.store.snapshot_fresh().await?;
            let after = part.last.as_ref().unwrap_or(&after);
            let ids = snapshot.product_ids(after, left.min(FACTS_AT_ONCE)).await?;
            let mut facts = snapshot.product_facts(&ids).await?;
            drop(snapshot);
            let Some(last) = ids.last() else { break };
            part.last = Some(last.clone());
            facts.sort_unstable_by(|a, b| a.product_id.cmp(&b.product_id));
            part.views.extend(facts.into_iter().map(|f| {
                let view = View::compute(&f, &self.markets, &self.horizon);
                (f.product_id, view)
            }));
        }
        Ok(part)
    }
}

async fn write(
    store: &Arc<dyn ReadStore>,
    views: Vec<(String, View)>,
    before: Option<&str>,
    last: &str,
) -> Result<(), RebuildError> {
    let mut tx = store.begin_fill().await?;
    check(tx.as_mut(), before).await?;
    save_views(tx.as_mut(), views).await?;
    tx.set_meta(MARK, Some(last)).await?;
    Ok(tx.commit().await?)
}

/// What is written is what this process has written: a server that crashes may take back its last transactions.
async fn check(tx: &mut dyn Transaction, last: Option<&str>) -> Result<(), RebuildError> {
    if tx.meta(MARK).await?.as_deref() == last {
        return Ok(());
    }
    Err(StoreError::Unavailable(LOST.to_owned()).into())
}
