//! A message as the log holds it, before anything of it is understood.

use std::borrow::Cow;

use bytes::Bytes;
use projections::instant::Instant;
use xxhash_rust::xxh3::Xxh3;

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

    /// A number that other messages have hardly ever: of key, value and timestamp. It is stored.
    pub fn fingerprint(&self) -> i64 {
        let mut hasher = Xxh3::new();
        for part in [&self.key, &self.value] {
            let length = part.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(part.as_deref().unwrap_or_default());
        }
        hasher.update(&self.timestamp.map_or(i64::MIN, Instant::millis).to_le_bytes());
        hasher.digest() as i64
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
