//! Records of different lengths, packed into one allocation a chunk.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Products in one chunk: what is copied when one of them changes, and what a scan reads in one go.
pub const CHUNK: usize = 256;

/// Which chunk a product number is in, and where in it.
pub fn place(number: u32) -> (usize, usize) {
    (number as usize / CHUNK, number as usize % CHUNK)
}

/// What records are made of, as bytes of one length.
pub trait Item: Copy {
    const BYTES: usize;

    fn put(&self, to: &mut Vec<u8>);

    /// From [`Item::BYTES`] bytes; `None` where they are none.
    fn take(bytes: &[u8]) -> Option<Self>;
}

impl Item for u8 {
    const BYTES: usize = 1;

    fn put(&self, to: &mut Vec<u8>) {
        to.push(*self);
    }

    fn take(bytes: &[u8]) -> Option<u8> {
        bytes.first().copied()
    }
}

impl Item for i64 {
    const BYTES: usize = 8;

    fn put(&self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> Option<i64> {
        Some(i64::from_le_bytes(bytes.try_into().ok()?))
    }
}

/// Records of any length, by position in the chunk.
#[derive(Clone, Debug)]
pub struct Packed<T> {
    items: Vec<T>,
    /// Where each record begins; the last one is the end of all.
    begins: Vec<u32>,
}

impl<T> Default for Packed<T> {
    fn default() -> Packed<T> {
        Packed { items: Vec::new(), begins: vec![0; CHUNK + 1] }
    }
}

impl<T: Copy> Packed<T> {
    /// The record at a position; empty beyond the end of the chunk.
    pub fn get(&self, position: usize) -> &[T] {
        self.items.get(self.range(position)).unwrap_or_default()
    }

    /// Items of all records.
    pub fn item_count(&self) -> usize {
        self.items.len()
    }

    /// Where the record at a position stands among the items of all; empty beyond the end of the
    /// chunk.
    pub fn range(&self, position: usize) -> std::ops::Range<usize> {
        match self.begins.get(position..position + 2) {
            Some(&[begin, end]) => begin as usize..end as usize,
            _ => 0..0,
        }
    }

    /// Replaces the record at a position.
    pub fn set(&mut self, position: usize, record: &[T]) {
        let range = self.range(position);
        let (old, new) = (range.len() as u32, record.len() as u32);
        if old == new {
            self.items[range].copy_from_slice(record);
            return;
        }
        self.items.splice(range, record.iter().copied());
        for begin in &mut self.begins[position + 1..] {
            *begin = *begin + new - old;
        }
    }

    /// The record at a position, to be written in place; empty beyond the end of the chunk.
    pub fn get_mut(&mut self, position: usize) -> &mut [T] {
        let range = self.range(position);
        self.items.get_mut(range).unwrap_or_default()
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.items.capacity() * size_of::<T>() + self.begins.capacity() * size_of::<u32>()
    }
}

impl<T: Item> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.items.len() * T::BYTES);
        self.items.iter().for_each(|item| item.put(&mut bytes));
        let lengths: Vec<u32> = self.begins.windows(2).map(|ends| ends[1] - ends[0]).collect();
        (Bytes(&bytes), lengths).serialize(serializer)
    }
}

impl<'de, T: Item> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Packed<T>, D::Error> {
        let (bytes, lengths): (&[u8], Vec<u32>) = Deserialize::deserialize(deserializer)?;
        let items = bytes.chunks_exact(T::BYTES).map(T::take).collect::<Option<Vec<T>>>();
        let items = items.ok_or_else(|| D::Error::custom("items of another length"))?;
        let mut begins = Vec::with_capacity(CHUNK + 1);
        begins.push(0u32);
        for length in lengths {
            let end = begins.last().copied().unwrap_or(0).checked_add(length);
            begins.push(end.ok_or_else(|| D::Error::custom("a length that no record has"))?);
        }
        let all = begins.last().copied().unwrap_or(0) as usize;
        if begins.len() != CHUNK + 1 || all != items.len() {
            return Err(D::Error::custom("records of another number or length"));
        }
        Ok(Packed { items, begins })
    }
}

/// Bytes in one go, not one by one.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
