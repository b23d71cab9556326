//! Stored documents and payloads read back as what was written.

use std::fmt::Debug;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vitrine_projections::codec::{decode, encode};
use vitrine_projections::event::{Change, decode_data};
use vitrine_projections::instant::Instant;

use crate::support::cases;
use crate::support::generate::any_message;
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
