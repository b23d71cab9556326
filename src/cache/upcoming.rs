//! Pages that change at a known instant soon: prepared before it, so that the first request after it
//! finds them.
//!
//! A flash sale changes thousands of pages in one instant, with no event. Loading each when it is next
//! asked for would be a burst of loads just when most people ask. So a page whose boundary comes within
//! [`LEAD`] is loaded as it will be from the boundary on, and waits beside the one that is valid until
//! then ([`super::entry::Entry::next`]).

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use projections::instant::Instant;

use super::coding::Coding;
use super::counters::Counters;
use super::entry::{Entry, Loaded};
use super::key::{MAX_TENDED_BYTES, PageKey};
use super::load::LoadError;
use super::pages::{Lookup, PageCache};
use super::stamps::Version;
use super::time::Moment;

/// Boundaries that are noted when a page is put; later ones are found by [`PageCache::look_ahead`].
pub const HORIZON: Duration = Duration::from_secs(60);
/// How long before its boundary a page is prepared.
pub const LEAD: Duration = Duration::from_secs(10);
/// Pages that are noted; further ones are loaded when they are asked for.
const MAX_NOTED: usize = 100_000;

/// Which pages change when.
#[derive(Default)]
pub struct Upcoming {
    inner: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    pages: usize,
    by_boundary: BTreeMap<Instant, HashSet<PageKey, ahash::RandomState>>,
}

impl Upcoming {
    /// Notes a page, if it changes soon.
    pub(super) fn note(&self, key: &PageKey, entry: &Entry, now: &Moment) {
        let Some(at) = entry.fresh_until().filter(|at| is_within(*at, now, HORIZON)) else {
            return;
        };
        if key.heap_bytes() > MAX_TENDED_BYTES {
            return;
        }
        let mut noted = self.lock();
        if noted.pages < MAX_NOTED && noted.by_boundary.entry(at).or_default().insert(key.clone()) {
            noted.pages += 1;
        }
    }

    /// Takes the pages with boundaries up to this instant, the earliest first.
    fn take(&self, until: Instant) -> Vec<(Instant, PageKey)> {
        let mut noted = self.lock();
        let later = noted.by_boundary.split_off(&Instant(until.millis().saturating_add(1)));
        let due = std::mem::replace(&mut noted.by_boundary, later);
        noted.pages = noted.by_boundary.values().map(HashSet::len).sum();
        drop(noted);
        due.into_iter().flat_map(|(at, keys)| keys.into_iter().map(move |key| (at, key))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        // Nothing that is done under the lock leaves it half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_within(at: Instant, now: &Moment, horizon: Duration) -> bool {
    let left = at.millis().saturating_sub(now.at.millis());
    u64::try_from(left).is_ok_and(|left| u128::from(left) <= horizon.as_millis())
}

impl<E> PageCache<E> {
    /// Notes the pages whose boundaries have come near since they were put.
    pub fn look_ahead(&self) {
        let now = self.now();
        self.each(|key, entry| {
            if !entry.is_prepared() {
                self.upcoming.note(key, entry, &now);
            }
        });
    }

    /// The pages that are to be prepared now, those of the earliest boundary first and of these the
    /// ones that are held apart: most are read through them.
    pub fn to_prepare(&self) -> Vec<(Instant, PageKey)> {
        let now = self.now();
        // A page that was put with a short time to live would be over before its boundary.
        let lead = LEAD.min(self.limits.ttl / 2);
        let lead = i64::try_from(lead.as_millis()).unwrap_or(i64::MAX);
        let mut due = self.upcoming.take(Instant(now.at.millis().saturating_add(lead)));
        due.retain(|(at, _)| *at > now.at);
        due.sort_by_key(|(at, key)| (*at, !key.as_ref().kind.may_be_apart()));
        due
    }

    /// Boundaries have passed: the pages after them take the places of those before.
    pub fn promote_all(&self, keys: &[PageKey]) {
        let now = self.now();
        keys.iter().for_each(|key| self.promote(key, &now));
    }
}

impl<E: LoadError> PageCache<E> {
    /// Loads a page as it will be from its boundary on. False where it is not to be prepared any more,
    /// or cannot be: then it is loaded when it is asked for.
    pub async fn prepare<F>(
        &self,
        key: &PageKey,
        boundary: Instant,
        load: impl FnOnce(Version) -> F,
    ) -> bool
    where
        F: Future<Output = Result<Loaded, E>>,
    {
        let (Lookup::Hit(entry) | Lookup::Expired(entry)) = self.lookup(&key.as_ref(), &self.now())
        else {
            return false;
        };
        if entry.fresh_until() != Some(boundary) || entry.is_prepared() {
            return false;
        }
        let Some(permit) = self.gate.pass().await else { return false };
        // As in any load: what is told from here on may be missing in what it reads.
        let (version, begun) = (self.stamps.followed(), self.now());
        let Ok(loaded) = load(version).await else { return false };
        drop(permit);
        // Of a store that is behind: what is there now may be newer.
        if loaded.version.is_some() {
            return false;
        }
        Counters::count(&self.counters.prepared);
        let mut next = Entry::new(loaded, version, begun);
        if !next.is_valid_at(&self.stamps, boundary) {
            return false;
        }
        next.share(&entry);
        // Whoever takes a compressed form now will take it then.
        for coding in
            Coding::COMPRESSED.into_iter().filter(|coding| entry.answer().is_made(*coding))
        {
            next.answer().form(coding);
        }
        let prepared = entry.prepare(Arc::new(next));
        self.weigh_again(&key.as_ref(), &entry);
        prepared
    }
}
