//! A customer's review of a product.

use serde::{Deserialize, Serialize};

use crate::instant::Instant;

/// What a review's latest upsert says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Review {
    pub product_id: String,
    /// 1 to 5.
    pub rating: u8,
    pub title: String,
    pub body: String,
    pub author: String,
    /// `status` is `published`, not `hidden`.
    pub published: bool,
    pub helpful: i64,
    pub created_at: Instant,
}
