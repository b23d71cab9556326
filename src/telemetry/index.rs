//! The listing index's metrics: read from it when they are asked for.

use std::sync::Arc;

use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::families::{counters, describe, gauge, gauges, seconds};
use crate::index::{ListingIndex, audit};

const PRODUCTS: (&str, &str) = (
    "vitrine_index_products",
    "Products in the listing index, those that are not to be seen included.",
);
const BYTES: (&str, &str) =
    ("vitrine_index_bytes", "Bytes that the listing index takes, about, by what they hold.");
const VERSION: (&str, &str) = (
    "vitrine_index_version",
    "The version of the listing index that is answered from, counted by this process; 0: none yet.",
);
const HELD: (&str, &str) = (
    "vitrine_index_versions_held",
    "Versions of the listing index before this one that requests still read from.",
);
const ROUNDS: (&str, &str) = (
    "vitrine_index_round_seconds",
    "Rounds that made another version of the listing index, until it was answered from.",
);
const SCANS: (&str, &str) = (
    "vitrine_index_scan_seconds",
    "Listings that were looked through by a thread of their own, waiting not included.",
);
const WAITING: (&str, &str) =
    ("vitrine_index_scans_waiting", "Requests that wait for a thread to look through a listing.");
const REFUSED: (&str, &str) = (
    "vitrine_index_scans_refused_total",
    "Requests that were a 503 since too many waited already (`index.max_waiting_scans`).",
);

const AUDITED: (&str, &str) = (
    "vitrine_index_audit_products_total",
    "Products of the listing index that were compared with the store, by result: same, changed (it changed meanwhile), \
     different (the index had it otherwise, and read it again), failed (it could not be compared).",
);

/// Answers the index that is read from now, if there is one.
type CurrentIndex = dyn Fn() -> Option<Arc<ListingIndex>> + Send + Sync;

/// Reads the index's own counts: they begin anew with each promotion.
pub struct IndexMetrics {
    index: Box<CurrentIndex>,
    descriptions: Vec<Desc>,
}

impl IndexMetrics {
    /// Registers them; `index` answers the index that is read from now.
    ///
    /// # Errors
    /// Where the registry has them already.
    pub fn register(registry: &Registry, index: Box<CurrentIndex>) -> prometheus::Result<()> {
        let plain = [PRODUCTS, VERSION, HELD, ROUNDS, SCANS, WAITING, REFUSED];
        let plain = plain.into_iter().map(|named| describe(named, &[]));
        let labelled = [describe(BYTES, &["part"]), describe(AUDITED, &["result"])];
        let descriptions = plain.chain(labelled).collect::<prometheus::Result<_>>()?;
        registry.register(Box::new(IndexMetrics { index, descriptions }))
    }
}

impl Collector for IndexMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(index) = (self.index)() else { return Vec::new() };
        let version = index.current();
        let products = version.as_ref().map_or(0, |version| version.index.len());
        let bytes = version.as_ref().map_or_else(Vec::new, |version| version.index.bytes());
        let bytes: Vec<(&str, f64)> =
            bytes.into_iter().map(|(part, bytes)| (part, bytes as f64)).collect();
        let scans = &index.scans;
        let audited: Vec<(&str, u64)> =
            audit::RESULTS.into_iter().zip(index.audited.counts()).collect();
        vec![
            gauge(PRODUCTS, products as f64),
            gauges(BYTES, "part", &bytes),
            gauge(VERSION, version.map_or(0, |version| version.number) as f64),
            gauge(HELD, index.held() as f64),
            seconds(ROUNDS, index.rounds.taken()),
            seconds(SCANS, scans.times.taken()),
            gauge(WAITING, scans.waiting() as f64),
            counters(REFUSED, "", &[("", scans.refused())]),
            counters(AUDITED, "result", &audited),
        ]
    }
}
