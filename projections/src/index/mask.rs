//! Products of one chunk, as bits.

use serde::{Deserialize, Serialize};

use super::packed::CHUNK;

const WORD_BITS: usize = u64::BITS as usize;
const WORDS: usize = CHUNK / WORD_BITS;

/// Positions in a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Mask([u64; WORDS]);

impl Mask {
    pub const ALL: Mask = Mask([u64::MAX; WORDS]);

    /// The positions for which something holds.
    pub fn of(holds: impl Fn(usize) -> bool) -> Mask {
        let mut mask = Mask::default();
        for (nth, word) in mask.0.iter_mut().enumerate() {
            for bit in 0..WORD_BITS {
                *word |= u64::from(holds(nth * WORD_BITS + bit)) << bit;
            }
        }
        mask
    }

    pub fn contains(&self, at: usize) -> bool {
        self.0[at / WORD_BITS] >> (at % WORD_BITS) & 1 == 1
    }

    pub fn set(&mut self, at: usize) {
        self.0[at / WORD_BITS] |= 1 << (at % WORD_BITS);
    }

    pub fn clear(&mut self, at: usize) {
        self.0[at / WORD_BITS] &= !(1 << (at % WORD_BITS));
    }

    pub fn put(&mut self, at: usize, is_in: bool) {
        if is_in { self.set(at) } else { self.clear(at) }
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().fold(0, |all, word| all | word) == 0
    }

    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub fn and(self, other: Mask) -> Mask {
        self.with(other, |a, b| a & b)
    }

    pub fn or(self, other: Mask) -> Mask {
        self.with(other, |a, b| a | b)
    }

    pub fn without(self, other: Mask) -> Mask {
        self.with(other, |a, b| a & !b)
    }

    fn with(mut self, other: Mask, bits: impl Fn(u64, u64) -> u64) -> Mask {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a = bits(*a, b);
        }
        self
    }

    /// In their order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(nth, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                // Takes the lowest one off.
                word &= word.checked_sub(1)?;
                Some(nth * WORD_BITS + bit)
            })
        })
    }
}
