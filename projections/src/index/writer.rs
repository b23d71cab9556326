//! Makes one version of the index from the one before: products and discounts in, an immutable
//! [`Index`] out.

mod evaluation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::amounts::{AmountChunk, Columns, PriceBook};
use super::changed::Changed;
use super::chunks::{Chunks, chunk_mut, record};
use super::discounts::ScopedDiscount;
use super::image::Image;
use super::interner::Interner;
use super::lookup::hash_of;
use super::members::{Heading, MemberNumbers};
use super::numbering::Numbering;
use super::packed::{Packed, place};
use super::part::IndexPart;
use super::prices::Amounts;
use super::products::{NOTHING, ProductChunk};
use super::stock::StockChunk;
use super::values::ValueNumbers;
use super::{Family, Index, Prepared, prices, row};
use crate::instant::Instant;
use crate::listing::ListingKey;
use crate::market::Market;
use crate::product::Variant;

/// The index as it is being written.
#[derive(Debug)]
pub struct Writer {
    pub(super) index: Index,
    pub(super) members: MemberNumbers,
    pub(super) families: Interner<Family>,
    pub(super) values: ValueNumbers,
    scoped: BTreeMap<String, ScopedDiscount>,
    pub(super) numbering: Numbering,
    /// Products of which amounts are to be evaluated anew.
    changed: BTreeSet<u32>,
    /// Products that changed, by the listings whose heading may be another one for it.
    headings: BTreeMap<u32, BTreeSet<u32>>,
    discounts_changed: bool,
    /// While they had, families or products came: what reaches those is not known yet.
    unplaced: bool,
    /// Products that a discount names, or named before: their amounts are to be reduced anew.
    renamed: BTreeSet<u32>,
    /// A version was made: what follows from all products is there.
    is_published: bool,
    /// Nothing was put or removed since.
    is_current: bool,
    /// Ids of the discounts that are other ones than in the last version.
    other_discounts: BTreeSet<String>,
    told: Changed,
}

/// What a product's row uses, by number.
#[derive(Debug)]
struct Uses {
    listings: Vec<u32>,
    brand_text: u32,
    categories: u32,
    family: u32,
    values: Vec<u32>,
    /// Its event's time, and from when on it is visible; `None`: there is no product.
    named_by: Option<(i64, i64)>,
}

impl Uses {
    /// Of no product.
    const NONE: Uses = Uses {
        listings: Vec::new(),
        brand_text: NOTHING,
        categories: NOTHING,
        family: NOTHING,
        values: Vec::new(),
        named_by: None,
    };
}

/// Writes a record where it is another one; whether it was.
fn set<T: Copy + PartialEq>(chunks: &mut Chunks<Packed<T>>, number: u32, record: &[T]) -> bool {
    let changed = self::record(chunks, number) != record;
    if changed {
        let (chunk, at) = chunk_mut(chunks, number);
        chunk.set(at, record);
    }
    changed
}

fn set_stock(chunks: &mut Chunks<StockChunk>, number: u32, units: &[i64]) -> bool {
    let (chunk, at) = place(number);
    let changed = chunks.get(chunk).map_or(&[][..], |chunk| chunk.units.get(at)) != units;
    if changed {
        let (chunk, at) = chunk_mut(chunks, number);
        chunk.set(at, units);
    }
    changed
}

impl Writer {
    /// Empty, with columns for everyone in each market.
    pub fn new(markets: Vec<Market>) -> Writer {
        let book = PriceBook { markets: markets.into(), ..PriceBook::default() };
        let mut writer = Writer {
            index: Index::empty(book),
            members: MemberNumbers::default(),
            families: Interner::default(),
            values: ValueNumbers::default(),
            scoped: BTreeMap::new(),
            numbering: Numbering::default(),
            changed: BTreeSet::new(),
            headings: BTreeMap::new(),
            discounts_changed: true,
            unplaced: true,
            renamed: BTreeSet::new(),
            is_published: false,
            is_current: false,
            other_discounts: BTreeSet::new(),
            told: Changed::default(),
        };
        let markets = writer.index.book.markets.len();
        writer.index.columns.resize_with(markets, Columns::default);
        writer
    }

    /// What is known of a product now. What its own event says is looked at only where that is
    /// another one.
    pub fn put(&mut self, part: &IndexPart) {
        self.is_current = false;
        let known = self.index.number_of(&part.product_id);
        if let Some(number) = known.filter(|number| self.version_of(*number) == part.version) {
            self.put_reviews(number, part);
            self.put_amounts(number, part, false);
            return;
        }
        let categories = self.members.take_categories(&part.categories);
        let number = known.unwrap_or_else(|| {
            let first = self.members.first_listing(categories);
            self.numbering.take(first)
        });
        if known.is_none() {
            self.index.ids.insert(hash_of(part.product_id.as_str()), number);
            Arc::make_mut(&mut self.members.shared.everything).insert(number);
        }
        // What both use keeps its number.
        let before = known.map(|number| self.uses_of(number));
        let skus_before = known.map_or_else(Vec::new, |number| self.skus_of(number));
        let after = self.put_row(number, part, categories);
        self.put_skus(number, &skus_before, &part.variants);
        let is_moved = before.as_ref().is_none_or(|before| before.family != after.family);
        if known.is_none() {
            self.told.products.insert(number);
        }
        self.replace(number, before.as_ref(), &after);
        self.put_amounts(number, part, is_moved);
    }

    /// There is no such product any more.
    pub fn remove(&mut self, product_id: &str) {
        let Some(number) = self.index.number_of(product_id) else { return };
        self.is_current = false;
        self.put_skus(number, &self.skus_of(number), &[]);
        let before = self.uses_of(number);
        let first = self.members.first_listing(before.categories);
        self.replace(number, Some(&before), &Uses::NONE);
        Arc::make_mut(&mut self.members.shared.everything).remove(number);
        self.index.ids.remove(hash_of(product_id), number);
        let book = &mut self.index.book;
        let (products, at) = chunk_mut(&mut book.products, number);
        products.clear(at);
        set_stock(&mut book.stock, number, &[]);
        book.priced.replace(number, record(&book.prices, number), &[]);
        set(&mut book.prices, number, &[]);
        set(&mut self.index.cards, number, &[]);
        if book.direct.contains_key(&number) {
            Arc::make_mut(&mut book.direct).remove(&number);
        }
        self.changed.insert(number);
        self.told.products.insert(number);
        self.numbering.give_back(first, number);
    }

    /// What is known of a discount now.
    pub fn put_discount(&mut self, discount: ScopedDiscount) {
        let id = &discount.discount_id;
        if self.scoped.get(id) != Some(&discount) {
            self.discounts_changed = true;
            self.other_discounts.insert(id.clone());
            self.scoped.insert(id.clone(), discount);
        }
    }

    /// There is no such discount any more.
    pub fn remove_discount(&mut self, discount_id: &str) {
        if self.scoped.remove(discount_id).is_some() {
            self.discounts_changed = true;
            self.other_discounts.insert(discount_id.to_owned());
        }
    }

    /// The ids of all discounts.
    pub fn discount_ids(&self) -> impl Iterator<Item = &str> {
        self.scoped.keys().map(String::as_str)
    }

    /// The ids of all products that it holds now.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.members.shared.everything.iter().map(|number| self.index.id(number))
    }

    /// How many products it holds now.
    pub fn len(&self) -> u64 {
        self.members.shared.everything.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that a version of this takes, about: also where none was made yet.
    pub fn bytes(&self) -> usize {
        let index = &self.index;
        let variants = index.book.stock.iter().map(|chunk| chunk.units.bytes());
        let amounts = variants.sum::<usize>() * size_of::<Amounts>() / size_of::<i64>();
        let amounts = amounts + index.book.products.len() * AmountChunk::COLUMN_BYTES;
        let others =
            index.bytes().into_iter().filter(|(part, _)| !matches!(*part, "amounts" | "values"));
        let others: usize = others.map(|(_, bytes)| bytes).sum();
        others + self.values.shared().bytes() + amounts * index.columns.len()
    }

    /// From now on, versions hold a second set of columns beside their own, evaluated for an
    /// instant to come. Readers who ask for that instant, or a later one, read those. The first
    /// version that is published at the instant, or later, takes them over as its own.
    pub fn prepare(&mut self, from: Instant) {
        self.is_current = false;
        self.index.prepared = Some(Prepared { from, columns: self.index.columns.clone() });
    }

    /// A version in which all columns hold at an instant.
    pub fn publish(&mut self, at: Instant) -> Index {
        self.members.share();
        let index = &mut self.index;
        index.values = self.values.shared();
        index.families = self.families.shared.clone();
        index.members = self.members.shared.clone();
        let before = self.discounts_changed.then(|| Arc::clone(&self.index.book.classes));
        if before.is_some() {
            self.spread_discounts();
        }
        self.refresh_all(before.as_deref(), at);
        self.changed.clear();
        self.renamed.clear();
        self.discounts_changed = false;
        self.set_headings(at);
        self.index.members = self.members.shared.clone();
        (self.is_published, self.is_current) = (true, true);
        self.index.at = at;
        self.index.clone()
    }

    /// The last version, to go on from elsewhere; `None` where something was put since.
    pub fn image(&self) -> Option<Image> {
        let (numbering, wide) = (&self.numbering, self.values.wide_numbers());
        self.is_current.then(|| Image {
            index: self.index.clone(),
            numbering: numbering.clone(),
            wide_numbers: wide.clone(),
        })
    }

    /// What is another one in the last version than in that of the last call.
    pub fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.told)
    }

    /// The version of the event that a product's row was made from; 0 where there is none.
    fn version_of(&self, number: u32) -> u64 {
        self.index.book.chunk(number).map_or(0, |(chunk, at)| chunk.version[at])
    }

    /// What the row of a product uses, and what names of listings follow from.
    fn uses_of(&self, number: u32) -> Uses {
        let Some((chunk, at)) = self.index.book.chunk(number) else { return Uses::NONE };
        let own = chunk.values.own_of(at).into_iter().map(|own| own.value);
        Uses {
            listings: self.members.listings_of(chunk.categories[at], chunk.brand_text[at]),
            brand_text: chunk.brand_text[at],
            categories: chunk.categories[at],
            family: chunk.family[at],
            values: chunk.values.shared.of(at).into_iter().chain(own).collect(),
            named_by: Some((chunk.time[at], chunk.visible_from[at])),
        }
    }

    fn skus_of(&self, number: u32) -> Vec<String> {
        let card = self.index.card(number);
        card.into_iter().flat_map(|card| card.variants).map(|variant| variant.sku).collect()
    }

    /// Listings hold a product by what its row uses now, and what it used before is given back.
    fn replace(&mut self, number: u32, before: Option<&Uses>, after: &Uses) {
        self.touch_headings(number, before, after);
        let listings = before.map_or(&[][..], |before| &before.listings);
        self.members.move_product(number, listings, &after.listings);
        let Some(before) = before else { return };
        let first = self.members.first_listing(before.categories);
        for value in &before.values {
            self.values.give_back(*value, first);
        }
        self.families.give_back(before.family);
        for gone in self.members.give_back(before.categories, before.brand_text) {
            self.headings.remove(&gone);
        }
    }

    /// A listing's name may be another one where a product comes or goes, calls it otherwise, or
    /// has another event.
    fn touch_headings(&mut self, number: u32, before: Option<&Uses>, after: &Uses) {
        let names = |uses: &Uses| (uses.named_by, uses.brand_text, uses.categories);
        // The first version looks through all listings.
        if !self.is_published || before.is_some_and(|before| names(before) == names(after)) {
            return;
        }
        let before = before.map_or(&[][..], |before| &before.listings);
        for listing in before.iter().chain(&after.listings) {
            let touched = self.headings.entry(*listing).or_default();
            if touched.is_empty() {
                // Now: a listing that loses its last product has no key any more.
                let key = self.members.keys.shared.get(*listing);
                self.told.headings.extend(key.map(|key| ListingKey::clone(key)));
            }
            touched.insert(number);
        }
    }

    /// Who names each listing that was touched.
    fn set_headings(&mut self, at: Instant) {
        let (members, book) = (&self.index.members, &self.index.book);
        let headings: Vec<(u32, Heading)> = if self.is_published {
            let touched = std::mem::take(&mut self.headings).into_iter();
            let heading = |(number, touched)| {
                let heading = members.update_heading(book, number, &touched, at);
                (number, heading.unwrap_or_else(|| members.find_heading(book, number, at)))
            };
            touched.map(heading).collect()
        } else {
            let all = || self.members.keys.shared.iter();
            self.told.headings.extend(all().map(|(_, key)| ListingKey::clone(key)));
            all().map(|(number, _)| (number, members.find_heading(book, number, at))).collect()
        };
        for (number, heading) in headings {
            self.members.set_heading(number, heading);
        }
    }

    fn put_skus(&mut self, number: u32, before: &[String], after: &[Variant]) {
        if before.iter().eq(after.iter().map(|variant| &variant.sku)) {
            return;
        }
        for sku in before {
            self.index.skus.remove(hash_of(sku.as_str()), number);
        }
        for variant in after {
            self.index.skus.insert(hash_of(variant.sku.as_str()), number);
        }
    }

    fn put_row(&mut self, number: u32, part: &IndexPart, categories: u32) -> Uses {
        let brand_text = self.members.take_brand(part.brand.as_ref());
        let brand = self.members.listing_of_brand(brand_text).unwrap_or(NOTHING);
        let (family, is_new) = self.families.take(Family { brand, categories });
        self.unplaced |= self.discounts_changed;
        if is_new && !self.discounts_changed {
            let ranks = self.ranks_of(Family { brand, categories });
            Arc::make_mut(&mut self.index.book.classes).set(family, ranks);
        }
        let first = self.members.first_listing(categories);
        let values = row::values(part, first, &mut self.values);
        let row = row::row(part, (brand, brand_text, categories, family), &values);
        let (chunk, at) = place(number);
        let is_same = |known: &Arc<ProductChunk>| known.is_same(at, &row);
        let mut changed = !self.index.book.products.get(chunk).is_some_and(is_same);
        let (chunk, at) = chunk_mut(&mut self.index.book.products, number);
        chunk.set(at, &row);
        changed |= set(&mut self.index.cards, number, &row::packed_card(part));
        if changed {
            self.told.products.insert(number);
        }
        Uses {
            listings: self.members.listings_of(categories, brand_text),
            brand_text,
            categories,
            family,
            // They are asked for once it is replaced.
            values: Vec::new(),
            named_by: Some((row.time, row.visible_from)),
        }
    }

    /// Of a product whose own event is the same.
    fn put_reviews(&mut self, number: u32, part: &IndexPart) {
        let (rating, reviews) = (row::rating(part.reviews), row::reviews(part.reviews));
        let (chunk, at) = place(number);
        let is_same =
            |known: &Arc<ProductChunk>| known.rating(at) == rating && known.reviews[at] == reviews;
        let mut changed = !self.index.book.products.get(chunk).is_some_and(is_same);
        if changed {
            let (chunk, at) = chunk_mut(&mut self.index.book.products, number);
            chunk.set_reviews(at, rating, reviews);
        }
        changed |= set(&mut self.index.cards, number, &row::packed_card(part));
        if changed {
            self.told.products.insert(number);
        }
    }

    fn put_amounts(&mut self, number: u32, part: &IndexPart, is_moved: bool) {
        let book = &mut self.index.book;
        let variants = book.stock_of(number).len();
        let other_stock = set_stock(&mut book.stock, number, &row::stock(part));
        let packed = prices::pack(part, &book.markets);
        book.priced.replace(number, record(&book.prices, number), &packed);
        let mut changed = set(&mut book.prices, number, &packed);
        if other_stock || changed {
            self.told.products.insert(number);
        }
        changed |= is_moved || variants != part.variants.len();
        if !self.discounts_changed {
            let skus = part.variants.iter().map(|variant| variant.sku.as_str());
            let direct = book.discounts.direct(&part.product_id, skus);
            if book.direct.get(&number).map(Arc::as_ref) != direct.as_ref() {
                changed = true;
                let all = Arc::make_mut(&mut book.direct);
                match direct {
                    Some(direct) => all.insert(number, Arc::new(direct)),
                    None => all.remove(&number),
                };
            }
        }
        if changed {
            self.changed.insert(number);
        }
    }
}
