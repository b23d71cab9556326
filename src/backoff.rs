//! Waits after passing failures.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Doubled after each failure, up to a bound, with jitter.
#[derive(Debug)]
pub struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Backoff(Backoff::FIRST)
    }
}

impl Backoff {
    pub const FIRST: Duration = Duration::from_millis(50);
    pub const MOST: Duration = Duration::from_secs(5);

    /// How long to wait after the next failure: between one and one and a half of the step.
    pub fn next_pause(&mut self) -> Duration {
        // The clock's low digits are jitter enough to keep processes out of step.
        let jitter = u32::try_from(crate::clock::now().millis().rem_euclid(50)).unwrap_or(0);
        let pause = self.0 + self.0 * jitter / 100;
        self.0 = (self.0 * 2).min(Backoff::MOST);
        pause
    }

    /// Waits, unless it is to stop.
    pub async fn wait(&mut self, stop: &CancellationToken) {
        tokio::select! {
            () = tokio::time::sleep(self.next_pause()) => {}
            () = stop.cancelled() => {}
        }
    }
}
