//! How far facts and views have come, looked at once for all requests that wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::log::position::{ReadFrom, Reflected};
use crate::store::{ReadStore, Result};

/// Requests that go on waiting share looks that are no older than this: however many there are,
/// they ask the store no more often.
const SHARED_FOR: Duration = Duration::from_millis(5);

/// The last look: when it began, and what was seen.
type Look = Mutex<Option<(Instant, Arc<Reflected>)>>;

/// The last looks.
#[derive(Default)]
pub struct Reached {
    facts: Look,
    views: Look,
}

impl Reached {
    /// What was committed when this was called, or later.
    pub async fn now(&self, store: &dyn ReadStore, from: ReadFrom) -> Result<Arc<Reflected>> {
        self.since(Instant::now(), store, from).await
    }

    /// For who has looked before.
    pub async fn lately(&self, store: &dyn ReadStore, from: ReadFrom) -> Result<Arc<Reflected>> {
        let now = Instant::now();
        self.since(now.checked_sub(SHARED_FOR).unwrap_or(now), store, from).await
    }

    /// A look that began at this moment or after it: whoever comes while one is under way waits for
    /// it, and then shares the next one with all others who do.
    async fn since(
        &self,
        moment: Instant,
        store: &dyn ReadStore,
        from: ReadFrom,
    ) -> Result<Arc<Reflected>> {
        let look = match from {
            ReadFrom::Facts => &self.facts,
            ReadFrom::Views => &self.views,
        };
        let mut last = look.lock().await;
        if let Some((began, reflected)) = &*last
            && *began >= moment
        {
            return Ok(Arc::clone(reflected));
        }
        let began = Instant::now();
        // While the primary is away, what replicas have can still be read.
        let mut snapshot = match store.snapshot_fresh().await {
            Ok(snapshot) => snapshot,
            Err(_) => store.snapshot().await?,
        };
        let reflected = Arc::new(snapshot.reflected_in(from).await?);
        *last = Some((began, Arc::clone(&reflected)));
        Ok(reflected)
    }
}
