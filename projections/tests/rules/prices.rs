//! Which price is the base, and which the regular one.

use vitrine_projections::facts::{PriceFact, ProductFacts};
use vitrine_projections::instant::Instant;

use crate::support::fixture::{NOW, base, facts, plain, price, quote, window};

fn priced(prices: Vec<PriceFact>) -> ProductFacts {
    ProductFacts { prices, ..facts(&["s1", "s2"]) }
}

/// The first of the two wins for a customer of group `vip`, in whatever order they are known.
fn assert_better(rule: &str, better: PriceFact, worse: PriceFact) {
    let amount = better.price.amount;
    let both = [priced(vec![better.clone(), worse.clone()]), priced(vec![worse, better])];
    for facts in both {
        assert_eq!(base(&facts, Some("vip")), Some(amount), "{rule}");
    }
}

// "The best candidate, by the first rule that decides". In each example every later rule would
// have chosen the other one; but for windowed before undated, which no later rule can gainsay: what
// has a window begins later or ends earlier.

#[test]
fn sku_specific_comes_before_every_sku() {
    assert_better(
        "SKU-specific before every-SKU",
        price("z", 1, |p| p.sku = Some("s1".into())),
        price("a", 2, |p| {
            p.group = Some("vip".into());
            p.window = window(900, 1_100);
        }),
    );
}

#[test]
fn group_comes_before_everyone() {
    assert_better(
        "group before everyone",
        price("z", 1, |p| p.group = Some("vip".into())),
        price("a", 2, |p| p.window = window(900, 1_100)),
    );
}

#[test]
fn windowed_comes_before_undated() {
    assert_better(
        "windowed before undated",
        price("z", 1, |p| p.window = window(None, 9_999)),
        price("a", 2, |_| ()),
    );
    assert_better(
        "one end makes a window",
        price("z", 1, |p| p.window = window(0, None)),
        price("a", 2, |_| ()),
    );
}

#[test]
fn later_valid_from_comes_first() {
    assert_better(
        "later valid_from",
        price("z", 1, |p| p.window = window(900, None)),
        price("a", 2, |p| p.window = window(899, 1_001)),
    );
    assert_better(
        "null is first of all times",
        price("z", 1, |p| p.window = window(-62_135_596_800_000, None)),
        price("a", 2, |p| p.window = window(None, 1_001)),
    );
}

#[test]
fn earlier_valid_until_comes_first() {
    assert_better(
        "earlier valid_until",
        price("z", 1, |p| p.window = window(900, 1_100)),
        price("a", 2, |p| p.window = window(900, 1_101)),
    );
    assert_better(
        "null is last of all times",
        price("z", 1, |p| p.window = window(900, 253_402_300_799_999)),
        price("a", 2, |p| p.window = window(900, None)),
    );
}

#[test]
fn smaller_price_id_comes_first() {
    for (smaller, larger) in [("a", "b"), ("B", "a"), ("a", "aa"), ("p10", "p9"), ("z", "ä")] {
        let (better, worse) = (price(smaller, 2, |_| ()), price(larger, 1, |_| ()));
        assert_better("smaller price_id in byte order", better, worse);
    }
}

/// "Prices of this market, in the market's currency, for this SKU or every SKU, for group g or
/// everyone, whose window holds t."
#[test]
fn others_are_no_candidates() {
    let others = [
        price("market", 1, |p| p.market = "eu".into()),
        price("currency", 1, |p| p.currency = "EUR".into()),
        price("sku", 1, |p| p.sku = Some("s2".into())),
        price("group", 1, |p| p.group = Some("staff".into())),
        price("past", 1, |p| p.window = window(None, 1_000)),
        price("future", 1, |p| p.window = window(1_001, None)),
    ];
    for other in others {
        let id = other.price_id.clone();
        assert_eq!(base(&priced(vec![other.clone()]), Some("vip")), None, "{id} alone");
        assert_eq!(base(&priced(vec![other, plain(500)]), Some("vip")), Some(500), "{id}");
    }
}

#[test]
fn a_group_price_is_not_for_everyone() {
    let vip = price("vip", 1, |p| p.group = Some("vip".into()));
    let facts = priced(vec![vip, plain(500)]);
    assert_eq!(base(&facts, None), Some(500));
    assert_eq!(base(&facts, Some("vip")), Some(1));
    assert_eq!(base(&facts, Some("VIP")), Some(500), "groups compare as written");
}

/// "Windows are half-open: [from, until)."
#[test]
fn a_window_holds_its_start_and_not_its_end() {
    let sale = price("sale", 80, |p| p.window = window(2_000, 3_000));
    let facts = priced(vec![sale, plain(100)]);
    let at = |ms| quote(&facts, "s1", None, Instant(ms)).unwrap().base;
    assert_eq!([at(1_999), at(2_000), at(2_999), at(3_000)], [100, 80, 80, 100]);
}

#[test]
fn windows_that_touch_leave_no_gap() {
    let first = price("first", 70, |p| p.window = window(1_000, 2_000));
    let second = price("second", 60, |p| p.window = window(2_000, 3_000));
    let facts = priced(vec![first, second]);
    let at = |ms| quote(&facts, "s1", None, Instant(ms)).map(|q| q.base);
    assert_eq!([at(999), at(1_000), at(1_999)], [None, Some(70), Some(70)]);
    assert_eq!([at(2_000), at(2_999), at(3_000)], [Some(60), Some(60), None]);
}

/// "A window whose end is not after its start is never valid, and is no error."
#[test]
fn an_empty_window_is_never_open() {
    for (from, until) in [(1_000, 1_000), (2_000, 500)] {
        let never = price("never", 1, |p| p.window = window(from, until));
        let facts = priced(vec![never, plain(100)]);
        for ms in [499, 500, 999, 1_000, 1_001, 2_000] {
            let base = quote(&facts, "s1", None, Instant(ms)).unwrap().base;
            assert_eq!(base, 100, "[{from}, {until}) at {ms}");
        }
    }
}

// "regular = the larger of base and the best among the undated candidates (no undated: base)."

fn regular(prices: Vec<PriceFact>) -> i64 {
    quote(&priced(prices), "s1", Some("vip"), NOW).unwrap().regular
}

fn sale(amount: i64) -> PriceFact {
    price("sale", amount, |p| p.window = window(900, 1_100))
}

#[test]
fn regular_is_the_undated_price_below_which_the_sale_is() {
    assert_eq!(regular(vec![sale(80), plain(100)]), 100);
}

#[test]
fn regular_is_never_below_base() {
    assert_eq!(regular(vec![sale(120), plain(100)]), 120);
}

#[test]
fn regular_is_base_where_no_price_is_undated() {
    let longer = price("longer", 100, |p| p.window = window(0, None));
    assert_eq!(regular(vec![sale(80)]), 80);
    assert_eq!(regular(vec![sale(80), longer]), 80);
}

/// The best of the undated, by the same rules: not the largest.
#[test]
fn regular_takes_the_best_undated_candidate() {
    let own = price("own", 90, |p| p.sku = Some("s1".into()));
    let vip = price("vip", 95, |p| p.group = Some("vip".into()));
    let other_sku = price("other", 99, |p| p.sku = Some("s2".into()));
    let prices = vec![plain(100), vip.clone(), other_sku, sale(80)];
    assert_eq!(regular(prices.clone()), 95);
    assert_eq!(regular([prices, vec![own]].concat()), 90);
    assert_eq!(regular(vec![price("a", 91, |_| ()), plain(100), sale(80)]), 91);
}

/// SKU-specific beats every-SKU also where that one is a sale: base and regular are the same.
#[test]
fn an_undated_sku_price_hides_a_sale_of_every_sku() {
    let own = price("own", 90, |p| p.sku = Some("s1".into()));
    let facts = priced(vec![own, sale(80), plain(100)]);
    let quote = quote(&facts, "s1", None, NOW).unwrap();
    assert_eq!((quote.base, quote.regular), (90, 90));
}

#[test]
fn a_zero_price_is_a_price() {
    assert_eq!(base(&priced(vec![plain(0)]), None), Some(0));
    assert_eq!(base(&priced(vec![]), None), None);
}
