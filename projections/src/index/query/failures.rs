//! Which filters the products of one chunk fail.

use super::super::amounts::{AmountChunk, PriceBook};
use super::super::chunk_values::OwnValue;
use super::super::mask::Mask;
use super::super::packed::place;
use super::super::prices::Amounts;
use super::super::products::ProductChunk;
use super::super::stock::StockChunk;
use super::filters::{
    BRAND, CompiledFilters, FIRST_ATTRIBUTE, Failures, IN_STOCK, ON_SALE, PRICE, RATING,
};

/// The columns of one chunk.
pub struct ChunkColumns<'a> {
    /// The number of its first product.
    pub first: u32,
    pub products: &'a ProductChunk,
    /// Of each variant.
    pub stock: &'a StockChunk,
}

impl<'a> ChunkColumns<'a> {
    /// Of the chunk that a product is in, and its position there.
    pub fn of(book: &'a PriceBook, product: u32) -> Option<(ChunkColumns<'a>, usize)> {
        let (nth, at) = place(product);
        let (products, stock) = (book.products.get(nth)?, book.stock.get(nth)?);
        Some((ChunkColumns { first: product - at as u32, products, stock }, at))
    }
}

/// Which filters the products of a chunk fail.
#[derive(Default)]
pub struct ChunkFailures {
    /// By filter that looks at no prices and no stock: the products that fail it, but for variants
    /// with values of their own.
    of_products: Vec<(Failures, Mask)>,
    /// By filter that looks at prices or stock: the products all variants of which fail it.
    of_amounts: Vec<(Failures, Mask)>,
    /// By variant of the chunk: the filters that it passes by values of its own.
    mends: Vec<Failures>,
    /// The products that have such a variant.
    mended: Mask,
    /// The products whose variants do not all fail the same.
    differing: Mask,
    /// The products no variant of which passes all filters of the first kind.
    excluded: Mask,
}

impl ChunkFailures {
    /// Of a chunk of which only some products are asked for.
    pub fn of(filters: &CompiledFilters, columns: &ChunkColumns<'_>) -> ChunkFailures {
        let mut failures = ChunkFailures::default();
        failures.look(filters, columns);
        failures
    }

    /// Looks at what does not depend on prices or stock.
    pub fn look(&mut self, filters: &CompiledFilters, columns: &ChunkColumns<'_>) {
        self.of_products.clear();
        self.of_amounts.clear();
        self.mends.clear();
        self.mended = Mask::default();
        self.excluded = Mask::default();
        let chunk = columns.products;
        if let Some(brands) = &filters.brands {
            let having = brands.iter().map(|brand| chunk.of_brand.having(*brand));
            self.fail(BRAND, Mask::ALL.without(having.fold(Mask::default(), Mask::or)));
        }
        if filters.min_rating > 0 {
            let fails = |at: usize| i64::from(chunk.rating(at)) < filters.min_rating;
            self.fail(RATING, Mask::of(fails));
        }
        for (nth, filter) in (FIRST_ATTRIBUTE..).zip(&filters.attributes) {
            let (mut passing, mut mended) = (Mask::default(), Mask::default());
            for value in &filter.values {
                passing = passing.or(chunk.values.shared.having(*value));
                for own in chunk.values.own_having(filter.name, *value) {
                    self.mend(own, columns, 1 << nth);
                    mended.set(usize::from(own.product));
                }
            }
            let failing = Mask::ALL.without(passing);
            self.of_products.push((1 << nth, failing));
            self.mended = self.mended.or(mended);
            self.excluded = self.excluded.or(failing.without(mended));
        }
        self.differing = self.mended;
    }

    fn fail(&mut self, filter: Failures, failing: Mask) {
        self.of_products.push((filter, failing));
        self.excluded = self.excluded.or(failing);
    }

    fn mend(&mut self, own: &OwnValue, columns: &ChunkColumns<'_>, filter: Failures) {
        self.mends.resize(columns.stock.units.item_count(), 0);
        let variants = columns.stock.units.range(usize::from(own.product));
        let of_product = self.mends.get_mut(variants).unwrap_or_default();
        if let Some(mends) = of_product.get_mut(usize::from(own.variant)) {
            *mends |= filter;
        }
    }

    /// Looks at amounts that hold, and at stock.
    pub fn look_at_amounts(
        &mut self,
        filters: &CompiledFilters,
        stock: &StockChunk,
        amounts: &AmountChunk,
    ) {
        self.differing = self.differing.or(Mask::ALL.without(amounts.all_priced));
        if filters.has_prices {
            let (cheapest, dearest) = (&amounts.cheapest, &amounts.dearest);
            let (lowest, highest) = (*filters.prices.start(), *filters.prices.end());
            let some = Mask::of(|at| dearest[at] >= lowest && cheapest[at] <= highest);
            let all = Mask::of(|at| cheapest[at] >= lowest && dearest[at] <= highest);
            self.differ(PRICE, some, all);
        }
        if filters.in_stock {
            self.differ(IN_STOCK, stock.some, stock.all);
        }
        if filters.on_sale {
            self.differ(ON_SALE, amounts.some_on_sale, amounts.all_on_sale);
        }
    }

    /// `some`: products of which some variant may pass; `all`: products of which all do.
    fn differ(&mut self, filter: Failures, some: Mask, all: Mask) {
        self.of_amounts.push((filter, Mask::ALL.without(some)));
        self.differing = self.differing.or(some.without(all));
    }

    /// The products whose variants do not all fail the same: each has to be looked at.
    pub fn differing(&self) -> Mask {
        self.differing
    }

    /// The products that fail a filter which looks at no prices and no stock, by all variants.
    pub fn excluded(&self) -> Mask {
        self.excluded
    }

    /// Of products whose variants all fail the same: those that fail nothing, and those that fail
    /// more than one filter.
    pub fn outcome(&self, of: Mask) -> Outcome<'_> {
        let (mut failing, mut twice) = (Mask::default(), Mask::default());
        for (_, products) in self.of_products.iter().chain(&self.of_amounts) {
            twice = twice.or(failing.and(*products));
            failing = failing.or(*products);
        }
        Outcome { failures: self, selected: of.without(failing), once: of.without(twice) }
    }

    /// Of a product: what variants fail that have no values of their own, and what each passes by
    /// those that it has.
    pub fn of_product(&self, columns: &ChunkColumns<'_>, at: usize) -> ProductFailures<'_> {
        let failing = self.of_products.iter().filter(|(_, products)| products.contains(at));
        let all = failing.fold(0, |all, (filter, _)| all | filter);
        let mends = match self.mended.contains(at) {
            true => self.mends.get(columns.stock.units.range(at)).unwrap_or_default(),
            false => &[],
        };
        ProductFailures { all, mends }
    }
}

/// What becomes of products whose variants all fail the same.
pub struct Outcome<'a> {
    failures: &'a ChunkFailures,
    /// Those that fail nothing.
    pub selected: Mask,
    /// Those that fail one filter at most.
    once: Mask,
}

impl Outcome<'_> {
    /// The products that fail this filter and no other.
    pub fn only(&self, filter: Failures) -> Mask {
        let mut all = self.failures.of_products.iter().chain(&self.failures.of_amounts);
        let failing = all.find(|(other, _)| *other == filter);
        failing.map_or(Mask::default(), |(_, products)| products.and(self.once))
    }
}

/// Of one product, before its prices and stock are looked at.
#[derive(Clone, Copy)]
pub struct ProductFailures<'a> {
    all: Failures,
    mends: &'a [Failures],
}

/// One product's variants, by their positions.
#[derive(Clone, Copy)]
pub struct Variants<'a> {
    pub amounts: &'a [Amounts],
    /// Units of each; below 0 where nothing is known.
    pub stock: &'a [i64],
    pub failures: ProductFailures<'a>,
}

impl<'a> Variants<'a> {
    /// Those that have a price: position, amounts, units, and which filters each fails.
    pub fn judged(
        self,
        filters: &CompiledFilters,
    ) -> impl Iterator<Item = (usize, &'a Amounts, i64, Failures)> {
        self.amounts.iter().enumerate().filter(|(_, amounts)| amounts.is_some()).map(
            move |(variant, amounts)| {
                let available = self.stock.get(variant).copied().unwrap_or(-1);
                let mends = self.failures.mends.get(variant).copied().unwrap_or(0);
                let failures = self.failures.all & !mends | filters.of_variant(amounts, available);
                (variant, amounts, available, failures)
            },
        )
    }

    /// The cheapest one that fails nothing.
    pub fn cheapest(self, filters: &CompiledFilters) -> Option<(usize, &'a Amounts)> {
        let passing = self.judged(filters).filter(|(_, _, _, failures)| *failures == 0);
        passing.map(|(variant, amounts, _, _)| (variant, amounts)).reduce(|cheapest, next| {
            if next.1.is_cheaper_than(cheapest.1) { next } else { cheapest }
        })
    }
}
