//! The contract's page rules, one by one, each with a small example.

// The lints know tests, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod discounts;
mod image;
mod index;
mod index_audit;
mod instants;
mod listings;
mod numbering;
mod pages;
mod plans;
mod prices;
mod scopes;
#[path = "../support/mod.rs"]
mod support;
mod texts;
