//! The listing index at its edges: large amounts, many variants, prices and values, and numbers
//! that are used again.

use std::collections::{BTreeMap, BTreeSet};

use vitrine_projections::discount::{DiscountKind, Scope};
use vitrine_projections::facts::ProductFacts;
use vitrine_projections::index::Index;
use vitrine_projections::index::discounts::ScopedDiscount;
use vitrine_projections::index::part::IndexPart;
use vitrine_projections::index::query::facets::Facets;
use vitrine_projections::index::query::filters::Filters;
use vitrine_projections::index::query::{Answer, Query};
use vitrine_projections::index::writer::Writer;
use vitrine_projections::instant::Instant;
use vitrine_projections::listing::{ListingKey, Sort};
use vitrine_projections::product::{Attribute, Brand};

use crate::support::fixture::{
    NOW, NewDiscount, brand, category, discount, facts, market, plain, price, stock, text, window,
};

pub fn part(id: &str, special: impl FnOnce(&mut ProductFacts)) -> IndexPart {
    let mut facts = ProductFacts { product_id: id.to_owned(), ..facts(&[id]) };
    facts.prices.push(plain(100));
    special(&mut facts);
    IndexPart::of(facts)
}

pub fn scoped(NewDiscount { id, terms, scope }: NewDiscount) -> ScopedDiscount {
    let discount = vitrine_projections::discount::Discount { scope, terms };
    ScopedDiscount { discount_id: id, time: Instant(0), discount }
}

fn index_of(parts: &[IndexPart]) -> Index {
    let mut writer = Writer::new(vec![market()]);
    for part in parts {
        writer.put(part);
    }
    writer.publish(NOW)
}

pub fn query<'a>(filters: &'a Filters, listing: &'a ListingKey) -> Query<'a> {
    Query {
        listing,
        market: 0,
        group: None,
        locale: None,
        at: NOW,
        sort: Sort::PriceAsc,
        filters,
        after: None,
        limit: 100,
        facets: true,
    }
}

fn everything(index: &Index, filters: &Filters) -> Answer {
    index.query(&query(filters, &ListingKey::All))
}

fn facets(index: &Index, filters: &Filters) -> Facets {
    everything(index, filters).facets.unwrap()
}

fn by(name: &str, values: &[&str]) -> Filters {
    let values: BTreeSet<String> = values.iter().map(|value| (*value).to_owned()).collect();
    Filters { attributes: BTreeMap::from([(name.to_owned(), values)]), ..Filters::default() }
}

fn ids<'a>(index: &'a Index, answer: &Answer) -> Vec<&'a str> {
    answer.items.iter().map(|item| index.id(item.product)).collect()
}

#[test]
fn the_largest_amounts_are_ordered_and_counted() {
    const MOST: i64 = 1_000_000_000_000;
    let priced = |id: &str, amount| part(id, |facts| facts.prices = vec![plain(amount)]);
    let mut writer = Writer::new(vec![market()]);
    writer.put(&priced("b", MOST));
    writer.put(&priced("a", MOST - 1));
    writer.put_discount(scoped(discount("half", DiscountKind::Percentage(5_000), |_| ())));
    let index = writer.publish(NOW);
    let answer = everything(&index, &Filters::default());
    assert_eq!(ids(&index, &answer), ["a", "b"]);
    let price = answer.facets.unwrap().price.unwrap();
    assert_eq!((price.min, price.max), (MOST / 2 - 1, MOST / 2));
    let above = Filters { min_price: Some(MOST / 2), ..Filters::default() };
    assert_eq!(ids(&index, &everything(&index, &above)), ["b"]);
}

/// More values of one name than are counted in an array, some of them of several products.
#[test]
fn a_name_whose_values_are_all_different_is_counted() {
    const PRODUCTS: usize = 6_000;
    let with_gtin = |n: usize| {
        part(&format!("p{n}"), |facts| {
            let gtin = if n < 5_990 { format!("{n:013}") } else { "same".to_owned() };
            let attributes = [("gtin", gtin), ("colour", format!("c{}", n % 3))];
            facts
                .product
                .attributes
                .extend(attributes.map(|(name, value)| (name.to_owned(), Attribute::Text(value))));
        })
    };
    let parts: Vec<IndexPart> = (0..PRODUCTS).map(with_gtin).collect();
    let mut writer = Writer::new(vec![market()]);
    for part in &parts {
        writer.put(part);
    }
    let index = writer.publish(NOW);
    let check = |index: &Index, first: usize, colours: u64| {
        let facets = facets(index, &Filters::default());
        let [colour, gtin] = &facets.attributes[..] else { panic!("{facets:?}") };
        assert_eq!((colour.name.as_str(), gtin.name.as_str()), ("colour", "gtin"));
        assert_eq!(colour.values.iter().map(|v| v.count).sum::<u64>(), colours);
        let values: Vec<(&str, u64)> =
            gtin.values.iter().map(|v| (v.value.as_str(), v.count)).collect();
        assert_eq!((values.len(), values[0]), (100, ("same", 10)));
        for (nth, (value, count)) in values.iter().enumerate().skip(1) {
            assert_eq!((*value, *count), (format!("{:013}", first + nth - 1).as_str(), 1));
        }
    };
    check(&index, 0, 6_000);
    // One that got its number late is found, and listed though it is not among the first.
    let late = by("gtin", &["0000000005555", "unknown"]);
    let answer = everything(&index, &late);
    assert_eq!(ids(&index, &answer), ["p5555"]);
    let gtin = answer.facets.unwrap().attributes.remove(0);
    assert_eq!((gtin.name.as_str(), gtin.values.len()), ("gtin", 102));
    assert_eq!((gtin.values[100].value.as_str(), gtin.values[100].count), ("0000000005555", 1));
    assert_eq!((gtin.values[101].value.as_str(), gtin.values[101].count), ("unknown", 0));
    // Numbers of values that are gone are given to others; an earlier version stays what it was.
    for n in 0..3_000 {
        writer.remove(&format!("p{n}"));
    }
    let later = writer.publish(NOW);
    check(&later, 3_000, 3_000);
    for n in (0..3_000).rev() {
        writer.put(&parts[n]);
    }
    let again = writer.publish(NOW);
    check(&again, 0, 6_000);
    check(&later, 3_000, 3_000);
    check(&index, 0, 6_000);
    assert_eq!(ids(&again, &everything(&again, &late)), ["p5555"]);
}

#[test]
fn two_hundred_variants_are_selected_one_by_one() {
    let skus: Vec<String> = (0..200).map(|n| format!("s{n:03}")).collect();
    let many = part("many", |facts| {
        let variants = skus.iter().enumerate().map(|(n, sku)| {
            let options = BTreeMap::from([("size".to_owned(), n.to_string())]);
            vitrine_projections::product::Variant { sku: sku.clone(), options }
        });
        facts.product.variants = variants.collect();
        facts.prices = (0..200)
            .map(|n| price(&format!("p{n}"), 1_000 - n, |p| p.sku = Some(skus[n as usize].clone())))
            .collect();
        facts.stock.push(stock(&skus[0], 3));
    });
    let index = index_of(&[many, part("one", |_| ())]);
    let chosen = |filters: &Filters| {
        let answer = everything(&index, filters);
        answer.items.iter().map(|i| (index.id(i.product), i.variant, i.key)).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&Filters::default()), [("one", 0, 100), ("many", 199, 801)]);
    assert_eq!(chosen(&by("size", &["7", "9"])), [("many", 9, 991)]);
    let in_stock = Filters { in_stock: true, ..Filters::default() };
    assert_eq!(chosen(&in_stock), [("many", 0, 1_000)]);
    assert_eq!(chosen(&Filters { in_stock: true, ..by("size", &["7"]) }), []);
    let size = facets(&index, &Filters::default()).attributes.remove(0);
    assert!(size.values.len() == 100 && size.values.iter().all(|value| value.count == 1));
}

#[test]
fn ten_thousand_prices_come_and_go() {
    let windows = part("many", |facts| {
        facts.prices = (0..10_000)
            .map(|n| price(&format!("p{n}"), n, |p| p.window = window(n * 10, n * 10 + 5)))
            .collect();
    });
    let index = index_of(&[windows]);
    let at = |at: i64| {
        let none = Filters::default();
        let query = Query { at: Instant(at), ..query(&none, &ListingKey::All) };
        let answer = index.query(&query);
        (answer.items.first().map(|item| item.key), answer.next_change_at.map(|at| at.millis()))
    };
    assert_eq!(at(1_000), (Some(100), Some(1_005)));
    assert_eq!(at(1_005), (None, Some(1_010)));
    assert_eq!(at(99_990), (Some(9_999), Some(99_995)));
    assert_eq!(at(99_995), (None, None));
}

/// A group's discount on everything, and prices for the group that come and go.
#[test]
fn a_group_may_differ_in_everything() {
    let mut writer = Writer::new(vec![market()]);
    let for_vip = price("vip", 70, |p| p.group = Some("vip".to_owned()));
    let special = part("a", |facts| facts.prices.push(for_vip.clone()));
    let keys = |index: &Index, group: Option<&str>| {
        let none = Filters::default();
        let answer = index.query(&Query { group, ..query(&none, &ListingKey::All) });
        answer.items.iter().map(|i| (index.id(i.product).to_owned(), i.key)).collect::<Vec<_>>()
    };
    let expected = |a: i64, b: i64| [("a".to_owned(), a), ("b".to_owned(), b)];
    let check = |index: &Index, (a, b): (i64, i64)| {
        assert_eq!(keys(index, Some("vip")), expected(a, b));
        assert_eq!(keys(index, Some("nobody")), expected(100, 100));
        assert_eq!(keys(index, None), expected(100, 100));
    };
    writer.put(&special);
    writer.put(&part("b", |_| ()));
    let priced = writer.publish(NOW);
    writer.put_discount(scoped(discount("vip", DiscountKind::Percentage(1_000), |discount| {
        discount.terms.group = Some("vip".to_owned());
    })));
    let reduced = writer.publish(NOW);
    writer.put(&part("a", |_| ()));
    let as_all = writer.publish(NOW);
    writer.remove("b");
    writer.put(&special);
    writer.put(&part("b", |facts| facts.prices.push(for_vip.clone())));
    let again = writer.publish(NOW);
    writer.remove_discount("vip");
    let undone = writer.publish(NOW);
    for (index, amounts) in [
        (priced, (70, 100)),
        (reduced, (63, 90)),
        (as_all, (90, 90)),
        (again, (63, 63)),
        (undone, (70, 70)),
    ] {
        check(&index, amounts);
    }
}

/// The number of a product that is gone may be another one's in a later version: each version keeps
/// its own.
#[test]
fn numbers_are_used_again_in_later_versions_only() {
    let of = |id: &str, of_brand: &str, path: &[&str]| {
        part(id, |facts| {
            facts.product.brand = Some(brand(of_brand));
            facts.product.categories = vec![category(path)];
        })
    };
    let mut writer = Writer::new(vec![market()]);
    // Numbers are a category's, as long as there is one.
    writer.put(&part("other", |facts| facts.product.categories = vec![category(&["c2"])]));
    writer.put(&of("old", "b1", &["c1", "c2"]));
    let before = writer.publish(NOW);
    writer.remove("old");
    writer.put(&of("new", "b2", &["c3", "c2"]));
    let after = writer.publish(NOW);
    assert_eq!(before.number_of("old"), after.number_of("new"));
    let listed = |index: &Index, listing: ListingKey| {
        let none = Filters::default();
        let answer = index.query(&query(&none, &listing));
        ids(index, &answer).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let category = |id: &str| ListingKey::Category(id.to_owned());
    let named = |index: &Index, listing: &ListingKey| {
        index.name(listing, 0, None, NOW).name.map(str::to_owned)
    };
    for (index, there, gone, of_brand) in [(&before, "c1", "c3", "b1"), (&after, "c3", "c1", "b2")]
    {
        assert_eq!(listed(index, category(there)).len(), 1, "{there}");
        assert_eq!(listed(index, category(gone)), Vec::<String>::new(), "{gone}");
        assert_eq!(named(index, &ListingKey::Brand(of_brand.to_owned())), Some(of_brand.into()));
        let brands = facets(index, &Filters::default()).brands;
        assert_eq!(brands.iter().map(|b| b.id.as_str()).collect::<Vec<_>>(), [of_brand]);
    }
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!((before.number_of("new"), after.number_of("old")), (None, None));
}

/// One version after another of the same products: each change shows, and only one of them changes
/// each time.
struct Versions {
    writer: Writer,
}

impl Versions {
    fn new() -> Versions {
        Versions { writer: Writer::new(vec![market()]) }
    }

    fn put(&mut self, part: &IndexPart) -> Index {
        self.writer.put(part);
        self.writer.publish(NOW)
    }
}

fn keys(index: &Index) -> Vec<(&str, i64)> {
    let answer = everything(index, &Filters::default());
    answer.items.iter().map(|item| (index.id(item.product), item.key)).collect()
}

#[test]
fn a_product_that_moves_gets_the_discounts_of_its_new_place() {
    let mut versions = Versions::new();
    let of =
        |id: &str, of_brand: &str| part(id, |facts| facts.product.brand = Some(brand(of_brand)));
    versions.put(&of("a", "b1"));
    versions.put(&of("b", "b2"));
    versions.writer.put_discount(scoped(discount("half", DiscountKind::Percentage(5_000), |d| {
        d.scope = Scope { brands: vec!["b1".to_owned()], ..Scope::default() };
    })));
    assert_eq!(keys(&versions.writer.publish(NOW)), [("a", 50), ("b", 100)]);
    assert_eq!(keys(&versions.put(&of("b", "b1"))), [("a", 50), ("b", 50)]);
    assert_eq!(keys(&versions.put(&of("a", "b2"))), [("b", 50), ("a", 100)]);
}

#[test]
fn products_that_come_after_a_discount_that_only_changed_are_reached() {
    let mut versions = Versions::new();
    let of =
        |id: &str, path: &[&str]| part(id, |facts| facts.product.categories = vec![category(path)]);
    let off = |bp| {
        let scope = Scope {
            categories: vec!["c".to_owned()],
            products: vec!["named".to_owned()],
            ..Scope::default()
        };
        scoped(discount("off", DiscountKind::Percentage(bp), |d| d.scope = scope))
    };
    versions.writer.put_discount(off(5_000));
    assert_eq!(keys(&versions.put(&of("a", &["c"]))), [("a", 50)]);
    versions.writer.put_discount(off(2_000));
    versions.writer.put(&of("b", &["c", "new"]));
    assert_eq!(
        keys(&versions.put(&of("named", &["elsewhere"]))),
        [("a", 80), ("b", 80), ("named", 80)]
    );
    versions.writer.put_discount(off(3_000));
    assert_eq!(keys(&versions.writer.publish(NOW)), [("a", 70), ("b", 70), ("named", 70)]);
}

#[test]
fn a_product_gains_and_loses_variants() {
    let mut versions = Versions::new();
    let with = |skus: &[&str]| {
        part("a", |facts| {
            facts.product.variants = skus
                .iter()
                .map(|sku| vitrine_projections::product::Variant {
                    sku: (*sku).to_owned(),
                    options: BTreeMap::from([("size".to_owned(), (*sku).to_owned())]),
                })
                .collect();
        })
    };
    for skus in [&["s"][..], &["s", "m", "l"], &["m", "l"], &["l", "xl"]] {
        let index = versions.put(&with(skus));
        for sku in ["s", "m", "l", "xl"] {
            let there = usize::from(skus.contains(&sku));
            assert_eq!(everything(&index, &by("size", &[sku])).items.len(), there, "{sku}");
        }
    }
}

#[test]
fn a_discount_that_names_products_is_taken_back() {
    let mut versions = Versions::new();
    versions.put(&part("a", |_| ()));
    versions.put(&part("b", |_| ()));
    let naming = |products: &[&str], skus: &[&str]| {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        scoped(discount("half", DiscountKind::Percentage(5_000), |discount| {
            let (products, skus) = (owned(products), owned(skus));
            discount.scope = Scope { products, skus, ..Scope::default() };
        }))
    };
    for (products, skus, expected) in [
        (&["a"][..], &[][..], [("a", 50), ("b", 100)]),
        (&[], &["b"], [("b", 50), ("a", 100)]),
        (&["a"], &["b"], [("a", 50), ("b", 50)]),
        (&["nobody"], &[], [("a", 100), ("b", 100)]),
    ] {
        versions.writer.put_discount(naming(products, skus));
        assert_eq!(keys(&versions.writer.publish(NOW)), expected);
    }
    versions.writer.put_discount(naming(&["a"], &[]));
    versions.writer.publish(NOW);
    versions.writer.remove_discount("half");
    assert_eq!(keys(&versions.writer.publish(NOW)), [("a", 100), ("b", 100)]);
}

/// The product with the newest event names a brand, whatever else it says.
#[test]
fn a_newer_event_names_a_brand() {
    let mut versions = Versions::new();
    let of = |id: &str, called: &str, time: i64| {
        part(id, |facts| {
            facts.time = Instant(time);
            facts.product.brand = Some(Brand { id: "b".to_owned(), name: text(called) });
        })
    };
    let named = |index: &Index| {
        let listing = ListingKey::Brand("b".to_owned());
        index.name(&listing, 0, None, NOW).name.map(str::to_owned).unwrap()
    };
    assert_eq!(named(&versions.put(&of("a", "A", 10))), "A");
    assert_eq!(named(&versions.put(&of("b", "B", 20))), "B");
    assert_eq!(named(&versions.put(&of("a", "A", 30))), "A");
    // An event may have an earlier time than the one before it.
    assert_eq!(named(&versions.put(&of("a", "A", 15))), "B");
    versions.writer.remove("b");
    assert_eq!(named(&versions.writer.publish(NOW)), "A");
}

#[test]
fn it_says_how_many_products_step_at_once() {
    let steps = |id: &str, until| {
        part(id, |facts| {
            facts.prices = vec![price(id, 100, |price| price.window = window(None, until))];
        })
    };
    let begins = |at: i64| {
        discount("sale", DiscountKind::Percentage(1_000), |sale| {
            sale.terms.window = window(NOW.millis() + at, None);
            sale.scope = Scope { brands: vec!["acme".to_owned()], ..Scope::default() };
        })
    };
    let of_acme = |id: &str| part(id, |facts| facts.product.brand = Some(brand("acme")));
    let mut writer = Writer::new(vec![market()]);
    let next = NOW.millis() + 5;
    for part in [steps("a", next), steps("b", next), steps("c", next + 1), of_acme("d")] {
        writer.put(&part);
    }
    assert_eq!(writer.publish(NOW).moving_at_once(), 2);
    writer.put(&of_acme("e"));
    writer.put(&of_acme("f"));
    writer.put_discount(scoped(begins(5)));
    assert_eq!(writer.publish(NOW).moving_at_once(), 3);
    writer.put_discount(scoped(begins(6)));
    assert_eq!(writer.publish(NOW).moving_at_once(), 2);
    assert_eq!(writer.publish(Instant(next)).moving_at_once(), 3);
    assert_eq!(writer.publish(Instant(next + 1)).moving_at_once(), 0);
}
