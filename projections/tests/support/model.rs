//! A store in memory: the fold of events into facts, and facts put together by product, with the
//! functions that a real store uses for it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use vitrine_projections as projections;

use projections::discount::Discount;
use projections::event::{Change, Event, Kind};
use projections::facts::{
    DiscountFact, PriceFact, ProductFacts, ReachingDiscount, ReviewCounts, ReviewFact, StockFact,
    discount_order,
};
use projections::fold::{Outcome, fold};
use projections::page::{LATEST_REVIEWS, LatestReviews, Reader, product_page};
use projections::product::Product;

/// A kind and an id; of a stock level its sku and location.
type Key = (Kind, String, String);

fn key_of(change: &Change) -> Key {
    let (id, location) = match change {
        Change::Product { product_id: id, .. }
        | Change::Price { price_id: id, .. }
        | Change::Discount { discount_id: id, .. }
        | Change::Review { review_id: id, .. } => (id.clone(), String::new()),
        Change::Stock { sku, location, .. } => (sku.clone(), location.clone()),
    };
    (change.kind(), id, location)
}

/// The latest event of every entity.
#[derive(Default)]
pub struct Model {
    latest: HashMap<Key, Event>,
}

impl Model {
    pub fn of(events: &[Event]) -> Model {
        let mut model = Model::default();
        model.apply(events);
        model
    }

    /// Applies a batch as one: it is folded in itself, then its winners are written.
    pub fn apply(&mut self, batch: &[Event]) {
        let mut winners: HashMap<Key, Event> = HashMap::new();
        for event in batch {
            let key = key_of(&event.change);
            let known = winners.get(&key).or_else(|| self.latest.get(&key)).map(Event::head);
            if fold(known, event.head()) == Outcome::Applied {
                winners.insert(key, event.clone());
            }
        }
        self.latest.extend(winners);
    }

    /// In no order: nothing may depend on it.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.latest.values()
    }

    fn product(&self, id: &str) -> Option<(&Event, &Product)> {
        let event = self.latest.get(&(Kind::Product, id.to_owned(), String::new()))?;
        match &event.change {
            Change::Product { state: Some(product), .. } => Some((event, product)),
            _ => None,
        }
    }

    pub fn facts(&self, id: &str) -> Option<ProductFacts> {
        let (event, product) = self.product(id)?;
        let mut facts = ProductFacts {
            product_id: id.to_owned(),
            version: event.version,
            time: event.time,
            product: product.clone(),
            prices: Vec::new(),
            stock: Vec::new(),
            discounts: Vec::new(),
            reviews: ReviewCounts::default(),
        };
        for event in self.events() {
            let time = event.time;
            match &event.change {
                Change::Price { price_id, state: Some(price), .. } if price.product_id == id => {
                    let (price_id, price) = (price_id.clone(), price.clone());
                    facts.prices.push(PriceFact { price_id, time, price });
                }
                Change::Stock { sku, state, .. } if state.product_id == id => {
                    let (sku, available) = (sku.clone(), state.available);
                    facts.stock.push(StockFact { sku, time, available });
                }
                Change::Discount { discount_id, state: Some(Discount { scope, terms }) } => {
                    facts.discounts.extend(scope.reach(id, product).map(|reach| {
                        let (discount_id, terms) = (discount_id.clone(), terms.clone());
                        let fact = Arc::new(DiscountFact { discount_id, time, terms });
                        ReachingDiscount { fact, reach }
                    }));
                }
                Change::Review { state: Some(r), .. } if r.product_id == id && r.published => {
                    facts.reviews.0[usize::from(r.rating) - 1] += 1;
                }
                _ => {}
            }
        }
        facts.discounts.sort_by(discount_order);
        Some(facts)
    }

    fn latest_reviews(&self, id: &str) -> LatestReviews {
        let mut reviews = LatestReviews::default();
        for event in self.events() {
            let Change::Review { review_id, state: Some(review), .. } = &event.change else {
                continue;
            };
            if review.product_id == id {
                reviews.newest_time = reviews.newest_time.max(Some(event.time));
                let (review_id, review) = (review_id.clone(), review.clone());
                reviews.latest.push(ReviewFact { review_id, review });
            }
        }
        reviews.latest.retain(|fact| fact.review.published);
        reviews.latest.sort_by_key(|f| (-f.review.created_at.millis(), f.review_id.clone()));
        reviews.latest.truncate(LATEST_REVIEWS);
        reviews
    }

    /// The whole page, `meta` included.
    pub fn page(&self, id: &str, reader: &Reader<'_>) -> Option<Value> {
        let facts = self.facts(id)?;
        let reviews = self.latest_reviews(id);
        let page = product_page(&facts, &reviews, reader)?;
        Some(serde_json::to_value(page).expect("a page is JSON"))
    }
}
