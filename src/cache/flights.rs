//! One load per page at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::entry::Entry;
use super::key::PageKey;

/// What a load came to, for all who waited for it.
#[derive(Debug)]
pub enum Outcome<E> {
    /// A page: whether it is valid is for each of them to see.
    Loaded(Arc<Entry>),
    Failed(E),
}

impl<E: Clone> Clone for Outcome<E> {
    fn clone(&self) -> Self {
        match self {
            Outcome::Loaded(entry) => Outcome::Loaded(Arc::clone(entry)),
            Outcome::Failed(error) => Outcome::Failed(error.clone()),
        }
    }
}

type Waited<E> = watch::Receiver<Option<Outcome<E>>>;

/// The loads on their way.
///
/// The lock is held for one look at the map, never while something is waited for.
pub struct Flights<E> {
    under_way: Mutex<HashMap<PageKey, Waited<E>, ahash::RandomState>>,
}

impl<E> Default for Flights<E> {
    fn default() -> Self {
        Flights { under_way: Mutex::default() }
    }
}

/// What one who wants a page loaded has to do.
pub enum Part<E> {
    /// Load it, and tell the others.
    Lead(Lead<E>),
    /// Wait for the one who does.
    Wait(Wait<E>),
}

impl<E> Flights<E> {
    pub fn join(self: &Arc<Self>, key: &PageKey) -> Part<E> {
        let mut under_way = self.lock();
        if let Some(outcome) = under_way.get(key) {
            return Part::Wait(Wait(outcome.clone()));
        }
        let (outcome, waited) = watch::channel(None);
        under_way.insert(key.clone(), waited);
        Part::Lead(Lead { flights: Arc::clone(self), key: key.clone(), outcome: Some(outcome) })
    }

    /// How many pages are being loaded.
    pub fn under_way(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PageKey, Waited<E>, ahash::RandomState>> {
        // Nothing that is done under the lock leaves the map half changed.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to load a page. Whichever way it ends (told, failed, dropped with its future), the
/// next one can load.
pub struct Lead<E> {
    flights: Arc<Flights<E>>,
    key: PageKey,
    /// None once it is told.
    outcome: Option<watch::Sender<Option<Outcome<E>>>>,
}

impl<E> Lead<E> {
    pub fn key(&self) -> &PageKey {
        &self.key
    }

    /// Tells those who wait.
    pub fn tell(mut self, outcome: Outcome<E>) {
        if let Some(waited) = self.outcome.take() {
            // Off the map first: who is told of a page that is not valid any more, and asks again,
            // must find a load that begins after that, not this one.
            self.flights.lock().remove(&self.key);
            waited.send_replace(Some(outcome));
        }
    }
}

impl<E> Drop for Lead<E> {
    fn drop(&mut self) {
        // Given up: likewise off the map before those who wait wake up from the sender's end.
        if self.outcome.is_some() {
            self.flights.lock().remove(&self.key);
        }
    }
}

/// The wait for somebody else's load.
pub struct Wait<E>(Waited<E>);

impl<E: Clone> Wait<E> {
    /// What it came to; none if it was given up.
    pub async fn outcome(mut self) -> Option<Outcome<E>> {
        let outcome = self.0.wait_for(Option::is_some).await.ok()?;
        outcome.clone()
    }
}
