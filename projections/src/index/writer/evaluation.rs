//! What follows from discounts: the classes of families, and amounts at an instant.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Writer;
use crate::index::Family;
use crate::index::Prepared;
use crate::index::amounts::{AmountChunk, Columns, EvaluationContext};
use crate::index::changed::Reached;
use crate::index::classes::Classes;
use crate::index::discounts::{Discounts, Rank};
use crate::index::mask::Mask;
use crate::index::numbers::NumberMap;
use crate::index::packed::{CHUNK, place};
use crate::instant::{Instant, Window};

impl Writer {
    pub(super) fn ranks_of(&self, family: Family) -> Vec<Rank> {
        let brand = self.members.keys.shared.get(family.brand);
        let categories = self.members.categories.shared.get(family.categories);
        let brand = brand.map(|key| key.id());
        self.index.book.discounts.of_family(brand, categories.map(Arc::as_ref))
    }

    /// All that follows from the discounts, but for amounts.
    pub(super) fn spread_discounts(&mut self) {
        let other = std::mem::take(&mut self.other_discounts);
        let mut reached = Reached::default();
        reached.look(&other, &self.index.book, &self.families.shared);
        let discounts = Arc::new(Discounts::new(self.scoped.values()));
        let before = std::mem::replace(&mut self.index.book.discounts, discounts);
        let unplaced = std::mem::take(&mut self.unplaced);
        // Most of the time it is only by how much a discount reduces, or when.
        if unplaced || !self.index.book.discounts.is_placed_as(&before) {
            self.place_discounts();
        }
        self.renamed.extend(self.index.book.direct.keys());
        reached.look(&other, &self.index.book, &self.families.shared);
        reached.tell(&self.index.book, &mut self.told);
    }

    /// Which discounts reach which family, and which products are named by any.
    fn place_discounts(&mut self) {
        let mut classes = Classes::default();
        for (number, family) in self.families.shared.iter() {
            classes.set(number, self.ranks_of(**family));
        }
        let discounts = Arc::clone(&self.index.book.discounts);
        let (products, skus) = discounts.named();
        let of_skus = skus.flat_map(|sku| self.index.numbers_with_sku(sku));
        let named: BTreeSet<u32> =
            products.filter_map(|id| self.index.number_of(id)).chain(of_skus).collect();
        let mut direct = NumberMap::default();
        for number in named {
            let Some(card) = self.index.card(number) else { continue };
            let skus = card.variants.iter().map(|variant| variant.sku.as_str());
            if let Some(of) = discounts.direct(self.index.id(number), skus) {
                direct.insert(number, Arc::new(of));
            }
        }
        // What no class says of them may not hold any more.
        self.renamed.extend(self.index.book.direct.keys());
        self.index.book.classes = Arc::new(classes);
        self.index.book.direct = Arc::new(direct);
    }

    /// Brings a market's columns to an instant. `before`: the classes that they were evaluated
    /// with.
    pub(super) fn refresh(
        &self,
        market: usize,
        columns: Columns,
        before: Option<&Classes>,
        at: Instant,
    ) -> Columns {
        let book = &self.index.book;
        let Columns { effective: old, discounts: known, mut chunks } = columns;
        let effective = book.effective(market, None, at);
        let named_move = !known.holds(at);
        // Else all that held of a class or a named product still does.
        let moved = before.is_some() || named_move;
        let families = if moved { self.families.shared.end() as u32 } else { 0 };
        let other: Vec<bool> = (0..families)
            .map(|family| {
                let class = book.classes.of(family);
                let old_class = before.unwrap_or(&book.classes).of(family);
                effective.of(class) != old.of(old_class)
            })
            .collect();
        let any_other = other.iter().any(|other| *other);
        let context = EvaluationContext { market, group: None, at, effective: &effective };
        let direct = book.direct.keys().copied();
        let named: BTreeSet<u32> = match moved {
            true => direct.chain(self.renamed.iter().copied()).collect(),
            false => self.changed.iter().copied().filter(|n| book.direct.contains_key(n)).collect(),
        };
        let before_named = if moved { Window::ALWAYS } else { known };
        let discounts = named.iter().fold(before_named.and(effective.window), |all, number| {
            all.and(book.discount_window(*number, &context))
        });
        for (nth, products) in book.products.iter().enumerate() {
            let first = (nth * CHUNK) as u32;
            if chunks.len() <= nth {
                let mut chunk = AmountChunk::default();
                chunk.evaluate(book, first, 0..CHUNK, &context, true);
                chunks.push(Arc::new(chunk));
                continue;
            }
            let of_chunk = first..first + CHUNK as u32;
            let Some(chunk) = chunks.get(nth) else { continue };
            let mut over = Mask::default();
            if !chunk.valid.holds(at) {
                over = Mask::of(|position| !chunk.prices[position].holds(at));
            }
            if any_other {
                let is_other = |family: u32| other.get(family as usize) == Some(&true);
                over = over.or(Mask::of(|position| is_other(products.family[position])));
            }
            if moved {
                named.range(of_chunk.clone()).for_each(|number| over.set(place(*number).1));
            }
            let mut changed =
                self.changed.range(of_chunk).map(|number| place(*number).1).peekable();
            // What nothing is written to is shared with the version before.
            if over.is_empty() && changed.peek().is_none() {
                continue;
            }
            if let Some(chunk) = chunks.get_mut(nth) {
                chunk.evaluate(book, first, over.iter(), &context, false);
                chunk.evaluate(book, first, changed, &context, true);
            }
        }
        Columns { effective: Arc::new(effective), discounts, chunks }
    }

    /// Brings all columns to an instant, and those that are prepared to theirs.
    pub(super) fn refresh_all(&mut self, before: Option<&Classes>, at: Instant) {
        if let Some(prepared) = self.index.prepared.take_if(|prepared| prepared.from <= at) {
            self.index.columns = prepared.columns;
        }
        let columns = std::mem::take(&mut self.index.columns);
        self.index.columns = self.refresh_each(columns, before, at);
        if let Some(Prepared { from, columns }) = self.index.prepared.take() {
            let columns = self.refresh_each(columns, before, from);
            self.index.prepared = Some(Prepared { from, columns });
        }
    }

    fn refresh_each(
        &self,
        columns: Vec<Columns>,
        before: Option<&Classes>,
        at: Instant,
    ) -> Vec<Columns> {
        let with_market = columns.into_iter().enumerate();
        with_market.map(|(market, of)| self.refresh(market, of, before, at)).collect()
    }
}
