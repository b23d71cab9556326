//! How many loads the store is asked for at once, and how many may queue for that.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// So many pass at once, and so many more wait; all others are turned away at once.
pub struct Gate {
    loads: Semaphore,
    waiting: AtomicUsize,
    max_waiting: usize,
}

impl Gate {
    pub fn new(max_loads: usize, max_waiting: usize) -> Self {
        let loads = Semaphore::new(max_loads.clamp(1, Semaphore::MAX_PERMITS));
        Gate { loads, waiting: AtomicUsize::new(0), max_waiting }
    }

    /// Leave to load, kept until it is dropped; none where too many wait already.
    pub async fn pass(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(permit) = self.loads.try_acquire() {
            return Some(permit);
        }
        let _place = Place::take(self)?;
        // It is never closed.
        self.loads.acquire().await.ok()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A place in the queue, given back when the wait ends or is given up.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(gate: &'a Gate) -> Option<Place<'a>> {
        let more = |waiting: usize| (waiting < gate.max_waiting).then_some(waiting + 1);
        let taken = gate.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_| Place(&gate.waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
