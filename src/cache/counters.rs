//! What telemetry reads.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Answered by a page that was valid.
    pub hits: AtomicU64,
    /// No valid page was there.
    pub misses: AtomicU64,
    /// Answered by a page whose time was over, or with the store away.
    pub stale: AtomicU64,
    /// Loads that were begun.
    pub loads: AtomicU64,
    /// Loads of pages as they will be after a boundary.
    pub prepared: AtomicU64,
    /// Loads that failed.
    pub failed_loads: AtomicU64,
    /// Turned away: too many loads.
    pub busy: AtomicU64,
    /// Loaded pages that were not kept: something newer was told or there.
    pub put_refused: AtomicU64,
    /// Dropped for want of room.
    pub evictions: AtomicU64,
}

impl Counters {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The counts at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    pub hits: u64,
    pub misses: u64,
    pub stale: u64,
    pub loads: u64,
    pub prepared: u64,
    pub failed_loads: u64,
    pub busy: u64,
    pub put_refused: u64,
    pub evictions: u64,
    /// Bytes of all pages, as they are weighed.
    pub bytes: u64,
    pub entries: u64,
}

impl From<&Counters> for Statistics {
    fn from(counters: &Counters) -> Self {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            hits: read(&counters.hits),
            misses: read(&counters.misses),
            stale: read(&counters.stale),
            loads: read(&counters.loads),
            prepared: read(&counters.prepared),
            failed_loads: read(&counters.failed_loads),
            busy: read(&counters.busy),
            put_refused: read(&counters.put_refused),
            evictions: read(&counters.evictions),
            bytes: 0,
            entries: 0,
        }
    }
}
