//! The feed of changes: each is read once and in whole, by whoever has a cursor.

use std::time::{Duration, Instant as Clock};

use projections::discount::Scope;
use vitrine::changes::Collector;
use vitrine::store::feed::{Change, ChangeCursor, MAX_NAMES};

use super::support::{commit, dropped, strings};
use super::{Fixture, Store};

/// A change of this product, with something of everything.
fn change(id: &str) -> Change {
    Change {
        everything: false,
        products: strings([id]),
        scopes: vec![Scope { skus: strings(["s", "ß"]), ..Scope::default() }],
    }
}

async fn record(store: &Store, id: &str) {
    commit(store, async |tx| tx.record_change(&change(id)).await.unwrap()).await;
}

async fn now(store: &Store) -> ChangeCursor {
    let answer = store.changes(None).await.unwrap();
    assert!(answer.changes.is_empty() && !answer.lost);
    answer.cursor
}

/// The products of what came after the cursor, which moves on.
async fn next(store: &Store, cursor: &mut ChangeCursor) -> Vec<String> {
    let answer = store.changes(Some(cursor)).await.unwrap();
    assert!(!answer.lost, "{cursor}");
    *cursor = answer.cursor;
    for told in &answer.changes {
        assert_eq!(*told, change(&told.products[0]));
    }
    let mut ids: Vec<String> = answer.changes.into_iter().flat_map(|c| c.products).collect();
    ids.sort();
    ids
}

pub async fn a_change_is_read_once_by_each_reader(fixture: &impl Fixture) {
    let store = fixture.open().await;
    record(&store, "before").await;
    let (mut one, mut other) = (now(&store).await, now(&store).await);
    assert!(next(&store, &mut one).await.is_empty());
    record(&store, "a").await;
    record(&store, "b").await;
    assert_eq!(next(&store, &mut one).await, ["a", "b"]);
    record(&store, "c").await;
    assert_eq!(next(&store, &mut one).await, ["c"]);
    assert!(next(&store, &mut one).await.is_empty());
    assert_eq!(next(&store, &mut other).await, ["a", "b", "c"]);
    // A cursor may be used again: it says from where.
    let mut again = other.clone();
    record(&store, "d").await;
    assert_eq!(next(&store, &mut again).await, ["d"]);
    assert_eq!(next(&store, &mut other).await, ["d"]);
}

pub async fn only_what_is_committed_is_read(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let mut cursor = now(&store).await;
    dropped(&store, async |tx| tx.record_change(&change("never")).await.unwrap()).await;
    assert!(next(&store, &mut cursor).await.is_empty());
    let mut tx = store.begin().await.unwrap();
    tx.record_change(&change("late")).await.unwrap();
    assert!(next(&store, &mut cursor).await.is_empty());
    // Who begins while it is under way hears of it too.
    let mut begun = now(&store).await;
    tx.commit().await.unwrap();
    assert_eq!(next(&store, &mut cursor).await, ["late"]);
    assert_eq!(next(&store, &mut begun).await, ["late"]);
    assert!(next(&store, &mut cursor).await.is_empty());
}

pub async fn an_empty_change_is_not_written(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let cursor = now(&store).await;
    commit(&store, async |tx| tx.record_change(&Change::default()).await.unwrap()).await;
    let answer = store.changes(Some(&cursor)).await.unwrap();
    assert!(answer.changes.is_empty() && !answer.lost);
}

pub async fn a_cursor_is_a_text(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let cursor = now(&store).await;
    record(&store, "a").await;
    let mut again = ChangeCursor::new(cursor.to_string());
    assert_eq!(again, cursor);
    assert_eq!(next(&store, &mut again).await, ["a"]);
    for odd in ["", "x", "9 9", "'; DROP TABLE change; --"] {
        // Refused or lost: never a panic, nor as if nothing had happened.
        if let Ok(answer) = store.changes(Some(&ChangeCursor::new(odd))).await {
            assert!(answer.lost, "{odd}");
        }
    }
    assert!(next(&store, &mut again).await.is_empty());
}

pub async fn an_image_is_known_by_its_note(fixture: &impl Fixture) {
    let store = fixture.open().await;
    record(&store, "before").await;
    let cursor = now(&store).await;
    assert_eq!(store.resume("token", &cursor).await.unwrap(), None);
    store.note_image("token").await.unwrap();
    record(&store, "after").await;
    // As another process, and again and again.
    for store in [fixture.open().await, fixture.open().await] {
        let mut gone_on = store.resume("token", &cursor).await.unwrap().unwrap();
        assert_eq!(next(&store, &mut gone_on).await, ["after"]);
        assert!(next(&store, &mut gone_on).await.is_empty());
        assert_eq!(store.resume("toke", &cursor).await.unwrap(), None);
        assert_eq!(store.resume("token%", &cursor).await.unwrap(), None);
    }
    let beside = fixture.open_beside().await;
    assert_eq!(beside.resume("token", &cursor).await.unwrap(), None);
    // Another kind of store's.
    for odd in ["", "9", "x 9"] {
        assert_eq!(store.resume("other", &ChangeCursor::new(odd)).await.unwrap(), None, "{odd}");
    }
}

pub async fn old_notes_of_images_go(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let millis = vitrine::clock::now().millis();
    let days_ago = |days: i64| (millis - days * 24 * 3_600_000).to_string();
    let notes = ["index_image.old", "index_image.new", "index-image.other"];
    commit(&store, async |tx| {
        for (note, days) in notes.iter().zip([31, 29, 31]) {
            tx.set_meta(note, Some(&days_ago(days))).await.unwrap();
        }
        tx.set_meta("another", Some("no time")).await.unwrap();
    })
    .await;
    store.note_image("token").await.unwrap();
    let mut snapshot = store.snapshot_fresh().await.unwrap();
    let mut there = Vec::new();
    for key in notes.iter().chain(&["another"]) {
        there.push(snapshot.meta(key).await.unwrap().is_some());
    }
    assert_eq!(there, [false, true, true, true]);
}

pub async fn what_was_pruned_is_lost_to_old_cursors_only(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let keep = Duration::from_secs(2);
    let old = now(&store).await;
    record(&store, "a").await;
    assert_eq!(store.prune_changes(Duration::from_secs(600)).await.unwrap(), 0);
    let mut new = now(&store).await;
    assert_eq!(next(&store, &mut old.clone()).await, ["a"]);
    tokio::time::sleep(keep + keep / 4).await;
    assert_eq!(store.prune_changes(keep).await.unwrap(), 1);
    let answer = store.changes(Some(&old)).await.unwrap();
    assert!(answer.lost && answer.changes.is_empty());
    let mut gone_on = answer.cursor;
    assert!(next(&store, &mut new).await.is_empty());
    record(&store, "b").await;
    assert_eq!(next(&store, &mut new).await, ["b"]);
    assert_eq!(next(&store, &mut gone_on).await, ["b"]);
    // Nothing to prune, and it stays lost.
    assert_eq!(store.prune_changes(Duration::from_secs(600)).await.unwrap(), 0);
    assert!(store.changes(Some(&old)).await.unwrap().lost);
    assert!(next(&store, &mut new).await.is_empty());
}

pub async fn many_changes_are_pruned_in_steps(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let old = now(&store).await;
    for _ in 0..3 {
        commit(&store, async |tx| {
            for _ in 0..800 {
                tx.record_change(&change("a")).await.unwrap();
            }
        })
        .await;
    }
    assert_eq!(store.changes(Some(&old)).await.unwrap().changes.len(), 2_400);
    assert_eq!(store.prune_changes(Duration::ZERO).await.unwrap(), 2_400);
    assert!(store.changes(Some(&old)).await.unwrap().lost);
}

pub async fn too_many_changes_count_as_lost(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let old = now(&store).await;
    // Of more bytes than are read at once, which no compression makes fewer.
    let mut noise: u64 = 1;
    commit(&store, async |tx| {
        for _ in 0..66 {
            let mut name = String::with_capacity(1 << 20);
            while name.len() < 1 << 20 {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                name.push(char::from(b' ' + (noise >> 57) as u8 % 95));
            }
            tx.record_change(&Change { products: vec![name], ..Change::default() }).await.unwrap();
        }
    })
    .await;
    let answer = store.changes(Some(&old)).await.unwrap();
    assert!(answer.lost && answer.changes.is_empty());
    record(&store, "b").await;
    assert_eq!(next(&store, &mut answer.cursor.clone()).await, ["b"]);
}

pub async fn a_commit_is_hinted_at(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let mut hints = store.change_hints().await.unwrap();
    let mut cursor = now(&store).await;
    // Whatever was hinted at so far.
    hints.wait(Duration::from_millis(300)).await;
    hints.wait(Duration::from_millis(300)).await;
    for id in ["a", "b", "c"] {
        let waiting = tokio::spawn(async move {
            let started = Clock::now();
            hints.wait(crate::harness::PATIENCE).await;
            (hints, started.elapsed())
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        record(&store, id).await;
        let (back, took) = waiting.await.unwrap();
        hints = back;
        assert!(took < crate::harness::PATIENCE, "{took:?}");
        assert_eq!(next(&store, &mut cursor).await, [id]);
    }
    // Nothing is left to be hinted at, but for what was late before the first.
    let mut took = Duration::ZERO;
    for _ in 0..3 {
        let started = Clock::now();
        hints.wait(Duration::from_millis(100)).await;
        took = took.max(started.elapsed());
    }
    assert!(took >= Duration::from_millis(90), "{took:?}");
}

pub async fn too_much_to_tell_is_everything(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let mut cursor = now(&store).await;
    for (products, everything) in [(MAX_NAMES, false), (MAX_NAMES + 1, true)] {
        let mut told = Collector::default();
        for i in 0..products {
            told.product(&format!("p{i}"));
        }
        let change = told.finish();
        assert_eq!(change.everything, everything);
        assert_eq!(change.products.len(), if everything { 0 } else { products });
        commit(&store, async |tx| tx.record_change(&change).await.unwrap()).await;
        let answer = store.changes(Some(&cursor)).await.unwrap();
        assert_eq!(answer.changes, [change]);
        cursor = answer.cursor;
    }
}
