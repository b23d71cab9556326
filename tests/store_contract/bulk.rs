//! Batches of any number of rows: stores cut them into statements, and no row may fall between.

use projections::discount::Scope;
use vitrine::log::position::Position;
use vitrine::log::record::Record;
use vitrine::store::dead_letter::{DeadLetterFilter, NewDeadLetter};
use vitrine::store::facts::FactWrites;

use super::Fixture;
use super::facts::{facts_of, known};
use super::support::{
    commit, discount_write, keys_of, price_write, product, product_write, review, review_write,
    save, sorted, stock_write, strings,
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
}

pub async fn letters_of_any_number(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let mut letters_put = 0;
    for size in SIZES {
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
        })
        .await;
        letters_put += size;
        let kept = store.dead_letters(DeadLetterFilter::Open, 0, 100_000).await.unwrap();
        assert_eq!(kept.len(), letters_put);
    }
}
