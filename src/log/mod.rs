//! Where events come from, and positions in it.

pub mod position;
