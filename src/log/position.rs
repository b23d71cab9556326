//! Positions: where in which topic something stands.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// One partition of one topic.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
pub struct Partition {
    pub topic: String,
    pub partition: i32,
}

impl Partition {
    /// The subject of its [wait](crate::waits::Waits) once nothing more of it is projected.
    pub fn stopped_subject(&self) -> String {
        format!("partition {}:{} is stopped", self.topic, self.partition)
    }
}

/// An event's place: `topic:partition:offset`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.topic, self.partition, self.offset)
    }
}

/// Text that is no position.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a position: expected topic:partition:offset, like catalog.price:3:1042")]
pub struct BadPosition(String);

impl FromStr for Position {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let bad = || BadPosition(text.to_owned());
        let mut parts = text.split(':');
        let (Some(topic), Some(partition), Some(offset), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad());
        };
        // Plain digits: a number's own parser takes a sign as well.
        if topic.is_empty() || ![partition, offset].iter().all(|n| n.bytes().all(is_digit)) {
            return Err(bad());
        }
        let partition: i32 = partition.parse().map_err(|_| bad())?;
        let offset: i64 = offset.parse().map_err(|_| bad())?;
        Ok(Position { topic: topic.to_owned(), partition, offset })
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// What an answer is read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadFrom {
    /// Facts alone: they are written with the position of their event.
    Facts,
    /// The listing index: it follows the facts.
    Index,
}

/// Up to where what answers are read from reflects the events of each partition: all before that offset, and
/// with all that follows from them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reflected(HashMap<Partition, i64>);

impl Reflected {
    /// Whether all of these events are reflected.
    pub fn holds(&self, positions: &[Position]) -> bool {
        positions.iter().all(|Position { topic, partition, offset }| {
            let partition = Partition { topic: topic.clone(), partition: *partition };
            self.0.get(&partition).is_some_and(|until| offset < until)
        })
    }

    /// Whether all that the other one reflects is reflected.
    pub fn covers(&self, other: &Reflected) -> bool {
        other.0.iter().all(|(partition, until)| {
            *until <= 0 || self.0.get(partition).is_some_and(|ours| ours >= until)
        })
    }
}

/// From each partition's next offset.
impl FromIterator<(Partition, i64)> for Reflected {
    fn from_iter<I: IntoIterator<Item = (Partition, i64)>>(partitions: I) -> Reflected {
        Reflected(partitions.into_iter().collect())
    }
}

/// Reads several positions, joined by commas.
pub fn parse_positions(text: &str) -> Result<Vec<Position>, BadPosition> {
    text.split(',').map(|p| p.trim().parse()).collect()
}

/// Writes several positions, joined by commas.
pub fn join_positions(positions: &[Position]) -> String {
    let texts: Vec<String> = positions.iter().map(Position::to_string).collect();
    texts.join(",")
}
