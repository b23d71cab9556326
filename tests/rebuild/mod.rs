//! A generation that is built from the whole log is the one that projecting event by event leaves.

mod dump;
mod embedded;
mod guards;
mod kafka;
mod shop;
mod stops;
