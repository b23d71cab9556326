//! One pass over the products of a listing.

use roaring::RoaringBitmap;

use super::super::amounts::AmountChunk;
use super::super::packed::{CHUNK, Packed};
use super::super::prices::Amounts;
use super::super::products::ProductChunk;
use super::View;
use super::facets::{FacetCounts, Seen};
use super::filters::{Compiled, Failures};
use super::order::Ordered;
use crate::instant::Instant;
use crate::view::ListingKey;

/// A product that the filters select, with its cheapest selected variant.
pub struct Selected {
    pub product: u32,
    pub variant: usize,
    pub ordered: Ordered,
}

/// Tells of every selected product of a listing. Answers when any of its products may be another one with no event.
pub fn scan(
    view: &View<'_>,
    listing: &ListingKey,
    filters: &Compiled,
    counts: &mut Option<FacetCounts<'_>>,
    mut select: impl FnMut(Selected),
) -> Instant {
    let Some(products) = view.index.members.products(listing) else { return Instant::MAX };
    let mut scan = Scan {
        view,
        filters,
        counts,
        seen: Seen::default(),
        scratch: Vec::new(),
        next_change: Instant::MAX,
        classes: Classes::new(view),
    };
    let mut numbers = products.iter().peekable();
    while let Some(first) = numbers.peek().copied() {
        let nth = first as usize / CHUNK;
        let end = ((nth + 1) * CHUNK) as u64;
        let in_chunk = std::iter::from_fn(|| numbers.next_if(|number| u64::from(*number) < end));
        scan.chunk(nth, in_chunk, &mut select);
    }
    scan.next_change.min(scan.classes.next_change(view, products))
}

struct Scan<'a, 'b> {
    view: &'a View<'a>,
    filters: &'a Compiled,
    counts: &'a mut Option<FacetCounts<'b>>,
    seen: Seen,
    scratch: Vec<Amounts>,
    next_change: Instant,
    classes: Classes,
}

/// The columns of one chunk.
struct Columns<'a> {
    products: &'a ProductChunk,
    stock: &'a Packed<i64>,
    /// Where all of the amounts hold at the instant.
    amounts: Option<&'a AmountChunk>,
}

impl Scan<'_, '_> {
    fn chunk(
        &mut self,
        nth: usize,
        numbers: impl Iterator<Item = u32>,
        select: &mut impl FnMut(Selected),
    ) {
        let (view, facts) = (self.view, &self.view.index.facts);
        let (Some(products), Some(stock)) = (facts.products.get(nth), facts.stock.get(nth)) else {
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

    fn product(&mut self, product: u32, columns: &Columns<'_>, select: &mut impl FnMut(Selected)) {
        let (at, chunk) = (product as usize % CHUNK, columns.products);
        let visible_from = Instant(chunk.visible_from[at]);
        if visible_from > self.view.at {
            self.next_change = self.next_change.min(visible_from);
            return;
        }
        self.classes.see(chunk.family[at]);
        let mut scratch = std::mem::take(&mut self.scratch);
        let (amounts, until) = match columns.amounts {
            Some(chunk) => (chunk.amounts.get(at), chunk.prices[at].until),
            None => self.view.amounts(product, &mut scratch),
        };
        self.next_change = self.next_change.min(until);
        let of_product = self.filters.of_product(chunk.brand[at], chunk.rating[at]);
        if of_product == 0 || self.counts.is_some() {
            let selected = match self.filters.by_variant || self.counts.is_some() {
                true => self.by_variant(of_product, at, columns, amounts),
                false => cheapest(amounts.iter().enumerate()),
            };
            if let Some(counts) = self.counts.as_mut() {
                counts.product(chunk, at, &mut self.seen);
            }
            if let Some(variant) = selected {
                let (rating, reviews) = (chunk.rating[at], chunk.reviews[at]);
                let ordered = Ordered { visible_from, amounts: amounts[variant], rating, reviews };
                select(Selected { product, variant, ordered });
            }
        }
        self.scratch = scratch;
    }

    /// The cheapest variant that fails nothing; facets hear of all.
    fn by_variant(
        &mut self,
        of_product: Failures,
        at: usize,
        columns: &Columns<'_>,
        amounts: &[Amounts],
    ) -> Option<usize> {
        let (filters, chunk) = (self.filters, columns.products);
        let shared = match filters.attributes.is_empty() {
            true => 0,
            false => filters.of_shared(chunk.shared.get(at)),
        };
        let own = if shared == 0 { &[][..] } else { chunk.own.get(at) };
        let stock = columns.stock.get(at);
        let (seen, counts) = (&mut self.seen, self.counts.is_some());
        let passing = amounts.iter().enumerate().filter(|(variant, amount)| {
            let available = stock.get(*variant).copied().unwrap_or(-1);
            let failures = of_product
                | filters.of_variant(amount.final_amount, amount.regular, available)
                | filters.of_own(shared, own, *variant);
            if counts && amount.is_some() {
                seen.variant(*variant, failures, amount, available);
            }
            failures == 0
        });
        cheapest(passing)
    }
}

/// The variant with the lowest final, then the lowest regular, then the first.
fn cheapest<'a>(amounts: impl Iterator<Item = (usize, &'a Amounts)>) -> Option<usize> {
    let mut best: Option<(usize, &Amounts)> = None;
    for (variant, amount) in amounts.filter(|(_, amount)| amount.is_some()) {
        let cost = |amount: &Amounts| (amount.final_amount, amount.regular);
        if best.is_none_or(|(_, best)| cost(amount) < cost(best)) {
            best = Some((variant, amount));
        }
    }
    best.map(|(variant, _)| variant)
}

/// The discount classes of the products that were seen, where any discount begins or ends after the instant.
struct Classes {
    seen: Vec<bool>,
}

impl Classes {
    fn new(view: &View<'_>) -> Classes {
        let families = if view.discounts_change() { view.index.families.end() } else { 0 };
        Classes { seen: vec![false; families] }
    }

    fn see(&mut self, family: u32) {
        if let Some(seen) = self.seen.get_mut(family as usize) {
            *seen = true;
        }
    }

    /// When a discount that reaches any of these products begins or ends.
    fn next_change(&self, view: &View<'_>, products: &RoaringBitmap) -> Instant {
        let facts = &view.index.facts;
        let Some(asked) = view.asked().filter(|_| view.discounts_change()) else {
            return Instant::MAX;
        };
        let families = (0..).zip(&self.seen).filter(|(_, seen)| **seen);
        let of_family = |family: u32| asked.holding.of(facts.classes.of(family));
        let of_classes = families
            .filter_map(|(family, _)| of_family(family))
            .map(|holding| holding.window.until)
            .min();
        let visible = |number: &u32| {
            let chunk = facts.chunk(*number);
            chunk.is_some_and(|(chunk, at)| chunk.visible_from[at] <= view.at.millis())
        };
        let named = facts.naming.keys().filter(|number| products.contains(**number));
        let of_named =
            named.filter(|n| visible(n)).map(|n| facts.discount_window(*n, &asked).until).min();
        of_classes.into_iter().chain(of_named).min().unwrap_or(Instant::MAX)
    }
}
