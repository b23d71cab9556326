//! Generations that nobody projects, as far as somebody can tell who does not do so either.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::catalogue::State;
use crate::catalogue::stores::Stores;
use crate::log::EventLog;
use crate::log::position::Partition;
use crate::projector::drive::ProjectorError;
use crate::store::ReadStore;

/// A generation that has work to be done and stands still for so long is projected by nobody. Partitions of an instance
/// that died go to another one after Kafka's `session.timeout.ms`, 10 s.
const ABANDONED_AFTER: Duration = Duration::from_secs(15);

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a store holds of the log.
type Stands = Vec<(Partition, i64)>;

/// The generations that are abandoned; none is taken back.
#[derive(Clone, Default)]
pub struct Abandoned(Arc<Mutex<HashSet<i64>>>);

impl Abandoned {
    /// Watches all generations but this one, in the background, until told to stop.
    pub fn watch(
        but: i64,
        stores: Arc<Stores>,
        log: Arc<dyn EventLog>,
        stop: CancellationToken,
    ) -> Abandoned {
        let abandoned = Abandoned::default();
        let mut watch = Watch { but, stores, log, still: HashMap::new() };
        let found = abandoned.clone();
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                // Where it cannot be seen nobody knows better.
                if let Err(error) = watch.look(&found).await {
                    tracing::debug!(%error, "which generations are projected cannot be seen");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }));
        abandoned
    }

    pub fn has(&self, generation: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&generation)
    }

    fn add(&self, generation: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(generation);
    }
}

struct Watch {
    but: i64,
    stores: Arc<Stores>,
    log: Arc<dyn EventLog>,
    /// Those that had work to be done when they were looked at last, and since when they stand there.
    still: HashMap<i64, (Stands, Instant)>,
}

impl Watch {
    async fn look(&mut self, found: &Abandoned) -> Result<(), ProjectorError> {
        for generation in self.stores.catalogue().list().await? {
            let number = generation.number;
            let is_other = number != self.but && generation.state == State::Following;
            if !is_other || !generation.is_ours() || found.has(number) {
                continue;
            }
            let store = self.stores.get(&generation).await?;
            let Some(stands) = self.with_work(store.as_ref()).await? else {
                self.still.remove(&number);
                continue;
            };
            let since = match self.still.get(&number) {
                Some((before, since)) if *before == stands => *since,
                _ => Instant::now(),
            };
            if since.elapsed() >= ABANDONED_AFTER {
                tracing::info!(
                    generation = number,
                    "nobody seems to project it: this process does"
                );
                found.add(number);
            }
            self.still.insert(number, (stands, since));
        }
        Ok(())
    }

    /// Where a store stands, if the log has more.
    async fn with_work(&self, store: &dyn ReadStore) -> Result<Option<Stands>, ProjectorError> {
        let mut positions = store.snapshot_fresh().await?.positions().await?;
        positions.sort_unstable();
        let has_work = self.log.extents().await?.iter().any(|extent| {
            let next = positions.iter().find(|(partition, _)| *partition == extent.partition);
            next.map_or(extent.first, |(_, next)| *next) < extent.next
        });
        Ok(has_work.then_some(positions))
    }
}
