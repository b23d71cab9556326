//! One pass over the products of a listing.

use roaring::RoaringBitmap;

use super::super::amounts::AmountChunk;
use super::super::packed::{CHUNK, Packed};
use super::super::prices::{Amounts, cheapest};
use super::super::products::ProductChunk;
use super::AudienceView;
use super::facets::{FacetCounts, VariantTally};
use super::filters::{CompiledFilters, Failures};
use super::order;
use crate::instant::Instant;
use crate::listing::{ListingKey, Sort};

/// A product that the filters select.
#[derive(Clone, Copy)]
pub struct Selection {
    pub product: u32,
    /// Its cheapest selected variant; `None`: the cheapest of all, which was not looked at.
    pub variant: Option<usize>,
    /// Where it stands in the order.
    pub key: i64,
}

/// Tells of every selected product of a listing. Answers when any of its products may be another
/// one with no event.
pub fn scan(
    view: &AudienceView<'_>,
    (listing, sort): (&ListingKey, Sort),
    filters: &CompiledFilters,
    counts: &mut Option<FacetCounts<'_>>,
    select: impl FnMut(Selection),
) -> Instant {
    let Some(products) = view.index.members.products(listing) else { return Instant::MAX };
    let mut scan = Scan {
        view,
        sort,
        filters,
        counts,
        select,
        seen: VariantTally::default(),
        scratch: Vec::new(),
        next_change: i64::MAX,
        families: Families::new(view),
    };
    let mut numbers = products.iter().peekable();
    while let Some(first) = numbers.peek().copied() {
        let nth = first as usize / CHUNK;
        let end = ((nth + 1) * CHUNK) as u64;
        let in_chunk = std::iter::from_fn(|| numbers.next_if(|number| u64::from(*number) < end));
        scan.chunk(nth, in_chunk);
    }
    Instant(scan.next_change).min(scan.families.next_change(view, products))
}

struct Scan<'a, 'b, S> {
    view: &'a AudienceView<'a>,
    sort: Sort,
    filters: &'a CompiledFilters,
    counts: &'a mut Option<FacetCounts<'b>>,
    select: S,
    seen: VariantTally,
    scratch: Vec<Amounts>,
    next_change: i64,
    families: Families,
}

/// The columns of one chunk.
pub(super) struct Columns<'a> {
    pub products: &'a ProductChunk,
    pub stock: &'a Packed<i64>,
}

impl<S: FnMut(Selection)> Scan<'_, '_, S> {
    fn chunk(&mut self, nth: usize, numbers: impl Iterator<Item = u32>) {
        let (view, book) = (self.view, &self.view.index.book);
        let (Some(products), Some(stock)) = (book.products.get(nth), book.stock.get(nth)) else {
            return numbers.for_each(drop);
        };
        let columns = Columns { products, stock };
        let amounts = view.columns.and_then(|columns| columns.chunks.get(nth));
        // All of the amounts hold at the instant.
        let holds = |chunk: &&AmountChunk| {
            view.finals_hold && view.priced.is_none() && chunk.valid.holds(view.at)
        };
        match amounts.map(AsRef::as_ref).filter(holds) {
            Some(amounts) => self.held(&columns, amounts, numbers),
            None => self.evaluated(&columns, numbers),
        }
    }

    /// Products of which all amounts hold.
    fn held(
        &mut self,
        columns: &Columns<'_>,
        amounts: &AmountChunk,
        numbers: impl Iterator<Item = u32>,
    ) {
        // Most chunks hold for longer than some product that was seen before.
        let ends_first = amounts.valid.until.millis() < self.next_change;
        let looks_at_variants =
            self.counts.is_some() || self.filters.by_variant || self.sort == Sort::Discount;
        for product in numbers {
            let Some(at) = self.visible(product, columns.products) else { continue };
            if ends_first {
                self.next_change = self.next_change.min(amounts.prices[at].until.millis());
            }
            if looks_at_variants {
                self.variant(product, at, columns, amounts.amounts.get(at));
                continue;
            }
            let final_amount = amounts.cheapest[at];
            if final_amount >= 0 && self.filters.of_product(columns.products, at) == 0 {
                let price = || Amounts { final_amount, ..Amounts::NONE };
                let key = order::key(self.sort, columns.products, at, price);
                (self.select)(Selection { product, variant: None, key });
            }
        }
    }

    fn evaluated(&mut self, columns: &Columns<'_>, numbers: impl Iterator<Item = u32>) {
        for product in numbers {
            let Some(at) = self.visible(product, columns.products) else { continue };
            let mut scratch = std::mem::take(&mut self.scratch);
            let (amounts, until) = self.view.amounts(product, &mut scratch);
            self.next_change = self.next_change.min(until.millis());
            self.variant(product, at, columns, amounts);
            self.scratch = scratch;
        }
    }

    /// The position of a product in its chunk, if it is to be seen.
    fn visible(&mut self, product: u32, chunk: &ProductChunk) -> Option<usize> {
        let at = product as usize % CHUNK;
        let visible_from = chunk.visible_from[at];
        if visible_from > self.view.at.millis() {
            self.next_change = self.next_change.min(visible_from);
            return None;
        }
        self.families.see(chunk, at);
        Some(at)
    }

    /// Selects the cheapest variant that the filters let pass.
    fn variant(&mut self, product: u32, at: usize, columns: &Columns<'_>, amounts: &[Amounts]) {
        let chunk = columns.products;
        let of_product = self.filters.of_product(chunk, at);
        let selected = if let Some(counts) = self.counts.as_mut() {
            let seen = &mut self.seen;
            let see = |variant, failures, amount: &Amounts, available| {
                seen.variant(variant, failures, amount, available);
            };
            let selected = by_variant(self.filters, of_product, at, columns, amounts, see);
            counts.product(chunk, at, seen);
            selected
        } else if of_product != 0 {
            None
        } else if self.filters.by_variant {
            by_variant(self.filters, 0, at, columns, amounts, |_, _, _, _| ())
        } else {
            cheapest(amounts.iter().enumerate())
        };
        if let Some(variant) = selected {
            let key = order::key(self.sort, chunk, at, || amounts[variant]);
            (self.select)(Selection { product, variant: Some(variant), key });
        }
    }
}

/// The cheapest variant that fails nothing; `see` hears of all that have a price.
pub(super) fn by_variant(
    filters: &CompiledFilters,
    of_product: Failures,
    at: usize,
    columns: &Columns<'_>,
    amounts: &[Amounts],
    mut see: impl FnMut(usize, Failures, &Amounts, i64),
) -> Option<usize> {
    let chunk = columns.products;
    let shared = match filters.attributes.is_empty() {
        true => 0,
        false => filters.of_shared(chunk.shared.get(at)),
    };
    let own = if shared == 0 { &[][..] } else { chunk.own.get(at) };
    let stock = columns.stock.get(at);
    let priced = amounts.iter().enumerate().filter(|(_, amount)| amount.is_some());
    cheapest(priced.filter(|(variant, amount)| {
        let available = stock.get(*variant).copied().unwrap_or(-1);
        let failures = of_product
            | filters.of_variant(amount.final_amount, amount.regular, available)
            | filters.of_own(shared, own, *variant);
        see(*variant, failures, amount, available);
        failures == 0
    }))
}

/// The families of the products that were seen, where any discount begins or ends after the
/// instant.
struct Families {
    seen: Vec<bool>,
}

impl Families {
    fn new(view: &AudienceView<'_>) -> Families {
        let families = if view.discounts_change() { view.index.families.end() } else { 0 };
        Families { seen: vec![false; families] }
    }

    fn see(&mut self, chunk: &ProductChunk, at: usize) {
        if self.seen.is_empty() {
            return;
        }
        if let Some(seen) = self.seen.get_mut(chunk.family[at] as usize) {
            *seen = true;
        }
    }

    /// When a discount that reaches any of these products begins or ends.
    fn next_change(&self, view: &AudienceView<'_>, products: &RoaringBitmap) -> Instant {
        let book = &view.index.book;
        let Some(context) = view.context().filter(|_| view.discounts_change()) else {
            return Instant::MAX;
        };
        let families = (0..).zip(&self.seen).filter(|(_, seen)| **seen);
        let of_family = |family: u32| context.effective.of(book.classes.of(family));
        let of_classes = families
            .filter_map(|(family, _)| of_family(family))
            .map(|effective| effective.window.until)
            .min();
        let visible = |number: &u32| {
            let chunk = book.chunk(*number);
            chunk.is_some_and(|(chunk, at)| chunk.visible_from[at] <= view.at.millis())
        };
        let named = book.direct.keys().filter(|number| products.contains(**number));
        let of_named =
            named.filter(|n| visible(n)).map(|n| book.discount_window(*n, &context).until).min();
        of_classes.into_iter().chain(of_named).min().unwrap_or(Instant::MAX)
    }
}
