//! Generations beside each other: promoted, rolled back and dropped while pages are read and events flow.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod catalogue;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../postgres_server/mod.rs"]
mod postgres_server;
mod rebuilding;
mod shadow;
mod switching;
