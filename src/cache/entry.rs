//! A cached page: the answer, and what it is valid by.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant as Monotonic};

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
    /// The instant that the page was made for.
    pub valid_from: Instant,
    /// Kept as long as the page is.
    pub held: Option<Held>,
    /// Held apart from the pages that anybody's walk through the shop brings in: see
    /// [`super::pages`].
    pub apart: bool,
}

/// What a page keeps alive besides itself.
pub struct Held {
    pub what: Arc<dyn std::any::Any + Send + Sync>,
    /// The memory that it takes.
    pub bytes: usize,
}

/// A page that was loaded.
pub struct Entry {
    /// Only kept; most pages have none.
    held: Option<Box<Held>>,
    answer: Finished,
    slots: Depends,
    version: Version,
    valid_from: Instant,
    /// When its load began.
    loaded: Monotonic,
    /// How often it was asked for since that was last taken: see [`super::asked`].
    asked: AtomicU32,
    apart: bool,
    /// The page from [`Entry::fresh_until`] on, where it has been prepared.
    next: OnceLock<Arc<Entry>>,
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

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", self.answer, self.version)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", self.answer, self.version)
    }
}

impl Entry {
    /// `begun` and `version` are from before the load began: what changed meanwhile may be missing.
    pub fn new(loaded: Loaded, version: Version, begun: Moment) -> Self {
        Entry {
            held: loaded.held.map(Box::new),
            answer: loaded.answer,
            slots: Depends::from(loaded.slots),
            // A store that is ahead of what this process knows of is not believed to be.
            version: loaded.version.map_or(version, |read| read.min(version)),
            valid_from: loaded.valid_from,
            loaded: begun.monotonic,
            asked: AtomicU32::new(0),
            apart: loaded.apart,
            next: OnceLock::new(),
        }
    }

    /// Somebody was answered with it.
    pub fn count_asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn take_asked(&self) -> u32 {
        // Most were not asked for: a look is cheaper than a write.
        let asked = match self.asked.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.asked.swap(0, Ordering::Relaxed),
        };
        // Its boundary may have passed a moment ago.
        asked.saturating_add(self.next.get().map_or(0, |next| next.take_asked()))
    }

    /// Takes over how often the one that it replaces was asked for.
    pub(super) fn carry_asked(&self, replaced: &Entry) {
        self.asked.fetch_add(replaced.take_asked(), Ordering::Relaxed);
    }

    pub fn answer(&self) -> &Finished {
        &self.answer
    }

    /// It shows every change up to this one.
    pub fn version(&self) -> Version {
        self.version
    }

    pub fn slots(&self) -> &[Slot] {
        self.slots.all()
    }

    /// From this instant on, it has changed with no event.
    pub fn fresh_until(&self) -> Option<Instant> {
        self.answer.next_change_at()
    }

    /// How long ago it was loaded.
    pub fn age(&self, now: &Moment) -> Duration {
        now.monotonic.saturating_duration_since(self.loaded)
    }

    /// Whether it has neither changed nor a boundary has passed.
    pub fn is_valid(&self, stamps: &Stamps, now: &Moment) -> bool {
        self.is_valid_at(stamps, now.at)
    }

    /// The same for another instant than now. Before the one that the page was made for there may be a
    /// boundary as well: a clock that is set back crosses it.
    pub fn is_valid_at(&self, stamps: &Stamps, at: Instant) -> bool {
        let until = self.fresh_until();
        let in_time = self.valid_from <= at && until.is_none_or(|until| at < until);
        in_time && self.version >= stamps.newest(self.slots())
    }

    /// Whether it is held apart.
    pub fn is_apart(&self) -> bool {
        self.apart
    }

    /// The page after this one's boundary, once that has passed.
    pub fn next(&self, now: &Moment) -> Option<&Arc<Entry>> {
        self.next.get().filter(|_| self.fresh_until().is_some_and(|until| until <= now.at))
    }

    /// Whether the page after its boundary has been prepared.
    pub fn is_prepared(&self) -> bool {
        self.next.get().is_some()
    }

    /// Takes the page after its boundary, unless it has one.
    pub(super) fn prepare(&self, next: Arc<Entry>) -> bool {
        self.next.set(next).is_ok()
    }

    /// What it is, where a page is served for this long without asking the store.
    pub fn state(&self, stamps: &Stamps, now: &Moment, ttl: Duration) -> State {
        if !self.is_valid(stamps, now) {
            State::Outdated
        } else if self.age(now) >= ttl {
            State::Expired
        } else {
            State::Fresh
        }
    }

    /// Whether this is to give way to the other: the order is by what the loads could see, and of
    /// equals by when they began.
    pub fn is_older_than(&self, other: &Entry) -> bool {
        (self.version, self.loaded) < (other.version, other.loaded)
    }

    /// The bytes it holds now, with its key and what the map needs for them.
    ///
    /// The slots and the map's own parts are all that is not the page itself.
    pub fn weight(&self, key: &PageKey) -> usize {
        let next = self.next.get().map_or(0, |next| next.held_bytes());
        self.held_bytes() + next + size_of::<PageKey>() + key.heap_bytes() + MAP_BYTES
    }

    fn held_bytes(&self) -> usize {
        let held = self.held.as_ref().map_or(0, |held| size_of::<Held>() + held.bytes);
        size_of::<Entry>() + self.answer.held_bytes() + self.slots.heap_bytes() + held
    }

    /// Takes over the other's bytes and compressed forms, if it has the same body.
    pub(super) fn share(&mut self, other: &Entry) {
        self.answer.share(&other.answer);
    }
}

/// Slots: those of most pages are few, and take no memory of their own.
#[derive(Debug)]
enum Depends {
    One(Slot),
    Two([Slot; 2]),
    Many(Box<[Slot]>),
}

impl Depends {
    fn all(&self) -> &[Slot] {
        match self {
            Depends::One(slot) => std::slice::from_ref(slot),
            Depends::Two(slots) => slots,
            Depends::Many(slots) => slots,
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Depends::One(_) | Depends::Two(_) => 0,
            Depends::Many(slots) => size_of_val::<[Slot]>(slots),
        }
    }
}

impl From<Box<[Slot]>> for Depends {
    fn from(slots: Box<[Slot]>) -> Self {
        match *slots {
            [slot] => Depends::One(slot),
            [first, second] => Depends::Two([first, second]),
            _ => Depends::Many(slots),
        }
    }
}

/// What moka 0.12 and the allocator hold for an entry besides key and value, in bytes: measured,
/// as the growth of a process by 50,000 pages.
pub const MAP_BYTES: usize = 344;
