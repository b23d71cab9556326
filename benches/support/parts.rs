//! A catalogue as a rebuild has it once everything is folded: facts and views, by product, in parts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use projections::event::{Change, Event};
use projections::horizon::Horizon;
use projections::market::Market;
use projections::placement::Placement;
use projections::view::{ListingKey, View};
use vitrine::clock;
use vitrine::decode::{Decoded, structured};
use vitrine::generate::{Generator, Options};
use vitrine::store::facts::{FactKeys, FactWrites, Owner, Stamp};
use vitrine::store::sqlite::{SqliteOptions, SqliteStore};
use vitrine::store::{Numbers, ReadStore, Transaction, ViewWrite};

/// What one transaction writes.
#[derive(Default)]
pub struct Part {
    pub facts: FactWrites,
    pub counts: Vec<(String, [i64; 5])>,
    pub views: Vec<(String, View)>,
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
pub async fn parts(
    options: Options,
    markets: &[Market],
    products: usize,
) -> anyhow::Result<Vec<Part>> {
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
    // Views need to know which discounts reach a product: a store of facts does.
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("facts.db");
    let store = SqliteStore::open(&file, 1, SqliteOptions::default()).await?;
    for part in &all {
        let mut tx = store.begin_fill().await?;
        tx.save_facts(&part.facts).await?;
        tx.add_review_counts(&part.counts).await?;
        tx.commit().await?;
    }
    let day = Duration::from_secs(24 * 3600).as_millis() as i64;
    let horizon = Horizon::around(clock::now(), day, 30 * day);
    for part in &mut all {
        let ids: Vec<String> = part.facts.products.iter().map(|w| w.0.clone()).collect();
        let facts = store.snapshot().await?.product_facts(&ids).await?;
        part.views = facts
            .into_iter()
            .map(|f| (f.product_id.clone(), View::compute(&f, markets, &horizon)))
            .collect();
        part.views.sort_by(|a, b| a.0.cmp(&b.0));
    }
    store.close().await;
    Ok(all)
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

    async fn save_views(&self, tx: &mut dyn Transaction) -> anyhow::Result<()> {
        let mut listings: Vec<&ListingKey> = self
            .views
            .iter()
            .flat_map(|(_, view)| &view.listings)
            .chain([&ListingKey::All])
            .collect();
        listings.sort_unstable();
        listings.dedup();
        let mut audiences: Vec<(&str, Option<&str>)> = self
            .views
            .iter()
            .flat_map(|(_, v)| v.audiences.iter().map(|a| (a.market.as_str(), a.group.as_deref())))
            .collect();
        audiences.sort_unstable();
        audiences.dedup();
        let numbers: Numbers = tx.numbers(&listings, &audiences).await?;
        let none = Placement::default();
        let writes: Vec<ViewWrite<'_>> = self
            .views
            .iter()
            .map(|(product_id, view)| ViewWrite {
                product_id,
                old: None,
                new: Some(view),
                diff: Placement::diff(&none, &Placement::of(view, &numbers)),
            })
            .collect();
        Ok(tx.save_views(&writes).await?)
    }

    /// As a rebuild does.
    pub async fn fill(&self, store: &Arc<dyn ReadStore>) -> anyhow::Result<()> {
        let mut tx = store.begin_fill().await?;
        tx.save_facts(&self.facts).await?;
        tx.add_review_counts(&self.counts).await?;
        self.save_views(tx.as_mut()).await?;
        Ok(tx.commit().await?)
    }

    /// As a projector does, which looks for what is there.
    pub async fn write(&self, store: &Arc<dyn ReadStore>) -> anyhow::Result<()> {
        let mut tx = store.begin().await?;
        tx.known(&self.keys()).await?;
        tx.save_facts(&self.facts).await?;
        tx.add_review_counts(&self.counts).await?;
        let ids: Vec<String> = self.views.iter().map(|(id, _)| id.clone()).collect();
        tx.lock_products(&ids).await?;
        tx.views(&ids).await?;
        self.save_views(tx.as_mut()).await?;
        Ok(tx.commit().await?)
    }
}
