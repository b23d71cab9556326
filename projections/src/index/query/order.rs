//! Orders, and where a page goes on.

use crate::instant::Instant;
use crate::listing::Sort;
use crate::pricing::discount_bp;

use super::super::prices::Amounts;

/// Where a product stands in an order: what has the smaller key comes first, then the smaller id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Keyset {
    pub key: i64,
    pub product_id: String,
}

/// What orders look at.
#[derive(Clone, Copy, Debug)]
pub struct SortInput {
    pub visible_from: Instant,
    pub amounts: Amounts,
    pub rating: u16,
    pub reviews: u32,
}

impl SortInput {
    /// What comes first has the smallest.
    pub fn key(&self, sort: Sort) -> i64 {
        let amounts = &self.amounts;
        match sort {
            Sort::Newest => self.visible_from.millis().saturating_neg(),
            Sort::PriceAsc => amounts.final_amount,
            Sort::PriceDesc => -amounts.final_amount,
            Sort::Discount => -discount_bp(amounts.regular, amounts.final_amount),
            Sort::Rating => -((i64::from(self.rating) << 32) + i64::from(self.reviews)),
            Sort::Reviews => -i64::from(self.reviews),
        }
    }
}
