//! Two clocks: boundaries of pages are instants, ages are not to jump when a clock is set.

use std::time::Instant as Monotonic;

use projections::instant::Instant;

/// One moment on both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    pub at: Instant,
    pub monotonic: Monotonic,
}

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Moment;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment { at: crate::clock::now(), monotonic: Monotonic::now() }
    }
}
