//! The feed of changes, for those who write and read it: what a transaction changes is collected,
//! and how far a process has followed is known. The changes are the store's
//! ([`feed`](crate::store::feed)).

mod collect;
pub mod follow;

pub use collect::Collector;
