//! Metrics of generations and rebuilds.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

/// What a process tells of generations.
#[derive(Clone)]
pub struct GenerationMetrics {
    generation: IntGauge,
    rebuilding: IntGauge,
    rebuilds: IntCounterVec,
    shadow_reads: IntCounterVec,
}

impl GenerationMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// Where the registry has them already.
    pub fn new(registry: &Registry) -> prometheus::Result<GenerationMetrics> {
        let metrics = GenerationMetrics {
            generation: IntGauge::new(
                "vitrine_generation",
                "The generation of the read store that pages are answered from; 0 before there is one.",
            )?,
            rebuilding: IntGauge::new(
                "vitrine_rebuilding",
                "1 while this process rebuilds a generation.",
            )?,
            rebuilds: IntCounterVec::new(
                Opts::new(
                    "vitrine_rebuilds_total",
                    "Rebuilds of this process that have ended, by result: promoted, built, refused (it differs \
                     from the live generation), failed.",
                ),
                &["result"],
            )?,
            shadow_reads: IntCounterVec::new(
                Opts::new(
                    "vitrine_shadow_reads_total",
                    "Pages that were asked for and compared with what the newest generation that is not live says, by \
                     result: same, different, unsettled (they changed all the time, or one was behind), left_out (too \
                     many at once), failed (one could not be read).",
                ),
                &["result"],
            )?,
        };
        for result in ["same", "different", "unsettled", "left_out", "failed"] {
            metrics.shadow_reads.with_label_values(&[result]);
        }
        for result in ["promoted", "built", "refused", "failed"] {
            metrics.rebuilds.with_label_values(&[result]);
        }
        registry.register(Box::new(metrics.generation.clone()))?;
        registry.register(Box::new(metrics.rebuilding.clone()))?;
        registry.register(Box::new(metrics.rebuilds.clone()))?;
        registry.register(Box::new(metrics.shadow_reads.clone()))?;
        Ok(metrics)
    }

    /// Pages are answered from this one.
    pub fn answers_from(&self, generation: i64) {
        self.generation.set(generation);
    }

    pub fn rebuilding(&self, is: bool) {
        self.rebuilding.set(i64::from(is));
    }

    /// A page was compared with another generation's, with this result.
    pub fn shadow_read(&self, result: &str) {
        self.shadow_reads.with_label_values(&[result]).inc();
    }

    /// A rebuild has ended so.
    pub fn rebuilt(&self, result: &str) {
        self.rebuilds.with_label_values(&[result]).inc();
    }
}
