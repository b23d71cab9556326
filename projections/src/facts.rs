//! Everything that is known about one product, gathered from the entities that belong to it.

use crate::discount::{Discount, Scope};
use crate::instant::Instant;
use crate::price::Price;
use crate::product::Product;
use crate::review::Review;

/// A live product with the live entities that belong to it.
#[derive(Clone, Debug)]
pub struct ProductFacts {
    pub product_id: String,
    /// The `time` of the product's latest event.
    pub time: Instant,
    pub product: Product,
    pub prices: Vec<PriceFact>,
    pub stock: Vec<StockFact>,
    /// Those whose scope matches the product or one of its SKUs; sorted by [`discount_order`].
    pub discounts: Vec<DiscountFact>,
    pub reviews: ReviewCounts,
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
    pub discount: Discount,
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
pub fn discount_order(a: &DiscountFact, b: &DiscountFact) -> std::cmp::Ordering {
    b.discount
        .priority
        .cmp(&a.discount.priority)
        .then_with(|| a.discount_id.cmp(&b.discount_id))
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
    /// Whether the scope reaches every SKU of the product.
    pub fn matches_product(&self, product_id: &str, product: &Product) -> bool {
        let named = |ids: &[String], id: &str| ids.iter().any(|i| i == id);
        self.all
            || named(&self.products, product_id)
            || product.brand.as_ref().is_some_and(|b| named(&self.brands, &b.id))
            || (!self.categories.is_empty()
                && product.categories.iter().flat_map(|c| &c.path).any(|id| named(&self.categories, id)))
    }

    /// Whether the scope names this SKU.
    pub fn names_sku(&self, sku: &str) -> bool {
        self.skus.iter().any(|s| s == sku)
    }

    /// Whether the scope reaches the product or one of its SKUs.
    pub fn matches(&self, product_id: &str, product: &Product) -> bool {
        self.matches_product(product_id, product)
            || product.variants.iter().any(|v| self.names_sku(&v.sku))
    }
}
