//! Attribute values of the products of one chunk, by value.

use serde::{Deserialize, Serialize};

use super::mask::Mask;
use super::sets::NumberSets;

/// An attribute value that only some variants have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct OwnValue {
    /// The number of its name.
    pub name: u32,
    pub value: u32,
    /// The position in the chunk; 0 in a list of one product's values.
    pub product: u16,
    /// The position of a variant that has it.
    pub variant: u16,
}

/// The values of a chunk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ChunkValues {
    /// Those that all variants of a product have.
    pub shared: NumberSets,
    /// Those that only some variants of a product have.
    pub of_some: NumberSets,
    /// Names of the latter, by number.
    pub names_of_some: NumberSets,
    /// In order: by name, value and product.
    own: Vec<OwnValue>,
}

impl ChunkValues {
    /// The values that only some variants of a product have, in their order.
    pub fn own_of(&self, at: usize) -> Vec<OwnValue> {
        let of_product = self.own.iter().filter(|own| usize::from(own.product) == at);
        of_product.map(|own| OwnValue { product: 0, ..*own }).collect()
    }

    /// Replaces the values of a product. Both are in order.
    pub fn set(&mut self, at: usize, shared: &[u32], own: &[OwnValue]) {
        self.shared.set(at, shared);
        if self.own_of(at) != own {
            let product = at as u16;
            let (mut values, mut names) = (Vec::new(), Vec::new());
            for own in own {
                values.push(own.value);
                names.push(own.name);
            }
            self.of_some.set(at, &in_order(values));
            self.names_of_some.set(at, &in_order(names));
            self.own.retain(|own| own.product != product);
            self.own.extend(own.iter().map(|own| OwnValue { product, ..*own }));
            // Two runs, each in order.
            self.own.sort();
        }
    }

    /// The values that only some variants of these products have, each as often as there are such
    /// variants.
    pub fn own_in(&self, of: Mask) -> impl Iterator<Item = &OwnValue> {
        self.own.iter().filter(move |own| of.contains(usize::from(own.product)))
    }

    /// The variants that have a value which others of their product do not have.
    pub fn own_having(&self, name: u32, value: u32) -> impl Iterator<Item = &OwnValue> {
        let begin = self.own.partition_point(|own| (own.name, own.value) < (name, value));
        self.own[begin..].iter().take_while(move |own| (own.name, own.value) == (name, value))
    }

    /// Tells of each value how many products have it, and how many variants alone.
    pub fn count(&self, mut tell: impl FnMut(u32, u32)) {
        self.shared.count(Mask::ALL, &mut tell);
        self.own.iter().for_each(|own| tell(own.value, 1));
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.shared.bytes()
            + self.of_some.bytes()
            + self.names_of_some.bytes()
            + self.own.capacity() * size_of::<OwnValue>()
    }
}

/// Each once.
fn in_order(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
