//! Which numbers products get.

use std::collections::BTreeSet;

use vitrine_projections::index::numbering::Numbering;

#[test]
fn numbers_of_a_category_stand_side_by_side() {
    let mut numbering = Numbering::default();
    let mut all = BTreeSet::new();
    let mut of: [Vec<u32>; 3] = Default::default();
    for nth in 0..3_000u32 {
        let category = if nth % 10 == 0 { 1 } else { 2 * (nth % 2) };
        let number = numbering.take(category.checked_sub(1));
        assert!(all.insert(number));
        of[category as usize].push(number);
    }
    // Little more numbers than products, and what a category got last is its own.
    assert!(all.last() < Some(&4_500), "{:?}", all.last());
    for numbers in of {
        let last: BTreeSet<u32> = numbers.iter().rev().take(40).map(|number| number / 64).collect();
        assert!(last.len() <= 2, "{last:?}");
    }
    numbering.give_back(Some(0), 7);
    assert_eq!(numbering.take(Some(0)), 7);
}
