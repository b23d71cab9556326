//! Questions to one version of the index: the products of a listing under filters, in an order,
//! from a key on; how many there are; and facets.

mod attributes;
pub mod contribution;
mod counts;
pub mod facets;
pub mod filters;
pub mod order;
mod scan;
mod top;

use super::amounts::Columns;
use super::classes::EffectiveByClass;
use super::prices::Amounts;
use super::{Index, amounts, prices};
use crate::instant::Instant;
use crate::listing::{ListingKey, Sort};
use facets::{FacetCounts, Facets};
use filters::{CompiledFilters, Filters};
use order::Keyset;
use roaring::RoaringBitmap;
use scan::Selection;
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
        let (book, columns) = (&index.book, index.columns.get(market));
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

    /// The position of a product's cheapest variant.
    fn cheapest(&self, product: u32) -> Option<usize> {
        let mut scratch = Vec::new();
        prices::cheapest(self.amounts(product, &mut scratch).0.iter().enumerate())
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
        let view = AudienceView::new(self, query.market, query.group, query.at);
        let compiled = CompiledFilters::new(query.filters, self);
        let mut total = 0;
        let mut best = TopK::new(query.limit.saturating_add(1), |a: &Selection, b: &Selection| {
            a.key.cmp(&b.key).then_with(|| self.id(a.product).cmp(self.id(b.product)))
        });
        let mut counts = query.facets.then(|| FacetCounts::new(self, &compiled));
        let order = (query.listing, query.sort);
        let next_change = scan::scan(&view, order, &compiled, &mut counts, |selected| {
            total += 1;
            let Selection { product, variant, key } = selected;
            let is_after = query.after.is_none_or(|after| {
                (key, self.id(product)) > (after.key, after.product_id.as_str())
            });
            if is_after {
                best.push(Selection { product, variant, key });
            }
        });
        let mut items = best.into_sorted();
        let more = items.len() > query.limit;
        items.truncate(query.limit);
        let items = items.into_iter().map(|Selection { product, variant, key }| {
            let variant = variant.or_else(|| view.cheapest(product)).unwrap_or_default();
            Item { product, variant, key }
        });
        let items = items.collect();
        let facets = counts.map(|counts| counts.finish(&view, query));
        let of_names = facets.as_ref().map_or(Instant::MAX, |facets| facets.changes_at);
        // The listing itself is called otherwise when one of its products is released, which the
        // scan has seen.
        let next_change_at = Some(next_change.min(of_names)).filter(|at| at.is_finite());
        Answer { total, items, more, facets, next_change_at }
    }

    /// Where an item stands, to go on after it.
    pub fn keyset(&self, item: &Item) -> Keyset {
        Keyset { key: item.key, product_id: self.id(item.product).to_owned() }
    }
}
