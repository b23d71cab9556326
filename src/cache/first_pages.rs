//! First pages of listings: each hears by itself whether a change can be seen on it.
//!
//! A listing changes whenever any of its products does; its first page seldom. So a first page does
//! not depend on its listing as a whole, but on a tombstone of its own ([`Tag::Watched`]), which is set
//! where some product's contribution under the page's filters, or the card of a product that is on
//! it, differs between two versions of the index in a way that the page shows.
//!
//! A page is watched from when it was made. What was published meanwhile is looked through then:
//! the last versions' changes are kept for that. Where they do not reach back far enough, the page
//! counts as touched.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use projections::index::Index;
use projections::index::changed::Changed;
use projections::index::query::AudienceView;
use projections::index::query::contribution::{Contribution, ListingView};
use projections::index::query::filters::Filters;
use projections::index::query::order::Keyset;
use projections::instant::Instant;
use projections::listing::{ListingKey, Sort};
use roaring::RoaringBitmap;

use super::stamps::{Stamps, Tag, Version};
use crate::clock;
use crate::index::IndexVersion;
use crate::store::feed::Change;

/// Versions whose changes are kept for pages that are being made.
const RECENT_VERSIONS: usize = 64;
/// Pages that are gone are swept out of a listing's list when it has grown by so many.
const SWEEP_EVERY: usize = 64;
/// Products that one page is compared by; a page of which more changed counts as touched.
const MAX_COMPARED: usize = 5_000;
/// Pages of one listing times the products that they are compared by; beyond that a change of the
/// listing touches all of them.
const MAX_COMPARISONS: usize = 50_000;
/// The same of all listings together that one version changes; beyond that they count as touched, so
/// that listings show a discount on everything before long.
const MAX_COMPARISONS_A_VERSION: usize = 200_000;
/// Changed products whose cards are told one by one; with more, every card counts as changed.
const MAX_CARDS: u64 = 50_000;

/// The first page of a listing, as it was made. An answer may hold several.
#[derive(Clone, Debug)]
pub struct WatchedListing {
    pub listing: ListingKey,
    /// The market's position in the configuration.
    pub market: usize,
    pub group: Option<String>,
    pub sort: Sort,
    pub filters: Filters,
    /// It shows facets.
    pub facets: bool,
    /// It shows how many products the listing holds.
    pub total: bool,
    /// For which instant it was made.
    pub at: Instant,
    /// The products on it, by number.
    pub items: Box<[u32]>,
    /// The last of them, where there are more after it.
    pub last: Option<Keyset>,
    pub next_change_at: Option<Instant>,
}

impl WatchedListing {
    /// Whether one of these products, in ascending order, is another one on it. Both versions are
    /// seen at one instant.
    fn is_touched(&self, views: &[AudienceView<'_>; 2], products: &[u32]) -> bool {
        if products.len() > MAX_COMPARED {
            return true;
        }
        let [before, now] = views.each_ref().map(|view| {
            ListingView::new(view, &self.listing, &self.filters, self.sort, self.facets)
        });
        // Those that are on it are looked at first: where everything is another one, that tells.
        let is_among = |product: &&u32| products.binary_search(product).is_ok();
        let mut on_it = self.items.iter().filter(is_among);
        on_it.any(|product| self.shows(&before, &now, *product))
            || products.iter().any(|product| self.shows(&before, &now, *product))
    }

    fn shows(&self, before: &ListingView<'_>, now: &ListingView<'_>, product: u32) -> bool {
        let (was, is) = (before.contribution(product), now.contribution(product));
        let other_id = before.index().id(product) != now.index().id(product);
        let is_on_it = self.items.contains(&product);
        let counts = was.counted.is_some() || is.counted.is_some();
        let other_values = counts && !before.has_values_of(now, product);
        if was == is && !other_id && !other_values {
            // It stands where it stood.
            return is_on_it && !same_card(before, now, product, &is);
        }
        let until = self.next_change_at.unwrap_or(Instant::MAX);
        let moves_edge =
            was.changes_at != is.changes_at && (is.changes_at < until || was.changes_at == until);
        let counts_otherwise = self.total && was.selected.is_some() != is.selected.is_some();
        let stands_otherwise = was.selected != is.selected || other_id;
        let comes = is.selected.is_some_and(|(_, key)| {
            self.last.as_ref().is_none_or(|last| {
                (key, now.index().id(product)) <= (last.key, last.product_id.as_str())
            })
        });
        moves_edge
            || counts_otherwise
            || was.counted != is.counted
            || other_values
            // Numbers of what it is counted by may be another's, too.
            || (other_id && was.counted.is_some())
            || (stands_otherwise && (comes || is_on_it))
            || (is_on_it && !same_card(before, now, product, &is))
    }

    /// The instant at which versions are compared: a page that was prepared is for its own.
    fn compared_at(&self, now: Instant) -> Instant {
        self.at.max(now)
    }
}

/// Whether both versions show a product alike that stands at the same place in both.
fn same_card(
    before: &ListingView<'_>,
    now: &ListingView<'_>,
    product: u32,
    is: &Contribution,
) -> bool {
    let Some((variant, _)) = is.selected else { return true };
    let cards = [before, now].map(|view| view.card(product, variant));
    let [Some(was), Some(is)] = cards else { return false };
    was.is_as(&is)
}

/// An answer that is watched for as long as somebody holds this.
#[derive(Debug)]
pub struct Watched {
    number: u64,
    listings: Vec<WatchedListing>,
}

impl Watched {
    /// What the answer depends on besides names.
    pub fn tag(&self) -> Tag<'static> {
        Tag::Watched(self.number)
    }

    /// The memory that it takes, about.
    pub fn bytes(&self) -> usize {
        let of = |watched: &WatchedListing| {
            let Filters { brands, attributes, .. } = &watched.filters;
            let texts = brands.iter().chain(attributes.keys()).chain(attributes.values().flatten());
            let texts: usize = texts.map(|text| text.len() + size_of::<String>() * 2).sum();
            size_of::<WatchedListing>() + watched.items.len() * 4 + texts
        };
        size_of::<Watched>() + self.listings.iter().map(of).sum::<usize>()
    }

    fn is_over(&self, now: Instant) -> bool {
        self.listings.iter().any(|watched| watched.next_change_at.is_some_and(|at| at <= now))
    }
}

/// All that are watched.
#[derive(Default)]
pub struct FirstPages {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    last: u64,
    /// The version that was told of last.
    current: Option<Arc<IndexVersion>>,
    /// With the number of its version, ascending, what each changed.
    recent: VecDeque<(u64, RoaringBitmap)>,
    by_listing: HashMap<ListingKey, Listing>,
    /// Listings of which no page is left are swept out when there are so many.
    sweep_at: usize,
}

#[derive(Default)]
struct Listing {
    pages: Vec<Weak<Watched>>,
    sweep_at: usize,
}

impl FirstPages {
    /// Watches an answer that was made from this version of the index.
    pub fn watch(
        &self,
        stamps: &Stamps,
        made_from: &IndexVersion,
        listings: Vec<WatchedListing>,
    ) -> Arc<Watched> {
        let mut inner = self.lock();
        inner.last += 1;
        let watched = Arc::new(Watched { number: inner.last, listings });
        if inner.touched_since(made_from, &watched) {
            stamps.stamp(watched.tag(), stamps.followed());
            return watched;
        }
        inner.sweep();
        let keys: HashSet<&ListingKey> = watched.listings.iter().map(|w| &w.listing).collect();
        for key in keys {
            let entry = inner.by_listing.entry(key.clone()).or_default();
            if entry.pages.len() >= entry.sweep_at {
                entry.pages.retain(|page| page.strong_count() > 0);
                entry.sweep_at = entry.pages.len() + SWEEP_EVERY;
            }
            entry.pages.push(Arc::downgrade(&watched));
        }
        watched
    }

    /// The store has changed: tells of the pages that are made from it.
    pub fn changed(&self, stamps: &Stamps, change: &Change) -> Version {
        stamps.tell(tags(change))
    }

    /// The index has changed: sets the tombstones of all that this can be seen on. `now` is what
    /// requests are answered from already.
    pub fn published(
        &self,
        stamps: &Stamps,
        before: &IndexVersion,
        now: &Arc<IndexVersion>,
        changed: &Changed,
    ) -> Option<Version> {
        let mut inner = self.lock();
        inner.current = Some(Arc::clone(now));
        if inner.recent.len() >= RECENT_VERSIONS {
            inner.recent.pop_front();
        }
        inner.recent.push_back((now.number, changed.products.clone()));
        if changed.is_empty() {
            return None;
        }
        let (old, new) = (&before.index, &now.index);
        let at = clock::now();
        let renamed: Vec<&ListingKey> = changed
            .headings
            .iter()
            .filter(|key| {
                let (was, is) = (old.heading_text(key, at), new.heading_text(key, at));
                // A page that is prepared may show the next name.
                was != is || is.1.is_finite()
            })
            .collect();
        let cards = cards(old, new, &changed.products);
        let headings = renamed.into_iter().map(|key| Tag::Heading(key.kind(), key.id()));
        let version = stamps.tell(cards.into_iter().chain(headings));
        inner.touch(stamps, version, [old, new], &changed.products);
        Some(version)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cards that are others.
fn cards<'a>(old: &'a Index, new: &'a Index, changed: &RoaringBitmap) -> BTreeSet<Tag<'a>> {
    if changed.len() > MAX_CARDS {
        return BTreeSet::from([Tag::AnyCard]);
    }
    let ids = changed.iter().flat_map(|number| [old.id(number), new.id(number)]);
    ids.filter(|id| !id.is_empty()).map(Tag::Card).collect()
}

/// For whom, and when: pages of one audience are compared at one instant.
type AudienceAt = (usize, Option<String>, Instant);

fn audience_at(watched: &WatchedListing, now: Instant) -> AudienceAt {
    (watched.market, watched.group.clone(), watched.compared_at(now))
}

/// Both versions as each of these audiences sees them.
fn views<'a>(
    [old, new]: [&'a Index; 2],
    audiences: &'a BTreeSet<AudienceAt>,
) -> BTreeMap<&'a AudienceAt, [AudienceView<'a>; 2]> {
    let view = |audience: &'a AudienceAt| {
        let (market, group, at) = audience;
        let of = |index| AudienceView::new(index, *market, group.as_deref(), *at);
        (audience, [of(old), of(new)])
    };
    audiences.iter().map(view).collect()
}

/// The changed products of one listing, in either version.
fn in_listing([old, new]: [&Index; 2], key: &ListingKey, changed: &RoaringBitmap) -> Vec<u32> {
    let of = |index: &Index| index.products_of(key).map(|products| products & changed);
    let (old, new) = (of(old).unwrap_or_default(), of(new).unwrap_or_default());
    (old | new).into_iter().collect()
}

impl Inner {
    /// Lets go of listings whose pages are gone: anybody can ask for any.
    fn sweep(&mut self) {
        if self.by_listing.len() >= self.sweep_at {
            let is_watched = |listing: &Listing| listing.pages.iter().any(|p| p.strong_count() > 0);
            self.by_listing.retain(|_, listing| is_watched(listing));
            self.sweep_at = 2 * self.by_listing.len() + SWEEP_EVERY;
        }
    }

    /// Whether something was published since a version that is seen on the answer made from it.
    fn touched_since(&self, made_from: &IndexVersion, watched: &Watched) -> bool {
        let Some(current) = self.current.as_ref() else { return false };
        if made_from.number >= current.number {
            return false;
        }
        let since = || self.recent.iter().filter(|(number, _)| *number > made_from.number);
        if (since().count() as u64) < current.number - made_from.number {
            return true;
        }
        let mut changed = RoaringBitmap::new();
        for (_, products) in since() {
            changed |= products;
        }
        let indexes = [&made_from.index, &current.index];
        let now = clock::now();
        watched.is_over(now)
            || watched.listings.iter().any(|watched| {
                let products = in_listing(indexes, &watched.listing, &changed);
                // Numbers of values may be given again meanwhile: what is counted is not compared.
                if products.is_empty() || watched.facets {
                    return !products.is_empty();
                }
                let audience = audience_at(watched, now);
                let of =
                    |index| AudienceView::new(index, audience.0, audience.1.as_deref(), audience.2);
                watched.is_touched(&indexes.map(of), &products)
            })
    }

    fn touch(
        &mut self,
        stamps: &Stamps,
        version: Version,
        indexes: [&Index; 2],
        changed: &RoaringBitmap,
    ) {
        let now = clock::now();
        let by_listing = self.changed_listings(indexes, changed);
        let pages = |key: &ListingKey| {
            let pages = self.by_listing.get(key).map(|listing| &listing.pages);
            pages.into_iter().flatten().filter_map(Weak::upgrade)
        };
        let looked: Vec<(&ListingKey, Vec<Arc<Watched>>)> =
            by_listing.keys().map(|key| (key, pages(key).collect())).collect();
        let of_pages = looked.iter().flat_map(|(_, pages)| pages).flat_map(|p| &p.listings);
        let audiences: BTreeSet<AudienceAt> = of_pages.map(|w| audience_at(w, now)).collect();
        let views = views(indexes, &audiences);
        let mut touched: HashSet<u64> = HashSet::new();
        let mut left = MAX_COMPARISONS_A_VERSION;
        for (key, pages) in &looked {
            let products = by_listing.get(key).map_or(&[][..], Vec::as_slice);
            let comparisons = pages.len() * products.len();
            let many = comparisons > MAX_COMPARISONS.min(left);
            left -= if many { 0 } else { comparisons };
            for page in pages {
                let shows = |watched: &WatchedListing| {
                    let views = views.get(&audience_at(watched, now));
                    views.is_none_or(|views| watched.is_touched(views, products))
                };
                let mut of_listing = page.listings.iter().filter(|w| w.listing == **key);
                if many || page.is_over(now) || of_listing.any(shows) {
                    stamps.stamp(page.tag(), version);
                    touched.insert(page.number);
                }
            }
        }
        for key in by_listing.keys() {
            if let Some(listing) = self.by_listing.get_mut(key) {
                listing.pages.retain(|page| {
                    page.upgrade().is_some_and(|page| !touched.contains(&page.number))
                });
            }
        }
    }

    /// The changed products by the listings that are watched.
    fn changed_listings(
        &self,
        indexes: [&Index; 2],
        changed: &RoaringBitmap,
    ) -> BTreeMap<ListingKey, Vec<u32>> {
        let mut by_listing: BTreeMap<ListingKey, Vec<u32>> = BTreeMap::new();
        if changed.len() > MAX_COMPARED as u64 {
            for key in self.by_listing.keys() {
                by_listing.insert(key.clone(), in_listing(indexes, key, changed));
            }
        } else {
            for number in changed {
                let listings = indexes.iter().flat_map(|index| index.listings_of(number));
                let listings: BTreeSet<ListingKey> = listings.chain([ListingKey::All]).collect();
                for key in listings.into_iter().filter(|key| self.by_listing.contains_key(key)) {
                    by_listing.entry(key).or_default().push(number);
                }
            }
        }
        by_listing.retain(|_, products| !products.is_empty());
        by_listing
    }
}

/// What a change of the store says of pages that are made from it: those that depend on any of these
/// may differ.
pub fn tags(change: &Change) -> Vec<Tag<'_>> {
    if change.everything {
        return vec![Tag::All];
    }
    let mut tags: Vec<Tag<'_>> = change.products.iter().map(|id| Tag::Product(id)).collect();
    for scope in &change.scopes {
        tags.extend(scope.all.then_some(Tag::AnyProduct));
        tags.extend(scope.products.iter().map(|id| Tag::Product(id)));
        tags.extend(scope.skus.iter().map(|id| Tag::Sku(id)));
        tags.extend(scope.categories.iter().map(|id| Tag::Category(id)));
        tags.extend(scope.brands.iter().map(|id| Tag::Brand(id)));
    }
    tags
}
