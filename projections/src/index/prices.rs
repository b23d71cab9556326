//! A product's prices, packed in the order in which they are preferred, and what they say at an
//! instant.

use serde::{Deserialize, Serialize};

use super::packed::Item;
use super::part::IndexPart;
use crate::instant::{Instant, Window};
use crate::market::Market;
use crate::pricing;

/// A variant's price before discounts, and after them, in minor units; [`Amounts::NONE`] where it
/// has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amounts {
    pub base: i64,
    pub regular: i64,
    pub final_amount: i64,
}

impl Amounts {
    pub const NONE: Amounts = Amounts { base: -1, regular: -1, final_amount: -1 };

    pub fn is_some(&self) -> bool {
        self.base >= 0
    }

    pub fn is_on_sale(&self) -> bool {
        self.final_amount < self.regular
    }

    /// Of variants that cost the same, the first one is the cheapest.
    pub fn is_cheaper_than(&self, other: &Amounts) -> bool {
        (self.final_amount, self.regular) < (other.final_amount, other.regular)
    }
}

impl Item for Amounts {
    const BYTES: usize = 3 * i64::BYTES;

    fn put(&self, to: &mut Vec<u8>) {
        [self.base, self.regular, self.final_amount].iter().for_each(|amount| amount.put(to));
    }

    fn take(bytes: &[u8]) -> Option<Amounts> {
        let mut amounts = bytes.chunks_exact(i64::BYTES).map(i64::take);
        let mut next = || amounts.next().flatten();
        Some(Amounts { base: next()?, regular: next()?, final_amount: next()? })
    }
}

/// A price as it is packed: ids are not needed any more once prices are in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct PackedPrice<'a> {
    amount: i64,
    /// The position of its market in the configuration.
    market: u16,
    /// The position of its variant; every variant's where there is none.
    variant: Option<u16>,
    group: Option<&'a str>,
    from: Option<Instant>,
    until: Option<Instant>,
}

impl PackedPrice<'_> {
    fn window(&self) -> Window {
        Window {
            from: self.from.unwrap_or(Instant::MIN),
            until: self.until.unwrap_or(Instant::MAX),
        }
    }
}

/// Packs the prices that can ever hold for one of these markets.
pub fn pack(part: &IndexPart, markets: &[Market]) -> Vec<u8> {
    let mut ordered: Vec<_> = part.prices.iter().filter(|p| !p.price.window.is_empty()).collect();
    ordered.sort_unstable_by(|a, b| pricing::candidate_order(a, b));
    let mut packed = Vec::new();
    for fact in ordered {
        let price = &fact.price;
        let of_market =
            |market: &Market| market.id == price.market && market.currency == price.currency;
        let Some(market) = markets.iter().position(of_market) else { continue };
        let variant = match &price.sku {
            None => None,
            Some(sku) => match part.variants.iter().position(|v| v.sku == *sku) {
                None => continue,
                Some(position) => Some(position as u16),
            },
        };
        let price = PackedPrice {
            amount: price.amount,
            market: market as u16,
            variant,
            group: price.group.as_deref(),
            from: Some(price.window.from).filter(|at| at.is_finite()),
            until: Some(price.window.until).filter(|at| at.is_finite()),
        };
        packed = crate::codec::encode_into(&price, packed);
    }
    packed
}

/// The market (by position) and group of every price for a group.
pub fn groups(packed: &[u8]) -> impl Iterator<Item = (u16, &str)> {
    unpack(packed).filter_map(|price| Some((price.market, price.group?)))
}

fn unpack(mut packed: &[u8]) -> impl Iterator<Item = PackedPrice<'_>> {
    std::iter::from_fn(move || {
        let (price, rest) = postcard::take_from_bytes::<PackedPrice<'_>>(packed).ok()?;
        packed = rest;
        Some(price)
    })
}

/// Writes base and regular of each variant at an instant, with no discounts. Answers when neither
/// of them can change: between the last edge of any of the audience's prices, and the next one.
pub fn evaluate(
    packed: &[u8],
    market: u16,
    group: Option<&str>,
    at: Instant,
    quotes: &mut [Amounts],
) -> Window {
    quotes.fill(Amounts::NONE);
    let mut holds = Window::ALWAYS;
    for price in unpack(packed) {
        if price.market != market || price.group.is_some_and(|of| Some(of) != group) {
            continue;
        }
        let window = price.window();
        holds = holds.between_edges(window, at);
        if !window.holds(at) {
            continue;
        }
        let those = match price.variant {
            None => 0..quotes.len(),
            Some(variant) => usize::from(variant)..usize::from(variant) + 1,
        };
        for quote in quotes.get_mut(those).unwrap_or_default() {
            if quote.base < 0 {
                quote.base = price.amount;
            }
            // The best of the undated ones, until it is worked in below.
            if quote.regular < 0 && window.is_undated() {
                quote.regular = price.amount;
            }
        }
    }
    for quote in quotes {
        quote.regular = quote.regular.max(quote.base);
        quote.final_amount = quote.base;
    }
    holds
}

/// The position of the variant with the lowest final, then the lowest regular, then the first.
pub fn cheapest(amounts: &[Amounts]) -> Option<usize> {
    let priced = amounts.iter().enumerate().filter(|(_, amounts)| amounts.is_some());
    priced.min_by_key(|(_, a)| (a.final_amount, a.regular)).map(|(variant, _)| variant)
}
