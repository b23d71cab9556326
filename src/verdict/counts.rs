//! What is counted of a whole generation.

use super::found::{Example, Findings, Found};
use super::moments::{Pair, Side};
use super::{Counts, VerdictError};

pub(super) struct Outcome {
    pub live: Counts,
    pub new: Counts,
    pub unsettled: u64,
}

/// Compares counts.
pub(super) async fn compare(
    pair: &Pair<'_>,
    findings: &mut Findings,
) -> Result<Outcome, VerdictError> {
    let (live, new) = (pair.counts(Side::Live).await?, pair.counts(Side::New).await?);
    let settled = pair.settle_counts(&counted(live, new)).await?;
    settled.differences.into_iter().for_each(|found| findings.add(found));
    Ok(Outcome { live, new, unsettled: settled.unsettled })
}

/// Counts that are not the same.
pub(super) fn counted(live: Counts, new: Counts) -> Vec<Found> {
    let of = |path: &str, live: u64, new: u64| {
        let (subject, live, new) = (path.to_owned(), live.into(), new.into());
        let (field, market, group, at) = (String::new(), None, None, None);
        let example = Example { subject, field, market, group, at, live, new };
        let found = Found { path: path.to_owned(), answers: 1, example };
        (found.example.live != found.example.new).then_some(found)
    };
    let products = of("counts.products", live.products, new.products);
    let letters = of("counts.dead_letters_open", live.dead_letters_open, new.dead_letters_open);
    products.into_iter().chain(letters).collect()
}
