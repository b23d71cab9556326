//! When changes were told, as exactly as stale pages need it: how long one has been wrong.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use super::stamps::Version;

/// The time that is remembered is cut into so many steps.
const STEPS: usize = 512;

/// The first version that was told in each step of the last while.
pub struct Told {
    steps: Mutex<VecDeque<(Version, Monotonic)>>,
    step: Duration,
}

impl Told {
    /// Remembers this long.
    pub fn within(remembered: Duration) -> Told {
        Told { steps: Mutex::default(), step: remembered / STEPS as u32 }
    }

    /// A version is told now.
    pub fn note(&self, version: Version, now: Monotonic) {
        let mut steps = self.lock();
        let is_same =
            |(_, began): &(Version, Monotonic)| now.saturating_duration_since(*began) < self.step;
        if steps.back().is_some_and(is_same) {
            return;
        }
        // One more: the oldest step has only begun so long ago.
        if steps.len() > STEPS {
            steps.pop_front();
        }
        steps.push_back((version, now));
    }

    /// When that version was told: a step too early at most. None if that is too long ago.
    pub fn when(&self, version: Version) -> Option<Monotonic> {
        let steps = self.lock();
        let later = steps.partition_point(|(first, _)| *first <= version);
        later.checked_sub(1).and_then(|step| steps.get(step)).map(|(_, began)| *began)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Version, Monotonic)>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
