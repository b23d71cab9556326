//! A discount: what it takes off, from what, when.

use serde::{Deserialize, Serialize};

use crate::instant::Window;
use crate::text::Text;

/// What a discount's latest upsert says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Discount {
    pub scope: Scope,
    pub terms: Terms,
}

/// A discount without its reach: all that pricing needs of one that is known to reach a SKU.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Terms {
    pub name: Text,
    pub kind: DiscountKind,
    /// Required unless the kind is a percentage; the market's must be the same.
    pub currency: Option<String>,
    /// `None`: all markets.
    pub market: Option<String>,
    /// `None`: everyone.
    pub group: Option<String>,
    pub window: Window,
    pub priority: i64,
    pub stackable: bool,
    pub active: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DiscountKind {
    /// Basis points, 1 to 10000.
    Percentage(i64),
    /// Minor units off.
    Amount(i64),
    /// Minor units that the price comes down to.
    FixedPrice(i64),
}

/// Which products and SKUs a discount reaches: any match counts; nothing named matches nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Scope {
    pub all: bool,
    pub products: Vec<String>,
    pub skus: Vec<String>,
    pub categories: Vec<String>,
    pub brands: Vec<String>,
}
