//! Where events come from, and positions in it.

pub mod embedded;
pub mod position;
pub mod record;

use async_trait::async_trait;
use bytes::Bytes;
use projections::event::Kind;

use position::{Partition, Position};

/// Why the log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Passing: the same call may succeed later.
    #[error("the event log cannot be reached: {0}")]
    Unavailable(String),
    #[error("the event log refused: {0}")]
    Refused(String),
}

/// An event to be appended: its bytes as they came, for the topic of its kind.
#[derive(Clone, Debug)]
pub struct NewRecord {
    pub kind: Kind,
    pub payload: Bytes,
}

/// The log as publishers and `status` see it. Projectors read it in their own way.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends in order, all or none, durably. Answers the last position in each topic written to.
    async fn append(&self, records: &[NewRecord]) -> Result<Vec<Position>, LogError>;

    /// The offset that will be written next, for every partition.
    async fn heads(&self) -> Result<Vec<(Partition, i64)>, LogError>;
}
