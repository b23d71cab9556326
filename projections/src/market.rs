//! Markets: sales channels with one currency each.

use serde::{Deserialize, Serialize};

/// A market as configured.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Market {
    pub id: String,
    /// ISO 4217.
    pub currency: String,
    /// The locale that texts fall back to.
    pub locale: String,
}
