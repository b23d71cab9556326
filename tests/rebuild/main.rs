//! A generation that is built from the whole log is the one that projecting event by event leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "as tests do")]

#[path = "../harness/mod.rs"]
mod harness;

mod dump;
mod embedded;
mod guards;
mod shop;
mod stops;
