//! One pass over the products of a listing, a chunk of columns at a time.

use roaring::RoaringBitmap;

use super::super::amounts::AmountChunk;
use super::super::mask::Mask;
use super::super::packed::place;
use super::super::prices::Amounts;
use super::super::products::ProductChunk;
use super::AudienceView;
use super::facets::FacetCounts;
use super::failures::{ChunkColumns, ChunkFailures, Variants};
use super::filters::CompiledFilters;
use super::order;
use crate::instant::Instant;
use crate::listing::Sort;

/// Numbers that are taken out of a listing's bitmap at a time.
const BATCH: usize = 1_024;

/// A product that the filters select.
#[derive(Clone, Copy)]
pub struct Selection {
    pub product: u32,
    /// Where it stands in the order.
    pub key: i64,
}

/// What a scan looks for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub view: &'a AudienceView<'a>,
    pub filters: &'a CompiledFilters,
    pub sort: Sort,
}

/// What is known once products were looked at, besides those that were selected.
pub struct Scanned<'c> {
    pub counts: Option<FacetCounts<'c>>,
    next_change: i64,
    families: Families,
}

impl<'c> Scanned<'c> {
    /// The same of these products and those that another scan has looked at.
    pub fn with(mut self, other: Scanned<'c>) -> Scanned<'c> {
        if let (Some(counts), Some(others)) = (self.counts.as_mut(), &other.counts) {
            counts.add(others);
        }
        self.next_change = self.next_change.min(other.next_change);
        self.families.add(&other.families);
        self
    }

    /// When any of a listing's products may be another one with no event.
    pub fn next_change(&self, view: &AudienceView<'_>, products: &RoaringBitmap) -> Instant {
        Instant(self.next_change).min(self.families.next_change(view, products))
    }
}

/// Tells of every selected product among these numbers, some at a time.
pub fn scan<'c>(
    wanted: Wanted<'_>,
    mut numbers: roaring::bitmap::Iter<'_>,
    counts: Option<FacetCounts<'c>>,
    mut select: impl FnMut(&[Selection]),
) -> Scanned<'c> {
    let mut scan = Scan {
        view: wanted.view,
        sort: wanted.sort,
        filters: wanted.filters,
        counts,
        failures: ChunkFailures::default(),
        selected: Vec::new(),
        next_change: i64::MAX,
        families: Families::new(wanted.view),
    };
    let mut batch = [0; BATCH];
    loop {
        let batch = numbers.next_many(&mut batch);
        if batch.is_empty() {
            break;
        }
        for numbers in batch.chunk_by(|a, b| place(*a).0 == place(*b).0) {
            scan.chunk(numbers);
            select(&scan.selected);
            scan.selected.clear();
        }
    }
    let Scan { counts, next_change, families, .. } = scan;
    Scanned { counts, next_change, families }
}

struct Scan<'a, 'c> {
    view: &'a AudienceView<'a>,
    sort: Sort,
    filters: &'a CompiledFilters,
    counts: Option<FacetCounts<'c>>,
    failures: ChunkFailures,
    /// Of this chunk.
    selected: Vec<Selection>,
    next_change: i64,
    families: Families,
}

impl Scan<'_, '_> {
    /// Products of one chunk.
    fn chunk(&mut self, numbers: &[u32]) {
        let (view, book) = (self.view, &self.view.index.book);
        let columns = numbers.first().and_then(|first| ChunkColumns::of(book, *first));
        let Some((columns, _)) = columns else { return };
        let visible = self.see(numbers, columns.products);
        self.failures.look(self.filters, &columns);
        if let Some(counts) = self.counts.as_mut() {
            counts.begin(&columns);
        }
        let (nth, _) = place(columns.first);
        let amounts = view.columns.and_then(|columns| columns.chunks.get(nth));
        // All of the amounts hold at the instant.
        let holds = |chunk: &&AmountChunk| {
            view.finals_hold && view.priced.is_none() && chunk.valid.holds(view.at)
        };
        match amounts.map(AsRef::as_ref).filter(holds) {
            Some(amounts) => self.held(&columns, amounts, visible),
            None => self.evaluated(&columns, visible),
        }
        if let Some(counts) = self.counts.as_mut() {
            counts.end(&columns);
        }
    }

    /// Those that are to be seen.
    fn see(&mut self, numbers: &[u32], chunk: &ProductChunk) -> Mask {
        let (now, mut of_listing) = (self.view.at.millis(), Mask::default());
        numbers.iter().for_each(|number| of_listing.set(place(*number).1));
        let visible = of_listing.and(Mask::of(|at| chunk.visible_from[at] <= now));
        for at in of_listing.without(visible).iter() {
            self.next_change = self.next_change.min(chunk.visible_from[at]);
        }
        self.families.see(chunk, visible);
        visible
    }

    /// Products of which all amounts hold.
    fn held(&mut self, columns: &ChunkColumns<'_>, amounts: &AmountChunk, visible: Mask) {
        // Most chunks hold for longer than some product that was seen before.
        if amounts.valid.until.millis() < self.next_change {
            let ends = visible.iter().map(|at| amounts.prices[at].until.millis());
            self.next_change = ends.fold(self.next_change, i64::min);
        }
        self.failures.look_at_amounts(self.filters, columns.stock, amounts);
        let priced = visible.and(amounts.some_priced);
        let mut differing = priced.and(self.failures.differing());
        let outcome = self.failures.outcome(priced.without(differing));
        let selected = outcome.selected;
        match self.counts.as_mut() {
            Some(counts) => counts.alike(columns, amounts, &outcome),
            None => differing = differing.without(self.failures.excluded()),
        }
        for at in selected.iter() {
            self.select(at, columns, (amounts.cheapest[at], amounts.regular[at]));
        }
        for at in differing.iter() {
            self.variants(at, columns, amounts.amounts.get(at));
        }
    }

    fn evaluated(&mut self, columns: &ChunkColumns<'_>, visible: Mask) {
        let excluded = match self.counts {
            Some(_) => Mask::default(),
            None => self.failures.excluded(),
        };
        let mut scratch = Vec::new();
        for at in visible.iter() {
            let product = columns.first + at as u32;
            let (amounts, until) = self.view.amounts(product, &mut scratch);
            self.next_change = self.next_change.min(until.millis());
            if !excluded.contains(at) {
                self.variants(at, columns, amounts);
            }
        }
    }

    /// Counts a product, and selects it by the cheapest variant that the filters let pass.
    fn variants(&mut self, at: usize, columns: &ChunkColumns<'_>, amounts: &[Amounts]) {
        let failures = self.failures.of_product(columns, at);
        let variants = Variants { amounts, stock: columns.stock.units.get(at), failures };
        let cheapest = match self.counts.as_mut() {
            Some(counts) => counts.product(at, columns, variants),
            None => variants.cheapest(self.filters).map(|(_, amounts)| amounts),
        };
        let cheapest = cheapest.map(|amounts| (amounts.final_amount, amounts.regular));
        if let Some(cheapest) = cheapest {
            self.select(at, columns, cheapest);
        }
    }

    /// With final and regular of its cheapest variant.
    fn select(&mut self, at: usize, columns: &ChunkColumns<'_>, price: (i64, i64)) {
        let key = order::key(self.sort, columns.products, at, price);
        self.selected.push(Selection { product: columns.first + at as u32, key });
    }
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

    fn see(&mut self, chunk: &ProductChunk, visible: Mask) {
        if self.seen.is_empty() {
            return;
        }
        for at in visible.iter() {
            if let Some(seen) = self.seen.get_mut(chunk.family[at] as usize) {
                *seen = true;
            }
        }
    }

    fn add(&mut self, other: &Families) {
        for (seen, other) in self.seen.iter_mut().zip(&other.seen) {
            *seen |= other;
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
