//! Vitrine: a read service for storefronts. Events in, whole pages out.
//!
//! See `ARCHITECTURE.md` for the way of the data and the code map.

// `println!` and `eprintln!` panic where nobody reads: `cli::output` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod admin;
pub mod api;
pub mod backoff;
pub mod cache;
pub mod catalogue;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decode;
pub mod demo;
pub mod generations;
pub mod index;
pub mod log;
pub mod nearest;
pub mod projector;
pub mod rebuild;
pub mod schedule;
pub mod service;
pub mod sqlite;
pub mod stack;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod verdict;
pub mod waits;
pub mod warm;

pub use generate;

/// Much is allocated in one thread and freed in another (messages, pages): the system's allocator lets
/// threads wait for one another there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
