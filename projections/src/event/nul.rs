//! U+0000 is refused everywhere: in every value, every key, every unknown field.

use memchr::memmem;
use serde_json::Value;

use super::rejection::{Location, Problem, Rejection};

/// Refuses JSON that holds U+0000 in any string or key. `json` must be JSON, which can only write it
/// as an escape; `root` is `data` where `json` is the payload and empty where it is the message.
///
/// # Errors
/// `<field>.nul`, for the nearest field that the contract knows.
pub fn refuse_nul(root: &str, json: &[u8]) -> Result<(), Rejection> {
    // Few events hold a backslash at all, and one byte is found fastest.
    match memchr::memchr(b'\\', json) {
        Some(start) if holds_nul(json, start) => Err(locate(root, json)),
        _ => Ok(()),
    }
}

/// Whether an escape of U+0000 stands at `start` or behind it; before `start` is no backslash.
fn holds_nul(json: &[u8], start: usize) -> bool {
    let Some(tail) = json.get(start..) else { return false };
    memmem::find_iter(tail, br"\u0000").any(|at| {
        // In JSON backslashes stand in strings only, and pair up from the left: after an odd run
        // of others, this one is escaped itself and `u0000` is plain text.
        let before = tail.get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

#[cold]
fn locate(root: &str, json: &[u8]) -> Rejection {
    let location = serde_json::from_slice::<Value>(json)
        .ok()
        .and_then(|value| walk(&value, Location::root(root)))
        // Behind a duplicate key, or too deep to be walked.
        .unwrap_or_else(|| Location::root(root));
    Rejection::at(&location, Problem::Nul, "holds the character U+0000: remove it")
}

fn walk(value: &Value, here: Location) -> Option<Location> {
    match value {
        Value::String(text) => text.contains('\0').then_some(here),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| walk(item, here.clone().index(index)))
        }
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            let there = here.clone().key(key);
            if key.contains('\0') { Some(there) } else { walk(member, there) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
