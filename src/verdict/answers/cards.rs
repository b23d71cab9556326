//! Stored views compared: by the cards that they make, and by what listings take from them.

use std::collections::BTreeSet;

use projections::instant::{Instant, Window};
use projections::market::Market;
use projections::page::{self, Reader};
use projections::timeline::{Step, step_at};
use projections::view::{PriceStep, View};
use serde_json::{Value, json};

use super::{COMING, For, GROUPS, Gathered, or_null, value};
use crate::store::query::StoredCard;
use crate::verdict::Scope;

/// Compares two views with their stock. How much of time each covers depends on when it was computed, and so do the
/// steps that it has beyond that: they are compared from now on, where both cover it.
pub(super) fn compare(
    gathered: &mut Gathered<'_>,
    live: Option<&StoredCard>,
    new: Option<&StoredCard>,
    scope: &Scope,
) {
    let (Some(live), Some(new)) = (live, new) else {
        let named = |card: Option<&StoredCard>| or_null(card.map(|c| c.product_id.clone().into()));
        let (live, new) = (named(live), named(new));
        return gathered.compare("view", For::default(), &live, &new);
    };
    if live.view == new.view && live.available == new.available {
        return;
    }
    if !same_apart_from_steps(&live.view, &new.view) {
        let (live, new) = (listed_by(&live.view), listed_by(&new.view));
        gathered.compare("view", For::default(), &live, &new);
    }
    for market in &scope.markets {
        for group in groups(&live.view, &new.view, market) {
            for at in instants(&live.view, &new.view, market, group, scope.at) {
                let low_stock_threshold = scope.low_stock_threshold;
                let reader = Reader { market, group, locale: None, at, low_stock_threshold };
                let card = |stored: &'_ StoredCard| {
                    page::card(&stored.product_id, &stored.view, stored.available, &reader)
                        .map(value)
                };
                gathered.made.cards += 1;
                let (live, new) = (or_null(card(live)), or_null(card(new)));
                gathered.compare("card", For::reader(&reader), &live, &new);
            }
        }
    }
}

/// Of what no card shows.
fn same_apart_from_steps(a: &View, b: &View) -> bool {
    a.active == b.active
        && a.released_at == b.released_at
        && a.skus == b.skus
        && a.listings == b.listings
        && a.own_names == b.own_names
        && a.time == b.time
        && a.in_stock == b.in_stock
}

fn listed_by(view: &View) -> Value {
    let own_names: Vec<Value> = view
        .own_names
        .iter()
        .map(|(key, name)| json!({"id": format!("{}:{}", key.kind(), key.id()), "name": name}))
        .collect();
    let listings: Vec<String> =
        view.listings.iter().map(|key| format!("{}:{}", key.kind(), key.id())).collect();
    json!({
        "active": view.active,
        "released_at": view.released_at,
        "skus": view.skus,
        "listings": listings,
        "own_names": own_names,
        "time": view.time,
        "in_stock": view.in_stock,
    })
}

/// Everyone, and the first groups that have prices of their own in one of the views.
fn groups<'a>(a: &'a View, b: &'a View, market: &Market) -> BTreeSet<Option<&'a str>> {
    let audiences = a.audiences.iter().chain(&b.audiences);
    let here = audiences.filter(|audience| audience.market == market.id);
    let mut groups: BTreeSet<Option<&str>> = [None].into();
    for audience in here {
        if groups.len() > GROUPS {
            break;
        }
        groups.insert(audience.group.as_deref());
    }
    groups
}

/// Now, the releases, and the first steps to come at which the prices differ, as far as both cover them.
fn instants(
    a: &View,
    b: &View,
    market: &Market,
    group: Option<&str>,
    at: Instant,
) -> BTreeSet<Instant> {
    let covered = |instant: &Instant| {
        let holds = |covers: &Window| covers.holds(*instant);
        *instant >= at && holds(&a.covers) && holds(&b.covers)
    };
    let (steps_a, steps_b) = (a.timeline(&market.id, group), b.timeline(&market.id, group));
    let edges: BTreeSet<Instant> =
        steps_a.iter().chain(steps_b).flat_map(|step| [step.from, step.until]).collect();
    let differing = edges.into_iter().filter(covered).filter(|edge| {
        let price = |steps, view| priced(steps, view, *edge);
        price(steps_a, a) != price(steps_b, b)
    });
    let mut instants: BTreeSet<Instant> = differing.take(COMING).collect();
    instants.extend([at, a.released_at, b.released_at].into_iter().filter(covered));
    instants
}

/// The price at an instant, with the discounts by their ids and names.
fn priced<'a>(
    steps: &'a [Step<Option<PriceStep>>],
    view: &'a View,
    at: Instant,
) -> Option<(PriceNumbers, Vec<impl PartialEq + use<'a>>)> {
    let price = step_at(steps, at)?.value.as_ref()?;
    let applied = price.applied.iter().map(|a| (a.off, view.discounts.get(a.discount as usize)));
    let numbers = (price.base, price.regular, price.final_amount, price.varies);
    Some((numbers, applied.collect()))
}

type PriceNumbers = (i64, i64, i64, bool);
