//! What the process waits for, as a metric: read when it is asked for.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts, Registry};

use crate::waits::Waits;

pub struct WaitMetrics {
    waits: Waits,
    gauge: IntGaugeVec,
}

impl WaitMetrics {
    /// Registers the metric.
    ///
    /// # Errors
    /// Where the registry has it already.
    pub fn register(registry: &Registry, waits: Waits) -> prometheus::Result<()> {
        let opts = Opts::new(
            "vitrine_waits",
            "1 for each thing that waits now, or is stopped, named as in `waits_for` of /readyz.",
        );
        let gauge = IntGaugeVec::new(opts, &["wait"])?;
        registry.register(Box::new(WaitMetrics { waits, gauge }))
    }
}

impl Collector for WaitMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.reset();
        for (subject, _) in self.waits.list() {
            self.gauge.with_label_values(&[subject.as_str()]).set(1);
        }
        self.gauge.collect()
    }
}
