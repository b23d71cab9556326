//! What is asked of a snapshot.

use projections::facts::ReviewFact;
use projections::instant::Instant;

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
