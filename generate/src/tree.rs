//! The category tree of a catalogue: four steps deep, and with more leaves the more products.

use super::kinds::{DEPARTMENTS, Department, Group, Kind, Section, Style, copy};
use super::prng::Rng;
use super::words::Word;

/// So many products a leaf on average, until every kind of product is there.
const PRODUCTS_PER_LEAF: u64 = 13;

/// The section that has about a seventh of all products.
const LARGEST: (&str, &str) = ("clothing", "women");
/// Its share of 1,000. Some of what men wear is listed there too.
const LARGEST_PER_MILLE: u64 = 137;

/// So many of 1,000 products fall into leaves evenly, the others into a few popular ones.
const EVEN_PER_MILLE: u64 = 800;

/// How many steps a path from a root to a leaf has.
pub const DEPTH: usize = 4;

/// A leaf with its way from the root.
pub struct Leaf {
    /// Index in [`DEPARTMENTS`].
    pub department_index: u64,
    pub department: Branch,
    pub section: &'static Section,
    pub group: &'static Group,
    pub kind: &'static Kind,
    /// The ids of the path, from the root on.
    pub ids: [String; DEPTH],
    /// Another leaf with the same kind of product, for another audience.
    pub sibling: Option<usize>,
}

/// A leaf's department.
pub struct Branch {
    pub id: &'static str,
    pub name: Word,
    /// Sentences for descriptions of the leaf's products.
    pub copy: &'static [Word],
}

/// Which leaves there are, and how products fall into them.
pub struct Tree {
    pub leaves: Vec<Leaf>,
    /// Numbers of the leaves in the largest section, and of all others.
    largest: Vec<usize>,
    others: Vec<usize>,
    /// Numbers of the leaves whose products may be made to measure.
    measured: Vec<usize>,
    pub departments: u64,
    /// Moves the most popular leaves, so that seeds differ in them.
    turn: u64,
}

impl Tree {
    pub fn new(products: u64, turn: u64) -> Tree {
        let mut leaves = all_leaves();
        let wanted = (products / PRODUCTS_PER_LEAF).max(1);
        leaves.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        for n in 0..leaves.len() {
            let twin = |other: &Leaf| leaves.get(n).is_some_and(|leaf| is_sibling(leaf, other));
            let sibling = leaves.iter().position(twin);
            if let Some(leaf) = leaves.get_mut(n) {
                leaf.sibling = sibling;
            }
        }
        let (largest, others) =
            (0..leaves.len()).partition(|n| leaves.get(*n).is_some_and(is_in_largest));
        let measured = (0..leaves.len())
            .filter(|n| leaves.get(*n).is_some_and(|leaf| leaf.kind.style == Style::Measured))
            .collect();
        let departments =
            leaves.iter().map(|leaf| leaf.department_index + 1).max().unwrap_or_default();
        Tree { leaves, largest, others, measured, departments, turn }
    }

    pub fn count(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// A product's leaf; some are larger than others. The first products are one of each leaf.
    pub fn draw(&self, rng: &mut Rng, n: u64) -> usize {
        let largest = rng.per_mille(LARGEST_PER_MILLE) && !self.largest.is_empty();
        let among = if largest || self.others.is_empty() { &self.largest } else { &self.others };
        let count = among.len() as u64;
        // Most products fall evenly, so that no kind crowds out the others.
        let even = rng.per_mille(EVEN_PER_MILLE);
        let drawn = if even { rng.below(count) } else { rng.skewed(count) };
        let at = (drawn + self.turn) % count.max(1);
        if n < self.count() {
            return n as usize;
        }
        among.get(at as usize).copied().unwrap_or_default()
    }

    /// The leaf of the `i`th product that is made to measure.
    pub fn measured(&self, i: u64) -> usize {
        let count = self.measured.len().max(1) as u64;
        self.measured.get((i % count) as usize).copied().unwrap_or_default()
    }

    /// The leaf with this number; there is at least one.
    pub fn leaf(&self, number: usize) -> &Leaf {
        &self.leaves[number % self.leaves.len()]
    }
}

fn is_in_largest(leaf: &Leaf) -> bool {
    (leaf.department.id, leaf.section.id) == LARGEST
}

fn is_sibling(leaf: &Leaf, other: &Leaf) -> bool {
    std::ptr::eq(leaf.kind, other.kind) && leaf.section.id != other.section.id
}

/// All leaves; the departments take turns, so that a small catalogue is a small mixed shop.
fn all_leaves() -> Vec<Leaf> {
    let mut queues: Vec<_> = (0..)
        .zip(DEPARTMENTS)
        .map(|(index, department)| leaves_of(index, department).into_iter())
        .collect();
    let mut leaves = Vec::new();
    loop {
        let before = leaves.len();
        leaves.extend(queues.iter_mut().filter_map(Iterator::next));
        if leaves.len() == before {
            return leaves;
        }
    }
}

fn leaves_of(department_index: u64, department: &'static Department) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for section in department.sections {
        for group in section.groups {
            for kind in group.kinds {
                let section_id = format!("{}-{}", department.id, section.id);
                let group_id = format!("{section_id}-{}", group.id);
                let leaf_id = format!("{group_id}-{}", kind.id);
                leaves.push(Leaf {
                    department_index,
                    department: Branch {
                        id: department.id,
                        name: department.name,
                        copy: copy::of_leaf(&leaf_id),
                    },
                    section,
                    group,
                    kind,
                    ids: [department.id.to_owned(), section_id, group_id, leaf_id],
                    sibling: None,
                });
            }
        }
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_catalogue_has_few_leaves_and_a_large_one_all() {
        assert_eq!(Tree::new(1, 7).count(), 1);
        assert_eq!(Tree::new(260, 7).count(), 20);
        let all = Tree::new(2_000, 7);
        assert_eq!(all.count(), Tree::new(10_000_000, 7).count());
        assert_eq!(all.departments, 13);
        assert!(all.leaves.iter().filter(|leaf| leaf.kind.style == Style::Measured).count() == 2);
    }

    #[test]
    fn what_has_a_sibling_is_made_for_somebody() {
        let tree = Tree::new(2_000, 7);
        let with: Vec<&Leaf> = tree.leaves.iter().filter(|leaf| leaf.sibling.is_some()).collect();
        assert!(with.len() > 10 && with.iter().all(|leaf| leaf.section.audience.is_some()));
    }
}
