//! Dead letters: events that could not be used, kept whole.

use projections::event::Kind;
use projections::instant::Instant;

use crate::decode::Subject;
use crate::log::position::Position;

/// A dead letter on its way into the store.
#[derive(Clone, Debug)]
pub struct NewDeadLetter {
    pub position: Position,
    /// Stable; names the field.
    pub code: String,
    pub detail: String,
    pub subject: Option<Subject>,
    pub payload: Vec<u8>,
}

/// A version of an entity that was applied.
#[derive(Clone, Debug)]
pub struct Settlement<'a> {
    pub kind: Kind,
    pub key: &'a str,
    pub version: u64,
}

/// A dead letter as kept.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DeadLetter {
    pub id: i64,
    /// `topic:partition:offset`
    pub position: String,
    pub received_at: Instant,
    pub code: String,
    pub detail: String,
    pub kind: Option<String>,
    pub entity_key: Option<String>,
    pub entity_version: Option<u64>,
    /// `open`, `settled`, `retried` or `discarded`.
    pub state: String,
    pub state_since: Instant,
    #[serde(skip)]
    pub payload: Vec<u8>,
}

/// Which dead letters to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeadLetterFilter {
    Open,
    All,
}
