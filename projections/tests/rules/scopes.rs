//! What a discount reaches: "its scope matches the product, this SKU, the product's brand, or any
//! category in any `path` of the product" (any match; nothing named matches nothing).

use vitrine_projections::discount::{DiscountKind, Scope};
use vitrine_projections::facts::{ProductFacts, Reach};
use vitrine_projections::instant::Instant;

use crate::support::fixture::{brand, category, discount, facts, plain, quote, with_discounts};

/// The product `mug` of brand `acme` with the SKUs s1 and s2, in two branches of the tree.
fn mug() -> ProductFacts {
    let mut facts = ProductFacts { prices: vec![plain(100)], ..facts(&["s1", "s2"]) };
    facts.product.brand = Some(brand("acme"));
    facts.product.categories =
        vec![category(&["home", "kitchen", "mugs"]), category(&["gifts", "for-tea"])];
    facts
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// Which of the two SKUs have their price reduced.
fn reduced(scope: Scope) -> (bool, bool) {
    let facts =
        with_discounts(mug(), [discount("d", DiscountKind::Amount(10), |d| d.scope = scope)]);
    let reduced = |sku| quote(&facts, sku, None, Instant(0)).unwrap().final_amount == 90;
    (reduced("s1"), reduced("s2"))
}

const BOTH: (bool, bool) = (true, true);
const NEITHER: (bool, bool) = (false, false);

#[test]
fn each_way_to_name_a_product() {
    let none = Scope::default;
    let cases = [
        ("nothing named matches nothing", none(), NEITHER),
        ("all", Scope { all: true, ..none() }, BOTH),
        ("the product", Scope { products: ids(&["cup", "mug"]), ..none() }, BOTH),
        ("another product", Scope { products: ids(&["cup"]), ..none() }, NEITHER),
        ("one SKU", Scope { skus: ids(&["s1", "s9"]), ..none() }, (true, false)),
        ("the other SKU", Scope { skus: ids(&["s2"]), ..none() }, (false, true)),
        ("a SKU of another product", Scope { skus: ids(&["s9"]), ..none() }, NEITHER),
        ("the brand", Scope { brands: ids(&["acme"]), ..none() }, BOTH),
        ("another brand", Scope { brands: ids(&["other"]), ..none() }, NEITHER),
        ("the category itself", Scope { categories: ids(&["mugs"]), ..none() }, BOTH),
        ("a root", Scope { categories: ids(&["home"]), ..none() }, BOTH),
        ("in the middle of a path", Scope { categories: ids(&["kitchen"]), ..none() }, BOTH),
        ("in the second path", Scope { categories: ids(&["gifts"]), ..none() }, BOTH),
        ("another category", Scope { categories: ids(&["garden"]), ..none() }, NEITHER),
    ];
    for (what, scope, expected) in cases {
        assert_eq!(reduced(scope), expected, "{what}");
    }
}

/// An id is looked for only where it was named: `mug` is a product, not a category or a SKU.
#[test]
fn names_of_one_kind_do_not_match_another() {
    let everything = ["mug", "s1", "acme", "home", "mugs"];
    let but = |own: &[&str]| {
        ids(&everything.into_iter().filter(|id| !own.contains(id)).collect::<Vec<_>>())
    };
    let scope = Scope {
        all: false,
        products: but(&["mug"]),
        skus: but(&["s1"]),
        categories: but(&["home", "mugs"]),
        brands: but(&["acme"]),
    };
    assert_eq!(reduced(scope), NEITHER);
}

#[test]
fn any_match_counts() {
    let wrong = Scope { products: ids(&["cup"]), brands: ids(&["other"]), ..Scope::default() };
    assert_eq!(reduced(Scope { skus: ids(&["s2"]), ..wrong.clone() }), (false, true));
    assert_eq!(reduced(Scope { categories: ids(&["mugs"]), skus: ids(&["s2"]), ..wrong }), BOTH);
}

#[test]
fn a_product_without_brand_or_category_matches_none() {
    let bare = facts(&["s1"]);
    let scope = Scope { brands: ids(&["acme"]), categories: ids(&["home"]), ..Scope::default() };
    assert_eq!(scope.reach("mug", &bare.product), None);
}

/// What counts as reaching the product, though it may reduce only some of its SKUs.
#[test]
fn reach_tells_the_whole_product_from_some_skus() {
    let product = mug().product;
    let some = Scope { skus: ids(&["s2", "s9"]), ..Scope::default() };
    assert_eq!(some.reach("mug", &product), Some(Reach::Skus(ids(&["s2"]))));
    let whole = Scope { skus: ids(&["s2"]), all: true, ..Scope::default() };
    assert_eq!(whole.reach("mug", &product), Some(Reach::Whole));
}
