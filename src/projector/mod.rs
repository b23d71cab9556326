//! The projector: batches of events become changes of the read store, each in one transaction with
//! the positions that it moves.

pub mod drive;
pub mod embedded;
mod fold;
mod incoming;
mod judge;
pub mod kafka;
pub(crate) mod limits;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant as Clock;

use projections::market::Market;
use tokio::sync::watch;

use crate::changes::Collector;
use crate::decode::counted::WarningCounts;
use crate::store::dead_letter::{NewDeadLetter, Settlement};
use crate::store::feed::KEEP;
use crate::store::{Advance, ReadStore, Result, Transaction};
use crate::telemetry::projector::ProjectorMetrics;
use crate::waits::Waits;
use fold::Folded;
pub use incoming::{Incoming, Message};

/// What one transaction takes up.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Events and tombstones, in their order.
    pub events: Vec<Incoming>,
    pub dead_letters: Vec<NewDeadLetter>,
    pub unknown_types: u64,
    pub moves: Vec<Advance>,
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
}

/// Applies batches to a read store.
pub struct Projector {
    store: Arc<dyn ReadStore>,
    markets: Vec<Market>,
    progress: Arc<watch::Sender<u64>>,
    metrics: Option<ProjectorMetrics>,
    waits: Waits,
}

impl Projector {
    pub fn new(store: Arc<dyn ReadStore>, markets: Vec<Market>) -> Projector {
        Projector {
            store,
            markets,
            progress: Arc::default(),
            metrics: None,
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

    /// Changes with every commit.
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.progress.subscribe()
    }

    pub fn store(&self) -> &Arc<dyn ReadStore> {
        &self.store
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
        folded.tell(told);
        settle(tx, &folded).await?;
        let mut counts = outcomes(batch, &folded.report);
        counts.extend(warnings.counted());
        tx.count_outcomes(&counts).await?;
        Ok(folded.report)
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

    /// Forgets changes that all who follow the store have had time to read.
    async fn prune_changes(&self) {
        match self.store.prune_changes(KEEP).await {
            Ok(pruned) => tracing::debug!(pruned, "changes pruned"),
            // Nothing depends on it, and it is tried again.
            Err(error) => tracing::warn!(%error, "changes were not pruned"),
        }
    }
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
