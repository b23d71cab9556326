//! Payloads that are read and not yet checked: for whoever reads one in the middle of a larger object, in one pass.

use serde::de::{Deserialize, DeserializeSeed, Deserializer};

use super::discounts::{DiscountRemoved, DiscountUpserted};
use super::fields::Object;
use super::wire::{
    Data, PriceRemoved, PriceSet, ProductDeleted, ProductUpserted, ReviewRemoved, ReviewUpserted,
    StockSet,
};
use super::{EventType, Rejection};
use crate::instant::Instant;

/// The payload of an event of a known type, as its JSON says.
///
/// An [`EventType`] is the seed by which serde reads one. What is wrong with it is told better by
/// [`decode_data`](super::decode_data), which also refuses what only the text shows: whoever reads a payload in another
/// way calls [`refuse_nul`](super::refuse_nul) on the text first.
pub struct Payload {
    wire: Wire,
    has_unknown_members: bool,
}

enum Wire {
    ProductUpserted(ProductUpserted),
    ProductDeleted(ProductDeleted),
    PriceSet(PriceSet),
    PriceRemoved(PriceRemoved),
    StockSet(StockSet),
    DiscountUpserted(DiscountUpserted),
    DiscountRemoved(DiscountRemoved),
    ReviewUpserted(ReviewUpserted),
    ReviewRemoved(ReviewRemoved),
}

impl Payload {
    /// Checks what takes more than one member to be told, and makes a change of it. `time` is the event's.
    ///
    /// # Errors
    /// As [`decode_data`](super::decode_data), which says the same of a payload without U+0000.
    pub fn check(self, time: Instant) -> Result<Data, Rejection> {
        let has_unknown_members = self.has_unknown_members;
        self.wire.check(time).map(|data| Data { has_unknown_members, ..data })
    }
}

impl Wire {
    fn check(self, time: Instant) -> Result<Data, Rejection> {
        match self {
            Wire::ProductUpserted(payload) => payload.checked(time),
            Wire::ProductDeleted(payload) => Ok(payload.into()),
            Wire::PriceSet(payload) => Ok(payload.into()),
            Wire::PriceRemoved(payload) => Ok(payload.into()),
            Wire::StockSet(payload) => Ok(payload.into()),
            Wire::DiscountUpserted(payload) => payload.checked(),
            Wire::DiscountRemoved(payload) => Ok(payload.into()),
            Wire::ReviewUpserted(payload) => Ok(payload.data(time)),
            Wire::ReviewRemoved(payload) => Ok(payload.into()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for EventType {
    type Value = Payload;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Payload, D::Error> {
        let mut has_unknown_members = false;
        let mut note = |_: serde_ignored::Path<'_>| has_unknown_members = true;
        let json = serde_ignored::Deserializer::new(json, &mut note);
        let wire = match self {
            EventType::ProductUpserted => Wire::ProductUpserted(object(json)?),
            EventType::ProductDeleted => Wire::ProductDeleted(object(json)?),
            EventType::PriceSet => Wire::PriceSet(object(json)?),
            EventType::PriceRemoved => Wire::PriceRemoved(object(json)?),
            EventType::StockSet => Wire::StockSet(object(json)?),
            EventType::DiscountUpserted => Wire::DiscountUpserted(object(json)?),
            EventType::DiscountRemoved => Wire::DiscountRemoved(object(json)?),
            EventType::ReviewUpserted => Wire::ReviewUpserted(object(json)?),
            EventType::ReviewRemoved => Wire::ReviewRemoved(object(json)?),
        };
        Ok(Payload { wire, has_unknown_members })
    }
}

fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(json: D) -> Result<T, D::Error> {
    Object::deserialize(json).map(|Object(wire)| wire)
}
