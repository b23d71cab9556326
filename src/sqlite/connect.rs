//! How files of the embedded stack are opened and brought up to date.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Connection, SqlitePool};

use super::SqliteOptions;
use super::errors::Meaning;
use crate::backoff::Backoff;

/// Pools whose connections stay: opening a file again gains nothing, and loses what its connection
/// keeps in memory. Nor is there then a task that looks for old connections, which in sqlx
/// can spin for ever, and with it the end of the process (sqlx issue 3645). And no connection is asked
/// whether it is there before each use: that is as much work again as a small query.
///
/// SQLite ends a transaction by itself when the disk is full, and sqlx does not hear of it: its count of
/// open transactions is then wrong for good. Such a connection is closed, and another one opened.
pub(crate) fn pool_options() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
}

/// Connection options that every file of the embedded store shares.
pub fn connect_options(file: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(options.busy_timeout)
        .statement_cache_capacity(512)
        .row_buffer_size(4096)
        .pragma("temp_store", "MEMORY")
}

/// Brings a file's schema up to date. Several processes may open a new file at once: where there is
/// something to do, it is done under the write lock. Where there is not, none is taken.
pub(crate) async fn migrate(
    writer: &SqlitePool,
    migrations: &Migrator,
) -> Result<(), MigrateError> {
    let newest = migrations.iter().map(|migration| migration.version).max();
    let applied: Result<Option<i64>, sqlx::Error> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(writer)
            .await;
    // An error: there is no such table yet.
    if applied.is_ok_and(|applied| applied == newest) {
        return migrations.run(writer).await;
    }
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    migrations.run(&mut *tx).await?;
    tx.commit().await.map_err(MigrateError::from)
}

/// Opens a pool's first connection. Two processes that turn a new file to write-ahead logging at
/// once fail at once, whatever the busy timeout: SQLite does not wait where waiting could not help.
/// The one that fails tries again for as long as it would have waited.
pub(crate) async fn open_pool(
    pool: SqlitePoolOptions,
    connect: SqliteConnectOptions,
    busy_timeout: Duration,
) -> Result<SqlitePool, sqlx::Error> {
    let deadline = tokio::time::Instant::now() + busy_timeout;
    let mut backoff = Backoff::default();
    loop {
        match pool.clone().connect_with(connect.clone()).await {
            Err(e)
                if Meaning::of(&e) == Meaning::Locked && tokio::time::Instant::now() < deadline =>
            {
                tokio::time::sleep(backoff.next_pause()).await;
            }
            opened => return opened,
        }
    }
}
