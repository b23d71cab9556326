//! A generation that nobody reads is filled without its further indexes, which are made once at the end, each
//! by one sort. What is put off is read from the schema and kept in the settings, in the transaction that drops it:
//! the migrations stay the only description, and a crash at any moment loses nothing.

use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnection;

use super::{CHECKPOINT_PAGES, database, snapshot};
use crate::store::{Result, StoreError};

/// Tables with a row for each entity, and indexes beside their own order.
const LARGE: [&str; 3] = ["price", "stock", "review"];

/// The setting that has what is put off, as long as it is.
const PUT_OFF: &str = "put_off";

/// Pages of the write-ahead log after which it is copied into the file while a generation is filled: all parts
/// of it meet the same pages.
const FILL_CHECKPOINT_PAGES: u32 = 131_072;

#[derive(Serialize, Deserialize)]
struct Index {
    name: String,
    /// As the schema has it.
    sql: String,
}

/// Drops the indexes of those large tables that are empty; the others are in use.
pub async fn begin(writer: &SqlitePool) -> Result<()> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    if snapshot::meta(&mut tx, PUT_OFF).await?.is_none() {
        let mut put_off = Vec::new();
        for table in LARGE {
            if is_empty(&mut tx, table).await? {
                put_off.extend(indexes(&mut tx, table).await?);
            }
        }
        for Index { name, .. } in &put_off {
            let sql = format!("DROP INDEX \"{name}\"");
            sqlx::query(&sql).execute(&mut *tx).await.map_err(database)?;
        }
        let put_off =
            serde_json::to_string(&put_off).map_err(|e| StoreError::Database(e.to_string()))?;
        sqlx::query("INSERT INTO meta (key, value) VALUES (?, ?)")
            .bind(PUT_OFF)
            .bind(put_off)
            .execute(&mut *tx)
            .await
            .map_err(database)?;
    }
    tx.commit().await.map_err(database)?;
    let mut conn = writer.acquire().await.map_err(database)?;
    pragma(&mut conn, &format!("wal_autocheckpoint = {FILL_CHECKPOINT_PAGES}")).await
}

/// Makes what is put off, as far as it is not there yet.
pub async fn end(writer: &SqlitePool) -> Result<()> {
    let mut conn = writer.acquire().await.map_err(database)?;
    let Some(put_off) = snapshot::meta(&mut conn, PUT_OFF).await? else { return Ok(()) };
    let put_off: Vec<Index> = serde_json::from_str(&put_off).map_err(|e| {
        StoreError::Database(format!("the setting {PUT_OFF} of the generation is damaged: {e}"))
    })?;
    pragma(&mut conn, &format!("wal_autocheckpoint = {CHECKPOINT_PAGES}")).await?;
    // What is sorted goes to files where it does not fit into the connection's cache.
    pragma(&mut conn, "temp_store = FILE").await?;
    let made = make_all(&mut conn, &put_off).await;
    pragma(&mut conn, "temp_store = MEMORY").await?;
    made?;
    // Readers may be in the way: then the next one shortens it.
    pragma(&mut conn, "wal_checkpoint(TRUNCATE)").await
}

async fn make_all(conn: &mut SqliteConnection, put_off: &[Index]) -> Result<()> {
    for Index { name, sql } in put_off {
        let there: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?)",
        )
        .bind(name)
        .fetch_one(&mut *conn)
        .await
        .map_err(database)?;
        if !there {
            sqlx::query(sql).execute(&mut *conn).await.map_err(database)?;
        }
    }
    sqlx::query("DELETE FROM meta WHERE key = ?")
        .bind(PUT_OFF)
        .execute(conn)
        .await
        .map_err(database)
        .map(|_| ())
}

async fn pragma(conn: &mut SqliteConnection, what: &str) -> Result<()> {
    let sql = format!("PRAGMA {what}");
    sqlx::query(&sql).execute(conn).await.map_err(database).map(|_| ())
}

async fn is_empty(conn: &mut SqliteConnection, table: &str) -> Result<bool> {
    sqlx::query_scalar(&format!("SELECT NOT EXISTS (SELECT 1 FROM main.{table})"))
        .fetch_one(conn)
        .await
        .map_err(database)
}

/// The indexes of a table that were made by statements, in the order in which they were.
async fn indexes(conn: &mut SqliteConnection, table: &str) -> Result<Vec<Index>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, sql FROM sqlite_master
         WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY rowid",
    )
    .bind(table)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows.into_iter().map(|(name, sql)| Index { name, sql }).collect())
}
