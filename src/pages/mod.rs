//! What pages are made of, read from one snapshot: from the steps that are stored, or, at instants
//! that these do not cover, evaluated from the facts. Both give the same answers.

mod cards;
mod evaluate;

use projections::instant::Instant;
use projections::listing::Total;
use projections::market::Market;

pub use cards::Cards;

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
    let coverage = snapshot.coverage().await?;
    if !coverage.holds(query.at) {
        return evaluate::listing(snapshot, query, market, after, limit as usize)
            .await
            .map(|(slice, _)| slice);
    }
    let mut places = snapshot.listing(query, after, limit.saturating_add(1)).await?;
    let more = places.len() > limit as usize;
    places.truncate(limit as usize);
    // A product that has no price within what is stored may get one after it.
    let covered_until = Some(coverage.until).filter(|until| until.is_finite());
    let changes_at = snapshot.listing_changes_at(query).await?;
    let next_change_at = changes_at.into_iter().chain(covered_until).min();
    Ok(Slice { places, more, next_change_at })
}

/// As [`listing`], with how many places there are in all.
pub async fn counted_listing(
    snapshot: &mut dyn Snapshot,
    query: &ListingQuery<'_>,
    market: &Market,
    after: Option<&Keyset>,
    limit: u32,
) -> Result<(Slice, Total)> {
    if !snapshot.coverage().await?.holds(query.at) {
        return evaluate::listing(snapshot, query, market, after, limit as usize).await;
    }
    let slice = listing(snapshot, query, market, after, limit).await?;
    Ok((slice, snapshot.listing_total(query).await?))
}
