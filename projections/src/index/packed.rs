//! Records of different lengths, packed into one allocation a chunk.

/// Products in one chunk: what is copied when one of them changes, and what a scan reads in one go.
pub const CHUNK: usize = 256;

/// Which chunk a product number is in, and where in it.
pub fn place(number: u32) -> (usize, usize) {
    (number as usize / CHUNK, number as usize % CHUNK)
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
