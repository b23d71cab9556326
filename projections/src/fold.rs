//! The fold of one entity: its highest version wins.

use xxhash_rust::xxh3::xxh3_64;

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
        Head { version: self.version, digest: digest(&self.change) }
    }
}

fn digest(change: &Change) -> u64 {
    let bytes = match change {
        Change::Product { product_id, state } => crate::codec::encode(&(product_id, state)),
        Change::Price { price_id, product_id, state } => {
            crate::codec::encode(&(price_id, product_id, state))
        }
        Change::Stock { sku, location, state } => crate::codec::encode(&(sku, location, state)),
        Change::Discount { discount_id, state } => crate::codec::encode(&(discount_id, state)),
        Change::Review { review_id, product_id, state } => {
            crate::codec::encode(&(review_id, product_id, state))
        }
    };
    xxh3_64(&bytes)
}
