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
    /// By number.
    families: Vec<bool>,
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
        let ranks = book.discounts.ranks_of(discounts);
        if ranks.is_empty() {
            return;
        }
        let is_one = |rank: &Rank| ranks.contains(rank);
        let classes = (0..book.classes.len() as u32).map(|class| book.classes.ranks(class));
        let reached: Vec<bool> = classes.map(|ranks| ranks.iter().any(is_one)).collect();
        self.families.resize(self.families.len().max(families.end()), false);
        for (family, is_reached) in (0..).zip(&mut self.families) {
            let class = book.classes.of(family);
            *is_reached |= reached.get(class as usize).is_some_and(|reached| *reached);
        }
        let named = book.direct.iter().filter(|(_, direct)| direct.all().iter().any(is_one));
        self.named.extend(named.map(|(number, _)| *number));
    }

    /// Tells of all products of the families.
    pub fn tell(&self, book: &PriceBook, changed: &mut Changed) {
        changed.products.extend(self.named.iter().copied());
        if !self.families.contains(&true) {
            return;
        }
        let is_reached = |family: &u32| self.families.get(*family as usize) == Some(&true);
        let chunks = (0..).step_by(CHUNK).zip(book.products.iter());
        let reached = chunks.flat_map(|(first, chunk)| {
            let of_chunk = (first..).zip(&chunk.family);
            of_chunk.filter(|(_, family)| is_reached(family)).map(|(number, _)| number)
        });
        // In their order: numbers that are put one by one are looked up one by one.
        match RoaringBitmap::from_sorted_iter(reached) {
            Ok(reached) => changed.products |= reached,
            Err(_) => debug_assert!(false, "numbers are in order"),
        }
    }
}
