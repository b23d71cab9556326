//! Dead letters on their way through run files, and what settles them.

use std::collections::HashMap;

use bytes::Bytes;
use projections::codec;
use projections::event::Kind;
use projections::instant::Instant;
use serde::{Deserialize, Serialize};

use super::entity::Entity;
use crate::decode::Subject;
use crate::log::position::{Partition, Position};
use crate::log::record::Record;
use crate::store::dead_letter::{NewDeadLetter, Settlement};

/// A dead letter as a run file has it.
#[derive(Serialize, Deserialize)]
struct Stored {
    topic: String,
    partition: i32,
    offset: i64,
    code: String,
    detail: String,
    /// Kind, key and version.
    subject: Option<(u8, String, Option<u64>)>,
    key: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    value: Option<Vec<u8>>,
    timestamp: Option<i64>,
}

/// Appends a dead letter.
pub fn put(to: &mut Vec<u8>, letter: &NewDeadLetter) {
    let NewDeadLetter { position, code, detail, subject, record } = letter;
    let stored = Stored {
        topic: position.topic.clone(),
        partition: position.partition,
        offset: position.offset,
        code: code.clone(),
        detail: detail.clone(),
        subject: subject.as_ref().map(|s| (s.kind as u8, s.key.clone(), s.version)),
        key: record.key.as_ref().map(|key| key.to_vec()),
        headers: record.headers.iter().map(|(n, v)| (n.to_string(), v.to_vec())).collect(),
        value: record.value.as_ref().map(|value| value.to_vec()),
        timestamp: record.timestamp.map(Instant::millis),
    };
    let bytes = codec::encode(&stored);
    to.extend((bytes.len() as u32).to_le_bytes());
    to.extend(bytes);
}

/// The dead letters in these bytes, all of them; `None` where they are not what was written.
pub fn parse(bytes: &[u8]) -> Option<Vec<NewDeadLetter>> {
    let (mut rest, mut letters) = (bytes, Vec::new());
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (letter, after) = after.split_at_checked(length)?;
        letters.push(read(codec::decode(letter).ok()?)?);
        rest = after;
    }
    rest.is_empty().then_some(letters)
}

fn read(stored: Stored) -> Option<NewDeadLetter> {
    let subject = match stored.subject {
        None => None,
        Some((kind, key, version)) => {
            Some(Subject { kind: *Kind::ALL.get(usize::from(kind))?, key, version })
        }
    };
    let headers = stored.headers.into_iter().map(|(name, value)| (name.into(), Bytes::from(value)));
    let Stored { topic, partition, offset, code, detail, .. } = stored;
    Some(NewDeadLetter {
        position: Position { topic, partition, offset },
        code,
        detail,
        subject,
        record: Record {
            key: stored.key.map(Bytes::from),
            headers: headers.collect(),
            value: stored.value.map(Bytes::from),
            timestamp: stored.timestamp.map(Instant),
        },
    })
}

/// About how much memory a dead letter takes, in bytes.
pub fn bytes(letter: &NewDeadLetter) -> usize {
    size_of::<NewDeadLetter>() + letter.code.len() + letter.detail.len() + letter.record.bytes()
}

/// The entities that dead letters are about, with the version that was applied last.
#[derive(Default)]
pub struct Subjects {
    by_key: HashMap<(Kind, String), Option<Applied>>,
    /// Of which kinds there are any, so that most entities need not be looked for.
    kinds: [bool; Kind::ALL.len()],
}

#[derive(Clone, Debug)]
struct Applied {
    version: u64,
    at: Partition,
    offset: i64,
}

impl Subjects {
    pub fn add(&mut self, letter: &NewDeadLetter) {
        if let Some(Subject { kind, key, .. }) = &letter.subject {
            self.kinds[*kind as usize] = true;
            self.by_key.entry((*kind, key.clone())).or_default();
        }
    }

    /// Looks whether dead letters are about this entity. Two stock levels may share a key: the higher version counts,
    /// as it does where each is applied in its turn.
    pub fn meet(&mut self, entity: &Entity, partitions: &[Partition]) {
        if !self.kinds[entity.kind as usize] {
            return;
        }
        let (Some(head), Some(key)) = (entity.run.head(), entity.key()) else { return };
        let mark = entity.run.mark();
        let Some(at) = partitions.get(mark.partition as usize) else { return };
        if let Some(known) = self.by_key.get_mut(&(entity.kind, key))
            && known.as_ref().is_none_or(|known| known.version < head.version)
        {
            let (version, at, offset) = (head.version, at.clone(), mark.offset);
            *known = Some(Applied { version, at, offset });
        }
    }

    /// What the good versions settle.
    pub fn settlements(&self) -> Vec<Settlement<'_>> {
        let mut settlements: Vec<Settlement<'_>> = self
            .by_key
            .iter()
            .filter_map(|((kind, key), applied)| {
                let version = applied.as_ref()?.version;
                Some(Settlement { kind: *kind, key, version })
            })
            .collect();
        settlements.sort_unstable_by_key(|settled| (settled.kind, settled.key));
        settlements
    }

    /// Whether a dead letter without a version came after the last good one of its entity: then nothing says that it is
    /// not newer, and it stays open.
    pub fn is_after(&self, letter: &NewDeadLetter) -> bool {
        let Some(Subject { kind, key, version: None }) = &letter.subject else { return false };
        let applied = self.by_key.get(&(*kind, key.clone())).and_then(Option::as_ref);
        let Position { topic, partition, offset } = &letter.position;
        applied.is_some_and(|applied| {
            applied.at.topic == *topic
                && applied.at.partition == *partition
                && applied.offset < *offset
        })
    }
}
