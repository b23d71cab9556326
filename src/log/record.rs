//! A message as the log holds it, before anything of it is understood.

use std::borrow::Cow;

use bytes::Bytes;
use projections::instant::Instant;

/// A message: what a projector decodes, and what a dead letter keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// Kafka's key; the embedded log has none.
    pub key: Option<Bytes>,
    /// Kafka's headers, in their order; a name may come twice.
    pub headers: Vec<(Cow<'static, str>, Bytes)>,
    /// `None` is a tombstone.
    pub value: Option<Bytes>,
    /// When it was written to the log, as far as the log says so.
    pub timestamp: Option<Instant>,
}

impl Record {
    /// A message that is its value alone: a CloudEvent in structured mode.
    pub fn plain(value: Bytes) -> Record {
        Record { value: Some(value), ..Record::default() }
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.as_ref().map_or(0, Bytes::len)
            + headers
            + self.value.as_ref().map_or(0, Bytes::len)
    }
}
