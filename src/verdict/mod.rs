//! Whether a new generation answers as the live one does.
//!
//! [`compare`] reads both and gathers what differs, by the kind of answer and the path of the field:
//!
//! | kind | what is compared |
//! | --- | --- |
//! | `counts` | products; open dead letters |
//! | `product` | product pages, in every market, for everyone and for groups, now and at instants to come |
//! | `reviews` | the first reviews where there are more than the page shows, and how many there are |
//! | `facts` | facts that differ though no page that was compared shows anything of their kind |
//! | `discount` | every discount, whatever it reaches |
//!
//! All pages are functions of facts: product pages and cards of a product's own and the discounts that reach it, listings of
//! all of them. Where facts are equal, so are all pages at all instants, and none is made.
//!
//! # Moments
//!
//! Both generations are live, and events reach them at different moments. What differs at first sight is looked at
//! again, in a way in which moments can be told: the live generation is read, then the new one once it reflects
//! everything that this state did, then the live one again once it reflects everything that the new one did. So the
//! new state lies between two live ones.
//!
//! - All three reflect the same events: what differs, differs.
//! - The new one is as one of the live ones, in this field: it does not differ.
//! - The live ones have the same value, the new one another, and what it follows from has not changed between the live
//!   ones: that counts against the new one, and does so for good when it is seen twice. What it follows from are the
//!   product's facts; stock and reviews, which change most, are told from the rest. Facts have the times of their events,
//!   so that a value that has come back shows as changed. Counts have nothing of the kind: they have to be seen so in
//!   every look.
//! - Else it is of the moment, and looked at again, a bounded number of times. What is neither equal nor surely
//!   different after that is no difference; it is counted as unsettled. A verdict with too much of that is inconclusive.
//!
//! # Bounds
//!
//! Memory is bounded by some hundreds of products at a time, all discounts, [`MAX_PATHS`] paths, and [`MAX_EXAMPLES`]
//! examples of each.

mod allow;
mod answers;
mod counts;
mod discounts;
mod fields;
mod found;
mod moments;
mod products;
mod report;
mod walk;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Clock};

use projections::instant::Instant;
use projections::market::Market;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

pub use allow::{Allow, BadAllow, Judged, KINDS};
pub(crate) use fields::shortened;
pub use fields::{FieldDifference, MISSING, differences};
pub use found::{Difference, Example, MAX_EXAMPLES, MAX_PATHS};
pub use moments::Side;

use crate::log::position::{Position, join_positions};
use crate::store::{ReadStore, StoreError};
use found::Findings;
use moments::Pair;
use walk::Walk;

/// How much is compared, and for whom.
#[derive(Clone, Debug)]
pub struct Scope {
    /// As configured; pages are compared in all of them.
    pub markets: Vec<Market>,
    /// Units up to which stock is low.
    pub low_stock_threshold: i64,
    /// Products at most; of more, so many are drawn by chance.
    pub max_products: usize,
    /// Now: the same instant for the whole comparison.
    pub at: Instant,
    /// What is drawn by chance: the same seed draws the same.
    pub seed: u64,
    /// How long one generation may take to reflect what the other does.
    pub follow_within: Duration,
}

impl Scope {
    /// How long one generation may take to reflect what the other does.
    pub const FOLLOW_WITHIN: Duration = Duration::from_secs(300);

    /// With the default bounds of `[rebuild]`.
    pub fn new(markets: Vec<Market>, low_stock_threshold: i64, at: Instant) -> Scope {
        let defaults = crate::config::RebuildConfig::default();
        Scope {
            markets,
            low_stock_threshold,
            max_products: defaults.compare_max_products,
            at,
            seed: at.millis().unsigned_abs(),
            follow_within: Scope::FOLLOW_WITHIN,
        }
    }
}

/// Positions that an error names.
const SHOWN_POSITIONS: usize = 3;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    #[error("the {side} generation cannot be read: {error}")]
    Store { side: Side, error: StoreError },
    /// A projector is missing, or far behind.
    #[error(
        "the {side} generation does not reflect within {waited:?} what the other one does ({}): is it projected?",
        join_positions(&.at[..at.len().min(SHOWN_POSITIONS)])
    )]
    Behind {
        side: Side,
        waited: Duration,
        /// The last events of partitions that it does not reflect.
        at: Vec<Position>,
    },
    #[error("a partition of the {side} generation is stopped: `vitrine status` says why")]
    PartitionStopped { side: Side },
    #[error("the comparison was stopped")]
    Stopped,
}

/// What a generation counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    pub generation: i64,
    pub products: u64,
    pub dead_letters_open: u64,
}

/// How much was compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Compared {
    pub products: u64,
    pub discounts: u64,
    /// Pages that were made of products where facts differ.
    pub answers: u64,
}

/// What came of comparing two generations.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Verdict {
    pub live: Counts,
    pub new: Counts,
    /// The instant that counted as now.
    pub at: Instant,
    pub took_ms: u64,
    pub compared: Compared,
    /// Products were drawn by chance from all that there are.
    pub products_sampled: bool,
    /// Products, discounts and counts that changed all the time, so that nothing can be said.
    pub unsettled: u64,
    /// In the order of their paths.
    pub differences: Vec<Difference>,
    /// Answers that differ at paths beyond [`MAX_PATHS`].
    pub other_differences: u64,
}

/// Compares a new generation with the live one, while both are projected.
///
/// `progress` hears of products done and in all; the second is about right. Both stores have to be
/// readable by this build, and projected: else it ends with [`VerdictError::Behind`] after [`Scope::follow_within`].
/// `stop` ends it within a step.
pub async fn compare(
    live: &Arc<dyn ReadStore>,
    new: &Arc<dyn ReadStore>,
    scope: &Scope,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
    stop: &CancellationToken,
) -> Result<Verdict, VerdictError> {
    let started = Clock::now();
    let pair = Pair { live, new, within: scope.follow_within, stop };
    pair.caught_up().await?;
    let (mut findings, mut compared) = (Findings::default(), Compared::default());
    let counts = counts::compare(&pair, &mut findings).await?;
    let mut unsettled = counts.unsettled;

    let known = counts.live.products.saturating_add(counts.new.products);
    let (mut walk, products_sampled) =
        Walk::begin(&pair, scope.seed, scope.max_products, known).await?;
    let total = counts.live.products.max(counts.new.products).min(scope.max_products as u64);
    let done = AtomicU64::new(0);
    let step = |n: u64| {
        let done = done.fetch_add(n, Ordering::Relaxed) + n;
        progress(done, total.max(done));
    };
    unsettled +=
        products::compare(&pair, scope, &mut walk, &mut findings, &mut compared, &step).await?;
    unsettled += discounts::compare(&pair, &mut findings, &mut compared).await?;
    let (differences, other_differences) = findings.finish();
    Ok(Verdict {
        live: counts.live,
        new: counts.new,
        at: scope.at,
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        compared,
        products_sampled,
        unsettled,
        differences,
        other_differences,
    })
}
