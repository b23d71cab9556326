//! Limits that only the store can tell: how many prices a product has.

use std::collections::{HashMap, HashSet};

use projections::event::Change;

use super::incoming::{Entity, Incoming, Message};
use crate::store::dead_letter::NewDeadLetter;
use crate::store::facts::KnownFacts;
use crate::store::{Result, Transaction};

/// Live prices of one product at most.
pub const MAX_PRICES: u64 = 10_000;

/// The events that would give a product more prices than it may have, by their place.
pub async fn excess_prices(
    tx: &mut dyn Transaction,
    events: &[Incoming],
    known: &KnownFacts,
) -> Result<HashSet<usize>> {
    let mut owners: Vec<String> =
        events.iter().filter_map(|e| added_to(e, known)).map(str::to_owned).collect();
    owners.sort_unstable();
    owners.dedup();
    if owners.is_empty() {
        return Ok(HashSet::new());
    }
    let mut counts = tx.live_prices(&owners).await?;
    // The version and owner of each price, as the batch goes on.
    let mut owned: HashMap<&str, (u64, Option<&str>)> = HashMap::new();
    let mut excess = HashSet::new();
    for (place, incoming) in events.iter().enumerate() {
        let Entity::Price(price_id) = incoming.entity() else { continue };
        let before = known.prices.get(price_id);
        let stored = || {
            let owner = before.filter(|k| k.live).map(|k| k.product_id.as_str());
            (before.map_or(0, |k| k.head.version), owner)
        };
        let (version, owner) = *owned.entry(price_id).or_insert_with(stored);
        let (after, next) = match &incoming.message {
            Message::Event { event, .. } if event.version <= version => continue,
            Message::Event { event, .. } => (event.version, owner_after(&event.change)),
            Message::Tombstone { .. } => (version, None),
        };
        if let Some(next) = next.filter(|_| owner != next) {
            let count = counts.entry(next.to_owned()).or_default();
            if *count >= MAX_PRICES {
                excess.insert(place);
                continue;
            }
            *count += 1;
        }
        if let Some(count) = owner.filter(|_| owner != next).and_then(|o| counts.get_mut(o)) {
            *count = count.saturating_sub(1);
        }
        owned.insert(price_id, (after, next));
    }
    Ok(excess)
}

/// The product that has the price once the event is applied.
fn owner_after(change: &Change) -> Option<&str> {
    match change {
        Change::Price { product_id, state: Some(_), .. } => Some(product_id),
        _ => None,
    }
}

/// The product that an event gives a price it did not have.
fn added_to<'a>(incoming: &'a Incoming, known: &KnownFacts) -> Option<&'a str> {
    let Some(Change::Price { price_id, product_id, state: Some(_) }) = incoming.change() else {
        return None;
    };
    let has = known.prices.get(price_id).is_some_and(|k| k.live && k.product_id == *product_id);
    (!has).then_some(product_id)
}

/// The dead letter of an event that is refused so.
pub fn dead_letter(incoming: &Incoming) -> NewDeadLetter {
    incoming.refused(
        "data.price_id.too_many",
        format!(
            "the product has {MAX_PRICES} prices, and may have no more: remove some, then retry"
        ),
    )
}
