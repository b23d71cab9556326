//! Orders, and where a page goes on.

use crate::listing::Sort;
use crate::pricing::discount_bp;

use super::super::products::ProductChunk;

/// Where a product stands in an order: what has the smaller key comes first, then the smaller id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Keyset {
    pub key: i64,
    pub product_id: String,
}

/// The key of a product, with final and regular of its cheapest variant: what comes first has the
/// smallest.
#[inline]
pub fn key(
    sort: Sort,
    chunk: &ProductChunk,
    at: usize,
    (final_amount, regular): (i64, i64),
) -> i64 {
    let reviews = || i64::from(chunk.reviews[at]);
    match sort {
        Sort::Newest => chunk.visible_from[at].saturating_neg(),
        Sort::PriceAsc => final_amount,
        Sort::PriceDesc => -final_amount,
        Sort::Discount => -discount_bp(regular, final_amount),
        Sort::Rating => -((i64::from(chunk.rating(at)) << 32) + reviews()),
        Sort::Reviews => -reviews(),
    }
}
