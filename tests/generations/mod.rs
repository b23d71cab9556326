//! Generations beside each other: promoted, rolled back and dropped while pages are read and events flow.

mod catalogue;
mod first_start;
mod keeping;
mod rebuilding;
mod shadow;
mod switching;
