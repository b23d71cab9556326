//! The facts of products, put together from the rows of several tables.

use std::collections::HashMap;

use ahash::RandomState;
use projections::facts::{PriceFact, ProductFacts, ReviewCounts, StockFact};
use projections::instant::Instant;

use super::Result;
use super::document::unpack;

/// Products first, then what belongs to them: of a product that is not there nothing is shown.
#[derive(Default)]
pub struct Assembly {
    facts: Vec<ProductFacts>,
    /// Positions in `facts`, by id.
    places: HashMap<String, usize, RandomState>,
}

impl Assembly {
    /// The last product that was added.
    pub fn last_id(&self) -> Option<&str> {
        self.facts.last().map(|facts| facts.product_id.as_str())
    }

    /// Adds a live product by its document.
    ///
    /// # Errors
    /// The document cannot be read.
    pub fn product(
        &mut self,
        product_id: String,
        version: i64,
        time: i64,
        doc: &[u8],
    ) -> Result<()> {
        let product = unpack(doc)?;
        self.places.insert(product_id.clone(), self.facts.len());
        self.facts.push(ProductFacts {
            product_id,
            version: version as u64,
            time: Instant(time),
            product,
            prices: Vec::new(),
            stock: Vec::new(),
            discounts: Vec::new(),
            reviews: ReviewCounts::default(),
        });
        Ok(())
    }

    /// Adds a price by its document.
    ///
    /// # Errors
    /// The document cannot be read.
    pub fn price(
        &mut self,
        product_id: &str,
        price_id: String,
        time: i64,
        doc: &[u8],
    ) -> Result<()> {
        if let Some(facts) = self.of(product_id) {
            let price = unpack(doc)?;
            facts.prices.push(PriceFact { price_id, time: Instant(time), price });
        }
        Ok(())
    }

    /// Adds what is available of a SKU at one location.
    pub fn stock(&mut self, product_id: &str, sku: String, time: i64, available: i64) {
        if let Some(facts) = self.of(product_id) {
            facts.stock.push(StockFact { sku, time: Instant(time), available });
        }
    }

    /// Says how many published reviews there are, by rating.
    pub fn reviews(&mut self, product_id: &str, counts: [i64; 5]) {
        if let Some(facts) = self.of(product_id) {
            facts.reviews = ReviewCounts(counts.map(|count| count.max(0) as u64));
        }
    }

    /// In the order in which products were added.
    pub fn into_facts(self) -> Vec<ProductFacts> {
        self.facts
    }

    fn of(&mut self, product_id: &str) -> Option<&mut ProductFacts> {
        let place = *self.places.get(product_id)?;
        self.facts.get_mut(place)
    }
}
