//! What one product brings to the answers of a listing: a page that is kept is another one where
//! that of some product is.

use super::super::Index;
use super::super::card::CardFacts;
use super::super::prices::Amounts;
use super::AudienceView;
use super::facets::fails_one_at_most;
use super::failures::{ChunkColumns, ChunkFailures, Variants};
use super::filters::{CompiledFilters, Filters};
use super::order;
use crate::instant::Instant;
use crate::listing::{ListingKey, Sort};

/// What a product brings, in the numbers of one version.
#[derive(Clone, PartialEq, Debug)]
pub struct Contribution {
    /// The cheapest selected variant, and where the product stands.
    pub selected: Option<(usize, i64)>,
    /// When it may be another one with no event.
    pub changes_at: Instant,
    /// What facets count, where they are asked for and it counts anywhere.
    pub counted: Option<Box<Counted>>,
}

impl Default for Contribution {
    fn default() -> Contribution {
        Contribution { selected: None, changes_at: Instant::MAX, counted: None }
    }
}

/// What facets see of a product, but for its attribute values.
#[derive(Clone, PartialEq, Debug)]
pub struct Counted {
    brand: u32,
    categories: u32,
    rating: u16,
    /// The variants that fail one filter at most.
    variants: Vec<CountedVariant>,
}

#[derive(Clone, PartialEq, Debug)]
struct CountedVariant {
    position: usize,
    failures: u32,
    final_amount: i64,
    on_sale: bool,
    in_stock: bool,
}

/// One listing under one request's filters, as a version sees it.
pub struct ListingView<'a> {
    index: &'a Index,
    view: &'a AudienceView<'a>,
    listing: &'a ListingKey,
    filters: CompiledFilters,
    sort: Sort,
    facets: bool,
}

impl<'a> ListingView<'a> {
    pub fn new(
        view: &'a AudienceView<'a>,
        listing: &'a ListingKey,
        filters: &Filters,
        sort: Sort,
        facets: bool,
    ) -> ListingView<'a> {
        let index = view.index;
        let filters = CompiledFilters::new(filters, index);
        ListingView { index, view, listing, filters, sort, facets }
    }

    pub fn index(&self) -> &'a Index {
        self.index
    }

    /// The product's card, with the price of that variant.
    pub fn card(&self, product: u32, variant: usize) -> Option<CardFacts<'a>> {
        self.index.card_facts(self.view, product, Some(variant))
    }

    /// Whether a product has the same attribute values in another version. They follow from its own
    /// event: only where that is another one they are looked for.
    pub fn has_values_of(&self, other: &ListingView<'_>, product: u32) -> bool {
        let (was, is) = (self.index.book.chunk(product), other.index.book.chunk(product));
        let (Some((was, at)), Some((is, _))) = (was, is) else { return false };
        was.version[at] == is.version[at]
            || was.values.shared.of(at) == is.values.shared.of(at)
                && was.values.own_of(at) == is.values.own_of(at)
    }

    /// What a product brings; nothing where it is not in the listing.
    pub fn contribution(&self, product: u32) -> Contribution {
        let products = self.index.members.products(self.listing);
        let Some((columns, at)) = ChunkColumns::of(&self.index.book, product) else {
            return Contribution::default();
        };
        if !products.is_some_and(|products| products.contains(product)) {
            return Contribution::default();
        }
        let chunk = columns.products;
        let visible_from = Instant(chunk.visible_from[at]);
        let changes_at = self.view.changes_at(product);
        if visible_from > self.view.at {
            return Contribution { changes_at, ..Contribution::default() };
        }
        let mut scratch = Vec::new();
        let (amounts, _) = self.view.amounts(product, &mut scratch);
        let failures = ChunkFailures::of(&self.filters, &columns);
        let failures = failures.of_product(&columns, at);
        let variants = Variants { amounts, stock: columns.stock.units.get(at), failures };
        let selected = variants.cheapest(&self.filters);
        let counts = |failures| self.facets && fails_one_at_most(failures);
        let count = |(position, amounts, available, failures): (usize, &Amounts, i64, u32)| {
            let (on_sale, in_stock) = (amounts.is_on_sale(), available > 0);
            let final_amount = amounts.final_amount;
            counts(failures).then_some(CountedVariant {
                position,
                failures,
                final_amount,
                on_sale,
                in_stock,
            })
        };
        let variants: Vec<CountedVariant> =
            variants.judged(&self.filters).filter_map(count).collect();
        let counted = (!variants.is_empty()).then(|| {
            Box::new(Counted {
                brand: chunk.brand[at],
                categories: chunk.categories[at],
                rating: chunk.rating(at),
                variants,
            })
        });
        Contribution {
            selected: selected.map(|(variant, amounts)| {
                (variant, order::key(self.sort, chunk, at, (amounts.final_amount, amounts.regular)))
            }),
            changes_at,
            counted,
        }
    }
}
