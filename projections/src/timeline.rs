//! Time is data: prices as step functions of time, all steps computed when a fact changes.
//!
//! With a finite set of windows a price changes only at their edges. A sweep over the edges keeps
//! the candidates and discounts that are in effect; between two edges nothing changes. What holds
//! at an instant is then a lookup, and no event or tick is needed when a window opens.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{PriceFact, ProductFacts, Reach};
use crate::instant::{Instant, Window};
use crate::pricing::{self, Audience, Quote};

/// Steps that cover all of time without gap or overlap; neighbours differ.
pub type Timeline<T> = Vec<Step<T>>;

/// What holds in `[from, until)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step<T> {
    pub from: Instant,
    pub until: Instant,
    pub value: T,
}

/// The step that holds at `at`.
pub fn step_at<T>(timeline: &[Step<T>], at: Instant) -> Option<&Step<T>> {
    let after = timeline.partition_point(|s| s.from <= at);
    after.checked_sub(1).and_then(|i| timeline.get(i)).filter(|s| at < s.until)
}

/// Adds a step, or lengthens the last one if nothing changes.
fn push<T: PartialEq>(timeline: &mut Timeline<T>, from: Instant, value: T) {
    match timeline.last_mut() {
        Some(last) if last.value == value => {}
        Some(last) => {
            last.until = from;
            timeline.push(Step { from, until: Instant::MAX, value });
        }
        None => timeline.push(Step { from, until: Instant::MAX, value }),
    }
}

/// The timelines of a product's variants for one audience.
///
/// Variants without a price or discount of their own share one: most products have a single one.
pub struct VariantTimelines {
    /// Each distinct timeline once, in the order of the first variant that has it.
    pub distinct: Vec<Timeline<Option<Quote>>>,
    /// For each variant, in order, its index into `distinct`.
    pub of_variant: Vec<usize>,
}

impl VariantTimelines {
    /// Computes them from the facts.
    pub fn compute(facts: &ProductFacts, audience: Audience<'_>) -> VariantTimelines {
        let mut prices: Vec<&PriceFact> =
            facts.prices.iter().filter(|p| pricing::is_for(p, audience)).collect();
        prices.sort_unstable_by(|a, b| pricing::candidate_order(a, b));
        let discounts: Vec<(u32, &Reach)> = (0..)
            .zip(&facts.discounts)
            .filter(|(_, d)| pricing::discount_is_for(&d.fact.terms, audience))
            .map(|(i, d)| (i, &d.reach))
            .collect();

        let mut by_signature: BTreeMap<(Vec<usize>, Vec<u32>), usize> = BTreeMap::new();
        let mut distinct = Vec::new();
        let mut of_variant = Vec::with_capacity(facts.product.variants.len());
        for variant in &facts.product.variants {
            let candidates: Vec<usize> = (0..prices.len())
                .filter(|&i| prices[i].price.sku.as_deref().is_none_or(|s| s == variant.sku))
                .collect();
            let reaching: Vec<u32> = discounts
                .iter()
                .filter(|(_, reach)| reach.reaches(&variant.sku))
                .map(|(i, _)| *i)
                .collect();
            let signature = (candidates, reaching);
            let index = by_signature.get(&signature).copied().unwrap_or_else(|| {
                let candidates: Vec<&PriceFact> = signature.0.iter().map(|&i| prices[i]).collect();
                distinct.push(sweep(facts, &candidates, &signature.1));
                by_signature.insert(signature, distinct.len() - 1);
                distinct.len() - 1
            });
            of_variant.push(index);
        }
        VariantTimelines { distinct, of_variant }
    }
}

/// One side of a window, with the rank of what it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    PriceOpens(usize),
    PriceCloses(usize),
    DiscountOpens(u32),
    DiscountCloses(u32),
}

/// One variant's timeline. `candidates` are sorted best first, `discounts` in discount order, so
/// that the best price in effect is the first of an ordered set.
fn sweep(
    facts: &ProductFacts,
    candidates: &[&PriceFact],
    discounts: &[u32],
) -> Timeline<Option<Quote>> {
    let window_of = |i: u32| facts.discounts.get(i as usize).map(|d| d.fact.terms.window);
    let mut edges: Vec<(Instant, Edge)> = Vec::new();
    let mut open = |window: Window, opens: Edge, closes: Edge| {
        if !window.is_empty() {
            edges.push((window.from, opens));
            edges.push((window.until, closes));
        }
    };
    for (rank, fact) in candidates.iter().enumerate() {
        open(fact.price.window, Edge::PriceOpens(rank), Edge::PriceCloses(rank));
    }
    for &discount in discounts {
        if let Some(window) = window_of(discount) {
            open(window, Edge::DiscountOpens(discount), Edge::DiscountCloses(discount));
        }
    }
    edges.sort_unstable();

    let undated = candidates.iter().find(|c| c.price.window.is_undated()).map(|c| c.price.amount);
    let mut prices_open: BTreeSet<usize> = BTreeSet::new();
    let mut discounts_open: BTreeSet<u32> = BTreeSet::new();
    let mut timeline = Timeline::new();
    let mut next = 0;
    let mut from = Instant::MIN;
    loop {
        while let Some((_, edge)) = edges.get(next).filter(|(at, _)| *at <= from) {
            match *edge {
                Edge::PriceOpens(rank) => drop(prices_open.insert(rank)),
                Edge::PriceCloses(rank) => drop(prices_open.remove(&rank)),
                Edge::DiscountOpens(i) => drop(discounts_open.insert(i)),
                Edge::DiscountCloses(i) => drop(discounts_open.remove(&i)),
            }
            next += 1;
        }
        let quote = prices_open.first().and_then(|&rank| candidates.get(rank)).map(|best| {
            let base = best.price.amount;
            let in_effect = discounts_open
                .iter()
                .filter_map(|&i| Some((i, &facts.discounts.get(i as usize)?.fact.terms)));
            let (final_amount, applied) = pricing::apply(base, in_effect);
            Quote { base, regular: base.max(undated.unwrap_or(base)), final_amount, applied }
        });
        push(&mut timeline, from, quote);
        match edges.get(next) {
            Some((at, _)) if *at < Instant::MAX => from = *at,
            _ => return timeline,
        }
    }
}
