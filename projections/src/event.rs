//! Events: what owners say happened, decoded and checked.

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

/// What an event says of its entity. `None` is a removal.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    Product { product_id: String, state: Option<Product> },
    Price { price_id: String, product_id: String, state: Option<Price> },
    Stock { sku: String, location: String, state: Stock },
    Discount { discount_id: String, state: Option<Discount> },
    Review { review_id: String, product_id: String, state: Option<Review> },
}
