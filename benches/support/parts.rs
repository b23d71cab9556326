//! A catalogue as a rebuild has it once everything is folded: facts by product, in parts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use projections::event::{Change, Event};
use projections::facts::{PriceFact, ProductFacts, ReviewCounts, StockFact};
use projections::index::discounts::ScopedDiscount;
use projections::index::part::IndexPart;
use vitrine::decode::{Decoded, structured};
use vitrine::generate::{Generator, Options};
use vitrine::store::ReadStore;
use vitrine::store::facts::{FactKeys, FactWrites, Owner, Stamp};

/// What one transaction writes.
#[derive(Default)]
pub struct Part {
    pub facts: FactWrites,
    pub counts: Vec<(String, [i64; 5])>,
}

/// The latest version of each entity, with the product that it belongs to (none: discounts).
fn folded(options: Options) -> (BTreeMap<String, Vec<Event>>, Vec<Event>) {
    let mut latest: HashMap<(projections::event::Kind, String), Event> = HashMap::new();
    let mut generator = Generator::new(options);
    let mut line = Vec::new();
    while generator.write_next(&mut line) {
        if let Ok(Decoded::Event { event, .. }) = structured(&line) {
            let key = (event.kind(), event.entity_key());
            let newer = latest.get(&key).is_none_or(|known| known.version < event.version);
            if newer {
                latest.insert(key, event);
            }
        }
        line.clear();
    }
    let mut by_product: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut discounts = Vec::new();
    for event in latest.into_values() {
        let owner = match &event.change {
            Change::Product { product_id, .. }
            | Change::Price { product_id, .. }
            | Change::Review { product_id, .. } => product_id.clone(),
            Change::Stock { state, .. } => state.product_id.clone(),
            Change::Discount { .. } => {
                discounts.push(event);
                continue;
            }
        };
        by_product.entry(owner).or_default().push(event);
    }
    (by_product, discounts)
}

fn add(part: &mut Part, event: Event, counts: &mut [i64; 5]) {
    let head = event.head();
    let stamp = Stamp { head, time: event.time, partition: 0, offset: event.version as i64 };
    let owner = |product_id: String| Owner { product_id, moved: false };
    match event.change {
        Change::Product { product_id, state } => {
            part.facts.products.push((product_id, stamp, state))
        }
        Change::Price { price_id, product_id, state } => {
            part.facts.prices.push((price_id, stamp, owner(product_id), state));
        }
        Change::Stock { sku, location, state } => {
            let owner = owner(state.product_id);
            part.facts.stock.push(((sku, location), stamp, owner, Some(state.available)));
        }
        Change::Discount { discount_id, state } => {
            let state = state.map(|discount| (discount.terms, discount.scope));
            part.facts.discounts.push((discount_id, stamp, state));
        }
        Change::Review { review_id, product_id, state } => {
            if let Some(review) = state.as_ref().filter(|review| review.published) {
                counts[usize::from(review.rating) - 1] += 1;
            }
            part.facts.reviews.push((review_id, stamp, owner(product_id), state));
        }
    }
}

/// A generated catalogue in parts of so many products, in the order of their ids.
pub fn parts(options: Options, products: usize) -> Vec<Part> {
    let (by_product, discounts) = folded(options);
    let mut part = Part::default();
    discounts.into_iter().for_each(|event| add(&mut part, event, &mut [0; 5]));
    let mut all = Vec::new();
    for (n, (product_id, events)) in (1..).zip(by_product) {
        let mut counts = [0; 5];
        events.into_iter().for_each(|event| add(&mut part, event, &mut counts));
        if counts != [0; 5] {
            part.counts.push((product_id, counts));
        }
        if n % products == 0 {
            all.push(std::mem::take(&mut part));
        }
    }
    all.push(part);
    all
}

/// A generated catalogue as the listing index is told of it: products in the order of their ids, and
/// live discounts.
pub fn index_parts(options: Options) -> (Vec<IndexPart>, Vec<ScopedDiscount>) {
    let (by_product, discounts) = folded(options);
    let discount = |event: Event| match event.change {
        Change::Discount { discount_id, state: Some(discount) } => {
            Some(ScopedDiscount { discount_id, time: event.time, discount })
        }
        _ => None,
    };
    let parts =
        by_product.into_iter().filter_map(|(id, events)| Some(IndexPart::of(facts(id, events)?)));
    (parts.collect(), discounts.into_iter().filter_map(discount).collect())
}

/// What is known of one product; `None` where it is not there.
fn facts(product_id: String, events: Vec<Event>) -> Option<ProductFacts> {
    let (mut product, mut reviews) = (None, ReviewCounts::default());
    let (mut prices, mut stock) = (Vec::new(), Vec::new());
    for Event { time, version, change, .. } in events {
        match change {
            Change::Product { state, .. } => product = state.map(|state| (version, time, state)),
            Change::Price { price_id, state, .. } => {
                prices.extend(state.map(|price| PriceFact { price_id, time, price }));
            }
            Change::Stock { sku, state, .. } => {
                stock.push(StockFact { sku, time, available: state.available });
            }
            Change::Review { state, .. } => {
                if let Some(review) = state.filter(|review| review.published) {
                    reviews.0[usize::from(review.rating) - 1] += 1;
                }
            }
            Change::Discount { .. } => {}
        }
    }
    let (version, time, product) = product?;
    let discounts = Vec::new();
    Some(ProductFacts { product_id, version, time, product, prices, stock, discounts, reviews })
}

impl Part {
    /// The entities of its facts.
    pub fn keys(&self) -> FactKeys {
        FactKeys {
            products: self.facts.products.iter().map(|w| w.0.clone()).collect(),
            prices: self.facts.prices.iter().map(|w| w.0.clone()).collect(),
            stock: self.facts.stock.iter().map(|w| w.0.clone()).collect(),
            discounts: self.facts.discounts.iter().map(|w| w.0.clone()).collect(),
            reviews: self.facts.reviews.iter().map(|w| w.0.clone()).collect(),
        }
    }

    /// As a rebuild does.
    pub async fn fill(&self, store: &Arc<dyn ReadStore>) -> anyhow::Result<()> {
        let mut tx = store.begin_fill().await?;
        tx.save_facts(&self.facts).await?;
        tx.add_review_counts(&self.counts).await?;
        Ok(tx.commit().await?)
    }

    /// As a projector does, which looks for what is there.
    pub async fn write(&self, store: &Arc<dyn ReadStore>) -> anyhow::Result<()> {
        let mut tx = store.begin().await?;
        tx.known(&self.keys()).await?;
        tx.save_facts(&self.facts).await?;
        tx.add_review_counts(&self.counts).await?;
        Ok(tx.commit().await?)
    }
}
