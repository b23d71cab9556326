//! What the fuzz targets have in common: how an input becomes a message, and what holds of every
//! message that is accepted.

pub mod json;
pub mod limits;
pub mod messages;
