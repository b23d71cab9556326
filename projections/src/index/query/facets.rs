//! Facets: how many products there would be with one filter more, or another one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Index;
use super::super::prices::Amounts;
use super::super::products::{NOTHING, OwnValue, ProductChunk};
use super::super::values::NARROW;
use super::counts::Counts;
use super::filters::{BRAND, CompiledFilters, FIRST_ATTRIBUTE, Failures, PRICE, RATING};
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
#[derive(Default)]
pub struct VariantTally {
    /// Some variant fails nothing.
    selected: bool,
    /// The filters of which some variant fails no other.
    only: Failures,
    in_stock: bool,
    on_sale: bool,
    price: Option<PriceRange>,
    /// Which filter each variant fails, by its position; all for one that does not count.
    failures: Vec<Failures>,
}

impl VariantTally {
    pub fn variant(
        &mut self,
        variant: usize,
        failures: Failures,
        amounts: &Amounts,
        available: i64,
    ) {
        self.failures.resize(variant, Failures::MAX);
        if failures & failures.wrapping_sub(1) != 0 {
            return;
        }
        self.selected |= failures == 0;
        self.only |= failures;
        // A variant that fails the filter would not pass with it set.
        self.in_stock |= failures == 0 && available > 0;
        self.on_sale |= failures == 0 && amounts.final_amount < amounts.regular;
        if failures & !PRICE == 0 {
            let PriceRange { min, max } = self
                .price
                .unwrap_or(PriceRange { min: amounts.final_amount, max: amounts.final_amount });
            let price = amounts.final_amount;
            self.price = Some(PriceRange { min: min.min(price), max: max.max(price) });
        }
        self.failures.push(failures);
    }

    /// Whether some variant fails nothing but this filter.
    fn but(&self, filter: Failures) -> bool {
        self.selected || self.only & filter != 0
    }

    fn clear(&mut self) {
        let mut failures = std::mem::take(&mut self.failures);
        failures.clear();
        *self = VariantTally { failures, ..VariantTally::default() };
    }
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
    rating: [u64; 4],
    in_stock: u64,
    on_sale: u64,
    price: Option<PriceRange>,
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
            rating: [0; 4],
            in_stock: 0,
            on_sale: 0,
            price: None,
        }
    }

    /// Counts a product by what was seen of its variants.
    pub fn product(&mut self, chunk: &ProductChunk, at: usize, seen: &mut VariantTally) {
        if seen.selected || seen.only != 0 {
            if seen.but(BRAND) && chunk.brand[at] != NOTHING {
                self.brands.add(chunk.brand[at]);
            }
            if seen.selected && chunk.categories[at] != NOTHING {
                self.category_sets.add(chunk.categories[at]);
            }
            if seen.but(RATING) {
                for (stars, count) in (1u16..).zip(&mut self.rating) {
                    *count += u64::from(chunk.rating[at] >= stars * 100);
                }
            }
            self.in_stock += u64::from(seen.in_stock);
            self.on_sale += u64::from(seen.on_sale);
            if let Some(price) = seen.price {
                let all = self.price.unwrap_or(price);
                let (min, max) = (all.min.min(price.min), all.max.max(price.max));
                self.price = Some(PriceRange { min, max });
            }
            self.shared_values(chunk.shared.get(at), seen);
            let own = chunk.own.get(at);
            if !own.is_empty() {
                self.own_values(own, seen);
            }
        }
        seen.clear();
    }

    fn shared_values(&mut self, shared: &[u32], seen: &VariantTally) {
        if seen.selected {
            shared.iter().for_each(|value| self.values.add(*value));
            return;
        }
        for (nth, name) in (FIRST_ATTRIBUTE..).zip(&self.filters.attributes) {
            if seen.only & (1 << nth) != 0 {
                let of_name = |value: &&u32| self.index.values.head(**value).name == *name;
                shared.iter().filter(of_name).for_each(|value| self.values.add(*value));
            }
        }
    }

    /// They are in the order of names, then of values: what several variants have stands together.
    fn own_values(&mut self, own: &[OwnValue], seen: &VariantTally) {
        let mut last: Option<&OwnValue> = None;
        for own in own {
            if last.is_some_and(|last| last.value == own.value) || !self.counts(own, seen) {
                continue;
            }
            self.values.add(own.value);
            if last.is_some_and(|last| last.name == own.name) {
                self.several.add(own.name);
            }
            last = Some(own);
        }
    }

    /// Whether the variant counts for values of this name.
    fn counts(&self, own: &OwnValue, seen: &VariantTally) -> bool {
        match seen.failures.get(usize::from(own.variant)) {
            None | Some(&Failures::MAX) => false,
            Some(0) => true,
            Some(failures) => {
                let mut filters = (FIRST_ATTRIBUTE..).zip(&self.filters.attributes);
                filters.any(|(nth, name)| *failures == 1 << nth && *name == own.name)
            }
        }
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
        Facets {
            brands: names.of(brands, ListingKey::Brand),
            categories: names.of(categories, ListingKey::Category),
            price: self.price,
            in_stock: self.in_stock,
            on_sale: self.on_sale,
            rating: ["1", "2", "3", "4"].into_iter().zip(self.rating).collect(),
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
