//! Batches as they come, and fan-outs in between: what a projector does with a log, whichever it is.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Batch, Projector};
use crate::backoff::Backoff;
use crate::log::LogError;
use crate::projector::reconfigure;
use crate::store::StoreError;

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
        matches!(
            self,
            ProjectorError::Store(
                StoreError::Unavailable(_)
                    | StoreError::Conflict(_)
                    | StoreError::PositionMoved { .. }
            ) | ProjectorError::Log(LogError::Unavailable(_))
        )
    }
}

/// When fan-outs have their turn.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    /// How long a backlog may hold back fan-outs.
    pub fanout_max_delay: Duration,
    /// How often an idle projector looks for stored steps that time has come close to the end of,
    /// and for what others have left behind.
    pub look_every: Duration,
}

/// Takes up the configured markets, however long the store keeps it waiting.
pub async fn prepare(
    projector: &Projector,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        match reconfigure::begin(projector.store().as_ref(), projector.markets()).await {
            Ok(false) => return Ok(()),
            Ok(true) => {
                tracing::info!(
                    "the markets have changed: every view is computed again, and pages are \
                     answered once all are"
                );
                return Ok(());
            }
            Err(error) => retry_later(error.into(), &mut backoff, stop).await?,
        }
    }
    Ok(())
}

/// Waits after an error that passes; all others go on.
pub async fn retry_later(
    error: ProjectorError,
    backoff: &mut Backoff,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    if !error.is_passing() {
        return Err(error);
    }
    tracing::warn!(%error, "projecting paused");
    backoff.wait(stop).await;
    Ok(())
}

/// Applies batches until there are no more or it is to stop; what was begun is finished.
pub async fn drive(
    projector: &Projector,
    turns: Turns,
    batches: &mut mpsc::Receiver<Batch>,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let mut fanning_out = true;
    // Since when a backlog holds back fan-outs.
    let mut held_back: Option<Instant> = None;
    while !stop.is_cancelled() {
        let next = match batches.try_recv() {
            Ok(batch) => Some(batch),
            Err(mpsc::error::TryRecvError::Disconnected) => return Ok(()),
            Err(mpsc::error::TryRecvError::Empty) if fanning_out => None,
            Err(mpsc::error::TryRecvError::Empty) => tokio::select! {
                batch = batches.recv() => match batch {
                    Some(batch) => Some(batch),
                    None => return Ok(()),
                },
                () = tokio::time::sleep(turns.look_every) => None,
                () = stop.cancelled() => return Ok(()),
            },
        };
        let Some(batch) = next else {
            fanning_out = projector.fanout_step().await?;
            held_back = None;
            continue;
        };
        let started = Instant::now();
        let report = projector.apply(&batch).await?;
        tracing::debug!(?report, "batch applied");
        fanning_out = true;
        // Waiting pays: a product that several discounts reach meanwhile is computed once.
        if held_back.get_or_insert(started).elapsed() >= turns.fanout_max_delay {
            let budget = started.elapsed() / 3;
            let started = Instant::now();
            while fanning_out && started.elapsed() < budget {
                fanning_out = projector.fanout_step().await?;
            }
        }
    }
    Ok(())
}
