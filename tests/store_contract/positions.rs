//! Positions move by compare-and-set, and settings.

use vitrine::log::position::Partition;
use vitrine::store::{Advance, Mark, StoreError, Transaction};

use super::support::{commit, dropped, sorted};
use super::{Fixture, Store};

fn partition(topic: &str, partition: i32) -> Partition {
    Partition { topic: topic.to_owned(), partition }
}

fn advance(partition: &Partition, expected: i64, next: i64) -> Advance {
    Advance { last: None, partition: partition.clone(), expected, next }
}

async fn positions(store: &Store) -> Vec<(Partition, i64)> {
    sorted(store.snapshot().await.unwrap().positions().await.unwrap())
}

/// What another projector has moved is refused, by name.
async fn refused(tx: &mut dyn Transaction, moves: &[Advance], at_fault: &Advance) {
    match tx.advance(moves).await {
        Err(StoreError::PositionMoved { partition, expected }) => {
            assert_eq!((&partition, expected), (&at_fault.partition, at_fault.expected));
        }
        other => panic!("{moves:?}: {other:?}"),
    }
}

/// The last event of a partition is known until another one is.
pub async fn a_move_keeps_the_last_event(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let topic = partition("topic", 3);
    let last = async || {
        let standings = store.snapshot().await.unwrap().standings().await.unwrap();
        standings.into_iter().find(|s| s.partition == topic).map(|s| (s.next, s.last))
    };
    assert_eq!(last().await, None);
    let mark = |offset| Some(Mark { offset, fingerprint: -7 * offset });
    for (step, expected) in [
        (Advance { last: mark(4), ..advance(&topic, 0, 5) }, mark(4)),
        // What is passed over has none.
        (advance(&topic, 5, 9), mark(4)),
        (Advance { last: mark(9), ..advance(&topic, 9, 10) }, mark(9)),
    ] {
        let next = step.next;
        commit(&store, async |tx| tx.advance(&[step]).await.unwrap()).await;
        assert_eq!(last().await, Some((next, expected)));
    }
    let refused_step = Advance { last: mark(1), ..advance(&topic, 3, 4) };
    let moves = std::slice::from_ref(&refused_step);
    dropped(&store, async |tx| refused(tx, moves, &refused_step).await).await;
    assert_eq!(last().await, Some((10, mark(9))));
}

pub async fn a_position_moves_only_from_where_it_is(fixture: &impl Fixture) {
    let store = fixture.open().await;
    // The position that is known, the one expected, and whether it moves.
    let table = [
        (None, 0, true),
        (None, 1, false),
        (None, 5, false),
        (Some(5), 5, true),
        (Some(5), 4, false),
        (Some(5), 6, false),
        (Some(5), 0, false),
        (Some(0), 0, true),
        (Some(0), 1, false),
        (Some(i64::MAX - 1), i64::MAX - 1, true),
    ];
    for (i, (known, expected, moves)) in table.into_iter().enumerate() {
        let topic = partition(&format!("topic-{i}"), 3);
        if let Some(known) = known {
            let first = advance(&topic, 0, known);
            commit(&store, async |tx| tx.advance(&[first]).await.unwrap()).await;
        }
        let step = advance(&topic, expected, expected + 1);
        let reached = if moves {
            commit(&store, async |tx| tx.advance(&[step]).await.unwrap()).await;
            Some(expected + 1)
        } else {
            dropped(&store, async |tx| refused(tx, std::slice::from_ref(&step), &step).await).await;
            known
        };
        let kept = fixture.open().await;
        for store in [&store, &kept] {
            let now = positions(store).await;
            let now = now.iter().find(|(p, _)| *p == topic).map(|(_, next)| *next);
            assert_eq!(now, reached, "known {known:?}, expected {expected}");
        }
    }
}

pub async fn one_conflict_leaves_every_partition_where_it_was(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let (a, b) = (partition("a", 0), partition("b", 0));
    let start = [advance(&a, 0, 10), advance(&b, 0, 20)];
    commit(&store, async |tx| tx.advance(&start).await.unwrap()).await;
    let before = positions(&store).await;
    assert_eq!(before, [(a.clone(), 10), (b.clone(), 20)]);
    let (good, bad) = (advance(&a, 10, 11), advance(&b, 19, 21));
    for moves in [[good.clone(), bad.clone()], [bad.clone(), good.clone()]] {
        dropped(&store, async |tx| refused(tx, &moves, &bad).await).await;
        assert_eq!(positions(&store).await, before);
    }
    let both = [good, advance(&b, 20, 21)];
    commit(&store, async |tx| tx.advance(&both).await.unwrap()).await;
    // The same moves once more come from a projector that is behind.
    dropped(&store, async |tx| refused(tx, &both, &both[0]).await).await;
    assert_eq!(positions(&store).await, [(a, 11), (b, 21)]);
}

pub async fn partitions_are_told_apart(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let partitions = [
        partition("catalog.price", 0),
        partition("catalog.price", 1),
        partition("catalog.price", i32::MAX),
        partition("Catalog.price", 0),
        partition("catalog.stock", 0),
    ];
    assert_eq!(positions(&store).await, []);
    let moves: Vec<Advance> =
        (1..).zip(&partitions).map(|(next, partition)| advance(partition, 0, next)).collect();
    commit(&store, async |tx| tx.advance(&moves).await.unwrap()).await;
    let expected = sorted(partitions.into_iter().zip(1..));
    assert_eq!(positions(&store).await, expected);
    commit(&store, async |tx| {
        tx.advance(&[]).await.unwrap();
        assert_eq!(sorted(tx.positions().await.unwrap()), expected);
    })
    .await;
}

pub async fn settings_are_kept_changed_and_removed(fixture: &impl Fixture) {
    let store = fixture.open().await;
    for value in [Some("1"), Some("a=b 한 'x'"), Some(""), None, None, Some("2")] {
        commit(&store, async |tx| {
            tx.set_meta("key", value).await.unwrap();
            tx.set_meta("KEY", Some("other")).await.unwrap();
            assert_eq!(tx.meta("key").await.unwrap().as_deref(), value);
        })
        .await;
        let mut kept = fixture.open().await.snapshot().await.unwrap();
        assert_eq!(kept.meta("key").await.unwrap().as_deref(), value);
        assert_eq!(kept.meta("KEY").await.unwrap().as_deref(), Some("other"));
    }
}
