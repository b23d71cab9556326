//! The read store in PostgreSQL keeps the contract of every read store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod postgres_server;
mod store_contract;

use std::sync::Arc;

use postgres_server::Database;
use store_contract::{Fixture, Store};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};

impl Fixture for Database {
    async fn open(&self) -> Store {
        Arc::new(PostgresStore::open(&self.url(), PostgresOptions::default()).await.unwrap())
    }
}

store_contract!(postgres, Database::create());
