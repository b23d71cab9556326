//! How many products have which number.

use super::super::packed::{CHUNK, place};

/// Counts by number: small numbers in one array, others in arrays that are made where there is
/// something to count, so that no request pays for what only few products have.
#[derive(Debug)]
pub struct Counts {
    narrow: Vec<u32>,
    /// By [`place`] of what is beyond the narrow ones.
    wide: Vec<Option<Box<[u32; CHUNK]>>>,
}

impl Counts {
    /// Numbers below `narrow` are counted in one array.
    pub fn new(narrow: usize) -> Counts {
        Counts { narrow: vec![0; narrow], wide: Vec::new() }
    }

    /// So many more products have it.
    #[inline]
    pub fn add(&mut self, number: u32, products: u32) {
        *self.of(number) += products;
    }

    /// The same numbers, with what others have counted.
    pub fn add_all(&mut self, other: &Counts) {
        for (count, more) in self.narrow.iter_mut().zip(&other.narrow) {
            *count += more;
        }
        other.each_wide(|number, products| self.add(number, products));
    }

    /// So many fewer have it; no more than were added.
    pub fn take_off(&mut self, number: u32, products: u32) {
        *self.of(number) -= products;
    }

    #[inline]
    fn of(&mut self, number: u32) -> &mut u32 {
        match number.checked_sub(self.narrow.len() as u32) {
            None => &mut self.narrow[number as usize],
            Some(wide) => self.wide(wide),
        }
    }

    fn wide(&mut self, number: u32) -> &mut u32 {
        let (chunk, at) = place(number);
        if self.wide.len() <= chunk {
            self.wide.resize(chunk + 1, None);
        }
        &mut self.wide[chunk].get_or_insert_with(|| Box::new([0; CHUNK]))[at]
    }

    /// Tells of every number that was counted, and how often.
    pub fn each(&self, mut tell: impl FnMut(u32, u64)) {
        let counted = |(_, count): &(u32, &u32)| **count > 0;
        for (number, count) in (0..).zip(&self.narrow).filter(counted) {
            tell(number, u64::from(*count));
        }
        self.each_wide(|number, count| tell(number, u64::from(count)));
    }

    fn each_wide(&self, mut tell: impl FnMut(u32, u32)) {
        let firsts = (self.narrow.len() as u32..).step_by(CHUNK);
        for (first, counts) in firsts.zip(&self.wide) {
            let counts = counts.iter().flat_map(|counts| counts.iter());
            for (number, count) in (first..).zip(counts).filter(|(_, count)| **count > 0) {
                tell(number, *count);
            }
        }
    }
}
