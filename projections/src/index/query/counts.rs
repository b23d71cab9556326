//! How many products have which number.

/// Counts by number: small numbers in an array, others in a list, so that no request pays for what
/// only few products have.
#[derive(Debug)]
pub struct Counts {
    narrow: Vec<u32>,
    wide: Vec<u32>,
}

impl Counts {
    /// Numbers below `narrow` are counted in an array.
    pub fn new(narrow: usize) -> Counts {
        Counts { narrow: vec![0; narrow], wide: Vec::new() }
    }

    pub fn add(&mut self, number: u32) {
        match self.narrow.get_mut(number as usize) {
            Some(count) => *count += 1,
            None => self.wide.push(number),
        }
    }

    /// Tells of every number that was counted, and how often.
    pub fn each(mut self, mut tell: impl FnMut(u32, u64)) {
        for (number, count) in (0..).zip(&self.narrow).filter(|(_, count)| **count > 0) {
            tell(number, u64::from(*count));
        }
        // Products of a listing lie together, and so do their numbers: most of it is in order.
        self.wide.sort();
        for run in self.wide.chunk_by(|a, b| a == b) {
            if let Some(number) = run.first() {
                tell(*number, run.len() as u64);
            }
        }
    }
}
