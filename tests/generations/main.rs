//! Generations beside each other: promoted, rolled back and dropped while pages are read and events flow.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "../harness/mod.rs"]
mod harness;
mod rebuilding;
mod shadow;
mod switching;
