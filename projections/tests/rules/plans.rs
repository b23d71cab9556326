//! Plan A, the best discount alone, against plan B, the stackable ones in turn.

use vitrine_projections::discount::DiscountKind::{Amount, FixedPrice, Percentage};
use vitrine_projections::facts::ProductFacts;

use crate::support::fixture::{NewDiscount, discount, discounted, facts, plain, with_discounts};

/// The final price of something for 100.00, and what was applied; also with the discounts known
/// in the opposite order.
fn take_off(discounts: Vec<NewDiscount>) -> (i64, Vec<(String, i64)>) {
    let priced = || ProductFacts { prices: vec![plain(10_000)], ..facts(&["s1"]) };
    let again = |d: &NewDiscount| NewDiscount {
        id: d.id.clone(),
        terms: d.terms.clone(),
        scope: d.scope.clone(),
    };
    let reversed: Vec<NewDiscount> = discounts.iter().rev().map(again).collect();
    let result = discounted(&with_discounts(priced(), discounts));
    assert_eq!(discounted(&with_discounts(priced(), reversed)), result);
    result
}

fn applied(list: &[(&str, i64)]) -> Vec<(String, i64)> {
    list.iter().map(|(id, off)| ((*id).to_owned(), *off)).collect()
}

fn stackable(priority: i64) -> impl Fn(&mut NewDiscount) {
    move |d| {
        d.terms.stackable = true;
        d.terms.priority = priority;
    }
}

fn priority(priority: i64) -> impl Fn(&mut NewDiscount) {
    move |d| d.terms.priority = priority
}

/// "Plan A: the one not-stackable discount that gives the lowest final": whatever its priority.
#[test]
fn alone_the_lowest_final_wins() {
    let small = discount("a", Amount(1_000), priority(9));
    let large = discount("b", Percentage(2_000), priority(-9));
    let fixed = discount("c", FixedPrice(8_500), priority(5));
    assert_eq!(take_off(vec![small, large, fixed]), (8_000, applied(&[("b", 2_000)])));
}

/// "... (then higher priority, ..."
#[test]
fn alone_of_equal_finals_the_higher_priority_wins() {
    let low = discount("a", Amount(1_000), priority(1));
    let high = discount("b", Percentage(1_000), priority(2));
    assert_eq!(take_off(vec![low, high]), (9_000, applied(&[("b", 1_000)])));
}

/// "... then smaller id)": in byte order.
#[test]
fn alone_of_equal_priorities_the_smaller_id_wins() {
    let (a, b) = (discount("d9", Amount(1_000), |_| ()), discount("d10", Amount(1_000), |_| ()));
    assert_eq!(take_off(vec![a, b]), (9_000, applied(&[("d10", 1_000)])));
}

/// "Plan B: every stackable one in turn on the running amount (higher priority first, ..."
#[test]
fn stacked_the_higher_priority_goes_first() {
    let stack = |amount, percentage| {
        vec![
            discount("a", Amount(1_000), stackable(amount)),
            discount("b", Percentage(1_000), stackable(percentage)),
        ]
    };
    assert_eq!(take_off(stack(2, 1)), (8_100, applied(&[("a", 1_000), ("b", 900)])));
    assert_eq!(take_off(stack(1, 2)), (8_000, applied(&[("b", 1_000), ("a", 1_000)])));
}

/// "... then smaller id)."
#[test]
fn stacked_of_equal_priorities_the_smaller_id_goes_first() {
    let amount_first = vec![
        discount("a", Amount(1_000), stackable(0)),
        discount("b", Percentage(1_000), stackable(0)),
    ];
    assert_eq!(take_off(amount_first), (8_100, applied(&[("a", 1_000), ("b", 900)])));
    let percentage_first = vec![
        discount("d9", Amount(1_000), stackable(0)),
        discount("d10", Percentage(1_000), stackable(0)),
    ];
    assert_eq!(take_off(percentage_first), (8_000, applied(&[("d10", 1_000), ("d9", 1_000)])));
}

#[test]
fn each_stacked_percentage_is_rounded_by_itself() {
    let stack = ["a", "b", "c"].map(|id| discount(id, Percentage(3_333), stackable(0))).into_iter();
    // 3333 of 10000; 2222.1 of 6667; 1481.5 of 4445, half up.
    let expected = applied(&[("a", 3_333), ("b", 2_222), ("c", 1_482)]);
    assert_eq!(take_off(stack.collect()), (2_963, expected));
}

#[test]
fn a_stacked_amount_takes_only_what_is_left() {
    let stack = vec![
        discount("a", Amount(9_500), stackable(2)),
        discount("b", Amount(9_500), stackable(1)),
        discount("c", Amount(9_500), stackable(0)),
    ];
    assert_eq!(take_off(stack), (0, applied(&[("a", 9_500), ("b", 500)])));
}

/// A fixed price works on the running amount: above it, it takes nothing off and is not listed.
#[test]
fn a_stacked_fixed_price_above_the_running_amount_does_nothing() {
    let stack = vec![
        discount("a", Amount(4_000), stackable(2)),
        discount("b", FixedPrice(7_000), stackable(1)),
        discount("c", Percentage(1_000), stackable(0)),
    ];
    assert_eq!(take_off(stack), (5_400, applied(&[("a", 4_000), ("c", 600)])));
}

/// "The lower final wins ..."
#[test]
fn the_lower_plan_wins() {
    let stack = || {
        vec![discount("b", Amount(1_000), stackable(0)), discount("c", Amount(1_000), stackable(0))]
    };
    let mut with_weak = stack();
    with_weak.push(discount("a", Amount(1_999), |_| ()));
    assert_eq!(take_off(with_weak), (8_000, applied(&[("b", 1_000), ("c", 1_000)])));
    let mut with_strong = stack();
    with_strong.push(discount("a", Amount(2_001), |_| ()));
    assert_eq!(take_off(with_strong), (7_999, applied(&[("a", 2_001)])));
}

/// "... equal: A, if it has a discount."
#[test]
fn of_equal_plans_it_is_the_single_discount() {
    let alone = discount("z", Amount(2_000), priority(-1));
    let first = discount("a", Amount(1_000), stackable(9));
    let second = discount("b", Amount(1_000), stackable(9));
    assert_eq!(take_off(vec![alone, first, second]), (8_000, applied(&[("z", 2_000)])));
}

#[test]
fn a_single_discount_of_nothing_leaves_the_stack_its_place() {
    let nothing = discount("a", FixedPrice(20_000), |_| ());
    let stacked = discount("b", Amount(1), stackable(0));
    assert_eq!(take_off(vec![nothing, stacked]), (9_999, applied(&[("b", 1)])));
}

#[test]
fn two_plans_of_nothing_list_nothing() {
    let alone = discount("a", Amount(0), |_| ());
    let stacked = discount("b", Amount(0), stackable(0));
    assert_eq!(take_off(vec![alone, stacked]), (10_000, vec![]));
    assert_eq!(take_off(vec![]), (10_000, vec![]));
}

/// The single one comes off the base alone, not off what the stackable ones left.
#[test]
fn the_plans_are_not_mixed() {
    let alone = discount("a", Percentage(3_000), priority(-5));
    let stacked = discount("b", Amount(2_000), stackable(5));
    assert_eq!(take_off(vec![alone, stacked]), (7_000, applied(&[("a", 3_000)])));
}
