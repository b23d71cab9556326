//! What is counted and set of a whole generation.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::found::{Example, Findings, Found, Key};
use super::moments::{Compare, Pair, Read, Side, Stood};
use super::{Counts, VerdictError};
use crate::projector::reconfigure::MARKETS;
use crate::store::MARKETS_PENDING;
use crate::store::{Result, Snapshot};

pub(super) struct Outcome {
    pub live: Counts,
    pub new: Counts,
    pub unsettled: u64,
}

/// Compares settings and counts.
pub(super) async fn compare(
    pair: &Pair<'_>,
    findings: &mut Findings,
) -> Result<Outcome, VerdictError> {
    let (live, new) = pair.read_both(&Settings).await?;
    let doubts = Settings.differ(&live, &new);
    let mut settled = pair.settle(&mut Settings, &doubts).await?;
    let (live, new) = (pair.counts(Side::Live).await?, pair.counts(Side::New).await?);
    let doubts = counted(live, new);
    let of_counts = pair.settle_counts(&doubts).await?;
    settled.differences.extend(of_counts.differences);
    settled.differences.into_iter().for_each(|found| findings.add(found));
    Ok(Outcome { live, new, unsettled: settled.unsettled + of_counts.unsettled })
}

fn found(path: &str, live: Value, new: Value) -> Found {
    let subject = path.to_owned();
    let (field, market, group, at) = (String::new(), None, None, None);
    let example = Example { subject, field, market, group, at, live, new };
    Found { path: path.to_owned(), answers: 1, example, at: None, product: String::new() }
}

/// Counts that are not the same.
pub(super) fn counted(live: Counts, new: Counts) -> Vec<Found> {
    let of =
        |path, live: u64, new: u64| (live != new).then(|| found(path, live.into(), new.into()));
    let products = of("counts.products", live.products, new.products);
    let letters = of("counts.dead_letters_open", live.dead_letters_open, new.dead_letters_open);
    products.into_iter().chain(letters).collect()
}

struct Settings;

#[async_trait]
impl Read for Settings {
    type Answer = [Option<String>; 2];

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<[Option<String>; 2]> {
        Ok([snapshot.meta(MARKETS).await?, snapshot.meta(MARKETS_PENDING).await?])
    }
}

impl Compare for Settings {
    fn differ(&self, live: &[Option<String>; 2], new: &[Option<String>; 2]) -> Vec<Found> {
        let paths = ["settings.markets", "settings.markets_pending"];
        let pairs = paths.into_iter().zip(live.iter().zip(new));
        pairs
            .filter(|(_, (a, b))| a != b)
            .map(|(path, (a, b))| found(path, json!(a), json!(b)))
            .collect()
    }

    fn watch(&mut self, _: &BTreeSet<&Key>) {}

    fn stood(&self, _: &Key, _: &[Option<String>; 2], _: &[Option<String>; 2]) -> Stood {
        Stood::Perhaps
    }
}
