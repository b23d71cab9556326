//! The page cache's metrics: read from it when they are asked for.

use std::time::Duration;

use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::families::{counters, describe, gauge};
use crate::cache::Statistics;

const REQUESTS: (&str, &str) = (
    "vitrine_cache_requests_total",
    "Pages asked of the cache, by result: hit, miss, stale, busy (too many were being read).",
);
const LOADS: (&str, &str) = (
    "vitrine_cache_loads_total",
    "Pages read from the store for the cache, by result: kept, outdated (it had changed meanwhile), failed.",
);
const PREPARED: (&str, &str) = (
    "vitrine_cache_prepared_total",
    "Pages read from the store as they will be after a known change, before it.",
);
const EVICTIONS: (&str, &str) =
    ("vitrine_cache_evictions_total", "Pages dropped for want of room (`cache.max_bytes`).");
const BYTES: (&str, &str) = ("vitrine_cache_bytes", "Bytes that cached pages take.");
const PAGES: (&str, &str) = ("vitrine_cache_pages", "Pages in the cache.");
const BEHIND: (&str, &str) = (
    "vitrine_cache_behind_seconds",
    "How long ago all changes were known; -1 before any were. Pages are marked stale beyond a second.",
);

/// What a cache has counted.
pub struct CacheCounts {
    pub statistics: Statistics,
    /// How long ago all changes were known; `None` before any were.
    pub behind: Option<Duration>,
}

/// Answers the counts of the cache that is answered from now, if there is one.
type CurrentCounts = dyn Fn() -> Option<CacheCounts> + Send + Sync;

/// Reads the cache's own counts: they begin anew with each promotion.
pub struct CacheMetrics {
    counts: Box<CurrentCounts>,
    descriptions: Vec<Desc>,
}

impl CacheMetrics {
    /// Registers them; `counts` answers those of the cache that is answered from now.
    ///
    /// # Errors
    /// Where the registry has them already.
    pub fn register(registry: &Registry, counts: Box<CurrentCounts>) -> prometheus::Result<()> {
        let descriptions = vec![
            describe(REQUESTS, &["result"])?,
            describe(LOADS, &["result"])?,
            describe(PREPARED, &[])?,
            describe(EVICTIONS, &[])?,
            describe(BYTES, &[])?,
            describe(PAGES, &[])?,
            describe(BEHIND, &[])?,
        ];
        registry.register(Box::new(CacheMetrics { counts, descriptions }))
    }
}

impl Collector for CacheMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(CacheCounts { statistics: now, behind }) = (self.counts)() else {
            return Vec::new();
        };
        let kept = now.loads.saturating_sub(now.put_refused + now.failed_loads);
        let behind = behind.map_or(-1.0, |behind| behind.as_secs_f64());
        vec![
            counters(
                REQUESTS,
                "result",
                &[
                    ("hit", now.hits),
                    ("miss", now.misses),
                    ("stale", now.stale),
                    ("busy", now.busy),
                ],
            ),
            counters(
                LOADS,
                "result",
                &[("kept", kept), ("outdated", now.put_refused), ("failed", now.failed_loads)],
            ),
            counters(PREPARED, "", &[("", now.prepared)]),
            counters(EVICTIONS, "", &[("", now.evictions)]),
            gauge(BYTES, now.bytes as f64),
            gauge(PAGES, now.entries as f64),
            gauge(BEHIND, behind),
        ]
    }
}
