//! The read store in SQLite keeps the contract of every read store.

use std::path::Path;
use std::sync::Arc;

use crate::store_contract::{Fixture, Store};
use sqlx::{ConnectOptions, Executor};
use vitrine::store::seed::Seed;
use vitrine::store::sqlite::{SqliteOptions, SqliteStore, connect_options};

struct Directory(tempfile::TempDir, SqliteOptions);

impl Directory {
    async fn fresh() -> Directory {
        Directory(tempfile::tempdir().unwrap(), SqliteOptions::default())
    }

    /// In which a generation is large from its first entry on.
    fn of_large() -> Directory {
        let options = SqliteOptions { sorted_bytes: 0, ..SqliteOptions::default() };
        Directory(tempfile::tempdir().unwrap(), options)
    }
}

impl Fixture for Directory {
    async fn open(&self) -> Store {
        let file = self.0.path().join("generation.db");
        Arc::new(SqliteStore::open(&file, 1, self.1).await.unwrap())
    }

    async fn open_beside(&self) -> (Store, Seed) {
        // A name that an address would have to escape.
        let file = self.0.path().join("generation 100%?#.db");
        let store = SqliteStore::open(&file, 2, self.1).await.unwrap();
        (Arc::new(store), Seed::File(self.0.path().join("generation.db")))
    }
}

crate::store_contract!(sqlite, Directory::fresh());

/// What the schema is made of, but for where it lies in the file.
async fn schema(file: &Path) -> Vec<(String, String, String, Option<String>)> {
    let mut conn = connect_options(file, SqliteOptions::default()).connect().await.unwrap();
    sqlx::query_as("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
        .fetch_all(&mut conn)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filling_leaves_the_schema_as_it_was() {
    let place = Directory::fresh().await;
    let file = place.0.path().join("generation.db");
    let store = place.open().await;
    let made = schema(&file).await;
    let indexes = |schema: &[(String, _, _, Option<String>)]| {
        schema.iter().filter(|(kind, _, _, sql)| kind == "index" && sql.is_some()).count()
    };
    store.begin_filling().await.unwrap();
    let filling = schema(&file).await;
    assert_eq!((indexes(&made) - indexes(&filling), made.len() - filling.len()), (11, 11));
    // One was made before a crash.
    let mut conn = connect_options(&file, SqliteOptions::default()).connect().await.unwrap();
    conn.execute("CREATE INDEX price_of_product ON price (product_id)").await.unwrap();
    store.close().await;
    let store = place.open().await;
    store.end_filling().await.unwrap();
    assert_eq!(schema(&file).await, made);
    assert_eq!(store.snapshot().await.unwrap().meta("put_off").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_a_large_generation_are_sorted_at_the_end() {
    crate::store_contract::filling::what_is_filled_is_as_if_written(&Directory::of_large()).await;
    crate::store_contract::filling::filling_goes_on_after_a_crash(&Directory::of_large()).await;
    // Only while it is filled; and in the end nothing is left of it.
    let place = Directory::of_large();
    let file = place.0.path().join("generation.db");
    let store = place.open().await;
    let made = schema(&file).await;
    store.begin_fill().await.unwrap().commit().await.unwrap();
    assert_eq!(schema(&file).await, made);
    store.begin_filling().await.unwrap();
    store.begin_fill().await.unwrap().commit().await.unwrap();
    let unsorted = |schema: &[(_, String, _, _)]| schema.iter().any(|s| s.1 == "entry_unsorted");
    assert!(unsorted(&schema(&file).await));
    store.end_filling().await.unwrap();
    assert_eq!(schema(&file).await, made);
}
