//! How much of a SKU there is at one location.

use serde::{Deserialize, Serialize};

/// What a stock level's latest `stock.set` says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stock {
    pub product_id: String,
    /// Units, 0 to 2^53 - 1.
    pub available: i64,
}
