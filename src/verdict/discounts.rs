//! Discounts compared, all at once: they are few.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use projections::index::discounts::ScopedDiscount;
use serde_json::{Value, json};

use super::fields::differences;
use super::found::{Example, Findings, Found, Key};
use super::moments::{Compare, Pair, Read, Stood};
use super::{Compared, VerdictError};
use crate::store::{Result, Snapshot};

/// What the paths of differences begin with.
const KIND: &str = "discount";

/// Compares every discount; answers how many went on changing.
pub(super) async fn compare(
    pair: &Pair<'_>,
    findings: &mut Findings,
    compared: &mut Compared,
) -> Result<u64, VerdictError> {
    let (live, new) = pair.read_both(&Discounts).await?;
    compared.discounts = live.len().max(new.len()) as u64;
    let doubts = Discounts.differ(&live, &new);
    drop((live, new));
    let settled = pair.settle(&mut Discounts, &doubts).await?;
    settled.differences.into_iter().for_each(|found| findings.add(found));
    Ok(settled.unsettled)
}

struct Discounts;

type ById = BTreeMap<String, ScopedDiscount>;

#[async_trait]
impl Read for Discounts {
    type Answer = ById;

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<ById> {
        let discounts = snapshot.discounts().await?;
        Ok(discounts.into_iter().map(|d| (d.discount_id.clone(), d)).collect())
    }
}

impl Compare for Discounts {
    fn differ(&self, live: &ById, new: &ById) -> Vec<Found> {
        let ids: BTreeSet<&String> = live.keys().chain(new.keys()).collect();
        ids.into_iter().flat_map(|id| differ(id, live.get(id), new.get(id))).collect()
    }

    fn watch(&mut self, _: &BTreeSet<&Key>) {}

    /// A discount has the time of its event: it does not come back.
    fn stood(&self, key: &Key, before: &ById, after: &ById) -> Stood {
        match before.get(&key.subject) == after.get(&key.subject) {
            true => Stood::Still,
            false => Stood::Moved,
        }
    }
}

fn differ(id: &str, live: Option<&ScopedDiscount>, new: Option<&ScopedDiscount>) -> Vec<Found> {
    if live == new {
        return Vec::new();
    }
    let found = differences(&body(live), &body(new)).into_iter().map(|difference| Found {
        path: match difference.path.as_str() {
            "" => KIND.to_owned(),
            path => format!("{KIND}.{path}"),
        },
        answers: 1,
        example: Example {
            subject: id.to_owned(),
            field: difference.field,
            market: None,
            group: None,
            at: None,
            live: difference.live,
            new: difference.new,
        },
    });
    found.collect()
}

fn body(discount: Option<&ScopedDiscount>) -> Value {
    discount.map_or(Value::Null, |ScopedDiscount { time, discount, .. }| {
        json!({"time": time, "terms": discount.terms, "scope": discount.scope})
    })
}
