//! One pass over the products of a listing.

use roaring::RoaringBitmap;

use super::super::amounts::AmountChunk;
use super::super::packed::{CHUNK, Packed};
use super::super::prices::{Amounts, cheapest};
use super::super::products::ProductChunk;
use super::AudienceView;
use super::facets::{FacetCounts, VariantTally};
use super::filters::{CompiledFilters, Failures};
use super::order::SortInput;
use crate::instant::Instant;
use crate::listing::ListingKey;

/// A product that the filters select, with its cheapest selected variant.
pub struct Selection {
    pub product: u32,
    pub variant: usize,
    pub input: SortInput,
}

/// Tells of every selected product of a listing. Answers when any of its products may be another
/// one with no event.
pub fn scan(
    view: &AudienceView<'_>,
    listing: &ListingKey,
    filters: &CompiledFilters,
    counts: &mut Option<FacetCounts<'_>>,
    mut select: impl FnMut(Selection),
) -> Instant {
    let Some(products) = view.index.members.products(listing) else { return Instant::MAX };
    let mut scan = Scan {
        view,
        filters,
        counts,
        seen: VariantTally::default(),
        scratch: Vec::new(),
        next_change: Instant::MAX,
        families: Families::new(view),
    };
    let mut numbers = products.iter().peekable();
    while let Some(first) = numbers.peek().copied() {
        let nth = first as usize / CHUNK;
        let end = ((nth + 1) * CHUNK) as u64;
        let in_chunk = std::iter::from_fn(|| numbers.next_if(|number| u64::from(*number) < end));
        scan.chunk(nth, in_chunk, &mut select);
    }
    scan.next_change.min(scan.families.next_change(view, products))
}

struct Scan<'a, 'b> {
    view: &'a AudienceView<'a>,
    filters: &'a CompiledFilters,
    counts: &'a mut Option<FacetCounts<'b>>,
    seen: VariantTally,
    scratch: Vec<Amounts>,
    next_change: Instant,
    families: Families,
}

/// The columns of one chunk.
pub(super) struct Columns<'a> {
    pub products: &'a ProductChunk,
    pub stock: &'a Packed<i64>,
    /// Where all of the amounts hold at the instant.
    pub amounts: Option<&'a AmountChunk>,
}

impl Scan<'_, '_> {
    fn chunk(
        &mut self,
        nth: usize,
        numbers: impl Iterator<Item = u32>,
        select: &mut impl FnMut(Selection),
    ) {
        let (view, book) = (self.view, &self.view.index.book);
        let (Some(products), Some(stock)) = (book.products.get(nth), book.stock.get(nth)) else {
            return numbers.for_each(drop);
        };
        let amounts = view.columns.and_then(|columns| columns.chunks.get(nth));
        let holds = |chunk: &&AmountChunk| view.finals_hold && chunk.valid.holds(view.at);
        let amounts = amounts.map(AsRef::as_ref).filter(holds);
        let columns = Columns { products, stock, amounts };
        for number in numbers {
            self.product(number, &columns, select);
        }
    }

    fn product(&mut self, product: u32, columns: &Columns<'_>, select: &mut impl FnMut(Selection)) {
        let (at, chunk) = (product as usize % CHUNK, columns.products);
        let visible_from = Instant(chunk.visible_from[at]);
        if visible_from > self.view.at {
            self.next_change = self.next_change.min(visible_from);
            return;
        }
        self.families.see(chunk.family[at]);
        let selected = match columns.amounts {
            Some(chunk) => {
                let (amounts, until) = (chunk.amounts.get(at), chunk.prices[at].until);
                self.variant(at, columns, amounts, until)
            }
            None => {
                let mut scratch = std::mem::take(&mut self.scratch);
                let (amounts, until) = self.view.amounts(product, &mut scratch);
                let selected = self.variant(at, columns, amounts, until);
                self.scratch = scratch;
                selected
            }
        };
        if let Some((variant, amounts)) = selected {
            let (rating, reviews) = (chunk.rating[at], chunk.reviews[at]);
            let input = SortInput { visible_from, amounts, rating, reviews };
            select(Selection { product, variant, input });
        }
    }

    /// The cheapest selected variant of a product whose prices hold until then.
    fn variant(
        &mut self,
        at: usize,
        columns: &Columns<'_>,
        amounts: &[Amounts],
        until: Instant,
    ) -> Option<(usize, Amounts)> {
        self.next_change = self.next_change.min(until);
        let chunk = columns.products;
        let of_product = self.filters.of_product(chunk.brand[at], chunk.rating[at]);
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
        selected.map(|variant| (variant, amounts[variant]))
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

    fn see(&mut self, family: u32) {
        if let Some(seen) = self.seen.get_mut(family as usize) {
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
