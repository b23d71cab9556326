//! The listing index of a process: immutable versions, each of which is one state of the store.
//!
//! A [`follow::Follower`] loads the first version and publishes the next ones as the store changes.
//! Requests take the version of now and keep to it.

pub mod audit;
mod bounds;
pub mod follow;
mod image;
pub mod images;
mod load;
mod rounds;
pub mod scans;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use projections::index::Index;
use projections::instant::Instant;
use tokio::sync::watch;

use crate::log::position::Reflected;
use audit::Audited;
use scans::{ScanLimits, Scans};

/// One version of the index, which is one state of the store.
pub struct IndexVersion {
    /// Counted by this process, ascending.
    pub number: u64,
    pub index: Index,
    /// Up to where it reflects the events of each partition.
    pub reflected: Reflected,
    /// Until when its columns hold with no event.
    pub holds_until: Instant,
}

/// How much an index may take.
#[derive(Clone, Copy, Debug)]
pub struct IndexLimits {
    pub scans: ScanLimits,
    /// Bytes in memory; 0: any.
    pub max_bytes: u64,
}

/// What a generation's listings, facets and cards are answered from.
pub struct ListingIndex {
    current: ArcSwapOption<IndexVersion>,
    published: watch::Sender<u64>,
    /// Products that were loaded so far, until there is a first version.
    loaded: AtomicU64,
    /// Versions before the current one that requests may still read from.
    held: AtomicUsize,
    /// Rounds that made a version, the first one aside.
    pub rounds: Times,
    pub scans: Scans,
    pub audited: Audited,
    /// The ids of products that an audit has found to be different: the follower reads them again.
    doubted: Mutex<BTreeSet<String>>,
    max_bytes: u64,
}

/// How often something was done, and how long all of it took.
#[derive(Debug, Default)]
pub struct Times {
    count: AtomicU64,
    micros: AtomicU64,
}

impl Times {
    fn took(&self, took: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    pub fn taken(&self) -> (u64, Duration) {
        let micros = self.micros.load(Ordering::Relaxed);
        (self.count.load(Ordering::Relaxed), Duration::from_micros(micros))
    }
}

impl ListingIndex {
    pub fn new(limits: IndexLimits) -> ListingIndex {
        ListingIndex {
            current: ArcSwapOption::empty(),
            published: watch::Sender::new(0),
            loaded: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            rounds: Times::default(),
            scans: Scans::new(limits.scans),
            audited: Audited::default(),
            doubted: Mutex::default(),
            max_bytes: limits.max_bytes,
        }
    }

    /// The version of now; none before the first was loaded.
    pub fn current(&self) -> Option<Arc<IndexVersion>> {
        self.current.load_full()
    }

    pub fn is_loaded(&self) -> bool {
        self.current.load().is_some()
    }

    /// Changes with every version.
    pub fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Products that were loaded for the first version.
    pub fn loaded(&self) -> u64 {
        self.loaded.load(Ordering::Relaxed)
    }

    /// Versions before the current one that requests may still read from.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Has a product read again as if nothing were known of it.
    fn doubt(&self, product_id: String) {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).insert(product_id);
    }

    fn take_doubted(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.doubted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, version: Arc<IndexVersion>) {
        self.current.store(Some(version));
    }

    /// Wakes those who wait for a version: after whoever else hears of it.
    fn wake(&self, number: u64) {
        self.published.send_replace(number);
    }
}
