//! What the service tells of itself.

pub mod audit;
pub mod cache;
mod families;
pub mod generations;
pub mod index;
pub mod metrics;
pub mod projector;
pub mod waits;
