//! A product's facts, and its prices.

use projections::instant::Instant;

use super::ladder::Ladder;
use super::words::PLACES_OF_STOCK;

/// As many variants as a product may have.
pub const MOST_VARIANTS: u64 = 200;

/// What all events of a product rest on.
pub struct Product {
    pub n: u64,
    /// Its place by popularity: 0 is the most popular.
    pub rank: u64,
    /// Its leaf's number in the tree.
    pub leaf: usize,
    /// It stands for its leaf: it stays in the shop, and tells the names of its categories.
    pub staple: bool,
    /// It is made to measure: it has 200 variants, and prices for each.
    pub measured: bool,
    /// How many variants it has, at least 1.
    pub variants: u64,
    /// Its event lists no variants: its one SKU is its id.
    pub plain: bool,
    pub brand: Option<u64>,
    /// Its first colour's place in the palette of its kind.
    pub tint: u64,
    /// How many markets it is sold in, and the first of them.
    pub(super) markets: u64,
    pub(super) first_market: u64,
    /// What its variants cost beside each other.
    pub(super) ladder: Ladder,
    /// How many variants have prices of their own: all above the lowest.
    pub(super) own_prices: u64,
    /// How many sales are planned for it.
    pub(super) sales: u64,
    /// Which of the groups have prices of their own. A product with sales has none for groups: a
    /// group's price would count before a sale's, and be the higher one.
    pub(super) groups: [bool; 2],
    /// Its usual price in US cents.
    pub(super) cents: u64,
    /// At how many places it is in stock, and the first of them.
    pub places: u64,
    pub(super) place: u64,
    /// How many reviews the first catalogue has of it.
    pub reviews: u64,
    pub released: Instant,
    pub hidden: bool,
    /// It may be deleted in the course of the stream.
    pub leaving: bool,
    /// Reviewers do not like it.
    pub poor: bool,
}

/// Why a product has a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    Usual,
    Variant(u64),
    /// The sale with this number.
    Sale(u64),
    /// A group, as its place in the table of groups.
    Group(usize),
    /// One variant in one season, from 0.
    Season(u64, u64),
    /// One variant for a group.
    VariantGroup(u64, usize),
}

/// One of the prices that a product may have.
pub struct PriceSlot {
    pub reason: Reason,
    /// Index in [`MARKETS`].
    pub market: usize,
}

/// Name, currency, suffix of ids.
pub static MARKETS: [(&str, &str, &str); 2] = [("default", "USD", "-us"), ("eu", "EUR", "-eu")];

/// How many seasons made-to-measure products have prices for.
pub const SEASONS: u64 = 4;
/// A variant made to measure has a usual price, one a season and one a group.
const MEASURED_PRICES: u64 = 1 + SEASONS + 2;

impl Product {
    /// How many prices its first catalogue entry has.
    pub fn prices(&self) -> u64 {
        let others = if self.measured {
            self.variants * MEASURED_PRICES
        } else {
            let groups = self.groups.iter().filter(|has| **has).count() as u64;
            self.own_prices + self.sales + groups
        };
        (1 + others) * self.markets
    }

    /// How many of them are the usual ones, which come first: one a market.
    pub fn usual_prices(&self) -> u64 {
        self.markets
    }

    /// Whether a sale may be planned for it later.
    pub fn may_have_sales(&self) -> bool {
        !self.measured && self.groups == [false, false]
    }

    /// The `i`th of them, from 0.
    pub fn price(&self, i: u64) -> PriceSlot {
        let market = (self.first_market + i % self.markets) as usize % MARKETS.len();
        let reason = match (i / self.markets).checked_sub(1) {
            None => Reason::Usual,
            Some(other) if self.measured => self.measured_reason(other),
            Some(other) => self.reason(other),
        };
        PriceSlot { reason, market }
    }

    fn reason(&self, other: u64) -> Reason {
        if other < self.own_prices {
            let mut dearer = (0..self.variants).filter(|v| self.ladder.place(*v) > 0);
            return Reason::Variant(dearer.nth(other as usize).unwrap_or(0));
        }
        match other - self.own_prices {
            sale if sale < self.sales => Reason::Sale(sale),
            group => {
                let first = usize::from(!self.groups[0]);
                Reason::Group((first + (group - self.sales) as usize).min(1))
            }
        }
    }

    fn measured_reason(&self, other: u64) -> Reason {
        let variant = other % self.variants;
        match other / self.variants {
            0 => Reason::Variant(variant),
            season @ 1..=SEASONS => Reason::Season(variant, season - 1),
            layer => Reason::VariantGroup(variant, (layer - SEASONS - 1).min(1) as usize),
        }
    }

    /// The first sale's price in the market of the `i`th price, also where the catalogue starts
    /// without.
    pub fn sale_price(&self, i: u64) -> PriceSlot {
        PriceSlot { reason: Reason::Sale(0), market: self.price(i).market }
    }

    /// Minor units for a slot: `per_mille` of what is usual, rounded as shops do.
    pub fn amount(&self, slot: &PriceSlot, per_mille: u64) -> u64 {
        let share = match slot.reason {
            Reason::Usual => 1_000,
            Reason::Variant(variant) => self.ladder.share(variant),
            Reason::Sale(_) => 780,
            Reason::Group(group) => group_share(group),
            Reason::Season(variant, season) => {
                self.ladder.share(variant) * (960 - season * 10) / 1_000
            }
            Reason::VariantGroup(variant, group) => {
                self.ladder.share(variant) * measured_group_share(group) / 1_000
            }
        };
        let amount = self.usual_amount(slot.market) * share / 1_000 * per_mille / 1_000;
        if amount >= 1_000 { amount / 100 * 100 + 99 } else { amount / 10 * 10 + 9 }
    }

    /// What is usual in a market, in its minor unit, before any rounding.
    pub fn usual_amount(&self, market: usize) -> u64 {
        if market == 0 { self.cents } else { self.cents * 92 / 100 }
    }

    /// The dearest variant's price in 1,000 of the product's.
    pub fn highest_share(&self) -> u64 {
        (0..self.variants).map(|variant| self.ladder.share(variant)).max().unwrap_or(1_000)
    }

    /// The name of the `i`th place it is in stock at.
    pub fn place(&self, i: u64) -> &'static str {
        let at = (self.place + i) as usize % PLACES_OF_STOCK.len();
        PLACES_OF_STOCK.get(at).copied().unwrap_or("default")
    }
}

/// A group's price in 1,000 of everyone's.
fn group_share(group: usize) -> u64 {
    if group == 0 { 900 } else { 820 }
}

/// The same for what is made to measure: below the lowest season's price.
fn measured_group_share(group: usize) -> u64 {
    if group == 0 { 850 } else { 780 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::Options;
    use super::super::catalogue::{Catalogue, PRICE_LEVELS};
    use super::super::kinds::Style;
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::new(&Options { products: 2_000, events: 1, seed: 5, start: Instant(0) })
    }

    #[test]
    fn no_price_stands_for_the_same_as_another_one() {
        let catalogue = catalogue();
        for n in 0..2_000 {
            let product = catalogue.product(n);
            let slots: HashSet<String> = (0..product.prices())
                .map(|i| product.price(i))
                .map(|slot| format!("{:?} {}", slot.reason, slot.market))
                .collect();
            assert_eq!(slots.len() as u64, product.prices(), "product {n}: {slots:?}");
            assert_eq!(product.measured, product.prices() > 2_000);
        }
    }

    /// Whenever each of the two was set.
    #[test]
    fn no_group_ever_pays_more_than_everyone() {
        let catalogue = catalogue();
        let (low, high) = PRICE_LEVELS;
        let mut compared = 0;
        for n in 0..2_000 {
            let product = catalogue.product(n);
            let has_sales = product.sales > 0 || product.may_have_sales();
            assert!(!has_sales || product.groups == [false, false] || product.measured);
            let slots: Vec<PriceSlot> = (0..product.prices()).map(|i| product.price(i)).collect();
            for group in &slots {
                let others: &[Reason] = match group.reason {
                    Reason::Group(_) => &[Reason::Usual],
                    Reason::VariantGroup(v, _) => &[
                        Reason::Variant(v),
                        Reason::Season(v, 0),
                        Reason::Season(v, 1),
                        Reason::Season(v, 2),
                        Reason::Season(v, 3),
                    ],
                    _ => continue,
                };
                for &reason in others {
                    let other = PriceSlot { reason, market: group.market };
                    assert!(product.amount(group, high) <= product.amount(&other, low), "{n}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 3_000, "{compared}");
    }

    #[test]
    fn a_larger_variant_is_never_cheaper_than_a_smaller_one() {
        let catalogue = catalogue();
        let (low, high) = PRICE_LEVELS;
        let mut compared = 0;
        for product in (0..2_000).map(|n| catalogue.product(n)).filter(|p| p.own_prices > 0) {
            let amount = |variant, level| {
                let own = product.ladder.place(variant) > 0;
                let reason = if own { Reason::Variant(variant) } else { Reason::Usual };
                product.amount(&PriceSlot { reason, market: 0 }, level)
            };
            let place = |variant| product.ladder.place(variant);
            for small in 0..product.variants {
                for large in (0..product.variants).filter(|large| place(*large) > place(small)) {
                    assert!(amount(large, low) >= amount(small, high), "{}", product.n);
                    compared += 1;
                }
            }
        }
        assert!(compared > 500, "{compared}");
    }

    #[test]
    fn what_is_made_to_measure_costs_by_size_or_hardly_differs() {
        let options = Options { products: 200_000, events: 1, seed: 5, start: Instant(0) };
        let catalogue = Catalogue::new(&options);
        let mut spreads = [0; 2];
        for product in (0..200_000).map(|n| catalogue.product(n)).filter(|p| p.measured) {
            let kind = catalogue.leaf(&product).kind;
            assert!(kind.style == Style::Measured);
            let paint = kind.id == "tinted-wall-paints";
            let amount = |variant| {
                product.amount(&PriceSlot { reason: Reason::Variant(variant), market: 0 }, 1_000)
            };
            assert_eq!(paint, amount(199) * 100 < amount(0) * 120, "{}", kind.id);
            spreads[usize::from(paint)] += 1;
        }
        assert!(spreads.iter().all(|count| *count > 0), "{spreads:?}");
    }
}
