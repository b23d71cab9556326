//! Opening a PostgreSQL store: by many at once, beside others, and what is said where it cannot be.

use std::sync::Arc;

use crate::postgres_server::Database;
use sqlx::Executor;
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::{ReadStore, StoreError};

fn in_schema(schema: &str) -> PostgresOptions {
    PostgresOptions { schema: schema.to_owned(), ..PostgresOptions::default() }
}

async fn refused(url: &str, options: PostgresOptions) -> StoreError {
    match PostgresStore::open(url, options).await {
        Err(error) => error,
        Ok(_) => panic!("{url} was opened"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_open_a_new_database_at_once() {
    let database = Arc::new(Database::create().await);
    let opening: Vec<_> = (0..8)
        .map(|i| {
            let database = Arc::clone(&database);
            // Two stores in one database.
            let options = in_schema(["shop", "outlet"][i % 2]);
            tokio::spawn(async move { PostgresStore::open(&database.url(), options).await })
        })
        .collect();
    let mut stores = Vec::new();
    for store in opening {
        stores.push(store.await.unwrap().unwrap());
    }
    let mut tx = stores[0].begin().await.unwrap();
    tx.set_meta("key", Some("of the shop")).await.unwrap();
    tx.commit().await.unwrap();
    for (i, store) in stores.iter().enumerate() {
        assert_eq!(store.generation(), 1);
        let found = store.snapshot().await.unwrap().meta("key").await.unwrap();
        assert_eq!(found.is_some(), i % 2 == 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_projection_version_is_refused() {
    let database = Database::create().await;
    PostgresStore::open(&database.url(), in_schema("shop")).await.unwrap().close().await;
    let mut conn = database.connect().await;
    conn.execute("UPDATE shop.generation SET projection_version = 99").await.unwrap();
    let error = refused(&database.url(), in_schema("shop")).await;
    let said = error.to_string();
    assert!(matches!(error, StoreError::Incompatible(_)), "{said}");
    assert!(said.contains("99") && said.contains("shop_g1") && said.contains("rebuild"), "{said}");
    for bad in ["", "Shop", "1shop", "pg_shop", "a-b", "a b", "x; --"] {
        let error = refused(&database.url(), in_schema(bad)).await;
        assert!(matches!(error, StoreError::Incompatible(_)), "{bad}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_away_is_unavailable_and_no_password_is_told() {
    for url in [
        "postgres://me:secret@127.0.0.1:1/vitrine",
        "postgres://me:secret@localhost:notaport/vitrine",
        "postgres://me:secret@127.0.0.1:1/vitrine?sslmode=nonsense",
    ] {
        let error = refused(url, PostgresOptions::default()).await;
        let said = format!("{error} {error:?}");
        assert!(!said.contains("secret"), "{said}");
        let wrong = url.contains("notaport") || url.contains("nonsense");
        assert_eq!(matches!(error, StoreError::Unavailable(_)), !wrong, "{said}");
    }
}

/// A restarted server has closed every connection: nobody notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_are_replaced() {
    let database = Database::create().await;
    let store = PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap();
    for round in ["one", "two"] {
        // Several connections of each pool.
        let (a, b) = (store.snapshot().await.unwrap(), store.snapshot().await.unwrap());
        let (mut tx, other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
        tx.set_meta("key", Some(round)).await.unwrap();
        tx.commit().await.unwrap();
        drop((a, b, other));
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        database.connect().await.execute(end).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let found = store.snapshot().await.unwrap().meta("key").await.unwrap();
        assert_eq!(found.as_deref(), Some(round));
    }
    // One that breaks in the middle of a transaction is told of as passing.
    let mut tx = store.begin().await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.connect().await.execute(end).await.unwrap();
    let error = tx.set_meta("key", None).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}
