//! Documents as stored: postcard, compressed with lz4 where that makes them shorter.

use projections::codec::{self, CorruptDocument};
use serde::{Serialize, de::DeserializeOwned};

const PLAIN: u8 = 0;
const LZ4: u8 = 1;
/// Below this many bytes compressing does not pay.
const COMPRESS_FROM_BYTES: usize = 256;

/// A document's stored bytes.
pub fn pack<T: Serialize>(document: &T) -> Vec<u8> {
    let plain = codec::encode(document);
    if plain.len() >= COMPRESS_FROM_BYTES {
        let packed = lz4_flex::compress_prepend_size(&plain);
        if packed.len() < plain.len() {
            return prefixed(LZ4, &packed);
        }
    }
    prefixed(PLAIN, &plain)
}

fn prefixed(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(bytes.len() + 1);
    stored.push(tag);
    stored.extend_from_slice(bytes);
    stored
}

/// The document in stored bytes.
pub fn unpack<T: DeserializeOwned>(stored: &[u8]) -> Result<T, CorruptDocument> {
    match stored.split_first() {
        Some((&PLAIN, bytes)) => codec::decode(bytes),
        Some((&LZ4, bytes)) => {
            let plain = lz4_flex::decompress_size_prepended(bytes)
                .map_err(|e| CorruptDocument(e.to_string()))?;
            codec::decode(&plain)
        }
        _ => Err(CorruptDocument("it has no known form".to_owned())),
    }
}
