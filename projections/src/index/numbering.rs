//! Which number a product gets: products of one category stand side by side, so that a scan of a
//! listing reads memory in order.

use serde::{Deserialize, Serialize};

use super::packed::CHUNK;

/// Gives numbers by category, and takes them back. A category gets one at first, then a block of as
/// many as it has, up to a chunk: it never has more than twice what it needs at once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Numbering {
    /// By a category's number, that of products without one at the end.
    categories: Vec<Numbers>,
    /// Blocks that no category has, by the binary logarithm of their length: their first numbers.
    blocks: [Vec<u32>; BLOCKS],
    /// Numbers are below this.
    end: u32,
}

const BLOCKS: usize = CHUNK.ilog2() as usize + 1;

/// Numbers of one category.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Numbers {
    /// Those that no product has, the next one last.
    free: Vec<u32>,
    /// Of all of its blocks.
    length: usize,
}

impl Numbering {
    /// A number for a product of a category.
    pub fn take(&mut self, category: Option<u32>) -> u32 {
        let place = self.place(category);
        if let Some(number) = self.categories[place].free.pop() {
            return number;
        }
        let length = self.categories[place].length.next_power_of_two().min(CHUNK);
        let first = self.block(length.ilog2() as usize);
        let numbers = &mut self.categories[place];
        numbers.length += length;
        numbers.free.extend((first..first + length as u32).rev());
        numbers.free.pop().unwrap_or(first)
    }

    /// A product of a category is gone.
    pub fn give_back(&mut self, category: Option<u32>, number: u32) {
        let place = self.place(category);
        self.categories[place].free.push(number);
    }

    fn place(&mut self, category: Option<u32>) -> usize {
        let place = category.map_or(0, |category| category as usize + 1);
        if self.categories.len() <= place {
            self.categories.resize_with(place + 1, Numbers::default);
        }
        place
    }

    /// A block of that length: one that is left over, or half of a longer one.
    fn block(&mut self, log: usize) -> u32 {
        if let Some(first) = self.blocks[log].pop() {
            return first;
        }
        if log + 1 == BLOCKS {
            let first = self.end;
            self.end += CHUNK as u32;
            return first;
        }
        let first = self.block(log + 1);
        self.blocks[log].push(first + (1 << log));
        first
    }
}
