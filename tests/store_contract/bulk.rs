//! Batches of any number of rows: stores cut them into statements, and no row may fall between.

use projections::discount::Scope;
use projections::listing::{Sort, TOTAL_CAP, Total};
use projections::view::{ListingKey, View};
use vitrine::log::position::Position;
use vitrine::log::record::Record;
use vitrine::store::dead_letter::{DeadLetterFilter, NewDeadLetter};
use vitrine::store::facts::FactWrites;
use vitrine::store::fanout::NewFanout;
use vitrine::store::query::{ListingQuery, ReviewSort};

use super::Fixture;
use super::facts::{facts_of, known};
use super::support::{
    branded, commit, discount_write, everything, keys_of, listed, mark, price_write, product,
    product_write, review, review_write, save, save_views, sorted, stock_write, strings, view,
    view_with,
};

/// Around the sizes at which stores are likely to cut.
const SIZES: [usize; 12] = [0, 1, 2, 15, 16, 17, 127, 129, 1023, 1024, 1025, 5000];

fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}{i:04}")).collect()
}

pub async fn facts_of_any_number(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let products = vec![product_write("p", 1, Some(product(&["p"])))];
    save(&store, &FactWrites { products, ..FactWrites::default() }).await;
    for (version, size) in (1..).zip(SIZES) {
        let ids = numbered(&format!("{size}-"), size);
        let scope = Scope { products: ids.clone(), ..Scope::default() };
        let writes = FactWrites {
            products: ids
                .iter()
                .map(|id| product_write(id, version, Some(product(&[id]))))
                .collect(),
            prices: ids.iter().map(|id| price_write(id, version, "p", 1)).collect(),
            stock: ids
                .iter()
                .map(|id| stock_write((id, "x"), version, "p", version as i64))
                .collect(),
            discounts: ids
                .iter()
                .map(|id| {
                    discount_write(
                        id,
                        version,
                        0,
                        Scope { skus: strings([id]), ..Scope::default() },
                    )
                })
                .chain([discount_write("wide", version, 0, scope)])
                .collect(),
            reviews: ids.iter().map(|id| review_write(id, version, review("p", 5))).collect(),
        };
        save(&store, &writes).await;
        let counts: Vec<(String, [i64; 5])> =
            ids.iter().map(|id| (id.clone(), [0, 1, 0, 0, 0])).collect();
        commit(&store, async |tx| tx.add_review_counts(&counts).await.unwrap()).await;
        let found = known(&store, &keys_of(&writes)).await;
        assert_eq!((found.products.len(), found.prices.len()), (size, size));
        assert_eq!((found.stock.len(), found.reviews.len()), (size, size));
        assert_eq!(found.discounts.len(), size + 1);
        let mut snapshot = store.snapshot().await.unwrap();
        let facts = snapshot.product_facts(&ids).await.unwrap();
        assert_eq!(sorted(facts.iter().map(|f| &f.product_id)), sorted(&ids));
        assert!(facts.iter().all(|f| f.reviews.count() == 1));
        // Its own by the SKU, and the wide one.
        assert!(facts.iter().all(|f| f.discounts.len() == 2), "{size}");
    }
    let all: usize = SIZES.iter().sum();
    let facts = facts_of(&store, "p").await.unwrap();
    assert_eq!((facts.prices.len(), facts.stock.len()), (all, all));
    // Reviews are counted up to a cap.
    let more = numbered("more-", TOTAL_CAP as usize + 1 - all);
    let mut reviews: Vec<_> = more.iter().map(|id| review_write(id, 1, review("p", 1))).collect();
    let one_more = reviews.split_off(reviews.len() - 1);
    for (reviews, capped) in [(reviews, false), (one_more, true)] {
        save(&store, &FactWrites { reviews, ..FactWrites::default() }).await;
        let mut snapshot = store.snapshot().await.unwrap();
        let slice = snapshot.reviews("p", ReviewSort::Newest, None, 1).await.unwrap();
        assert_eq!(slice.total, Total { total: TOTAL_CAP, capped });
    }
}

pub async fn views_of_any_number(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let acme = ListingKey::Brand("acme".into());
    for size in SIZES {
        let ids = numbered("p", size);
        let first = view_with(|v| {
            branded(v, "acme");
            v.skus = strings(["s"]);
        });
        let second = view_with(|v| v.released_at = projections::instant::Instant(7));
        let all = |view: Option<&'static View>| -> Vec<(String, Option<&'static View>)> {
            ids.iter().map(|id| (id.clone(), view)).collect()
        };
        let (first, second): (&'static View, &'static View) =
            (Box::leak(Box::new(first)), Box::leak(Box::new(second)));
        for (view, of_brand) in [(Some(first), size), (Some(second), 0), (None, 0)] {
            let changes = all(view);
            let changes: Vec<(&str, Option<&View>)> =
                changes.iter().map(|(id, view)| (id.as_str(), *view)).collect();
            save_views(&store, &changes).await;
            let expected = if view.is_some() { ids.clone() } else { Vec::new() };
            for sort in [Sort::Newest, Sort::Reviews] {
                assert_eq!(listed(&store, &ListingQuery { sort, ..everything(9) }).await, expected);
            }
            let query = ListingQuery { listing: &acme, ..everything(9) };
            assert_eq!(listed(&store, &query).await.len(), of_brand);
            let mut snapshot = store.snapshot().await.unwrap();
            assert_eq!(snapshot.members(&acme, "", 10_000).await.unwrap().len(), of_brand);
            assert_eq!(snapshot.cards(&ids).await.unwrap().len(), expected.len());
        }
    }
}

pub async fn marks_and_letters_of_any_number(fixture: &impl Fixture) {
    let store = fixture.open().await;
    save_views(&store, &[("p", Some(&view()))]).await;
    let mut letters_put = 0;
    for size in SIZES {
        let ids = numbered(&format!("{size}-"), size);
        let letters: Vec<NewDeadLetter> = (0..size as i64)
            .map(|offset| NewDeadLetter {
                position: Position { topic: "t".into(), partition: size as i32, offset },
                code: "c".into(),
                detail: "d".into(),
                subject: None,
                record: Record::plain(vec![1].into()),
            })
            .collect();
        commit(&store, async |tx| {
            tx.put_dead_letters(&letters).await.unwrap();
            let scope = Scope { products: ids.clone(), ..Scope::default() };
            let task =
                NewFanout { discount_id: "d", topic: "t", partition: 0, offset: 0, scope: &scope };
            tx.add_fanout(&task).await.unwrap();
            let task = tx.unmarked_fanout().await.unwrap().unwrap();
            assert_eq!(task.scope, scope);
            mark(tx, task.task, &ids, None).await;
            assert_eq!(tx.stale(10_000).await.unwrap().ids, ids);
            tx.clear_stale(&ids).await.unwrap();
            assert_eq!(tx.finish_fanouts().await.unwrap().tasks, 0);
        })
        .await;
        letters_put += size;
        let kept = store.dead_letters(DeadLetterFilter::Open, 0, 100_000).await.unwrap();
        assert_eq!(kept.len(), letters_put);
    }
}
