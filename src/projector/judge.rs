//! Each message of a batch judged by what it finds of its entity: the version before it, and whether
//! that one is live.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use projections::event::{Change, Kind};
use projections::fold::{Head, Outcome, fold, fold_tombstone};

use super::Report;
use super::incoming::{Entity, Incoming, Message};
use crate::store::facts::{KnownFacts, Stamp, StockKey};

/// Where an entity stands that the batch has changed.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// Of the last event that was applied, be it one before this batch: a tombstone has none.
    head: Head,
    pub live: bool,
    /// What the last event says that this batch applied. `None`: a tombstone removed what was stored.
    pub change: Option<&'a Change>,
    /// The message that was applied last.
    pub last: &'a Incoming,
}

impl Standing<'_> {
    pub fn stamp(&self) -> Stamp {
        Stamp {
            head: self.head,
            time: self.last.time(),
            partition: self.last.position.partition,
            offset: self.last.position.offset,
        }
    }
}

/// What the messages of a batch come to.
#[derive(Default)]
pub struct Judged<'a> {
    pub products: HashMap<String, Standing<'a>>,
    pub prices: HashMap<String, Standing<'a>>,
    pub stock: HashMap<StockKey, Standing<'a>>,
    pub discounts: HashMap<String, Standing<'a>>,
    pub reviews: HashMap<String, Standing<'a>>,
    /// The highest version that was applied, by entity.
    pub applied_versions: HashMap<(Kind, String), u64>,
    pub report: Report,
}

impl<'a> Judged<'a> {
    /// Judges the messages in their order, but for those that are refused.
    pub fn of(
        messages: &'a [Incoming],
        known: &KnownFacts,
        refused: &HashSet<usize>,
    ) -> Judged<'a> {
        let mut judged = Judged::default();
        for (place, incoming) in messages.iter().enumerate() {
            if !refused.contains(&place) {
                judged.judge(incoming, known);
            }
        }
        judged
    }

    fn judge(&mut self, incoming: &'a Incoming, known: &KnownFacts) {
        let outcome = match incoming.entity() {
            Entity::Product(id) => step(&mut self.products, id, incoming, || {
                known.products.get(id).map(|k| (k.head, k.live))
            }),
            Entity::Price(id) => step(&mut self.prices, id, incoming, || {
                known.prices.get(id).map(|k| (k.head, k.live))
            }),
            Entity::Stock(sku, location) => {
                let key = (sku.clone(), location.clone());
                step(&mut self.stock, &key, incoming, || {
                    known.stock.get(&key).map(|k| (k.head, k.available.is_some()))
                })
            }
            Entity::Discount(id) => step(&mut self.discounts, id, incoming, || {
                known.discounts.get(id).map(|k| (k.head, k.state.is_some()))
            }),
            Entity::Review(id) => step(&mut self.reviews, id, incoming, || {
                known.reviews.get(id).map(|k| (k.head, k.live))
            }),
        };
        let counter = match outcome {
            Outcome::Applied => &mut self.report.applied,
            Outcome::Repeated => &mut self.report.repeated,
            Outcome::Conflict => &mut self.report.conflicts,
            Outcome::Stale => &mut self.report.stale,
        };
        *counter += 1;
        if let Message::Event { event, .. } = &incoming.message
            && outcome == Outcome::Applied
        {
            self.applied_versions.insert((event.kind(), event.entity_key()), event.version);
        }
    }
}

/// One message: what it does to where its entity stands, be it in the batch or before it.
fn step<'a, K: Clone + Eq + Hash>(
    standings: &mut HashMap<K, Standing<'a>>,
    key: &K,
    incoming: &'a Incoming,
    known: impl FnOnce() -> Option<(Head, bool)>,
) -> Outcome {
    let standing = standings.get(key).copied();
    let before = standing.map(|s| (s.head, s.live)).or_else(known);
    let (outcome, after) = match (&incoming.message, before) {
        (Message::Event { event, head }, before) => {
            let change = &event.change;
            let live = !change.is_removal();
            let after = Standing { head: *head, live, change: Some(change), last: incoming };
            (fold(before.map(|(head, _)| head), *head), after)
        }
        (Message::Tombstone { .. }, Some((head, live))) => {
            let change = standing.and_then(|s| s.change);
            let after = Standing { head, live: false, change, last: incoming };
            (fold_tombstone(Some(live)), after)
        }
        (Message::Tombstone { .. }, None) => return fold_tombstone(None),
    };
    if outcome == Outcome::Applied {
        standings.insert(key.clone(), after);
    }
    outcome
}
