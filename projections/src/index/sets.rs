//! Which products of one chunk have which number: products of one category lie together, and most
//! of them have the same few.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::mask::Mask;

/// From so many products on, a number has a mask of them.
const COMMON: usize = 8;

/// A number that many products of a chunk have.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Common {
    number: u32,
    products: Mask,
}

/// Products by number; a product may have any number of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NumberSets {
    /// By number.
    common: Vec<Common>,
    /// Numbers of few products, each with the position of one; in order.
    rare: Vec<(u32, u8)>,
}

impl NumberSets {
    /// The numbers of a product, in their order.
    pub fn of(&self, at: usize) -> Vec<u32> {
        let common = self.common.iter().filter(|common| common.products.contains(at));
        let rare = self.rare.iter().filter(|(_, product)| usize::from(*product) == at);
        let all = common.map(|common| common.number).chain(rare.map(|(number, _)| *number));
        let mut all: Vec<u32> = all.collect();
        all.sort_unstable();
        all
    }

    /// Replaces the numbers of a product; they are in order.
    pub fn set(&mut self, at: usize, numbers: &[u32]) {
        let before = self.of(at);
        for number in before.iter().filter(|number| numbers.binary_search(number).is_err()) {
            self.remove(*number, at);
        }
        for number in numbers.iter().filter(|number| before.binary_search(number).is_err()) {
            self.add(*number, at);
        }
    }

    fn find(&self, number: u32) -> Result<usize, usize> {
        self.common.binary_search_by_key(&number, |common| common.number)
    }

    fn rare_range(&self, number: u32) -> Range<usize> {
        let begin = self.rare.partition_point(|rare| rare.0 < number);
        let length = self.rare[begin..].iter().take_while(|rare| rare.0 == number).count();
        begin..begin + length
    }

    fn add(&mut self, number: u32, at: usize) {
        match self.find(number) {
            Ok(nth) => self.common[nth].products.set(at),
            Err(nth) => {
                let range = self.rare_range(number);
                if range.len() + 1 < COMMON {
                    let place = self.rare.partition_point(|rare| *rare < (number, at as u8));
                    self.rare.insert(place, (number, at as u8));
                    return;
                }
                let mut products = Mask::default();
                products.set(at);
                self.rare.drain(range).for_each(|(_, product)| products.set(product.into()));
                self.common.insert(nth, Common { number, products });
            }
        }
    }

    fn remove(&mut self, number: u32, at: usize) {
        match self.find(number) {
            Ok(nth) => {
                self.common[nth].products.clear(at);
                if self.common[nth].products.is_empty() {
                    self.common.remove(nth);
                }
            }
            Err(_) => self.rare.retain(|rare| *rare != (number, at as u8)),
        }
    }

    /// The products that have a number.
    pub fn having(&self, number: u32) -> Mask {
        if let Ok(nth) = self.find(number) {
            return self.common[nth].products;
        }
        let mut products = Mask::default();
        for (_, product) in &self.rare[self.rare_range(number)] {
            products.set(usize::from(*product));
        }
        products
    }

    /// Tells of each number how many of these products have it; of one that few have, maybe more
    /// than once.
    pub fn count(&self, of: Mask, mut tell: impl FnMut(u32, u32)) {
        for Common { number, products } in &self.common {
            let products = products.and(of);
            if !products.is_empty() {
                tell(*number, products.count());
            }
        }
        for (number, product) in &self.rare {
            if of.contains(usize::from(*product)) {
                tell(*number, 1);
            }
        }
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.common.capacity() * size_of::<Common>() + self.rare.capacity() * size_of::<(u32, u8)>()
    }
}
