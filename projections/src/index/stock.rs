//! Units of the variants of one chunk's products.

use serde::{Deserialize, Serialize};

use super::mask::Mask;
use super::packed::Packed;

/// Units of each variant; below 0 where nothing is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StockChunk {
    pub units: Packed<i64>,
    /// Products of which some variant is in stock.
    pub some: Mask,
    /// Products of which all variants are.
    pub all: Mask,
}

impl StockChunk {
    pub fn set(&mut self, at: usize, units: &[i64]) {
        self.units.set(at, units);
        self.some.put(at, units.iter().any(|units| *units > 0));
        self.all.put(at, units.iter().all(|units| *units > 0));
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.units.bytes() + 2 * size_of::<Mask>()
    }
}
