//! The catalogue of generations, in both stores: what may become live, and what stays of what is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::Executor;
use vitrine::catalogue::postgres::PostgresCatalogue;
use vitrine::catalogue::sqlite::SqliteCatalogue;
use vitrine::catalogue::{Catalogue, State, Switch};
use vitrine::generations::alone;
use vitrine::sqlite::SqliteOptions;
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::{ReadStore, StoreError};

use crate::postgres_server::Database;

const FOR_MS: i64 = 60_000;

async fn following(catalogue: &dyn Catalogue) -> i64 {
    let generation = catalogue.create().await.unwrap();
    catalogue.open(&generation).await.unwrap().close().await;
    catalogue.set_state(generation.number, State::Following).await.unwrap();
    generation.number
}

async fn live(catalogue: &dyn Catalogue) -> i64 {
    catalogue.list().await.unwrap().iter().find(|g| g.live).unwrap().number
}

async fn switch(catalogue: &dyn Catalogue, to: i64, from: i64) -> Result<(), StoreError> {
    assert!(catalogue.announce("a", to, FOR_MS).await.unwrap());
    let switched = catalogue.end_promotion("a", Some(Switch { to, from: Some(from) })).await;
    catalogue.end_promotion("a", None).await.unwrap();
    switched
}

async fn keeps_its_word(catalogue: &dyn Catalogue) {
    let (second, third) = (following(catalogue).await, following(catalogue).await);
    let building = catalogue.create().await.unwrap().number;
    switch(catalogue, second, 1).await.unwrap();
    assert_eq!(live(catalogue).await, second);

    // It was compared with one that is not live any more.
    let late = switch(catalogue, third, 1).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(live(catalogue).await, second);

    // Only what follows is announced, one at a time, and is not dropped then.
    assert!(!catalogue.announce("a", building, FOR_MS).await.unwrap());
    assert!(catalogue.announce("a", third, FOR_MS).await.unwrap());
    assert!(!catalogue.announce("b", 1, FOR_MS).await.unwrap());
    catalogue.forget(third).await.unwrap_err();
    catalogue.answer("a", "one", true).await.unwrap();
    catalogue.answer("gone", "two", true).await.unwrap();
    catalogue.end_promotion("a", None).await.unwrap();
    for id in ["a", "gone"] {
        assert_eq!(catalogue.answers(id).await.unwrap(), []);
    }

    // What is dropped cannot become live, and is not forgotten before it is deleted.
    assert_eq!(catalogue.remains().await.unwrap(), []);
    catalogue.forget(third).await.unwrap();
    assert!(!catalogue.announce("a", third, FOR_MS).await.unwrap());
    let remains = catalogue.remains().await.unwrap();
    let [dropped] = &remains[..] else { panic!("{remains:?}") };
    assert_eq!((dropped.number, dropped.state), (third, State::Dropped));
    catalogue.delete(dropped).await.unwrap();
    assert_eq!(catalogue.remains().await.unwrap(), []);
    catalogue.forget(second).await.unwrap_err();
    assert_eq!(live(catalogue).await, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let catalogue =
        SqliteCatalogue::open(directory.path(), SqliteOptions::default()).await.unwrap();
    catalogue.open_serving().await.unwrap().close().await;
    keeps_its_word(&catalogue).await;
    catalogue.close().await;
}

async fn in_database(database: &Database) -> PostgresCatalogue {
    let options = PostgresOptions::default();
    PostgresStore::open(&database.url(), options.clone()).await.unwrap().close().await;
    PostgresCatalogue::new(&database.url(), options).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_postgres() {
    let database = Database::create().await;
    let catalogue = in_database(&database).await;
    keeps_its_word(&catalogue).await;
    catalogue.close().await;
}

/// Ends the connections that hold locks in this database.
async fn end_locks(database: &Database) {
    let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks JOIN pg_database d ON d.oid = database
               WHERE locktype = 'advisory' AND datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(database.connect().await.execute(end).await.unwrap().rows_affected(), 1);
}

/// Waits until a connection holds a lock in this database: the one that held it has ended.
async fn is_locked(database: &Database) {
    let started = Instant::now();
    let locks = "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database
                 WHERE locktype = 'advisory' AND datname = current_database() AND granted";
    let mut connection = database.connect().await;
    while connection.execute(locks).await.unwrap().rows_affected() == 0 {
        assert!(started.elapsed() < crate::harness::PATIENCE, "it is not taken again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_connection_ends_is_taken_again() {
    let database = Database::create().await;
    let catalogue: Arc<dyn Catalogue> = Arc::new(in_database(&database).await);
    let mut lock = catalogue.lock_rebuild().await.unwrap().unwrap();
    assert!(lock.is_held().await);
    let holding = tokio::spawn(alone::hold(Arc::clone(&catalogue), lock));
    end_locks(&database).await;
    is_locked(&database).await;
    assert!(!holding.is_finished() && catalogue.lock_rebuild().await.unwrap().is_none());

    // Somebody else is quicker.
    end_locks(&database).await;
    let others = catalogue.lock_rebuild().await.unwrap().unwrap();
    tokio::time::timeout(crate::harness::PATIENCE, holding).await.unwrap().unwrap();
    drop(others);
    catalogue.close().await;
}
