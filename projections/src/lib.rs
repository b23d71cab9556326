//! The rules of Vitrine's pages, without any I/O: events and an instant in, changes and pages out.
//!
//! Nothing here knows a runtime, a database, a broker, HTTP or a clock. In the order of the data:
//! an [`event`] is [folded](fold), one by one or in [runs](run), into the facts of its entity ([`product`], [`price`], [`stock`],
//! [`discount`], [`review`]); a product's [`facts`] give its prices at one instant ([`pricing`]) and
//! at all instants ([`timeline`]); the [`index`] of all products' facts answers [listings](listing);
//! and at last comes what is served ([`page`]).

pub mod codec;
pub mod discount;
pub mod event;
pub mod facts;
pub mod fold;
pub mod index;
pub mod instant;
pub mod listing;
pub mod market;
pub mod page;
pub mod price;
pub mod pricing;
pub mod product;
pub mod review;
pub mod run;
pub mod stock;
pub mod text;
pub mod timeline;
