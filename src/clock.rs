//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use projections::instant::Instant;

/// Now, to the millisecond.
pub fn now() -> Instant {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX - 1),
        // A clock that is set before 1970.
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX - 1),
    };
    Instant(millis)
}
