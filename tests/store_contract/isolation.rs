//! Transactions are whole or nothing, and snapshots stay as they are.

use std::time::Duration;

use projections::discount::Scope;
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::store::dead_letter::{DeadLetterFilter, NewDeadLetter};
use vitrine::store::facts::{FactKeys, FactWrites};
use vitrine::store::{Advance, Transaction};

use super::support::{
    commit, discount_write, dropped, keys_of, price_write, product, product_write, review,
    review_write, save, stock_write, strings,
};
use super::{Fixture, Store};

fn some_facts() -> FactWrites {
    let all = Scope { all: true, ..Scope::default() };
    FactWrites {
        products: vec![product_write("p", 1, Some(product(&["s"])))],
        prices: vec![price_write("price", 1, "p", 100)],
        stock: vec![stock_write(("s", "default"), 1, "p", 3)],
        discounts: vec![discount_write("d", 1, 0, all)],
        reviews: vec![review_write("r", 1, review("p", 5))],
    }
}

/// Writes something of everything.
async fn write_all(tx: &mut dyn Transaction) {
    let topic = Partition { topic: "t".into(), partition: 0 };
    tx.advance(&[Advance { last: None, partition: topic, expected: 0, next: 7 }]).await.unwrap();
    tx.set_meta("key", Some("value")).await.unwrap();
    tx.save_facts(&some_facts()).await.unwrap();
    tx.add_review_counts(&[("p".into(), [0, 0, 0, 0, 1])]).await.unwrap();
    tx.put_dead_letters(&[NewDeadLetter {
        position: Position { topic: "t".into(), partition: 0, offset: 3 },
        code: "data.amount.negative".into(),
        detail: String::new(),
        subject: None,
        record: Record::plain("{}".into()),
    }])
    .await
    .unwrap();
    tx.count_outcomes(&[("applied", 5)]).await.unwrap();
}

/// How much there is of everything that [`write_all`] writes.
async fn traces(store: &Store) -> [usize; 9] {
    let known = dropped(store, async |tx| tx.known(&keys_of(&some_facts())).await.unwrap()).await;
    let status = store.status().await.unwrap();
    let letters = store.dead_letters(DeadLetterFilter::All, 0, 10).await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    [
        known.products.len() + known.prices.len() + known.stock.len(),
        known.discounts.len() + known.reviews.len(),
        snapshot.positions().await.unwrap().len(),
        usize::from(snapshot.meta("key").await.unwrap().is_some()),
        snapshot.product_facts(&strings(["p"])).await.unwrap().len(),
        snapshot.discounts().await.unwrap().len(),
        status.products as usize,
        letters.len() + status.dead_letters_open as usize,
        status.outcomes.len(),
    ]
}

pub async fn a_dropped_transaction_leaves_nothing(fixture: &impl Fixture) {
    let store = fixture.open().await;
    dropped(&store, async |tx| write_all(tx).await).await;
    assert_eq!(traces(&store).await, [0; 9]);
    assert_eq!(traces(&fixture.open().await).await, [0; 9]);
    commit(&store, async |tx| write_all(tx).await).await;
    let all = [3, 2, 1, 1, 1, 1, 1, 2, 1];
    assert_eq!(traces(&store).await, all);
    assert_eq!(traces(&fixture.open().await).await, all);
}

pub async fn a_transaction_sees_its_own_writes(fixture: &impl Fixture) {
    let store = fixture.open().await;
    commit(&store, async |tx| {
        write_all(tx).await;
        assert_eq!(tx.positions().await.unwrap().len(), 1);
        assert_eq!(tx.meta("key").await.unwrap().as_deref(), Some("value"));
        assert_eq!(tx.known(&keys_of(&some_facts())).await.unwrap().reviews.len(), 1);
        assert_eq!(tx.live_prices(&strings(["p"])).await.unwrap(), [("p".to_owned(), 1)].into());
    })
    .await;
}

pub async fn a_snapshot_does_not_see_later_commits(fixture: &impl Fixture) {
    let store = fixture.open().await;
    save(&store, &some_facts()).await;
    let mut before = store.snapshot().await.unwrap();
    // Its state is fixed at the latest by the first read.
    assert_eq!(before.positions().await.unwrap(), []);
    commit(&store, async |tx| {
        let gone = FactWrites {
            products: vec![
                product_write("p", 2, None),
                product_write("q", 1, Some(product(&["q"]))),
            ],
            reviews: vec![review_write("r2", 1, review("p", 1))],
            ..FactWrites::default()
        };
        tx.save_facts(&gone).await.unwrap();
        let topic = Partition { topic: "t".into(), partition: 0 };
        tx.advance(&[Advance { last: None, partition: topic, expected: 0, next: 1 }])
            .await
            .unwrap();
    })
    .await;
    let ids = strings(["p", "q"]);
    for _ in 0..2 {
        assert_eq!(before.positions().await.unwrap(), []);
        assert_eq!(before.product_facts(&ids).await.unwrap().len(), 1);
        assert_eq!(before.latest_reviews("p").await.unwrap().0.latest.len(), 1);
        assert_eq!(before.product_ids("", 10).await.unwrap(), ["p"]);
    }
    let mut after = store.snapshot().await.unwrap();
    assert_eq!(after.product_ids("", 10).await.unwrap(), ["q"]);
    assert_eq!(after.latest_reviews("p").await.unwrap().0.latest.len(), 2);
}

pub async fn reads_go_on_beside_a_transaction(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let early = product_write("early", 1, Some(product(&["early"])));
    save(&store, &FactWrites { products: vec![early], ..FactWrites::default() }).await;
    let mut tx = store.begin().await.unwrap();
    write_all(tx.as_mut()).await;
    let reads = async {
        for store in [&store, &fixture.open().await] {
            assert_eq!(store.status().await.unwrap().dead_letters_open, 0);
            let mut snapshot = store.snapshot().await.unwrap();
            assert_eq!(snapshot.product_ids("", 10).await.unwrap(), ["early"]);
            let ids = strings(["early", "p"]);
            assert_eq!(snapshot.product_facts(&ids).await.unwrap().len(), 1);
        }
    };
    tokio::time::timeout(crate::harness::PATIENCE, reads)
        .await
        .expect("no read waits for a writer");
    tx.commit().await.unwrap();
    assert_eq!(store.status().await.unwrap().dead_letters_open, 1);
    // The next writer waits its turn and finds what the first has written.
    let (first, second) = (store.begin().await.unwrap(), store.begin());
    let known = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let mut first = first;
            let late = product_write("late", 1, Some(product(&["late"])));
            let writes = FactWrites { products: vec![late], ..FactWrites::default() };
            first.save_facts(&writes).await.unwrap();
            first.commit().await.unwrap();
        },
        async { second.await.unwrap().known(&FactKeys::default()).await.unwrap() }
    )
    .1;
    assert!(known.products.is_empty());
    let ids = store.snapshot().await.unwrap().product_ids("", 10).await.unwrap();
    assert_eq!(ids, ["early", "late", "p"]);
}

pub async fn outcomes_add_up(fixture: &impl Fixture) {
    let store = fixture.open().await;
    for counts in [vec![("applied", 3), ("stale", 1)], vec![], vec![("applied", 1 << 40)]] {
        commit(&store, async |tx| tx.count_outcomes(&counts).await.unwrap()).await;
    }
    dropped(&store, async |tx| tx.count_outcomes(&[("stale", 9)]).await.unwrap()).await;
    let outcomes = fixture.open().await.status().await.unwrap().outcomes;
    let expected = [("applied".to_owned(), (1 << 40) + 3), ("stale".to_owned(), 1)];
    assert_eq!(outcomes, expected.into());
}
