//! What the index needs to know of one product.

use crate::facts::{PriceFact, ProductFacts, ReviewCounts, StockFact};
use crate::instant::Instant;
use crate::product::{Attribute, Brand, Category, Image, Variant};
use crate::text::Text;

/// All that listings, facets and cards look at, but for discounts, which are kept beside the
/// products.
#[derive(Clone, PartialEq, Debug)]
pub struct IndexPart {
    pub product_id: String,
    /// The version of the product's latest event. For the same one all is the same but prices, stock
    /// and reviews.
    pub version: u64,
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
    pub fn of(facts: ProductFacts) -> IndexPart {
        let product = facts.product;
        let written = |(name, value): (String, Attribute)| (name, value.into_written());
        IndexPart {
            product_id: facts.product_id,
            version: facts.version,
            time: facts.time,
            active: product.active,
            released_at: product.released_at,
            brand: product.brand,
            categories: product.categories,
            attributes: product.attributes.into_iter().map(written).collect(),
            variants: product.variants,
            prices: facts.prices,
            stock: facts.stock,
            reviews: facts.reviews,
            name: product.name,
            slug: product.slug,
            image: product.images.into_iter().next(),
            tags: product.tags,
        }
    }
}
