//! A batch folded onto what is known: which facts to write, and which products they touch.

use std::collections::{BTreeSet, HashMap, HashSet};

use projections::discount::Scope;
use projections::event::{Change, Kind};

use super::Report;
use super::incoming::{Entity, Incoming};
use super::judge::{Judged, Standing};
use crate::changes::Collector;
use crate::store::facts::{DiscountState, FactKeys, FactWrites, KnownFacts, Owner, StockKey};

/// Which entities the messages are about; each once.
pub fn keys(messages: &[Incoming]) -> FactKeys {
    let mut keys = FactKeys::default();
    for incoming in messages {
        match incoming.entity() {
            Entity::Product(id) => keys.products.push(id.clone()),
            Entity::Price(id) => keys.prices.push(id.clone()),
            Entity::Stock(sku, location) => keys.stock.push((sku.clone(), location.clone())),
            Entity::Discount(id) => keys.discounts.push(id.clone()),
            Entity::Review(id) => keys.reviews.push(id.clone()),
        }
    }
    for ids in [&mut keys.products, &mut keys.prices, &mut keys.discounts, &mut keys.reviews] {
        ids.sort_unstable();
        ids.dedup();
    }
    keys.stock.sort_unstable();
    keys.stock.dedup();
    keys
}

/// What a batch comes to.
#[derive(Default)]
pub struct Folded {
    pub writes: FactWrites,
    /// Products whose facts change, in id order.
    touched: BTreeSet<String>,
    /// What changed discounts reach, or reached: their pages tell of each one's latest event.
    scopes: Vec<Scope>,
    /// The highest version that was applied, by entity.
    pub applied_versions: HashMap<(Kind, String), u64>,
    pub report: Report,
    reviews_by_rating: HashMap<String, [i64; 5]>,
}

impl Folded {
    /// Folds the messages in their order, but for those that are refused.
    pub fn of(messages: &[Incoming], known: &KnownFacts, refused: &HashSet<usize>) -> Folded {
        let judged = Judged::of(messages, known, refused);
        let mut folded = Folded {
            applied_versions: judged.applied_versions,
            report: judged.report,
            ..Folded::default()
        };
        for (id, standing) in in_key_order(judged.products) {
            folded.product(id, &standing);
        }
        for (id, standing) in in_key_order(judged.prices) {
            folded.price(id, &standing, known);
        }
        for (key, standing) in in_key_order(judged.stock) {
            folded.stock(key, &standing, known);
        }
        for (id, standing) in in_key_order(judged.discounts) {
            folded.discount(id, &standing, known);
        }
        for (id, standing) in in_key_order(judged.reviews) {
            folded.review(id, &standing, known);
        }
        folded
    }

    fn product(&mut self, id: String, standing: &Standing<'_>) {
        let state = match standing.change {
            Some(Change::Product { state, .. }) if standing.live => state.clone(),
            _ => None,
        };
        self.touched.insert(id.clone());
        self.writes.products.push((id, standing.stamp(), state));
    }

    fn price(&mut self, id: String, standing: &Standing<'_>, known: &KnownFacts) {
        let before = known.prices.get(&id).map(|k| k.product_id.as_str());
        let (product_id, state) = match standing.change {
            Some(Change::Price { product_id, state, .. }) => (Some(product_id.as_str()), state),
            _ => (before, &None),
        };
        let Some(product_id) = product_id else { return };
        let state = state.as_ref().filter(|_| standing.live);
        let owner = self.owner(product_id, before);
        self.touched.insert(product_id.to_owned());
        self.writes.prices.push((id, standing.stamp(), owner, state.cloned()));
    }

    fn stock(&mut self, key: StockKey, standing: &Standing<'_>, known: &KnownFacts) {
        let before = known.stock.get(&key);
        let (product_id, available) = match (standing.change, before) {
            (Some(Change::Stock { state, .. }), _) => (&state.product_id, Some(state.available)),
            (_, Some(before)) => (&before.product_id, None),
            _ => return,
        };
        let available = available.filter(|_| standing.live);
        let owner = self.owner(product_id, before.map(|k| k.product_id.as_str()));
        self.touched.insert(product_id.clone());
        self.writes.stock.push((key, standing.stamp(), owner, available));
    }

    fn discount(&mut self, id: String, standing: &Standing<'_>, known: &KnownFacts) {
        let old = known.discounts.get(&id).and_then(|k| k.state.clone());
        let new: Option<DiscountState> = match standing.change {
            Some(Change::Discount { state: Some(d), .. }) if standing.live => {
                Some((d.terms.clone(), d.scope.clone()))
            }
            _ => None,
        };
        let reached = |state: &Option<DiscountState>| state.as_ref().map(|(_, s)| s.clone());
        let (before, after) = (reached(&old), reached(&new));
        self.scopes.extend(before.filter(|before| after.as_ref() != Some(before)));
        self.scopes.extend(after);
        self.writes.discounts.push((id, standing.stamp(), new));
    }

    /// A review counts with its rating while it is published.
    fn review(&mut self, id: String, standing: &Standing<'_>, known: &KnownFacts) {
        let before = known.reviews.get(&id);
        let owner_before = before.map(|k| k.product_id.as_str());
        let (product_id, state) = match standing.change {
            Some(Change::Review { product_id, state, .. }) => (Some(product_id.as_str()), state),
            _ => (owner_before, &None),
        };
        let Some(product_id) = product_id else { return };
        let state = state.as_ref().filter(|_| standing.live);
        let owner = self.owner(product_id, owner_before);
        let counted = state.filter(|r| r.published).map(|r| r.rating);
        let counted_before = before.and_then(|k| k.counted);
        if owner.moved || counted != counted_before {
            if let (Some(known), Some(rating)) = (before, counted_before) {
                self.count_review(&known.product_id, rating, -1);
            }
            if let Some(rating) = counted {
                self.count_review(product_id, rating, 1);
            }
        }
        self.touched.insert(product_id.to_owned());
        self.writes.reviews.push((id, standing.stamp(), owner, state.cloned()));
    }

    /// The owner after the change; the one before it is touched if it loses the entity.
    fn owner(&mut self, product_id: &str, before: Option<&str>) -> Owner {
        let moved = before.is_some_and(|b| b != product_id);
        if let Some(before) = before.filter(|_| moved) {
            self.touched.insert(before.to_owned());
        }
        Owner { product_id: product_id.to_owned(), moved }
    }

    fn count_review(&mut self, product_id: &str, rating: u8, by: i64) {
        let counts = self.reviews_by_rating.entry(product_id.to_owned()).or_default();
        if let Some(count) = counts.get_mut(usize::from(rating).saturating_sub(1)) {
            *count += by;
        }
    }

    /// Tells whose facts differ.
    pub fn tell(&self, told: &mut Collector) {
        for id in &self.touched {
            told.product(id);
        }
        for scope in &self.scopes {
            told.scope(scope.clone());
        }
    }

    /// How the counts of published reviews change, in id order.
    pub fn review_deltas(&self) -> Vec<(String, [i64; 5])> {
        let mut deltas: Vec<(String, [i64; 5])> = self
            .reviews_by_rating
            .iter()
            .filter(|(_, counts)| **counts != [0; 5])
            .map(|(id, counts)| (id.clone(), *counts))
            .collect();
        deltas.sort_unstable();
        deltas
    }
}

/// The entities in the order of their keys: rows are locked and written in that order.
fn in_key_order<K: Ord, V>(entities: HashMap<K, V>) -> Vec<(K, V)> {
    let mut sorted: Vec<(K, V)> = entities.into_iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    sorted
}
