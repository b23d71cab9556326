//! Filling the page cache before an instance says that it is ready.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::remember;
use super::warmer::{Progress, Warmer};
use crate::api;

/// The first time between two looks whether the store can be read; then longer, up to the last.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(100);

/// Whether the process may say that it is ready.
pub struct Gate {
    stands: Mutex<Stands>,
    progress: Mutex<Option<watch::Receiver<Progress>>>,
}

#[derive(Clone)]
enum Stands {
    /// Pages cannot be read, so that none can be warmed.
    Waiting(String),
    Warming,
    Open,
}

impl Default for Gate {
    fn default() -> Gate {
        let stands = Mutex::new(Stands::Waiting(
            "it waits for the read store, of which nothing was read yet".to_owned(),
        ));
        Gate { stands, progress: Mutex::default() }
    }
}

impl Gate {
    pub fn open(&self) {
        *self.stands() = Stands::Open;
    }

    /// # Errors
    ///
    /// What is waited for, in words.
    pub fn passes(&self) -> Result<(), String> {
        let stands = self.stands().clone();
        match stands {
            Stands::Open => Ok(()),
            Stands::Waiting(trouble) => Err(trouble.clone()),
            Stands::Warming => {
                let watched = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
                let progress = watched.as_ref().map(|progress| progress.borrow());
                let (done, total) = progress.map_or((0, 0), |now| (now.done, now.total));
                Err(format!("the page cache is being warmed: {done} of {total} pages"))
            }
        }
    }

    fn stands(&self) -> MutexGuard<'_, Stands> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Warms the cache once pages can be read and changes are followed, and opens the gate when that is done,
/// or after this time. While pages cannot be read the process is not ready anyway.
pub async fn start(
    warmer: Arc<Warmer>,
    gate: Arc<Gate>,
    within: Duration,
    stop: CancellationToken,
) {
    *gate.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(warmer.watch());
    let warmed = async {
        can_be_read(&warmer, &gate).await;
        *gate.stands() = Stands::Warming;
        let mut warming = std::pin::pin!(warm(&warmer));
        let in_time = tokio::time::timeout(within, &mut warming).await.is_ok();
        gate.open();
        if !in_time {
            if !within.is_zero() {
                tracing::warn!(
                    "ready before the page cache is warm: that takes more than {within:?}"
                );
            }
            warming.await;
        }
    };
    tokio::select! {
        () = warmed => {}
        () = stop.cancelled() => {}
    }
}

async fn can_be_read(warmer: &Warmer, gate: &Gate) {
    let mut pause = FIRST_LOOK;
    while let Some(trouble) = api::trouble(warmer.state()).await {
        *gate.stands() = Stands::Waiting(trouble);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_LOOK);
    }
}

async fn warm(warmer: &Arc<Warmer>) {
    while warmer.pages().following.behind().is_none() {
        tokio::time::sleep(FIRST_LOOK).await;
    }
    let recalled = remember::recall(warmer.popularity(), warmer.state()).await;
    let gone = recalled.unwrap_or_else(|error| {
        tracing::warn!(%error, "which pages are popular cannot be read");
        0
    });
    // A run that somebody asked for sooner did not know of them.
    while !warmer.begin(gone) {
        warmer.idle().await;
    }
    warmer.idle().await;
}
