//! A request's filters, in the numbers of one version.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Index;
use super::super::numbers::NumberMap;
use super::super::products::{NOTHING, OwnValue, ProductChunk};
use super::super::values::Values;
use crate::listing::ListingKey;

pub use super::super::values::is_counted as is_filtered_by;

/// What a listing is narrowed to. All that look at a variant have to hold for one and the same.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filters {
    /// Any of these brands; empty: all.
    pub brands: BTreeSet<String>,
    /// On the variant's final, inclusive, minor units.
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    /// The variant's own stock is above 0.
    pub in_stock: bool,
    /// The variant's final is below its regular.
    pub on_sale: bool,
    /// The product's rounded average, in hundredths; 0 where there are no reviews.
    pub min_rating_hundredths: Option<i64>,
    /// By name: the variant has any of these values.
    pub attributes: BTreeMap<String, BTreeSet<String>>,
}

impl Filters {
    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Filters::default()
    }
}

/// One bit a filter that something fails.
pub type Failures = u32;

pub const BRAND: Failures = 1;
pub const RATING: Failures = 1 << 1;
pub const PRICE: Failures = 1 << 2;
pub const IN_STOCK: Failures = 1 << 3;
pub const ON_SALE: Failures = 1 << 4;
/// Of the first attribute's name; the next one's is the next bit.
pub const FIRST_ATTRIBUTE: u32 = 5;

/// The most names that a request can filter by: each has a bit.
pub const MAX_ATTRIBUTES: usize = 20;

/// The filters of one request.
#[derive(Debug)]
pub struct CompiledFilters {
    /// The numbers of the brands' listings, in order; `None`: any.
    pub brands: Option<Vec<u32>>,
    pub min_rating: i64,
    pub prices: std::ops::RangeInclusive<i64>,
    pub has_prices: bool,
    pub in_stock: bool,
    pub on_sale: bool,
    /// The numbers of the names of attributes that are filtered by, in the order of their bits.
    pub attributes: Vec<u32>,
    all_attributes: Failures,
    /// By a value's number, the filter that asks for it: in an array where numbers are small.
    narrow: Vec<Failures>,
    wide: NumberMap<Failures>,
    /// Some filter looks at variants.
    pub by_variant: bool,
}

impl CompiledFilters {
    pub fn new(filters: &Filters, index: &Index) -> CompiledFilters {
        let brand = |id: &String| index.members.number_of(&ListingKey::Brand(id.clone()));
        let mut brands: Vec<u32> = filters.brands.iter().filter_map(brand).collect();
        brands.sort_unstable();
        let has_prices = filters.min_price.is_some() || filters.max_price.is_some();
        let mut compiled = CompiledFilters {
            brands: (!filters.brands.is_empty()).then_some(brands),
            min_rating: filters.min_rating_hundredths.unwrap_or(i64::MIN),
            prices: filters.min_price.unwrap_or(i64::MIN)..=filters.max_price.unwrap_or(i64::MAX),
            has_prices,
            in_stock: filters.in_stock,
            on_sale: filters.on_sale,
            by_variant: has_prices
                || filters.in_stock
                || filters.on_sale
                || !filters.attributes.is_empty(),
            attributes: Vec::new(),
            all_attributes: 0,
            narrow: Vec::new(),
            wide: NumberMap::default(),
        };
        for (name, values) in filters.attributes.iter().take(MAX_ATTRIBUTES) {
            compiled.attribute(name, values, &index.values);
        }
        compiled
    }

    fn attribute(&mut self, name: &str, wanted: &BTreeSet<String>, values: &Values) {
        let filter = 1 << (FIRST_ATTRIBUTE + self.attributes.len() as u32);
        self.all_attributes |= filter;
        let name = values.name_number(name);
        self.attributes.push(name.unwrap_or(NOTHING));
        let Some(name) = name else { return };
        for number in wanted.iter().filter_map(|value| values.number_of(name, value)) {
            self.narrow.resize(values.narrow_end(), 0);
            match self.narrow.get_mut(number as usize) {
                Some(filters) => *filters |= filter,
                None => *self.wide.entry(number).or_default() |= filter,
            }
        }
    }

    /// Which filters that look at the product fail.
    pub fn of_product(&self, chunk: &ProductChunk, at: usize) -> Failures {
        let brands = self.brands.as_ref();
        let brand = brands.is_some_and(|brands| brands.binary_search(&chunk.brand[at]).is_err());
        let rating = self.min_rating > 0 && i64::from(chunk.rating[at]) < self.min_rating;
        Failures::from(brand) * BRAND + Failures::from(rating) * RATING
    }

    /// Which filters that look at a variant fail, but for those of attributes.
    pub fn of_variant(&self, final_amount: i64, regular: i64, available: i64) -> Failures {
        let price = !self.prices.contains(&final_amount);
        let stock = self.in_stock && available <= 0;
        let sale = self.on_sale && final_amount >= regular;
        Failures::from(price) * PRICE
            + Failures::from(stock) * IN_STOCK
            + Failures::from(sale) * ON_SALE
    }

    /// Which filters of attributes fail for all variants by the values that all of them have,
    /// unless a variant has a value of its own.
    pub fn of_shared(&self, shared: &[u32]) -> Failures {
        shared.iter().fold(self.all_attributes, |failures, value| failures & !self.wanted(*value))
    }

    /// Those of [`CompiledFilters::of_shared`] that the variant's own values do not mend.
    pub fn of_own(&self, failures: Failures, own: &[OwnValue], variant: usize) -> Failures {
        if failures == 0 {
            return 0;
        }
        let of_variant = own.iter().filter(|own| usize::from(own.variant) == variant);
        of_variant.fold(failures, |failures, own| failures & !self.wanted(own.value))
    }

    /// The filters that ask for a value: at most one, since a value is of one name.
    fn wanted(&self, value: u32) -> Failures {
        match self.narrow.get(value as usize) {
            Some(filters) => *filters,
            None if self.wide.is_empty() => 0,
            None => self.wide.get(&value).copied().unwrap_or(0),
        }
    }
}
