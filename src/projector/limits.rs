//! Limits that only the store can tell: how many prices a product has.

use std::collections::{HashMap, HashSet};

use projections::event::Change;

use super::Incoming;
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
    // Whose each price is, as the batch goes on.
    let mut owned: HashMap<&str, Option<&str>> = HashMap::new();
    let mut excess = HashSet::new();
    for (place, incoming) in events.iter().enumerate() {
        let Change::Price { price_id, product_id, state } = &incoming.event.change else {
            continue;
        };
        let before = known.prices.get(price_id);
        if before.is_some_and(|k| k.head.version >= incoming.event.version) {
            continue;
        }
        let owner = *owned
            .entry(price_id)
            .or_insert_with(|| before.filter(|k| k.live).map(|k| k.product_id.as_str()));
        let next = state.as_ref().map(|_| product_id.as_str());
        if owner == next {
            continue;
        }
        if let Some(next) = next {
            let count = counts.entry(next.to_owned()).or_default();
            if *count >= MAX_PRICES {
                excess.insert(place);
                continue;
            }
            *count += 1;
        }
        if let Some(count) = owner.and_then(|owner| counts.get_mut(owner)) {
            *count = count.saturating_sub(1);
        }
        owned.insert(price_id, next);
    }
    Ok(excess)
}

/// The product that an event gives a price it did not have.
fn added_to<'a>(incoming: &'a Incoming, known: &KnownFacts) -> Option<&'a str> {
    let Change::Price { price_id, product_id, state: Some(_) } = &incoming.event.change else {
        return None;
    };
    let has = known.prices.get(price_id).is_some_and(|k| k.live && k.product_id == *product_id);
    (!has).then_some(product_id)
}

/// The dead letter of an event that is refused so.
pub fn dead_letter(incoming: &Incoming) -> NewDeadLetter {
    NewDeadLetter {
        position: incoming.position.clone(),
        code: "data.price_id.too_many".to_owned(),
        detail: format!(
            "the product has {MAX_PRICES} prices, and may have no more: remove some, then retry"
        ),
        subject: Some(incoming.subject()),
        record: incoming.record.clone(),
    }
}
