//! "Price of a SKU for market m, group g, at t", word by word.

use projections::discount::{Discount, DiscountKind};
use projections::instant::{Instant, Window};
use projections::market::Market;
use projections::price::Price;
use projections::product::Product;

use crate::{Asked, Oracle};

/// A SKU's price with the discounts that took something off.
#[derive(Clone, Debug)]
pub struct SkuPrice<'a> {
    pub base: i64,
    pub regular: i64,
    pub final_amount: i64,
    pub applied: Vec<Taken<'a>>,
}

#[derive(Clone, Debug)]
pub struct Taken<'a> {
    pub discount_id: &'a str,
    pub discount: &'a Discount,
    pub off: i64,
}

impl SkuPrice<'_> {
    /// floor((regular − final) × 10000 / regular), 0 where regular is 0.
    pub fn discount_bp(&self) -> i64 {
        match self.regular {
            0 => 0,
            regular => (i128::from(regular - self.final_amount) * 10_000 / i128::from(regular))
                .try_into()
                .unwrap_or(i64::MAX),
        }
    }
}

fn holds(window: Window, at: Instant) -> bool {
    let begun = window.from == Instant::MIN || window.from.millis() <= at.millis();
    let over = window.until != Instant::MAX && window.until.millis() <= at.millis();
    begun && !over
}

fn undated(price: &Price) -> bool {
    price.window.from == Instant::MIN && price.window.until == Instant::MAX
}

/// Keeps what is preferred where there is any: one rule of several, in their order.
fn prefer<T>(all: Vec<T>, preferred: impl Fn(&T) -> bool) -> Vec<T> {
    let (yes, no): (Vec<T>, Vec<T>) = all.into_iter().partition(preferred);
    if yes.is_empty() { no } else { yes }
}

/// The amount of the best candidate, by the first rule that decides.
fn best(candidates: &[(&str, &Price)]) -> Option<i64> {
    let left = prefer(candidates.to_vec(), |(_, p)| p.sku.is_some());
    let left = prefer(left, |(_, p)| p.group.is_some());
    let left = prefer(left, |(_, p)| !undated(p));
    let latest_from = left.iter().map(|(_, p)| p.window.from).max()?;
    let left = prefer(left, |(_, p)| p.window.from == latest_from);
    let earliest_until = left.iter().map(|(_, p)| p.window.until).min()?;
    let left = prefer(left, |(_, p)| p.window.until == earliest_until);
    let smallest_id = left.iter().map(|(id, _)| id.as_bytes()).min()?;
    left.iter().find(|(id, _)| id.as_bytes() == smallest_id).map(|(_, p)| p.amount)
}

/// What a discount takes off a running amount.
fn off(kind: DiscountKind, running: i64) -> i64 {
    match kind {
        DiscountKind::Percentage(value) => {
            // Half up: add one half and cut.
            let twice = 2 * i128::from(running) * i128::from(value);
            ((twice + 10_000) / 20_000).try_into().unwrap_or(i64::MAX)
        }
        DiscountKind::Amount(value) if value > running => running,
        DiscountKind::Amount(value) => value,
        DiscountKind::FixedPrice(value) if value > running => 0,
        DiscountKind::FixedPrice(value) => running - value,
    }
}

/// Whether the scope names the product or this SKU; without a SKU: the product or any of its SKUs.
pub fn in_scope(discount: &Discount, id: &str, product: &Product, sku: Option<&str>) -> bool {
    let scope = &discount.scope;
    scope.all
        || scope.products.iter().any(|named| named == id)
        || scope.skus.iter().any(|named| match sku {
            Some(sku) => named == sku,
            None => product.variants.iter().any(|v| v.sku == *named),
        })
        || scope.brands.iter().any(|named| product.brand.as_ref().is_some_and(|b| b.id == *named))
        || scope
            .categories
            .iter()
            .any(|named| product.categories.iter().any(|c| c.path.contains(named)))
}

fn applies(discount: &Discount, market: &Market, asked: Asked<'_>) -> bool {
    let terms = &discount.terms;
    terms.active
        && holds(terms.window, asked.at)
        && (terms.market.is_none() || terms.market.as_deref() == Some(asked.market))
        && (terms.group.is_none() || terms.group.as_deref() == asked.group)
        && (terms.currency.is_none() || terms.currency.as_deref() == Some(&market.currency))
}

/// Plan A or plan B, whichever is lower.
fn discounted<'a>(base: i64, mut in_effect: Vec<(&'a str, &'a Discount)>) -> (i64, Vec<Taken<'a>>) {
    // Higher priority first, then smaller id.
    in_effect.sort_by_key(|(id, d)| (-i128::from(d.terms.priority), id.as_bytes().to_vec()));
    let (stackable, alone): (Vec<_>, Vec<_>) =
        in_effect.into_iter().partition(|(_, d)| d.terms.stackable);
    let plan_a = alone
        .into_iter()
        .map(|(discount_id, discount)| {
            let off = off(discount.terms.kind, base);
            (base - off, Taken { discount_id, discount, off })
        })
        // Of equal ones the first, which has the higher priority or the smaller id.
        .min_by_key(|(final_amount, _)| *final_amount);
    let mut running = base;
    let mut stacked = Vec::new();
    for (discount_id, discount) in stackable {
        let off = off(discount.terms.kind, running);
        running -= off;
        stacked.push(Taken { discount_id, discount, off });
    }
    let (final_amount, mut taken) = match plan_a {
        Some((final_a, taken)) if final_a <= running => (final_a, vec![taken]),
        _ => (running, stacked),
    };
    taken.retain(|t| t.off != 0);
    (final_amount, taken)
}

impl Oracle {
    /// The SKU's price, or `None` where no candidate is left.
    pub(crate) fn sku_price<'a>(
        &'a self,
        id: &'a str,
        sku: &str,
        asked: Asked<'_>,
    ) -> Option<SkuPrice<'a>> {
        let market = self.market(asked.market)?;
        let (_, product) = self.product(id)?;
        let candidates: Vec<(&str, &Price)> = self
            .prices(id)
            .filter(|(_, _, p)| p.market == market.id && p.currency == market.currency)
            .filter(|(_, _, p)| p.sku.is_none() || p.sku.as_deref() == Some(sku))
            .filter(|(_, _, p)| p.group.is_none() || p.group.as_deref() == asked.group)
            .filter(|(_, _, p)| holds(p.window, asked.at))
            .map(|(price_id, _, p)| (price_id, p))
            .collect();
        let base = best(&candidates)?;
        let always: Vec<(&str, &Price)> =
            candidates.iter().copied().filter(|(_, p)| undated(p)).collect();
        let in_effect = self
            .discounts()
            .filter(|(_, _, d)| applies(d, market, asked) && in_scope(d, id, product, Some(sku)))
            .map(|(discount_id, _, d)| (discount_id, d))
            .collect();
        let (final_amount, applied) = discounted(base, in_effect);
        let regular = best(&always).map_or(base, |amount| amount.max(base));
        Some(SkuPrice { base, regular, final_amount, applied })
    }

    /// The price of the cheapest variant, and whether prices vary.
    pub(crate) fn product_price<'a>(
        &'a self,
        id: &'a str,
        asked: Asked<'_>,
    ) -> Option<(SkuPrice<'a>, bool)> {
        let (_, product) = self.product(id)?;
        let prices: Vec<Option<SkuPrice<'a>>> =
            product.variants.iter().map(|v| self.sku_price(id, &v.sku, asked)).collect();
        // `min_by_key` gives the first of equal ones: the order in `variants`.
        let cheapest = prices.iter().flatten().min_by_key(|p| (p.final_amount, p.regular))?.clone();
        let varies = prices
            .iter()
            .any(|p| p.as_ref().map(|p| p.final_amount) != Some(cheapest.final_amount));
        Some((cheapest, varies))
    }
}
