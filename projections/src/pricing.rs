//! The price of a SKU and of a product at one instant, evaluated directly from the facts.
//!
//! The rules are those of the contract's section "Price"; [`crate::timeline`] gives the same
//! answers for all instants at once.

use std::cmp::Ordering;

use crate::discount::{DiscountKind, Terms};
use crate::facts::{PriceFact, ProductFacts};
use crate::instant::Instant;
use crate::market::Market;

/// For whom a price is asked.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    pub market: &'a Market,
    /// The customer group; `None`: everyone.
    pub group: Option<&'a str>,
}

/// A SKU's price, in minor units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    pub base: i64,
    pub regular: i64,
    pub final_amount: i64,
    /// What took something off, in the order it was applied.
    pub applied: Vec<Applied>,
}

/// One discount's part in a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Applied {
    /// Index into the discounts that the price was computed with.
    pub discount: u32,
    /// Minor units, above 0.
    pub off: i64,
}

impl Quote {
    /// `floor((regular - final) * 10000 / regular)`, 0 where regular is 0.
    pub fn discount_bp(&self) -> i64 {
        discount_bp(self.regular, self.final_amount)
    }
}

/// Basis points that `final_amount` is below `regular`.
pub fn discount_bp(regular: i64, final_amount: i64) -> i64 {
    if regular == 0 { 0 } else { (regular - final_amount) * 10_000 / regular }
}

/// The best candidate first: the rules in their order, up to the price id that always decides.
pub(crate) fn candidate_order(a: &PriceFact, b: &PriceFact) -> Ordering {
    let (x, y) = (&a.price, &b.price);
    y.sku
        .is_some()
        .cmp(&x.sku.is_some())
        .then_with(|| y.group.is_some().cmp(&x.group.is_some()))
        .then_with(|| x.window.is_undated().cmp(&y.window.is_undated()))
        .then_with(|| y.window.from.cmp(&x.window.from))
        .then_with(|| x.window.until.cmp(&y.window.until))
        .then_with(|| a.price_id.cmp(&b.price_id))
}

/// Whether a price can be a candidate for this audience, at whatever instant.
pub(crate) fn is_for(fact: &PriceFact, audience: Audience<'_>) -> bool {
    let price = &fact.price;
    price.market == audience.market.id
        && price.currency == audience.market.currency
        && price.group.as_deref().is_none_or(|g| Some(g) == audience.group)
}

/// Whether a discount can apply to this audience, at whatever instant.
pub(crate) fn discount_is_for(terms: &Terms, audience: Audience<'_>) -> bool {
    terms.active
        && terms.market.as_ref().is_none_or(|m| *m == audience.market.id)
        && terms.group.as_deref().is_none_or(|g| Some(g) == audience.group)
        && terms.currency.as_ref().is_none_or(|c| *c == audience.market.currency)
}

/// What a discount takes off a running amount.
fn off(kind: DiscountKind, running: i64) -> i64 {
    match kind {
        // running <= 10^12 and value <= 10^4, so this stays far below i64::MAX.
        DiscountKind::Percentage(basis_points) => (running * basis_points + 5_000) / 10_000,
        DiscountKind::Amount(value) => running.min(value),
        DiscountKind::FixedPrice(value) => running - running.min(value),
    }
}

/// Takes the discounts in effect off `base`. `discounts` are in [`crate::facts::discount_order`],
/// each with its index.
pub(crate) fn apply<'a>(
    base: i64,
    discounts: impl Iterator<Item = (u32, &'a Terms)>,
) -> (i64, Vec<Applied>) {
    let mut alone: Option<Applied> = None;
    let mut running = base;
    let mut stacked = Vec::new();
    for (index, terms) in discounts {
        if terms.stackable {
            let off = off(terms.kind, running);
            running -= off;
            if off > 0 {
                stacked.push(Applied { discount: index, off });
            }
        } else {
            let off = off(terms.kind, base);
            // The order settles ties: the first with the most off stays.
            if alone.is_none_or(|best| off > best.off) {
                alone = Some(Applied { discount: index, off });
            }
        }
    }
    match alone {
        Some(best) if base - best.off <= running => {
            (base - best.off, if best.off > 0 { vec![best] } else { Vec::new() })
        }
        _ => (running, stacked),
    }
}

/// What `base` comes down to, without saying by which discounts. `discounts` are in
/// [`crate::facts::discount_order`]: what each does, and whether it is stackable.
pub(crate) fn reduced(base: i64, discounts: impl Iterator<Item = (DiscountKind, bool)>) -> i64 {
    let (mut alone, mut running) = (base, base);
    for (kind, stackable) in discounts {
        if stackable {
            running -= off(kind, running);
        } else {
            alone = alone.min(base - off(kind, base));
        }
    }
    alone.min(running)
}

/// The price of one SKU at `at`, or `None` where it has none.
pub fn quote_at(
    facts: &ProductFacts,
    sku: &str,
    audience: Audience<'_>,
    at: Instant,
) -> Option<Quote> {
    let candidates = || {
        facts.prices.iter().filter(|p| {
            is_for(p, audience)
                && p.price.sku.as_deref().is_none_or(|s| s == sku)
                && p.price.window.holds(at)
        })
    };
    let base = candidates().min_by(|a, b| candidate_order(a, b))?.price.amount;
    let undated = candidates()
        .filter(|p| p.price.window.is_undated())
        .min_by(|a, b| candidate_order(a, b))
        .map(|p| p.price.amount);
    let discounts = (0..).zip(&facts.discounts).filter(|(_, d)| {
        let terms = &d.fact.terms;
        discount_is_for(terms, audience) && terms.window.holds(at) && d.reach.reaches(sku)
    });
    let (final_amount, applied) = apply(base, discounts.map(|(i, d)| (i, &d.fact.terms)));
    Some(Quote { base, regular: base.max(undated.unwrap_or(base)), final_amount, applied })
}

/// The cheapest of the variants' quotes, given in the order of the variants.
pub(crate) fn cheapest<'a>(
    quotes: impl Iterator<Item = Option<&'a Quote>>,
) -> Option<(&'a Quote, bool)> {
    let mut best: Option<&Quote> = None;
    let mut varies = false;
    let mut without = false;
    for quote in quotes {
        let Some(quote) = quote else {
            without = true;
            continue;
        };
        let Some(current) = best else {
            best = Some(quote);
            continue;
        };
        varies |= quote.final_amount != current.final_amount;
        if (quote.final_amount, quote.regular) < (current.final_amount, current.regular) {
            best = Some(quote);
        }
    }
    best.map(|quote| (quote, varies || without))
}
