//! How facts become bytes in a store: postcard, a compact binary form without field names.
//!
//! Its layout is part of a generation: another layout means another generation.

use serde::{Serialize, de::DeserializeOwned};

/// Stored bytes that are not what this version writes.
#[derive(Debug, PartialEq, Eq)]
pub struct CorruptDocument(pub String);

impl std::fmt::Display for CorruptDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a stored document cannot be read: {}", self.0)
    }
}

impl std::error::Error for CorruptDocument {}

/// The bytes of a document.
pub fn encode<T: Serialize>(document: &T) -> Vec<u8> {
    // Writing to a growing vector fails only for types that do not know their length; ours all do,
    // which the round-trip tests show.
    postcard::to_allocvec(document).unwrap_or_default()
}

/// Appends the bytes of a document.
pub fn encode_into<T: Serialize>(document: &T, to: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(document, to).unwrap_or_default()
}

/// The first strings of a document that begins with so many; `None` where it does not.
///
/// What is stored of an entity begins with its id and the product that it belongs to: whoever only wants to know
/// those need not decode all of it.
pub fn leading_strings<const N: usize>(bytes: &[u8]) -> Option<[&str; N]> {
    let (mut strings, mut rest) = ([""; N], bytes);
    for string in &mut strings {
        (*string, rest) = postcard::take_from_bytes(rest).ok()?;
    }
    Some(strings)
}

/// How many bytes the first `count` strings of a document take.
pub fn leading_bytes(bytes: &[u8], count: usize) -> Option<usize> {
    let mut rest = bytes;
    for _ in 0..count {
        (_, rest) = postcard::take_from_bytes::<&str>(rest).ok()?;
    }
    Some(bytes.len() - rest.len())
}

/// The document in `bytes`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CorruptDocument> {
    postcard::from_bytes(bytes).map_err(|e| CorruptDocument(e.to_string()))
}
