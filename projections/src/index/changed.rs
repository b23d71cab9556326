//! What is another one in a version than in the one before.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::Family;
use super::amounts::PriceBook;
use super::discounts::Rank;
use super::interner::Interned;
use super::packed::CHUNK;
use crate::listing::ListingKey;

/// What a publication changed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Changed {
    /// The numbers of products that are new, are gone, have another row, card, stock or price, or
    /// are reached by a discount that is another one. A number that is used again is here.
    pub products: RoaringBitmap,
    /// Categories and brands whose name may be another one.
    pub headings: BTreeSet<ListingKey>,
}

impl Changed {
    pub fn is_empty(&self) -> bool {
        self.products.is_empty() && self.headings.is_empty()
    }
}

/// The products that some discounts reach.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The discounts, as they are numbered in the book that is looked at.
    ranks: BTreeSet<Rank>,
    families: BTreeSet<u32>,
    named: BTreeSet<u32>,
}

impl Reached {
    /// Notes the families, and the products that are named, which the discounts with these ids reach.
    pub fn look(
        &mut self,
        discounts: &BTreeSet<String>,
        book: &PriceBook,
        families: &Interned<Family>,
    ) {
        self.ranks = book.discounts.ranks_of(discounts);
        if self.ranks.is_empty() {
            return;
        }
        let is_one = |rank: &Rank| self.ranks.contains(rank);
        let numbers = families.iter().map(|(number, _)| number);
        let reached =
            numbers.filter(|n| book.classes.ranks(book.classes.of(*n)).iter().any(is_one));
        self.families.extend(reached);
        let named = book.direct.iter().filter(|(_, direct)| direct.all().iter().any(is_one));
        self.named.extend(named.map(|(number, _)| *number));
    }

    /// Tells of all products of the families.
    pub fn tell(&self, book: &PriceBook, changed: &mut Changed) {
        changed.products.extend(self.named.iter().copied());
        if self.families.is_empty() {
            return;
        }
        for (nth, chunk) in book.products.iter().enumerate() {
            let first = (nth * CHUNK) as u32;
            let reached = (first..).zip(&chunk.family);
            let reached = reached.filter(|(_, family)| self.families.contains(family));
            changed.products.extend(reached.map(|(number, _)| number));
        }
    }
}
