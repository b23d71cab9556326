//! What the service tells of itself.

pub mod audit;
pub mod cache;
pub mod generations;
pub mod metrics;
pub mod projector;
pub mod waits;
