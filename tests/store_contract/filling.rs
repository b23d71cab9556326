//! A new generation filled in parts: in the end it is as if it had been written.

use projections::event::Kind;
use vitrine::decode::Subject;
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::store::dead_letter::NewDeadLetter;
use vitrine::store::facts::{FactKeys, FactWrites};
use vitrine::store::{Advance, Transaction};

use super::same::{About, answers, assert_same};
use super::support::{
    AWKWARD_IDS, commit, discount_write, keys_of, price_write, product, product_write, review,
    review_write, save, stock_write, strings,
};
use super::{Fixture, Store};
use crate::harness::stream::Rng;

/// What one transaction writes.
#[derive(Default)]
struct Part {
    facts: FactWrites,
    counts: Vec<(String, [i64; 5])>,
    letters: Vec<NewDeadLetter>,
}

impl Part {
    /// So many products with all that belongs to them: facts of all kinds, some of them removed.
    fn of(name: &str, count: usize, rng: &mut Rng) -> Part {
        let mut part = Part::default();
        let ids: Vec<String> =
            (0..count).map(|i| format!("{}{name}{i:04}", AWKWARD_IDS[i % 18])).collect();
        for id in &ids {
            let version = 1 + rng.below(1000) as u64;
            let live = rng.below(10) != 0;
            let facts = &mut part.facts;
            facts.products.push(product_write(id, version, live.then(|| product(&[id, "s"]))));
            let mut price = price_write(&format!("{id}/usd"), version, id, version as i64);
            let mut stock = stock_write((id, "berlin"), version, id, version as i64);
            let mut review = review_write(&format!("{id}/r"), version, review(id, 4));
            (price.3, stock.3) = (price.3.filter(|_| live), stock.3.filter(|_| live));
            review.3 = review.3.filter(|_| live);
            facts.prices.push(price);
            facts.stock.push(stock);
            facts.reviews.push(review);
            if live {
                part.counts.push((id.clone(), [0, version as i64, 0, 1, 0]));
            }
        }
        let scope = |id: &str| projections::discount::Scope {
            products: strings([id]),
            brands: strings(["acme"]),
            ..Default::default()
        };
        part.facts.discounts = ids
            .iter()
            .take(20)
            .map(|id| discount_write(&format!("{id}/d"), 1, rng.below(3) as i64, scope(id)))
            .collect();
        part.letters = (0..30).map(|offset| letter(name, offset)).collect();
        part
    }

    fn products(&self) -> Vec<String> {
        self.facts.products.iter().map(|w| w.0.clone()).collect()
    }
}

fn letter(topic: &str, offset: i64) -> NewDeadLetter {
    NewDeadLetter {
        position: Position { topic: topic.to_owned(), partition: 0, offset },
        code: "code".into(),
        detail: format!("no {offset}"),
        subject: Some(Subject { kind: Kind::Price, key: "p".into(), version: Some(1) }),
        record: Record::plain(vec![1, 2, 3].into()),
    }
}

/// What a fill may use, and no more.
async fn fill(tx: &mut dyn Transaction, part: &Part, mark: &str) {
    tx.save_facts(&part.facts).await.unwrap();
    tx.add_review_counts(&part.counts).await.unwrap();
    tx.put_dead_letters(&part.letters).await.unwrap();
    tx.count_outcomes(&[("applied", part.facts.products.len() as u64)]).await.unwrap();
    tx.set_meta("part", Some(mark)).await.unwrap();
}

async fn filled(store: &Store, part: &Part, mark: &str) {
    let mut tx = store.begin_fill().await.unwrap();
    fill(tx.as_mut(), part, mark).await;
    tx.commit().await.unwrap();
}

/// As a projector writes it.
async fn written(store: &Store, part: &Part) {
    commit(store, async |tx| {
        tx.save_facts(&part.facts).await.unwrap();
        tx.add_review_counts(&part.counts).await.unwrap();
        tx.put_dead_letters(&part.letters).await.unwrap();
        tx.count_outcomes(&[("applied", part.facts.products.len() as u64)]).await.unwrap();
    })
    .await;
}

async fn answers_of(store: &Store, parts: &[Part]) -> Vec<String> {
    let mut keys = FactKeys::default();
    for part in parts {
        let of = keys_of(&part.facts);
        keys.products.extend(of.products);
        keys.prices.extend(of.prices);
        keys.stock.extend(of.stock);
        keys.discounts.extend(of.discounts);
        keys.reviews.extend(of.reviews);
    }
    let products: Vec<String> = parts.iter().flat_map(Part::products).collect();
    let about = About { keys: &keys, products: &products };
    answers(store, &about).await
}

/// Parts of the sizes at which stores write otherwise.
fn parts() -> Vec<Part> {
    let rng = &mut Rng::new(11);
    [("a", 30), ("b", 1_100), ("c", 1), ("d", 0)].map(|(name, n)| Part::of(name, n, rng)).into()
}

pub async fn what_is_filled_is_as_if_written(fixture: &impl Fixture) {
    let plain = fixture.open().await;
    let new = fixture.open_beside().await;
    let parts = parts();
    new.begin_filling().await.unwrap();
    for part in &parts {
        written(&plain, part).await;
        filled(&new, part, "any").await;
    }
    new.end_filling().await.unwrap();
    let expected = answers_of(&plain, &parts).await;
    assert_same(&answers_of(&new, &parts).await, &expected);
    // Once more it is harmless, and so it is where nothing was filled.
    new.end_filling().await.unwrap();
    plain.end_filling().await.unwrap();
    let reopened = fixture.open_beside().await;
    assert_same(&answers_of(&reopened, &parts).await, &expected);
    assert_same(&answers_of(&plain, &parts).await, &expected);
}

pub async fn filling_goes_on_after_a_crash(fixture: &impl Fixture) {
    let plain = fixture.open().await;
    let parts = parts();
    for part in &parts {
        written(&plain, part).await;
    }
    // What was not committed leaves nothing; what was is whole, with its mark.
    for (done, part) in parts.iter().enumerate() {
        let new = fixture.open_beside().await;
        new.begin_filling().await.unwrap();
        new.begin_filling().await.unwrap();
        let mark = done.checked_sub(1).map(|n| n.to_string());
        assert_eq!(new.snapshot().await.unwrap().meta("part").await.unwrap(), mark);
        let mut tx = new.begin_fill().await.unwrap();
        fill(tx.as_mut(), part, "lost").await;
        drop(tx);
        new.close().await;
        let new = fixture.open_beside().await;
        new.begin_filling().await.unwrap();
        filled(&new, part, &done.to_string()).await;
    }
    let new = fixture.open_beside().await;
    new.end_filling().await.unwrap();
    assert_same(&answers_of(&new, &parts).await, &answers_of(&plain, &parts).await);
}

pub async fn what_was_filled_changes_as_any_other(fixture: &impl Fixture) {
    let plain = fixture.open().await;
    let new = fixture.open_beside().await;
    let mut parts = parts();
    new.begin_filling().await.unwrap();
    for part in &parts {
        written(&plain, part).await;
        filled(&new, part, "any").await;
    }
    new.end_filling().await.unwrap();
    // Of the first part all facts have a next version.
    let mut facts = std::mem::take(&mut parts[0].facts);
    facts.products.iter_mut().for_each(|w| (w.1.head.version, w.2) = (w.1.head.version + 1, None));
    facts.prices.iter_mut().for_each(|w| w.1.head.version += 1);
    facts.stock.iter_mut().for_each(|w| (w.1.head.version, w.3) = (w.1.head.version + 1, Some(1)));
    facts.reviews.iter_mut().for_each(|w| w.1.head.version += 1);
    facts.discounts.iter_mut().for_each(|w| (w.1.head.version, w.2) = (9, None));
    let partition = Partition { topic: "a".into(), partition: 0 };
    for store in [&plain, &new] {
        let moves = [Advance { last: None, partition: partition.clone(), expected: 0, next: 3 }];
        commit(store, async |tx| {
            tx.advance(&moves).await.unwrap();
            tx.known(&keys_of(&facts)).await.unwrap();
            tx.save_facts(&facts).await.unwrap();
            tx.add_review_counts(&parts[0].counts).await.unwrap();
            // The same letter, met again.
            tx.put_dead_letters(&parts[0].letters).await.unwrap();
            assert!(tx.close_dead_letter(1, "discarded").await.unwrap());
        })
        .await;
    }
    parts[0].facts = facts;
    assert_same(&answers_of(&new, &parts).await, &answers_of(&plain, &parts).await);
}

/// Whoever fills what is in use by mistake makes it no slower.
pub async fn tables_that_are_in_use_keep_their_indexes(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let write = |id: &str, version| product_write(id, version, Some(product(&[id])));
    let facts = |products| FactWrites { products, ..FactWrites::default() };
    save(&store, &facts(vec![write("mug", 1)])).await;
    store.begin_filling().await.unwrap();
    // It is there: written once more it is met, not doubled.
    save(&store, &facts(vec![write("mug", 2), write("cup", 1)])).await;
    let ids = async || store.snapshot().await.unwrap().product_ids("", 10).await.unwrap();
    assert_eq!(ids().await, ["cup", "mug"]);
    store.end_filling().await.unwrap();
    assert_eq!(ids().await, ["cup", "mug"]);
}
