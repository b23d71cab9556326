//! The page cache: finished answers in memory. It knows neither HTTP nor SQL.
//!
//! *A cached page is never older than the change it has been told of.*
//!
//! A cache that drops a page when it changes cannot hold that: a load that began before the change
//! ends after it, and puts the old page into the hole. In moka 0.12 a loader under way even wins
//! over an `invalidate` and an `insert` that come meanwhile. So nothing is ever dropped here:
//!
//! 1. A change leaves a tombstone, the version it was told with, in a table besides the pages
//!    ([`stamps`]). It is there whether the page is or not, and nothing evicts it.
//! 2. A page carries the [`Version`] that was current *before* its load began. Changes are told
//!    after the store shows them: a load that begins after that sees them.
//! 3. Whenever a page is looked up, its version is compared with the tombstones of all that it
//!    depends on. It does not matter when the old page got in, and which way: a change that has
//!    been told is seen by every look from then on. That the same is checked when a page is put,
//!    and that the older of two pages gives way, only keeps useless pages out; no race can be lost
//!    between the check and the put. (Only the audit takes a page away, one that is wrong: [`audited`].)
//! 4. One who waits for another one's load checks its page too. It may have begun before a change
//!    that was told before the wait: then it is loaded again ([`load`]).
//!
//! A page that changes at a known instant is prepared before it ([`upcoming`]): the page after the boundary
//! waits beside the one before it, with a version and tombstones of its own.
//!
//! The time to live is the last net, under changes that this process is never told of.
//!
//! All pages together take as many bytes as [`Limits::max_bytes`]. A compressed form that is made
//! later is weighed when it is made ([`PageCache::form`]), rather than guessed before: most pages
//! are never asked for in most codings.

pub mod answer;
pub mod asked;
pub mod audited;
pub mod coding;
pub mod counters;
mod demand;
pub mod entry;
pub mod fill;
pub mod first_pages;
mod flights;
mod gate;
pub mod key;
pub mod load;
pub mod pages;
pub mod stamps;
pub mod time;
mod told;
pub mod upcoming;

pub use answer::Finished;
pub use coding::{Coding, negotiate};
pub use counters::Statistics;
pub use demand::{Demand, Waiting};
pub use entry::{Entry, Loaded};
pub use fill::Filled;
pub use first_pages::{FirstPages, Watched, WatchedListing};
pub use key::{Context, PageKey, PageKind, PageRef};
pub use load::{GetError, Got, LoadError, Source};
pub use pages::{Limits, Lookup, PageCache, Put};
pub use stamps::{Slot, Stamps, Tag, Version};
pub use time::{Clock, Moment, SystemClock};
