//! How long things take, as far as that decides what is done next.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long the views of a product take that a batch touches, of late.
#[derive(Default)]
pub struct ViewsPace(Mutex<f64>);

impl ViewsPace {
    /// How long after its first event came a batch is to be done.
    const WITHIN: Duration = Duration::from_millis(40);
    /// Views that take no longer than this are not what makes it late.
    const WORTH_IT: Duration = Duration::from_millis(15);
    /// Fewer say little: it is mostly round trips that they take, and so would leaving them.
    const FEWEST: usize = 6;
    /// What a batch weighs among those before it.
    const WEIGHT: f64 = 0.2;
    const FORGOTTEN: f64 = 0.01;

    /// Whether with the views of so many products a batch that has waited so long would be late. Each time it
    /// would, a little less is thought of how long they take: what took long once is tried again.
    pub fn would_be_late(&self, waited: Duration, products: usize) -> bool {
        let mut each = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let views = *each * products as f64;
        let late = products >= ViewsPace::FEWEST
            && views > ViewsPace::WORTH_IT.as_secs_f64()
            && waited.as_secs_f64() + views > ViewsPace::WITHIN.as_secs_f64();
        if late {
            *each *= 1.0 - ViewsPace::FORGOTTEN;
        }
        late
    }

    pub fn took(&self, products: usize, took: Duration) {
        if products < ViewsPace::FEWEST {
            return;
        }
        let mut each = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = took.as_secs_f64() / products as f64;
        *each = if *each == 0.0 { now } else { *each + ViewsPace::WEIGHT * (now - *each) };
    }
}

/// How many products a step of a fan-out computes: as many as take about so long.
pub struct StepPace {
    pub products: u32,
    step: Duration,
}

impl StepPace {
    const LEAST: u32 = 10;
    const MOST: u32 = 10_000;
    /// One step says only so much of the next one.
    const FACTOR: f64 = 2.0;

    pub fn of(step: Duration) -> StepPace {
        StepPace { products: StepPace::LEAST * 5, step }
    }

    /// A step that had less to do says nothing of how many are too few.
    pub fn took(&mut self, took: Duration, full: bool) {
        let most = if full { StepPace::FACTOR } else { 1.0 };
        let factor = self.step.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let products = f64::from(self.products) * factor.clamp(1.0 / StepPace::FACTOR, most);
        self.products = (products as u32).clamp(StepPace::LEAST, StepPace::MOST);
    }
}
