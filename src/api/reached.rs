//! How far facts have come, looked at once for all requests that wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::log::position::Reflected;
use crate::store::{ReadStore, Result};

/// Requests that go on waiting share looks that are no older than this: however many there are,
/// they ask the store no more often.
const SHARED_FOR: Duration = Duration::from_millis(5);

/// How far facts were.
#[derive(Clone)]
pub struct Look {
    began: Instant,
    /// All that it has seen was committed before.
    pub ended: Instant,
    pub reflected: Arc<Reflected>,
}

/// The last look.
#[derive(Default)]
pub struct Reached(Mutex<Option<Look>>);

impl Reached {
    /// What was committed when this was called, or later.
    pub async fn now(&self, store: &dyn ReadStore) -> Result<Look> {
        self.since(Instant::now(), store).await
    }

    /// For who has looked before.
    pub async fn lately(&self, store: &dyn ReadStore) -> Result<Look> {
        let now = Instant::now();
        self.since(now.checked_sub(SHARED_FOR).unwrap_or(now), store).await
    }

    /// A look that began at this moment or after it: whoever comes while one is under way waits for
    /// it, and then shares the next one with all others who do.
    async fn since(&self, moment: Instant, store: &dyn ReadStore) -> Result<Look> {
        let mut last = self.0.lock().await;
        if let Some(look) = last.as_ref().filter(|look| look.began >= moment) {
            return Ok(look.clone());
        }
        let began = Instant::now();
        // While the primary is away, what replicas have can still be read.
        let mut snapshot = match store.snapshot_fresh().await {
            Ok(snapshot) => snapshot,
            Err(_) => store.snapshot().await?,
        };
        let reflected = Arc::new(snapshot.positions().await?.into_iter().collect());
        Ok(last.insert(Look { began, ended: Instant::now(), reflected }).clone())
    }
}
