//! The projector of the embedded log: tails the table, batch by batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use projections::event::Kind;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::drive::{PROJECTING, ProjectorError, Turns, drive, prepare, retry_later};
use super::{Batch, Projector};
use crate::backoff::Backoff;
use crate::log::LogError;
use crate::log::embedded::{EmbeddedLog, LogRecord};
use crate::log::position::{Partition, Position};
use crate::log::record::Record;
use crate::store::{Advance, StoreError};

/// How often an idle projector looks for what is due; nobody else works on the store.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long the store is left to another process that projects it too, as a rebuild does: when that one ends, the view is
/// behind for so long.
const LEFT_TO_OTHERS: Duration = Duration::from_millis(50);

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

/// Projects until told to stop; ends earlier only for what does not pass by itself.
pub async fn run(
    projector: Arc<Projector>,
    log: Arc<EmbeddedLog>,
    options: TailOptions,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    prepare(&projector, &stop).await?;
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        let started = Instant::now();
        let Err(error) = project(&projector, &log, options, &stop).await else { continue };
        if let ProjectorError::Store(StoreError::PositionMoved { .. }) = error {
            // Nothing failed: all is projected, by either.
            tracing::debug!(%error, "another process projects too");
            tokio::select! {
                () = tokio::time::sleep(LEFT_TO_OTHERS) => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
        // A failure long ago says nothing of this one.
        if started.elapsed() > Backoff::MOST {
            backoff = Backoff::default();
        }
        retry_later(error, PROJECTING, projector.waits(), &mut backoff, &stop).await?;
    }
    Ok(())
}

/// One run from the positions in the store, until told to stop or something fails.
async fn project(
    projector: &Arc<Projector>,
    log: &Arc<EmbeddedLog>,
    options: TailOptions,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let start = positions(projector, log).await?;
    // The next batch is read and decoded while one is applied; more would only take memory.
    let (sender, mut batches) = mpsc::channel::<Batch>(1);
    let reading = stop.child_token();
    let reader = tokio::spawn(read(Arc::clone(log), start, options, sender, reading.clone()));
    let turns = Turns { fanout_max_delay: options.fanout_max_delay, look_every: LOOK_EVERY };
    let applied = drive(projector, turns, &mut batches, stop).await;
    reading.cancel();
    drop(batches);
    match reader.await {
        Ok(read) => applied.and(read),
        Err(panicked) => Err(LogError::Refused(format!("reading ended: {panicked}")).into()),
    }
}

/// Where every topic stands, in the order of the kinds. They move together, since one sequence runs
/// through all of them; only a topic that was just renamed starts anew.
async fn positions(
    projector: &Projector,
    log: &EmbeddedLog,
) -> Result<Vec<(Partition, i64)>, ProjectorError> {
    let mut snapshot = projector.store().snapshot().await?;
    let known = snapshot.positions().await?;
    let next = |kind| {
        let partition = log.partition(kind);
        let next = known.iter().find(|(p, _)| *p == partition).map_or(0, |(_, next)| *next);
        (partition, next)
    };
    Ok(Kind::ALL.into_iter().map(next).collect())
}

/// Reads and decodes batches from where the topics stand, and sends them one by one.
async fn read(
    log: Arc<EmbeddedLog>,
    mut standing: Vec<(Partition, i64)>,
    options: TailOptions,
    batches: mpsc::Sender<Batch>,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    let mut appended = log.appended();
    let watcher = log.watch();
    if let Err(error) = &watcher {
        tracing::warn!(%error, interval = ?options.poll_interval,
            "the log's folder cannot be watched: other processes' events are looked for");
    }
    loop {
        // Before the look: what is appended after it wakes the wait.
        appended.borrow_and_update();
        let next = standing.iter().map(|(_, next)| *next).min().unwrap_or(0);
        let records =
            log.read_after(next - 1, options.batch_max_events, options.batch_max_bytes).await?;
        let Some(last) = records.last().map(|r| r.seq) else {
            tokio::select! {
                _ = appended.changed() => {}
                () = tokio::time::sleep(options.poll_interval) => {}
                () = stop.cancelled() => return Ok(()),
            }
            continue;
        };
        let from = standing.clone();
        let batch = tokio::task::spawn_blocking(move || decode(&records, &from))
            .await
            .map_err(|e| LogError::Refused(format!("decoding ended: {e}")))?;
        tokio::select! {
            sent = batches.send(batch) => if sent.is_err() { return Ok(()) },
            () = stop.cancelled() => return Ok(()),
        }
        for (_, next) in &mut standing {
            *next = (*next).max(last + 1);
        }
    }
}

fn decode(records: &[LogRecord], standing: &[(Partition, i64)]) -> Batch {
    let mut batch = Batch::default();
    for record in records {
        let Some((partition, next)) = standing.get(record.kind as usize) else { continue };
        if record.seq < *next {
            continue;
        }
        let position = Position {
            topic: partition.topic.clone(),
            partition: partition.partition,
            offset: record.seq,
        };
        batch.push(position, record.kind, Record::plain(record.payload.clone()));
    }
    let after = records.last().map_or(0, |r| r.seq + 1);
    batch.moves = standing
        .iter()
        .map(|(partition, next)| Advance {
            partition: partition.clone(),
            expected: *next,
            next: after.max(*next),
        })
        .collect();
    batch
}
