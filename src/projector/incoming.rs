//! Messages on their way into a transaction.

use projections::event::{Change, EntityKey, Event, Kind};
use projections::fold::Head;
use projections::instant::Instant;

use super::Batch;
use crate::decode::{self, Decoded, Subject};
use crate::log::position::Position;
use crate::log::record::Record;
use crate::store::dead_letter::NewDeadLetter;

/// What a message says.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events: a box each would cost more")]
pub enum Message {
    Event {
        event: Event,
        /// Of the event: computed once, where it is decoded.
        head: Head,
    },
    Tombstone {
        key: EntityKey,
    },
}

/// A message and where it came from.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub position: Position,
    pub message: Message,
    /// Whether its event has members that events of its type do not have.
    pub has_unknown_members: bool,
    /// As it came.
    pub record: Record,
}

/// Which entity, without a copy of its id.
pub enum Entity<'a> {
    Product(&'a String),
    Price(&'a String),
    Stock(&'a String, &'a String),
    Discount(&'a String),
    Review(&'a String),
}

impl Incoming {
    pub fn new(position: Position, event: Event, record: Record) -> Incoming {
        let head = event.head();
        let message = Message::Event { event, head };
        Incoming { position, message, has_unknown_members: false, record }
    }

    pub fn tombstone(position: Position, key: EntityKey, record: Record) -> Incoming {
        let message = Message::Tombstone { key };
        Incoming { position, message, has_unknown_members: false, record }
    }

    /// What the event says; a tombstone is none.
    pub fn change(&self) -> Option<&Change> {
        match &self.message {
            Message::Event { event, .. } => Some(&event.change),
            Message::Tombstone { .. } => None,
        }
    }

    /// When it happened, as far as the message says so.
    pub fn time(&self) -> Instant {
        match &self.message {
            Message::Event { event, .. } => event.time,
            Message::Tombstone { .. } => self.record.timestamp.unwrap_or(Instant(0)),
        }
    }

    /// Which entity it is about.
    pub fn entity(&self) -> Entity<'_> {
        match &self.message {
            Message::Event { event, .. } => match &event.change {
                Change::Product { product_id, .. } => Entity::Product(product_id),
                Change::Price { price_id, .. } => Entity::Price(price_id),
                Change::Stock { sku, location, .. } => Entity::Stock(sku, location),
                Change::Discount { discount_id, .. } => Entity::Discount(discount_id),
                Change::Review { review_id, .. } => Entity::Review(review_id),
            },
            Message::Tombstone { key } => match key {
                EntityKey::Product(id) => Entity::Product(id),
                EntityKey::Price(id) => Entity::Price(id),
                EntityKey::Stock { sku, location } => Entity::Stock(sku, location),
                EntityKey::Discount(id) => Entity::Discount(id),
                EntityKey::Review(id) => Entity::Review(id),
            },
        }
    }

    /// The dead letter that it becomes where it is refused for what the store knows.
    pub fn refused(&self, code: &str, detail: String) -> NewDeadLetter {
        let subject = match &self.message {
            Message::Event { event, .. } => Subject {
                kind: event.kind(),
                key: event.entity_key(),
                version: Some(event.version),
            },
            Message::Tombstone { key } => {
                Subject { kind: key.kind(), key: key.to_string(), version: None }
            }
        };
        NewDeadLetter {
            position: self.position.clone(),
            code: code.to_owned(),
            detail,
            subject: Some(subject),
            record: self.record.clone(),
        }
    }
}

impl Batch {
    /// Messages that were taken up.
    pub fn len(&self) -> usize {
        self.events.len() + self.dead_letters.len() + self.unknown_types as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decodes a message of the topic of `topic_kind` and takes it up: as an event, a tombstone, a
    /// dead letter, or something to pass over.
    pub fn push(&mut self, position: Position, topic_kind: Kind, record: Record) {
        match decode::record(topic_kind, &record) {
            Ok(Decoded::Event { event, has_unknown_members, .. }) => {
                let event = Incoming::new(position, event, record);
                self.events.push(Incoming { has_unknown_members, ..event });
            }
            Ok(Decoded::Tombstone { key }) => {
                self.events.push(Incoming::tombstone(position, key, record));
            }
            Ok(Decoded::UnknownType { .. }) => self.unknown_types += 1,
            Err(rejection) => {
                let subject = decode::subject_of_record(topic_kind, &record);
                self.dead_letters.push(NewDeadLetter {
                    position,
                    code: rejection.code,
                    detail: rejection.detail,
                    subject,
                    record,
                });
            }
        }
    }
}
