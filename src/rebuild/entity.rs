//! Entities as a rebuild keeps them: by the millions, so in few bytes.

use projections::codec::{self, CorruptDocument};
use projections::discount::Discount;
use projections::event::{EntityKey, Kind};
use projections::fold::Head;
use projections::price::Price;
use projections::product::Product;
use projections::review::Review;
use projections::run::{Mark, Run};
use projections::stock::Stock;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::store::facts::{Stamp, StockKey};

/// An entity, and what its messages come to so far.
///
/// What is kept of the content is the change as it is encoded for its digest: the key, the product that it belongs to,
/// and the state. Of an entity that only a tombstone speaks of it is the key.
#[derive(Clone, PartialEq, Debug)]
pub struct Entity {
    /// Of kind and key; the same in every run of the program.
    pub hash: u64,
    pub kind: Kind,
    pub run: Run<Box<[u8]>>,
}

/// Beside what an entity takes: the allocator's own, about.
const ALLOCATION: usize = 16;

impl Entity {
    /// The bytes that it takes beside itself.
    pub fn heap_bytes(&self) -> usize {
        let tombstones = if self.run.tombstones().is_some() { 64 + ALLOCATION } else { 0 };
        self.run.content().len() + ALLOCATION + tombstones
    }

    /// The product that it belongs to; `None` for discounts, and where nothing but tombstones is known.
    pub fn product_id(&self) -> Option<&str> {
        let content = self.run.content();
        self.run.head()?;
        match self.kind {
            Kind::Product => codec::leading_strings(content).map(|[id]| id),
            Kind::Price | Kind::Review => codec::leading_strings(content).map(|[_, owner]| owner),
            Kind::Stock => codec::leading_strings(content).map(|[_, _, owner]| owner),
            Kind::Discount => None,
        }
    }

    /// As a topic's key names it.
    pub fn key(&self) -> Option<String> {
        let content = self.run.content();
        match self.kind {
            Kind::Stock => {
                codec::leading_strings(content).map(|[sku, location]| format!("{sku}@{location}"))
            }
            _ => codec::leading_strings(content).map(|[id]| id.to_owned()),
        }
    }

    /// What the store keeps of where the fact is from; `numbers` are the partitions' by the reader's numbers.
    pub fn stamp(&self, head: Head, numbers: &[i32]) -> Stamp {
        let Mark { time, partition, offset } = self.run.applied();
        let partition = numbers.get(partition as usize).copied().unwrap_or_default();
        Stamp { head, time, partition, offset }
    }

    pub fn product(&self) -> Result<(String, Option<Product>), CorruptDocument> {
        let (id, state) = codec::decode(self.run.content())?;
        Ok((id, self.live(state)))
    }

    pub fn price(&self) -> Result<(String, String, Option<Price>), CorruptDocument> {
        let (id, owner, state) = codec::decode(self.run.content())?;
        Ok((id, owner, self.live(state)))
    }

    pub fn stock(&self) -> Result<(StockKey, String, Option<i64>), CorruptDocument> {
        let (sku, location, Stock { product_id, available }) = codec::decode(self.run.content())?;
        Ok(((sku, location), product_id, self.live(Some(available))))
    }

    pub fn discount(&self) -> Result<(String, Option<Discount>), CorruptDocument> {
        let (id, state) = codec::decode(self.run.content())?;
        Ok((id, self.live(state)))
    }

    pub fn review(&self) -> Result<(String, String, Option<Review>), CorruptDocument> {
        let (id, owner, state) = codec::decode(self.run.content())?;
        Ok((id, owner, self.live(state)))
    }

    fn live<T>(&self, state: Option<T>) -> Option<T> {
        state.filter(|_| self.run.is_live())
    }
}

/// Of the beginning of an entity's content that is its key.
pub fn hash(kind: Kind, key: &[u8]) -> u64 {
    xxh3_64_with_seed(key, kind as u64)
}

/// How many strings the key takes at the beginning of the content.
pub fn key_strings(kind: Kind) -> usize {
    if kind == Kind::Stock { 2 } else { 1 }
}

/// The key as the beginning of a content.
pub fn encode_key(key: &EntityKey, to: Vec<u8>) -> Vec<u8> {
    match key {
        EntityKey::Product(id)
        | EntityKey::Price(id)
        | EntityKey::Discount(id)
        | EntityKey::Review(id) => codec::encode_into(id, to),
        EntityKey::Stock { sku, location } => codec::encode_into(&(sku, location), to),
    }
}
