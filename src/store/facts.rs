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
    /// sku, location
    pub stock: Vec<(String, String)>,
    pub discounts: Vec<String>,
    pub reviews: Vec<String>,
}

/// What is known of them, removed ones included.
#[derive(Clone, Debug, Default)]
pub struct KnownFacts {
    pub products: HashMap<String, Head>,
    pub prices: HashMap<String, KnownPrice>,
    pub stock: HashMap<(String, String), KnownStock>,
    pub discounts: HashMap<String, KnownDiscount>,
    pub reviews: HashMap<String, KnownReview>,
}

#[derive(Clone, Debug)]
pub struct KnownPrice {
    pub head: Head,
    pub product_id: String,
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
    pub state: Option<(Terms, Scope)>,
}

#[derive(Clone, Debug)]
pub struct KnownReview {
    pub head: Head,
    pub product_id: String,
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

/// Facts to be stored: `None` as a state is a removal.
#[derive(Clone, Debug, Default)]
pub struct FactWrites {
    pub products: Vec<(String, Stamp, Option<Product>)>,
    pub prices: Vec<(String, Stamp, Owner, Option<Price>)>,
    /// By sku and location.
    pub stock: Vec<((String, String), Stamp, Owner, Option<i64>)>,
    pub discounts: Vec<(String, Stamp, Option<(Terms, Scope)>)>,
    pub reviews: Vec<(String, Stamp, Owner, Option<Review>)>,
}
