//! Which products each listing holds, and which of them names it.

use std::collections::BTreeSet;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::amounts::PriceBook;
use super::categories::{CategorySet, own_name};
use super::chunks::{Chunks, chunk_mut};
use super::interner::{Entries, Interned, Interner};
use super::lookup::hash_of;
use super::packed::{CHUNK, place};
use super::products::{NOTHING, ProductChunk};
use crate::instant::{Instant, Window};
use crate::listing::ListingKey;
use crate::product::{Brand, Category};
use crate::text::Text;

/// The product that names a listing: of the visible ones that have a name for it, the one with the
/// newest event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heading {
    /// The product's number.
    pub product: Option<u32>,
    /// The `time` of its event.
    time: i64,
    /// When that is so.
    pub window: Window,
    /// The products that come before it and are not visible yet.
    to_come: Arc<[u32]>,
}

impl Default for Heading {
    fn default() -> Heading {
        let (product, time, window) = (None, i64::MIN, Window::ALWAYS);
        Heading { product, time, window, to_come: Arc::default() }
    }
}

/// A listing's products.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub products: Arc<RoaringBitmap>,
    pub heading: Heading,
}

/// The listings of one version, by the number of their key.
#[derive(Clone, Debug, Default)]
pub struct Members {
    pub keys: Interned<ListingKey>,
    listings: Chunks<Vec<Listing>>,
    pub everything: Arc<RoaringBitmap>,
    pub brands: Interned<Brand>,
    pub categories: Interned<CategorySet>,
}

impl Members {
    pub fn number_of(&self, key: &ListingKey) -> Option<u32> {
        self.keys.number_of(key)
    }

    /// All products of a listing, those that are not to be seen included; `None` where it has none.
    pub fn products(&self, key: &ListingKey) -> Option<&RoaringBitmap> {
        if *key == ListingKey::All {
            return Some(&self.everything);
        }
        self.listing(self.number_of(key)?).map(|listing| listing.products.as_ref())
    }

    fn listing(&self, number: u32) -> Option<&Listing> {
        let (chunk, at) = place(number);
        self.listings.get(chunk)?.get(at)
    }

    /// What a product calls a listing that it carries itself.
    pub fn own_name(&self, book: &PriceBook, product: u32, key: &ListingKey) -> Option<&Text> {
        let (chunk, at) = book.chunk(product)?;
        let categories = self.categories.get(chunk.categories[at]).map(Arc::as_ref);
        let brand = self.brands.get(chunk.brand_text[at]).map(Arc::as_ref);
        own_name(key, categories, brand)
    }

    /// Who names a listing at an instant.
    pub fn heading(&self, book: &PriceBook, number: u32, at: Instant) -> Heading {
        let known = self.listing(number).map(|listing| &listing.heading);
        let known = known.filter(|heading| heading.window.holds(at)).cloned();
        known.unwrap_or_else(|| self.find_heading(book, number, at))
    }

    /// Looks through all products of the listing.
    pub fn find_heading(&self, book: &PriceBook, number: u32, at: Instant) -> Heading {
        let Some(listing) = self.listing(number) else { return Heading::default() };
        self.best_of(book, number, listing.products.iter(), at)
    }

    /// Who names a listing after these of its products have changed. `None` where all of them have
    /// to be looked through.
    pub fn update_heading(
        &self,
        book: &PriceBook,
        number: u32,
        touched: &BTreeSet<u32>,
        at: Instant,
    ) -> Option<Heading> {
        let before = &self.listing(number)?.heading;
        if at < before.window.from {
            return None;
        }
        // All others come after the product that named the listing, or never name it.
        let candidates: BTreeSet<u32> =
            touched.iter().chain(before.to_come.iter()).copied().chain(before.product).collect();
        let heading = self.best_of(book, number, candidates.into_iter(), at);
        let was_touched = before.product.is_some_and(|product| touched.contains(&product));
        (!was_touched || heading.time > before.time).then_some(heading)
    }

    /// The heading of a listing that has only these products.
    fn best_of(
        &self,
        book: &PriceBook,
        number: u32,
        products: impl Iterator<Item = u32>,
        at: Instant,
    ) -> Heading {
        let Some(key) = self.keys.get(number) else { return Heading::default() };
        let mut best: Option<Candidate<'_>> = None;
        let mut to_come: Vec<Candidate<'_>> = Vec::new();
        for product in products {
            let Some(candidate) = Candidate::of(book, product) else { continue };
            if best.as_ref().is_some_and(|best| !candidate.is_before(best))
                || self.own_name(book, product, key).is_none()
            {
                continue;
            }
            if candidate.visible_from <= at.millis() {
                best = Some(candidate);
            } else {
                to_come.push(candidate);
            }
        }
        to_come.retain(|candidate| best.as_ref().is_none_or(|best| candidate.is_before(best)));
        let from = best.as_ref().map_or(Instant::MIN, |best| Instant(best.visible_from));
        let until = to_come.iter().map(|candidate| Instant(candidate.visible_from)).min();
        let window = Window { from, until: until.unwrap_or(Instant::MAX) };
        Heading {
            product: best.as_ref().map(|best| best.product),
            time: best.as_ref().map_or(i64::MIN, |best| best.time),
            window,
            to_come: to_come.iter().map(|candidate| candidate.product).collect(),
        }
    }
}

/// A product that may name a listing.
pub struct Candidate<'a> {
    product: u32,
    time: i64,
    id: &'a str,
    visible_from: i64,
}

impl<'a> Candidate<'a> {
    /// `None` where it is never visible.
    pub fn of(book: &'a PriceBook, product: u32) -> Option<Candidate<'a>> {
        let (chunk, at) = book.chunk(product)?;
        let visible_from = chunk.visible_from[at];
        let (time, id) = (chunk.time[at], chunk.id(at));
        (visible_from < i64::MAX).then_some(Candidate { product, time, id, visible_from })
    }

    /// Newest event first, then the smaller id.
    pub fn is_before(&self, other: &Candidate<'_>) -> bool {
        (other.time, self.id) < (self.time, other.id)
    }
}

/// Keeps the listings of the version that is being written.
#[derive(Debug, Default)]
pub struct MemberNumbers {
    /// Used by the categories and brands that products have.
    pub keys: Interner<ListingKey>,
    pub brands: Interner<Brand>,
    pub categories: Interner<CategorySet>,
    /// The listings of a set of categories, by its number.
    of_categories: Vec<Arc<[u32]>>,
    /// The listing of the first of them, which a product is next to others in.
    of_first: Vec<u32>,
    /// The listing of a brand, by the number of what it is called.
    of_brand: Vec<u32>,
    pub shared: Members,
}

impl MemberNumbers {
    /// Of contents that stand somewhere already: they have no products until those are restored.
    pub fn restore(
        keys: Chunks<Entries<ListingKey>>,
        brands: Chunks<Entries<Brand>>,
        categories: Chunks<Entries<CategorySet>>,
    ) -> MemberNumbers {
        let (keys, brands) = (Interner::restore(keys), Interner::restore(brands));
        let categories = Interner::restore(categories);
        let mut members = MemberNumbers { keys, brands, categories, ..MemberNumbers::default() };
        let sets: Vec<u32> = members.categories.shared.iter().map(|(number, _)| number).collect();
        sets.into_iter().for_each(|number| members.take_listings(number));
        let brands: Vec<u32> = members.brands.shared.iter().map(|(number, _)| number).collect();
        brands.into_iter().for_each(|number| members.take_listing(number));
        members
    }

    /// Counts the products of all listings, from their rows.
    pub fn restore_products(&mut self, chunks: &Chunks<ProductChunk>) {
        let mut everything = RoaringBitmap::new();
        let mut listings = vec![RoaringBitmap::new(); self.keys.shared.end()];
        for (nth, chunk) in chunks.iter().enumerate() {
            // Versions are positive where there is a product.
            for at in (0..CHUNK).filter(|at| chunk.version[*at] > 0) {
                let number = (nth * CHUNK + at) as u32;
                let (categories, brand) = (chunk.categories[at], chunk.brand_text[at]);
                everything.insert(number);
                self.categories.count(categories, 1);
                self.brands.count(brand, 1);
                for listing in self.listings_of(categories, brand) {
                    if let Some(products) = listings.get_mut(listing as usize) {
                        products.insert(number);
                    }
                }
            }
        }
        self.shared.everything = Arc::new(everything);
        for (number, products) in (0..).zip(listings).filter(|(_, products)| !products.is_empty()) {
            self.listing_mut(number).products = Arc::new(products);
        }
    }

    /// One more product in these categories; their number.
    pub fn take_categories(&mut self, own: &[Category]) -> u32 {
        if own.is_empty() {
            return NOTHING;
        }
        if let Some(number) = self.categories.shared.find(hash_of(own), |set| set.own == own) {
            self.categories.take_again(number);
            return number;
        }
        let number = self.categories.add(CategorySet { own: own.to_vec() });
        self.take_listings(number);
        number
    }

    /// Those of a set of categories.
    fn take_listings(&mut self, number: u32) {
        let Some(set) = self.categories.shared.get(number).cloned() else { return };
        let listings = set.listings().map(|key| self.keys.take(key).0).collect();
        let first = set.own.first().map(|category| ListingKey::Category(category.id.clone()));
        let first = first.and_then(|key| self.keys.shared.number_of(&key)).unwrap_or(NOTHING);
        put_at(&mut self.of_categories, number, listings);
        put_at(&mut self.of_first, number, first);
    }

    /// One more product of a brand; the number of what it is called.
    pub fn take_brand(&mut self, brand: Option<&Brand>) -> u32 {
        let Some(brand) = brand else { return NOTHING };
        if let Some(number) = self.brands.shared.number_of(brand) {
            self.brands.take_again(number);
            return number;
        }
        let number = self.brands.add(brand.clone());
        self.take_listing(number);
        number
    }

    /// That of a brand.
    fn take_listing(&mut self, number: u32) {
        let Some(brand) = self.brands.shared.get(number) else { return };
        let (listing, _) = self.keys.take(ListingKey::Brand(brand.id.clone()));
        put_at(&mut self.of_brand, number, listing);
    }

    /// One product less; the listings that are gone with it.
    pub fn give_back(&mut self, categories: u32, brand: u32) -> Vec<u32> {
        let mut unused: Vec<u32> = Vec::new();
        if self.categories.give_back(categories).is_some() {
            unused.extend(self.of_categories[categories as usize].iter());
        }
        if self.brands.give_back(brand).is_some() {
            unused.push(self.of_brand[brand as usize]);
        }
        unused.retain(|listing| self.keys.give_back(*listing).is_some());
        for listing in &unused {
            *self.listing_mut(*listing) = Listing::default();
        }
        unused
    }

    /// The listings of a product with these numbers.
    pub fn listings_of(&self, categories: u32, brand: u32) -> Vec<u32> {
        let of_categories = self.of_categories.get(categories as usize);
        let of_categories = of_categories.into_iter().flat_map(|listings| listings.iter().copied());
        of_categories.chain(self.listing_of_brand(brand)).collect()
    }

    /// The listing of the first of these categories.
    pub fn first_listing(&self, categories: u32) -> Option<u32> {
        self.of_first.get(categories as usize).copied().filter(|listing| *listing != NOTHING)
    }

    pub fn listing_of_brand(&self, brand: u32) -> Option<u32> {
        self.of_brand.get(brand as usize).copied()
    }

    /// Moves a product from some listings to others.
    pub fn move_product(&mut self, product: u32, before: &[u32], after: &[u32]) {
        for listing in before.iter().filter(|listing| !after.contains(listing)) {
            Arc::make_mut(&mut self.listing_mut(*listing).products).remove(product);
        }
        for listing in after.iter().filter(|listing| !before.contains(listing)) {
            Arc::make_mut(&mut self.listing_mut(*listing).products).insert(product);
        }
    }

    pub fn set_heading(&mut self, number: u32, heading: Heading) {
        self.listing_mut(number).heading = heading;
    }

    fn listing_mut(&mut self, number: u32) -> &mut Listing {
        let (chunk, at) = chunk_mut(&mut self.shared.listings, number);
        if chunk.len() <= at {
            chunk.resize_with(at + 1, Listing::default);
        }
        &mut chunk[at]
    }

    /// What readers see of it from now on.
    pub fn share(&mut self) {
        self.shared.keys = self.keys.shared.clone();
        self.shared.brands = self.brands.shared.clone();
        self.shared.categories = self.categories.shared.clone();
    }
}

/// Writes at a position, which may be the next one.
fn put_at<T: Clone>(all: &mut Vec<T>, at: u32, value: T) {
    match all.get_mut(at as usize) {
        Some(known) => *known = value,
        None => all.resize(at as usize + 1, value),
    }
}

impl Members {
    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        let listings = self.listings.iter().flat_map(|chunk| chunk.iter());
        let products = listings.map(|listing| listing.products.serialized_size() + 64);
        products.sum::<usize>()
            + self.everything.serialized_size()
            + self.keys.bytes()
            + self.brands.bytes()
            + self.categories.bytes()
    }
}
