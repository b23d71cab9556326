//! Listings at instants that no stored steps cover: every product of the listing is evaluated.

use std::sync::OnceLock;
use std::time::Duration;

use projections::facts::ProductFacts;
use projections::horizon::Horizon;
use projections::instant::Instant;
use projections::listing::{OfferFacts, SortFacts, TOTAL_CAP, Total};
use projections::market::Market;
use projections::pricing::discount_bp;
use projections::timeline::step_at;
use projections::view::View;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Slice;
use crate::store::query::{Keyset, ListingQuery};
use crate::store::{Result, Snapshot, StoreError};

/// Evaluations of whole listings that go on at once.
static EVALUATIONS: OnceLock<Semaphore> = OnceLock::new();
const EVALUATIONS_AT_ONCE: usize = 2;

/// Sets how many listings the process evaluates at once. Only the first call counts.
pub fn limit_evaluations(at_once: usize) {
    EVALUATIONS.get_or_init(|| Semaphore::new(at_once));
}

/// How long a further one waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(30);

/// The turn of a listing that has to be evaluated. To be waited for without a snapshot: that would
/// hold a connection that other pages need.
pub async fn evaluation_turn() -> Result<SemaphorePermit<'static>> {
    let permits = EVALUATIONS.get_or_init(|| Semaphore::new(EVALUATIONS_AT_ONCE));
    match tokio::time::timeout(TURN_WITHIN, permits.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(StoreError::Unavailable(
            "too many listings are being evaluated for instants far from now".to_owned(),
        )),
    }
}

/// Products whose facts are in memory at once.
const PRODUCTS_AT_ONCE: u32 = 1_000;

pub async fn listing(
    snapshot: &mut dyn Snapshot,
    query: &ListingQuery<'_>,
    market: &Market,
    after: Option<&Keyset>,
    limit: usize,
) -> Result<(Slice, Total)> {
    let markets = std::slice::from_ref(market);
    let mut places: Vec<Keyset> = Vec::new();
    let mut next_change_at: Option<Instant> = None;
    let mut seen = String::new();
    loop {
        let ids = snapshot.members(query.listing, &seen, PRODUCTS_AT_ONCE).await?;
        let Some(last) = ids.last() else { break };
        seen.clone_from(last);
        for facts in snapshot.product_facts(&ids).await? {
            let view = View::compute(&facts, markets, &Horizon::at(query.at));
            next_change_at = next_change_at.into_iter().chain(changes_at(&view, query)).min();
            places.extend(place(&facts, &view, query));
        }
    }
    places.sort_unstable();
    let found = places.len() as u64;
    let total = Total { total: found.min(TOTAL_CAP), capped: found > TOTAL_CAP };
    let skip = after.map_or(0, |after| places.partition_point(|place| place <= after));
    let mut places = places.split_off(skip);
    let more = places.len() > limit;
    places.truncate(limit);
    Ok((Slice { places, more, next_change_at }, total))
}

/// Where the product stands, if it is listed and passes the filters.
fn place(facts: &ProductFacts, view: &View, query: &ListingQuery<'_>) -> Option<Keyset> {
    if !view.is_visible(query.at) {
        return None;
    }
    let step = step_at(view.timeline(query.market, query.group), query.at)?;
    let price = step.value.as_ref()?;
    let passes = query.filters.pass(&OfferFacts {
        brand: view.brand.as_ref().map(|b| b.id.as_str()),
        final_amount: price.final_amount,
        regular: price.regular,
        in_stock: view.in_stock,
        rating_hundredths: view.reviews.average_hundredths().unwrap_or(0) as i64,
    });
    let sort = SortFacts {
        released_at: view.released_at,
        final_amount: price.final_amount,
        discount_bp: discount_bp(price.regular, price.final_amount),
        reviews: view.reviews,
    };
    passes.then(|| Keyset { key: sort.key(query.sort), product_id: facts.product_id.clone() })
}

/// When the product's place changes by itself.
fn changes_at(view: &View, query: &ListingQuery<'_>) -> Option<Instant> {
    if !view.active {
        return None;
    }
    if view.released_at > query.at {
        return Some(view.released_at);
    }
    // Where no step has a price, none is stored: the coverage still says until when that holds.
    let until = step_at(view.timeline(query.market, query.group), query.at)
        .map_or(view.covers.until, |step| step.until);
    Some(until).filter(|until| until.is_finite())
}
