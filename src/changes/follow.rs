//! How far a process has followed the feed of changes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often changes are looked for, whether or not a hint came.
pub const POLL: Duration = Duration::from_millis(25);

/// How far the feed is known.
pub struct Following {
    since: Instant,
    /// Milliseconds since then at which the last look began; 0 before the first.
    looked: AtomicU64,
}

impl Default for Following {
    fn default() -> Following {
        Following { since: Instant::now(), looked: AtomicU64::new(0) }
    }
}

impl Following {
    /// How long ago all that was committed was known; `None` before anything was.
    pub fn behind(&self) -> Option<Duration> {
        self.behind_at(Instant::now())
    }

    /// The same, where the time was looked at already.
    pub fn behind_at(&self, now: Instant) -> Option<Duration> {
        match self.looked.load(Ordering::Acquire) {
            0 => None,
            at => {
                let known = Duration::from_millis(at);
                Some(now.saturating_duration_since(self.since).saturating_sub(known))
            }
        }
    }

    /// Whether all is known that was committed before then: a look that began later has ended.
    pub fn is_beyond(&self, then: Instant) -> bool {
        let looked = Duration::from_millis(self.looked.load(Ordering::Acquire));
        looked > then.saturating_duration_since(self.since)
    }

    /// All is known that was committed before a look that began then.
    pub fn known_at(&self, began: Instant) {
        let millis = began.duration_since(self.since).as_millis();
        self.looked.store(u64::try_from(millis).unwrap_or(u64::MAX).max(1), Ordering::Release);
    }
}
