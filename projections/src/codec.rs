//! How facts and views become bytes in a store: postcard, a compact binary form without field names.
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

/// The document in `bytes`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CorruptDocument> {
    postcard::from_bytes(bytes).map_err(|e| CorruptDocument(e.to_string()))
}
