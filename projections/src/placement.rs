//! Where a product stands in the listings: the rows that a store keeps sorted, and what changes of
//! them when the view changes.

use crate::instant::Instant;
use crate::listing::{Sort, SortFacts};
use crate::pricing;
use crate::timeline::Step;
use crate::view::{ListingKey, PriceStep, View};

/// The numbers that a store gives to listings and audiences, so that rows stay narrow.
pub trait Numbering {
    fn listing(&self, key: &ListingKey) -> i64;
    fn audience(&self, market: &str, group: Option<&str>) -> i64;
}

/// In place of a sort number: the row marks an instant at which the listing changes by itself.
pub const BOUNDARY: i64 = 15;

/// One row of a listing: the product stands at `key` in `[from, until)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    pub listing: i64,
    pub audience: i64,
    /// A [`Sort::number`], or [`BOUNDARY`] (then the key is the instant).
    pub sort: i64,
    pub key: i64,
    pub from: i64,
    pub until: i64,
}

/// What filters look at, for one audience during one step in which the product is listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Offer {
    pub audience: i64,
    pub from: i64,
    pub until: i64,
    pub final_amount: i64,
    pub on_sale: bool,
    pub in_stock: bool,
    /// Hundredths; 0 without reviews.
    pub rating: i64,
    /// The brand's listing number; 0 without a brand.
    pub brand: i64,
    /// The audience has entries in every order. A group that lists the product exactly when everyone's
    /// listing does has its own only in the orders by price; in the others, everyone's are its own.
    pub apart: bool,
}

/// All rows of one product, sorted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Placement {
    pub entries: Vec<Entry>,
    pub offers: Vec<Offer>,
}

/// What to delete and what to insert to come from one placement to another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PlacementDiff {
    pub gone_entries: Vec<Entry>,
    pub new_entries: Vec<Entry>,
    pub gone_offers: Vec<Offer>,
    pub new_offers: Vec<Offer>,
}

impl PlacementDiff {
    /// What to insert where there is nothing yet.
    pub fn adding(placement: Placement) -> PlacementDiff {
        let Placement { entries, offers } = placement;
        PlacementDiff { new_entries: entries, new_offers: offers, ..PlacementDiff::default() }
    }
}

impl Placement {
    /// The rows of a view. A hidden product has none.
    pub fn of(view: &View, numbering: &impl Numbering) -> Placement {
        let mut placement = Placement::default();
        if !view.active {
            return placement;
        }
        let listings: Vec<i64> = [ListingKey::All]
            .iter()
            .chain(&view.listings)
            .map(|key| numbering.listing(key))
            .collect();
        let brand =
            view.brand.as_ref().map_or(0, |b| numbering.listing(&ListingKey::Brand(b.id.clone())));
        for audience in &view.audiences {
            let number = numbering.audience(&audience.market, audience.group.as_deref());
            let listed = listed_steps(&audience.steps, view.released_at);
            let apart = audience.group.is_none() || {
                let everyones = view.audiences.iter().find(|everyones| {
                    everyones.group.is_none() && everyones.market == audience.market
                });
                let everyones = everyones.map(|a| listed_steps(&a.steps, view.released_at));
                windows(&listed, view) != windows(&everyones.unwrap_or_default(), view)
            };
            placement.add_offers(view, number, brand, &listed, apart);
            let runs = runs(view, &listed, apart);
            placement.entries.reserve(runs.len() * listings.len());
            for &listing in &listings {
                placement.entries.extend(runs.iter().map(|run| Entry {
                    listing,
                    audience: number,
                    sort: run.sort,
                    key: run.key,
                    from: run.from,
                    until: run.until,
                }));
            }
        }
        placement.entries.sort_unstable();
        placement.offers.sort_unstable();
        placement
    }

    fn add_offers(
        &mut self,
        view: &View,
        audience: i64,
        brand: i64,
        listed: &[Listed<'_>],
        apart: bool,
    ) {
        let rating = view.reviews.average_hundredths().unwrap_or(0) as i64;
        self.offers.extend(listed.iter().map(|step| Offer {
            audience,
            from: step.from.millis(),
            until: step.until.millis(),
            final_amount: step.price.final_amount,
            on_sale: step.price.final_amount < step.price.regular,
            in_stock: view.in_stock,
            rating,
            brand,
            apart,
        }));
    }

    /// The rows that differ.
    pub fn diff(old: &Placement, new: &Placement) -> PlacementDiff {
        let (gone_entries, new_entries) = diff_sorted(&old.entries, &new.entries);
        let (gone_offers, new_offers) = diff_sorted(&old.offers, &new.offers);
        PlacementDiff { gone_entries, new_entries, gone_offers, new_offers }
    }
}

/// A step in which the product is listed: priced and released.
struct Listed<'a> {
    from: Instant,
    until: Instant,
    price: &'a PriceStep,
}

fn listed_steps(steps: &[Step<Option<PriceStep>>], released_at: Instant) -> Vec<Listed<'_>> {
    steps
        .iter()
        .filter(|s| s.until > released_at)
        .filter_map(|s| {
            let price = s.value.as_ref()?;
            Some(Listed { from: s.from.max(released_at), until: s.until, price })
        })
        .collect()
}

/// When the product is listed, whatever its price, as far as the view covers it: nobody reads rows
/// beyond that, and timelines begin and end there as their own steps do.
fn windows(listed: &[Listed<'_>], view: &View) -> Vec<(Instant, Instant)> {
    let mut windows: Vec<(Instant, Instant)> = Vec::new();
    for step in listed {
        let (from, until) = (step.from.max(view.covers.from), step.until.min(view.covers.until));
        match windows.last_mut() {
            _ if from >= until => {}
            Some((_, last)) if *last == from => *last = until,
            _ => windows.push((from, until)),
        }
    }
    windows
}

/// An entry without its listing and audience.
struct Run {
    sort: i64,
    key: i64,
    from: i64,
    until: i64,
}

/// Neighbouring steps with the same key are one run; boundaries are where a step begins or ends,
/// but for the release, which the order by newest shows, and for what lies before all instants that the
/// steps cover: nobody asks there what comes next.
fn runs(view: &View, listed: &[Listed<'_>], apart: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::with_capacity(listed.len() * Sort::STORED.len());
    for sort in Sort::STORED.into_iter().filter(|sort| apart || sort.by_price()) {
        let first_of_sort = runs.len();
        for step in listed {
            let key = SortFacts {
                released_at: view.released_at,
                final_amount: step.price.final_amount,
                discount_bp: pricing::discount_bp(step.price.regular, step.price.final_amount),
                reviews: view.reviews,
            }
            .key(sort);
            let (from, until) = (step.from.millis(), step.until.millis());
            match runs[first_of_sort..].last_mut() {
                Some(last) if last.key == key && last.until == from => last.until = until,
                _ => runs.push(Run { sort: sort.number(), key, from, until }),
            }
        }
    }
    let mut edges: Vec<i64> = listed
        .iter()
        .flat_map(|s| [s.from, s.until])
        .filter(|at| at.is_finite() && *at > view.released_at && *at > view.covers.from)
        .map(Instant::millis)
        .collect();
    edges.sort_unstable();
    edges.dedup();
    runs.extend(edges.into_iter().map(|at| Run {
        sort: BOUNDARY,
        key: at,
        from: Instant::MIN.millis(),
        until: Instant::MAX.millis(),
    }));
    runs
}

fn diff_sorted<T: Ord + Copy>(old: &[T], new: &[T]) -> (Vec<T>, Vec<T>) {
    let (mut gone, mut added) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) => match a.cmp(b) {
                std::cmp::Ordering::Less => {
                    gone.push(*a);
                    i += 1;
                }
                std::cmp::Ordering::Greater => {
                    added.push(*b);
                    j += 1;
                }
                std::cmp::Ordering::Equal => {
                    i += 1;
                    j += 1;
                }
            },
            (Some(a), None) => {
                gone.push(*a);
                i += 1;
            }
            (None, Some(b)) => {
                added.push(*b);
                j += 1;
            }
            (None, None) => return (gone, added),
        }
    }
}
