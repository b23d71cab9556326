//! Stopped partitions, as a process tells of them that answers and does not project.

use std::collections::BTreeSet;

use crate::log::position::Partition;
use crate::store::{ReadStore, Result};
use crate::waits::Waits;

/// What is stopped of the generation that is answered from, as far as this process has told.
pub struct Stopped {
    waits: Waits,
    told: BTreeSet<Partition>,
}

impl Stopped {
    pub fn new(waits: Waits) -> Stopped {
        Stopped { waits, told: BTreeSet::new() }
    }

    /// Looks again.
    pub async fn look(&mut self, store: &dyn ReadStore) -> Result<()> {
        let standings = store.snapshot_fresh().await?.standings().await?;
        let mut stopped = BTreeSet::new();
        for standing in standings {
            if let Some(why) = standing.stopped {
                self.waits.wait(&standing.partition.stopped_subject(), why);
                stopped.insert(standing.partition);
            }
        }
        for partition in self.told.difference(&stopped) {
            self.waits.over(&partition.stopped_subject());
        }
        self.told = stopped;
        Ok(())
    }
}
