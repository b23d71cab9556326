//! The read store in SQLite keeps the contract of every read store.

use std::path::Path;
use std::sync::Arc;

use crate::store_contract::{Fixture, Store};
use sqlx::{ConnectOptions, Executor};
use vitrine::sqlite::SqliteOptions;
use vitrine::sqlite::connect::connect_options;
use vitrine::store::sqlite::SqliteStore;

struct Directory(tempfile::TempDir);

impl Directory {
    async fn fresh() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }
}

impl Fixture for Directory {
    async fn open(&self) -> Store {
        let file = self.0.path().join("generation.db");
        Arc::new(SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap())
    }

    async fn open_beside(&self) -> Store {
        // A name that an address would have to escape.
        let file = self.0.path().join("generation 100%?#.db");
        Arc::new(SqliteStore::open(&file, 2, SqliteOptions::default()).await.unwrap())
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
    assert_eq!((indexes(&made) - indexes(&filling), made.len() - filling.len()), (6, 6));
    // One was made before a crash.
    let mut conn = connect_options(&file, SqliteOptions::default()).connect().await.unwrap();
    conn.execute("CREATE INDEX price_of_product ON price (product_id)").await.unwrap();
    store.close().await;
    let store = place.open().await;
    store.end_filling().await.unwrap();
    assert_eq!(schema(&file).await, made);
    assert_eq!(store.snapshot().await.unwrap().meta("put_off").await.unwrap(), None);
}
