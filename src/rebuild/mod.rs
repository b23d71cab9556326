//! A new generation built from the first event.

pub mod progress;
