//! The projector of the embedded log: tails the table, batch by batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use projections::event::Kind;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::drive::{PROJECTING, ProjectorError, apply_all, prune_changes, retry_later};
use super::{Batch, Projector};
use crate::backoff::Backoff;
use crate::log::embedded::{EmbeddedLog, LogRecord};
use crate::log::position::{Partition, Position};
use crate::log::record::Record;
use crate::log::{Extent, LogError, REBUILD_FROM_IT, gap};
use crate::store::{Advance, LOG_ID, Mark, Standing, StoreError};

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
}

/// Projects until told to stop; ends earlier only for what does not pass by itself.
pub async fn run(
    projector: Arc<Projector>,
    log: Arc<EmbeddedLog>,
    options: TailOptions,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    tokio::select! {
        ended = project_all(&projector, &log, options, &stop) => ended,
        never = prune_changes(&projector) => match never {},
    }
}

async fn project_all(
    projector: &Arc<Projector>,
    log: &Arc<EmbeddedLog>,
    options: TailOptions,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        let started = Instant::now();
        let Err(error) = project(projector, log, options, stop).await else { continue };
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
        retry_later(error, PROJECTING, projector.waits(), &mut backoff, stop).await?;
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
    let Some(start) = positions(projector, log, stop).await? else { return Ok(()) };
    // The next batch is read and decoded while one is applied; more would only take memory.
    let (sender, mut batches) = mpsc::channel::<Batch>(1);
    let reading = stop.child_token();
    let reader = tokio::spawn(read(Arc::clone(log), start, options, sender, reading.clone()));
    let applied = apply_all(projector, &mut batches, stop).await;
    reading.cancel();
    drop(batches);
    match reader.await {
        Ok(read) => applied.and(read),
        Err(panicked) => Err(LogError::Refused(format!("reading ended: {panicked}")).into()),
    }
}

/// How often a log that is not the view's is looked at again.
const LOOK_AT_STOPPED_EVERY: Duration = Duration::from_secs(5);

/// The subject of waiting for the view's own log.
const STOPPED: &str = "every partition is stopped";

/// Where every topic stands, in the order of the kinds, once the log is the one that the view was made from. They move
/// together, since one sequence runs through all of them; only a topic that was just renamed starts anew. `None`: it is to
/// stop.
async fn positions(
    projector: &Projector,
    log: &EmbeddedLog,
    stop: &CancellationToken,
) -> Result<Option<Vec<(Partition, i64)>>, ProjectorError> {
    let partitions: Vec<Partition> = Kind::ALL.into_iter().map(|k| log.partition(k)).collect();
    loop {
        let mut snapshot = projector.store().snapshot_fresh().await?;
        let (known, log_id) = (snapshot.standings().await?, snapshot.meta(LOG_ID).await?);
        drop(snapshot);
        let another = is_another(log, log_id.as_deref(), &known).await?;
        let is_told = match &another {
            Some(_) => !known.is_empty() && known.iter().all(|s| s.stopped == another),
            // Partitions of which nothing was projected have no position yet.
            None => known.iter().all(|s| s.stopped.is_none()),
        };
        if !is_told || log_id.is_none() {
            let mut tx = projector.store().begin().await?;
            if !is_told {
                tx.stop(&partitions, another.as_deref()).await?;
            }
            if log_id.is_none() {
                tx.set_meta(LOG_ID, Some(&log.id().await?)).await?;
            }
            tx.commit().await?;
        }
        let Some(why) = another else {
            projector.waits().over(STOPPED);
            let next =
                |p: &Partition| known.iter().find(|s| s.partition == *p).map_or(0, |s| s.next);
            return Ok(Some(partitions.into_iter().map(|p| (p.clone(), next(&p))).collect()));
        };
        projector.waits().wait(STOPPED, why);
        tokio::select! {
            () = tokio::time::sleep(LOOK_AT_STOPPED_EVERY) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

/// Why the log is not the one that the view was made from, if it is not: it has another id, or not the events that were
/// projected.
pub async fn is_another(
    log: &EmbeddedLog,
    log_id: Option<&str>,
    known: &[Standing],
) -> Result<Option<String>, LogError> {
    if log_id.is_some() && log_id != Some(log.id().await?.as_str()) {
        return Ok(Some(format!(
            "the log is not the one that the view was made from: it was made anew. {REBUILD_FROM_IT}"
        )));
    }
    let next = log.last_seq().await? + 1;
    for Standing { partition, next: stands, last, .. } in known {
        let extent = Extent { partition: partition.clone(), first: 0, next };
        if let Some(why) = gap(&extent, *stands) {
            return Ok(Some(why));
        }
        let Some(Mark { offset, fingerprint }) = *last else { continue };
        if log.read_at(offset).await?.is_none_or(|record| record.fingerprint() != fingerprint) {
            return Ok(Some(format!(
                "event {offset} of the log is not the one that was projected: the log was made anew, or is of an older \
                 backup. {REBUILD_FROM_IT}"
            )));
        }
    }
    Ok(None)
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
    // One sequence runs through all topics: its last event marks where all of them are.
    let last = records.last().map(|last| {
        let fingerprint = Record::plain(last.payload.clone()).fingerprint();
        (last.kind as usize, Mark { offset: last.seq, fingerprint })
    });
    batch.moves = standing
        .iter()
        .enumerate()
        .map(|(kind, (partition, next))| Advance {
            partition: partition.clone(),
            expected: *next,
            next: after.max(*next),
            last: last.and_then(|(of, mark)| (of == kind).then_some(mark)),
        })
        .collect();
    batch
}
