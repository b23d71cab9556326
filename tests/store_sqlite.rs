//! The read store in SQLite keeps the contract of every read store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod store_contract;

use std::sync::Arc;

use store_contract::{Fixture, Store};
use vitrine::store::sqlite::{SqliteOptions, SqliteStore};

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
}

store_contract!(sqlite, Directory::fresh());
