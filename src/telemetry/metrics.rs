//! Metrics for Prometheus. All names start with `vitrine_`.

use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    TextEncoder,
};

/// Bounds of durations, in seconds: from a page out of memory to a long wait for a position.
const SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// All metrics of a process, in a registry of their own.
pub struct Metrics {
    registry: Registry,
    http_requests: IntCounterVec,
    http_seconds: HistogramVec,
    store_read_seconds: HistogramVec,
    ingested: IntCounterVec,
}

impl Metrics {
    /// Metrics that all stand at zero.
    ///
    /// # Errors
    /// Where two metrics have the same name.
    pub fn new() -> prometheus::Result<Metrics> {
        let registry = Registry::new();
        let http_requests = IntCounterVec::new(
            Opts::new("vitrine_http_requests_total", "HTTP requests, by route and status class."),
            &["route", "status"],
        )?;
        let http_seconds = HistogramVec::new(
            HistogramOpts::new(
                "vitrine_http_request_seconds",
                "From a request's head to its answer's, waits for positions included.",
            )
            .buckets(SECONDS.to_vec()),
            &["route", "status"],
        )?;
        let store_read_seconds = HistogramVec::new(
            HistogramOpts::new(
                "vitrine_store_read_seconds",
                "Reading all parts of an answer from one snapshot, and putting them together.",
            )
            .buckets(SECONDS.to_vec()),
            &["route"],
        )?;
        let ingested = IntCounterVec::new(
            Opts::new(
                "vitrine_ingested_events_total",
                "Events posted to the API, by outcome: appended, unknown_type, rejected.",
            ),
            &["outcome"],
        )?;
        registry.register(Box::new(ingested.clone()))?;
        registry.register(Box::new(http_requests.clone()))?;
        registry.register(Box::new(http_seconds.clone()))?;
        registry.register(Box::new(store_read_seconds.clone()))?;
        Ok(Metrics { registry, http_requests, http_seconds, store_read_seconds, ingested })
    }

    /// Where further metrics are registered.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A request was answered. The route is a pattern, never a path: paths hold ids.
    pub fn http_request(&self, route: &str, status: u16, took: Duration) {
        let labels = [route, status_class(status)];
        self.http_requests.with_label_values(&labels).inc();
        self.http_seconds.with_label_values(&labels).observe(took.as_secs_f64());
    }

    /// The same for one route, found once: for those that answer often.
    pub fn route(&self, route: &str) -> RouteMetrics {
        let of = |status: &str| {
            let labels = [route, status];
            (
                self.http_requests.with_label_values(&labels),
                self.http_seconds.with_label_values(&labels),
            )
        };
        RouteMetrics { found: of("2xx"), unchanged: of("3xx") }
    }

    /// Events were posted: how many of them had this outcome.
    pub fn ingested(&self, outcome: &'static str, events: usize) {
        self.ingested.with_label_values(&[outcome]).inc_by(events as u64);
    }

    /// An answer was read from the store.
    pub fn store_read(&self, route: &str, took: Duration) {
        self.store_read_seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// Everything, in Prometheus' text format.
    ///
    /// # Errors
    /// Where a metric cannot be written.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// The requests of one route that are answered with a page, or with a 304.
pub struct RouteMetrics {
    found: (IntCounter, Histogram),
    unchanged: (IntCounter, Histogram),
}

impl RouteMetrics {
    /// One of them was answered.
    pub fn count(&self, status: u16, took: Duration) {
        let (requests, seconds) = if status == 304 { &self.unchanged } else { &self.found };
        requests.inc();
        seconds.observe(took.as_secs_f64());
    }
}

fn status_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
