//! Which products a listing holds, and in which order.

use vitrine_projections::discount::DiscountKind;
use vitrine_projections::facts::{ProductFacts, ReviewCounts};
use vitrine_projections::index::Index;
use vitrine_projections::index::part::IndexPart;
use vitrine_projections::index::query::Query;
use vitrine_projections::index::query::filters::Filters;
use vitrine_projections::index::writer::Writer;
use vitrine_projections::instant::Instant;
use vitrine_projections::listing::{ListingKey, Sort};

use crate::index::{query, scoped};
use crate::support::fixture::{
    NOW, NewDiscount, brand, category, discount, facts, market, plain, price, stock, window,
};

/// An index of these products, with these discounts.
fn index(products: &[(&str, &ProductFacts)], discounts: Vec<NewDiscount>) -> Index {
    let mut writer = Writer::new(vec![market()]);
    for (id, facts) in products {
        let facts = ProductFacts { product_id: (*id).to_owned(), ..(*facts).clone() };
        writer.put(&IndexPart::of(facts));
    }
    for discount in discounts {
        writer.put_discount(scoped(discount));
    }
    writer.publish(NOW)
}

fn ids(index: &Index, query: &Query<'_>) -> Vec<String> {
    index.query(query).items.iter().map(|item| index.id(item.product).to_owned()).collect()
}

/// These two products in an order.
fn ordered(sort: Sort, products: [(&str, &ProductFacts); 2]) -> Vec<String> {
    let none = Filters::default();
    ids(&index(&products, Vec::new()), &Query { sort, ..query(&none, &ListingKey::All) })
}

/// In each order the one that is better in what it looks at comes first, whatever their ids; where it looks at
/// something else, ids decide.
#[test]
fn each_sort_puts_its_best_first() {
    let base = || {
        let prices = vec![price("sale", 90, |p| p.window = window(0, None)), plain(100)];
        let reviews = ReviewCounts([0, 0, 1, 0, 0]);
        ProductFacts { prices, reviews, ..facts(&["s1"]) }
    };
    let with = |special: &dyn Fn(&mut ProductFacts)| {
        let mut facts = base();
        special(&mut facts);
        facts
    };
    let cases = [
        (vec![Sort::Newest], with(&|f| f.product.released_at = Instant(1))),
        (vec![Sort::PriceAsc, Sort::Discount], with(&|f| f.prices[0].price.amount = 89)),
        (vec![Sort::PriceDesc], with(&|f| f.prices[0].price.amount = 91)),
        (vec![Sort::Rating], with(&|f| f.reviews = ReviewCounts([0, 0, 0, 1, 0]))),
        (vec![Sort::Rating, Sort::Reviews], with(&|f| f.reviews = ReviewCounts([0, 0, 2, 0, 0]))),
    ];
    for (sorts, better) in cases {
        for sort in Sort::ALL {
            let by_price = [Sort::PriceAsc, Sort::PriceDesc, Sort::Discount];
            let opposite = !sorts.contains(&sort)
                && sorts.iter().any(|s| by_price.contains(s))
                && by_price.contains(&sort);
            if !opposite {
                let first = if sorts.contains(&sort) { "z" } else { "a" };
                assert_eq!(ordered(sort, [("a", &base()), ("z", &better)])[0], first, "{sort}");
            }
        }
    }
}

/// "rating with review count before it", the average as it is rounded, none as 0.
#[test]
fn of_equal_ratings_the_more_reviewed_comes_first() {
    let rated = |counts| ProductFacts { reviews: ReviewCounts(counts), ..mug() };
    let check = |better, worse, why: &str| {
        let (better, worse) = (rated(better), rated(worse));
        let ordered = ordered(Sort::Rating, [("a", &worse), ("z", &better)]);
        assert_eq!(ordered, ["z", "a"], "{why}");
    };
    check([0, 0, 0, 2, 0], [0, 0, 0, 1, 0], "as good, more reviews");
    check([0, 0, 0, 0, 1], [0, 0, 0, 9_999, 1], "better, fewer reviews");
    check([1, 0, 0, 0, 0], [0; 5], "the worst before none");
    // 4.335 and 4.3366 are 4.34 both: the count decides.
    check([0, 0, 0, 133, 67], [0, 0, 0, 65, 33], "the same as rounded, more reviews");
    check([0, 0, 0, 65, 33], [0, 0, 0, 66, 33], "4.34 before 4.33");
}

/// Orders hold at the ends of what can be.
#[test]
fn the_largest_numbers_are_in_order() {
    let released = |ms| {
        let mut facts = mug();
        facts.product.released_at = Instant(ms);
        facts
    };
    let (late, early) = (released(253_402_300_799_999), released(-62_135_596_800_000));
    let none = Filters::default();
    let at_the_end = Query {
        sort: Sort::Newest,
        at: Instant(253_402_300_799_999),
        ..query(&none, &ListingKey::All)
    };
    let index = index(&[("a", &early), ("z", &late)], Vec::new());
    assert_eq!(ids(&index, &at_the_end), ["z", "a"]);
    let dear = ProductFacts { prices: vec![plain(1_000_000_000_000)], ..mug() };
    assert_eq!(ordered(Sort::PriceDesc, [("a", &mug()), ("z", &dear)]), ["z", "a"]);
    let reviewed = |n| ProductFacts { reviews: ReviewCounts([0, 0, 0, 0, n]), ..mug() };
    let (one, many) = (reviewed(1), reviewed(u64::from(u32::MAX) - 1));
    for sort in [Sort::Rating, Sort::Reviews] {
        assert_eq!(ordered(sort, [("a", &one), ("z", &many)]), ["z", "a"], "{sort}");
    }
}

#[test]
fn sorts_have_names() {
    let names = ["newest", "price_asc", "price_desc", "discount", "rating", "reviews"];
    assert_eq!(Sort::ALL.map(Sort::name), names);
    for sort in Sort::ALL {
        assert_eq!(Sort::parse(sort.name()), Some(sort));
    }
    assert_eq!(Sort::parse("Newest"), None);
}

/// The products of a listing at an instant, in the order of their prices, then ids.
fn listed(products: &[(&str, &ProductFacts)], listing: &ListingKey, ms: i64) -> Vec<String> {
    let none = Filters::default();
    ids(&index(products, Vec::new()), &Query { at: Instant(ms), ..query(&none, listing) })
}

/// Whether a product with these discounts passes filters.
fn passes(facts: &ProductFacts, discounts: Vec<NewDiscount>, filters: &Filters) -> bool {
    !ids(&index(&[("mug", facts)], discounts), &query(filters, &ListingKey::All)).is_empty()
}

fn mug() -> ProductFacts {
    ProductFacts { prices: vec![plain(100)], ..facts(&["s1"]) }
}

/// "Listings hold a product if it is active, released (released_at <= t) and has a price."
#[test]
fn a_listing_holds_what_is_active_released_and_priced() {
    let all = &ListingKey::All;
    let there = ["mug"];
    let none: [&str; 0] = [];
    let mut mug = mug();
    assert_eq!(listed(&[("mug", &mug)], all, 0), there);
    mug.product.released_at = Instant(1_000);
    assert_eq!(listed(&[("mug", &mug)], all, 999), none, "not yet released");
    assert_eq!(listed(&[("mug", &mug)], all, 1_000), there, "just released");
    mug.product.active = false;
    assert_eq!(listed(&[("mug", &mug)], all, 1_000), none, "hidden");
    mug.product.active = true;
    mug.prices = vec![price("sale", 80, |p| p.window = window(2_000, 3_000))];
    assert_eq!(listed(&[("mug", &mug)], all, 1_999), none, "no price yet");
    assert_eq!(listed(&[("mug", &mug)], all, 2_000), there, "a price from now on");
    assert_eq!(listed(&[("mug", &mug)], all, 3_000), none, "no price any more");
    mug.prices.clear();
    assert_eq!(listed(&[("mug", &mug)], all, 2_000), none, "no price at all");
}

/// "A category's listing holds every product with that id anywhere in a path."
#[test]
fn a_category_lists_what_is_below_it() {
    let mut mug = mug();
    mug.product.categories =
        vec![category(&["home", "kitchen", "mugs"]), category(&["gifts", "kitchen"])];
    mug.product.brand = Some(brand("acme"));
    let products = [("mug", &mug)];
    for id in ["home", "kitchen", "mugs", "gifts"] {
        let found = listed(&products, &ListingKey::Category(id.into()), 0);
        assert_eq!(found, ["mug"], "once in {id}");
    }
    assert_eq!(listed(&products, &ListingKey::Brand("acme".into()), 0), ["mug"]);
    for other in [ListingKey::Category("acme".into()), ListingKey::Brand("home".into())] {
        assert!(listed(&products, &other, 0).is_empty(), "{other:?}");
    }
}

/// "each with product id (byte order) as the last tie-breaker".
#[test]
fn equal_products_are_in_the_byte_order_of_their_ids() {
    let mug = mug();
    let ids = ["b", "a", "B", "ä", "aa", "a-", "10", "9"];
    let products: Vec<(&str, &ProductFacts)> = ids.iter().map(|id| (*id, &mug)).collect();
    let expected = ["10", "9", "B", "a", "a-", "aa", "b", "ä"];
    assert_eq!(listed(&products, &ListingKey::All, 0), expected);
}

/// A product that loses its price leaves every order, though it comes back to the same place.
#[test]
fn a_product_is_not_listed_between_two_prices() {
    let during = |id, from, until| price(id, 80, move |p| p.window = window(from, until));
    let prices = vec![during("first", 1_000, 2_000), during("second", 3_000, 4_000)];
    let mug = ProductFacts { prices, ..facts(&["s1"]) };
    let at = |ms| listed(&[("mug", &mug)], &ListingKey::All, ms).len();
    assert_eq!([at(999), at(1_000), at(1_999), at(2_000)], [0, 1, 1, 0]);
    assert_eq!([at(2_999), at(3_000), at(3_999), at(4_000)], [0, 1, 1, 0]);
}

/// A cached listing must hear of what comes into it and of what goes, not only of what it shows.
#[test]
fn a_listing_changes_when_a_price_comes_or_goes_and_at_a_release() {
    let during = |id, from, until| price(id, 80, move |p| p.window = window(from, until));
    let prices = vec![during("first", 1_000, 2_000), during("second", 3_000, 4_000)];
    let mut mug = ProductFacts { prices, ..facts(&["s1"]) };
    let changes = |facts: &ProductFacts, ms| {
        let none = Filters::default();
        let query = Query { at: Instant(ms), ..query(&none, &ListingKey::All) };
        index(&[("mug", facts)], Vec::new()).query(&query).next_change_at.map(Instant::millis)
    };
    let seen = [999, 1_000, 2_000, 3_000, 4_000].map(|ms| changes(&mug, ms));
    assert_eq!(seen, [Some(1_000), Some(2_000), Some(3_000), Some(4_000), None]);
    mug.product.released_at = Instant(1_500);
    assert_eq!(changes(&mug, 999), Some(1_500), "nothing shows before the release");
    assert_eq!(changes(&mug, 1_500), Some(2_000));
}

/// A place lasts while the key does: a price that changes moves the product.
#[test]
fn a_sale_moves_a_product_in_the_order_by_price() {
    let steady = ProductFacts { prices: vec![plain(90)], ..facts(&["s1"]) };
    let mut sale = mug();
    sale.prices.push(price("sale", 80, |p| p.window = window(2_000, 3_000)));
    let products = [("sale", &sale), ("steady", &steady)];
    let at = |ms| listed(&products, &ListingKey::All, ms);
    assert_eq!([at(1_999), at(3_000)], [["steady", "sale"], ["steady", "sale"]]);
    assert_eq!([at(2_000), at(2_999)], [["sale", "steady"], ["sale", "steady"]]);
}

#[test]
fn filters_look_at_final_stock_sale_rating_and_brand() {
    let mut mug = mug();
    mug.product.brand = Some(brand("acme"));
    mug.stock = vec![stock("s1", 1), stock("foreign", 7)];
    mug.reviews = ReviewCounts([0, 0, 0, 133, 67]);
    let passes = |filters: &Filters| {
        passes(&mug, vec![discount("d", DiscountKind::Amount(10), |_| ())], filters)
    };
    let none = Filters::default;
    let min = |n| Filters { min_price: Some(n), ..none() };
    let max = |n| Filters { max_price: Some(n), ..none() };
    let rating = |n| Filters { min_rating_hundredths: Some(n), ..none() };
    let of = |brands: &[&str]| Filters {
        brands: brands.iter().map(|b| (*b).to_owned()).collect(),
        ..none()
    };
    assert!(passes(&min(90)) && !passes(&min(91)), "on final, inclusive");
    assert!(passes(&max(90)) && !passes(&max(89)), "on final, inclusive");
    assert!(passes(&rating(434)) && !passes(&rating(435)), "the average as rounded");
    assert!(passes(&of(&["other", "acme"])) && !passes(&of(&["other"])), "any of the brands");
    assert!(passes(&Filters { in_stock: true, on_sale: true, ..none() }));
    assert!(!passes(&Filters { in_stock: true, ..max(89) }), "all filters at once");
}

/// "on_sale=true (final < regular)": by a discount, or by a price below the undated one.
#[test]
fn a_sale_is_what_costs_less_than_the_regular_price() {
    let filters = Filters { on_sale: true, ..Filters::default() };
    let on_sale = |facts: &ProductFacts| passes(facts, Vec::new(), &filters);
    let sale = |amount| price("sale", amount, |p| p.window = window(0, None));
    assert!(!on_sale(&mug()));
    let discounts = vec![discount("d", DiscountKind::Amount(10), |_| ())];
    assert!(passes(&mug(), discounts, &filters));
    assert!(on_sale(&ProductFacts { prices: vec![plain(100), sale(80)], ..mug() }));
    assert!(!on_sale(&ProductFacts { prices: vec![plain(100), sale(120)], ..mug() }));
    assert!(!on_sale(&ProductFacts { prices: vec![sale(80)], ..mug() }));
}

#[test]
fn what_is_not_in_stock_or_not_on_sale_is_filtered_out() {
    let passes = |facts: &ProductFacts, filters: Filters| passes(facts, Vec::new(), &filters);
    let in_stock = || Filters { in_stock: true, ..Filters::default() };
    let unknown = mug();
    let empty = ProductFacts { stock: vec![stock("s1", 0)], ..mug() };
    let foreign = ProductFacts { stock: vec![stock("s1", 0), stock("foreign", 9)], ..mug() };
    let low = ProductFacts { stock: vec![stock("s1", 0), stock("s1", 1)], ..mug() };
    assert!(!passes(&unknown, in_stock()) && !passes(&empty, in_stock()));
    assert!(!passes(&foreign, in_stock()) && passes(&low, in_stock()));
    assert!(!passes(&unknown, Filters { on_sale: true, ..Filters::default() }));
    assert!(!passes(&unknown, Filters { min_rating_hundredths: Some(100), ..Filters::default() }));
}
