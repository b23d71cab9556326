//! A generation that is built from the whole log is the one that projecting event by event leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "as tests do")]

#[path = "../harness/mod.rs"]
mod harness;

#[path = "../kafka/client.rs"]
#[allow(dead_code, reason = "the other target uses the rest")]
mod client;
mod dump;
mod embedded;
mod guards;
mod kafka;
mod shop;
mod stops;
