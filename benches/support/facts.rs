//! Facts of generated products, folded without a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use projections::discount::Discount;
use projections::event::{Change, Event};
use projections::facts::{
    DiscountFact, PriceFact, ProductFacts, ReachingDiscount, ReviewCounts, ReviewFact, StockFact,
    discount_order,
};
use projections::instant::Instant;
use projections::product::Product;
use vitrine::decode::{Decoded, structured};
use vitrine::generate::{DEFAULT_START, Generator, Options};

use super::shape;

/// A generated catalogue: the latest version of each entity.
#[derive(Default)]
pub struct Catalogue {
    products: BTreeMap<String, (Instant, Product)>,
    prices: BTreeMap<String, PriceFact>,
    stock: BTreeMap<(String, String), (String, StockFact)>,
    discounts: BTreeMap<String, (Instant, Discount)>,
    reviews: BTreeMap<String, ReviewFact>,
    versions: BTreeMap<String, u64>,
}

/// The lines of a small catalogue.
pub fn lines() -> Vec<Vec<u8>> {
    let options = Options { products: 200, events: 4_000, seed: 1, start: DEFAULT_START };
    shape::announce(&options);
    let mut generator = Generator::new(options);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    while generator.write_next(&mut line) {
        lines.push(std::mem::take(&mut line));
    }
    lines
}

impl Catalogue {
    pub fn of(lines: &[Vec<u8>]) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for line in lines {
            if let Ok(Decoded::Event { event, .. }) = structured(line) {
                catalogue.take(event);
            }
        }
        catalogue
    }

    fn take(&mut self, event: Event) {
        let entity = format!("{}/{}", event.kind().name(), event.entity_key());
        if self.versions.get(&entity).is_some_and(|known| *known >= event.version) {
            return;
        }
        self.versions.insert(entity, event.version);
        let time = event.time;
        match event.change {
            Change::Product { product_id, state } => {
                put(&mut self.products, product_id, state.map(|product| (time, product)));
            }
            Change::Price { price_id, state, .. } => {
                let fact = state.map(|price| PriceFact { price_id: price_id.clone(), time, price });
                put(&mut self.prices, price_id, fact);
            }
            Change::Stock { sku, location, state } => {
                let fact = StockFact { sku: sku.clone(), time, available: state.available };
                self.stock.insert((sku, location), (state.product_id, fact));
            }
            Change::Discount { discount_id, state } => {
                put(&mut self.discounts, discount_id, state.map(|discount| (time, discount)));
            }
            Change::Review { review_id, state, .. } => {
                let fact = state.map(|review| ReviewFact { review_id: review_id.clone(), review });
                put(&mut self.reviews, review_id, fact);
            }
        }
    }

    /// The product with a price and reviews that has the median number of prices.
    pub fn typical(&self) -> ProductFacts {
        let mut facts: Vec<ProductFacts> = self.products.keys().map(|id| self.facts(id)).collect();
        facts.retain(|f| f.product.active && !f.prices.is_empty() && f.reviews.count() > 0);
        facts.sort_by_key(|f| (f.prices.len(), f.product.variants.len()));
        let middle = facts.len() / 2;
        facts.swap_remove(middle)
    }

    fn facts(&self, id: &str) -> ProductFacts {
        let (time, product) = self.products[id].clone();
        let reviews = self.reviews_of(id);
        let mut counts = ReviewCounts::default();
        for fact in reviews.iter().filter(|f| f.review.published) {
            counts.0[usize::from(fact.review.rating) - 1] += 1;
        }
        let prices = self.prices.values().filter(|p| p.price.product_id == id);
        let stock = self.stock.values().filter(|(product_id, _)| product_id == id);
        let mut discounts: Vec<ReachingDiscount> = self
            .discounts
            .iter()
            .filter_map(|(discount_id, (time, discount))| {
                let reach = discount.scope.reach(id, &product)?;
                let (discount_id, terms) = (discount_id.clone(), discount.terms.clone());
                let fact = DiscountFact { discount_id, time: *time, terms };
                Some(ReachingDiscount { fact: Arc::new(fact), reach })
            })
            .collect();
        discounts.sort_by(discount_order);
        ProductFacts {
            product_id: id.to_owned(),
            version: 1,
            time,
            prices: prices.cloned().collect(),
            stock: stock.map(|(_, fact)| fact.clone()).collect(),
            product,
            discounts,
            reviews: counts,
        }
    }

    /// Newest first.
    pub fn reviews_of(&self, id: &str) -> Vec<ReviewFact> {
        let mut reviews: Vec<ReviewFact> =
            self.reviews.values().filter(|r| r.review.product_id == id).cloned().collect();
        reviews.sort_by_key(|r| std::cmp::Reverse(r.review.created_at));
        reviews
    }
}

fn put<T>(entities: &mut BTreeMap<String, T>, id: String, state: Option<T>) {
    match state {
        Some(state) => drop(entities.insert(id, state)),
        None => drop(entities.remove(&id)),
    }
}
