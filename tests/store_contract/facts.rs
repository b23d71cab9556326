//! Facts of the five kinds: what is known of them, and what comes back.

use std::collections::BTreeMap;

use projections::discount::{DiscountKind, Scope, Terms};
use projections::facts::ProductFacts;
use projections::fold::Head;
use projections::instant::{Instant, Window};
use projections::price::Price;
use projections::product::{Attribute, Image, Product, Variant};
use projections::review::Review;
use projections::text::Text;
use vitrine::store::facts::{FactKeys, FactWrites, KnownFacts, Stamp};
use vitrine::store::query::ReviewSort;

use super::support::{
    AWKWARD_IDS, brand, category, commit, discount_write, dropped, keys_of, price, price_write,
    product, product_write, review, review_write, save, sorted, stamp, stock_write, strings,
};
use super::{Fixture, Store};

pub async fn known(store: &Store, keys: &FactKeys) -> KnownFacts {
    dropped(store, async |tx| tx.known(keys).await.unwrap()).await
}

pub async fn facts_of(store: &Store, id: &str) -> Option<ProductFacts> {
    let mut snapshot = store.snapshot().await.unwrap();
    let facts = snapshot.product_facts(&strings([id])).await.unwrap();
    assert!(facts.len() <= 1);
    facts.into_iter().next()
}

async fn first_review(store: &Store, product_id: &str) -> Option<Review> {
    let mut snapshot = store.snapshot().await.unwrap();
    let slice = snapshot.reviews(product_id, ReviewSort::Newest, None, 1).await.unwrap();
    slice.into_iter().next().map(|fact| fact.review)
}

fn one_of_each() -> FactWrites {
    let scope = Scope { products: strings(["mug"]), ..Scope::default() };
    FactWrites {
        products: vec![product_write("mug", 3, Some(product(&["s1", "s2"])))],
        prices: vec![price_write("mug-usd", 4, "mug", 999)],
        stock: vec![stock_write(("s1", "berlin"), 5, "mug", 7)],
        discounts: vec![discount_write("sale", 6, 2, scope)],
        reviews: vec![review_write("r1", 7, review("mug", 4))],
    }
}

pub async fn facts_of_all_kinds_come_back(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let writes = one_of_each();
    let nothing = known(&store, &keys_of(&writes)).await;
    assert!(nothing.products.is_empty() && nothing.prices.is_empty() && nothing.stock.is_empty());
    assert!(nothing.discounts.is_empty() && nothing.reviews.is_empty());
    save(&store, &writes).await;
    for store in [&store, &fixture.open().await] {
        let found = known(store, &keys_of(&writes)).await;
        let product_known = &found.products["mug"];
        assert_eq!((product_known.head, product_known.live), (stamp(3).head, true));
        let price = &found.prices["mug-usd"];
        assert_eq!((price.head, &*price.product_id), (stamp(4).head, "mug"));
        let stock = &found.stock[&("s1".to_owned(), "berlin".to_owned())];
        assert_eq!((stock.head, &*stock.product_id), (stamp(5).head, "mug"));
        assert_eq!(stock.available, Some(7));
        let discount = &found.discounts["sale"];
        let state = writes.discounts[0].2.clone();
        assert_eq!((discount.head, &discount.state), (stamp(6).head, &state));
        let review = &found.reviews["r1"];
        assert_eq!((review.head, &*review.product_id), (stamp(7).head, "mug"));
        assert_eq!((review.live, review.counted), (true, Some(4)));

        let facts = facts_of(store, "mug").await.unwrap();
        assert_eq!((&facts.time, &facts.product), (&stamp(3).time, &product(&["s1", "s2"])));
        assert_eq!((&*facts.prices[0].price_id, facts.prices[0].time), ("mug-usd", stamp(4).time));
        assert_eq!(Some(&facts.prices[0].price), writes.prices[0].3.as_ref());
        let stock = &facts.stock[0];
        assert_eq!((&*stock.sku, stock.time, stock.available), ("s1", stamp(5).time, 7));
        let discount = &facts.discounts[0].fact;
        assert_eq!((&*discount.discount_id, discount.time), ("sale", stamp(6).time));
        assert_eq!(Some(&discount.terms), state.as_ref().map(|(terms, _)| terms));
        assert_eq!(first_review(store, "mug").await, writes.reviews[0].3);
    }
}

pub async fn removed_facts_are_known_and_not_live(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let alive = one_of_each();
    let mut removed = one_of_each();
    removed.prices[0].1 = stamp(8);
    removed.reviews[0].1 = stamp(8);
    removed.prices[0].3 = None;
    removed.stock[0].1 = stamp(8);
    removed.stock[0].3 = None;
    removed.discounts[0].1 = stamp(8);
    removed.discounts[0].2 = None;
    removed.reviews[0].3 = None;
    let product_stays = FactWrites { products: Vec::new(), ..removed.clone() };
    // Whether or not they were alive before.
    for first in [Some(&alive), None] {
        let keys = keys_of(&alive);
        if let Some(first) = first {
            save(&store, first).await;
        }
        save(&store, &product_stays).await;
        let found = known(&store, &keys).await;
        assert_eq!(found.prices["mug-usd"].head, stamp(8).head);
        let stock = &found.stock[&keys.stock[0]];
        assert_eq!((stock.head, stock.available), (stamp(8).head, None));
        let discount = &found.discounts["sale"];
        assert_eq!((discount.head, &discount.state), (stamp(8).head, &None));
        let review = &found.reviews["r1"];
        assert_eq!((review.head, review.live, review.counted), (stamp(8).head, false, None));
        let facts = facts_of(&store, "mug").await.unwrap();
        assert_eq!((facts.prices.len(), facts.stock.len(), facts.discounts.len()), (0, 0, 0));
        assert_eq!(first_review(&store, "mug").await, None);
    }
    let gone = FactWrites { products: vec![product_write("mug", 9, None)], ..Default::default() };
    save(&store, &gone).await;
    assert!(facts_of(&store, "mug").await.is_none());
    let known_gone = &known(&store, &keys_of(&gone)).await.products["mug"];
    assert_eq!((known_gone.head, known_gone.live), (stamp(9).head, false));
    // And everything comes back with its next version.
    save(&store, &alive).await;
    let facts = facts_of(&store, "mug").await.unwrap();
    assert_eq!((facts.prices.len(), facts.stock.len(), facts.discounts.len()), (1, 1, 1));
    assert!(first_review(&store, "mug").await.is_some());
    // A tombstone keeps the version that it removes.
    let mut tombstones = one_of_each();
    tombstones.products[0].2 = None;
    tombstones.prices[0].3 = None;
    tombstones.stock[0].3 = None;
    tombstones.discounts[0].2 = None;
    tombstones.reviews[0].3 = None;
    save(&store, &tombstones).await;
    let found = known(&store, &keys_of(&alive)).await;
    let (product_known, price) = (&found.products["mug"], &found.prices["mug-usd"]);
    assert_eq!((product_known.head, product_known.live), (stamp(3).head, false));
    assert_eq!((price.head, price.live), (stamp(4).head, false));
    let stock = &found.stock[&keys_of(&alive).stock[0]];
    assert_eq!((stock.head, stock.available), (stamp(5).head, None));
    assert_eq!(found.discounts["sale"].head, stamp(6).head);
    assert!(found.discounts["sale"].state.is_none());
    assert_eq!((found.reviews["r1"].head, found.reviews["r1"].live), (stamp(7).head, false));
    assert!(facts_of(&store, "mug").await.is_none());
}

pub async fn a_newer_version_replaces_all_of_a_fact(fixture: &impl Fixture) {
    let store = fixture.open().await;
    save(&store, &one_of_each()).await;
    let mut newer = one_of_each();
    let renamed = Product { name: Text::Plain("Cup".into()), ..product(&["s2"]) };
    newer.products[0] = product_write("mug", 10, Some(renamed.clone()));
    newer.prices[0] = price_write("mug-usd", 11, "mug", 1);
    newer.stock[0] = stock_write(("s1", "berlin"), 12, "mug", 0);
    newer.discounts[0].1 = stamp(13);
    if let Some((terms, _)) = &mut newer.discounts[0].2 {
        terms.kind = DiscountKind::FixedPrice(5);
    }
    newer.reviews[0] = review_write("r1", 14, Review { published: false, ..review("mug", 2) });
    save(&store, &newer).await;
    let facts = facts_of(&store, "mug").await.unwrap();
    assert_eq!((facts.time, facts.product), (stamp(10).time, renamed));
    assert_eq!((facts.prices[0].time, facts.prices[0].price.amount), (stamp(11).time, 1));
    assert_eq!((facts.stock[0].time, facts.stock[0].available), (stamp(12).time, 0));
    let discount = &facts.discounts[0].fact;
    assert_eq!((discount.time, discount.terms.kind), (stamp(13).time, DiscountKind::FixedPrice(5)));
    let found = known(&store, &keys_of(&newer)).await;
    let counted = found.reviews["r1"].counted;
    assert_eq!((found.reviews["r1"].head, counted), (stamp(14).head, None), "a hidden review");
    assert_eq!(first_review(&store, "mug").await, None);
}

/// 64 KiB that do not compress.
fn noise() -> String {
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + ((state >> 33) % 94) as u8)
    };
    (0..64 * 1024).map(|_| next()).collect()
}

fn extreme_product() -> Product {
    let locales = [("", ""), ("de", "Tasse"), ("ko", "머그컵 😀"), ("en", "a\u{1}\n\"'\\")];
    let texts = locales.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let attributes = [
        ("text", Attribute::Text(String::new())),
        ("bool", Attribute::Bool(false)),
        ("least", Attribute::Integer(i64::MIN)),
        ("most", Attribute::Unsigned(u64::MAX)),
        ("float", Attribute::Float(-0.1e-300)),
    ];
    Product {
        name: Text::ByLocale(texts),
        description: Text::Plain(noise()),
        active: false,
        brand: Some(brand(&"b".repeat(128))),
        categories: (0..50).map(|_| category(&["root", "leaf"])).collect(),
        attributes: attributes.map(|(k, v)| (k.to_owned(), v)).into(),
        tags: vec!["x".repeat(64 * 1024)],
        images: vec![Image { url: "https://i".into(), alt: Text::ByLocale(BTreeMap::new()) }],
        released_at: Instant::MAX,
        variants: (0..200)
            .map(|i| Variant {
                sku: format!("sku-{i}"),
                options: [("size".to_owned(), i.to_string())].into(),
            })
            .collect(),
        ..product(&[])
    }
}

fn extreme_terms() -> Terms {
    Terms {
        name: Text::Plain(noise()),
        kind: DiscountKind::Amount(1_000_000_000_000),
        currency: Some("KRW".into()),
        market: Some("가".into()),
        group: Some("😀".into()),
        window: Window { from: Instant::MAX, until: Instant::MIN },
        priority: i64::MIN,
        stackable: true,
        active: false,
    }
}

pub async fn extreme_values_come_back(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let heads = [
        Head { version: (1 << 53) - 1, digest: u64::MAX },
        Head { version: 1, digest: 0 },
        Head { version: 2, digest: 1 << 63 },
        Head { version: 3, digest: (1 << 63) - 1 },
    ];
    for head in heads {
        for time in [Instant::MIN, Instant(-1), Instant::MAX] {
            let stamp = Stamp { head, time, partition: i32::MAX, offset: i64::MAX };
            let mut writes = one_of_each();
            let windowed = Price {
                sku: Some("가/%".into()),
                amount: 1_000_000_000_000,
                group: Some(String::new()),
                window: Window { from: Instant::MIN, until: Instant(i64::MAX - 1) },
                ..price("mug", 0)
            };
            writes.products[0] = ("mug".into(), stamp, Some(extreme_product()));
            (writes.prices[0].1, writes.prices[0].3) = (stamp, Some(windowed.clone()));
            (writes.stock[0].1, writes.stock[0].3) = (stamp, Some((1 << 53) - 1));
            let scope = Scope { all: true, skus: strings(AWKWARD_IDS), ..Scope::default() };
            let state = Some((extreme_terms(), scope));
            (writes.discounts[0].1, writes.discounts[0].2) = (stamp, state.clone());
            let long = Review {
                body: noise(),
                helpful: -(1 << 53) + 1,
                created_at: time,
                ..review("mug", 1)
            };
            (writes.reviews[0].1, writes.reviews[0].3) = (stamp, Some(long.clone()));
            save(&store, &writes).await;

            let found = known(&store, &keys_of(&writes)).await;
            let stock = &found.stock[&("s1".to_owned(), "berlin".to_owned())];
            assert_eq!(found.products["mug"].head, head);
            assert_eq!((found.prices["mug-usd"].head, stock.head), (head, head));
            let discount = &found.discounts["sale"];
            assert_eq!((discount.head, found.reviews["r1"].head), (head, head));
            assert_eq!(discount.state, state);
            let facts = facts_of(&store, "mug").await.unwrap();
            assert_eq!((facts.time, &facts.product), (time, &extreme_product()));
            assert_eq!((facts.prices[0].time, &facts.prices[0].price), (time, &windowed));
            assert_eq!((facts.stock[0].time, facts.stock[0].available), (time, (1 << 53) - 1));
            let discount = &facts.discounts[0].fact;
            assert_eq!((discount.time, &discount.terms), (time, &extreme_terms()));
            let mut snapshot = store.snapshot().await.unwrap();
            let (latest, _) = snapshot.latest_reviews("mug").await.unwrap();
            assert_eq!((latest.newest_time, &latest.latest[0].review), (Some(time), &long));
        }
    }
}

pub async fn ids_are_bytes(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let long = ["x".repeat(128), "X".repeat(128), format!("{}y", "x".repeat(127))];
    let ids: Vec<&str> = AWKWARD_IDS.into_iter().chain(long.iter().map(String::as_str)).collect();
    let writes = FactWrites {
        products: ids.iter().map(|id| product_write(id, 1, Some(product(&[id])))).collect(),
        prices: ids.iter().map(|id| price_write(id, 1, id, id.len() as i64)).collect(),
        stock: ids
            .iter()
            .flat_map(|sku| ids.iter().map(move |place| (*sku, *place)))
            .map(|key| stock_write(key, 1, key.0, key.1.len() as i64))
            .collect(),
        discounts: ids
            .iter()
            .map(|id| {
                discount_write(id, 1, 0, Scope { products: strings([id]), ..Scope::default() })
            })
            .collect(),
        reviews: ids.iter().map(|id| review_write(id, 1, review(id, 5))).collect(),
    };
    commit(&store, async |tx| tx.save_facts(&writes).await.unwrap()).await;
    let found = known(&store, &keys_of(&writes)).await;
    assert_eq!(sorted(found.products.keys()), sorted(&strings(&ids)));
    assert_eq!(sorted(found.discounts.keys()), sorted(&strings(&ids)));
    assert_eq!(found.stock.len(), ids.len() * ids.len());
    assert!(found.prices.iter().all(|(id, price)| *id == price.product_id));
    assert!(found.reviews.iter().all(|(id, review)| *id == review.product_id));
    let units: i64 = ids.iter().map(|id| id.len() as i64).sum();
    for id in &ids {
        let facts = facts_of(&store, id).await.unwrap();
        assert_eq!(facts.prices.iter().map(|p| &p.price_id).collect::<Vec<_>>(), [id]);
        assert_eq!(facts.stock.iter().map(|s| s.available).sum::<i64>(), units, "{id}");
        let discounts = facts.discounts.iter().map(|d| &d.fact.discount_id);
        assert_eq!(discounts.collect::<Vec<_>>(), [id]);
        assert!(first_review(&store, id).await.is_some(), "{id}");
    }
    // One of them alone, however alike the others are.
    let one = FactKeys { products: strings(["a"]), ..FactKeys::default() };
    assert_eq!(known(&store, &one).await.products.len(), 1);
    let nothing = FactKeys { products: strings(["B", "", "0"]), ..FactKeys::default() };
    assert!(known(&store, &nothing).await.products.is_empty());
}
