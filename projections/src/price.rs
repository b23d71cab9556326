//! A price of a product, or of one of its variants, in one market.

use serde::{Deserialize, Serialize};

use crate::instant::Window;

/// What a price's latest `price.set` says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Price {
    pub product_id: String,
    /// `None`: every variant.
    pub sku: Option<String>,
    pub market: String,
    /// ISO 4217.
    pub currency: String,
    /// Minor units, 0 to 10^12.
    pub amount: i64,
    /// The customer group; `None`: everyone.
    pub group: Option<String>,
    pub window: Window,
}
