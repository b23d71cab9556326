//! What pages are made of, read from one snapshot: from the steps that are stored, or, at instants
//! that these do not cover, evaluated from the facts. Both give the same answers.

mod cards;
mod evaluate;

use projections::instant::{Instant, Window};
use projections::listing::Total;
use projections::market::Market;

pub use cards::Cards;
pub use evaluate::{evaluation_turn, limit_evaluations};

use crate::store::query::{Keyset, ListingQuery};
use crate::store::{Result, Snapshot};

/// Some places of a listing, in order.
#[derive(Debug, Default)]
pub struct Slice {
    pub places: Vec<Keyset>,
    /// There are more after them.
    pub more: bool,
    /// No later than the first instant at which the listing changes by itself.
    pub next_change_at: Option<Instant>,
}

/// Reads at most `limit` places after `after`. `market` is the query's.
pub async fn listing(
    snapshot: &mut dyn Snapshot,
    query: &ListingQuery<'_>,
    market: &Market,
    after: Option<&Keyset>,
    limit: u32,
) -> Result<Slice> {
    let covers = snapshot.coverage().await?;
    if covers.holds(query.at) {
        return stored(snapshot, query, covers, after, limit).await;
    }
    let evaluated = evaluate::listing(snapshot, query, market, after, limit as usize).await?;
    Ok(evaluated.0)
}

/// As [`listing`], with how many places there are in all.
pub async fn counted_listing(
    snapshot: &mut dyn Snapshot,
    query: &ListingQuery<'_>,
    market: &Market,
    after: Option<&Keyset>,
    limit: u32,
) -> Result<(Slice, Total)> {
    let covers = snapshot.coverage().await?;
    if !covers.holds(query.at) {
        return evaluate::listing(snapshot, query, market, after, limit as usize).await;
    }
    let slice = stored(snapshot, query, covers, after, limit).await?;
    Ok((slice, snapshot.listing_total(query).await?))
}

/// From the steps that are stored.
async fn stored(
    snapshot: &mut dyn Snapshot,
    query: &ListingQuery<'_>,
    covers: Window,
    after: Option<&Keyset>,
    limit: u32,
) -> Result<Slice> {
    let mut places = snapshot.listing(query, after, limit.saturating_add(1)).await?;
    let more = places.len() > limit as usize;
    places.truncate(limit as usize);
    // A price that comes after what is covered has left no boundary yet.
    let end = Some(covers.until).filter(|until| until.is_finite());
    let next_change_at = snapshot.listing_changes_at(query).await?.into_iter().chain(end).min();
    Ok(Slice { places, more, next_change_at })
}
