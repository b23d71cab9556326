//! When what a look at the facts has seen was committed.

use std::time::{Duration, Instant};

use vitrine::api::Reached;
use vitrine::log::position::{Partition, Position};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::sqlite::SqliteStore;
use vitrine::store::{Advance, ReadStore};

/// A look may wait for a connection, and then sees what was committed since it was called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_look_has_seen_was_committed_before_it_ended() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("generation.db");
    let options = SqliteOptions { read_connections: 1, ..SqliteOptions::default() };
    let store = SqliteStore::open(&file, 1, options).await.unwrap();
    let reached = Reached::default();
    let only_connection = store.snapshot().await.unwrap();
    let looking = reached.now(&store);
    tokio::pin!(looking);
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut looking).await.is_err());

    let partition = Partition { topic: "catalog.product".to_owned(), partition: 0 };
    let mut transaction = store.begin().await.unwrap();
    let advance = Advance { partition, expected: 0, next: 1, last: None };
    transaction.advance(&[advance]).await.unwrap();
    let before_commit = Instant::now();
    transaction.commit().await.unwrap();
    drop(only_connection);

    let look = looking.await.unwrap();
    let position = Position { topic: "catalog.product".to_owned(), partition: 0, offset: 0 };
    assert!(look.reflected.holds(&[position]));
    assert!(look.ended > before_commit);
}
