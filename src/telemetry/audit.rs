//! The metrics of the cache's audit.

use std::time::Duration;

use projections::instant::Instant;
use prometheus::{Gauge, IntCounterVec, Opts, Registry};

/// What came of audited pages.
pub const RESULTS: [&str; 4] = ["same", "changed", "different", "failed"];

/// What an audit tells.
#[derive(Clone)]
pub struct AuditMetrics {
    pages: IntCounterVec,
    difference_seconds: Gauge,
    last: Gauge,
}

impl AuditMetrics {
    /// Registers them, with all results at zero.
    ///
    /// # Errors
    /// Where the registry has them already.
    pub fn new(registry: &Registry) -> prometheus::Result<AuditMetrics> {
        let metrics = AuditMetrics {
            pages: IntCounterVec::new(
                Opts::new(
                    "vitrine_cache_audit_pages_total",
                    "Cached pages that were compared with the store, by result: same, changed (it changed \
                     meanwhile), different (it was wrong, and was dropped), failed (it could not be compared).",
                ),
                &["result"],
            )?,
            difference_seconds: Gauge::new(
                "vitrine_cache_audit_difference_seconds",
                "How long ago the oldest page that the last audit found to be different was loaded; 0 for none.",
            )?,
            last: Gauge::new(
                "vitrine_cache_audit_timestamp_seconds",
                "When the last audit ended, in seconds since 1970; 0 before the first.",
            )?,
        };
        for result in RESULTS {
            metrics.pages.with_label_values(&[result]).inc_by(0);
        }
        registry.register(Box::new(metrics.pages.clone()))?;
        registry.register(Box::new(metrics.difference_seconds.clone()))?;
        registry.register(Box::new(metrics.last.clone()))?;
        Ok(metrics)
    }

    /// So many pages were compared, with this result.
    pub fn pages(&self, result: &'static str, pages: usize) {
        self.pages.with_label_values(&[result]).inc_by(pages as u64);
    }

    /// An audit has ended.
    pub fn ended(&self, oldest_difference: Duration, at: Instant) {
        self.difference_seconds.set(oldest_difference.as_secs_f64());
        self.last.set(at.millis() as f64 / 1000.0);
    }
}
