//! First pages of listings: each is told by itself whether a change can be seen on it.
//!
//! A listing changes whenever any of its products does; its first page seldom. So a first page does not
//! depend on its listing as a whole, but on the cards that are on it, and on a tombstone of its own
//! ([`Tag::Watched`]), which is set where a change touches it ([`Change::touches`]).
//!
//! A page is watched from when it has been read. What was told while it was being read is looked through
//! then: the last changes are kept for that. Where they do not reach back far enough, the page counts as
//! touched.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use projections::instant::Instant;
use projections::listing::{Filters, Sort, Total};
use projections::text::Text;
use projections::view::ListingKey;

use super::stamps::{Stamps, Tag, Version};
use crate::changes::{Change, FirstPage};
use crate::store::query::{Keyset, ListingQuery};

/// Changes that are kept for pages that are being read.
const RECENT_CHANGES: usize = 64;
/// Pages that are gone are swept out of a listing's list when it has grown by so many.
const SWEEP_EVERY: usize = 64;

/// One first page, as it was read. An answer may hold several.
#[derive(Clone, Debug)]
pub struct Part {
    pub listing: ListingKey,
    pub market: String,
    pub group: Option<String>,
    pub sort: Sort,
    pub filters: Filters,
    /// For which instant it was read.
    pub at: Instant,
    pub name: Option<Text>,
    pub places: Vec<Keyset>,
    pub more: bool,
    /// Not counted: one that never changes.
    pub total: Option<Total>,
    pub next_change_at: Option<Instant>,
}

impl Part {
    fn is_touched(&self, change: &Change) -> bool {
        let query = ListingQuery {
            listing: &self.listing,
            market: &self.market,
            group: self.group.as_deref(),
            sort: self.sort,
            filters: &self.filters,
            at: self.at,
        };
        change.touches(&FirstPage {
            query,
            name: self.name.as_ref(),
            places: &self.places,
            more: self.more,
            total: self.total.unwrap_or_default(),
            next_change_at: self.next_change_at,
        })
    }
}

/// An answer that is watched for as long as somebody holds this.
#[derive(Debug)]
pub struct Watched {
    number: u64,
    parts: Vec<Part>,
}

impl Watched {
    /// What the answer depends on besides the cards on it.
    pub fn tag(&self) -> Tag<'static> {
        Tag::Watched(self.number)
    }

    /// The memory that it takes, without what listings' names take.
    pub fn bytes(&self) -> usize {
        let place = |place: &Keyset| size_of::<Keyset>() + place.product_id.len();
        let of = |part: &Part| size_of::<Part>() + part.places.iter().map(place).sum::<usize>();
        size_of::<Watched>() + self.parts.iter().map(of).sum::<usize>()
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
    /// With the version that each was told with, ascending.
    recent: VecDeque<(Version, Arc<Change>)>,
    by_listing: HashMap<ListingKey, Listing>,
}

#[derive(Default)]
struct Listing {
    pages: Vec<Weak<Watched>>,
    sweep_at: usize,
}

impl FirstPages {
    /// Watches an answer whose load began at this version.
    pub fn watch(&self, stamps: &Stamps, begun: Version, parts: Vec<Part>) -> Arc<Watched> {
        let mut inner = self.lock();
        inner.last += 1;
        let watched = Arc::new(Watched { number: inner.last, parts });
        if inner.touched_since(stamps, begun, &watched) {
            stamps.stamp(watched.tag(), stamps.followed());
            return watched;
        }
        let listings: HashSet<&ListingKey> = watched.parts.iter().map(|p| &p.listing).collect();
        for listing in listings {
            let entry = inner.by_listing.entry(listing.clone()).or_default();
            if entry.pages.len() >= entry.sweep_at {
                entry.pages.retain(|page| page.strong_count() > 0);
                entry.sweep_at = entry.pages.len() + SWEEP_EVERY;
            }
            entry.pages.push(Arc::downgrade(&watched));
        }
        watched
    }

    /// Tells a change: sets the tombstones of all that it can be seen on.
    pub fn tell(&self, stamps: &Stamps, change: Change) -> Version {
        let mut inner = self.lock();
        let version = stamps.tell(tags(&change));
        inner.touch(stamps, version, &change);
        if inner.recent.len() >= RECENT_CHANGES {
            inner.recent.pop_front();
        }
        inner.recent.push_back((version, Arc::new(change)));
        version
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn touched_since(&self, stamps: &Stamps, begun: Version, watched: &Watched) -> bool {
        let told = stamps.followed().0.saturating_sub(begun.0);
        let since = || self.recent.iter().filter(|(version, _)| *version > begun);
        // Every change is told with a version of its own.
        if (since().count() as u64) < told {
            return true;
        }
        since().any(|(_, change)| watched.parts.iter().any(|part| part.is_touched(change)))
    }

    fn touch(&mut self, stamps: &Stamps, version: Version, change: &Change) {
        // Where what is covered ends is said for all listings at once.
        let all = !change.places.covered.is_empty() || !change.places.covers.is_empty();
        let named: HashSet<&ListingKey> = change
            .places
            .listings
            .iter()
            .chain(&change.listings)
            .chain(change.names.iter().map(|(key, _)| key))
            .collect();
        let look = |listing: &mut Listing| {
            listing.pages.retain(|page| {
                let Some(page) = page.upgrade() else { return false };
                let touched = page.parts.iter().any(|part| part.is_touched(change));
                if touched {
                    stamps.stamp(page.tag(), version);
                }
                !touched
            });
        };
        if change.everything {
            self.by_listing.clear();
        } else if all {
            self.by_listing.values_mut().for_each(look);
        } else {
            for key in named {
                if let Some(listing) = self.by_listing.get_mut(key) {
                    look(listing);
                }
            }
        }
    }
}

/// What a change says of pages other than first pages: those that depend on any of these may differ.
pub fn tags(change: &Change) -> Vec<Tag<'_>> {
    if change.everything {
        return vec![Tag::All];
    }
    let cards = change.cards.iter().filter_map(|index| change.products.get(*index as usize));
    let mut tags: Vec<Tag<'_>> = change.products.iter().map(|id| Tag::Product(id)).collect();
    tags.extend(cards.map(|id| Tag::Card(id)));
    for scope in &change.scopes {
        tags.extend(scope.all.then_some(Tag::AnyProduct));
        tags.extend(scope.products.iter().map(|id| Tag::Product(id)));
        tags.extend(scope.skus.iter().map(|id| Tag::Sku(id)));
        tags.extend(scope.categories.iter().map(|id| Tag::Category(id)));
        tags.extend(scope.brands.iter().map(|id| Tag::Brand(id)));
    }
    tags
}
