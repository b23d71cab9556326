//! What a discount takes off, and when it applies.

use vitrine_projections::discount::DiscountKind::{self, Amount, FixedPrice, Percentage};
use vitrine_projections::facts::ProductFacts;
use vitrine_projections::instant::Instant;

use crate::support::fixture::{
    NewDiscount, discount, discounted, facts, plain, price, quote, window, with_discounts,
};

fn at_price(amount: i64, discounts: impl IntoIterator<Item = NewDiscount>) -> ProductFacts {
    let facts = ProductFacts { prices: vec![plain(amount)], ..facts(&["s1"]) };
    with_discounts(facts, discounts)
}

fn final_of(base: i64, kind: DiscountKind) -> i64 {
    let (alone, _) = discounted(&at_price(base, [discount("d", kind, |_| ())]));
    let stack = |d: &mut NewDiscount| d.terms.stackable = true;
    let (stacked, _) = discounted(&at_price(base, [discount("d", kind, stack)]));
    assert_eq!(alone, stacked, "a single discount takes the same off alone and stacked");
    alone
}

/// "percentage: off = running × value / 10000, half up."
#[test]
fn a_percentage_is_rounded_half_up() {
    let cases = [
        // (base, basis points, final)
        (10_000, 1_000, 9_000),
        (10, 500, 9),          // 0.5 off: half goes up
        (9, 500, 9),           // 0.45 off: nothing
        (11, 500, 10),         // 0.55 off
        (30, 500, 28),         // 1.5 off: half goes up, not to even
        (50, 500, 47),         // 2.5 off
        (4_999, 1, 4_999),     // 0.4999 off
        (5_000, 1, 4_999),     // 0.5 off
        (1_999, 3_333, 1_333), // 666.2667 off
        (1, 10_000, 0),
        (1, 5_000, 0),
        (1, 4_999, 1),
        (0, 10_000, 0),
        (1_000_000_000_000, 9_999, 100_000_000),
        (1_000_000_000_000, 10_000, 0),
    ];
    for (base, basis_points, expected) in cases {
        let found = final_of(base, Percentage(basis_points));
        assert_eq!(found, expected, "{basis_points} bp off {base}");
    }
}

/// "amount: off = min(running, value)."
#[test]
fn an_amount_takes_no_more_than_there_is() {
    let cases = [(100, 30, 70), (100, 100, 0), (100, 101, 0), (100, 0, 100), (0, 5, 0)];
    for (base, value, expected) in cases {
        assert_eq!(final_of(base, Amount(value)), expected, "{value} off {base}");
    }
}

/// "fixed_price: off = running − min(running, value)."
#[test]
fn a_fixed_price_never_raises_the_price() {
    let cases = [(100, 30, 30), (100, 100, 100), (100, 120, 100), (100, 0, 0), (0, 5, 0)];
    for (base, value, expected) in cases {
        assert_eq!(final_of(base, FixedPrice(value)), expected, "{base} fixed to {value}");
    }
}

/// "A discount that takes 0 off is not listed as applied."
#[test]
fn what_takes_nothing_off_is_not_listed() {
    for kind in [Percentage(1), Amount(0), FixedPrice(200)] {
        for stackable in [false, true] {
            let none = discount("none", kind, |d| d.terms.stackable = stackable);
            assert_eq!(discounted(&at_price(100, [none])), (100, vec![]), "{kind:?}");
        }
    }
}

/// "A discount applies if active, ... its market and group are null or match, its currency (if it
/// has one) is the market's."
#[test]
fn a_discount_applies_only_where_everything_matches() {
    let applies = |special: &dyn Fn(&mut NewDiscount), group: Option<&str>| {
        let facts = at_price(100, [discount("d", Percentage(1_000), special)]);
        quote(&facts, "s1", group, Instant(1_000)).unwrap().final_amount == 90
    };
    assert!(applies(&|_| (), None));
    assert!(!applies(&|d| d.terms.active = false, None), "not active");
    assert!(applies(&|d| d.terms.market = Some("default".into()), None), "its market");
    assert!(!applies(&|d| d.terms.market = Some("eu".into()), None), "another market");
    assert!(applies(&|d| d.terms.currency = Some("USD".into()), None), "its currency");
    assert!(!applies(&|d| d.terms.currency = Some("EUR".into()), None), "another currency");
    let vip = |d: &mut NewDiscount| d.terms.group = Some("vip".into());
    assert!(applies(&vip, Some("vip")), "its group");
    assert!(!applies(&vip, Some("staff")), "another group");
    assert!(!applies(&vip, None), "no group");
    assert!(applies(&|_| (), Some("vip")), "for everyone");
}

#[test]
fn an_amount_in_another_currency_does_not_apply() {
    for kind in [Amount(10), FixedPrice(10)] {
        let euros = discount("d", kind, |d| d.terms.currency = Some("EUR".into()));
        assert_eq!(discounted(&at_price(100, [euros])), (100, vec![]), "{kind:?}");
    }
}

#[test]
fn a_discounts_window_is_half_open() {
    let sale = discount("d", Amount(10), |d| d.terms.window = window(2_000, 3_000));
    let facts = at_price(100, [sale]);
    let at = |ms| quote(&facts, "s1", None, Instant(ms)).unwrap().final_amount;
    assert_eq!([at(1_999), at(2_000), at(2_999), at(3_000)], [100, 90, 90, 100]);
}

#[test]
fn a_discount_with_an_empty_window_never_applies() {
    for (from, until) in [(2_000, 2_000), (3_000, 1_000)] {
        let never = discount("d", Amount(10), |d| d.terms.window = window(from, until));
        let facts = at_price(100, [never]);
        for ms in [999, 1_000, 1_999, 2_000, 2_001, 3_000] {
            let quote = quote(&facts, "s1", None, Instant(ms)).unwrap();
            assert_eq!(quote.final_amount, 100, "[{from}, {until}) at {ms}");
        }
    }
}

#[test]
fn a_discount_opens_with_one_end_of_its_window_left_open() {
    let from = at_price(100, [discount("d", Amount(10), |d| d.terms.window = window(2_000, None))]);
    let until =
        at_price(100, [discount("d", Amount(10), |d| d.terms.window = window(None, 2_000))]);
    let at = |facts, ms| quote(facts, "s1", None, Instant(ms)).unwrap().final_amount;
    assert_eq!([at(&from, 1_999), at(&from, 2_000)], [100, 90]);
    assert_eq!([at(&until, 1_999), at(&until, 2_000)], [90, 100]);
}

/// Discounts come off `base`, not off `regular`.
#[test]
fn discounts_come_off_the_base_price() {
    let mut facts = at_price(100, [discount("d", Percentage(5_000), |_| ())]);
    facts.prices.push(price("sale", 80, |p| p.window = window(900, None)));
    let quote = quote(&facts, "s1", None, Instant(1_000)).unwrap();
    assert_eq!((quote.regular, quote.base, quote.final_amount), (100, 80, 40));
}
