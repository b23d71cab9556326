//! The pages, in as much memory as they may take.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::notification::RemovalCause;
use moka::ops::compute::Op;
use moka::sync::Cache;

use super::coding::Coding;
use super::counters::{Counters, Statistics};
use super::entry::{Entry, State};
use super::flights::Flights;
use super::gate::Gate;
use super::key::{PageKey, PageRef};
use super::stamps::{Stamps, Version};
use super::time::{Clock, Moment};
use super::told::Told;
use super::upcoming::Upcoming;

/// The bounds of a [`PageCache`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of all pages together, as [`Entry::weight`] counts them.
    pub max_bytes: u64,
    /// How long a page is served without asking the store again: the net under changes that this
    /// process was never told of.
    pub ttl: Duration,
    /// For how long after its `ttl` a page is still answered at once, while it is loaded anew.
    pub stale_while_revalidate: Duration,
    /// How old a page may be, from when it was last known to be current, to stand in for a store
    /// that is away.
    pub stale_if_error: Duration,
    /// Loads at the same time, of all pages; at least one.
    pub max_loads: usize,
    /// Loads that wait for that. More are turned away as [`super::load::GetError::Busy`].
    pub max_waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bytes: 256 * 1024 * 1024,
            ttl: Duration::from_secs(600),
            stale_while_revalidate: Duration::from_secs(600),
            stale_if_error: Duration::from_secs(300),
            max_loads: 32,
            max_waiting: 1024,
        }
    }
}

/// What the cache has of a page.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Valid.
    Hit(Arc<Entry>),
    /// Its time is over, but no change was told and no boundary has passed: it may be answered
    /// while it is loaded anew.
    Expired(Arc<Entry>),
    /// It has changed or a boundary has passed: only to be answered while the store is away.
    Outdated(Arc<Entry>),
    Miss,
}

/// What became of a page that was loaded.
#[derive(Clone, Debug)]
pub enum Put {
    Kept(Arc<Entry>),
    /// Not kept: something newer was there or told. Whether it is still valid is another question.
    Refused(Arc<Entry>),
}

impl Put {
    pub fn into_entry(self) -> Arc<Entry> {
        let (Put::Kept(entry) | Put::Refused(entry)) = self;
        entry
    }
}

/// How much of [`Limits::max_bytes`] is for the pages that are held apart: one part of so many.
const APART_SHARE: u64 = 4;

pub(super) type Held = Cache<PageKey, Arc<Entry>, ahash::RandomState>;

/// Finished pages, none older than the change this process has been told of.
///
/// First pages of listings are held apart from all others ([`super::entry::Loaded::apart`]): a crawler that walks
/// through every product drives none of them out.
///
/// `E` is what loads fail with.
pub struct PageCache<E> {
    crowd: Held,
    apart: Held,
    pub(super) upcoming: Upcoming,
    told: Told,
    pub(super) stamps: Stamps,
    pub(super) flights: Arc<Flights<E>>,
    pub(super) gate: Gate,
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counters: Arc<Counters>,
}

impl<E> PageCache<E> {
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let counters = Arc::new(Counters::default());
        let apart = limits.max_bytes / APART_SHARE;
        PageCache {
            crowd: held(limits.max_bytes - apart, &counters),
            apart: held(apart, &counters),
            upcoming: Upcoming::default(),
            told: Told::within(limits.stale_if_error),
            stamps: Stamps::default(),
            flights: Arc::default(),
            gate: Gate::new(limits.max_loads, limits.max_waiting),
            limits,
            clock,
            counters,
        }
    }

    /// Where changes are told.
    pub fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    /// What time the cache takes it to be.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// This version has just been told.
    pub fn was_told(&self, version: Version) {
        self.told.note(version, self.now().monotonic);
    }

    /// How long a page has not been known to be right: since its boundary passed, or since a change of it
    /// was told. Of several the last: had anybody asked for it since the first, it would have been read anew.
    pub(super) fn wrong_for(&self, entry: &Entry, now: &Moment) -> Duration {
        let past = entry.fresh_until().map_or(0, |until| now.at.millis() - until.millis());
        let past = Duration::from_millis(u64::try_from(past).unwrap_or(0));
        let newest = self.stamps.newest(entry.slots());
        if entry.version() >= newest {
            return past;
        }
        let told = self.told.when(newest);
        let told = told.map(|told| now.monotonic.saturating_duration_since(told));
        told.unwrap_or_else(|| entry.age(now)).min(entry.age(now)).max(past)
    }

    /// What there is of a page. It allocates nothing, waits for nothing, and is not counted.
    pub fn lookup(&self, asked: &PageRef<'_>, now: &Moment) -> Lookup {
        let Some(entry) = self.find(asked) else { return Lookup::Miss };
        match entry.state(&self.stamps, now, self.limits.ttl) {
            State::Fresh => Lookup::Hit(entry),
            State::Expired => Lookup::Expired(entry),
            State::Outdated => match entry.next(now) {
                Some(next) if next.state(&self.stamps, now, self.limits.ttl) == State::Fresh => {
                    Lookup::Hit(Arc::clone(next))
                }
                _ => Lookup::Outdated(entry),
            },
        }
    }

    pub(super) fn find(&self, asked: &PageRef<'_>) -> Option<Arc<Entry>> {
        let apart = if asked.kind.may_be_apart() { self.apart.get(asked) } else { None };
        apart.or_else(|| self.crowd.get(asked))
    }

    pub(super) fn held(&self, entry: &Entry) -> &Held {
        if entry.is_apart() { &self.apart } else { &self.crowd }
    }

    /// Every page that is held, in no order.
    pub fn each(&self, mut look: impl FnMut(&PageKey, &Arc<Entry>)) {
        for (key, entry) in self.apart.iter().chain(self.crowd.iter()) {
            look(&key, &entry);
        }
    }

    /// Keeps a page, unless it has changed since its load began or a newer one is there.
    pub fn put(&self, key: &PageKey, mut entry: Entry) -> Put {
        let now = self.clock.now();
        // Outside of the step below: bodies are compared. Whether that is still there then does
        // not matter.
        if let Some(there) = self.find(&key.as_ref()) {
            entry.share(&there);
        }
        let entry = Arc::new(entry);
        let mut put = Put::Refused(Arc::clone(&entry));
        // The look at what is there and the replacement are one step for all who put this page.
        let held = self.held(&entry);
        held.entry(key.clone()).and_compute_with(|there| {
            let there = there.map(moka::Entry::into_value);
            let is_newer = there.as_ref().is_none_or(|there| !entry.is_older_than(there));
            if !is_newer || !entry.is_valid(&self.stamps, &now) {
                return Op::Nop;
            }
            if let Some(there) = &there {
                entry.carry_asked(there);
            }
            put = Put::Kept(Arc::clone(&entry));
            Op::Put(Arc::clone(&entry))
        });
        match &put {
            Put::Kept(entry) => self.upcoming.note(key, entry, &now),
            Put::Refused(_) => Counters::count(&self.counters.put_refused),
        }
        put
    }

    /// The body in this coding, as [`super::answer::Finished::form`], weighed anew if that made it.
    pub fn form(&self, asked: &PageRef<'_>, entry: &Entry, coding: Coding) -> (Coding, Bytes) {
        let was_made = entry.answer().is_made(coding);
        let form = entry.answer().form(coding);
        if !was_made {
            self.weigh_again(asked, entry);
        }
        form
    }

    /// Makes all forms of a page, for those that are warmed.
    pub fn compress_all(&self, asked: &PageRef<'_>, entry: &Entry) {
        entry.answer().compress_all();
        self.weigh_again(asked, entry);
    }

    /// Moka weighs a page when it is put: what has become heavier is put again, unless it has been
    /// replaced.
    pub fn weigh_again(&self, asked: &PageRef<'_>, entry: &Entry) {
        self.held(entry).entry(PageKey::from(*asked)).and_compute_with(|there| {
            match there.map(moka::Entry::into_value) {
                Some(there) if there.answer().shares_bytes(entry.answer()) => Op::Put(there),
                _ => Op::Nop,
            }
        });
    }

    /// What telemetry reads: counts, bytes and pages.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            bytes: self.crowd.weighted_size() + self.apart.weighted_size(),
            entries: self.crowd.entry_count() + self.apart.entry_count(),
            ..Statistics::from(&*self.counters)
        }
    }

    /// How many pages are being loaded or wait for that.
    pub fn loads_under_way(&self) -> usize {
        self.flights.under_way()
    }

    /// How many loads wait for others.
    pub fn loads_waiting(&self) -> usize {
        self.gate.waiting()
    }

    /// Drops what is over the bound now, instead of at one of the next calls.
    pub fn settle(&self) {
        self.crowd.run_pending_tasks();
        self.apart.run_pending_tasks();
    }

    /// The page after the boundary takes the place of the one before it, once it has passed.
    pub(super) fn promote(&self, key: &PageKey, now: &Moment) {
        let Some(entry) = self.find(&key.as_ref()) else { return };
        let Some(next) = entry.next(now).cloned() else { return };
        self.held(&entry).entry(key.clone()).and_compute_with(|there| {
            match there.map(moka::Entry::into_value) {
                Some(there) if Arc::ptr_eq(&there, &entry) => {
                    next.carry_asked(&there);
                    Op::Put(Arc::clone(&next))
                }
                _ => Op::Nop,
            }
        });
        self.upcoming.note(key, &next, now);
    }
}

fn held(max_bytes: u64, counters: &Arc<Counters>) -> Held {
    let evicted = Arc::clone(counters);
    Cache::builder()
        .max_capacity(max_bytes)
        .weigher(|key: &PageKey, entry: &Arc<Entry>| {
            u32::try_from(entry.weight(key)).unwrap_or(u32::MAX)
        })
        .eviction_listener(move |_, _, cause| {
            if cause == RemovalCause::Size {
                Counters::count(&evicted.evictions);
            }
        })
        .build_with_hasher(ahash::RandomState::default())
}
