//! The embedded log: one sequence of all topics, and always whole.

use std::sync::Arc;

use projections::event::Kind;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{BATCH_BYTES, BATCH_EVENTS, Span, gone};
use crate::log::embedded::EmbeddedLog;
use crate::log::record::Record;
use crate::rebuild::RebuildError;
use crate::rebuild::decode::{Raw, RawRecord};

pub async fn spans(log: &EmbeddedLog) -> Result<Vec<Span>, RebuildError> {
    // Nothing is written to a topic in an empty log: a view of it stands nowhere.
    let last = log.last_seq().await?;
    let end = if last == 0 { 0 } else { last + 1 };
    let span = |kind| Span { partition: log.partition(kind), kind, first: 0, next: 0, end };
    Ok(Kind::ALL.into_iter().map(span).collect())
}

/// The spans all end at the same offset.
pub async fn read(
    log: Arc<EmbeddedLog>,
    spans: Vec<Span>,
    batch_bytes: usize,
    batches: mpsc::Sender<Raw>,
    stop: CancellationToken,
) -> Result<(), RebuildError> {
    let mut numbers = [None; Kind::ALL.len()];
    for (number, span) in (0..).zip(&spans) {
        numbers[span.kind as usize] = Some((number, span.next));
    }
    let end = spans.iter().map(|span| span.end).max().unwrap_or(0);
    let mut next = spans.iter().map(|span| span.next).min().unwrap_or(0);
    while next < end && !stop.is_cancelled() {
        let records = log.read_after(next - 1, BATCH_EVENTS, batch_bytes).await?;
        next = records.last().map_or(end, |last| (last.seq + 1).min(end));
        let raw = |record: crate::log::embedded::LogRecord| {
            let (partition, from) = numbers[record.kind as usize]?;
            let ours = record.seq >= from && record.seq < end;
            let (offset, record) = (record.seq, Record::plain(record.payload));
            ours.then_some(RawRecord { partition, offset, record })
        };
        let raw = Raw {
            records: records.into_iter().filter_map(raw).collect(),
            next: (0..).zip(&spans).map(|(number, span)| (number, next.max(span.next))).collect(),
        };
        if batches.send(raw).await.is_err() {
            break;
        }
    }
    Ok(())
}

pub async fn again(log: &EmbeddedLog, offsets: &[i64]) -> Result<Vec<Record>, RebuildError> {
    let mut records = Vec::with_capacity(offsets.len());
    for offset in offsets {
        let found = log.read_after(offset - 1, 1, BATCH_BYTES).await?.into_iter().next();
        let found = found.filter(|found| found.seq == *offset);
        let found = found.ok_or_else(|| gone(&log.partition(Kind::Price), *offset))?;
        records.push(Record::plain(found.payload));
    }
    Ok(records)
}
