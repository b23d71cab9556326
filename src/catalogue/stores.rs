//! The stores that a process has open, one a generation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio_util::sync::CancellationToken;

use super::{Catalogue, Generation};
use crate::store::{ReadStore, Result};

/// Opens each generation once: whoever projects it and whoever answers from it share its connections, and the hints of
/// its changes.
pub struct Stores {
    catalogue: Arc<dyn Catalogue>,
    open: AsyncMutex<HashMap<i64, Arc<dyn ReadStore>>>,
    progress: Mutex<HashMap<i64, Arc<watch::Sender<u64>>>>,
    forgotten: Mutex<HashMap<i64, CancellationToken>>,
}

impl Stores {
    pub fn new(catalogue: Arc<dyn Catalogue>) -> Stores {
        let (open, progress) = (AsyncMutex::default(), Mutex::default());
        Stores { catalogue, open, progress, forgotten: Mutex::default() }
    }

    pub fn catalogue(&self) -> &Arc<dyn Catalogue> {
        &self.catalogue
    }

    /// Takes one that was opened elsewhere; answers the one to use. Whoever asked for the progress of generation 0, before
    /// it was known which one comes, is told of this one's.
    pub async fn adopt(&self, store: Arc<dyn ReadStore>) -> Arc<dyn ReadStore> {
        let generation = store.generation();
        {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(early) = progress.remove(&0) {
                progress.insert(generation, early);
            }
        }
        let mut open = self.open.lock().await;
        Arc::clone(open.entry(generation).or_insert(store))
    }

    pub async fn get(&self, generation: &Generation) -> Result<Arc<dyn ReadStore>> {
        let mut open = self.open.lock().await;
        if let Some(store) = open.get(&generation.number) {
            return Ok(Arc::clone(store));
        }
        let store = self.catalogue.open(generation).await?;
        open.insert(generation.number, Arc::clone(&store));
        Ok(store)
    }

    /// Closes those of generations that are not known any more.
    pub async fn close_forgotten(&self, known: &[Generation]) {
        let is_known = |number: &i64| known.iter().any(|generation| generation.number == *number);
        let forgotten: Vec<(i64, Arc<dyn ReadStore>)> = {
            let mut open = self.open.lock().await;
            open.extract_if(|number, _| !is_known(number)).collect()
        };
        for (number, store) in forgotten {
            // Whoever still reads it in the background ends before it is closed.
            self.forgotten(number).cancel();
            tracing::info!(generation = number, "a dropped generation is let go of");
            store.close().await;
        }
    }

    /// Cancelled once this generation is not known any more.
    pub fn forgotten(&self, generation: i64) -> CancellationToken {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        forgotten.entry(generation).or_default().clone()
    }

    pub async fn close(&self) {
        for (_, store) in self.open.lock().await.drain() {
            store.close().await;
        }
        self.catalogue.close().await;
    }

    /// Where whoever projects a generation in this process tells of its commits.
    pub fn progress(&self, generation: i64) -> Arc<watch::Sender<u64>> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(progress.entry(generation).or_default())
    }
}
