//! Everything that is known about one product, gathered from the entities that belong to it.

use std::sync::Arc;

use crate::discount::{Scope, Terms};
use crate::instant::Instant;
use crate::price::Price;
use crate::product::Product;
use crate::review::Review;

/// A live product with the live entities that belong to it.
#[derive(Clone, Debug)]
pub struct ProductFacts {
    pub product_id: String,
    /// The version of the product's latest event: the same one has the same `product` and `time`.
    pub version: u64,
    /// The `time` of the product's latest event.
    pub time: Instant,
    pub product: Product,
    pub prices: Vec<PriceFact>,
    pub stock: Vec<StockFact>,
    /// Those whose scope matches the product or one of its SKUs; sorted by [`discount_order`].
    pub discounts: Vec<ReachingDiscount>,
    pub reviews: ReviewCounts,
}

impl ProductFacts {
    /// Units available over the current variants; `None` where nothing is known.
    pub fn available(&self) -> Option<i64> {
        let counts = |sku: &str| self.product.variants.iter().any(|v| v.sku == sku);
        self.stock
            .iter()
            .filter(|s| counts(&s.sku))
            .map(|s| s.available)
            .reduce(|a, b| a.saturating_add(b))
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct PriceFact {
    pub price_id: String,
    pub time: Instant,
    pub price: Price,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StockFact {
    pub sku: String,
    pub time: Instant,
    pub available: i64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct DiscountFact {
    pub discount_id: String,
    pub time: Instant,
    pub terms: Terms,
}

/// A discount whose scope matches a product, and which of its SKUs it reaches.
#[derive(Clone, PartialEq, Debug)]
pub struct ReachingDiscount {
    pub fact: Arc<DiscountFact>,
    pub reach: Reach,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Every SKU of the product.
    Whole,
    /// Only these.
    Skus(Vec<String>),
}

impl Reach {
    /// Whether this SKU of the product is reached.
    pub fn reaches(&self, sku: &str) -> bool {
        match self {
            Reach::Whole => true,
            Reach::Skus(skus) => skus.iter().any(|s| s == sku),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct ReviewFact {
    pub review_id: String,
    pub review: Review,
}

/// Published reviews by rating: index 0 counts the ones, index 4 the fives.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct ReviewCounts(pub [u64; 5]);

impl ReviewCounts {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The average rating in hundredths, rounded half up; `None` where there are no reviews.
    pub fn average_hundredths(&self) -> Option<u64> {
        let count = self.count();
        let sum: u64 = self.0.iter().zip(1..).map(|(n, rating)| n * rating).sum();
        (count > 0).then(|| (sum * 200 + count) / (count * 2))
    }
}

/// The order in which discounts are considered: higher priority first, then smaller id.
pub fn discount_order(a: &ReachingDiscount, b: &ReachingDiscount) -> std::cmp::Ordering {
    let (a, b) = (&a.fact, &b.fact);
    b.terms.priority.cmp(&a.terms.priority).then_with(|| a.discount_id.cmp(&b.discount_id))
}

impl Product {
    /// Every category that the product is in: each id anywhere in a path, once, in order.
    pub fn category_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> =
            self.categories.iter().flat_map(|c| c.path.iter().map(String::as_str)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl Scope {
    /// Which of the product's SKUs the scope reaches; `None` where it does not match at all.
    pub fn reach(&self, product_id: &str, product: &Product) -> Option<Reach> {
        let named = |ids: &[String], id: &str| ids.iter().any(|i| i == id);
        let whole = self.all
            || named(&self.products, product_id)
            || product.brand.as_ref().is_some_and(|b| named(&self.brands, &b.id))
            || product.category_ids().iter().any(|id| named(&self.categories, id));
        if whole {
            return Some(Reach::Whole);
        }
        let skus: Vec<String> = product
            .variants
            .iter()
            .filter(|v| named(&self.skus, &v.sku))
            .map(|v| v.sku.clone())
            .collect();
        (!skus.is_empty()).then_some(Reach::Skus(skus))
    }
}
