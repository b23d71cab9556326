//! Everything that is known of a product, gathered from the entities that belong to it.

use projections::discount::Scope;
use projections::facts::{Reach, ReachingDiscount, ReviewCounts, discount_order};
use projections::product::Product;
use vitrine::store::facts::{DiscountWrite, FactWrites};
use vitrine::store::query::ReviewSort;

use super::facts::{facts_of, known};
use super::support::{
    AWKWARD_IDS, brand, category, commit, discount_write, dropped, keys_of, moved, price_write,
    product, product_write, review, review_write, save, sorted, stock_write, strings,
};
use super::{Fixture, Store};

/// How many prices, stock levels and reviews a product has.
async fn owned(store: &Store, id: &str) -> (usize, usize, usize) {
    let facts = facts_of(store, id).await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    let reviews = snapshot.reviews(id, ReviewSort::Highest, None, 10).await.unwrap();
    (facts.prices.len(), facts.stock.len(), reviews.len())
}

pub async fn entities_move_between_products(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let entities = |version: u64, product_id: &str| FactWrites {
        prices: vec![price_write("price", version, product_id, 1)],
        stock: vec![stock_write(("s", "default"), version, product_id, 1)],
        reviews: vec![review_write("review", version, review(product_id, 3))],
        ..FactWrites::default()
    };
    let mut first = entities(1, "a");
    first.products =
        ["a", "b"].map(|id| product_write(id, 1, Some(product(&["s"])))).into_iter().collect();
    save(&store, &first).await;
    assert_eq!((owned(&store, "a").await, owned(&store, "b").await), ((1, 1, 1), (0, 0, 0)));
    let mut second = entities(2, "b");
    second.prices[0].2 = moved("b");
    second.stock[0].2 = moved("b");
    second.reviews[0].2 = moved("b");
    save(&store, &second).await;
    assert_eq!((owned(&store, "a").await, owned(&store, "b").await), ((0, 0, 0), (1, 1, 1)));
    let found = known(&store, &keys_of(&second)).await;
    let stock = &found.stock[&("s".to_owned(), "default".to_owned())];
    let owners = [&found.prices["price"].product_id, &stock.product_id];
    assert_eq!((owners, &*found.reviews["review"].product_id), ([&"b".into(); 2], "b"));
    // Removed under the product that it has moved to.
    second.prices[0].3 = None;
    second.stock[0].3 = None;
    second.reviews[0].3 = None;
    save(&store, &second).await;
    assert_eq!((owned(&store, "a").await, owned(&store, "b").await), ((0, 0, 0), (0, 0, 0)));
}

pub async fn entities_may_come_before_their_product(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let early = FactWrites {
        prices: vec![price_write("price", 1, "late", 1)],
        stock: vec![stock_write(("late", "default"), 1, "late", 1)],
        reviews: vec![review_write("review", 1, review("late", 3))],
        discounts: vec![discount_write(
            "d",
            1,
            0,
            Scope { brands: strings(["b"]), ..Scope::default() },
        )],
        ..FactWrites::default()
    };
    save(&store, &early).await;
    assert!(facts_of(&store, "late").await.is_none());
    let late = Product { brand: Some(brand("b")), ..product(&["late"]) };
    let products = vec![product_write("late", 1, Some(late))];
    save(&store, &FactWrites { products, ..FactWrites::default() }).await;
    assert_eq!(owned(&store, "late").await, (1, 1, 1));
    assert_eq!(facts_of(&store, "late").await.unwrap().discounts.len(), 1);
}

pub async fn review_counts_add_up(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let delta = |id: &str, counts: [i64; 5]| (id.to_owned(), counts);
    let add = async |deltas: &[(String, [i64; 5])]| {
        commit(&store, async |tx| tx.add_review_counts(deltas).await.unwrap()).await;
    };
    // Before there is a product.
    add(&[delta("a", [1, 2, 3, 4, 5]), delta("b", [0, 0, 0, 0, 9])]).await;
    let products = ["a", "A", "b"].map(|id| product_write(id, 1, Some(product(&[id])))).into();
    save(&store, &FactWrites { products, ..FactWrites::default() }).await;
    add(&[delta("a", [-1, 0, 0, 1 << 40, 0])]).await;
    add(&[]).await;
    add(&[delta("a", [0, -2, 0, 0, 0]), delta("b", [0, 0, 0, 1, -9])]).await;
    dropped(&store, async |tx| {
        tx.add_review_counts(&[delta("a", [9; 5])]).await.unwrap();
    })
    .await;
    let counts = async |id: &str| facts_of(&store, id).await.unwrap().reviews;
    assert_eq!(counts("a").await, ReviewCounts([0, 0, 3, (1 << 40) + 4, 5]));
    assert_eq!(counts("b").await, ReviewCounts([0, 0, 0, 1, 0]));
    assert_eq!(counts("A").await, ReviewCounts::default());
}

fn scopes() -> Vec<(&'static str, Scope)> {
    let none = Scope::default;
    vec![
        ("all", Scope { all: true, ..none() }),
        ("nothing", none()),
        ("product", Scope { products: strings(["p", "other"]), ..none() }),
        ("other", Scope { products: strings(["other", "P", "s1", "acme"]), ..none() }),
        ("sku", Scope { skus: strings(["s2"]), ..none() }),
        ("skus", Scope { skus: strings(["s3", "s1", "elsewhere"]), ..none() }),
        ("root", Scope { categories: strings(["root"]), ..none() }),
        ("leaf", Scope { categories: strings(["leaf", "no"]), ..none() }),
        ("brand", Scope { brands: strings(["acme", "no"]), ..none() }),
        ("wrong kinds", Scope { brands: strings(["p", "leaf", "s1"]), ..none() }),
        ("sku and brand", Scope { skus: strings(["s1"]), brands: strings(["acme"]), ..none() }),
        (
            "sku and another brand",
            Scope { skus: strings(["s1", "s1"]), brands: strings(["no"]), ..none() },
        ),
        ("all and sku", Scope { all: true, skus: strings(["s1"]), ..none() }),
    ]
}

/// What reaches a product, by the rule itself.
fn reaching(id: &str, product: &Product, discounts: &[DiscountWrite]) -> Vec<(String, Reach)> {
    let mut matching: Vec<(i64, String, Reach)> = discounts
        .iter()
        .filter_map(|(discount_id, _, state)| {
            let (terms, scope) = state.as_ref()?;
            Some((-terms.priority, discount_id.clone(), scope.reach(id, product)?))
        })
        .collect();
    matching.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    matching.into_iter().map(|(_, id, reach)| (id, normal(reach))).collect()
}

fn normal(reach: Reach) -> Reach {
    match reach {
        Reach::Whole => Reach::Whole,
        Reach::Skus(skus) => Reach::Skus(sorted(skus)),
    }
}

async fn assert_reached(store: &Store, products: &[(&str, Product)], saved: &[DiscountWrite]) {
    let ids = strings(products.iter().map(|(id, _)| *id));
    let mut snapshot = store.snapshot().await.unwrap();
    let facts = snapshot.product_facts(&ids).await.unwrap();
    assert_eq!(facts.len(), products.len());
    for facts in facts {
        let found: &[ReachingDiscount] = &facts.discounts;
        assert!(found.is_sorted_by(|a, b| discount_order(a, b).is_lt()), "in order, each once");
        let found: Vec<(String, Reach)> =
            found.iter().map(|d| (d.fact.discount_id.clone(), normal(d.reach.clone()))).collect();
        assert_eq!(found, reaching(&facts.product_id, &facts.product, saved));
    }
}

fn some_products() -> Vec<(&'static str, Product)> {
    let rich = Product {
        brand: Some(brand("acme")),
        categories: vec![category(&["root", "leaf"]), category(&["root", "twig"])],
        ..product(&["s1", "s2", "s3"])
    };
    vec![
        ("p", rich),
        ("P", product(&["P"])),
        ("other", Product { brand: Some(brand("no")), ..product(&["elsewhere"]) }),
    ]
}

pub async fn discounts_reach_by_every_kind_of_scope(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let products = some_products();
    // Priorities that tie, so that the id decides; case counts.
    let mut discounts: Vec<DiscountWrite> = (0..)
        .zip(scopes())
        .map(|(i, (id, scope))| discount_write(id, 1, [0, 5, -5][i % 3], scope))
        .collect();
    discounts.push(discount_write("All", 1, 0, Scope { all: true, ..Scope::default() }));
    for (i, discount) in discounts.iter_mut().enumerate() {
        if let Some((terms, _)) = &mut discount.2 {
            // Whether it is active is not the store's matter.
            terms.active = i % 2 == 0;
        }
    }
    let writes = FactWrites {
        products: products.iter().map(|(id, p)| product_write(id, 1, Some(p.clone()))).collect(),
        discounts: discounts.clone(),
        ..FactWrites::default()
    };
    save(&store, &writes).await;
    assert_reached(&store, &products, &discounts).await;
    assert_eq!(facts_of(&store, "p").await.unwrap().discounts.len(), 11);
    assert_reached(&fixture.open().await, &products, &discounts).await;
}

pub async fn a_changed_scope_reaches_what_it_now_names(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let products = some_products();
    let writes = FactWrites {
        products: products.iter().map(|(id, p)| product_write(id, 1, Some(p.clone()))).collect(),
        ..FactWrites::default()
    };
    save(&store, &writes).await;
    let scopes = scopes();
    // Each discount goes through all scopes, each from another start, and is gone now and then.
    for round in 0..scopes.len() as u64 + 1 {
        let discounts: Vec<DiscountWrite> = (0..scopes.len())
            .map(|i| {
                let (_, scope) = &scopes[(i + round as usize) % scopes.len()];
                let mut write = discount_write(&format!("d{i}"), round + 1, 0, scope.clone());
                if (i as u64 + round).is_multiple_of(5) {
                    write.2 = None;
                }
                write
            })
            .collect();
        save(&store, &FactWrites { discounts: discounts.clone(), ..FactWrites::default() }).await;
        assert_reached(&store, &products, &discounts).await;
    }
}

/// Page by page, with those that are removed, or only priced, left out.
pub async fn live_products_come_in_byte_order(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let live = AWKWARD_IDS.map(|id| product_write(id, 1, Some(product(&[id]))));
    let removed = [product_write("0", 2, None), product_write("b", 1, None)];
    let products = live.into_iter().chain(removed).collect();
    let prices = vec![price_write("price", 1, "only priced", 1)];
    save(&store, &FactWrites { products, prices, ..FactWrites::default() }).await;
    assert_eq!(store.status().await.unwrap().products, AWKWARD_IDS.len() as u64);
    for limit in [1, 5, 100] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let mut snapshot = store.snapshot().await.unwrap();
            let ids = snapshot.product_ids(&after, limit).await.unwrap();
            assert!(ids.len() <= limit as usize);
            let parts = snapshot.next_index_parts(&after, limit).await.unwrap();
            let mut same = snapshot.index_parts(&ids).await.unwrap();
            same.sort_unstable_by(|a, b| a.product_id.cmp(&b.product_id));
            assert_eq!(parts, same);
            let Some(last) = ids.last() else { break };
            after.clone_from(last);
            seen.extend(ids);
        }
        assert_eq!(seen, AWKWARD_IDS, "by {limit}");
    }
}
