//! Compares a product in one version of the index with the same product in another version.
//!
//! The audit makes the second version from the store alone. Numbers differ between the two, so
//! each version is read here without them: every number is replaced by what it stands for.

use std::collections::BTreeSet;

use super::Index;
use super::amounts::Columns;
use super::packed::place;
use super::prices::{self, Amounts};
use super::products::ProductChunk;
use super::row::PackedCard;
use crate::instant::Window;
use crate::listing::ListingKey;
use crate::product::Brand;

/// Everything that listings, facets, filters and cards read of one product.
///
/// Two versions of the index that were made from the same facts, for the same markets and the same
/// instant, have equal states, in whatever order the facts came.
#[derive(Clone, PartialEq, Debug)]
pub struct ProductState {
    row: RowState,
    /// The listings that the product's row names.
    listings: BTreeSet<ListingKey>,
    /// The listings whose members the product is one of.
    member_of: BTreeSet<ListingKey>,
    values: BTreeSet<ValueState>,
    /// Units of each variant; whether any variant, and whether every variant is in stock.
    stock: (Vec<i64>, bool, bool),
    prices: Vec<u8>,
    /// Each market, by its position, and group that has prices of its own for the product.
    priced_for: BTreeSet<(u16, String)>,
    card: Option<PackedCard>,
    /// The variants that are found by their SKU.
    found_by_sku: Vec<bool>,
    /// The ids of the discounts that reach each variant.
    discounts: Vec<Vec<String>>,
    amounts: Vec<AmountState>,
}

#[derive(Clone, PartialEq, Debug)]
struct RowState {
    version: u64,
    time: i64,
    visible_from: i64,
    brand: Option<Brand>,
    rating: u16,
    reviews: u32,
    /// Whether the average has at least one star, two, three and four.
    stars: Vec<bool>,
}

/// An attribute value, and the position of the variant that has it; without one, all have it.
type ValueState = (String, String, Option<u16>);

/// A product's amounts in one market.
#[derive(Clone, PartialEq, Debug)]
struct AmountState {
    variants: Vec<Amounts>,
    /// The final and the regular of the cheapest variant, and the final of the dearest one.
    bounds: [i64; 3],
    /// Whether any variant, and every variant has a price; any, and every one is on sale.
    masks: [bool; 4],
    /// The columns hold at the instant for which they were evaluated.
    holds: bool,
}

impl ProductState {
    /// The parts in which two states differ, by name; empty where they are equal.
    pub fn differences(&self, other: &ProductState) -> Vec<&'static str> {
        let parts = [
            ("row", self.row == other.row),
            ("listings", self.listings == other.listings),
            ("members", self.member_of == other.member_of),
            ("values", self.values == other.values),
            ("stock", self.stock == other.stock),
            ("prices", self.prices == other.prices),
            ("groups", self.priced_for == other.priced_for),
            ("card", self.card == other.card),
            ("skus", self.found_by_sku == other.found_by_sku),
            ("discounts", self.discounts == other.discounts),
            ("amounts", self.amounts == other.amounts),
        ];
        parts.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
    }
}

impl Index {
    /// The state of a product; `None` where this version does not have it.
    pub fn product_state(&self, product_id: &str) -> Option<ProductState> {
        let number = self.number_of(product_id)?;
        let (chunk, at) = self.book.chunk(number)?;
        let listings: BTreeSet<ListingKey> = self.listings_by_sets(chunk, at);
        let card = self.card(number);
        let skus = card.iter().flat_map(|card| &card.variants).map(|variant| &variant.sku);
        let is_found = |sku: &String| self.numbers_with_sku(sku).any(|found| found == number);
        let found_by_sku: Vec<bool> = skus.map(is_found).collect();
        let variants = 0..self.book.stock_of(number).len();
        Some(ProductState {
            row: self.row_state(chunk, at),
            member_of: self.member_of(number, &listings),
            listings,
            values: self.value_states(chunk, at),
            stock: self.stock_state(number),
            prices: self.book.prices_of(number).to_vec(),
            priced_for: self.priced_for(number),
            card,
            found_by_sku,
            discounts: variants.map(|variant| self.discounts_of(number, variant)).collect(),
            amounts: self.columns.iter().map(|of| self.amount_state(of, number)).collect(),
        })
    }

    fn row_state(&self, chunk: &ProductChunk, at: usize) -> RowState {
        let brand = self.members.brands.get(chunk.brand_text[at]);
        RowState {
            version: chunk.version[at],
            time: chunk.time[at],
            visible_from: chunk.visible_from[at],
            brand: brand.map(|brand| brand.as_ref().clone()),
            rating: chunk.rating(at),
            reviews: chunk.reviews[at],
            stars: chunk.stars.iter().map(|products| products.contains(at)).collect(),
        }
    }

    /// The product's listings, as facets and filters find them: by the sets of its chunk.
    fn listings_by_sets(&self, chunk: &ProductChunk, at: usize) -> BTreeSet<ListingKey> {
        let categories = chunk.of_categories.of(at);
        let categories = categories.iter().filter_map(|set| self.members.categories.get(*set));
        let brands = chunk.of_brand.of(at);
        let brands = brands.iter().filter_map(|key| self.members.keys.get(*key));
        let brands = brands.map(|key| ListingKey::clone(key));
        categories.flat_map(|set| set.listings()).chain(brands).collect()
    }

    /// Those of the listings whose members include the product, and the listing of everything.
    fn member_of(&self, number: u32, listings: &BTreeSet<ListingKey>) -> BTreeSet<ListingKey> {
        let all = listings.iter().chain([&ListingKey::All]);
        let has = |key: &&ListingKey| {
            self.members.products(key).is_some_and(|products| products.contains(number))
        };
        all.filter(has).cloned().collect()
    }

    fn value_states(&self, chunk: &ProductChunk, at: usize) -> BTreeSet<ValueState> {
        let shared = chunk.values.shared.of(at).into_iter().map(|value| (value, None));
        let own = chunk.values.own_of(at).into_iter().map(|own| (own.value, Some(own.variant)));
        let named = |(value, variant): (u32, Option<u16>)| {
            let name = self.values.name(self.values.head(value).name);
            (name.to_owned(), self.values.value(value).to_owned(), variant)
        };
        shared.chain(own).map(named).collect()
    }

    fn stock_state(&self, number: u32) -> (Vec<i64>, bool, bool) {
        let (chunk, at) = place(number);
        let units = self.book.stock_of(number).to_vec();
        let masks = self.book.stock.get(chunk);
        let (some, all) =
            masks.map_or((false, false), |chunk| (chunk.some.contains(at), chunk.all.contains(at)));
        (units, some, all)
    }

    fn priced_for(&self, number: u32) -> BTreeSet<(u16, String)> {
        let groups = prices::groups(self.book.prices_of(number));
        let is_known = |(market, group): &(u16, &str)| {
            let products = self.book.priced.of(usize::from(*market), group);
            products.is_some_and(|products| products.contains(number))
        };
        groups.filter(is_known).map(|(market, group)| (market, group.to_owned())).collect()
    }

    fn discounts_of(&self, number: u32, variant: usize) -> Vec<String> {
        let ranks = self.book.ranks_of(number, variant);
        let facts = ranks.into_iter().filter_map(|rank| self.book.discounts.fact(rank));
        facts.map(|fact| fact.discount_id.clone()).collect()
    }

    fn amount_state(&self, columns: &Columns, number: u32) -> AmountState {
        let (nth, at) = place(number);
        let chunk = columns.chunks.get(nth);
        let (variants, window) = columns.get(number).unwrap_or((&[], Window::EMPTY));
        let holds = columns.discounts.holds(self.at) && window.holds(self.at);
        let bounds = chunk.map_or([-1; 3], |c| [c.cheapest[at], c.regular[at], c.dearest[at]]);
        let masks = chunk.map_or([false; 4], |c| {
            let masks = [&c.some_priced, &c.all_priced, &c.some_on_sale, &c.all_on_sale];
            masks.map(|products| products.contains(at))
        });
        AmountState { variants: variants.to_vec(), bounds, masks, holds }
    }
}
