//! The log, read from the first event to where it ended when the rebuild began.

mod embedded;
mod kafka;

use std::sync::Arc;

use projections::event::Kind;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::RebuildError;
use super::decode::Raw;
use crate::log::Log;
use crate::log::embedded::EmbeddedLog;
use crate::log::kafka::KafkaLog;
use crate::log::position::Partition;
use crate::log::record::Record;

/// Messages that are handed over at once, about.
const BATCH_EVENTS: usize = 8_192;
/// And bytes of them, where there is so much memory.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Batches read ahead of the one that is decoded.
const READ_AHEAD: usize = 2;

/// What is to be read of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    pub partition: Partition,
    pub kind: Kind,
    /// The first offset that is still there.
    pub first: i64,
    /// Where reading goes on, and where it ends. There may be no event between the two.
    pub next: i64,
    pub end: i64,
}

impl Span {
    pub fn is_read(&self) -> bool {
        self.next >= self.end
    }
}

/// Where events are read from.
#[derive(Clone)]
pub enum Source {
    Embedded(Arc<EmbeddedLog>),
    Kafka(Arc<KafkaLog>),
}

/// Batches as they are read; the task ends once all are, with what has gone wrong.
pub struct Reading {
    pub batches: mpsc::Receiver<Raw>,
    pub task: JoinHandle<Result<(), RebuildError>>,
}

impl Source {
    pub fn of(log: &Log) -> Source {
        match log {
            Log::Embedded(log) => Source::Embedded(Arc::clone(log)),
            Log::Kafka(log) => Source::Kafka(Arc::clone(log)),
        }
    }

    /// What every partition of the configured topics holds now, all of it unread.
    ///
    /// # Errors
    /// [`RebuildError::Incomplete`] where a topic does not exist, or its first events are gone.
    pub async fn spans(&self) -> Result<Vec<Span>, RebuildError> {
        match self {
            Source::Embedded(log) => embedded::spans(log).await,
            Source::Kafka(log) => kafka::spans(log).await,
        }
    }

    /// How many offsets of the spans are read, and how many are to come. Not every one has an event: a compacted topic has
    /// holes.
    pub fn offsets(&self, spans: &[Span]) -> (u64, u64) {
        let count = |from: i64, to: i64| u64::try_from(to - from).unwrap_or(0);
        let read = spans.iter().map(|span| count(span.first, span.next));
        let left = spans.iter().map(|span| count(span.next, span.end));
        match self {
            // One sequence runs through all topics.
            Source::Embedded(_) => (read.max().unwrap_or(0), left.max().unwrap_or(0)),
            Source::Kafka(_) => (read.sum(), left.sum()),
        }
    }

    /// Reads what the spans say; they have the numbers of their places. A batch has `batch_bytes` at most, or a single
    /// event.
    pub fn read(&self, spans: Vec<Span>, batch_bytes: usize, stop: CancellationToken) -> Reading {
        let batch_bytes = batch_bytes.min(BATCH_BYTES);
        let (sender, batches) = mpsc::channel(READ_AHEAD);
        let task = match self {
            Source::Embedded(log) => {
                tokio::spawn(embedded::read(Arc::clone(log), spans, batch_bytes, sender, stop))
            }
            Source::Kafka(log) => {
                tokio::spawn(kafka::read(Arc::clone(log), spans, batch_bytes, sender, stop))
            }
        };
        Reading { batches, task }
    }

    /// Single messages once more, in the order of these offsets, which ascend.
    ///
    /// # Errors
    /// [`RebuildError::Incomplete`] where one is no longer there.
    pub async fn again(
        &self,
        partition: &Partition,
        offsets: Vec<i64>,
    ) -> Result<Vec<Record>, RebuildError> {
        match self {
            Source::Embedded(log) => embedded::again(log, &offsets).await,
            Source::Kafka(log) => kafka::again(Arc::clone(log), partition.clone(), offsets).await,
        }
    }
}

/// An event that was read a moment ago is gone.
fn gone(partition: &Partition, offset: i64) -> RebuildError {
    let Partition { topic, partition } = partition;
    RebuildError::Incomplete(format!(
        "event {topic}:{partition}:{offset} was there when the log was read, and is no longer: start the rebuild again"
    ))
}
