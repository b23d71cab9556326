//! What variants cost for one audience: columns that hold around one instant, and the evaluation for any other.

use std::sync::Arc;

use super::classes::{Classes, HoldingByClass};
use super::discounts::{Discounts, Naming, Rank};
use super::numbers::NumberMap;
use super::packed::{CHUNK, Packed, place};
use super::prices::{self, Amounts};
use super::products::{Chunks, NOTHING, ProductChunk};
use crate::instant::{Instant, Window};
use crate::market::Market;
use crate::pricing::Audience;

/// A market by its position, and a group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AudienceKey {
    pub market: usize,
    pub group: Option<String>,
}

/// All that amounts follow from, in one version.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub markets: Arc<[Market]>,
    pub products: Chunks<ProductChunk>,
    /// Units of each variant; below 0 where nothing is known.
    pub stock: Chunks<Packed<i64>>,
    /// As [`prices::pack`] packs them.
    pub prices: Chunks<Packed<u8>>,
    pub discounts: Arc<Discounts>,
    pub classes: Arc<Classes>,
    /// Discounts that name products or SKUs, by the product's number.
    pub naming: Arc<NumberMap<Arc<Naming>>>,
}

/// For whom amounts are evaluated, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub market: usize,
    pub group: Option<&'a str>,
    pub at: Instant,
    /// What holds of each class then.
    pub holding: &'a HoldingByClass,
}

impl Facts {
    pub fn audience<'a>(&'a self, market: usize, group: Option<&'a str>) -> Option<Audience<'a>> {
        self.markets.get(market).map(|market| Audience { market, group })
    }

    pub fn chunk(&self, number: u32) -> Option<(&ProductChunk, usize)> {
        let (chunk, at) = place(number);
        self.products.get(chunk).map(|chunk| (chunk.as_ref(), at))
    }

    pub fn stock_of(&self, number: u32) -> &[i64] {
        let (chunk, at) = place(number);
        self.stock.get(chunk).map_or(&[], |chunk| chunk.get(at))
    }

    pub fn prices_of(&self, number: u32) -> &[u8] {
        let (chunk, at) = place(number);
        self.prices.get(chunk).map_or(&[], |chunk| chunk.get(at))
    }

    /// What holds of each class for an audience.
    pub fn holding(&self, market: usize, group: Option<&str>, at: Instant) -> HoldingByClass {
        match self.audience(market, group) {
            Some(audience) => HoldingByClass::new(&self.discounts, &self.classes, audience, at),
            None => HoldingByClass::none(),
        }
    }

    /// Evaluates a product; answers when base and regular of its variants hold.
    pub fn evaluate(&self, number: u32, asked: &Asked<'_>, to: &mut Vec<Amounts>) -> Window {
        to.clear();
        to.resize(self.stock_of(number).len(), Amounts::NONE);
        let packed = self.prices_of(number);
        let window =
            prices::evaluate(packed, asked.market as u16, asked.group, asked.at, to.as_mut_slice());
        self.reduce(number, asked, to);
        window
    }

    /// Takes the discounts that hold off each base.
    pub fn reduce(&self, number: u32, asked: &Asked<'_>, amounts: &mut [Amounts]) {
        let class = self.class_of(number);
        if let Some(naming) = self.naming.get(&number) {
            let Some(audience) = self.audience(asked.market, asked.group) else { return };
            let family = self.classes.ranks(class);
            for (variant, amount) in amounts.iter_mut().enumerate().filter(|(_, a)| a.is_some()) {
                let ranks = naming.with_family(family, variant);
                let holding = self.discounts.holding(&ranks, audience, asked.at);
                amount.final_amount = holding.reduce(amount.base);
            }
            return;
        }
        let Some(holding) = asked.holding.of(class) else { return };
        for amount in amounts.iter_mut().filter(|amount| amount.is_some()) {
            amount.final_amount = holding.reduce(amount.base);
        }
    }

    /// Between which edges the discounts of a product hold for an audience.
    pub fn discount_window(&self, number: u32, asked: &Asked<'_>) -> Window {
        let class = self.class_of(number);
        let of_class = asked.holding.of(class).map_or(Window::ALWAYS, |holding| holding.window);
        let (Some(naming), Some(audience)) =
            (self.naming.get(&number), self.audience(asked.market, asked.group))
        else {
            return of_class;
        };
        let ranks = naming.all();
        of_class.and(self.discounts.holding(&ranks, audience, asked.at).window)
    }

    /// The discounts that reach a variant, whenever and for whomever they hold.
    pub fn ranks_of(&self, number: u32, variant: usize) -> Vec<Rank> {
        let family = self.classes.ranks(self.class_of(number));
        match self.naming.get(&number) {
            Some(naming) => naming.with_family(family, variant),
            None => family.to_vec(),
        }
    }

    fn class_of(&self, number: u32) -> u32 {
        self.chunk(number).map_or(NOTHING, |(chunk, at)| self.classes.of(chunk.family[at]))
    }
}

/// Amounts of [`CHUNK`] products.
#[derive(Clone, Debug)]
pub struct AmountChunk {
    pub amounts: Packed<Amounts>,
    /// When base and regular of a product's variants hold.
    pub prices: Vec<Window>,
    /// While all of those hold.
    pub valid: Window,
}

impl Default for AmountChunk {
    fn default() -> AmountChunk {
        AmountChunk {
            amounts: Packed::default(),
            prices: vec![Window::ALWAYS; CHUNK],
            valid: Window::ALWAYS,
        }
    }
}

impl AmountChunk {
    /// Evaluates those at these positions of the chunk that begins with a number. `anew`: their prices have changed.
    pub fn evaluate(
        &mut self,
        facts: &Facts,
        first: u32,
        positions: impl Iterator<Item = usize>,
        asked: &Asked<'_>,
        anew: bool,
    ) {
        let mut amounts = Vec::new();
        for at in positions {
            let number = first + at as u32;
            if anew || !self.prices[at].holds(asked.at) {
                self.prices[at] = facts.evaluate(number, asked, &mut amounts);
            } else {
                amounts.clear();
                amounts.extend_from_slice(self.amounts.get(at));
                facts.reduce(number, asked, &mut amounts);
            }
            self.amounts.set(at, &amounts);
        }
        self.valid = self.prices.iter().fold(Window::ALWAYS, |all, window| all.and(*window));
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.amounts.bytes() + CHUNK * size_of::<Window>()
    }
}

/// The columns of one audience, evaluated for one instant.
#[derive(Clone, Debug)]
pub struct Columns {
    pub key: AudienceKey,
    pub holding: Arc<HoldingByClass>,
    /// While the discounts of all products hold, those that name products included.
    pub discounts: Window,
    pub chunks: Chunks<AmountChunk>,
}

impl Columns {
    /// A product's amounts as they stand, and when its prices hold.
    pub fn get(&self, number: u32) -> Option<(&[Amounts], Window)> {
        let (chunk, at) = place(number);
        let chunk = self.chunks.get(chunk)?;
        Some((chunk.amounts.get(at), chunk.prices[at]))
    }
}
