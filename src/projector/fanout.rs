//! Fan-outs, step by step: each step is a short transaction, and a crash between two loses nothing.

use super::{Bounds, Projector, reconfigure, views};
use crate::clock;
use crate::store::fanout::ScopeCursor;
use crate::store::{DiscountLock, Result, Transaction};

/// Products that one step marks: a mark is a small row.
const MARKS_A_STEP: u32 = 5_000;
/// And where only few products may be computed a step: marking is to be as quick.
const MARKS_A_SHORT_STEP: u32 = 500;
const SHORT_STEP_PRODUCTS: u32 = 500;

/// What became of a step.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Step {
    /// There is more to do.
    pub more: bool,
    /// It computed as many products as it might: how long it took says how long so many take.
    pub full: bool,
    /// It computed none.
    pub idle: bool,
    /// Others hold what is left, or did when it looked: to be looked at again soon, but not at once.
    pub held: bool,
    /// Events of deferred batches waited for it.
    pub deferred: bool,
}

impl Projector {
    /// Does one step of the fan-outs that are under way.
    ///
    /// Products of deferred batches go first, since whole partitions wait for those. Then a round of
    /// marking that has begun goes before computing. At most `at_most` products are computed.
    pub async fn fanout_step(&self, at_most: u32) -> Result<Step> {
        self.prune_changes().await;
        let mut tx = self.store.begin().await?;
        if !tx.has_fanout_work(clock::now()).await? {
            tx.commit().await?;
            self.tell_left(0);
            return Ok(Step { idle: true, ..Step::default() });
        }
        // Then what it did is still marked.
        tx.may_be_lost().await?;
        let marks = if at_most < SHORT_STEP_PRODUCTS { MARKS_A_SHORT_STEP } else { MARKS_A_STEP };
        let marked = !tx.has_deferred().await? && mark(tx.as_mut(), marks).await?;
        let (mut computed, mut deferred, mut full) = (0, false, false);
        if !marked {
            // Before products are held: whoever changes discounts may be waiting for those.
            tx.lock_discounts(DiscountLock::Read).await?;
            let Bounds { chunk_products, chunk_products_max, .. } = self.bounds;
            let most = chunk_products_max.min(at_most);
            let waiting = tx.stale_count(most.saturating_mul(4)).await? / 4;
            // Neighbours in a listing share pages: many at once cost less each.
            let chunk = u32::try_from(waiting).unwrap_or(most).max(chunk_products).min(most);
            let stale = tx.stale(chunk).await?;
            deferred = stale.deferred;
            let mut ids = stale.ids;
            if ids.is_empty() {
                ids = tx.due_for_refresh(clock::now(), chunk).await?;
            }
            ids.sort_unstable();
            computed = ids.len();
            full = computed >= at_most as usize;
            let horizon = self.horizon();
            views::recompute(tx.as_mut(), &ids, &self.markets, &horizon).await?;
        }
        // Before: the task of what is pending then is seen.
        let pending = reconfigure::is_pending(tx.as_mut(), &self.markets).await?;
        let left = tx.finish_fanouts().await?;
        self.tell_left(left.tasks);
        if pending && !left.configuration {
            reconfigure::computed(tx.as_mut(), &self.markets).await?;
        }
        if !marked && computed == 0 {
            // Nothing to do, but for tasks that have just ended and those that others hold. Each of two may
            // hold what the other looks for, and so does this one until it commits: somebody has to look again.
            let held = left.tasks > 0;
            tx.commit().await?;
            return Ok(Step { more: held, full, idle: true, held, deferred });
        }
        tx.commit().await?;
        self.progress.send_modify(|n| *n += 1);
        let more = left.tasks > 0 || computed > 0;
        Ok(Step { more, full, idle: computed == 0, held: false, deferred })
    }

    fn tell_left(&self, tasks: u64) {
        if let Some(metrics) = &self.metrics {
            metrics.fanouts_left(self.store.generation(), tasks);
        }
    }
}

/// Marks products stale that changed discounts reach; whether there was something left to mark.
///
/// Discounts are marked in rounds: all that have changed before one begins are marked in one walk over
/// what they reach together, and what is marked is computed before the next one begins. So a product that
/// several reach is computed once a round, and marking never takes the time that computing needs.
async fn mark(tx: &mut dyn Transaction, at_most: u32) -> Result<bool> {
    let Some(mut round) = tx.unmarked_fanout().await? else { return Ok(false) };
    if round.cursor == ScopeCursor::default() {
        if tx.stale_count(1).await? > 0 {
            return Ok(false);
        }
        // Who reads discounts now may not have seen these: once they are done, their products show. Who
        // reads them later does see these: the steps that follow need no lock.
        tx.lock_discounts(DiscountLock::Change).await?;
        round.scope = tx.begin_round(round.task).await?;
    }
    let (reached, cursor) = tx.products_reached(&round.scope, round.cursor, at_most).await?;
    tx.set_marked(round.task, cursor.as_ref()).await?;
    let marks: Vec<(i64, &str)> = reached.iter().map(|id| (round.task, id.as_str())).collect();
    tx.mark_stale(&marks).await?;
    Ok(true)
}
