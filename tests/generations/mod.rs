//! Generations beside each other: promoted, rolled back and dropped while pages are read and events flow.

mod catalogue;
mod keeping;
mod rebuilding;
mod shadow;
mod switching;
