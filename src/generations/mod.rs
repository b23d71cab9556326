//! Generations of the read store: how they are made, projected and promoted, and how processes follow
//! the live one.
//!
//! Which generations there are is in the [`catalogue`](crate::catalogue). One that is *following* is
//! projected by every process with the role `projector` ([`project`]), whether or not it is live; pages
//! are answered from the one that is *live* ([`follow`]). To [`promote`] is to change which one that is,
//! once all instances are ready for it.

mod abandoned;
pub mod alone;
mod discarded;
pub mod first;
pub mod follow;
mod forwarded;
pub mod jobs;
pub mod keep;
pub mod outcome;
pub mod project;
pub mod promote;
pub mod rebuild;
pub mod shadow;
mod stopped;
pub mod upkeep;
pub mod view;
