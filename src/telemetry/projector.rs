//! The projector's metrics.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGaugeVec, Opts, Registry};

use crate::catalogue::live::Live;
use crate::decode::counted::{self, WarningCounts};
use crate::store::Advance;

/// Bounds of a batch's seconds: one event when idle, tens of thousands in a backlog.
const SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What projectors tell of their work. Of several generations that are projected only the live one counts: each
/// event once.
#[derive(Clone)]
pub struct ProjectorMetrics {
    live: Live,
    events: IntCounterVec,
    warnings: IntCounterVec,
    batch_seconds: Histogram,
    next_offset: IntGaugeVec,
}

impl ProjectorMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// Where the registry has them already.
    pub fn new(registry: &Registry, live: Live) -> prometheus::Result<ProjectorMetrics> {
        let metrics = ProjectorMetrics {
            live,
            events: IntCounterVec::new(
                Opts::new(
                    "vitrine_events_total",
                    "Events taken from the log, by outcome: applied, repeated, stale, conflict, \
                     unknown_type, dead_letter.",
                ),
                &["outcome"],
            )?,
            warnings: IntCounterVec::new(
                Opts::new(
                    "vitrine_event_warnings_total",
                    "Events taken from the log that are accepted and hardly what was meant, by the code of the \
                     warning: type.unknown, data.market.unknown, data.currency.mismatch, data.scope.empty, \
                     unknown_member.",
                ),
                &["code"],
            )?,
            batch_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "vitrine_batch_seconds",
                    "A batch's transaction, from its begin to its commit.",
                )
                .buckets(SECONDS.to_vec()),
            )?,
            next_offset: IntGaugeVec::new(
                Opts::new("vitrine_next_offset", "The offset that is projected next."),
                &["topic", "partition"],
            )?,
        };
        registry.register(Box::new(metrics.events.clone()))?;
        registry.register(Box::new(metrics.warnings.clone()))?;
        registry.register(Box::new(metrics.batch_seconds.clone()))?;
        registry.register(Box::new(metrics.next_offset.clone()))?;
        Ok(metrics)
    }

    /// Whether this generation's events are counted.
    pub fn counts(&self, generation: i64) -> bool {
        self.live.is(generation)
    }

    /// A batch was committed.
    pub fn batch(
        &self,
        generation: i64,
        (outcomes, warnings): (&[(&'static str, u64)], &WarningCounts),
        moves: &[Advance],
        took: Duration,
    ) {
        if !self.live.is(generation) {
            return;
        }
        for (outcome, events) in outcomes {
            self.events.with_label_values(&[*outcome]).inc_by(*events);
        }
        for (name, events) in warnings.counted() {
            let code = name.strip_prefix(counted::PREFIX).unwrap_or(name);
            self.warnings.with_label_values(&[code]).inc_by(events);
        }
        for step in moves {
            let partition = step.partition.partition.to_string();
            let labels = [step.partition.topic.as_str(), partition.as_str()];
            self.next_offset.with_label_values(&labels).set(step.next);
        }
        self.batch_seconds.observe(took.as_secs_f64());
    }
}
