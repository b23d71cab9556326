//! A catalogue of views, and what its listings hold by brute force.

use std::collections::BTreeMap;

use projections::facts::ReviewCounts;
use projections::instant::{Instant, Window};
use projections::listing::Filters;
use projections::timeline::Step;
use projections::view::{AudienceTimeline, ListingKey, PriceStep, View};
use vitrine::store::query::{Keyset, ListingQuery};

use super::Store;
use super::support::{AWKWARD_IDS, brand, save_views, step, view, window};

/// Views by product id.
pub type Catalogue = BTreeMap<String, View>;

/// Instants at and around which the catalogue changes.
pub const EDGES: [i64; 5] = [-100, 0, 100, 200, 300];

/// Numbers that are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// From 0 to one less than `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % sides
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

fn steps(dice: &mut Dice) -> Vec<Step<Option<PriceStep>>> {
    let mut edges: Vec<i64> = EDGES.into_iter().filter(|_| dice.roll(2) == 0).collect();
    edges.push(i64::MAX);
    let mut from = i64::MIN;
    edges
        .into_iter()
        .map(|until| {
            let price = dice.pick(&[None, Some(0), Some(500), Some(500), Some(999), Some(1000)]);
            let step = step(Window { from: Instant(from), until: Instant(until) }, price);
            from = until;
            step
        })
        .collect()
}

/// A view that ties with others in every order, and differs in all that filters look at.
pub fn random_view(dice: &mut Dice) -> View {
    let mut view = view();
    view.active = dice.roll(8) != 0;
    view.released_at = Instant(dice.pick(&[i64::MIN, -100, 0, 0, 100, 250]));
    view.in_stock = dice.roll(2) == 0;
    view.reviews = dice.pick(&[
        ReviewCounts::default(),
        ReviewCounts([0, 0, 0, 0, 1]),
        ReviewCounts([0, 0, 0, 0, 2]),
        ReviewCounts([1, 0, 0, 0, 1]),
        ReviewCounts([0, 0, 2, 1, 0]),
    ]);
    for id in ["cat", "Cat", "sub"] {
        if dice.roll(2) == 0 {
            view.listings.push(ListingKey::Category(id.to_owned()));
        }
    }
    if let Some(id) = dice.pick(&[None, Some("acme"), Some("cat"), Some("b%")]) {
        view.brand = Some(brand(id));
        view.listings.push(ListingKey::Brand(id.to_owned()));
    }
    view.audiences = Vec::new();
    for market in ["default", "eu"] {
        for group in [None, Some("vip"), Some("VIP")] {
            // A group has a timeline of its own only where it differs from everyone's.
            if dice.roll(if group.is_none() { 8 } else { 2 }) != 0 {
                let steps = steps(dice);
                // Whatever has a price for everyone has one for a group.
                if !steps.iter().any(|s| s.value.is_some() && s.until > view.released_at) {
                    continue;
                }
                let group = group.map(str::to_owned);
                view.audiences.push(AudienceTimeline { market: market.to_owned(), group, steps });
            }
        }
    }
    view
}

/// Some sixty products, saved.
pub async fn saved_catalogue(store: &Store, seed: u64) -> Catalogue {
    let dice = &mut Dice::new(seed);
    let catalogue: Catalogue = (0..60)
        .map(|i| (format!("{}{}", AWKWARD_IDS[i % 18], i / 18), random_view(dice)))
        .collect();
    let views: Vec<(&str, Option<&View>)> =
        catalogue.iter().map(|(id, view)| (id.as_str(), Some(view))).collect();
    save_views(store, &views).await;
    catalogue
}

/// The offer of a product at an instant to an audience, if it is listed there.
fn offer<'v>(view: &'v View, query: &ListingQuery<'_>) -> Option<&'v PriceStep> {
    let member = *query.listing == ListingKey::All || view.listings.contains(query.listing);
    if !member || !view.active || view.released_at > query.at {
        return None;
    }
    let of = |group: Option<&str>| {
        view.audiences.iter().find(|a| a.market == query.market && a.group.as_deref() == group)
    };
    let own = query.group.and_then(|group| of(Some(group)));
    let timeline = own.or_else(|| of(None))?;
    let holds =
        |s: &&Step<Option<PriceStep>>| Window { from: s.from, until: s.until }.holds(query.at);
    timeline.steps.iter().find(holds)?.value.as_ref()
}

fn passes(view: &View, price: &PriceStep, filters: &Filters) -> bool {
    let brand = view.brand.as_ref().map(|b| &b.id);
    let rating = view.reviews.average_hundredths().unwrap_or(0) as i64;
    let brand_passes =
        filters.brands.is_empty() || brand.is_some_and(|id| filters.brands.contains(id));
    brand_passes
        && filters.min_price.is_none_or(|min| min <= price.final_amount)
        && filters.max_price.is_none_or(|max| price.final_amount <= max)
        && (view.in_stock || !filters.in_stock)
        && (price.final_amount < price.regular || !filters.on_sale)
        && filters.min_rating_hundredths.is_none_or(|min| min <= rating)
}

/// What comes first is smaller.
fn order(view: &View, price: &PriceStep, query: &ListingQuery<'_>) -> (i64, i64) {
    use projections::listing::Sort;
    let (reviews, rating) = (view.reviews, view.reviews.average_hundredths().unwrap_or(0) as i64);
    let off = (price.regular - price.final_amount) * 10_000;
    match query.sort {
        Sort::Newest => (view.released_at.millis().saturating_neg(), 0),
        Sort::PriceAsc => (price.final_amount, 0),
        Sort::PriceDesc => (-price.final_amount, 0),
        Sort::Discount => (if price.regular == 0 { 0 } else { -(off / price.regular) }, 0),
        Sort::Rating => (-rating, -(reviews.count() as i64)),
        Sort::Reviews => (-(reviews.count() as i64), 0),
    }
}

/// The ids that a listing holds, in order.
pub fn expected(catalogue: &Catalogue, query: &ListingQuery<'_>) -> Vec<String> {
    let mut listed: Vec<((i64, i64), &str)> = catalogue
        .iter()
        .filter_map(|(id, view)| {
            let price = offer(view, query)?;
            let passes = passes(view, price, query.filters);
            passes.then(|| (order(view, price, query), id.as_str()))
        })
        .collect();
    listed.sort_unstable();
    listed.into_iter().map(|(_, id)| id.to_owned()).collect()
}

pub fn ids(places: &[Keyset]) -> Vec<String> {
    places.iter().map(|place| place.product_id.clone()).collect()
}

/// The listings that products of the catalogue are in.
pub fn listings() -> Vec<ListingKey> {
    let categories = ["cat", "Cat", "sub"].map(|id| ListingKey::Category(id.to_owned()));
    let brands = ["acme", "cat", "b%"].map(|id| ListingKey::Brand(id.to_owned()));
    [ListingKey::All].into_iter().chain(categories).chain(brands).collect()
}

/// The windows' sides, and what lies right before them.
pub fn instants() -> Vec<i64> {
    let edges = EDGES.into_iter().flat_map(|edge| [edge - 1, edge]);
    edges.chain([i64::MIN + 1, 249, 250, i64::MAX - 1]).collect()
}

/// Only the window `[0, 100)` at 500, for everyone.
pub fn windowed(from: i64, until: i64, price: i64) -> Vec<Step<Option<PriceStep>>> {
    vec![
        step(window(None, from), None),
        step(window(from, until), Some(price)),
        step(window(until, None), None),
    ]
}
