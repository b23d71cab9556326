//! A request's filters, in the numbers of one version.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Index;
use super::super::prices::Amounts;
use super::super::products::NOTHING;
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

/// Any of these values of a name.
#[derive(Debug)]
pub struct AttributeFilter {
    /// The number of the name; [`NOTHING`] where no product has it.
    pub name: u32,
    pub values: Vec<u32>,
}

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
    /// In the order of their bits.
    pub attributes: Vec<AttributeFilter>,
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
            attributes: Vec::new(),
        };
        for (name, values) in filters.attributes.iter().take(MAX_ATTRIBUTES) {
            compiled.attribute(name, values, &index.values);
        }
        compiled
    }

    fn attribute(&mut self, name: &str, wanted: &BTreeSet<String>, values: &Values) {
        let name = values.name_number(name);
        let number_of = |value: &String| values.number_of(name?, value);
        let values = wanted.iter().filter_map(number_of).collect();
        self.attributes.push(AttributeFilter { name: name.unwrap_or(NOTHING), values });
    }

    /// Which filters that look at a variant fail, but for those of attributes.
    #[inline]
    pub fn of_variant(&self, amounts: &Amounts, available: i64) -> Failures {
        let price = !self.prices.contains(&amounts.final_amount);
        let stock = self.in_stock && available <= 0;
        let sale = self.on_sale && !amounts.is_on_sale();
        Failures::from(price) * PRICE
            + Failures::from(stock) * IN_STOCK
            + Failures::from(sale) * ON_SALE
    }
}
