//! Listings: sorts, their keys, filters.

use std::fmt;

use crate::facts::ReviewCounts;
use crate::instant::Instant;

/// The orders of a listing. Each ends with the product id in byte order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sort {
    /// Latest `released_at` first.
    Newest,
    PriceAsc,
    PriceDesc,
    /// Highest `discount_bp` first.
    Discount,
    /// Highest average first, then most reviews.
    Rating,
    /// Most reviews first.
    Reviews,
}

impl Sort {
    /// All of them; the first is the default.
    pub const ALL: [Sort; 6] = [
        Sort::Newest,
        Sort::PriceAsc,
        Sort::PriceDesc,
        Sort::Discount,
        Sort::Rating,
        Sort::Reviews,
    ];

    /// Those that have rows: the others are read from one of these.
    pub const STORED: [Sort; 5] =
        [Sort::Newest, Sort::PriceAsc, Sort::Discount, Sort::Rating, Sort::Reviews];

    /// The order whose rows this one is read from. [`Sort::PriceDesc`] reads its rows from the last key
    /// to the first, and its keys are theirs negated.
    pub fn stored(self) -> Sort {
        if self == Sort::PriceDesc { Sort::PriceAsc } else { self }
    }

    /// Whether keys follow from prices, so that they are not the same for every group.
    pub fn by_price(self) -> bool {
        matches!(self, Sort::PriceAsc | Sort::PriceDesc | Sort::Discount)
    }

    /// As in the `sort` parameter.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Newest => "newest",
            Sort::PriceAsc => "price_asc",
            Sort::PriceDesc => "price_desc",
            Sort::Discount => "discount",
            Sort::Rating => "rating",
            Sort::Reviews => "reviews",
        }
    }

    /// The sort of that name.
    pub fn parse(name: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|s| s.name() == name)
    }

    /// The number that stands for it in a store. Fixed: another numbering is another layout.
    pub fn number(self) -> i64 {
        self as i64
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What sorts look at. Keys ascend: what comes first has the smallest.
#[derive(Clone, Copy, Debug)]
pub struct SortFacts {
    pub released_at: Instant,
    pub final_amount: i64,
    pub discount_bp: i64,
    pub reviews: ReviewCounts,
}

impl SortFacts {
    /// The key under which a product stands in a listing of this order.
    pub fn key(&self, sort: Sort) -> i64 {
        const COUNT_BITS: u32 = 40;
        let count = (self.reviews.count() as i64).min((1 << COUNT_BITS) - 1);
        match sort {
            Sort::Newest => self.released_at.millis().saturating_neg(),
            Sort::PriceAsc => self.final_amount,
            Sort::PriceDesc => -self.final_amount,
            Sort::Discount => -self.discount_bp,
            Sort::Rating => {
                let average = self.reviews.average_hundredths().unwrap_or(0) as i64;
                -((average << COUNT_BITS) + count)
            }
            Sort::Reviews => -count,
        }
    }
}

/// What a listing is narrowed to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filters {
    /// Any of these brands; empty: all.
    pub brands: Vec<String>,
    /// On final, inclusive, minor units.
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    /// `in_stock` or `low_stock`.
    pub in_stock: bool,
    /// final < regular.
    pub on_sale: bool,
    /// The rounded average, in hundredths; 0 where there are no reviews.
    pub min_rating_hundredths: Option<i64>,
}

impl Filters {
    /// Whether a product passes, whose offer at the instant is this.
    pub fn pass(&self, offer: &OfferFacts<'_>) -> bool {
        (self.brands.is_empty()
            || offer.brand.is_some_and(|brand| self.brands.iter().any(|b| b == brand)))
            && self.min_price.is_none_or(|min| offer.final_amount >= min)
            && self.max_price.is_none_or(|max| offer.final_amount <= max)
            && (!self.in_stock || offer.in_stock)
            && (!self.on_sale || offer.final_amount < offer.regular)
            && self.min_rating_hundredths.is_none_or(|min| offer.rating_hundredths >= min)
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Filters::default()
    }
}

/// What filters look at.
#[derive(Clone, Copy, Debug)]
pub struct OfferFacts<'a> {
    pub brand: Option<&'a str>,
    pub final_amount: i64,
    pub regular: i64,
    pub in_stock: bool,
    /// The rounded average; 0 where there are no reviews.
    pub rating_hundredths: i64,
}

/// `total` is counted up to this.
pub const TOTAL_CAP: u64 = 10_000;
/// And over at most this many entries.
pub const EXAMINED_CAP: u64 = 100_000;

/// How many products a listing holds, as far as it was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Total {
    pub total: u64,
    /// There are more than were counted.
    pub capped: bool,
}
