//! What is asked of a snapshot.

use projections::facts::ReviewFact;
use projections::instant::Instant;
use projections::listing::{Filters, Sort, Total};
use projections::view::{ListingKey, View};

/// A listing for an audience at an instant.
#[derive(Clone, Debug)]
pub struct ListingQuery<'a> {
    pub listing: &'a ListingKey,
    pub market: &'a str,
    pub group: Option<&'a str>,
    pub sort: Sort,
    pub filters: &'a Filters,
    pub at: Instant,
}

/// A place in a listing's order: pages go on after it, whatever has changed before it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Keyset {
    pub key: i64,
    pub product_id: String,
}

/// The orders of a product's reviews.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReviewSort {
    Newest,
    Helpful,
    Highest,
    Lowest,
}

impl ReviewSort {
    /// All of them; the first is the default.
    pub const ALL: [ReviewSort; 4] =
        [ReviewSort::Newest, ReviewSort::Helpful, ReviewSort::Highest, ReviewSort::Lowest];

    /// As in the `sort` parameter.
    pub fn name(self) -> &'static str {
        match self {
            ReviewSort::Newest => "newest",
            ReviewSort::Helpful => "helpful",
            ReviewSort::Highest => "highest",
            ReviewSort::Lowest => "lowest",
        }
    }

    /// The sort of that name.
    pub fn parse(name: &str) -> Option<ReviewSort> {
        ReviewSort::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// A place in the order of a product's reviews.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReviewKeyset {
    /// Helpful votes or rating; 0 for newest.
    pub value: i64,
    pub created_at: Instant,
    pub review_id: String,
}

impl ReviewKeyset {
    /// The place of a review in that order.
    pub fn of(fact: &ReviewFact, sort: ReviewSort) -> ReviewKeyset {
        let value = match sort {
            ReviewSort::Newest => 0,
            ReviewSort::Helpful => fact.review.helpful,
            ReviewSort::Highest | ReviewSort::Lowest => i64::from(fact.review.rating),
        };
        ReviewKeyset {
            value,
            created_at: fact.review.created_at,
            review_id: fact.review_id.clone(),
        }
    }
}

/// Some reviews in order, and how many there are in all.
#[derive(Clone, Debug, Default)]
pub struct ReviewSlice {
    pub items: Vec<ReviewFact>,
    pub total: Total,
}

/// What a card is made of.
#[derive(Clone, Debug)]
pub struct StoredCard {
    pub product_id: String,
    pub view: View,
    /// Units over the view's SKUs; `None` where nothing is known.
    pub available: Option<i64>,
}

/// A listing by its kind and id as they are stored; none for a kind that this build does not know.
pub fn listing_key(kind: &str, id: String) -> Option<ListingKey> {
    match kind {
        "all" => Some(ListingKey::All),
        "category" => Some(ListingKey::Category(id)),
        "brand" => Some(ListingKey::Brand(id)),
        _ => None,
    }
}
