//! A batch folded onto what is known: which facts to write, and which products they touch.

use std::collections::{BTreeSet, HashMap, HashSet};

use projections::discount::Scope;
use projections::event::{Change, Kind};
use projections::fold::{Head, Outcome, fold};
use projections::instant::Window;

use super::{Incoming, Report};
use crate::log::position::Position;
use crate::store::facts::{
    DiscountState, FactKeys, FactWrites, KnownFacts, Owner, Stamp, StockKey,
};

/// Which entities the events are about; each once.
pub fn keys(events: &[Incoming]) -> FactKeys {
    let mut keys = FactKeys::default();
    for Incoming { event, .. } in events {
        match &event.change {
            Change::Product { product_id, .. } => keys.products.push(product_id.clone()),
            Change::Price { price_id, .. } => keys.prices.push(price_id.clone()),
            Change::Stock { sku, location, .. } => {
                keys.stock.push((sku.clone(), location.clone()));
            }
            Change::Discount { discount_id, .. } => keys.discounts.push(discount_id.clone()),
            Change::Review { review_id, .. } => keys.reviews.push(review_id.clone()),
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

/// A discount that changed, with what it reached and reaches.
pub struct DiscountChange {
    pub discount_id: String,
    pub position: Position,
    pub old_scope: Option<Scope>,
    pub new_scope: Option<Scope>,
    /// When the old and the new version can apply at all; inactive ones never.
    pub windows: Vec<Window>,
}

/// What a batch comes to.
#[derive(Default)]
pub struct Folded {
    pub writes: FactWrites,
    /// Products whose view may change, in id order.
    pub touched: BTreeSet<String>,
    pub discounts: Vec<DiscountChange>,
    /// The highest version that was applied, by entity.
    pub applied_versions: HashMap<(Kind, String), u64>,
    pub report: Report,
    reviews_by_rating: HashMap<String, [i64; 5]>,
}

/// The last event that was applied to each entity, by its place in the batch.
type Winners<K> = HashMap<K, usize>;

#[derive(Default)]
struct Winning {
    products: Winners<String>,
    prices: Winners<String>,
    stock: Winners<StockKey>,
    discounts: Winners<String>,
    reviews: Winners<String>,
}

impl Folded {
    /// Folds the events in their order, but for those that are refused.
    pub fn of(events: &[Incoming], known: &KnownFacts, refused: &HashSet<usize>) -> Folded {
        let mut folded = Folded::default();
        let winning = folded.judge(events, known, refused);
        let winner = |i: usize| events.get(i).map(|incoming| (incoming, stamp(incoming)));
        for (id, (incoming, stamp)) in won(winning.products, winner) {
            folded.product(id, incoming, stamp);
        }
        for (id, (incoming, stamp)) in won(winning.prices, winner) {
            folded.price(id, incoming, stamp, known);
        }
        for (key, (incoming, stamp)) in won(winning.stock, winner) {
            folded.stock(key, incoming, stamp, known);
        }
        for (id, (incoming, stamp)) in won(winning.discounts, winner) {
            folded.discount(id, incoming, stamp, known);
        }
        for (id, (incoming, stamp)) in won(winning.reviews, winner) {
            folded.review(id, incoming, stamp, known);
        }
        folded
    }

    /// Judges each event by the version before it, and keeps the last that won for each entity.
    fn judge(
        &mut self,
        events: &[Incoming],
        known: &KnownFacts,
        refused: &HashSet<usize>,
    ) -> Winning {
        let mut winning = Winning::default();
        for (i, incoming) in events.iter().enumerate() {
            if refused.contains(&i) {
                continue;
            }
            let event = &incoming.event;
            let before = |won: Option<&usize>| won.and_then(|&i| events.get(i)).map(|w| w.head);
            let won = match &event.change {
                Change::Product { product_id, .. } => {
                    let head = before(winning.products.get(product_id))
                        .or_else(|| known.products.get(product_id).copied());
                    self.wins(incoming, head)
                        .then(|| winning.products.insert(product_id.clone(), i))
                        .is_some()
                }
                Change::Price { price_id, .. } => {
                    let head = before(winning.prices.get(price_id))
                        .or_else(|| known.prices.get(price_id).map(|k| k.head));
                    self.wins(incoming, head)
                        .then(|| winning.prices.insert(price_id.clone(), i))
                        .is_some()
                }
                Change::Stock { sku, location, .. } => {
                    let key = (sku.clone(), location.clone());
                    let head = before(winning.stock.get(&key))
                        .or_else(|| known.stock.get(&key).map(|k| k.head));
                    self.wins(incoming, head).then(|| winning.stock.insert(key, i)).is_some()
                }
                Change::Discount { discount_id, .. } => {
                    let head = before(winning.discounts.get(discount_id))
                        .or_else(|| known.discounts.get(discount_id).map(|k| k.head));
                    self.wins(incoming, head)
                        .then(|| winning.discounts.insert(discount_id.clone(), i))
                        .is_some()
                }
                Change::Review { review_id, .. } => {
                    let head = before(winning.reviews.get(review_id))
                        .or_else(|| known.reviews.get(review_id).map(|k| k.head));
                    self.wins(incoming, head)
                        .then(|| winning.reviews.insert(review_id.clone(), i))
                        .is_some()
                }
            };
            if won {
                let entity = (event.change.kind(), event.change.entity_key());
                self.applied_versions.insert(entity, event.version);
            }
        }
        winning
    }

    fn wins(&mut self, incoming: &Incoming, known: Option<Head>) -> bool {
        let outcome = fold(known, incoming.head);
        let counter = match outcome {
            Outcome::Applied => &mut self.report.applied,
            Outcome::Repeated => &mut self.report.repeated,
            Outcome::Conflict => &mut self.report.conflicts,
            Outcome::Stale => &mut self.report.stale,
        };
        *counter += 1;
        outcome == Outcome::Applied
    }

    fn product(&mut self, id: String, incoming: &Incoming, stamp: Stamp) {
        let Change::Product { state, .. } = &incoming.event.change else { return };
        self.touched.insert(id.clone());
        self.writes.products.push((id, stamp, state.clone()));
    }

    fn price(&mut self, id: String, incoming: &Incoming, stamp: Stamp, known: &KnownFacts) {
        let Change::Price { product_id, state, .. } = &incoming.event.change else { return };
        let before = known.prices.get(&id).map(|k| k.product_id.as_str());
        let owner = self.owner(product_id, before);
        self.touched.insert(product_id.clone());
        self.writes.prices.push((id, stamp, owner, state.clone()));
    }

    /// A count that stays on its side of zero changes no listing: it is one row.
    fn stock(&mut self, key: StockKey, incoming: &Incoming, stamp: Stamp, known: &KnownFacts) {
        let Change::Stock { state, .. } = &incoming.event.change else { return };
        let before = known.stock.get(&key);
        let owner = self.owner(&state.product_id, before.map(|k| k.product_id.as_str()));
        let had = before.and_then(|k| k.available).is_some_and(|n| n > 0);
        if owner.moved || had != (state.available > 0) {
            self.touched.insert(state.product_id.clone());
        }
        self.writes.stock.push((key, stamp, owner, Some(state.available)));
    }

    fn discount(&mut self, id: String, incoming: &Incoming, stamp: Stamp, known: &KnownFacts) {
        let Change::Discount { state, .. } = &incoming.event.change else { return };
        let old = known.discounts.get(&id).and_then(|k| k.state.clone());
        let new: Option<DiscountState> = state.as_ref().map(|d| (d.terms.clone(), d.scope.clone()));
        if old != new {
            self.discounts.push(DiscountChange {
                discount_id: id.clone(),
                position: incoming.position.clone(),
                windows: [&old, &new]
                    .into_iter()
                    .flatten()
                    .filter(|(terms, _)| terms.active && !terms.window.is_empty())
                    .map(|(terms, _)| terms.window)
                    .collect(),
                old_scope: old.map(|(_, scope)| scope),
                new_scope: new.as_ref().map(|(_, scope)| scope.clone()),
            });
        }
        self.writes.discounts.push((id, stamp, new));
    }

    /// Only what counts of a review shows in views: its rating, while it is published.
    fn review(&mut self, id: String, incoming: &Incoming, stamp: Stamp, known: &KnownFacts) {
        let Change::Review { product_id, state, .. } = &incoming.event.change else { return };
        let before = known.reviews.get(&id);
        let owner = self.owner(product_id, before.map(|k| k.product_id.as_str()));
        let counted = state.as_ref().filter(|r| r.published).map(|r| r.rating);
        let counted_before = before.and_then(|k| k.counted);
        if owner.moved || counted != counted_before {
            if let (Some(known), Some(rating)) = (before, counted_before) {
                self.count_review(&known.product_id, rating, -1);
            }
            if let Some(rating) = counted {
                self.count_review(product_id, rating, 1);
            }
            self.touched.insert(product_id.clone());
        }
        self.writes.reviews.push((id, stamp, owner, state.clone()));
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

fn stamp(incoming: &Incoming) -> Stamp {
    Stamp {
        head: incoming.head,
        time: incoming.event.time,
        partition: incoming.position.partition,
        offset: incoming.position.offset,
    }
}

/// The winners in the order of their keys: rows are locked and written in that order.
fn won<'a, K: Ord + std::hash::Hash>(
    winners: Winners<K>,
    winner: impl Fn(usize) -> Option<(&'a Incoming, Stamp)>,
) -> Vec<(K, (&'a Incoming, Stamp))> {
    let mut sorted: Vec<(K, usize)> = winners.into_iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    debug_assert_eq!(sorted.iter().map(|(_, i)| i).collect::<HashSet<_>>().len(), sorted.len());
    sorted.into_iter().filter_map(|(key, i)| Some((key, winner(i)?))).collect()
}
