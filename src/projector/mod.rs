//! The projector: batches of events become changes of the read store, each in one transaction with
//! the positions that it moves.

pub mod drive;
pub mod embedded;
pub mod fanout;
mod fold;
mod incoming;
mod judge;
pub mod kafka;
pub(crate) mod limits;
pub mod pace;
pub mod reconfigure;
pub(crate) mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};

use projections::discount::Scope;
use projections::horizon::Horizon;
use projections::instant::Instant;
use projections::market::Market;
use tokio::sync::watch;

use crate::changes::{Collector, KEEP};
use crate::clock;
use crate::decode::counted::WarningCounts;
use crate::store::dead_letter::{NewDeadLetter, Settlement};
use crate::store::fanout::{NewFanout, ScopeCursor, union};
use crate::store::{Advance, DiscountLock, REVISED_UNTIL, ReadStore, Result, Transaction};
use crate::telemetry::projector::ProjectorMetrics;
use crate::waits::Waits;
use fold::Folded;
pub use incoming::{Incoming, Message};
use pace::ViewsPace;

/// What one transaction takes up.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Events and tombstones, in their order.
    pub events: Vec<Incoming>,
    pub dead_letters: Vec<NewDeadLetter>,
    pub unknown_types: u64,
    pub moves: Vec<Advance>,
    /// Since when its first event waits here, where fan-outs go on beside batches and somebody waits for it: there
    /// views may be left to them so that facts are not late.
    pub since: Option<Clock>,
}

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    pub applied: u64,
    pub repeated: u64,
    pub stale: u64,
    pub conflicts: u64,
    /// Refused for what the store knows: dead letters.
    pub refused: u64,
    /// Products whose view was computed.
    pub products: u64,
}

/// Bounds of a projector's work.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Products that a batch's discounts may reach to be computed in the same transaction; a
    /// discount that reaches more fans out afterwards. With 0 all do, and a batch waits for no lock
    /// on discounts: better where several projectors write at once.
    pub inline_products: u32,
    /// Products that a batch may touch to be computed in the same transaction; a batch that touches
    /// more leaves them to be computed afterwards, as a fan-out does.
    pub defer_products: u32,
    /// Products a transaction of a fan-out, as long as few wait.
    pub chunk_products: u32,
    /// And at most, where many wait: a quarter of them.
    pub chunk_products_max: u32,
    /// How far back from now steps are stored.
    pub past: Duration,
    /// How far ahead.
    pub ahead: Duration,
}

/// Time between two prunings of the feed of changes.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Applies batches to a read store.
pub struct Projector {
    store: Arc<dyn ReadStore>,
    markets: Vec<Market>,
    bounds: Bounds,
    progress: Arc<watch::Sender<u64>>,
    metrics: Option<ProjectorMetrics>,
    pruned: Mutex<Option<Clock>>,
    views_pace: ViewsPace,
    waits: Waits,
}

impl Projector {
    pub fn new(store: Arc<dyn ReadStore>, markets: Vec<Market>, bounds: Bounds) -> Projector {
        Projector {
            store,
            markets,
            bounds,
            progress: Arc::default(),
            metrics: None,
            pruned: Mutex::default(),
            views_pace: ViewsPace::default(),
            waits: Waits::default(),
        }
    }

    /// Tells of its work in these metrics.
    pub fn with_metrics(self, metrics: ProjectorMetrics) -> Projector {
        Projector { metrics: Some(metrics), ..self }
    }

    /// Tells of its commits there.
    pub fn with_progress(self, progress: Arc<watch::Sender<u64>>) -> Projector {
        Projector { progress, ..self }
    }

    /// Tells there what it waits for.
    pub fn with_waits(self, waits: Waits) -> Projector {
        Projector { waits, ..self }
    }

    /// What it waits for.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// Tells how long the views of so many products took.
    pub fn views_took(&self, products: usize, took: Duration) {
        self.views_pace.took(products, took);
    }

    /// Changes with every commit.
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.progress.subscribe()
    }

    pub fn store(&self) -> &Arc<dyn ReadStore> {
        &self.store
    }

    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// The part of time whose steps are stored.
    fn horizon(&self) -> Horizon {
        horizon(&self.bounds, clock::now())
    }

    /// Applies a batch in one transaction: all of it and its positions, or nothing.
    pub async fn apply(&self, batch: &Batch) -> Result<Report> {
        let warnings = self.warnings(batch);
        let started = Clock::now();
        let mut tx = self.store.begin().await?;
        tx.advance(&batch.moves).await?;
        let mut told = Collector::default();
        let report = self.apply_events(tx.as_mut(), batch, &warnings, &mut told).await?;
        tx.record_change(&told.finish()).await?;
        tx.commit().await?;
        self.progress.send_modify(|n| *n += 1);
        if let Some(metrics) = &self.metrics {
            let (outcomes, took) = (outcomes(batch, &report), started.elapsed());
            metrics.batch(self.store.generation(), (&outcomes, &warnings), &batch.moves, took);
        }
        trace(batch);
        self.tell_of_unusable(batch, &report);
        Ok(report)
    }

    /// Says what could not be used. Of several generations only the live one's projector does.
    fn tell_of_unusable(&self, batch: &Batch, report: &Report) {
        let generation = self.store.generation();
        if self.metrics.as_ref().is_some_and(|metrics| !metrics.counts(generation)) {
            return;
        }
        let letters = batch.dead_letters.len() as u64 + report.refused;
        if letters > 0 {
            let mut by_code: BTreeMap<&str, u64> = BTreeMap::new();
            for letter in &batch.dead_letters {
                *by_code.entry(&letter.code).or_default() += 1;
            }
            let mut codes: Vec<String> =
                by_code.into_iter().map(|(code, n)| format!("{code} {n}")).collect();
            if report.refused > 0 {
                codes.push(format!("refused for what is known {}", report.refused));
            }
            let codes = codes.join(", ");
            tracing::warn!(letters, codes, "dead letters: `vitrine dead-letters list` shows them");
        }
        if report.conflicts > 0 {
            let events = report.conflicts;
            tracing::warn!(
                events,
                "conflicts: a version came again with another content, and the first counts"
            );
        }
    }

    /// Applies a dead letter's message again, and closes the dead letter with it; one that is refused
    /// again stays as it is.
    pub async fn retry(&self, dead_letter: i64, incoming: Incoming) -> Result<Report> {
        let batch = Batch { events: vec![incoming], ..Batch::default() };
        let warnings = self.warnings(&batch);
        let mut tx = self.store.begin().await?;
        let mut told = Collector::default();
        let report = self.apply_events(tx.as_mut(), &batch, &warnings, &mut told).await?;
        if report.refused > 0 {
            return Ok(report);
        }
        tx.close_dead_letter(dead_letter, "retried").await?;
        tx.record_change(&told.finish()).await?;
        tx.commit().await?;
        self.progress.send_modify(|n| *n += 1);
        Ok(report)
    }

    async fn apply_events(
        &self,
        tx: &mut dyn Transaction,
        batch: &Batch,
        warnings: &WarningCounts,
        told: &mut Collector,
    ) -> Result<Report> {
        tx.put_dead_letters(&batch.dead_letters).await?;
        let known = tx.known(&fold::keys(&batch.events)).await?;
        let excess = limits::excess_prices(tx, &batch.events, &known).await?;
        let refused: Vec<NewDeadLetter> = (0..)
            .zip(&batch.events)
            .filter(|(place, _)| excess.contains(place))
            .map(|(_, incoming)| limits::dead_letter(incoming))
            .collect();
        tx.put_dead_letters(&refused).await?;
        let mut folded = Folded::of(&batch.events, &known, &excess);
        folded.report.refused = refused.len() as u64;
        tx.save_facts(&folded.writes).await?;
        tx.add_review_counts(&folded.review_deltas()).await?;
        // Before the products that discounts reach: their scopes say as much.
        folded.tell(told);
        self.reach_discounts(tx, &mut folded).await?;
        let touched: Vec<String> = std::mem::take(&mut folded.touched).into_iter().collect();
        // Many products: each is computed once after the backlog, not once a batch. And where views take
        // long, facts do not wait for them: product pages need no views.
        let many = touched.len() > self.bounds.defer_products as usize;
        let late = |since: Clock| self.views_pace.would_be_late(since.elapsed(), touched.len());
        if (many || batch.since.is_some_and(late)) && !batch.moves.is_empty() {
            tx.defer(&touched, &batch.moves).await?;
        } else {
            let started = Clock::now();
            views::recompute(tx, &touched, &self.markets, &self.horizon()).await?;
            self.views_took(touched.len(), started.elapsed());
        }
        settle(tx, &folded).await?;
        let report = Report { products: touched.len() as u64, ..folded.report };
        let mut counts = outcomes(batch, &report);
        counts.extend(warnings.counted());
        tx.count_outcomes(&counts).await?;
        Ok(report)
    }

    /// The warnings of a batch's messages.
    fn warnings(&self, batch: &Batch) -> WarningCounts {
        let mut warnings = WarningCounts::default();
        warnings.add_unknown_types(batch.unknown_types);
        for incoming in &batch.events {
            if let Some(change) = incoming.change() {
                warnings.add(change, incoming.has_unknown_members, &self.markets);
            }
        }
        warnings
    }

    /// Now and then, forgets changes that everybody has had time to read.
    async fn prune_changes(&self) {
        {
            let mut pruned = self.pruned.lock().unwrap_or_else(PoisonError::into_inner);
            if pruned.is_some_and(|at| at.elapsed() < PRUNE_EVERY) {
                return;
            }
            *pruned = Some(Clock::now());
        }
        match self.store.prune_changes(KEEP).await {
            Ok(pruned) => tracing::debug!(pruned, "changes pruned"),
            // Nothing depends on it, and it is tried again.
            Err(error) => tracing::warn!(%error, "changes were not pruned"),
        }
    }

    /// Products that changed discounts reach: few are computed with the batch, many fan out.
    async fn reach_discounts(&self, tx: &mut dyn Transaction, folded: &mut Folded) -> Result<()> {
        let mut budget = self.bounds.inline_products;
        let horizon = self.horizon();
        let inline = budget > 0;
        if inline && !folded.discounts.is_empty() {
            tx.lock_discounts(DiscountLock::Change).await?;
        }
        let mut revised: Option<Instant> = None;
        for change in std::mem::take(&mut folded.discounts) {
            if change.windows.iter().all(|window| horizon.is_past(*window)) {
                // Not worth computing anything again: what is stored no longer answers for then.
                let over = change.windows.iter().map(|window| window.until).max();
                revised = revised.max(over);
                continue;
            }
            let none = Scope::default();
            let scope = union(
                change.old_scope.as_ref().unwrap_or(&none),
                change.new_scope.as_ref().unwrap_or(&none),
            );
            let start = ScopeCursor::default();
            let (reached, _) = match inline {
                true => tx.products_reached(&scope, start, budget.saturating_add(1)).await?,
                // Whoever marks looks for them, with the lock.
                false => (Vec::new(), None),
            };
            if inline && reached.len() <= budget as usize {
                budget -= reached.len() as u32;
                folded.touched.extend(reached);
            } else {
                tx.add_fanout(&NewFanout {
                    discount_id: &change.discount_id,
                    topic: &change.position.topic,
                    partition: change.position.partition,
                    offset: change.position.offset,
                    scope: &scope,
                })
                .await?;
            }
        }
        revise_past(tx, revised).await
    }
}

/// The part of time whose steps are stored, at this instant.
pub(crate) fn horizon(bounds: &Bounds, now: Instant) -> Horizon {
    let millis = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    Horizon::around(now, millis(bounds.past), millis(bounds.ahead))
}

/// Before this instant, prices have changed that no stored step shows.
async fn revise_past(tx: &mut dyn Transaction, until: Option<Instant>) -> Result<()> {
    let Some(until) = until else { return Ok(()) };
    let known = tx.meta(REVISED_UNTIL).await?.and_then(|text| text.parse().ok());
    if known.is_none_or(|known: i64| known < until.millis()) {
        tx.set_meta(REVISED_UNTIL, Some(&until.millis().to_string())).await?;
    }
    Ok(())
}

async fn settle(tx: &mut dyn Transaction, folded: &Folded) -> Result<()> {
    let settled: Vec<Settlement<'_>> = folded
        .applied_versions
        .iter()
        .map(|((kind, key), version)| Settlement { kind: *kind, key, version: *version })
        .collect();
    tx.settle_dead_letters(&settled).await.map(|_| ())
}

/// What became of a batch's events, without the zeros.
fn outcomes(batch: &Batch, report: &Report) -> Vec<(&'static str, u64)> {
    [
        ("applied", report.applied),
        ("repeated", report.repeated),
        ("stale", report.stale),
        ("conflict", report.conflicts),
        ("unknown_type", batch.unknown_types),
        ("dead_letter", batch.dead_letters.len() as u64 + report.refused),
    ]
    .into_iter()
    .filter(|(_, n)| *n > 0)
    .collect()
}

/// Carries the trace context of events that have one into the logs of this process.
fn trace(batch: &Batch) {
    for Incoming { position, message, .. } in &batch.events {
        if let Message::Event { event, .. } = message
            && let Some(traceparent) = &event.traceparent
        {
            let (kind, key) = (event.kind().name(), event.entity_key());
            tracing::debug!(traceparent, %position, kind, key, "event projected");
        }
    }
}
