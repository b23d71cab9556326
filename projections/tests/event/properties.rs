//! No input makes decoding panic, and what it refuses it explains.

use proptest::prelude::*;
use serde_json::Value;

use crate::decode_data;
use crate::projections::event::{EventType, Problem, Rejection, refuse_nul};
use crate::{TIME, full};

fn any_type() -> impl Strategy<Value = EventType> {
    prop::sample::select(EventType::ALL.as_slice())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A code is a path of lower-case names and one of the problems; a detail is there, and is short.
fn is_explained(rejection: &Rejection) -> bool {
    let Some((path, problem)) = rejection.code.rsplit_once('.') else { return false };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    path.starts_with("data")
        && path.chars().all(plain)
        && Problem::ALL.iter().any(|known| known.name() == problem)
        && rejection.detail.starts_with("`data")
        && rejection.detail.len() < 2048
        && !rejection.detail.contains('\u{1}')
}

/// Puts `value` in the place of the `nth` member, counted in depth.
fn replace(json: &mut Value, nth: &mut usize, value: &Value) {
    if *nth == 0 {
        *json = value.clone();
    }
    *nth = nth.wrapping_sub(1);
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, nth, value)),
        Value::Object(members) => members.values_mut().for_each(|item| replace(item, nth, value)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(ty in any_type(), bytes: Vec<u8>) {
        if let Err(rejection) = decode_data(ty, TIME, &bytes) {
            prop_assert!(is_explained(&rejection), "{rejection:?}");
        }
        let _ = refuse_nul("", &bytes);
    }

    #[test]
    fn random_members_never_panic(ty in any_type(), mut nth in 0_usize..40, value in any_json()) {
        let mut data = full(ty);
        replace(&mut data, &mut nth, &value);
        if let Err(rejection) = decode_data(ty, TIME, data.to_string().as_bytes()) {
            prop_assert!(is_explained(&rejection), "{rejection:?}");
        }
    }

    #[test]
    fn random_damage_never_panics(
        ty in any_type(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end: prop::sample::Index,
        cut: bool,
    ) {
        let mut bytes = full(ty).to_string().into_bytes();
        for (index, byte) in damage {
            let length = bytes.len();
            bytes[index.index(length)] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Err(rejection) = decode_data(ty, TIME, &bytes) {
            prop_assert!(is_explained(&rejection), "{rejection:?}");
        }
    }

    /// The search for the escape agrees with reading the strings.
    #[test]
    fn nul_is_found_exactly(text in r#"(\\|\x00|u0000|"|a)*"#) {
        let json = serde_json::to_string(&vec![&text]).expect("JSON");
        prop_assert_eq!(refuse_nul("data", json.as_bytes()).is_err(), text.contains('\0'));
    }
}
