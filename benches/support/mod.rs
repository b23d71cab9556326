//! What the benchmarks share: a catalogue that is generated, published and projected as a user
//! would, and the sums made of what was measured.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod child;
pub mod facts;
pub mod latency;
pub mod production;
pub mod shop;
pub mod stats;
