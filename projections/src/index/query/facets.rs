//! Facets: how many products there would be with one filter more, or another one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Index;
use super::super::amounts::AmountChunk;
use super::super::chunk_values::OwnValue;
use super::super::mask::Mask;
use super::super::prices::Amounts;
use super::super::products::{NOTHING, STARS};
use super::super::values::NARROW;
use super::counts::Counts;
use super::failures::{ChunkColumns, Outcome, Variants};
use super::filters::{
    AttributeFilter, BRAND, CompiledFilters, FIRST_ATTRIBUTE, Failures, PRICE, RATING,
};
use super::top::TopK;
use super::{AudienceView, Query};
use crate::instant::Instant;
use crate::listing::ListingKey;

/// The most brands, or categories.
const MAX_ENTRIES: usize = 100;

/// A brand or category, and how many products have it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EntryCount {
    pub id: String,
    pub name: Option<String>,
    pub count: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ValueCount {
    pub value: String,
    pub count: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NameCount {
    pub name: String,
    pub values: Vec<ValueCount>,
}

/// The lowest and the highest final.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct PriceRange {
    pub min: i64,
    pub max: i64,
}

/// Products by what they have, each under all filters but the facet's own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Facets {
    pub brands: Vec<EntryCount>,
    pub categories: Vec<EntryCount>,
    pub price: Option<PriceRange>,
    pub in_stock: u64,
    pub on_sale: u64,
    /// By the lowest average in question.
    pub rating: BTreeMap<&'static str, u64>,
    pub attributes: Vec<NameCount>,
    /// When a name in it may be another one.
    #[serde(skip)]
    pub changes_at: Instant,
}

/// What was seen of one product's variants.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Some variant fails nothing.
    selected: bool,
    /// The filters of which some variant fails no other.
    only: Failures,
    in_stock: bool,
    on_sale: bool,
}

impl Seen {
    fn variant(&mut self, failures: Failures, amounts: &Amounts, available: i64) {
        self.only |= if fails_one_at_most(failures) { failures } else { 0 };
        // A variant that fails the filter would not pass with it set.
        let selected = failures == 0;
        self.selected |= selected;
        self.in_stock |= selected & (available > 0);
        self.on_sale |= selected & amounts.is_on_sale();
    }

    /// Whether some variant fails nothing but this filter.
    fn but(&self, filter: Failures) -> bool {
        self.selected || self.only & filter != 0
    }
}

/// Only what fails no more can count in a facet.
pub(super) fn fails_one_at_most(failures: Failures) -> bool {
    failures & failures.wrapping_sub(1) == 0
}

/// Counts while a listing is scanned.
pub struct FacetCounts<'a> {
    index: &'a Index,
    filters: &'a CompiledFilters,
    brands: Counts,
    category_sets: Counts,
    values: Counts,
    /// By name: values beyond the first of a product, that has several by its variants.
    several: Counts,
    /// By the lowest average that counts.
    stars: [u64; STARS],
    in_stock: u64,
    on_sale: u64,
    lowest: i64,
    highest: i64,
    /// What was seen of the chunk that is counted.
    chunk: ChunkSeen,
}

/// What was seen of one chunk's products.
#[derive(Default)]
struct ChunkSeen {
    /// Some variant fails nothing.
    selected: Mask,
    /// Some variant fails no filter but that of brands.
    but_brand: Mask,
    /// Some variant fails no filter but that of ratings.
    but_rating: Mask,
    /// By attribute that is filtered by: some variant fails nothing else.
    only: Vec<Mask>,
    /// The products whose variants were looked at one by one.
    judged: Mask,
    /// Of those, the filters that each variant fails; all where it does not count.
    failures: Vec<Failures>,
}

impl<'a> FacetCounts<'a> {
    pub fn new(index: &'a Index, filters: &'a CompiledFilters) -> FacetCounts<'a> {
        let narrow = |end: usize| Counts::new(end.min(NARROW as usize));
        FacetCounts {
            index,
            filters,
            brands: narrow(index.members.keys.end()),
            category_sets: narrow(index.members.categories.end()),
            values: Counts::new(index.values.narrow_end()),
            several: narrow(index.values.names.end()),
            stars: [0; STARS],
            in_stock: 0,
            on_sale: 0,
            lowest: i64::MAX,
            highest: i64::MIN,
            chunk: ChunkSeen::default(),
        }
    }

    /// Counts what another one has counted of other products.
    pub fn add(&mut self, other: &FacetCounts<'_>) {
        self.brands.add_all(&other.brands);
        self.category_sets.add_all(&other.category_sets);
        self.values.add_all(&other.values);
        self.several.add_all(&other.several);
        for (count, more) in self.stars.iter_mut().zip(other.stars) {
            *count += more;
        }
        self.in_stock += other.in_stock;
        self.on_sale += other.on_sale;
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
    }

    /// Before the products of a chunk.
    pub fn begin(&mut self, columns: &ChunkColumns<'_>) {
        let (mut only, mut failures) =
            (std::mem::take(&mut self.chunk.only), std::mem::take(&mut self.chunk.failures));
        only.clear();
        only.resize(self.filters.attributes.len(), Mask::default());
        failures.clear();
        failures.resize(columns.stock.units.item_count(), Failures::MAX);
        self.chunk = ChunkSeen { only, failures, ..ChunkSeen::default() };
    }

    /// Counts products whose variants all fail the same.
    pub fn alike(
        &mut self,
        columns: &ChunkColumns<'_>,
        amounts: &AmountChunk,
        outcome: &Outcome<'_>,
    ) {
        let selected = outcome.selected;
        self.chunk.selected = selected;
        self.chunk.but_brand = selected.or(outcome.only(BRAND));
        self.chunk.but_rating = selected.or(outcome.only(RATING));
        for (nth, only) in (FIRST_ATTRIBUTE..).zip(&mut self.chunk.only) {
            *only = outcome.only(1 << nth);
        }
        self.in_stock += u64::from(selected.and(columns.stock.some).count());
        self.on_sale += u64::from(selected.and(amounts.some_on_sale).count());
        for at in selected.or(outcome.only(PRICE)).iter() {
            self.lowest = self.lowest.min(amounts.cheapest[at]);
            self.highest = self.highest.max(amounts.dearest[at]);
        }
    }

    /// Counts a product; answers its cheapest variant that fails nothing.
    pub fn product<'v>(
        &mut self,
        at: usize,
        columns: &ChunkColumns<'_>,
        variants: Variants<'v>,
    ) -> Option<&'v Amounts> {
        let (mut seen, mut cheapest) = (Seen::default(), None::<&Amounts>);
        let of_product =
            self.chunk.failures.get_mut(columns.stock.units.range(at)).unwrap_or_default();
        for (variant, amounts, available, failures) in variants.judged(self.filters) {
            seen.variant(failures, amounts, available);
            if let Some(known) = of_product.get_mut(variant) {
                *known = failures;
            }
            if failures & !PRICE == 0 {
                self.lowest = self.lowest.min(amounts.final_amount);
                self.highest = self.highest.max(amounts.final_amount);
            }
            if failures == 0 && cheapest.is_none_or(|known| amounts.is_cheaper_than(known)) {
                cheapest = Some(amounts);
            }
        }
        self.count(at, seen);
        cheapest
    }

    fn count(&mut self, at: usize, seen: Seen) {
        let chunk = &mut self.chunk;
        chunk.judged.set(at);
        chunk.selected.put(at, seen.selected);
        chunk.but_brand.put(at, seen.but(BRAND));
        chunk.but_rating.put(at, seen.but(RATING));
        for (nth, only) in (FIRST_ATTRIBUTE..).zip(&mut chunk.only) {
            only.put(at, !seen.selected && seen.only & (1 << nth) != 0);
        }
        self.in_stock += u64::from(seen.in_stock);
        self.on_sale += u64::from(seen.on_sale);
    }

    /// After the products of a chunk.
    pub fn end(&mut self, columns: &ChunkColumns<'_>) {
        let (seen, chunk) = (&self.chunk, columns.products);
        chunk.of_brand.count(seen.but_brand, |brand, products| self.brands.add(brand, products));
        let categories = &mut self.category_sets;
        chunk.of_categories.count(seen.selected, |set, products| categories.add(set, products));
        for (count, products) in self.stars.iter_mut().zip(chunk.stars) {
            *count += u64::from(seen.but_rating.and(products).count());
        }
        if !seen.selected.is_empty() || seen.only.iter().any(|only| !only.is_empty()) {
            self.values_of_chunk(columns);
        }
    }

    fn values_of_chunk(&mut self, columns: &ChunkColumns<'_>) {
        let (chunk, values) = (&columns.products.values, &self.index.values);
        let (judged, selected) = (self.chunk.judged, self.chunk.selected);
        let filters = self.filters.attributes.iter().zip(&self.chunk.only);
        // What fails only the filter of a name counts for its values as well.
        let counts_at_all =
            |(filter, only): &(&AttributeFilter, &Mask)| filter.name != NOTHING && !only.is_empty();
        let filters = || filters.clone().filter(counts_at_all);
        let (counts, several) = (&mut self.values, &mut self.several);
        chunk.shared.count(selected, |value, products| counts.add(value, products));
        for (filter, only) in filters() {
            chunk.shared.count(*only, |value, products| {
                if values.head(value).name == filter.name {
                    counts.add(value, products);
                }
            });
        }
        let alike = selected.without(judged);
        chunk.of_some.count(alike, |value, products| {
            counts.add(value, products);
            several.add(values.head(value).name, products);
        });
        chunk.names_of_some.count(alike, |name, products| several.take_off(name, products));
        for (filter, only) in filters() {
            let only = only.without(judged);
            chunk.of_some.count(only, |value, products| {
                if values.head(value).name == filter.name {
                    counts.add(value, products);
                    several.add(filter.name, products);
                }
            });
            several
                .take_off(filter.name, chunk.names_of_some.having(filter.name).and(only).count());
        }
        self.judged_values(columns);
    }

    /// Values of single variants, of products that were judged one by one. They are in the order of
    /// names, then of values: what several variants have stands together.
    fn judged_values(&mut self, columns: &ChunkColumns<'_>) {
        let mut last: Option<&OwnValue> = None;
        let mut products = Mask::default();
        for own in columns.products.values.own_in(self.chunk.judged) {
            if last.is_some_and(|last| last.name != own.name) {
                products = Mask::default();
            }
            let is_again =
                last.is_some_and(|last| (last.value, last.product) == (own.value, own.product));
            if is_again || !self.counts(own, columns) {
                continue;
            }
            self.values.add(own.value, 1);
            let at = usize::from(own.product);
            if products.contains(at) {
                self.several.add(own.name, 1);
            }
            products.set(at);
            last = Some(own);
        }
    }

    /// Whether a variant counts for values of this name.
    fn counts(&self, own: &OwnValue, columns: &ChunkColumns<'_>) -> bool {
        let product = columns.stock.units.range(usize::from(own.product));
        let failures = self.chunk.failures.get(product.start + usize::from(own.variant));
        let mut filters = (FIRST_ATTRIBUTE..).zip(&self.filters.attributes);
        let filter = filters.find(|(_, filter)| filter.name == own.name);
        let only = filter.map_or(0, |(nth, _)| 1 << nth);
        failures.is_some_and(|failures| failures & !only == 0)
    }

    /// The facets of all that was counted.
    pub(super) fn finish(self, view: &AudienceView<'_>, query: &Query<'_>) -> Facets {
        let index = self.index;
        let mut brands = TopEntries::new(MAX_ENTRIES, query.filters.brands.iter());
        self.brands.each(|number, count| {
            if let Some(key) = index.members.keys.get(number) {
                brands.count(key.id(), count);
            }
        });
        let mut categories = TopEntries::new(MAX_ENTRIES, std::iter::empty());
        for (id, count) in children(index, query.listing, self.category_sets) {
            categories.count(id, count);
        }
        let mut names = Names { view, query, changes_at: Instant::MAX };
        let price = PriceRange { min: self.lowest, max: self.highest };
        Facets {
            brands: names.of(brands, ListingKey::Brand),
            categories: names.of(categories, ListingKey::Category),
            price: (self.lowest <= self.highest).then_some(price),
            in_stock: self.in_stock,
            on_sale: self.on_sale,
            rating: ["1", "2", "3", "4"].into_iter().zip(self.stars).collect(),
            attributes: super::attributes::facets(
                &index.values,
                query.filters,
                self.values,
                self.several,
            ),
            changes_at: names.changes_at,
        }
    }
}

type ByCount = fn(&(&str, u64), &(&str, u64)) -> Ordering;

/// Most products first, then byte order; what was requested and is not among them comes after.
pub(super) struct TopEntries<'a> {
    best: TopK<(&'a str, u64), ByCount>,
    requested: BTreeMap<&'a str, u64>,
}

impl<'a> TopEntries<'a> {
    pub fn new(limit: usize, requested: impl Iterator<Item = &'a String>) -> TopEntries<'a> {
        let by_count: ByCount = |a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
        let requested = requested.map(|id| (id.as_str(), 0)).collect();
        TopEntries { best: TopK::new(limit, by_count), requested }
    }

    pub fn count(&mut self, id: &'a str, count: u64) {
        if !self.requested.is_empty()
            && let Some(requested) = self.requested.get_mut(id)
        {
            *requested = count;
        }
        self.best.push((id, count));
    }

    pub fn into_sorted(mut self) -> Vec<(&'a str, u64)> {
        let mut all = self.best.into_sorted();
        for (id, _) in &all {
            self.requested.remove(id);
        }
        all.extend(self.requested);
        all
    }
}

/// The categories below the listing's own, by how many of the counted products are in each.
fn children<'a>(index: &'a Index, listing: &ListingKey, sets: Counts) -> BTreeMap<&'a str, u64> {
    let parent = match listing {
        ListingKey::Category(id) => Some(id.as_str()),
        ListingKey::All | ListingKey::Brand(_) => None,
    };
    let mut counts = BTreeMap::new();
    sets.each(|number, count| {
        let set = index.members.categories.get(number);
        for id in set.into_iter().flat_map(|set| set.children(parent)) {
            *counts.entry(id).or_default() += count;
        }
    });
    counts
}

/// What brands and categories are called, and until when.
struct Names<'a> {
    view: &'a AudienceView<'a>,
    query: &'a Query<'a>,
    changes_at: Instant,
}

impl Names<'_> {
    fn of(
        &mut self,
        counts: TopEntries<'_>,
        key: impl Fn(String) -> ListingKey,
    ) -> Vec<EntryCount> {
        let entry = |(id, count): (&str, u64)| {
            let (index, query) = (self.view.index, self.query);
            let named = index.name(&key(id.to_owned()), query.market, query.locale, query.at);
            self.changes_at = self.changes_at.min(named.until);
            EntryCount { id: id.to_owned(), name: named.name.map(str::to_owned), count }
        };
        counts.into_sorted().into_iter().map(entry).collect()
    }
}
