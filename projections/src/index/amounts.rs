//! What variants cost for one audience: columns that hold around one instant, and the evaluation
//! for any other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chunks::{Chunks, record};
use super::classes::{Classes, EffectiveByClass};
use super::discounts::{DirectDiscounts, Discounts, Rank};
use super::groups::GroupPrices;
use super::mask::Mask;
use super::numbers::NumberMap;
use super::packed::{CHUNK, Packed, place};
use super::prices::{self, Amounts};
use super::products::{NOTHING, ProductChunk};
use super::stock::StockChunk;
use crate::instant::{Instant, Window};
use crate::market::Market;
use crate::pricing::Audience;

/// All that amounts follow from, in one version.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    pub markets: Arc<[Market]>,
    pub products: Chunks<ProductChunk>,
    /// Units of each variant; below 0 where nothing is known.
    pub stock: Chunks<StockChunk>,
    /// As [`prices::pack`] packs them.
    pub prices: Chunks<Packed<u8>>,
    pub discounts: Arc<Discounts>,
    pub classes: Arc<Classes>,
    /// Discounts that name products or SKUs, by the product's number.
    pub direct: Arc<NumberMap<Arc<DirectDiscounts>>>,
    /// The products that a group has prices of its own for.
    pub priced: GroupPrices,
}

/// For whom amounts are evaluated, and when.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationContext<'a> {
    pub market: usize,
    pub group: Option<&'a str>,
    pub at: Instant,
    /// What holds of each class then.
    pub effective: &'a EffectiveByClass,
}

impl PriceBook {
    pub fn audience<'a>(&'a self, market: usize, group: Option<&'a str>) -> Option<Audience<'a>> {
        self.markets.get(market).map(|market| Audience { market, group })
    }

    pub fn chunk(&self, number: u32) -> Option<(&ProductChunk, usize)> {
        let (chunk, at) = place(number);
        self.products.get(chunk).map(|chunk| (chunk.as_ref(), at))
    }

    pub fn stock_of(&self, number: u32) -> &[i64] {
        let (chunk, at) = place(number);
        self.stock.get(chunk).map_or(&[], |chunk| chunk.units.get(at))
    }

    pub fn prices_of(&self, number: u32) -> &[u8] {
        record(&self.prices, number)
    }

    /// What holds of each class for an audience.
    pub fn effective(&self, market: usize, group: Option<&str>, at: Instant) -> EffectiveByClass {
        match self.audience(market, group) {
            Some(audience) => EffectiveByClass::new(&self.discounts, &self.classes, audience, at),
            None => EffectiveByClass::none(),
        }
    }

    /// Evaluates a product; answers when base and regular of its variants hold.
    pub fn evaluate(
        &self,
        number: u32,
        context: &EvaluationContext<'_>,
        to: &mut Vec<Amounts>,
    ) -> Window {
        to.clear();
        to.resize(self.stock_of(number).len(), Amounts::NONE);
        let packed = self.prices_of(number);
        let window = prices::evaluate(
            packed,
            context.market as u16,
            context.group,
            context.at,
            to.as_mut_slice(),
        );
        self.reduce(number, context, to);
        window
    }

    /// Takes the discounts that hold off each base.
    pub fn reduce(&self, number: u32, context: &EvaluationContext<'_>, amounts: &mut [Amounts]) {
        let class = self.class_of(number);
        if let Some(direct) = self.direct.get(&number) {
            let Some(audience) = self.audience(context.market, context.group) else { return };
            let family = self.classes.ranks(class);
            for (variant, amount) in amounts.iter_mut().enumerate().filter(|(_, a)| a.is_some()) {
                let ranks = direct.with_family(family, variant);
                let effective = self.discounts.effective(&ranks, audience, context.at);
                amount.final_amount = effective.reduce(amount.base);
            }
            return;
        }
        let Some(effective) = context.effective.of(class) else { return };
        for amount in amounts.iter_mut().filter(|amount| amount.is_some()) {
            amount.final_amount = effective.reduce(amount.base);
        }
    }

    /// Between which edges the discounts of a product hold for an audience.
    pub fn discount_window(&self, number: u32, context: &EvaluationContext<'_>) -> Window {
        let class = self.class_of(number);
        let of_class =
            context.effective.of(class).map_or(Window::ALWAYS, |effective| effective.window);
        let (Some(direct), Some(audience)) =
            (self.direct.get(&number), self.audience(context.market, context.group))
        else {
            return of_class;
        };
        let ranks = direct.all();
        of_class.and(self.discounts.effective(&ranks, audience, context.at).window)
    }

    /// The discounts that reach a variant, whenever and for whomever they hold.
    pub fn ranks_of(&self, number: u32, variant: usize) -> Vec<Rank> {
        let family = self.classes.ranks(self.class_of(number));
        match self.direct.get(&number) {
            Some(direct) => direct.with_family(family, variant),
            None => family.to_vec(),
        }
    }

    /// The number of products whose discount class is one of these.
    pub fn count_in_classes(&self, is_one: impl Fn(u32) -> bool) -> u64 {
        let known: Vec<bool> = (0..self.classes.len() as u32).map(is_one).collect();
        let is_one = |family: &&u32| known.get(self.classes.of(**family) as usize) == Some(&true);
        let of_chunk = |chunk: &Arc<ProductChunk>| chunk.family.iter().filter(is_one).count();
        self.products.iter().map(of_chunk).sum::<usize>() as u64
    }

    fn class_of(&self, number: u32) -> u32 {
        self.chunk(number).map_or(NOTHING, |(chunk, at)| self.classes.of(chunk.family[at]))
    }
}

/// Amounts of [`CHUNK`] products.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AmountChunk {
    pub amounts: Packed<Amounts>,
    /// The final of the cheapest variant; -1 where none has a price.
    pub cheapest: Vec<i64>,
    /// Its regular.
    pub regular: Vec<i64>,
    /// The final of the dearest variant; -1 where none has a price.
    pub dearest: Vec<i64>,
    /// Products that have a price.
    pub some_priced: Mask,
    /// Products all variants of which have one.
    pub all_priced: Mask,
    /// Products of which some variant is on sale.
    pub some_on_sale: Mask,
    /// Products all variants of which are.
    pub all_on_sale: Mask,
    /// When base and regular of a product's variants hold.
    pub prices: Vec<Window>,
    /// While all of those hold.
    pub valid: Window,
}

impl Default for AmountChunk {
    fn default() -> AmountChunk {
        AmountChunk {
            amounts: Packed::default(),
            cheapest: vec![-1; CHUNK],
            regular: vec![-1; CHUNK],
            dearest: vec![-1; CHUNK],
            some_priced: Mask::default(),
            all_priced: Mask::default(),
            some_on_sale: Mask::default(),
            all_on_sale: Mask::default(),
            prices: vec![Window::ALWAYS; CHUNK],
            valid: Window::ALWAYS,
        }
    }
}

impl AmountChunk {
    /// Of all that does not depend on how many variants there are.
    pub const COLUMN_BYTES: usize = CHUNK * size_of::<(Window, [i64; 3])>() + 4 * size_of::<Mask>();

    /// Evaluates those at these positions of the chunk that begins with a number. `anew`: their
    /// prices have changed.
    pub fn evaluate(
        &mut self,
        book: &PriceBook,
        first: u32,
        positions: impl Iterator<Item = usize>,
        context: &EvaluationContext<'_>,
        anew: bool,
    ) {
        let mut amounts = Vec::new();
        for at in positions {
            let number = first + at as u32;
            if anew || !self.prices[at].holds(context.at) {
                self.prices[at] = book.evaluate(number, context, &mut amounts);
                self.amounts.set(at, &amounts);
            } else {
                book.reduce(number, context, self.amounts.get_mut(at));
            }
            self.sum_up(at);
        }
        self.valid = self.prices.iter().fold(Window::ALWAYS, |all, window| all.and(*window));
    }

    /// Whether each column has as many as a chunk.
    pub fn is_whole(&self) -> bool {
        [self.cheapest.len(), self.regular.len(), self.dearest.len()] == [CHUNK; 3]
            && self.prices.len() == CHUNK
    }

    /// What follows from a product's amounts.
    fn sum_up(&mut self, at: usize) {
        let (mut cheapest, mut dearest) = (Amounts::NONE, -1);
        let (mut priced, mut on_sale) = (0, 0);
        let amounts = self.amounts.get(at);
        for amounts in amounts.iter().filter(|amounts| amounts.is_some()) {
            if priced == 0 || amounts.is_cheaper_than(&cheapest) {
                cheapest = *amounts;
            }
            dearest = dearest.max(amounts.final_amount);
            priced += 1;
            on_sale += usize::from(amounts.is_on_sale());
        }
        let all = amounts.len();
        (self.cheapest[at], self.regular[at]) = (cheapest.final_amount, cheapest.regular);
        self.dearest[at] = dearest;
        self.some_priced.put(at, priced > 0);
        self.all_priced.put(at, priced == all);
        self.some_on_sale.put(at, on_sale > 0);
        self.all_on_sale.put(at, on_sale == all);
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.amounts.bytes() + Self::COLUMN_BYTES
    }
}

/// The columns of everyone in one market, evaluated for one instant.
#[derive(Clone, Debug)]
pub struct Columns {
    pub effective: Arc<EffectiveByClass>,
    /// While the discounts of all products hold, those that name products included.
    pub discounts: Window,
    pub chunks: Chunks<AmountChunk>,
}

impl Default for Columns {
    fn default() -> Columns {
        let (effective, discounts) = (Arc::new(EffectiveByClass::none()), Window::EMPTY);
        Columns { effective, discounts, chunks: Chunks::default() }
    }
}

impl Columns {
    /// The number of products whose prices hold no longer than until an instant.
    pub fn with_prices_until(&self, until: Instant) -> u64 {
        let ending = self.chunks.iter().filter(|chunk| chunk.valid.until <= until);
        let is_over = |window: &&Window| window.until <= until;
        ending.map(|chunk| chunk.prices.iter().filter(is_over).count()).sum::<usize>() as u64
    }

    /// A product's amounts as they stand, and when its prices hold.
    pub fn get(&self, number: u32) -> Option<(&[Amounts], Window)> {
        let (chunk, at) = place(number);
        let chunk = self.chunks.get(chunk)?;
        Some((chunk.amounts.get(at), chunk.prices[at]))
    }
}
