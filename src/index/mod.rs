//! The listing index of a process: immutable versions, each of which is one state of the store.
//!
//! A [`follow::Follower`] loads the first version and publishes the next ones as the store changes.
//! Requests take the version of now and keep to it.

pub mod follow;
mod rounds;
pub mod scans;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use projections::index::Index;
use projections::instant::Instant;
use tokio::sync::watch;

use crate::log::position::Reflected;
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

/// What a generation's listings, facets and cards are answered from.
pub struct ListingIndex {
    current: ArcSwapOption<IndexVersion>,
    published: watch::Sender<u64>,
    /// Products that were loaded so far, until there is a first version.
    loaded: AtomicU64,
    pub scans: Scans,
}

impl ListingIndex {
    pub fn new(limits: ScanLimits) -> ListingIndex {
        ListingIndex {
            current: ArcSwapOption::empty(),
            published: watch::Sender::new(0),
            loaded: AtomicU64::new(0),
            scans: Scans::new(limits),
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

    fn publish(&self, version: Arc<IndexVersion>) {
        self.current.store(Some(version));
    }

    /// Wakes those who wait for a version: after whoever else hears of it.
    fn wake(&self, number: u64) {
        self.published.send_replace(number);
    }
}
