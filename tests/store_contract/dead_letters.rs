//! Events that could not be used, kept until something comes of them.

use projections::event::Kind;
use projections::instant::Instant;
use vitrine::clock;
use vitrine::decode::Subject;
use vitrine::log::position::Position;
use vitrine::log::record::Record;
use vitrine::store::dead_letter::{DeadLetter, DeadLetterFilter, NewDeadLetter, Settlement};

use super::support::{commit, dropped};
use super::{Fixture, Store};

fn letter(offset: i64, subject: Option<(Kind, &str, Option<u64>)>) -> NewDeadLetter {
    NewDeadLetter {
        position: Position { topic: "catalog.price".into(), partition: 1, offset },
        code: "data.amount.negative".into(),
        detail: format!("`data.amount` is -{offset}"),
        subject: subject.map(|(kind, key, version)| Subject { kind, key: key.into(), version }),
        record: Record::plain(vec![offset as u8; 3].into()),
    }
}

async fn put(store: &Store, letters: &[NewDeadLetter]) {
    commit(store, async |tx| tx.put_dead_letters(letters).await.unwrap()).await;
}

async fn listed(store: &Store, filter: DeadLetterFilter) -> Vec<DeadLetter> {
    store.dead_letters(filter, 0, 10_000).await.unwrap()
}

/// The states of all of them, in order.
async fn states(store: &Store) -> Vec<String> {
    listed(store, DeadLetterFilter::All).await.into_iter().map(|l| l.state).collect()
}

pub async fn a_dead_letter_is_kept_whole_and_once(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let before = clock::now();
    let mut whole = letter(i64::MAX, Some((Kind::Stock, "a@b@한", Some((1 << 53) - 1))));
    // Bytes that are no text, and many.
    let bytes: Vec<u8> = (0..1_048_576u32).map(|i| (i % 251) as u8).chain([0, 255]).collect();
    whole.record = Record {
        key: Some("a@b@한".into()),
        headers: vec![("h".into(), vec![0, 255].into()), ("h".into(), "again".into())],
        value: Some(bytes.into()),
        timestamp: Some(Instant(i64::MIN)),
    };
    whole.position.partition = i32::MAX;
    let bare = NewDeadLetter { record: Record::plain("".into()), ..letter(0, None) };
    put(&store, &[whole.clone(), bare.clone()]).await;
    let check = async |store: &Store| {
        let letters = listed(store, DeadLetterFilter::Open).await;
        assert_eq!(letters.len(), 2);
        for (kept, put) in letters.iter().zip([&whole, &bare]) {
            assert_eq!(kept.position, put.position.to_string());
            assert_eq!((&kept.code, &kept.detail), (&put.code, &put.detail));
            assert_eq!((&*kept.state, kept.state_since), ("open", kept.received_at));
            assert!(before <= kept.received_at && kept.received_at <= clock::now());
            let subject = put.subject.as_ref();
            assert_eq!(kept.kind.as_deref(), subject.map(|s| s.kind.name()));
            assert_eq!(kept.entity_key.as_ref(), subject.map(|s| &s.key));
            assert_eq!(kept.entity_version, subject.and_then(|s| s.version));
            let shown = store.dead_letter(kept.id).await.unwrap().unwrap();
            assert_eq!((shown.id, shown.position), (kept.id, put.position.to_string()));
            assert!(shown.record == put.record, "the bytes as they came");
        }
        assert_eq!(store.dead_letter(letters[1].id + 1).await.unwrap().map(|l| l.id), None);
    };
    check(&store).await;
    // Read once more (its position moved back), the same one is not another; a neighbour is.
    let again = NewDeadLetter { code: "other".into(), ..bare.clone() };
    put(&store, &[again, whole.clone()]).await;
    check(&fixture.open().await).await;
    let mut neighbours = [bare.clone(), bare.clone(), bare.clone()];
    neighbours[0].position.offset = 1;
    neighbours[1].position.partition = 0;
    neighbours[2].position.topic = "catalog.stock".into();
    put(&store, &neighbours).await;
    assert_eq!(store.status().await.unwrap().dead_letters_open, 5);
}

pub async fn dead_letters_are_listed_page_by_page(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let letters: Vec<NewDeadLetter> = (0..25).rev().map(|i| letter(i, None)).collect();
    put(&store, &letters[..10]).await;
    put(&store, &letters[10..]).await;
    let all = listed(&store, DeadLetterFilter::All).await;
    let positions: Vec<&str> = all.iter().map(|l| l.position.as_str()).collect();
    let expected: Vec<String> = letters.iter().map(|l| l.position.to_string()).collect();
    assert_eq!(positions, expected, "oldest first");
    assert!(all.is_sorted_by(|a, b| a.id < b.id) && all[0].id > 0);
    commit(&store, async |tx| {
        for closed in all.iter().step_by(3) {
            assert!(tx.close_dead_letter(closed.id, "discarded").await.unwrap());
        }
    })
    .await;
    let ids: Vec<i64> = all.iter().map(|l| l.id).collect();
    let open: Vec<i64> = (0..).zip(&ids).filter(|(i, _)| i % 3 != 0).map(|(_, id)| *id).collect();
    for (filter, expected) in [(DeadLetterFilter::All, ids), (DeadLetterFilter::Open, open)] {
        for limit in [1, 7, 100] {
            let mut seen: Vec<i64> = Vec::new();
            loop {
                let after = seen.last().copied().unwrap_or_default();
                let page = store.dead_letters(filter, after, limit).await.unwrap();
                assert!(page.len() <= limit as usize);
                if page.is_empty() {
                    break;
                }
                seen.extend(page.iter().map(|l| l.id));
                assert!(seen.len() <= expected.len(), "{filter:?} by {limit}: {seen:?}");
            }
            assert_eq!(seen, expected, "{filter:?} by {limit}");
        }
        assert_eq!(store.dead_letters(filter, i64::MAX, 10).await.unwrap().len(), 0);
    }
}

pub async fn only_a_newer_version_settles(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let of = |kind, key, version| Some((kind, key, version));
    let subjects = [
        of(Kind::Price, "p", Some(5)),
        of(Kind::Price, "p", Some(6)),
        of(Kind::Price, "p", None),
        of(Kind::Stock, "p", Some(1)),
        of(Kind::Price, "P", Some(1)),
        None,
        of(Kind::Review, "r", Some((1 << 53) - 2)),
    ];
    let settle = async |kind, key: &str, version| {
        let settled = [Settlement { kind, key, version }];
        commit(&store, async |tx| tx.settle_dead_letters(&settled).await.unwrap()).await
    };
    assert_eq!(settle(Kind::Price, "p", 6).await, 0, "there are none yet");
    let letters: Vec<NewDeadLetter> =
        (0..).zip(subjects).map(|(offset, subject)| letter(offset, subject)).collect();
    put(&store, &letters).await;
    assert_eq!(settle(Kind::Product, "p", 9).await, 0);
    assert_eq!(settle(Kind::Price, "none", 9).await, 0);
    let (open, settled) = ("open", "settled");
    assert_eq!(states(&store).await, [open; 7]);
    assert_eq!(settle(Kind::Price, "p", 6).await, 2, "the older one, and one of no version");
    assert_eq!(states(&store).await, [settled, open, settled, open, open, open, open]);
    assert_eq!(settle(Kind::Price, "p", 6).await, 0, "a version does not settle itself");
    let both = [
        Settlement { kind: Kind::Price, key: "p", version: 7 },
        Settlement { kind: Kind::Review, key: "r", version: (1 << 53) - 1 },
    ];
    dropped(&store, async |tx| {
        assert_eq!(tx.settle_dead_letters(&both).await.unwrap(), 2);
    })
    .await;
    let count = commit(&store, async |tx| tx.settle_dead_letters(&both).await.unwrap()).await;
    assert_eq!(count, 2);
    let now = [settled, settled, settled, open, open, open, settled];
    assert_eq!(states(&fixture.open().await).await, now);
    assert_eq!(store.status().await.unwrap().dead_letters_open, 3);
    for letter in listed(&store, DeadLetterFilter::All).await {
        assert!(letter.state_since >= letter.received_at);
    }
}

pub async fn only_open_ones_are_closed(fixture: &impl Fixture) {
    let store = fixture.open().await;
    put(&store, &[letter(0, None), letter(1, Some((Kind::Price, "p", Some(1))))]).await;
    let ids: Vec<i64> =
        listed(&store, DeadLetterFilter::All).await.iter().map(|letter| letter.id).collect();
    let close = async |id, state: &str| {
        commit(&store, async |tx| tx.close_dead_letter(id, state).await.unwrap()).await
    };
    assert!(!close(ids[1] + 1, "discarded").await, "there is none of that id");
    assert!(close(ids[0], "discarded").await);
    assert!(!close(ids[0], "retried").await);
    assert!(close(ids[1], "retried").await);
    let settled = [Settlement { kind: Kind::Price, key: "p", version: 9 }];
    let count = commit(&store, async |tx| tx.settle_dead_letters(&settled).await.unwrap()).await;
    assert_eq!((count, states(&store).await), (0, vec!["discarded".into(), "retried".into()]));
    // The closed one stays to be looked at, and its event is not a new one.
    put(&store, &[letter(0, None)]).await;
    assert_eq!(listed(&store, DeadLetterFilter::Open).await.len(), 0);
    let shown = store.dead_letter(ids[0]).await.unwrap().unwrap();
    let first = letter(0, None);
    assert_eq!((&*shown.state, &shown.record), ("discarded", &first.record));
}
