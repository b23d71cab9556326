//! `next_change_at`: no change that comes with no event is missed, and none is invented.

use proptest::prelude::*;
use serde_json::Value;
use vitrine_projections::instant::Instant;
use vitrine_projections::page::Reader;

use crate::support::cases;
use crate::support::generate::{PRODUCTS, history, instants, markets};
use crate::{asked, model_of, oracle_of, reader, readers};

/// `answer` is the same until just before `next`, and another one at `next`.
fn check<T: PartialEq + std::fmt::Debug>(
    reader: &Reader<'_>,
    next: Option<Instant>,
    answer: impl Fn(Instant) -> T,
) -> Result<(), TestCaseError> {
    let now = answer(reader.at);
    let before = next.map(|next| Instant(next.millis() - 1));
    let same = instants().into_iter().filter(|at| *at > reader.at && next.is_none_or(|n| *at < n));
    for at in same.chain(before) {
        prop_assert_eq!(&answer(at), &now, "at {}, before the next change at {:?}", at, next);
    }
    if let Some(next) = next {
        prop_assert_ne!(&answer(next), &now, "at the next change");
    }
    Ok(())
}

fn without_meta(mut page: Value) -> Value {
    page["meta"] = Value::Null;
    page
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_page_changes_when_it_says(history in history(), readers in readers(2)) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        for who in readers {
            let reader = reader(&markets, who);
            for id in PRODUCTS {
                let Some(page) = model.page(id, &reader) else { continue };
                let next = page["meta"]["next_change_at"].as_str().map(|at| Instant::parse(at).unwrap());
                prop_assert_eq!(next, oracle.page_changes_at(id, asked(&reader)));
                check(&reader, next, |at| model.page(id, &Reader { at, ..reader }).map(without_meta))?;
            }
        }
    }
}
