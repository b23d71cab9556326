//! Events: what owners say happened, decoded and checked.
//!
//! [`decode_data`] turns the `data` of one of the nine event types into a [`Change`]. It parses
//! into types that cannot hold anything else than the contract allows, so that nothing after it
//! has to check again. What it refuses comes back as a [`Rejection`] with a stable code.
//!
//! The rooms: `types` names the nine event types, `rejection` says what is wrong and where,
//! `fields` reads single members, `wire` and `discounts` read whole payloads, `payload` any of these
//! in the middle of something larger, `nul` looks for the
//! one character that is refused everywhere, `key` reads the keys of messages that have no payload.

mod discounts;
mod fields;
mod key;
mod nul;
mod payload;
mod rejection;
mod types;
mod unknown;
mod wire;

pub use fields::{MAX_AMOUNT, MAX_SAFE_INTEGER, valid_id, valid_version};
pub use key::EntityKey;
pub use nul::refuse_nul;
pub use payload::Payload;
pub use rejection::{FIELDS, Problem, Rejection};
pub use types::EventType;
pub use unknown::{UnknownMember, unknown_members};
pub use wire::{
    Data, MAX_CATEGORIES, MAX_LONG_TEXT_BYTES, MAX_NAME_CHARS, MAX_PATH_STEPS, MAX_VARIANTS,
    decode_data,
};

use crate::discount::Discount;
use crate::instant::Instant;
use crate::price::Price;
use crate::product::Product;
use crate::review::Review;
use crate::stock::Stock;

/// The five kinds of entities, in the order of the contract; each has a topic of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    Product,
    Price,
    Stock,
    Discount,
    Review,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Kind; 5] =
        [Kind::Product, Kind::Price, Kind::Stock, Kind::Discount, Kind::Review];

    /// Lower-case name, as in configuration keys and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Product => "product",
            Kind::Price => "price",
            Kind::Stock => "stock",
            Kind::Discount => "discount",
            Kind::Review => "review",
        }
    }
}

/// A checked event: one version of one entity.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// When the change happened at its owner.
    pub time: Instant,
    /// Raised by the owner with every change of the entity; 1 to 2^53 - 1.
    pub version: u64,
    pub change: Change,
    /// W3C trace context, carried into traces.
    pub traceparent: Option<String>,
}

impl Event {
    /// The kind of entity this is about.
    pub fn kind(&self) -> Kind {
        self.change.kind()
    }

    /// The entity's id; see [`Change::entity_key`].
    pub fn entity_key(&self) -> String {
        self.change.entity_key()
    }
}

/// What an event says of its entity. `None` is a removal.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    Product { product_id: String, state: Option<Product> },
    Price { price_id: String, product_id: String, state: Option<Price> },
    Stock { sku: String, location: String, state: Stock },
    Discount { discount_id: String, state: Option<Discount> },
    Review { review_id: String, product_id: String, state: Option<Review> },
}

impl Change {
    /// The kind of entity this is about.
    pub fn kind(&self) -> Kind {
        match self {
            Change::Product { .. } => Kind::Product,
            Change::Price { .. } => Kind::Price,
            Change::Stock { .. } => Kind::Stock,
            Change::Discount { .. } => Kind::Discount,
            Change::Review { .. } => Kind::Review,
        }
    }

    /// Whether this is a removal.
    pub fn is_removal(&self) -> bool {
        match self {
            Change::Product { state, .. } => state.is_none(),
            Change::Price { state, .. } => state.is_none(),
            Change::Stock { .. } => false,
            Change::Discount { state, .. } => state.is_none(),
            Change::Review { state, .. } => state.is_none(),
        }
    }

    /// The entity's id as a topic's key names it: the product's, price's, discount's or review's
    /// id, and `sku@location` for a stock level.
    ///
    /// A sku or a location may itself hold an `@`, so two stock levels can share a key. It is for
    /// people and for matching; state is kept by sku and location.
    pub fn entity_key(&self) -> String {
        match self {
            Change::Product { product_id, .. } => product_id.clone(),
            Change::Price { price_id, .. } => price_id.clone(),
            Change::Stock { sku, location, .. } => format!("{sku}@{location}"),
            Change::Discount { discount_id, .. } => discount_id.clone(),
            Change::Review { review_id, .. } => review_id.clone(),
        }
    }
}
