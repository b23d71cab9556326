//! What the tests of the whole service share: the binary as a process, streams of events, and the
//! comparison of all its answers with the oracle's.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it fails as tests do")]

pub mod compare;
pub mod events;
pub mod process;
pub mod production;
pub mod service;
pub mod state;
pub mod stream;

use std::time::{Duration, Instant as Clock};

/// How long anything may take that has to happen at all. Far longer than it does take: it is there
/// so that a test ends, not to measure.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Now, in milliseconds since 1970.
pub fn now() -> i64 {
    vitrine::clock::now().millis()
}

/// Asks again and again until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Clock::now();
    // To ask is to start a process at times: whoever waits long asks less often.
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Whether tests that have a budget run their whole count.
pub fn full() -> bool {
    std::env::var_os("VITRINE_TEST_FULL").is_some_and(|v| !v.is_empty() && v != "0")
}
