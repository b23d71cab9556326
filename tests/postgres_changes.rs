//! The feed of changes in PostgreSQL: transactions commit in any order, beside others that stay open, and
//! connections break.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::postgres_server::Database;
use sqlx::{Connection, Executor};
use vitrine::store::feed::{Change, ChangeCursor};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::{ReadStore, Transaction};

async fn open(database: &Database) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap())
}

fn change(id: &str) -> Change {
    Change { products: vec![id.to_owned()], ..Change::default() }
}

async fn begun(store: &PostgresStore, id: &str) -> Box<dyn Transaction> {
    let mut tx = store.begin().await.unwrap();
    tx.record_change(&change(id)).await.unwrap();
    tx
}

async fn now(store: &PostgresStore) -> ChangeCursor {
    store.changes(None).await.unwrap().cursor
}

async fn next(store: &PostgresStore, cursor: &mut ChangeCursor) -> Vec<String> {
    let answer = store.changes(Some(cursor)).await.unwrap();
    assert!(!answer.lost, "{cursor}");
    *cursor = answer.cursor;
    answer.changes.into_iter().flat_map(|change| change.products).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_commit_in_another_order_are_read_once() {
    let database = Database::create().await;
    let store = open(&database).await;
    // Which of the steps between the commits are followed by a poll.
    for polls in 0..16u32 {
        let mut cursor = now(&store).await;
        let mut read = Vec::new();
        let long = begun(&store, "long").await;
        let first = begun(&store, "first").await;
        let second = begun(&store, "second").await;
        let mut step = 0;
        let mut committed = Vec::new();
        for (id, tx) in [("second", second), ("first", first)] {
            tx.commit().await.unwrap();
            committed.push(id.to_owned());
            for _ in 0..2 {
                if polls & (1 << step) != 0 {
                    read.extend(next(&store, &mut cursor).await);
                    let set = |ids: &[String]| BTreeSet::from_iter(ids.to_vec());
                    assert_eq!(read.len(), committed.len(), "{polls:b}");
                    assert_eq!(set(&read), set(&committed), "{polls:b}");
                }
                step += 1;
            }
        }
        read.extend(next(&store, &mut cursor).await);
        read.sort();
        assert_eq!(read, ["first", "second"], "{polls:b}");
        long.commit().await.unwrap();
        assert_eq!(next(&store, &mut cursor).await, ["long"], "{polls:b}");
        assert!(next(&store, &mut cursor).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_and_pollers_miss_nothing() {
    const WRITERS: usize = 5;
    const EACH: usize = 60;
    let database = Database::create().await;
    let store = open(&database).await;
    let cursor = now(&store).await;
    let done = Arc::new(AtomicBool::new(false));
    let pollers: Vec<_> = (0..3)
        .map(|_| {
            let (store, mut cursor, done) = (Arc::clone(&store), cursor.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut read = Vec::new();
                loop {
                    let last = done.load(Ordering::SeqCst);
                    read.extend(next(&store, &mut cursor).await);
                    if last {
                        return read;
                    }
                }
            })
        })
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for i in 0..EACH {
                    let tx = begun(&store, &format!("{writer}-{i}")).await;
                    tokio::time::sleep(Duration::from_millis((i * 7 + writer) as u64 % 5)).await;
                    // Some are undone, and never read.
                    if i % 6 == 5 { drop(tx) } else { tx.commit().await.unwrap() }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    let all = (0..WRITERS).flat_map(|w| (0..EACH).map(move |i| (w, i)));
    let expected: BTreeSet<String> =
        all.filter(|(_, i)| i % 6 != 5).map(|(w, i)| format!("{w}-{i}")).collect();
    for poller in pollers {
        let read = poller.await.unwrap();
        assert_eq!(read.len(), expected.len(), "each once");
        assert_eq!(read.into_iter().collect::<BTreeSet<String>>(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commits_late_is_not_pruned_unseen() {
    let database = Database::create().await;
    let store = open(&database).await;
    let long = begun(&store, "long").await;
    let mut without = now(&store).await;
    begun(&store, "short").await.commit().await.unwrap();
    // The long one began first, and is not there yet: it stays.
    assert_eq!(store.prune_changes(Duration::ZERO).await.unwrap(), 1);
    let mut with = now(&store).await;
    long.commit().await.unwrap();
    assert!(store.changes(Some(&without)).await.unwrap().lost);
    assert_eq!(next(&store, &mut with).await, ["long"]);
    // A cursor that lacks only what is still there has not lost.
    without = now(&store).await;
    begun(&store, "after").await.commit().await.unwrap();
    assert_eq!(next(&store, &mut without).await, ["after"]);
    // One that was under way when a cursor was taken, and was pruned after its commit, is lost to it,
    // though it was begun before much that the cursor has seen.
    let late = begun(&store, "late").await;
    begun(&store, "seen").await.commit().await.unwrap();
    let cursor = now(&store).await;
    late.commit().await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(store.prune_changes(Duration::ZERO).await.unwrap(), 4);
    let all = now(&store).await;
    assert!(store.changes(Some(&cursor)).await.unwrap().lost);
    assert!(!store.changes(Some(&all)).await.unwrap().lost);
}

/// Reads on, as a follower does all the time, until no transaction is under way in the cursor. Those of all the server's
/// databases are in it, and whatever of them has ended when something is pruned might have been of the feed.
async fn read_on(store: &PostgresStore, cursor: &mut ChangeCursor) {
    let started = std::time::Instant::now();
    loop {
        assert!(next(store, cursor).await.is_empty());
        if cursor.as_str().ends_with(':') {
            return;
        }
        assert!(started.elapsed() < crate::harness::PATIENCE, "{cursor}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_keeps_what_is_young() {
    let database = Database::create().await;
    let store = open(&database).await;
    let mut cursor = now(&store).await;
    for _ in 0..3 {
        begun(&store, "a").await.commit().await.unwrap();
        // Longer than this test can stand still between the two.
        store.prune_changes(Duration::from_secs(600)).await.unwrap();
        assert_eq!(next(&store, &mut cursor).await, ["a"]);
    }
    let keep = Duration::from_millis(500);
    tokio::time::sleep(keep * 2).await;
    read_on(&store, &mut cursor).await;
    let mut conn = database.connect().await;
    store.prune_changes(keep).await.unwrap();
    read_on(&store, &mut cursor).await;
    tokio::time::sleep(keep * 2).await;
    store.prune_changes(keep).await.unwrap();
    let left: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM vitrine_g1.change), (SELECT count(*) FROM vitrine_g1.change_mark)",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert!(left.0 == 0 && left.1 <= 12, "{left:?}");
    assert!(next(&store, &mut cursor).await.is_empty());
    conn.close().await.unwrap();
}

/// Commits that nobody waited for may be gone with a crash, and their numbers given again.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_has_lost_where_commits_may_be() {
    let database = Database::create().await;
    let setting = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$";
    database.connect().await.execute(setting).await.unwrap();
    let store = open(&database).await;
    let cursor = now(&store).await;
    let mut conn = database.connect().await;
    conn.execute(BREAK).await.unwrap();
    let answer = store.changes(Some(&cursor)).await.unwrap();
    assert!(answer.lost && answer.changes.is_empty());
    let mut cursor = answer.cursor;
    begun(&store, "a").await.commit().await.unwrap();
    assert_eq!(next(&store, &mut cursor).await, ["a"]);
}

/// The server has been started since.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_server_has_lost() {
    let database = Database::create().await;
    let store = open(&database).await;
    let cursor = now(&store).await;
    let (_, snapshot) = cursor.as_str().split_once(' ').unwrap();
    let other = ChangeCursor::new(format!("1764547200.123456 {snapshot}"));
    assert!(store.changes(Some(&other)).await.unwrap().lost);
    assert!(!store.changes(Some(&cursor)).await.unwrap().lost);
}

const BREAK: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// No commit is lost with a connection: everything is read that came meanwhile, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_gone_on_from() {
    let database = Database::create().await;
    let store = open(&database).await;
    let mut hints = store.change_hints().await.unwrap();
    let cursor = now(&store).await;
    hints.wait(Duration::from_millis(300)).await;
    let mut conn = database.connect().await;
    conn.execute(BREAK).await.unwrap();
    begun(&store, "a").await.commit().await.unwrap();
    let mut cursor = cursor;
    assert_eq!(next(&store, &mut cursor).await, ["a"]);
    assert!(next(&store, &mut cursor).await.is_empty());
    // Whoever listens does so again, by and by.
    let started = std::time::Instant::now();
    loop {
        assert!(started.elapsed() < crate::harness::PATIENCE, "never heard again");
        hints.wait(Duration::from_millis(500)).await;
        let (waiting, telling) = (std::time::Instant::now(), begun(&store, "b").await);
        telling.commit().await.unwrap();
        hints.wait(Duration::from_secs(10)).await;
        if waiting.elapsed() < Duration::from_secs(5) {
            break;
        }
    }
    conn.close().await.unwrap();
    store.close().await;
}

/// Plans are made without statistics: what was read is passed over, not read again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_not_looked_at_again() {
    let database = Database::create().await;
    let store = open(&database).await;
    let mut conn = database.connect().await;
    let explain = "SET search_path = vitrine_g1; SET enable_seqscan = off; SET enable_bitmapscan = off;
        SET plan_cache_mode = force_generic_plan;
        PREPARE q(text) AS SELECT xid FROM change WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
            AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot) ORDER BY xid LIMIT 10";
    conn.execute(explain).await.unwrap();
    let plan: Vec<(String,)> =
        sqlx::query_as("EXPLAIN EXECUTE q('10:20:')").fetch_all(&mut conn).await.unwrap();
    let plan = format!("{plan:?}");
    assert!(plan.contains("change_of_transaction") && plan.contains("Index Cond"), "{plan}");
    conn.close().await.unwrap();
    store.close().await;
}

/// A dump brings notes with it when it is restored, and transactions have other numbers by then.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_of_the_server_that_it_was_made_beside() {
    let database = Database::create().await;
    let store = open(&database).await;
    let cursor = now(&store).await;
    for token in ["back", "elsewhere"] {
        store.note_image(token).await.unwrap();
        assert!(store.resume(token, &cursor).await.unwrap().is_some());
    }
    let mut connection = database.connect().await;
    let schema = "SELECT set_config('search_path', schemaname, false) FROM pg_tables
                  WHERE tablename = 'meta'";
    connection.execute(schema).await.unwrap();
    for restored in [
        "UPDATE meta SET key = 'index_image.elsewhere.1' WHERE key LIKE 'index_image.elsewhere.%'",
        // By way of another server.
        "UPDATE meta SET value = value WHERE key LIKE 'index_image.back.%'",
    ] {
        assert_eq!(connection.execute(restored).await.unwrap().rows_affected(), 1);
    }
    for token in ["back", "elsewhere"] {
        assert_eq!(store.resume(token, &cursor).await.unwrap(), None, "{token}");
    }
}
