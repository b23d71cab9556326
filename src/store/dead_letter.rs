//! Dead letters: events that could not be used, kept whole.

use bytes::Bytes;
use projections::codec::CorruptDocument;
use projections::event::Kind;
use projections::instant::Instant;

use serde::{Deserialize, Serialize};

use super::document::{pack, unpack};
use crate::decode::Subject;
use crate::log::position::Position;
use crate::log::record::Record;

/// A dead letter on its way into the store.
#[derive(Clone, Debug)]
pub struct NewDeadLetter {
    pub position: Position,
    /// Stable; names the field.
    pub code: String,
    pub detail: String,
    pub subject: Option<Subject>,
    /// The whole message.
    pub record: Record,
}

/// What a message has beside its value, as stored.
#[derive(Serialize, Deserialize)]
struct Envelope {
    key: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    timestamp_ms: Option<i64>,
    tombstone: bool,
}

/// A message as stored: its value, and all else as a document, where there is something else.
pub fn to_stored(record: &Record) -> (&[u8], Option<Vec<u8>>) {
    let value = record.value.as_deref();
    let plain = record.key.is_none()
        && record.headers.is_empty()
        && record.timestamp.is_none()
        && value.is_some();
    let envelope = || Envelope {
        key: record.key.as_ref().map(|key| key.to_vec()),
        headers: record.headers.iter().map(|(n, v)| (n.to_string(), v.to_vec())).collect(),
        timestamp_ms: record.timestamp.map(Instant::millis),
        tombstone: value.is_none(),
    };
    (value.unwrap_or_default(), (!plain).then(|| pack(&envelope())))
}

/// A message out of what is stored of it.
pub fn from_stored(value: Vec<u8>, envelope: Option<&[u8]>) -> Result<Record, CorruptDocument> {
    let value = Bytes::from(value);
    let Some(envelope) = envelope else { return Ok(Record::plain(value)) };
    let envelope: Envelope = unpack(envelope)?;
    Ok(Record {
        key: envelope.key.map(Bytes::from),
        headers: envelope.headers.into_iter().map(|(n, v)| (n.into(), Bytes::from(v))).collect(),
        value: (!envelope.tombstone).then_some(value),
        timestamp: envelope.timestamp_ms.map(Instant),
    })
}

/// A version of an entity that was applied.
#[derive(Clone, Debug)]
pub struct Settlement<'a> {
    pub kind: Kind,
    pub key: &'a str,
    pub version: u64,
}

/// What became of a dead letter that was sent to the topic of dead letters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forwarding {
    /// It has arrived.
    Sent,
    /// The topic will never take it: it is only kept here.
    Refused(String),
    /// It did not arrive, and is to be sent again.
    Again,
}

impl Forwarding {
    pub fn is_done(&self) -> bool {
        *self != Forwarding::Again
    }

    pub fn error(&self) -> Option<&str> {
        match self {
            Forwarding::Refused(error) => Some(error),
            Forwarding::Sent | Forwarding::Again => None,
        }
    }
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
    /// Why the topic of dead letters has not taken it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_error: Option<String>,
    #[serde(skip)]
    pub record: Record,
}

/// Which dead letters to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeadLetterFilter {
    Open,
    All,
}
