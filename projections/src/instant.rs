//! Instants: milliseconds since the Unix epoch, UTC.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// [`Instant::MIN`] and [`Instant::MAX`] stand for "since ever" and "for ever" in windows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
pub struct Instant(pub i64);

impl Instant {
    /// Before all times: a window that has no start.
    pub const MIN: Instant = Instant(i64::MIN);
    /// After all times: a window that has no end.
    pub const MAX: Instant = Instant(i64::MAX);

    /// 0000-01-01T00:00:00.000Z, the first that RFC 3339 can write in UTC.
    const FIRST_WRITABLE: Instant = Instant(-62_167_219_200_000);
    /// 9999-12-31T23:59:59.999Z, the last one.
    const LAST_WRITABLE: Instant = Instant(253_402_300_799_999);

    /// Reads RFC 3339 with any offset. Digits beyond the millisecond are cut, as the contract says.
    ///
    /// An offset can lead out of the years 0 to 9999 (publishers write "for ever" as the last second
    /// of 9999 in their own zone). Answers in UTC have no way to write that: it becomes the nearest
    /// instant that they have.
    pub fn parse(text: &str) -> Option<Instant> {
        // chrono takes the minus sign U+2212 as well.
        let parsed = DateTime::parse_from_rfc3339(text).ok().filter(|_| text.is_ascii())?;
        let instant = Instant(parsed.timestamp_millis());
        Some(instant.clamp(Instant::FIRST_WRITABLE, Instant::LAST_WRITABLE))
    }

    /// Milliseconds since the epoch; negative before 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whether this is a real moment and not one of the two ends of time.
    pub fn is_finite(self) -> bool {
        self != Instant::MIN && self != Instant::MAX
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Instants are stored as integers and answered as text: which one depends on the format.
impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

/// A half-open window `[from, until)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    /// The first instant inside; [`Instant::MIN`] where there is no start.
    pub from: Instant,
    /// The first instant after it; [`Instant::MAX`] where there is no end.
    pub until: Instant,
}

impl Window {
    /// The window that is always open.
    pub const ALWAYS: Window = Window { from: Instant::MIN, until: Instant::MAX };

    /// A window that holds nothing.
    pub const EMPTY: Window = Window { from: Instant::MAX, until: Instant::MIN };

    /// Whether `at` lies inside. A window whose end is not after its start holds nothing.
    pub fn holds(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }

    /// What lies inside both.
    pub fn and(self, other: Window) -> Window {
        Window { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// Narrows it, so that no edge of another window lies between its start and its end: both lie
    /// around `at`.
    pub fn between_edges(self, other: Window, at: Instant) -> Window {
        [other.from, other.until].into_iter().fold(self, |window, edge| match edge <= at {
            true => Window { from: window.from.max(edge), ..window },
            false => Window { until: window.until.min(edge), ..window },
        })
    }

    /// Whether it has neither start nor end.
    pub fn is_undated(&self) -> bool {
        *self == Window::ALWAYS
    }

    /// Whether no instant lies inside.
    pub fn is_empty(&self) -> bool {
        self.until <= self.from
    }
}
