//! What the index needs to know of one product.

use crate::facts::{PriceFact, ProductFacts, ReviewCounts, StockFact};
use crate::instant::Instant;
use crate::product::{Brand, Category, Image, Variant};
use crate::text::Text;

/// All that listings, facets and cards look at, but for discounts, which are kept beside the
/// products.
#[derive(Clone, PartialEq, Debug)]
pub struct IndexPart {
    pub product_id: String,
    /// The `time` of the product's latest event.
    pub time: Instant,
    pub active: bool,
    pub released_at: Instant,
    pub brand: Option<Brand>,
    pub categories: Vec<Category>,
    /// The product's attributes by name, each as a page writes it.
    pub attributes: Vec<(String, String)>,
    /// Never empty.
    pub variants: Vec<Variant>,
    pub prices: Vec<PriceFact>,
    pub stock: Vec<StockFact>,
    pub reviews: ReviewCounts,
    pub name: Text,
    pub slug: String,
    pub image: Option<Image>,
    pub tags: Vec<String>,
}

impl IndexPart {
    pub fn of(facts: &ProductFacts) -> IndexPart {
        let product = &facts.product;
        IndexPart {
            product_id: facts.product_id.clone(),
            time: facts.time,
            active: product.active,
            released_at: product.released_at,
            brand: product.brand.clone(),
            categories: product.categories.clone(),
            attributes: product
                .attributes
                .iter()
                .map(|(name, value)| (name.clone(), value.as_written()))
                .collect(),
            variants: product.variants.clone(),
            prices: facts.prices.clone(),
            stock: facts.stock.clone(),
            reviews: facts.reviews,
            name: product.name.clone(),
            slug: product.slug.clone(),
            image: product.images.first().cloned(),
            tags: product.tags.clone(),
        }
    }
}
