//! Questions to one version of the index: the products of a listing under filters, in an order,
//! from a key on; how many there are; and facets.

mod attributes;
pub mod contribution;
mod counts;
pub mod facets;
mod failures;
pub mod filters;
pub mod order;
mod scan;
mod top;

use std::cmp::Ordering;
use std::ops::Range;

use super::amounts::Columns;
use super::classes::EffectiveByClass;
use super::prices::Amounts;
use super::{Index, amounts};
use crate::instant::Instant;
use crate::listing::{ListingKey, Sort};
use facets::{FacetCounts, Facets};
use failures::{ChunkColumns, ChunkFailures, Variants};
use filters::{CompiledFilters, Filters};
use order::Keyset;
use roaring::RoaringBitmap;
use scan::{Scanned, Selection, Wanted};
use top::TopK;

/// What is asked of a listing.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    pub listing: &'a ListingKey,
    /// The market's position in the configuration.
    pub market: usize,
    pub group: Option<&'a str>,
    pub locale: Option<&'a str>,
    pub at: Instant,
    pub sort: Sort,
    pub filters: &'a Filters,
    /// Only what comes after it.
    pub after: Option<&'a Keyset>,
    pub limit: usize,
    pub facets: bool,
}

/// A product of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its number in the version that answered.
    pub product: u32,
    /// The position of its cheapest selected variant.
    pub variant: usize,
    pub key: i64,
}

/// What an index answers.
#[derive(Debug)]
pub struct Answer {
    /// All selected products of the listing, on whatever page.
    pub total: u64,
    pub items: Vec<Item>,
    /// There are more after these.
    pub more: bool,
    pub facets: Option<Facets>,
    /// No later than the first instant at which the answer is another one with no event.
    pub next_change_at: Option<Instant>,
}

/// How a version sees the audience and instant of a request.
pub struct AudienceView<'a> {
    index: &'a Index,
    pub market: usize,
    pub group: Option<&'a str>,
    pub at: Instant,
    /// The columns of everyone in the market.
    columns: Option<&'a Columns>,
    /// The products that have prices for the group.
    priced: Option<&'a RoaringBitmap>,
    /// The finals of the columns hold.
    finals_hold: bool,
    /// What holds of each class at the instant, if that is not what the columns were made with.
    own_effective: Option<EffectiveByClass>,
}

impl<'a> AudienceView<'a> {
    pub fn new(
        index: &'a Index,
        market: usize,
        group: Option<&'a str>,
        at: Instant,
    ) -> AudienceView<'a> {
        let (book, columns) = (&index.book, index.columns_at(market, at));
        let priced = group.and_then(|group| book.priced.of(market, group));
        let finals_hold = columns.is_some_and(|columns| columns.discounts.holds(at))
            && !group.is_some_and(|group| book.discounts.single_out(group));
        let own_effective = (!finals_hold).then(|| book.effective(market, group, at));
        AudienceView { index, market, group, at, columns, priced, finals_hold, own_effective }
    }

    /// Whether any discount may begin or end after the instant.
    pub fn discounts_change(&self) -> bool {
        let known = self.columns.filter(|_| self.finals_hold);
        known.is_none_or(|columns| columns.discounts.until.is_finite())
    }

    /// What holds of each class.
    pub fn context(&self) -> Option<amounts::EvaluationContext<'_>> {
        let of_columns = || self.columns.map(|columns| columns.effective.as_ref());
        let effective = self.own_effective.as_ref().or_else(of_columns)?;
        Some(amounts::EvaluationContext {
            market: self.market,
            group: self.group,
            at: self.at,
            effective,
        })
    }

    /// The position of a product's cheapest variant that the filters let pass.
    fn cheapest(&self, product: u32, filters: &CompiledFilters) -> Option<usize> {
        let mut scratch = Vec::new();
        let (amounts, _) = self.amounts(product, &mut scratch);
        let (columns, at) = ChunkColumns::of(&self.index.book, product)?;
        let failures = ChunkFailures::of(filters, &columns);
        let failures = failures.of_product(&columns, at);
        let variants = Variants { amounts, stock: columns.stock.units.get(at), failures };
        variants.cheapest(filters).map(|(variant, _)| variant)
    }

    /// A product's amounts at the instant, and until when its prices stay as they are.
    pub fn amounts<'b>(
        &'b self,
        product: u32,
        scratch: &'b mut Vec<Amounts>,
    ) -> (&'b [Amounts], Instant) {
        let book = &self.index.book;
        let is_priced = self.priced.is_some_and(|priced| priced.contains(product));
        let known = self.columns.filter(|_| !is_priced).and_then(|columns| columns.get(product));
        if let Some((amounts, window)) = known.filter(|(_, window)| window.holds(self.at)) {
            if self.finals_hold {
                return (amounts, window.until);
            }
            scratch.clear();
            scratch.extend_from_slice(amounts);
            if let Some(context) = self.context() {
                book.reduce(product, &context, scratch);
            }
            return (scratch, window.until);
        }
        let Some(context) = self.context() else { return (&[], Instant::MAX) };
        let window = book.evaluate(product, &context, scratch);
        (scratch, window.until)
    }
}

impl AudienceView<'_> {
    /// When a product may be another one for the audience with no event: released, or with another
    /// price. [`Instant::MAX`] if never.
    pub fn changes_at(&self, product: u32) -> Instant {
        let Some((chunk, at)) = self.index.book.chunk(product) else { return Instant::MAX };
        let visible_from = Instant(chunk.visible_from[at]);
        if visible_from > self.at {
            return visible_from;
        }
        let mut scratch = Vec::new();
        let (_, until) = self.amounts(product, &mut scratch);
        let context = self.context().filter(|_| self.discounts_change());
        let window = context.map(|context| self.index.book.discount_window(product, &context));
        window.map_or(until, |window| until.min(window.until))
    }
}

impl Index {
    /// Answers from this version alone.
    pub fn query(&self, query: &Query<'_>) -> Answer {
        self.query_by(query, 1)
    }

    /// The same by so many threads, each of which looks through a part of the listing.
    pub fn query_by(&self, query: &Query<'_>, threads: usize) -> Answer {
        let view = AudienceView::new(self, query.market, query.group, query.at);
        let compiled = CompiledFilters::new(query.filters, self);
        let nothing = RoaringBitmap::new();
        let products = self.members.products(query.listing).unwrap_or(&nothing);
        let wanted = Wanted { view: &view, filters: &compiled, sort: query.sort };
        let look = |part: Range<u32>| self.look(wanted, query, products.range(part));
        let (first, others) = parts(products, threads);
        let Found { total, mut items, scanned } = std::thread::scope(|scope| {
            let look = &look;
            let elsewhere = |part: Range<u32>| {
                let own = part.clone();
                let thread = std::thread::Builder::new().spawn_scoped(scope, move || look(own));
                (thread, part)
            };
            let others: Vec<_> = others.into_iter().map(elsewhere).collect();
            let first = look(first);
            others.into_iter().fold(first, |found, (thread, part)| {
                found.with(match thread {
                    Ok(thread) => thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e)),
                    // The system has no more threads.
                    Err(_) => look(part),
                })
            })
        });
        items.sort_unstable_by(|a, b| self.order(a, b));
        let more = items.len() > query.limit;
        items.truncate(query.limit);
        let items = items.into_iter().map(|Selection { product, key }| {
            let variant = view.cheapest(product, &compiled).unwrap_or_default();
            Item { product, variant, key }
        });
        let items = items.collect();
        let next_change = scanned.next_change(&view, products);
        let facets = scanned.counts.map(|counts| counts.finish(&view, query));
        let of_names = facets.as_ref().map_or(Instant::MAX, |facets| facets.changes_at);
        // The listing itself is called otherwise when one of its products is released, which the
        // scan has seen.
        let next_change_at = Some(next_change.min(of_names)).filter(|at| at.is_finite());
        Answer { total, items, more, facets, next_change_at }
    }

    fn order(&self, a: &Selection, b: &Selection) -> Ordering {
        a.key.cmp(&b.key).then_with(|| self.id(a.product).cmp(self.id(b.product)))
    }

    /// Looks through some of the listing's products.
    fn look<'c>(
        &'c self,
        wanted: Wanted<'c>,
        query: &Query<'_>,
        numbers: roaring::bitmap::Iter<'_>,
    ) -> Found<'c> {
        let mut total = 0;
        let mut best = TopK::new(query.limit.saturating_add(1), |a: &Selection, b: &Selection| {
            self.order(a, b)
        });
        let counts = query.facets.then(|| FacetCounts::new(self, wanted.filters));
        let scanned = scan::scan(wanted, numbers, counts, |selected| {
            total += selected.len() as u64;
            for selection in selected {
                // Ids are only looked at where keys are the same.
                let is_after = query.after.is_none_or(|after| {
                    selection.key > after.key
                        || selection.key == after.key
                            && self.id(selection.product) > after.product_id.as_str()
                });
                if is_after {
                    best.push(*selection);
                }
            }
        });
        Found { total, items: best.into_sorted(), scanned }
    }

    /// Where an item stands, to go on after it.
    pub fn keyset(&self, item: &Item) -> Keyset {
        Keyset { key: item.key, product_id: self.id(item.product).to_owned() }
    }
}

/// What was found in a part of a listing.
struct Found<'c> {
    total: u64,
    /// The first ones after the page's key.
    items: Vec<Selection>,
    scanned: Scanned<'c>,
}

impl<'c> Found<'c> {
    fn with(mut self, other: Found<'c>) -> Found<'c> {
        self.items.extend(other.items);
        let scanned = self.scanned.with(other.scanned);
        Found { total: self.total + other.total, items: self.items, scanned }
    }
}

/// A listing's numbers in parts of about as many products, at most so many: the first, and others.
fn parts(products: &RoaringBitmap, most: usize) -> (Range<u32>, Vec<Range<u32>>) {
    let share = products.len().div_ceil(most.max(1) as u64) as u32;
    let begins = (1..most as u32).filter_map(|nth| products.select(nth * share));
    let bounds: Vec<u32> = begins.chain([u32::MAX]).collect();
    let others = bounds.windows(2).map(|bounds| bounds[0]..bounds[1]).collect();
    (0..bounds[0], others)
}
