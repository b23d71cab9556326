//! Generations that nobody projects, as far as somebody can tell who does not do so either.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::log::EventLog;
use crate::log::position::{Partition, Reflected};
use crate::projector::drive::ProjectorError;
use crate::store::ReadStore;

/// A generation that stands still for so long, with work to be done, is projected by nobody.
const ABANDONED_AFTER: Duration = Duration::from_secs(3);

/// What a store holds of the log.
type Stands = (Vec<(Partition, i64)>, Reflected);

/// Watches how generations move.
pub struct Abandoned {
    log: Arc<dyn EventLog>,
    seen: HashMap<i64, (Stands, Instant)>,
}

impl Abandoned {
    pub fn new(log: Arc<dyn EventLog>) -> Abandoned {
        Abandoned { log, seen: HashMap::new() }
    }

    /// Whether nobody projects this generation. To be asked now and then: it takes a while to see that something does not
    /// move, and where that cannot be seen nobody knows better.
    pub async fn is(&mut self, store: &dyn ReadStore) -> bool {
        self.look(store).await.unwrap_or_else(|error| {
            tracing::debug!(generation = store.generation(), %error, "whether it is projected cannot be seen");
            false
        })
    }

    async fn look(&mut self, store: &dyn ReadStore) -> Result<bool, ProjectorError> {
        let mut snapshot = store.snapshot_fresh().await?;
        let mut positions = snapshot.positions().await?;
        let reflected = snapshot.reflected().await?;
        drop(snapshot);
        positions.sort_unstable();
        let (stands, now) = ((positions, reflected), Instant::now());
        let number = store.generation();
        let since = match self.seen.get(&number) {
            Some((before, since)) if *before == stands => *since,
            _ => now,
        };
        if now.duration_since(since) < ABANDONED_AFTER {
            self.seen.insert(number, (stands, since));
            return Ok(false);
        }
        let has_work = self.has_work(&stands).await?;
        self.seen.insert(number, (stands, now));
        Ok(has_work)
    }

    /// Whether the log has more, or what follows from its events is yet to be computed.
    async fn has_work(&self, (positions, reflected): &Stands) -> Result<bool, ProjectorError> {
        let head = positions.iter().map(|(partition, next)| (partition.clone(), *next, None));
        if !reflected.covers(&head.collect()) {
            return Ok(true);
        }
        let extents = self.log.extents().await?;
        Ok(self.log.lag(&extents, positions).await?.events > 0)
    }
}
