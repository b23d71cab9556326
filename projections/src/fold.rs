//! The fold of one entity: its highest version wins.

use xxhash_rust::xxh3::xxh3_64;

use crate::codec::encode_into;
use crate::event::{Change, Event};

/// What is kept of an entity to judge the next event by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    pub version: u64,
    /// Of the content, to tell a repetition from a second content of the same version.
    pub digest: u64,
}

/// What an event does to its entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A higher version: it replaces what was known.
    Applied,
    /// The version that is known, with the same content: nothing changes.
    Repeated,
    /// The version that is known, with another content: the first wins, and this is counted.
    Conflict,
    /// A lower version: nothing changes.
    Stale,
}

/// Judges an incoming event by what is known of its entity.
///
/// | known | incoming | outcome |
/// | --- | --- | --- |
/// | nothing | any | applied |
/// | version n | above n | applied |
/// | version n | n, same content | repeated |
/// | version n | n, other content | conflict |
/// | version n | below n | stale |
pub fn fold(known: Option<Head>, incoming: Head) -> Outcome {
    let Some(known) = known else { return Outcome::Applied };
    match incoming.version.cmp(&known.version) {
        std::cmp::Ordering::Greater => Outcome::Applied,
        std::cmp::Ordering::Less => Outcome::Stale,
        std::cmp::Ordering::Equal if incoming.digest == known.digest => Outcome::Repeated,
        std::cmp::Ordering::Equal => Outcome::Conflict,
    }
}

/// What a tombstone does to its entity, of which is known whether it is live (`None`: nothing is).
///
/// A removed entity keeps its head: the version that was removed stays the one to be exceeded.
///
/// | known | outcome |
/// | --- | --- |
/// | live, whatever its version | applied |
/// | removed, or nothing | repeated |
pub fn fold_tombstone(live: Option<bool>) -> Outcome {
    if live == Some(true) { Outcome::Applied } else { Outcome::Repeated }
}

impl Event {
    /// The head that the event's entity has once it is applied.
    pub fn head(&self) -> Head {
        Head { version: self.version, digest: digest(&self.change.encode(Vec::new())) }
    }
}

/// Of a change as encoded: what [`Head::digest`] is.
pub fn digest(encoded: &[u8]) -> u64 {
    xxh3_64(encoded)
}

impl Change {
    /// Appends all that the change says: the entity's id, the product that it belongs to (a stock level's is the
    /// first of its state), and its state, in this order.
    pub fn encode(&self, to: Vec<u8>) -> Vec<u8> {
        match self {
            Change::Product { product_id, state } => encode_into(&(product_id, state), to),
            Change::Price { price_id, product_id, state } => {
                encode_into(&(price_id, product_id, state), to)
            }
            Change::Stock { sku, location, state } => encode_into(&(sku, location, state), to),
            Change::Discount { discount_id, state } => encode_into(&(discount_id, state), to),
            Change::Review { review_id, product_id, state } => {
                encode_into(&(review_id, product_id, state), to)
            }
        }
    }
}
