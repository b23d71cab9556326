//! Listings: which there are, and their orders.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A listing that products are in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ListingKey {
    All,
    Category(String),
    Brand(String),
}

impl ListingKey {
    /// As in the answer's `listing.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            ListingKey::All => "all",
            ListingKey::Category(_) => "category",
            ListingKey::Brand(_) => "brand",
        }
    }

    /// The category's or brand's id; empty for the listing of everything.
    pub fn id(&self) -> &str {
        match self {
            ListingKey::All => "",
            ListingKey::Category(id) | ListingKey::Brand(id) => id,
        }
    }
}

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
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
