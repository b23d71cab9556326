//! How much of time is stored as steps: around now, all of it; what lies further off is evaluated
//! from the facts when it is asked for.

use crate::instant::{Instant, Window};
use crate::timeline::{Step, Timeline};

/// Steps of one timeline that are stored at most.
pub const MAX_STEPS: usize = 256;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The part of time whose steps are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon {
    /// Steps that end before this are left out.
    pub from: Instant,
    /// Steps that begin after this are left out.
    pub until: Instant,
    /// When a timeline that goes on beyond the horizon is to be computed again.
    pub refresh_at: Instant,
    /// Before this, a timeline that is computed again comes out the same.
    pub moves_at: Instant,
}

impl Horizon {
    /// From some time before now to some time after it, in milliseconds; it moves once a day, so
    /// that what is computed twice on a day comes out the same.
    pub fn around(now: Instant, past_ms: i64, ahead_ms: i64) -> Horizon {
        let day = now.millis().div_euclid(DAY_MS) * DAY_MS;
        let next_day = day.saturating_add(DAY_MS);
        Horizon {
            from: Instant(day.saturating_sub(past_ms)),
            until: Instant(next_day.saturating_add(ahead_ms)),
            refresh_at: Instant(day.saturating_add(ahead_ms / 2).max(next_day)),
            moves_at: Instant(next_day),
        }
    }

    /// Only what holds at one instant.
    pub fn at(at: Instant) -> Horizon {
        let next = Instant(at.millis().saturating_add(1));
        Horizon { from: at, until: next, refresh_at: next, moves_at: next }
    }

    /// All of time.
    pub fn everything() -> Horizon {
        let (always, never) = (Instant::MIN, Instant::MAX);
        Horizon { from: always, until: never, refresh_at: never, moves_at: always }
    }

    /// Whether a window lies wholly before what is stored.
    pub fn is_past(&self, window: Window) -> bool {
        window.until <= self.from
    }
}

/// What a stored timeline can answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Coverage {
    /// The instants that it answers.
    pub window: Window,
    /// When it is to be computed again; `None`: it is whole from its start on.
    pub refresh_at: Option<Instant>,
}

impl Coverage {
    /// Of a timeline that is whole.
    pub const WHOLE: Coverage = Coverage { window: Window::ALWAYS, refresh_at: None };

    /// What both answer.
    pub fn and(self, other: Coverage) -> Coverage {
        Coverage {
            window: Window {
                from: self.window.from.max(other.window.from),
                until: self.window.until.min(other.window.until),
            },
            refresh_at: self.refresh_at.into_iter().chain(other.refresh_at).min(),
        }
    }
}

/// Keeps the steps that touch the horizon, each with its real ends.
pub fn clip<T>(mut timeline: Timeline<T>, horizon: &Horizon) -> (Timeline<T>, Coverage) {
    let first = timeline.partition_point(|s| s.until <= horizon.from);
    timeline.drain(..first);
    let mut kept = timeline.partition_point(|s| s.from < horizon.until).max(1);
    let mut refresh_at = horizon.refresh_at;
    if kept > MAX_STEPS {
        kept = MAX_STEPS;
        let late = timeline.get(MAX_STEPS * 3 / 4).map_or(refresh_at, |s: &Step<T>| s.from);
        refresh_at = refresh_at.min(late.max(horizon.moves_at));
    }
    let cut = timeline.len() > kept;
    timeline.truncate(kept);
    let window = Window {
        from: timeline.first().map_or(Instant::MIN, |s| s.from),
        until: timeline.last().map_or(Instant::MAX, |s| s.until),
    };
    (timeline, Coverage { window, refresh_at: cut.then_some(refresh_at) })
}
