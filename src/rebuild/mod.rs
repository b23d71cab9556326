//! A new generation built from the first event.

pub mod from_live;
pub mod progress;
