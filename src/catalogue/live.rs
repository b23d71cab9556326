//! What a process has heard of the live generation.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Catalogue;
use crate::store::Result;

/// Which generation is live, and which others somebody waits for, as far as this process has heard.
#[derive(Clone, Default)]
pub struct Live(Arc<Heard>);

#[derive(Default)]
struct Heard {
    /// Who knows for certain.
    catalogue: OnceLock<Arc<dyn Catalogue>>,
    /// 0: none.
    live: AtomicI64,
    waited_for: Mutex<Vec<i64>>,
}

impl Live {
    pub fn set(&self, live: Option<i64>, waited_for: Vec<i64>) {
        self.0.live.store(live.unwrap_or_default(), Ordering::Relaxed);
        *self.0.waited_for.lock().unwrap_or_else(PoisonError::into_inner) = waited_for;
    }

    /// Asks there whatever has to be right now.
    pub fn ask(&self, catalogue: &Arc<dyn Catalogue>) {
        let _ = self.0.catalogue.set(Arc::clone(catalogue));
    }

    /// As [`Live::is`], of this moment.
    pub async fn is_now(&self, generation: i64) -> Result<bool> {
        match self.0.catalogue.get() {
            Some(catalogue) => Ok(catalogue.announced().await?.serving == Some(generation)),
            None => Ok(self.is(generation)),
        }
    }

    /// Before anything was heard, any may be.
    pub fn is(&self, generation: i64) -> bool {
        let live = self.0.live.load(Ordering::Relaxed);
        live == 0 || live == generation
    }

    /// Whether it is live or about to be, or compared with the live one: somebody waits for what it has yet to reflect.
    pub fn is_waited_for(&self, generation: i64) -> bool {
        let waited_for = || self.0.waited_for.lock().unwrap_or_else(PoisonError::into_inner);
        self.is(generation) || waited_for().contains(&generation)
    }
}
