//! Stored documents and payloads read back as what was written.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vitrine_projections::codec::{decode, encode};
use vitrine_projections::event::{Change, decode_data};
use vitrine_projections::instant::Instant;
use vitrine_projections::placement::Placement;

use crate::model_of;
use crate::support::cases;
use crate::support::generate::{any_message, history};
use crate::support::table::Numbers;
use crate::support::wire::payload;

/// Reads back as itself; with its last byte cut off it is corrupt.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    document: &T,
) -> Result<(), TestCaseError> {
    let bytes = encode(document);
    prop_assert_eq!(&decode::<T>(&bytes).unwrap(), document);
    if let Some((_, cut)) = bytes.split_last() {
        prop_assert!(decode::<T>(cut).is_err(), "cut short, and still read: {:?}", document);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn facts_read_back(message in any_message()) {
        match message.event().change {
            Change::Product { state: Some(product), .. } => check(&product)?,
            Change::Price { state: Some(price), .. } => check(&price)?,
            Change::Stock { state, .. } => check(&state)?,
            Change::Discount { state: Some(discount), .. } => {
                check(&discount.scope)?;
                check(&discount.terms)?;
                check(&discount)?;
            }
            Change::Review { state: Some(review), .. } => check(&review)?,
            _ => {}
        }
    }

    /// What was understood, written out in full, is understood as the same, at whatever time.
    #[test]
    fn payloads_read_back(message in any_message(), time in any::<i32>()) {
        let event = message.event();
        let (ty, data) = payload(&event.change, event.version);
        prop_assert_eq!(ty, message.ty);
        let again = decode_data(ty, Instant(time.into()), data.to_string().as_bytes()).unwrap();
        prop_assert_eq!(again.version, event.version);
        prop_assert_eq!(again.change, event.change);
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn views_read_back(history in history()) {
        for view in model_of(&history).views().values() {
            check(view)?;
            let labels: BTreeSet<&str> =
                view.discounts.iter().map(|d| d.discount_id.as_str()).collect();
            prop_assert_eq!(labels.len(), view.discounts.len(), "each discount is named once");
            let numbers = Numbers::default();
            let stored = decode(&encode(view)).unwrap();
            prop_assert_eq!(Placement::of(view, &numbers), Placement::of(&stored, &numbers));
        }
    }
}
