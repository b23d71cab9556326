//! The page cache: its races, bounds and forms. Nothing here sleeps: loads end when they are told
//! to, and the clock moves when it is moved.

mod bench;
mod boundaries;
mod forms;
mod keys;
mod model;
mod pages;
mod races;
mod shared_loads;
mod tended;
