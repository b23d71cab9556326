//! The projector of the embedded log: tails the table, batch by batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use projections::event::Kind;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Batch, Projector};
use crate::log::LogError;
use crate::log::embedded::{EmbeddedLog, LogRecord};
use crate::log::position::Position;
use crate::store::{Advance, StoreError};

/// How the log is read.
#[derive(Clone, Copy, Debug)]
pub struct TailOptions {
    pub batch_max_events: usize,
    pub batch_max_bytes: usize,
    /// Looks again after this long even if nothing was heard of an append.
    pub poll_interval: Duration,
    /// How long a backlog may hold back fan-outs.
    pub fanout_max_delay: Duration,
}

/// Why the projector ended.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Waits after a passing failure: doubled each time, with jitter, up to a bound.
struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const MOST: Duration = Duration::from_secs(5);

    fn new() -> Backoff {
        Backoff(Backoff::FIRST)
    }

    async fn wait(&mut self, stop: &CancellationToken) {
        // The clock's low digits are jitter enough to keep two processes out of step.
        let jitter = u32::try_from(crate::clock::now().millis().rem_euclid(50)).unwrap_or(0);
        let pause = self.0 + self.0 * jitter / 100;
        self.0 = (self.0 * 2).min(Backoff::MOST);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Projects until told to stop; ends earlier only for what does not pass by itself.
pub async fn run(
    projector: Arc<Projector>,
    log: Arc<EmbeddedLog>,
    options: TailOptions,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    let mut backoff = Backoff::new();
    while !stop.is_cancelled() {
        match project(&projector, &log, options, &stop).await {
            Ok(()) => backoff = Backoff::new(),
            Err(error) if is_passing(&error) => {
                tracing::warn!(%error, "projecting paused");
                backoff.wait(&stop).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the same work may succeed later, or from where the store now stands.
fn is_passing(error: &ProjectorError) -> bool {
    matches!(
        error,
        ProjectorError::Store(StoreError::Unavailable(_) | StoreError::PositionMoved { .. })
            | ProjectorError::Log(LogError::Unavailable(_))
    )
}

/// One run from the positions in the store, until told to stop or something fails.
async fn project(
    projector: &Arc<Projector>,
    log: &Arc<EmbeddedLog>,
    options: TailOptions,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let start = position(projector, log).await?;
    // The next batch is read and decoded while one is applied; more would only take memory.
    let (sender, mut batches) = mpsc::channel::<Batch>(1);
    let reading = stop.child_token();
    let reader = tokio::spawn(read(Arc::clone(log), start, options, sender, reading.clone()));
    let applied = apply(projector, options, &mut batches, stop).await;
    reading.cancel();
    drop(batches);
    match reader.await {
        Ok(read) => applied.and(read),
        Err(panicked) => Err(LogError::Refused(format!("reading ended: {panicked}")).into()),
    }
}

/// Where every topic stands. They move together, since one sequence runs through all of them.
async fn position(projector: &Projector, log: &EmbeddedLog) -> Result<i64, ProjectorError> {
    let mut snapshot = projector.store().snapshot().await?;
    let known = snapshot.positions().await?;
    let next = Kind::ALL.into_iter().map(|kind| {
        let partition = log.partition(kind);
        known.iter().find(|(p, _)| *p == partition).map_or(0, |(_, next)| *next)
    });
    Ok(next.min().unwrap_or(0))
}

async fn apply(
    projector: &Projector,
    options: TailOptions,
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
        if held_back.get_or_insert(started).elapsed() >= options.fanout_max_delay {
            let budget = started.elapsed() / 3;
            let started = Instant::now();
            while fanning_out && started.elapsed() < budget {
                fanning_out = projector.fanout_step().await?;
            }
        }
    }
    Ok(())
}

/// Reads and decodes batches from `start` on, and sends them one by one.
async fn read(
    log: Arc<EmbeddedLog>,
    start: i64,
    options: TailOptions,
    batches: mpsc::Sender<Batch>,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    let appended = log.appended();
    let watcher = log.watch();
    if let Err(error) = &watcher {
        tracing::warn!(%error, interval = ?options.poll_interval,
            "the log's folder cannot be watched: other processes' events are looked for");
    }
    let mut next = start;
    loop {
        let records =
            log.read_after(next - 1, options.batch_max_events, options.batch_max_bytes).await?;
        let Some(last) = records.last().map(|r| r.seq) else {
            tokio::select! {
                () = appended.notified() => {}
                () = tokio::time::sleep(options.poll_interval) => {}
                () = stop.cancelled() => return Ok(()),
            }
            continue;
        };
        let partitions: Vec<_> = Kind::ALL.into_iter().map(|kind| log.partition(kind)).collect();
        let batch = tokio::task::spawn_blocking(move || decode(&records, &partitions, next))
            .await
            .map_err(|e| LogError::Refused(format!("decoding ended: {e}")))?;
        tokio::select! {
            sent = batches.send(batch) => if sent.is_err() { return Ok(()) },
            () = stop.cancelled() => return Ok(()),
        }
        next = last + 1;
    }
}

fn decode(
    records: &[LogRecord],
    partitions: &[crate::log::position::Partition],
    expected: i64,
) -> Batch {
    let mut batch = Batch::default();
    for record in records {
        let Some(partition) = partitions.get(record.kind as usize) else { continue };
        let position = Position {
            topic: partition.topic.clone(),
            partition: partition.partition,
            offset: record.seq,
        };
        batch.push(position, &record.payload);
    }
    let next = records.last().map_or(expected, |r| r.seq + 1);
    batch.moves = partitions
        .iter()
        .map(|partition| Advance { partition: partition.clone(), expected, next })
        .collect();
    batch
}
