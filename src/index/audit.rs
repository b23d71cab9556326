//! Compares products of the running index with an index that is made from the store alone.
//!
//! A product may differ for a good reason: it has just changed, and the index has yet to follow. So
//! a difference counts only if nothing told of a change of the product, or of discounts, since
//! before the index has followed.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Clock};

use projections::index::Index;
use projections::index::audit::ProductState;
use projections::index::discounts::ScopedDiscount;
use projections::index::part::IndexPart;
use projections::index::writer::Writer;
use projections::instant::Instant;
use projections::market::Market;

use super::follow::apart;
use super::rounds::Names;
use super::{IndexVersion, ListingIndex};
use crate::changes::follow::Following;
use crate::store::feed::ChangeCursor;
use crate::store::{ReadStore, Result};

/// How long an audit waits until the index has followed what the audit has read.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(10);
/// The time between two looks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The most products of one audit that are logged one by one.
const LOGGED: usize = 10;
/// One product in so many is drawn from the store: only there are products that the index lacks.
const FROM_STORE: usize = 4;

/// The results of a comparison, as the metric has them.
pub const RESULTS: [&str; 4] = ["same", "changed", "different", "failed"];

/// What an audit found, in products.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// The index has them as the store has.
    pub same: usize,
    /// They changed in the store meanwhile.
    pub changed: usize,
    /// The index has them otherwise. It reads them again.
    pub different: usize,
    /// They could not be compared.
    pub failed: usize,
}

impl Findings {
    /// In the order of [`RESULTS`].
    fn counts(&self) -> [usize; 4] {
        [self.same, self.changed, self.different, self.failed]
    }
}

/// How many products all audits of an index have compared, in the order of [`RESULTS`].
#[derive(Debug, Default)]
pub struct Audited([AtomicU64; RESULTS.len()]);

impl Audited {
    fn add(&self, findings: &Findings) {
        for (sum, found) in self.0.iter().zip(findings.counts()) {
            sum.fetch_add(found as u64, Ordering::Relaxed);
        }
    }

    pub fn counts(&self) -> [u64; RESULTS.len()] {
        std::array::from_fn(|nth| self.0[nth].load(Ordering::Relaxed))
    }
}

/// What is needed to audit an index.
pub struct IndexAudit {
    pub store: Arc<dyn ReadStore>,
    pub markets: Vec<Market>,
    pub index: Arc<ListingIndex>,
    pub following: Arc<Following>,
    /// The number of products of one audit.
    pub sample: usize,
}

/// What the store says of some products.
struct Facts {
    /// The products that were asked for, whether or not the store has them.
    ids: BTreeSet<String>,
    parts: Vec<IndexPart>,
    discounts: Vec<ScopedDiscount>,
}

type States = BTreeMap<String, Option<ProductState>>;

impl IndexAudit {
    /// Compares products that are drawn by chance. The index reads those again that are different.
    pub async fn run(&self) -> Findings {
        let findings = match self.compare().await {
            Ok(findings) => findings,
            Err(error) => {
                tracing::debug!(%error, "the listing index cannot be audited");
                Findings { failed: self.sample, ..Findings::default() }
            }
        };
        self.index.audited.add(&findings);
        findings
    }

    async fn compare(&self) -> Result<Findings> {
        let Some(version) = self.index.current() else { return Ok(Findings::default()) };
        let ids = self.draw(&version.index).await?;
        let drawn = ids.len();
        let suspects = self.suspects(ids, &version).await?;
        let same = drawn - suspects.len();
        drop(version);
        if suspects.is_empty() {
            return Ok(Findings { same, ..Findings::default() });
        }
        let judged = self.judge(suspects).await?;
        Ok(Findings { same: same + judged.same, ..judged })
    }

    /// Ids of products by chance: most of them from the index, the others from the store.
    async fn draw(&self, index: &Index) -> Result<BTreeSet<String>> {
        // One more than there are: its id is empty, and before all others in the store.
        let (seed, ids) = (RandomState::new(), index.len() + 1);
        let by_chance = |nth: usize| index.nth(seed.hash_one(nth) % ids).unwrap_or_default();
        let from_store = self.sample / FROM_STORE;
        let mut ids: BTreeSet<String> =
            (from_store..self.sample).map(|nth| by_chance(nth).to_owned()).collect();
        ids.remove("");
        let after = by_chance(0);
        let mut snapshot = self.store.snapshot_fresh().await?;
        let limit = u32::try_from(from_store.max(1)).unwrap_or(u32::MAX);
        let parts = snapshot.next_index_parts(after, limit).await?;
        ids.extend(parts.into_iter().map(|part| part.product_id));
        Ok(ids)
    }

    /// The products that this version has otherwise than the store.
    async fn suspects(
        &self,
        ids: BTreeSet<String>,
        version: &Arc<IndexVersion>,
    ) -> Result<BTreeSet<String>> {
        let facts = self.read(ids).await?;
        let fresh = self.states(facts, version.index.evaluated_at()).await;
        let different = differences(version, &fresh);
        Ok(different.into_iter().map(|(id, _)| id).collect())
    }

    /// Which of the suspects are different, and not only changed.
    async fn judge(&self, suspects: BTreeSet<String>) -> Result<Findings> {
        let mut findings = Findings::default();
        let mut cursor = self.store.changes(None).await?.cursor;
        if !self.has_followed(Clock::now()).await {
            findings.failed = suspects.len();
            return Ok(findings);
        }
        let Some(version) = self.index.current() else { return Ok(findings) };
        let facts = self.read(suspects.clone()).await?;
        let told = self.told_since(&mut cursor).await?;
        let fresh = self.states(facts, version.index.evaluated_at()).await;
        let different: BTreeMap<_, _> = differences(&version, &fresh).into_iter().collect();
        for id in suspects {
            match different.get(&id) {
                None => findings.same += 1,
                Some(_) if told.may_change(&id) => findings.changed += 1,
                Some(parts) => {
                    if findings.different < LOGGED {
                        log_difference(&id, parts);
                    }
                    findings.different += 1;
                    self.index.doubt(id);
                }
            }
        }
        if findings.different > LOGGED {
            let different = findings.different;
            tracing::error!(different, "the listing index has more products otherwise");
        }
        Ok(findings)
    }

    /// What the feed names after a cursor.
    async fn told_since(&self, cursor: &mut ChangeCursor) -> Result<Names> {
        let read = self.store.changes(Some(cursor)).await?;
        let mut told = Names { everything: read.lost, ..Names::default() };
        read.changes.iter().for_each(|change| told.add(change));
        *cursor = read.cursor;
        Ok(told)
    }

    async fn has_followed(&self, committed_before: Clock) -> bool {
        while !self.following.is_beyond(committed_before) {
            if committed_before.elapsed() >= FOLLOWED_WITHIN {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        true
    }

    async fn read(&self, ids: BTreeSet<String>) -> Result<Facts> {
        let asked: Vec<String> = ids.iter().cloned().collect();
        let mut snapshot = self.store.snapshot_fresh().await?;
        let parts = snapshot.index_parts(&asked).await?;
        let discounts = snapshot.discounts().await?;
        Ok(Facts { ids, parts, discounts })
    }

    /// The states of the products in an index of these facts alone, evaluated at an instant.
    async fn states(&self, facts: Facts, at: Instant) -> States {
        let markets = self.markets.clone();
        apart(move || {
            let mut writer = Writer::new(markets);
            facts.discounts.into_iter().for_each(|discount| writer.put_discount(discount));
            facts.parts.iter().for_each(|part| writer.put(part));
            let index = writer.publish(at);
            let state = |id: String| {
                let state = index.product_state(&id);
                (id, state)
            };
            facts.ids.into_iter().map(state).collect()
        })
        .await
    }
}

fn log_difference(product: &str, parts: &[&str]) {
    tracing::error!(
        product,
        parts = parts.join(", "),
        "the listing index has a product otherwise than the store: it is read again"
    );
}

/// The products that a version has otherwise, with the names of the parts that differ.
fn differences(version: &IndexVersion, fresh: &States) -> Vec<(String, Vec<&'static str>)> {
    let different = |(id, fresh): (&String, &Option<ProductState>)| {
        let parts = match (version.index.product_state(id), fresh) {
            (Some(ours), Some(fresh)) => ours.differences(fresh),
            (None, None) => Vec::new(),
            (Some(_), None) => vec!["the store does not have it"],
            (None, Some(_)) => vec!["the index does not have it"],
        };
        (!parts.is_empty()).then(|| (id.clone(), parts))
    };
    fresh.iter().filter_map(different).collect()
}
