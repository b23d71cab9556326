//! What the benchmarks share: a catalogue that is generated, published and projected as a user
//! would, and the sums made of what was measured.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod changing;
pub mod child;
pub mod facts;
pub mod filled;
pub mod filling;
pub mod host;
pub mod http;
pub mod known;
pub mod latency;
pub mod load;
pub mod parts;
pub mod postgres;
pub mod production;
pub mod questions;
pub mod random;
pub mod reading;
pub mod rivals;
pub mod selects;
pub mod serving;
pub mod shape;
pub mod shop;
pub mod stats;
pub mod switches;
pub mod tables;
pub mod truth;
