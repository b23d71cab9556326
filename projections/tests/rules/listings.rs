//! Which products a listing holds, and in which order.

use vitrine_projections::facts::{ProductFacts, ReviewCounts};
use vitrine_projections::instant::Instant;
use vitrine_projections::listing::{Filters, Sort, SortFacts};
use vitrine_projections::view::ListingKey;

use crate::support::fixture::{
    brand, category, discount, facts, plain, price, stock, view, window, with_discounts,
};
use crate::support::table::{Asking, Table};

const PLAIN: SortFacts = SortFacts {
    released_at: Instant(1_000),
    final_amount: 100,
    discount_bp: 1_000,
    reviews: ReviewCounts([0, 0, 1, 0, 0]),
};

/// In each order the first comes before the second.
#[test]
fn each_sort_puts_its_best_first() {
    let cases = [
        (Sort::Newest, SortFacts { released_at: Instant(1_001), ..PLAIN }),
        (Sort::PriceAsc, SortFacts { final_amount: 99, ..PLAIN }),
        (Sort::PriceDesc, SortFacts { final_amount: 101, ..PLAIN }),
        (Sort::Discount, SortFacts { discount_bp: 1_001, ..PLAIN }),
        (Sort::Rating, SortFacts { reviews: ReviewCounts([0, 0, 0, 1, 0]), ..PLAIN }),
        (Sort::Reviews, SortFacts { reviews: ReviewCounts([2, 0, 0, 0, 0]), ..PLAIN }),
    ];
    for (sort, better) in cases {
        assert!(better.key(sort) < PLAIN.key(sort), "{sort}");
        // What a sort does not look at changes nothing.
        for other in Sort::ALL.into_iter().filter(|other| *other != sort) {
            let both = [Sort::PriceAsc, Sort::PriceDesc, Sort::Rating, Sort::Reviews];
            if !(both.contains(&sort) && both.contains(&other)) {
                assert_eq!(better.key(other), PLAIN.key(other), "{sort} for {other}");
            }
        }
    }
}

/// "rating with review count before it", the average as it is rounded, none as 0.
#[test]
fn of_equal_ratings_the_more_reviewed_comes_first() {
    let key = |counts| SortFacts { reviews: ReviewCounts(counts), ..PLAIN }.key(Sort::Rating);
    assert!(key([0, 0, 0, 2, 0]) < key([0, 0, 0, 1, 0]), "as good, more reviews");
    assert!(key([0, 0, 0, 0, 1]) < key([0, 0, 0, 9_999, 1]), "better, fewer reviews");
    assert!(key([1, 0, 0, 0, 0]) < key([0; 5]), "the worst before none");
    // 4.335 and 4.3366 are 4.34 both: the count decides.
    assert!(key([0, 0, 0, 133, 67]) < key([0, 0, 0, 65, 33]));
    assert!(key([0, 0, 0, 65, 33]) < key([0, 0, 0, 66, 33]), "4.34 before 4.33");
}

/// Keys stay in order at the ends of what can be.
#[test]
fn keys_hold_the_largest_numbers() {
    let key = |sort, facts: SortFacts| facts.key(sort);
    let far = |ms| SortFacts { released_at: Instant(ms), ..PLAIN };
    assert!(
        key(Sort::Newest, far(253_402_300_799_999)) < key(Sort::Newest, far(-62_135_596_800_000))
    );
    let dear = SortFacts { final_amount: 1_000_000_000_000, ..PLAIN };
    assert!(key(Sort::PriceDesc, dear) < key(Sort::PriceDesc, PLAIN));
    let many = SortFacts { reviews: ReviewCounts([0, 0, 0, 0, 1 << 39]), ..PLAIN };
    let most = SortFacts { reviews: ReviewCounts([0, 0, 0, 0, 1 << 45]), ..PLAIN };
    assert!(key(Sort::Rating, many) < key(Sort::Rating, PLAIN));
    assert!(key(Sort::Rating, most) <= key(Sort::Rating, many));
}

#[test]
fn sorts_have_names_and_numbers_of_their_own() {
    let names = ["newest", "price_asc", "price_desc", "discount", "rating", "reviews"];
    assert_eq!(Sort::ALL.map(Sort::name), names);
    assert_eq!(Sort::ALL.map(Sort::number), [0, 1, 2, 3, 4, 5], "stored");
    for sort in Sort::ALL {
        assert_eq!(Sort::parse(sort.name()), Some(sort));
    }
    assert_eq!(Sort::parse("Newest"), None);
}

/// The products of a listing at an instant, in the order of their ids' prices.
fn listed(products: &[(&str, &ProductFacts)], listing: &ListingKey, ms: i64) -> Vec<String> {
    narrowed(products, listing, ms, &Filters::default())
}

fn narrowed(
    products: &[(&str, &ProductFacts)],
    listing: &ListingKey,
    ms: i64,
    filters: &Filters,
) -> Vec<String> {
    let named = |(id, facts): &(&str, &ProductFacts)| ((*id).to_owned(), view(facts));
    let table = Table::of(&products.iter().map(named).collect());
    let asking = Asking { listing, market: "default", group: None, at: Instant(ms) };
    table.listing(asking, Sort::PriceAsc, filters)
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
        let view = view(facts);
        let table = Table::of(&[("mug".to_owned(), view)].into());
        let listing = &ListingKey::All;
        let asking = Asking { listing, market: "default", group: None, at: Instant(ms) };
        table.changes_at(asking).map(Instant::millis)
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
    let amount = vitrine_projections::discount::DiscountKind::Amount(10);
    let mug = with_discounts(mug, [discount("d", amount, |_| ())]);
    let passes =
        |filters: &Filters| !narrowed(&[("mug", &mug)], &ListingKey::All, 0, filters).is_empty();
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
    let on_sale = |facts: &ProductFacts| {
        let filters = Filters { on_sale: true, ..Filters::default() };
        !narrowed(&[("mug", facts)], &ListingKey::All, 1_000, &filters).is_empty()
    };
    let sale = |amount| price("sale", amount, |p| p.window = window(0, None));
    let amount = vitrine_projections::discount::DiscountKind::Amount(10);
    assert!(!on_sale(&mug()));
    assert!(on_sale(&with_discounts(mug(), [discount("d", amount, |_| ())])));
    assert!(on_sale(&ProductFacts { prices: vec![plain(100), sale(80)], ..mug() }));
    assert!(!on_sale(&ProductFacts { prices: vec![plain(100), sale(120)], ..mug() }));
    assert!(!on_sale(&ProductFacts { prices: vec![sale(80)], ..mug() }));
}

#[test]
fn what_is_not_in_stock_or_not_on_sale_is_filtered_out() {
    let passes = |facts: &ProductFacts, filters: Filters| {
        !narrowed(&[("mug", facts)], &ListingKey::All, 0, &filters).is_empty()
    };
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
