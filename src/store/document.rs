//! Documents as stored: postcard, compressed with lz4 where that makes them shorter.

use std::cell::RefCell;

use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};
use projections::codec::{self, CorruptDocument};
use serde::{Serialize, de::DeserializeOwned};

const PLAIN: u8 = 0;
const LZ4: u8 = 1;
/// Below this many bytes compressing does not pay.
const COMPRESS_FROM_BYTES: usize = 256;
/// The length of what is compressed goes before it.
const LENGTH_BYTES: usize = 4;
/// A thread keeps no larger document's memory for the next one.
const KEPT_BYTES: usize = 256 * 1024;

/// What packing needs besides its result: documents are packed by the million, each of some hundred bytes.
#[derive(Default)]
struct Workshop {
    plain: Vec<u8>,
    packed: Vec<u8>,
    table: CompressTable,
}

thread_local! {
    static WORKSHOP: RefCell<Option<Workshop>> = const { RefCell::new(None) };
}

/// A document's stored bytes.
pub fn pack<T: Serialize>(document: &T) -> Vec<u8> {
    // Not borrowed while the document is encoded: it may do anything.
    let mut workshop = WORKSHOP.take().unwrap_or_default();
    workshop.plain.clear();
    workshop.plain = codec::encode_into(document, workshop.plain);
    let stored = workshop.stored();
    // A table for large documents would pack small ones otherwise: the same document has the same bytes.
    if matches!(workshop.table, CompressTable::Small(_)) && workshop.plain.capacity() <= KEPT_BYTES
    {
        WORKSHOP.set(Some(workshop));
    }
    stored
}

impl Workshop {
    fn stored(&mut self) -> Vec<u8> {
        let plain = self.plain.as_slice();
        if plain.len() >= COMPRESS_FROM_BYTES {
            self.packed.resize(get_maximum_output_size(plain.len()), 0);
            let packed = compress_into_with_table(plain, &mut self.packed, &mut self.table);
            if let Some(packed) = packed.ok().and_then(|length| self.packed.get(..length))
                && packed.len() + LENGTH_BYTES < plain.len()
            {
                let length = (plain.len() as u32).to_le_bytes();
                return [&[LZ4][..], &length, packed].concat();
            }
        }
        [&[PLAIN][..], plain].concat()
    }
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
