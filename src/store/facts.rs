//! Facts on their way into and out of a store.

use std::collections::HashMap;

use projections::discount::{Scope, Terms};
use projections::fold::Head;
use projections::instant::Instant;
use projections::price::Price;
use projections::product::Product;
use projections::review::Review;

/// Which entities a batch is about; each once.
#[derive(Clone, Debug, Default)]
pub struct FactKeys {
    pub products: Vec<String>,
    pub prices: Vec<String>,
    pub stock: Vec<StockKey>,
    pub discounts: Vec<String>,
    pub reviews: Vec<String>,
}

/// What is known of them, removed ones included.
#[derive(Clone, Debug, Default)]
pub struct KnownFacts {
    pub products: HashMap<String, KnownProduct>,
    pub prices: HashMap<String, KnownPrice>,
    pub stock: HashMap<StockKey, KnownStock>,
    pub discounts: HashMap<String, KnownDiscount>,
    pub reviews: HashMap<String, KnownReview>,
}

#[derive(Clone, Debug)]
pub struct KnownProduct {
    pub head: Head,
    /// Not removed.
    pub live: bool,
}

#[derive(Clone, Debug)]
pub struct KnownPrice {
    pub head: Head,
    pub product_id: String,
    /// Not removed.
    pub live: bool,
}

#[derive(Clone, Debug)]
pub struct KnownStock {
    pub head: Head,
    pub product_id: String,
    /// `None`: removed.
    pub available: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct KnownDiscount {
    pub head: Head,
    /// `None`: removed.
    pub state: Option<DiscountState>,
}

#[derive(Clone, Debug)]
pub struct KnownReview {
    pub head: Head,
    pub product_id: String,
    /// Not removed; it may be hidden.
    pub live: bool,
    /// The rating that counts; `None` where it is hidden or removed.
    pub counted: Option<u8>,
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub head: Head,
    pub time: Instant,
    pub partition: i32,
    pub offset: i64,
}

/// The product that an entity belongs to.
#[derive(Clone, Debug)]
pub struct Owner {
    pub product_id: String,
    /// It belonged to another one before.
    pub moved: bool,
}

/// sku, location
pub type StockKey = (String, String);

/// Facts to be stored: `None` as a state is a removal.
#[derive(Clone, Debug, Default)]
pub struct FactWrites {
    pub products: Vec<ProductWrite>,
    pub prices: Vec<PriceWrite>,
    pub stock: Vec<StockWrite>,
    pub discounts: Vec<DiscountWrite>,
    pub reviews: Vec<ReviewWrite>,
}

pub type ProductWrite = (String, Stamp, Option<Product>);
pub type PriceWrite = (String, Stamp, Owner, Option<Price>);
/// With the units available.
pub type StockWrite = (StockKey, Stamp, Owner, Option<i64>);
pub type DiscountWrite = (String, Stamp, Option<DiscountState>);
pub type DiscountState = (Terms, Scope);
pub type ReviewWrite = (String, Stamp, Owner, Option<Review>);
