//! The rules of Vitrine's pages, without any I/O: events and an instant in, changes and pages out.
//!
//! Nothing here knows a runtime, a database, a broker, HTTP or a clock.

pub mod discount;
pub mod event;
pub mod instant;
pub mod price;
pub mod product;
pub mod review;
pub mod stock;
pub mod text;
