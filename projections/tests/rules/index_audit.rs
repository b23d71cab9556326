//! The audit's state of a product: each fact that an answer shows makes a difference, whatever
//! numbers the version has given.

use vitrine_projections::discount::DiscountKind;
use vitrine_projections::facts::ReviewCounts;
use vitrine_projections::index::Index;
use vitrine_projections::index::part::IndexPart;
use vitrine_projections::index::writer::Writer;
use vitrine_projections::product::Attribute;

use crate::index::{part, scoped};
use crate::support::fixture::{
    NOW, NewDiscount, brand, category, discount, market, price, stock, text,
};

fn sale(of: i64) -> NewDiscount {
    discount("sale", DiscountKind::Percentage(of), |_| ())
}

fn index_of(parts: &[IndexPart], sales: Vec<NewDiscount>) -> Index {
    let mut writer = Writer::new(vec![market()]);
    sales.into_iter().for_each(|sale| writer.put_discount(scoped(sale)));
    parts.iter().for_each(|part| writer.put(part));
    writer.publish(NOW)
}

fn mug() -> IndexPart {
    part("mug", |facts| {
        facts.product.categories = vec![category(&["home", "kitchen"])];
        facts.product.brand = Some(brand("acme"));
        facts.product.attributes.insert("colour".to_owned(), Attribute::Text("red".to_owned()));
        facts.stock = vec![stock("mug", 3)];
        facts.prices.push(price("members", 90, |price| price.group = Some("members".to_owned())));
    })
}

fn differences(ours: &Index, other: &Index) -> Vec<&'static str> {
    let state = |index: &Index| index.product_state("mug").unwrap();
    state(ours).differences(&state(other))
}

#[test]
fn numbers_make_no_difference() {
    let (mug, cup, pot) = (mug(), part("cup", |_| ()), part("pot", |_| ()));
    let alone = index_of(std::slice::from_ref(&mug), vec![sale(1_000)]);
    let mut other = pot.clone();
    other.categories = vec![category(&["garden"])];
    other.attributes = vec![("colour".to_owned(), "blue".to_owned())];
    let last = index_of(&[cup, other, mug], vec![sale(1_000)]);
    assert_ne!(alone.number_of("mug"), last.number_of("mug"));
    assert_eq!(differences(&alone, &last), Vec::<&str>::new());
    assert_eq!(alone.product_state("cup"), None);
}

#[test]
fn every_fact_makes_a_difference() {
    type Change = fn(&mut IndexPart);
    let changes: [(&str, Change); 11] = [
        ("row", |part| part.version += 1),
        ("row", |part| part.active = false),
        ("row", |part| part.reviews = ReviewCounts([0, 0, 0, 0, 1])),
        ("card", |part| part.name = text("Cup")),
        ("card", |part| part.slug = "mug-2".to_owned()),
        ("listings", |part| part.categories = vec![category(&["home", "garden"])]),
        ("listings", |part| part.brand = Some(brand("other"))),
        ("values", |part| part.attributes[0].1 = "blue".to_owned()),
        ("stock", |part| part.stock = vec![stock("mug", 0)]),
        ("prices", |part| part.prices[0].price.amount = 101),
        ("groups", |part| part.prices.truncate(1)),
    ];
    let mug = mug();
    let before = index_of(std::slice::from_ref(&mug), vec![]);
    for (named, change) in changes {
        let mut changed = mug.clone();
        change(&mut changed);
        let found = differences(&before, &index_of(&[changed], vec![]));
        assert!(found.contains(&named), "{named}: {found:?}");
    }
}

#[test]
fn discounts_make_a_difference() {
    let mug = [mug()];
    let before = index_of(&mug, vec![sale(1_000)]);
    assert_eq!(differences(&before, &index_of(&mug, vec![])), ["discounts", "amounts"]);
    assert_eq!(differences(&before, &index_of(&mug, vec![sale(2_000)])), ["amounts"]);
}
