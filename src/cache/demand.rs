//! Requests that wait for a page to be made, of all page caches of a process: what nobody waits for gives way
//! to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

const STEP: Duration = Duration::from_millis(5);

/// How many there are.
#[derive(Clone, Default, Debug)]
pub struct Demand(Arc<AtomicUsize>);

/// A request that waits, until this is dropped.
#[derive(Debug)]
pub struct Waiting(Demand);

impl Demand {
    pub fn begin(&self) -> Waiting {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waiting(self.clone())
    }

    /// Waits until no request waits, but no longer than this.
    pub async fn give_way(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        while self.0.load(Ordering::Relaxed) > 0 && Instant::now() < until {
            tokio::time::sleep(STEP).await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
