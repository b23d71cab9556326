//! What was read becomes messages to be folded, many at a time.

use std::ops::Range;

use projections::codec;
use projections::event::Kind;
use projections::fold::{Head, digest};
use projections::instant::Instant;
use projections::market::Market;
use projections::run::Mark;

use super::entity::{encode_key, hash, key_strings};
use crate::decode::counted::WarningCounts;
use crate::decode::{self, Decoded};
use crate::log::position::{Partition, Position};
use crate::log::record::Record;
use crate::store::dead_letter::NewDeadLetter;

/// So much smaller a change is encoded than it is in its message, about.
const ENCODED_SMALLER: usize = 3;

/// Some messages as they were read, those of one partition in their order.
#[derive(Debug, Default)]
pub struct Raw {
    pub records: Vec<RawRecord>,
    /// The offset that comes next, of the partitions that were read, by their numbers.
    pub next: Vec<(u32, i64)>,
}

#[derive(Debug)]
pub struct RawRecord {
    /// The number of its partition.
    pub partition: u32,
    pub offset: i64,
    pub record: Record,
}

/// What one message does to its entity.
pub struct Message {
    pub hash: u64,
    pub kind: Kind,
    pub mark: Mark,
    /// `None`: a tombstone. The flag says that it is no removal.
    pub event: Option<(Head, bool)>,
    /// The content in [`Messages::bytes`]; the key is at its beginning.
    content: Range<usize>,
    key_bytes: usize,
}

/// Messages that are ready to be folded.
#[derive(Default)]
pub struct Messages {
    pub messages: Vec<Message>,
    /// The contents of all of them: one allocation.
    bytes: Vec<u8>,
    pub letters: Vec<NewDeadLetter>,
    pub unknown_types: u64,
    /// Those of events; unknown types are counted above.
    pub warnings: WarningCounts,
    /// As in [`Raw`].
    pub next: Vec<(u32, i64)>,
}

impl Messages {
    pub fn content(&self, message: &Message) -> &[u8] {
        self.bytes.get(message.content.clone()).unwrap_or_default()
    }

    pub fn key(&self, message: &Message) -> &[u8] {
        self.content(message).get(..message.key_bytes).unwrap_or_default()
    }

    /// Decodes messages of these partitions, each with the kind of its topic.
    pub fn of(raw: Raw, partitions: &[(Partition, Kind)], markets: &[Market]) -> Messages {
        let mut messages = Messages { next: raw.next, ..Messages::default() };
        messages.messages.reserve(raw.records.len());
        let bytes: usize = raw.records.iter().map(|raw| raw.record.bytes()).sum();
        messages.bytes.reserve(bytes / ENCODED_SMALLER);
        for record in raw.records {
            if let Some((partition, kind)) = partitions.get(record.partition as usize) {
                messages.push(record, partition, *kind, markets);
            }
        }
        messages
    }

    fn push(
        &mut self,
        raw: RawRecord,
        partition: &Partition,
        topic_kind: Kind,
        markets: &[Market],
    ) {
        let RawRecord { partition: number, offset, record } = raw;
        let mark = |time| Mark { time, partition: number, offset };
        match decode::record(topic_kind, &record) {
            Ok(Decoded::Event { kind, event, has_unknown_members }) => {
                self.warnings.add(&event.change, has_unknown_members, markets);
                let start = self.bytes.len();
                self.bytes = event.change.encode(std::mem::take(&mut self.bytes));
                let encoded = self.bytes.get(start..).unwrap_or_default();
                let head = Head { version: event.version, digest: digest(encoded) };
                let states = !event.change.is_removal();
                self.add(kind, mark(event.time), Some((head, states)), start);
            }
            Ok(Decoded::Tombstone { key }) => {
                let start = self.bytes.len();
                self.bytes = encode_key(&key, std::mem::take(&mut self.bytes));
                let time = record.timestamp.unwrap_or(Instant(0));
                self.add(key.kind(), mark(time), None, start);
            }
            Ok(Decoded::UnknownType { .. }) => self.unknown_types += 1,
            Err(rejection) => {
                let subject = decode::subject_of_record(topic_kind, &record);
                let Partition { topic, partition } = partition.clone();
                self.letters.push(NewDeadLetter {
                    position: Position { topic, partition, offset },
                    code: rejection.code,
                    detail: rejection.detail,
                    subject,
                    record,
                });
            }
        }
    }

    fn add(&mut self, kind: Kind, mark: Mark, event: Option<(Head, bool)>, start: usize) {
        let content = self.bytes.get(start..).unwrap_or_default();
        let key_bytes = codec::leading_bytes(content, key_strings(kind)).unwrap_or(content.len());
        let hash = hash(kind, content.get(..key_bytes).unwrap_or_default());
        let content = start..self.bytes.len();
        self.messages.push(Message { hash, kind, mark, event, content, key_bytes });
    }
}
