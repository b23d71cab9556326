//! Batches as they come, and fan-outs: in between where the store has one writer, beside them where it has
//! many.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::pace::StepPace;
use super::{Batch, Projector};
use crate::backoff::Backoff;
use crate::log::LogError;
use crate::projector::reconfigure;
use crate::store::StoreError;
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
            Ok(false) => {
                projector.waits().over(PROJECTING);
                return Ok(());
            }
            Ok(true) => {
                projector.waits().over(PROJECTING);
                tracing::info!(
                    "the markets have changed: every view is computed again, and pages are \
                     answered once all are"
                );
                return Ok(());
            }
            Err(error) => {
                retry_later(error.into(), PROJECTING, projector.waits(), &mut backoff, stop)
                    .await?;
            }
        }
    }
    Ok(())
}

/// The subjects of a projector's waits.
pub const PROJECTING: &str = "projecting waits";
const FANNING_OUT: &str = "a fan-out waits";

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
pub async fn drive(
    projector: &Projector,
    turns: Turns,
    batches: &mut mpsc::Receiver<Batch>,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let mut fanning_out = true;
    let mut look_in = turns.look_every;
    // Since when a backlog holds back fan-outs.
    let mut held_back: Option<Instant> = None;
    while !stop.is_cancelled() {
        let next = match batches.try_recv() {
            Ok(batch) => Some(batch),
            Err(mpsc::error::TryRecvError::Disconnected) => return Ok(()),
            Err(mpsc::error::TryRecvError::Empty) if fanning_out => None,
            Err(mpsc::error::TryRecvError::Empty) => {
                let waits = projector.waits().has(PROJECTING);
                tokio::select! {
                    batch = batches.recv() => match batch {
                        Some(batch) => Some(batch),
                        None => return Ok(()),
                    },
                    // What failed would have been tried again by then.
                    () = tokio::time::sleep(SETTLED.min(look_in)), if waits => {
                        projector.waits().over(PROJECTING);
                        None
                    }
                    () = tokio::time::sleep(look_in), if !waits => None,
                    () = stop.cancelled() => return Ok(()),
                }
            }
        };
        let Some(batch) = next else {
            let step = projector.fanout_step(u32::MAX).await?;
            fanning_out = step.more && !step.held;
            look_in = if step.held { HELD } else { turns.look_every };
            held_back = None;
            continue;
        };
        let started = Instant::now();
        let report = projector.apply(&batch).await?;
        projector.waits().over(PROJECTING);
        tracing::debug!(?report, "batch applied");
        fanning_out = true;
        // Waiting pays: a product that several discounts reach meanwhile is computed once.
        if held_back.get_or_insert(started).elapsed() >= turns.fanout_max_delay {
            let budget = started.elapsed() / 3;
            let started = Instant::now();
            while fanning_out && started.elapsed() < budget {
                let step = projector.fanout_step(u32::MAX).await?;
                fanning_out = step.more && !step.held;
            }
        }
    }
    Ok(())
}

/// Applies batches until there are no more or it is to stop; fan-outs go on beside it.
pub async fn apply_all(
    projector: &Projector,
    batches: &mut mpsc::Receiver<Batch>,
    traffic: &Traffic,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    while !stop.is_cancelled() {
        let batch = tokio::select! {
            batch = batches.recv() => batch,
            () = tokio::time::sleep(SETTLED), if projector.waits().has(PROJECTING) => {
                projector.waits().over(PROJECTING);
                continue;
            }
            () = stop.cancelled() => None,
        };
        let Some(batch) = batch else { return Ok(()) };
        let backlog = traffic.begin(batch.len() > projector.bounds().defer_products as usize);
        let report = projector.apply(&batch).await?;
        projector.waits().over(PROJECTING);
        drop(backlog);
        tracing::debug!(?report, "batch applied");
    }
    Ok(())
}

/// What passes through the tasks of a projector: fan-outs make way for it.
#[derive(Default)]
pub struct Traffic {
    /// Batches that are being applied, and the large ones of them.
    all: AtomicUsize,
    large: AtomicUsize,
    /// Partition groups in which more events wait than the next batch takes.
    piling_up: AtomicUsize,
    /// When the last batch was applied.
    last: Mutex<Option<Instant>>,
    /// Microseconds that batches have taken so far.
    applying: AtomicU64,
}

/// A batch that is being applied.
pub struct Passing<'a> {
    traffic: &'a Traffic,
    large: bool,
    since: Instant,
}

impl Traffic {
    /// So long after a batch events count as flowing.
    const FLOWING: Duration = Duration::from_millis(500);

    fn begin(&self, large: bool) -> Passing<'_> {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.large.fetch_add(usize::from(large), Ordering::Relaxed);
        Passing { traffic: self, large, since: Instant::now() }
    }

    /// In one more partition group more events wait than the next batch takes, or in one less.
    pub fn piles_up(&self, more: bool) {
        match more {
            true => self.piling_up.fetch_add(1, Ordering::Relaxed),
            false => self.piling_up.fetch_sub(1, Ordering::Relaxed),
        };
    }

    fn is_backlog(&self) -> bool {
        self.large.load(Ordering::Relaxed) > 0
    }

    /// Events come, or wait for locks.
    fn is_flowing(&self) -> bool {
        if self.all.load(Ordering::Relaxed) > 0 {
            return true;
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < Traffic::FLOWING)
    }
}

/// In which part of the time batches are applied.
struct Load {
    since: Instant,
    applying: u64,
}

impl Load {
    fn of(traffic: &Traffic) -> Load {
        Load { since: Instant::now(), applying: traffic.applying.load(Ordering::Relaxed) }
    }

    /// Since it was asked for last: 1 and more where a batch is applied all the time.
    fn lately(&mut self, traffic: &Traffic) -> f64 {
        let before = std::mem::replace(self, Load::of(traffic));
        let applying = Duration::from_micros(self.applying.saturating_sub(before.applying));
        applying.as_secs_f64() / self.since.duration_since(before.since).as_secs_f64().max(1e-6)
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        self.traffic.all.fetch_sub(1, Ordering::Relaxed);
        self.traffic.large.fetch_sub(usize::from(self.large), Ordering::Relaxed);
        let took = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.traffic.applying.fetch_add(took, Ordering::Relaxed);
        let mut last = self.traffic.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Instant::now());
    }
}

/// Fans out beside the tasks that apply batches, until it is to stop. While events flow, only the
/// first of its kind does.
pub async fn fan_out(
    projector: &Projector,
    turns: Turns,
    traffic: &Traffic,
    first: bool,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let mut progress = projector.progress();
    let mut backoff = Backoff::default();
    let (mut idle, mut flowing) = (StepPace::of(IDLE_STEP), StepPace::of(FLOWING_STEP));
    // Since when a backlog holds back fan-outs.
    let mut held_back: Option<Instant> = None;
    let mut load = Load::of(traffic);
    while !stop.is_cancelled() {
        let busy = traffic.is_flowing();
        if busy && !first {
            tokio::time::sleep(FLOWING_STEP).await;
            continue;
        }
        let backlog = traffic.is_backlog();
        if backlog && held_back.get_or_insert_with(Instant::now).elapsed() < turns.fanout_max_delay
        {
            tokio::time::sleep(FLOWING_STEP / 2).await;
            continue;
        }
        if !backlog {
            held_back = None;
        }
        progress.borrow_and_update();
        let started = Instant::now();
        let pace = if busy { &mut flowing } else { &mut idle };
        let step = match projector.fanout_step(pace.products).await {
            Ok(step) => step,
            Err(error) => {
                let waits = projector.waits();
                retry_later(error.into(), FANNING_OUT, waits, &mut backoff, stop).await?;
                continue;
            }
        };
        projector.waits().over(FANNING_OUT);
        backoff = Backoff::default();
        if !step.idle {
            pace.took(started.elapsed(), step.full);
        }
        tracing::debug!(?step, took = ?started.elapsed(), "step of fan-outs");
        if !step.more {
            tokio::select! {
                _ = progress.changed() => {}
                () = tokio::time::sleep(turns.look_every) => {}
                () = stop.cancelled() => {}
            }
        } else if step.held {
            tokio::time::sleep(HELD).await;
        } else if busy {
            // Half of the time is theirs where whole partitions wait, else a quarter; more where batches leave
            // much of it, and much less where events pile up.
            let left_to_batches = (load.lately(traffic) * 2.0).min(1.0);
            let others = match (traffic.piling_up.load(Ordering::Relaxed) > 0, step.deferred) {
                (true, _) => 39.0,
                (false, true) => left_to_batches,
                (false, false) => 3.0 * left_to_batches,
            };
            tokio::time::sleep(started.elapsed().mul_f64(others)).await;
        }
    }
    Ok(())
}

/// While events flow, a step of a fan-out takes about this long: they may wait for its locks.
const FLOWING_STEP: Duration = Duration::from_millis(40);
/// And else: the first event that comes may have to wait so long.
const IDLE_STEP: Duration = Duration::from_secs(2);
/// What others hold is looked at again after this long.
const HELD: Duration = Duration::from_millis(40);
