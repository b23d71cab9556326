//! A cached page: the answer, and what it is valid by.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use projections::instant::Instant;

use super::answer::Finished;
use super::key::PageKey;
use super::stamps::{Slot, Stamps, Version};
use super::time::Moment;

/// What a load comes back with.
pub struct Loaded {
    pub answer: Finished,
    /// All that the page depends on ([`super::stamps::slots`]); what is missing here is not seen
    /// to change.
    pub slots: Box<[Slot]>,
    /// The version that was read, where the load may have been answered by a store that is behind.
    /// None: the one that was current when the load began.
    pub version: Option<Version>,
    /// Kept as long as the page is.
    pub held: Option<Held>,
}

/// What a page keeps alive besides itself.
pub type Held = Arc<dyn std::any::Any + Send + Sync>;

/// A page that was loaded.
pub struct Entry {
    /// Never looked at.
    held: Option<Held>,
    answer: Arc<Finished>,
    slots: Box<[Slot]>,
    version: Version,
    loaded: Moment,
    /// Milliseconds from the load until it was last known to be current.
    confirmed: AtomicU64,
    ttl: Duration,
}

/// What an entry is at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Fresh,
    /// Only its time is over: nothing says that it has changed.
    Expired,
    /// It has changed, or a boundary has passed.
    Outdated,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", self.answer, self.version)
    }
}

impl Entry {
    /// `begun` and `version` are from before the load began: what changed meanwhile may be missing.
    pub fn new(loaded: Loaded, version: Version, begun: Moment, ttl: Duration) -> Self {
        Entry {
            held: loaded.held,
            answer: Arc::new(loaded.answer),
            slots: loaded.slots,
            // A store that is ahead of what this process knows of is not believed to be.
            version: loaded.version.map_or(version, |read| read.min(version)),
            loaded: begun,
            confirmed: AtomicU64::new(0),
            ttl,
        }
    }

    pub fn answer(&self) -> &Finished {
        &self.answer
    }

    /// It shows every change up to this one.
    pub fn version(&self) -> Version {
        self.version
    }

    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// When its load began.
    pub fn loaded_at(&self) -> Moment {
        self.loaded
    }

    /// From this instant on, it has changed with no event.
    pub fn fresh_until(&self) -> Option<Instant> {
        self.answer.next_change_at()
    }

    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// It was found to be current at this moment.
    pub fn confirm(&self, now: &Moment) {
        let since = u64::try_from(now.since(&self.loaded).as_millis()).unwrap_or(u64::MAX);
        self.confirmed.fetch_max(since, Ordering::Relaxed);
    }

    /// How long ago it was last known to be current, for `Age`.
    pub fn age(&self, now: &Moment) -> Duration {
        let confirmed = Duration::from_millis(self.confirmed.load(Ordering::Relaxed));
        now.since(&self.loaded).saturating_sub(confirmed)
    }

    /// Whether it has neither changed nor a boundary has passed.
    pub fn is_valid(&self, stamps: &Stamps, now: &Moment) -> bool {
        let until = self.fresh_until();
        self.version >= stamps.newest(&self.slots) && until.is_none_or(|until| now.at < until)
    }

    pub fn state(&self, stamps: &Stamps, now: &Moment) -> State {
        if !self.is_valid(stamps, now) {
            State::Outdated
        } else if now.since(&self.loaded) >= self.ttl {
            State::Expired
        } else {
            State::Fresh
        }
    }

    /// Whether this is to give way to the other: the order is by what the loads could see, and of
    /// equals by when they began.
    pub fn is_older_than(&self, other: &Entry) -> bool {
        (self.version, self.loaded.monotonic) < (other.version, other.loaded.monotonic)
    }

    /// The bytes it holds now, with its key and what the map needs for them.
    ///
    /// The slots and the map's own parts are all that is not the page itself.
    pub fn weight(&self, key: &PageKey) -> usize {
        size_of::<Entry>()
            + self.answer.held_bytes()
            + size_of_val::<[Slot]>(&self.slots)
            + size_of::<PageKey>()
            + key.heap_bytes()
            + MAP_BYTES
    }

    /// This one with the other's answer, compressed forms and all, if that says the same.
    pub(super) fn with_answer_of(self: Arc<Self>, other: &Entry) -> Arc<Self> {
        if !other.answer.is_same(&self.answer) {
            return self;
        }
        Arc::new(Entry {
            held: self.held.clone(),
            answer: Arc::clone(&other.answer),
            slots: self.slots.clone(),
            confirmed: AtomicU64::new(self.confirmed.load(Ordering::Relaxed)),
            ..*self
        })
    }

    /// Whether the two are the same answer, loaded twice.
    pub(super) fn shares_answer(&self, other: &Entry) -> bool {
        Arc::ptr_eq(&self.answer, &other.answer)
    }
}

/// What moka 0.12 holds for an entry besides key and value, in bytes: bucket, value's header,
/// entry's info, node of the queue, and the counters of the `Arc`s.
pub const MAP_BYTES: usize = 272;
