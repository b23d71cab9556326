//! Batches applied as they come, and what a projector does beside that.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Batch, Projector};
use crate::backoff::Backoff;
use crate::log::LogError;
use crate::store::{ReadStore, StoreError};
use crate::waits::Waits;

/// Why the projector ended.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl ProjectorError {
    /// Whether the same work may succeed later, or from where the store then stands.
    pub fn is_passing(&self) -> bool {
        match self {
            ProjectorError::Store(StoreError::PositionMoved { .. }) => true,
            ProjectorError::Store(error) => error.is_transient(),
            ProjectorError::Log(error) => error.is_transient(),
        }
    }
}

/// Projects one generation until told to stop.
pub type Run = Arc<
    dyn Fn(Arc<dyn ReadStore>, CancellationToken) -> BoxFuture<'static, Result<(), ProjectorError>>
        + Send
        + Sync,
>;

/// The subject of a projector's waits.
pub const PROJECTING: &str = "projecting waits";

/// Waits after an error that passes, and tells of it; all others go on.
pub async fn retry_later(
    error: ProjectorError,
    subject: &str,
    waits: &Waits,
    backoff: &mut Backoff,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    if !error.is_passing() {
        return Err(error);
    }
    waits.wait(subject, error);
    backoff.wait(stop).await;
    Ok(())
}

/// Without an event for so long a projector does not wait any more.
const SETTLED: Duration = Duration::from_secs(1);

/// Applies batches until there are no more or it is to stop; what was begun is finished.
pub async fn apply_all(
    projector: &Projector,
    batches: &mut mpsc::Receiver<Batch>,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    while !stop.is_cancelled() {
        let batch = tokio::select! {
            batch = batches.recv() => batch,
            // What failed would have been tried again by then.
            () = tokio::time::sleep(SETTLED), if projector.waits().has(PROJECTING) => {
                projector.waits().over(PROJECTING);
                continue;
            }
            () = stop.cancelled() => None,
        };
        let Some(batch) = batch else { return Ok(()) };
        let report = projector.apply(&batch).await?;
        projector.waits().over(PROJECTING);
        tracing::debug!(?report, "batch applied");
    }
    Ok(())
}

/// Time between two prunings of the feed of changes.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Prunes the feed of changes now and then, for ever.
pub async fn prune_changes(projector: &Projector) -> Infallible {
    loop {
        tokio::time::sleep(PRUNE_EVERY).await;
        projector.prune_changes().await;
    }
}
