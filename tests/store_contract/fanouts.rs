//! Discounts that reach many products: which ones, and the bookkeeping until all are done.

use std::collections::BTreeSet;

use projections::discount::Scope;
use projections::view::{ListingKey, View};
use vitrine::log::position::{Partition, Position, Reflected};
use vitrine::store::fanout::{NewFanout, ScopeCursor, StaleProducts};
use vitrine::store::{Advance, Transaction};

use super::support::{
    AWKWARD_IDS, branded, commit, dropped, mark, save_views, strings, view, view_with,
};
use super::{Fixture, Store};

/// Products whose brand, categories and SKUs follow from their place among the awkward ids.
async fn save_products(store: &Store) {
    let views: Vec<(&str, View)> = (0..)
        .zip(AWKWARD_IDS)
        .map(|(i, id)| {
            let view = view_with(|v| {
                v.active = i % 5 != 0;
                if i % 2 == 0 {
                    branded(v, "even");
                }
                if i % 3 == 0 {
                    v.listings.push(ListingKey::Category("even".into()));
                }
                v.skus = vec![format!("sku-{}", i % 4), format!("own-{i}")];
            });
            (id, view)
        })
        .collect();
    let views: Vec<(&str, Option<&View>)> = views.iter().map(|(id, v)| (*id, Some(v))).collect();
    save_views(store, &views).await;
}

fn every(n: usize) -> Vec<&'static str> {
    AWKWARD_IDS.into_iter().step_by(n).collect()
}

/// All that a walk finds, chunk by chunk; the cursor of one transaction goes on in the next.
async fn walk(store: &Store, scope: &Scope, limit: u32) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), Some(ScopeCursor::default()));
    while let Some(from) = cursor {
        let reached = dropped(store, async |tx| {
            tx.products_reached(scope, from.clone(), limit).await.unwrap()
        });
        let (found, next) = reached.await;
        assert!(found.len() <= limit as usize, "{} of {limit}", found.len());
        assert_ne!(next.as_ref(), Some(&from), "a walk goes on");
        seen.extend(found);
        cursor = next;
        assert!(seen.len() < 1000);
    }
    seen
}

pub async fn a_scope_is_walked_in_chunks(fixture: &impl Fixture) {
    let store = fixture.open().await;
    save_products(&store).await;
    let none = Scope::default;
    let own = ["own-1", "own-3", "no"];
    let cases: Vec<(Scope, Vec<&str>)> = vec![
        (none(), vec![]),
        (Scope { all: true, ..none() }, AWKWARD_IDS.to_vec()),
        (Scope { products: strings(["a", "A", "no", "😀"]), ..none() }, vec!["A", "a", "😀"]),
        (Scope { skus: strings(["sku-0", "sku-2"]), ..none() }, every(2)),
        (Scope { skus: strings(own), ..none() }, vec![AWKWARD_IDS[1], AWKWARD_IDS[3]]),
        (Scope { brands: strings(["even", "Even"]), ..none() }, every(2)),
        (Scope { categories: strings(["no", "even"]), ..none() }, every(3)),
        (
            Scope {
                products: strings(["a"]),
                skus: strings(["own-1"]),
                categories: strings(["even"]),
                brands: strings(["even"]),
                ..none()
            },
            [vec!["a", AWKWARD_IDS[1]], every(2), every(3)].concat(),
        ),
        (Scope { all: true, brands: strings(["even"]), ..none() }, AWKWARD_IDS.to_vec()),
    ];
    for (scope, expected) in cases {
        let expected: BTreeSet<&str> = expected.into_iter().collect();
        for limit in [1, 2, 3, 9, 18, 100] {
            let seen = walk(&store, &scope, limit).await;
            let seen: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
            assert_eq!(seen, expected, "{scope:?} by {limit}");
        }
    }
    // Where the views are gone or others, so is what is reached.
    save_views(&store, &[(AWKWARD_IDS[1], None), (AWKWARD_IDS[3], Some(&view()))]).await;
    let none_left = Scope { skus: strings(own), ..none() };
    assert_eq!(walk(&store, &none_left, 10).await, [""; 0]);
}

const TOPIC: &str = "catalog.discount";

async fn add(tx: &mut dyn Transaction, offset: i64, scope: &Scope) {
    let task = NewFanout { discount_id: "d", topic: TOPIC, partition: 0, offset, scope };
    tx.add_fanout(&task).await.unwrap();
}

/// Marks all of the oldest task's products, which are these.
async fn mark_next(store: &Store, ids: &[&str]) {
    commit(store, async |tx| {
        let task = tx.unmarked_fanout().await.unwrap().unwrap();
        mark(tx, task.task, &strings(ids), None).await;
    })
    .await;
}

/// Clears these and ends what has ended: how many tasks are left.
async fn clear(store: &Store, ids: &[&str]) -> u64 {
    commit(store, async |tx| {
        tx.clear_stale(&strings(ids)).await.unwrap();
        tx.finish_fanouts().await.unwrap().tasks
    })
    .await
}

async fn stale(store: &Store) -> Vec<String> {
    dropped(store, async |tx| tx.stale(100).await.unwrap().ids).await
}

fn named(id: &str) -> Scope {
    Scope { brands: strings([id]), ..Scope::default() }
}

pub async fn a_task_ends_when_its_products_are_done(fixture: &impl Fixture) {
    let store = fixture.open().await;
    assert_eq!(clear(&store, &[]).await, 0);
    commit(&store, async |tx| {
        assert!(tx.unmarked_fanout().await.unwrap().is_none());
        add(tx, 5, &named("x")).await;
    })
    .await;
    assert_eq!(clear(&store, &[]).await, 1, "it is not marked yet");
    let task = dropped(&store, async |tx| tx.unmarked_fanout().await.unwrap().unwrap()).await;
    assert_eq!((task.scope, task.cursor), (named("x"), ScopeCursor::default()));
    mark_next(&store, &["b", "a", "B"]).await;
    let status = fixture.open().await.status().await.unwrap();
    assert_eq!((status.fanout_tasks, status.stale_products), (1, 3));
    assert_eq!(stale(&store).await, ["B", "a", "b"]);
    assert_eq!(dropped(&store, async |tx| tx.stale(2).await.unwrap().ids).await, ["B", "a"]);
    commit(&store, async |tx| assert!(tx.unmarked_fanout().await.unwrap().is_none())).await;
    assert_eq!(clear(&store, &["a", "B", "none"]).await, 1);
    assert_eq!(stale(&store).await, ["b"]);
    assert_eq!(clear(&store, &["b"]).await, 0);
    let status = store.status().await.unwrap();
    assert_eq!((status.fanout_tasks, status.stale_products), (0, 0));
    // One that reaches nothing ends as well.
    commit(&store, async |tx| add(tx, 6, &named("y")).await).await;
    mark_next(&store, &[]).await;
    assert_eq!(clear(&store, &[]).await, 0);
}

pub async fn tasks_that_share_products_end_in_turn(fixture: &impl Fixture) {
    let store = fixture.open().await;
    commit(&store, async |tx| {
        add(tx, 1, &named("first")).await;
        add(tx, 2, &named("second")).await;
        add(tx, 3, &named("third")).await;
    })
    .await;
    let next = async || {
        let task = dropped(&store, async |tx| tx.unmarked_fanout().await.unwrap()).await;
        task.map(|task| task.scope.brands[0].clone())
    };
    assert_eq!(next().await.as_deref(), Some("first"), "the oldest first");
    mark_next(&store, &["shared", "z first"]).await;
    assert_eq!(next().await.as_deref(), Some("second"));
    mark_next(&store, &["a second", "shared"]).await;
    assert_eq!(stale(&store).await, ["shared", "z first", "a second"], "the oldest task's first");
    assert_eq!(clear(&store, &["a second"]).await, 3, "the shared one is still to be done");
    assert_eq!(clear(&store, &["shared"]).await, 3, "a later task waits for an earlier one");
    assert_eq!(clear(&store, &["z first"]).await, 1, "both are done; the third is not marked");
    // A product that is done for one task can become stale for the next.
    mark_next(&store, &["shared"]).await;
    assert_eq!(next().await, None);
    assert_eq!(clear(&store, &[]).await, 1);
    assert_eq!(clear(&store, &["shared"]).await, 0);
}

/// What changes before a round begins is marked in it; what changes later waits for the next one.
pub async fn a_round_marks_for_several_tasks(fixture: &impl Fixture) {
    let store = fixture.open().await;
    save_products(&store).await;
    let first = commit(&store, async |tx| {
        add(tx, 1, &named("odd")).await;
        add(tx, 2, &Scope { products: strings(["a"]), ..Scope::default() }).await;
        add(tx, 3, &named("even")).await;
        let first = tx.unmarked_fanout().await.unwrap().unwrap().task;
        let together = Scope {
            products: strings(["a"]),
            brands: strings(["even", "odd"]),
            ..Scope::default()
        };
        assert_eq!(tx.begin_round(first).await.unwrap(), together);
        let cursor = ScopeCursor { part: 1, after: String::new() };
        mark(tx, first, &strings(["a"]), Some(&cursor)).await;
        add(tx, 4, &named("odd")).await;
        let round = tx.unmarked_fanout().await.unwrap().unwrap();
        assert_eq!((round.task, round.scope, round.cursor), (first, together, cursor));
        first
    })
    .await;
    assert_eq!(
        clear(&store, &["a"]).await,
        4,
        "none ends before all that the round reaches is marked"
    );
    let other = fixture.open().await;
    commit(&other, async |tx| {
        assert_eq!(tx.unmarked_fanout().await.unwrap().unwrap().task, first);
        mark(tx, first, &strings(["b"]), None).await;
    })
    .await;
    assert_eq!(clear(&store, &[]).await, 4, "one of its products is still stale");
    assert_eq!(clear(&store, &["b"]).await, 1, "all of the round end; the next one has not begun");
    mark_next(&store, &[]).await;
    assert_eq!(clear(&store, &[]).await, 0);
}

/// Whoever waits for a deferred batch does not wait for discounts that reach much more.
pub async fn deferred_batches_go_before_discounts(fixture: &impl Fixture) {
    let store = fixture.open().await;
    commit(&store, async |tx| {
        add(tx, 1, &named("wide")).await;
        let task = tx.unmarked_fanout().await.unwrap().unwrap().task;
        mark(tx, task, &strings(["a", "both"]), None).await;
    })
    .await;
    let partition = Partition { topic: "catalog.price".to_owned(), partition: 0 };
    commit(&store, async |tx| {
        let moved = Advance { last: None, partition: partition.clone(), expected: 0, next: 9 };
        tx.advance(std::slice::from_ref(&moved)).await.unwrap();
        tx.defer(&strings(["both", "z"]), &[moved]).await.unwrap();
    })
    .await;
    let chunk = async |limit| dropped(&store, async |tx| tx.stale(limit).await.unwrap()).await;
    let deferred = |ids: &[&str]| StaleProducts { ids: strings(ids), deferred: true };
    assert_eq!(chunk(1).await, deferred(&["both"]));
    assert_eq!(chunk(9).await, deferred(&["both", "z", "a"]));
    let position = Position { topic: partition.topic, partition: 0, offset: 8 };
    let reflects = async || {
        store.snapshot().await.unwrap().reflects(std::slice::from_ref(&position)).await.unwrap()
    };
    assert_eq!(clear(&store, &["z"]).await, 2);
    assert!(!reflects().await);
    assert_eq!(clear(&store, &["both"]).await, 1, "the discount still has one to go");
    assert!(reflects().await);
    assert_eq!(chunk(9).await, StaleProducts { ids: strings(["a"]), deferred: false });
    assert_eq!(clear(&store, &["a"]).await, 0);
}

/// Tasks are not always marked in their order: what two share belongs to the older one.
pub async fn an_earlier_task_takes_over_a_product(fixture: &impl Fixture) {
    let store = fixture.open().await;
    commit(&store, async |tx| {
        add(tx, 1, &named("first")).await;
        let first = tx.unmarked_fanout().await.unwrap().unwrap().task;
        mark(tx, first, &[], None).await;
        add(tx, 2, &named("second")).await;
        let second = tx.unmarked_fanout().await.unwrap().unwrap().task;
        mark(tx, second, &strings(["shared", "second's"]), None).await;
        mark(tx, first, &strings(["shared"]), None).await;
        assert_eq!(tx.finish_fanouts().await.unwrap().tasks, 2);
    })
    .await;
    assert_eq!(stale(&store).await, ["shared", "second's"]);
    assert_eq!(clear(&store, &["shared"]).await, 1);
    assert_eq!(clear(&store, &["second's"]).await, 0);
}

pub async fn marking_goes_on_where_it_stopped(fixture: &impl Fixture) {
    let store = fixture.open().await;
    save_products(&store).await;
    let scope = Scope {
        products: strings(["a", "A"]),
        brands: strings(["even"]),
        all: false,
        ..Scope::default()
    };
    commit(&store, async |tx| add(tx, 1, &scope).await).await;
    let mut rounds = 0;
    // Each round is another process.
    loop {
        let store = fixture.open().await;
        let more = commit(&store, async |tx| {
            let Some(task) = tx.unmarked_fanout().await.unwrap() else { return false };
            assert_eq!(task.scope, scope);
            let reached = tx.products_reached(&task.scope, task.cursor, 2).await.unwrap();
            mark(tx, task.task, &reached.0, reached.1.as_ref()).await;
            assert_eq!(tx.finish_fanouts().await.unwrap().tasks, 1);
            true
        });
        if !more.await {
            break;
        }
        rounds += 1;
        assert!(rounds < 20);
    }
    assert!(rounds > 4, "{rounds}");
    let expected: BTreeSet<&str> = every(2).into_iter().chain(["a", "A"]).collect();
    assert_eq!(stale(&store).await, expected.into_iter().collect::<Vec<_>>());
}

pub async fn a_position_is_reflected_once_its_fanout_ends(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let position =
        |topic: &str, partition, offset| Position { topic: topic.to_owned(), partition, offset };
    let reflects = async |positions: &[Position]| {
        store.snapshot().await.unwrap().reflects(positions).await.unwrap()
    };
    let here = |offset| position(TOPIC, 0, offset);
    assert!(reflects(&[]).await);
    assert!(!reflects(&[here(0)]).await, "nothing was projected yet");
    let moves = [(TOPIC, 0), (TOPIC, 1), ("catalog.price", 0)].map(|(topic, partition)| Advance {
        last: None,
        partition: Partition { topic: topic.to_owned(), partition },
        expected: 0,
        next: 10,
    });
    commit(&store, async |tx| tx.advance(&moves).await.unwrap()).await;
    assert!(reflects(&[here(0), here(9)]).await);
    assert!(!reflects(&[here(10)]).await, "the next one is not there yet");
    assert!(!reflects(&[here(3), here(i64::MAX)]).await);
    assert!(!reflects(&[position("catalog.Price", 0, 3)]).await);
    assert!(!reflects(&[position("catalog.price", 2, 3)]).await);

    commit(&store, async |tx| {
        add(tx, 4, &named("x")).await;
        add(tx, 7, &named("y")).await;
    })
    .await;
    let price = position("catalog.price", 0, 9);
    // What comes before a fan-out is reflected, also elsewhere; what comes with it or after is not.
    let check = async |reflected: i64| {
        for offset in 0..10 {
            let expected = offset <= reflected;
            assert_eq!(reflects(&[here(offset)]).await, expected, "{offset}");
            assert_eq!(reflects(&[price.clone(), here(offset)]).await, expected, "{offset}");
        }
        // Facts are as far as the position is.
        let mut snapshot = store.snapshot().await.unwrap();
        let facts: Reflected = snapshot.positions().await.unwrap().into_iter().collect();
        assert!(facts.holds(&[price.clone(), here(9)]) && !facts.holds(&[here(10)]));
        let views = snapshot.reflected().await.unwrap();
        assert_eq!(views.holds(&[here(9)]), reflected == 9);
        assert!(facts.covers(&views) && (reflected == 9 || !views.covers(&facts)));
        assert!(reflects(&[price.clone(), position(TOPIC, 1, 9)]).await);
    };
    check(3).await;
    mark_next(&store, &["p", "q"]).await;
    check(3).await;
    assert_eq!(clear(&store, &["p"]).await, 2);
    check(3).await;
    assert_eq!(clear(&store, &["q"]).await, 1);
    check(6).await;
    mark_next(&store, &["q"]).await;
    let mut before = store.snapshot().await.unwrap();
    assert!(!before.reflects(&[here(7)]).await.unwrap());
    assert_eq!(clear(&store, &["q"]).await, 0);
    check(9).await;
    assert!(!before.reflects(&[here(7)]).await.unwrap(), "a snapshot stays as it is");
}
