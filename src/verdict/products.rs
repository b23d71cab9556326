//! Products compared, many at a time.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use projections::page::LatestReviews;

use super::answers::{self, Part, Product, Reviews, normalize, part_of};
use super::found::{Findings, Found, Key};
use super::moments::{Compare, Pair, Read, Stood};
use super::walk::Walk;
use super::{Compared, Scope, VerdictError};
use crate::store::query::ReviewSort;
use crate::store::{Result, Snapshot};

/// Products that are in memory at once, of each generation.
const PRODUCTS_AT_ONCE: usize = 500;
/// Reviews that are compared where a product has more than its page shows.
const REVIEWS: u32 = 20;
/// Compares all products of the walk; answers how many went on changing.
pub(super) async fn compare(
    pair: &Pair<'_>,
    scope: &Scope,
    walk: &mut Walk,
    findings: &mut Findings,
    compared: &mut Compared,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<u64, VerdictError> {
    let mut unsettled = 0;
    loop {
        let drawn = walk.next(pair, PRODUCTS_AT_ONCE).await?;
        if drawn.is_empty() {
            return Ok(unsettled);
        }
        for ids in drawn.chunks(PRODUCTS_AT_ONCE) {
            let mut products = Products { ids: ids.to_vec(), scope };
            let (live, new) = pair.read_both(&products).await?;
            let (doubts, pages_made) = products.compare(&live, &new);
            drop((live, new));
            compared.products += ids.len() as u64;
            compared.answers += pages_made;
            if !doubts.is_empty() {
                let subjects: BTreeSet<&String> =
                    doubts.iter().map(|found| &found.example.subject).collect();
                products.ids = subjects.into_iter().cloned().collect();
                let settled = pair.settle(&mut products, &doubts).await?;
                unsettled += settled.unsettled;
                settled.differences.into_iter().for_each(|found| findings.add(found));
            }
            progress(ids.len() as u64);
        }
    }
}

/// Some products, by id.
struct Products<'a> {
    ids: Vec<String>,
    scope: &'a Scope,
}

impl Products<'_> {
    fn compare(
        &self,
        live: &HashMap<String, Product>,
        new: &HashMap<String, Product>,
    ) -> (Vec<Found>, u64) {
        let nothing = Product::default();
        let (mut all, mut pages_made) = (Vec::new(), 0);
        for id in &self.ids {
            let (live, new) = (live.get(id).unwrap_or(&nothing), new.get(id).unwrap_or(&nothing));
            let (found, pages) = answers::differ(id, live, new, self.scope);
            all.extend(found);
            pages_made += pages;
        }
        (all, pages_made)
    }
}

#[async_trait]
impl Read for Products<'_> {
    type Answer = HashMap<String, Product>;

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<HashMap<String, Product>> {
        let mut products: HashMap<String, Product> = HashMap::new();
        let mut latest = snapshot.latest_reviews_of(&self.ids).await?;
        for mut facts in snapshot.product_facts(&self.ids).await? {
            normalize(&mut facts);
            let id = facts.product_id.clone();
            let reviews = reviews(snapshot, &id, latest.remove(&id).unwrap_or_default()).await?;
            products.insert(id, Product { facts: Some(facts), reviews });
        }
        Ok(products)
    }
}

async fn reviews(
    snapshot: &mut dyn Snapshot,
    id: &str,
    (mut latest, more): (LatestReviews, bool),
) -> Result<Reviews> {
    if !more {
        return Ok(Reviews { latest, first: Vec::new() });
    }
    // Cursors are opaque and name a place: after which review.
    latest.next_cursor = latest.latest.last().map(|last| format!("after {}", last.review_id));
    let first = snapshot.reviews(id, ReviewSort::Newest, None, REVIEWS).await?;
    Ok(Reviews { latest, first })
}

impl Compare for Products<'_> {
    fn differ(
        &self,
        live: &HashMap<String, Product>,
        new: &HashMap<String, Product>,
    ) -> Vec<Found> {
        self.compare(live, new).0
    }

    /// Whoever is left in doubt is read whole, and nobody else.
    fn watch(&mut self, doubts: &BTreeSet<&Key>) {
        let subjects: BTreeSet<&String> = doubts.iter().map(|key| &key.subject).collect();
        self.ids = subjects.into_iter().cloned().collect();
    }

    /// By the part of the facts that the field follows from: a stock that changes all the time says nothing about
    /// prices. Facts say when each was changed: they do not come back.
    fn stood(
        &self,
        key: &Key,
        before: &HashMap<String, Product>,
        after: &HashMap<String, Product>,
    ) -> Stood {
        let nothing = Product::default();
        let before = before.get(&key.subject).unwrap_or(&nothing);
        let after = after.get(&key.subject).unwrap_or(&nothing);
        let parts = before.parts(after);
        let moved = match key.path.as_str() {
            // Whether there is a page at all.
            "product" => parts.touches(Part::Rest),
            path => parts.touches(part_of(path)),
        };
        if moved { Stood::Moved } else { Stood::Still }
    }
}
