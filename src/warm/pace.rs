//! What is left of a run that warms the cache, and how fast it may go.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};
use std::vec::IntoIter;

use crate::cache::PageKey;

/// What the loads of a run share.
pub struct Work {
    pages: Mutex<IntoIter<PageKey>>,
    pace: Mutex<Pace>,
}

impl Work {
    pub fn new(pages: Vec<PageKey>, pages_per_second: u32) -> Work {
        let pace = Mutex::new(Pace::new(Clock::now(), pages_per_second));
        Work { pages: Mutex::new(pages.into_iter()), pace }
    }

    /// The next few; none at the end.
    pub fn next_pages(&self, most: usize) -> Vec<PageKey> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.by_ref().take(most).collect()
    }

    /// When so many pages may be loaded.
    pub fn next_turn(&self, pages: usize) -> Clock {
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).turn(Clock::now(), pages)
    }
}

/// So many pages a second. A turn that comes late is not made up for by a burst.
pub struct Pace {
    next: Clock,
    between: Duration,
}

impl Pace {
    /// How far behind its turns may be: timers are not exact.
    const SLACK: Duration = Duration::from_millis(5);

    /// The first turn is at `start`.
    pub fn new(start: Clock, per_second: u32) -> Pace {
        Pace { next: start, between: Duration::from_secs(1) / per_second.max(1) }
    }

    /// When so many pages may be loaded, as asked at `now`.
    pub fn turn(&mut self, now: Clock, pages: u32) -> Clock {
        let turn = self.next.max(now.checked_sub(Pace::SLACK).unwrap_or(now));
        self.next = turn + self.between * pages;
        turn
    }
}
