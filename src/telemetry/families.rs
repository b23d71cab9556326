//! Metrics that are read from what counts them, when they are asked for.

use std::time::Duration;

use prometheus::Opts;
use prometheus::core::{Desc, Describer};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType, Summary};

/// A metric's name, and what it says.
pub type Named = (&'static str, &'static str);

/// # Errors
/// Where a name or label is none.
pub fn describe((name, help): Named, labels: &[&str]) -> prometheus::Result<Desc> {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    Opts::new(name, help).variable_labels(labels).describe()
}

fn family((name, help): Named, of: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(of);
    family.set_metric(metrics);
    family
}

/// One metric of a family; without a label where it has no name.
fn labelled(label: &str, value: &str) -> Metric {
    let mut metric = Metric::default();
    if !label.is_empty() {
        let mut pair = LabelPair::default();
        pair.set_name(label.to_owned());
        pair.set_value(value.to_owned());
        metric.set_label(vec![pair]);
    }
    metric
}

/// A counter for each value of a label; with no label's name one that has none.
pub fn counters(of: Named, label: &str, values: &[(&str, u64)]) -> MetricFamily {
    let metrics = values.iter().map(|(value, count)| {
        let mut counter = Counter::default();
        counter.set_value(*count as f64);
        let mut metric = labelled(label, value);
        metric.set_counter(counter);
        metric
    });
    family(of, MetricType::COUNTER, metrics.collect())
}

pub fn gauge(of: Named, value: f64) -> MetricFamily {
    gauges(of, "", &[("", value)])
}

/// A gauge for each value of a label.
pub fn gauges(of: Named, label: &str, values: &[(&str, f64)]) -> MetricFamily {
    let metrics = values.iter().map(|(value, now)| {
        let mut gauge = Gauge::default();
        gauge.set_value(*now);
        let mut metric = labelled(label, value);
        metric.set_gauge(gauge);
        metric
    });
    family(of, MetricType::GAUGE, metrics.collect())
}

/// How often something was done, and how long all of it took.
pub fn seconds(of: Named, (count, took): (u64, Duration)) -> MetricFamily {
    let mut summary = Summary::default();
    summary.set_sample_count(count);
    summary.set_sample_sum(took.as_secs_f64());
    let mut metric = Metric::default();
    metric.set_summary(summary);
    family(of, MetricType::SUMMARY, vec![metric])
}
