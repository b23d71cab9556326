//! Timelines give at every instant what a direct evaluation gives.

use std::fmt::Debug;

use proptest::prelude::*;
use vitrine_projections::instant::Instant;
use vitrine_projections::pricing::{Audience, quote_at};
use vitrine_projections::timeline::{Step, VariantTimelines, step_at};

use crate::support::cases;
use crate::support::generate::{GROUPS, PRODUCTS, history, instants, markets};
use crate::{asked, model_of, oracle_of, reader, readers};

/// From the beginning to the end of time, without gap or overlap, and only where something changes.
fn check_cover<T: PartialEq + Debug>(steps: &[Step<T>]) -> Result<(), TestCaseError> {
    prop_assert_eq!(steps.first().map(|s| s.from), Some(Instant::MIN));
    prop_assert_eq!(steps.last().map(|s| s.until), Some(Instant::MAX));
    for step in steps {
        prop_assert!(step.from < step.until, "an empty step: {:?}", step);
    }
    for pair in steps.windows(2) {
        prop_assert_eq!(pair[0].until, pair[1].from);
        prop_assert_ne!(&pair[0].value, &pair[1].value);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn timelines_agree_with_direct_evaluation(history in history()) {
        let model = model_of(&history);
        let markets = markets();
        for facts in PRODUCTS.iter().filter_map(|id| model.facts(id)) {
            for (market, group) in markets.iter().flat_map(|m| GROUPS.map(|g| (m, g))) {
                let audience = Audience { market, group };
                let timelines = VariantTimelines::compute(&facts, audience);
                for steps in &timelines.distinct {
                    check_cover(steps)?;
                }
                for at in instants() {
                    for (variant, index) in facts.product.variants.iter().zip(&timelines.of_variant) {
                        let step = step_at(&timelines.distinct[*index], at).unwrap();
                        prop_assert_eq!(&step.value, &quote_at(&facts, &variant.sku, audience, at));
                    }
                }
            }
        }
    }

}

proptest! {
    #![proptest_config(cases(200))]

    /// Pages are evaluated from facts, and say what the contract's words say.
    #[test]
    fn pages_agree_with_the_oracle(history in history(), readers in readers(8)) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        for who in readers {
            let reader = reader(&markets, who);
            for id in PRODUCTS {
                let page = model.page(id, &reader);
                if let Some(page) = &page {
                    prop_assert_eq!(&page["meta"]["as_of"], &oracle.as_of(id));
                }
                let expected = oracle.product_page(id, asked(&reader));
                prop_assert_eq!(page.map(oracle::comparable), expected, "page of {} for {:?}", id, reader);
            }
        }
    }
}
