//! Where events come from, and positions in it.

pub mod embedded;
pub mod kafka;
pub mod position;
pub mod record;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use projections::event::Kind;
use projections::instant::Instant;

use embedded::EmbeddedLog;
use kafka::KafkaLog;
use position::{Partition, Position};

/// Why the log did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// Passing: the same call may succeed later.
    #[error("the event log cannot be reached: {0}")]
    Unavailable(String),
    /// Passing: there is no room on the log's disk.
    #[error("the disk of the event log is full: {0}")]
    Full(String),
    /// Passing, once an operator has seen to it: the log does not let this client in.
    #[error("the event log does not let this client in: {0}")]
    Denied(String),
    /// Passing, once it is created.
    #[error("the event log refused: {0}")]
    TopicMissing(String),
    /// An event is larger than its topic takes.
    #[error("the event log refused: {0}")]
    TooLarge(String),
    /// The log's file is damaged.
    #[error("the event log is damaged: {0}")]
    Damaged(String),
    #[error("the event log refused: {0}")]
    Refused(String),
}

impl LogError {
    /// Whether the same call may succeed later, with nothing changed here.
    pub fn is_transient(&self) -> bool {
        self.is_away() || matches!(self, LogError::Denied(_) | LogError::TopicMissing(_))
    }

    /// Whether it may pass by itself.
    pub fn is_away(&self) -> bool {
        matches!(self, LogError::Unavailable(_) | LogError::Full(_))
    }
}

/// An event to be appended: its bytes as they came, for the topic of its kind.
#[derive(Clone, Debug)]
pub struct NewRecord {
    pub kind: Kind,
    pub payload: Bytes,
}

/// What became of events that were to be appended.
#[derive(Clone, Debug, Default)]
pub struct Appended {
    /// The last position in each partition written to.
    pub positions: Vec<Position>,
    /// Those that their topic will never take, by their place among the events, and why. All others are appended.
    pub refused: Vec<(usize, LogError)>,
}

impl Appended {
    /// The positions, if all events were taken.
    ///
    /// # Errors
    /// Why the first that was not is refused.
    pub fn whole(self) -> Result<Vec<Position>, LogError> {
        self.refused.into_iter().next().map_or(Ok(self.positions), |(_, error)| Err(error))
    }
}

/// What a partition holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extent {
    pub partition: Partition,
    /// The first offset that is still there; the next one where there is none.
    pub first: i64,
    /// The offset that will be written next.
    pub next: i64,
}

/// How far a view is behind the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lag {
    /// Events that are not projected yet; an upper bound where offsets have gaps.
    pub events: i64,
    /// When the oldest of them was written.
    pub since: Option<Instant>,
}

/// The log as publishers and `status` see it. Projectors read it in their own way.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends durably, the events of each topic and key in order. The embedded log takes all or
    /// none; of Kafka an error may leave a part written, and the same events may be sent again:
    /// their versions make that harmless.
    async fn append(&self, records: &[NewRecord]) -> Result<Appended, LogError>;

    /// What every partition of the configured topics holds; a topic that does not exist has none.
    async fn extents(&self) -> Result<Vec<Extent>, LogError>;

    /// How far a view is behind that stands at these positions.
    async fn lag(&self, extents: &[Extent], next: &[(Partition, i64)]) -> Result<Lag, LogError>;

    /// Lets go of connections; what was appended is there.
    async fn close(&self);
}

/// Either log, for those who read it in its own way.
#[derive(Clone)]
pub enum Log {
    Embedded(Arc<EmbeddedLog>),
    Kafka(Arc<KafkaLog>),
}

impl Log {
    /// As publishers and `status` see it.
    pub fn events(&self) -> Arc<dyn EventLog> {
        match self {
            Log::Embedded(log) => log.clone(),
            Log::Kafka(log) => log.clone(),
        }
    }
}

/// What to do where the log is not the one that a view was made from.
pub const REBUILD_FROM_IT: &str = "Put the log back, or rebuild the view from it as it is now: `vitrine rebuild --promote --uncompared`";

/// Why a partition cannot be projected from an offset: events in between would be passed over.
/// `None` where it can.
pub fn gap(extent: &Extent, next: i64) -> Option<String> {
    if next < extent.first {
        return Some(format!(
            "events {next} to {} are no longer in the log: retention has deleted them before they \
             were projected. Rebuild the view from a log that holds everything, or set \
             log.missing_events = \"accept\" to go on without them",
            extent.first - 1
        ));
    }
    (next > extent.next).then(|| {
        format!(
            "the view is at offset {next}, and the log ends at {}: the topic was made anew or has \
             lost its end. {REBUILD_FROM_IT}",
            extent.next
        )
    })
}
