//! A product's page: price over the variants, stock, reviews, who is served at all, and
//! when that changes.

use serde_json::{Value, json};
use vitrine_projections::discount::DiscountKind::{Amount, Percentage};
use vitrine_projections::facts::{ProductFacts, ReviewCounts};
use vitrine_projections::instant::Instant;
use vitrine_projections::page::{Reader, StockBody};
use vitrine_projections::pricing::discount_bp;
use vitrine_projections::text::Text;

use crate::support::fixture::{
    NOW, discount, facts, market, page, plain, price, reader, stock, window, with_discounts,
};

fn sku_price(sku: &str, amount: i64) -> vitrine_projections::facts::PriceFact {
    price(&format!("of-{sku}"), amount, |p| p.sku = Some(sku.into()))
}

/// A temporary price of a SKU that is else `regular`.
fn sku_sale(sku: &str, amount: i64) -> vitrine_projections::facts::PriceFact {
    price(&format!("sale-of-{sku}"), amount, |p| {
        p.sku = Some(sku.into());
        p.window = window(0, None);
    })
}

fn price_of(facts: &ProductFacts) -> Value {
    page(facts, &reader(&market())).expect("a page")["price"].clone()
}

/// "A product's price is that of its variant with the lowest final ..."
#[test]
fn the_cheapest_variant_gives_the_price() {
    let prices = vec![sku_price("s1", 300), sku_price("s2", 100), sku_price("s3", 200)];
    let price = price_of(&ProductFacts { prices, ..facts(&["s1", "s2", "s3"]) });
    assert_eq!((&price["final"], &price["varies"]), (&json!(100), &json!(true)));
    assert_eq!(price["final_max"], json!(300));
}

/// "... (then lowest regular, ..."
#[test]
fn of_equal_finals_the_lower_regular_gives_the_price() {
    let prices =
        vec![sku_price("s1", 300), sku_sale("s1", 100), sku_price("s2", 200), sku_sale("s2", 100)];
    let price = price_of(&ProductFacts { prices, ..facts(&["s1", "s2"]) });
    assert_eq!((&price["final"], &price["regular"]), (&json!(100), &json!(200)));
    assert_eq!(price["varies"], json!(false), "only finals count for it");
}

/// "... then the order in variants)."
#[test]
fn of_equal_prices_the_first_variant_gives_the_price() {
    // Both 100 with regular 100: one by its base, the other by a discount.
    let with = |skus: &[&str]| {
        let prices = vec![sku_price("s1", 100), sku_price("s2", 100), sku_sale("s2", 80)];
        let facts = ProductFacts { prices, ..facts(skus) };
        let one = discount("d", Amount(20), |d| {
            d.scope.all = false;
            d.scope.skus = vec!["s1".into()];
        });
        price_of(&with_discounts(facts, [one]))
    };
    assert_eq!(with(&["s1", "s2"])["base"], json!(100));
    assert_eq!(with(&["s2", "s1"])["base"], json!(80));
}

/// "varies is true where the variants' finals differ, or some have none."
#[test]
fn prices_vary_where_finals_differ_or_are_missing() {
    let varies =
        |prices| price_of(&ProductFacts { prices, ..facts(&["s1", "s2"]) })["varies"].clone();
    assert_eq!(varies(vec![plain(100)]), json!(false));
    assert_eq!(varies(vec![sku_price("s1", 100), sku_price("s2", 100)]), json!(false));
    assert_eq!(varies(vec![sku_price("s1", 100), sku_price("s2", 101)]), json!(true));
    assert_eq!(varies(vec![sku_price("s2", 100), sku_price("s1", 101)]), json!(true));
    assert_eq!(varies(vec![sku_price("s1", 100)]), json!(true), "the second has none");
    assert_eq!(varies(vec![sku_price("s2", 100)]), json!(true), "the first has none");
}

#[test]
fn a_variants_price_says_nothing_of_varying() {
    let facts = ProductFacts { prices: vec![sku_price("s1", 100)], ..facts(&["s1", "s2"]) };
    let page = page(&facts, &reader(&market())).unwrap();
    assert_eq!(
        page["variants"][0]["price"],
        json!({"currency": "USD", "regular": 100, "base": 100, "final": 100, "discount_bp": 0,
            "applied": []})
    );
    assert_eq!(page["variants"][1]["price"], Value::Null);
}

/// "discount_bp = floor((regular − final) × 10000 / regular), 0 where regular is 0."
#[test]
fn the_discount_in_basis_points_is_cut() {
    let cases = [
        // (regular, final, basis points)
        (100, 100, 0),
        (100, 50, 5_000),
        (300, 100, 6_666),
        (300, 200, 3_333),
        (20_001, 20_000, 0),
        (100, 0, 10_000),
        (0, 0, 0),
        (1_000_000_000_000, 1, 9_999),
    ];
    for (regular, final_amount, expected) in cases {
        assert_eq!(discount_bp(regular, final_amount), expected, "{final_amount} of {regular}");
    }
}

/// It counts from `regular`: the sale and the discounts together.
#[test]
fn the_discount_is_that_from_regular_to_final() {
    let prices = vec![plain(300), price("sale", 200, |p| p.window = window(0, None))];
    let facts = ProductFacts { prices, ..facts(&["s1"]) };
    let facts = with_discounts(facts, [discount("d", Percentage(5_000), |_| ())]);
    assert_eq!(
        price_of(&facts),
        json!({"currency": "USD", "regular": 300, "base": 200, "final": 100, "discount_bp": 6_666,
            "varies": false, "final_max": 100,
            "applied": [{"discount_id": "d", "name": "d", "off": 100}]})
    );
}

/// "Nothing known: available null, state unknown. Else 0 out_of_stock, up to low_stock_threshold
/// low_stock, above it in_stock."
#[test]
fn stock_has_four_states() {
    let cases = [
        (None, "unknown"),
        (Some(0), "out_of_stock"),
        (Some(1), "low_stock"),
        (Some(5), "low_stock"),
        (Some(6), "in_stock"),
    ];
    for (available, state) in cases {
        let stock = serde_json::to_value(StockBody::new(available, 5)).unwrap();
        assert_eq!(stock, json!({"available": available, "state": state}));
    }
    let always = serde_json::to_value(StockBody::new(Some(1), 0)).unwrap();
    assert_eq!(always["state"], "in_stock", "a threshold of 0 knows no low stock");
}

/// "Stock of a SKU = sum over locations; of a product = sum over its current variants."
#[test]
fn stock_is_summed_over_locations_and_current_variants() {
    let stock = vec![stock("s1", 2), stock("s1", 3), stock("s2", 0), stock("foreign", 50)];
    let facts = ProductFacts { stock, ..facts(&["s1", "s2", "s3"]) };
    let page = page(&facts, &reader(&market())).unwrap();
    let stock = |i: usize| page["variants"][i]["stock"].clone();
    assert_eq!(stock(0), json!({"available": 5, "state": "low_stock"}));
    assert_eq!(stock(1), json!({"available": 0, "state": "out_of_stock"}));
    assert_eq!(stock(2), json!({"available": null, "state": "unknown"}));
    assert_eq!(page["stock"], json!({"available": 5, "state": "low_stock"}), "not the foreign SKU");
}

#[test]
fn stock_of_foreign_skus_alone_is_unknown() {
    let facts = ProductFacts { stock: vec![stock("foreign", 50)], ..facts(&["s1"]) };
    let page = page(&facts, &reader(&market())).unwrap();
    assert_eq!(page["stock"], json!({"available": null, "state": "unknown"}));
    assert_eq!(facts.available(), None);
}

/// "average is rounded half up to two decimals, null where there are none."
#[test]
fn the_average_is_rounded_half_up() {
    let cases = [
        ([0, 0, 0, 0, 0], None),
        ([0, 0, 0, 0, 1], Some(500)),
        ([0, 0, 0, 1, 1], Some(450)),
        ([1, 0, 0, 0, 2], Some(367)),     // 3.6666
        ([2, 0, 0, 0, 1], Some(233)),     // 2.3333
        ([7, 1, 0, 0, 0], Some(113)),     // 1.125: half goes up
        ([5, 3, 0, 0, 0], Some(138)),     // 1.375
        ([0, 0, 0, 133, 67], Some(434)),  // 4.335
        ([0, 0, 0, 667, 333], Some(433)), // 4.333
    ];
    for (counts, expected) in cases {
        assert_eq!(ReviewCounts(counts).average_hundredths(), expected, "{counts:?}");
    }
}

#[test]
fn reviews_show_their_average_and_histogram() {
    let facts = ProductFacts { reviews: ReviewCounts([7, 1, 0, 0, 0]), ..facts(&["s1"]) };
    let reviews = page(&facts, &reader(&market())).unwrap()["reviews"].clone();
    assert_eq!((&reviews["count"], &reviews["average"]), (&json!(8), &json!(1.13)));
    assert_eq!(reviews["histogram"], json!({"1": 7, "2": 1, "3": 0, "4": 0, "5": 0}));
}

/// "A hidden ... or unreleased product's page is a 404; one with no price is served with price:
/// null."
#[test]
fn hidden_and_unreleased_products_have_no_page() {
    let market = market();
    let served = |facts: &ProductFacts| page(facts, &reader(&market)).is_some();
    let mut product = facts(&["s1"]);
    assert!(served(&product), "without a price");
    product.product.released_at = NOW;
    assert!(served(&product), "released just now");
    product.product.released_at = Instant(NOW.millis() + 1);
    assert!(!served(&product), "released in a millisecond");
    product.product.released_at = Instant(0);
    product.product.active = false;
    assert!(!served(&product), "hidden");
}

#[test]
fn a_page_without_a_price_says_null() {
    let page = page(&facts(&["s1"]), &reader(&market())).unwrap();
    assert!(page["price"].is_null() && page["variants"][0]["price"].is_null());
}

#[test]
fn texts_are_in_the_readers_locale() {
    let mut facts = ProductFacts { prices: vec![plain(100)], ..facts(&["s1"]) };
    let in_two = |de: &str, en: &str| {
        Text::ByLocale([("de".to_owned(), de.to_owned()), ("en".to_owned(), en.to_owned())].into())
    };
    facts.product.name = in_two("Tasse", "Mug");
    let sale = discount("d", Amount(1), |d| d.terms.name = in_two("Rabatt", "Sale"));
    let facts = with_discounts(facts, [sale]);
    let market = market();
    for (locale, name, sale) in [(None, "Mug", "Sale"), (Some("de-AT"), "Tasse", "Rabatt")] {
        let page = page(&facts, &Reader { locale, ..reader(&market) }).unwrap();
        assert_eq!(
            (&page["product"]["name"], &page["price"]["applied"][0]["name"]),
            (&json!(name), &json!(sale))
        );
    }
}

/// The page's next change after `ms`.
fn next_change(facts: &ProductFacts, group: Option<&str>, ms: i64) -> Option<i64> {
    let market = market();
    let reader = Reader { at: Instant(ms), group, ..reader(&market) };
    let page = page(facts, &reader).expect("a page");
    let of_page = page["meta"]["next_change_at"].as_str().map(|at| Instant::parse(at).unwrap());
    of_page.map(Instant::millis)
}

/// "no later than the first instant after t at which this answer changes with no event; null only
/// if there is none."
#[test]
fn the_next_change_is_the_next_edge_that_matters() {
    let sale = price("sale", 80, |p| p.window = window(2_000, 4_000));
    let same = price("same", 100, |p| p.window = window(3_000, 5_000));
    let vip = price("vip", 70, |p| {
        p.group = Some("vip".into());
        p.window = window(1_500, 2_500);
    });
    let prices = vec![plain(100), sale, same, vip];
    let facts = ProductFacts { prices, ..facts(&["s1"]) };
    assert_eq!(next_change(&facts, None, 1_000), Some(2_000));
    assert_eq!(next_change(&facts, None, 1_999), Some(2_000));
    assert_eq!(next_change(&facts, None, 2_000), Some(3_000), "`same` starts later: it wins");
    // `same` costs what the undated one costs, so that neither its end nor the sale's shows.
    assert_eq!(next_change(&facts, None, 3_000), None);
    assert_eq!(next_change(&facts, Some("vip"), 1_000), Some(1_500));
    assert_eq!(next_change(&facts, Some("vip"), 1_500), Some(2_500));
}

/// The page shows a dearer variant's change, too.
#[test]
fn a_page_changes_with_any_variant() {
    let dearer = price("dearer", 300, |p| {
        p.sku = Some("s2".into());
        p.window = window(2_000, None);
    });
    let prices = vec![sku_price("s1", 100), sku_price("s2", 200), dearer];
    let facts = ProductFacts { prices, ..facts(&["s1", "s2"]) };
    assert_eq!(next_change(&facts, None, 1_000), Some(2_000));
}

/// "as_of: each the newest time among the live entities of that kind that belong to it."
#[test]
fn as_of_is_the_newest_of_each_kind() {
    let mut facts = facts(&["s1"]);
    facts.time = Instant(1);
    let none = page(&facts, &reader(&market())).unwrap()["meta"]["as_of"].clone();
    let at = |ms| json!(Instant(ms));
    let expected = |price, stock, discount| json!({"product": at(1), "price": price, "stock": stock, "discount": discount, "review": null});
    assert_eq!(none, expected(Value::Null, Value::Null, Value::Null));
    // Of another market, of a foreign SKU, not active: they belong to the product all the same.
    facts.prices = vec![plain(1), price("eu", 1, |p| p.market = "eu".into())];
    facts.stock = vec![stock("s1", 1), stock("foreign", 1)];
    (facts.prices[1].time, facts.stock[1].time) = (Instant(20), Instant(30));
    let facts = with_discounts(facts, [discount("d", Amount(1), |d| d.terms.active = false)]);
    let known = page(&facts, &reader(&market())).unwrap()["meta"]["as_of"].clone();
    assert_eq!(known, expected(at(20), at(30), at(0)));
}
