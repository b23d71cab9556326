//! The feed of changes. There is one writer, so that numbers ascend in the order of commits.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, SqlitePool};
use tokio::sync::watch;

use super::database;
use crate::clock;
use crate::store::document::{pack, unpack};
use crate::store::feed::{
    Change, ChangeCursor, ChangeHints, Changes, KEEP_NOTES, MAX_READ_BYTES, MAX_READ_CHANGES, NOTE,
    PRUNED_AT_ONCE,
};
use crate::store::{Result, StoreError};

pub async fn record(conn: &mut SqliteConnection, change: &Change) -> Result<()> {
    sqlx::query("INSERT INTO change (at, doc) VALUES (?, ?)")
        .bind(clock::now().millis())
        .bind(pack(change))
        .execute(conn)
        .await
        .map_err(database)
        .map(|_| ())
}

/// The last that was deleted, and the last there is.
const ENDS: &str =
    "SELECT seq, max(seq, coalesce((SELECT max(seq) FROM change), 0)) FROM change_floor";

/// Whether nothing came after the cursor: in one statement, since this is asked many times a second.
pub async fn is_last(feed: &SqlitePool, since: &ChangeCursor) -> Result<bool> {
    let (_, last): (i64, i64) = sqlx::query_as(ENDS).fetch_one(feed).await.map_err(database)?;
    Ok(since.as_str() == last.to_string())
}

/// What came after the cursor; `conn` is in a transaction.
pub async fn read(conn: &mut SqliteConnection, since: Option<&ChangeCursor>) -> Result<Changes> {
    let (floor, last): (i64, i64) =
        sqlx::query_as(ENDS).fetch_one(&mut *conn).await.map_err(database)?;
    let cursor = ChangeCursor::new(last.to_string());
    let nothing = Changes { cursor, changes: Vec::new(), lost: false };
    let Some(since) = since else { return Ok(nothing) };
    let seen: i64 = since.as_str().parse().map_err(|_| unknown(since))?;
    let (waiting, bytes): (i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(length(doc)), 0)
         FROM (SELECT doc FROM change WHERE seq > ? LIMIT ?)",
    )
    .bind(seen)
    .bind(MAX_READ_CHANGES + 1)
    .fetch_one(&mut *conn)
    .await
    .map_err(database)?;
    // Beyond the last one: the cursor is of another file.
    let lost = seen < floor
        || seen > last
        || waiting > i64::from(MAX_READ_CHANGES)
        || bytes > MAX_READ_BYTES;
    if lost {
        return Ok(Changes { lost, ..nothing });
    }
    let changes = sqlx::query("SELECT doc FROM change WHERE seq > ? ORDER BY seq")
        .bind(seen)
        .fetch_all(conn)
        .await
        .map_err(database)?
        .iter()
        .map(|row| Ok(unpack(row.try_get::<&[u8], _>(0).map_err(database)?)?))
        .collect::<Result<Vec<Change>>>()?;
    Ok(Changes { changes, ..nothing })
}

fn unknown(cursor: &ChangeCursor) -> StoreError {
    StoreError::Database(format!("`{cursor}` is no cursor of this store"))
}

/// Deletes what is older than `keep`, and raises the floor with it.
pub async fn prune(writer: &SqlitePool, keep: Duration) -> Result<u64> {
    let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    let before = clock::now().millis().saturating_sub(keep);
    let mut pruned = 0;
    loop {
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
        let upto: Option<i64> = sqlx::query_scalar(
            "SELECT max(seq) FROM (SELECT seq, at FROM change ORDER BY seq LIMIT ?) WHERE at <= ?",
        )
        .bind(PRUNED_AT_ONCE)
        .bind(before)
        .fetch_one(&mut *tx)
        .await
        .map_err(database)?;
        let Some(upto) = upto else { return Ok(pruned) };
        let deleted = sqlx::query("DELETE FROM change WHERE seq <= ?")
            .bind(upto)
            .execute(&mut *tx)
            .await
            .map_err(database)?;
        sqlx::query("UPDATE change_floor SET seq = max(seq, ?)")
            .bind(upto)
            .execute(&mut *tx)
            .await
            .map_err(database)?;
        tx.commit().await.map_err(database)?;
        pruned += deleted.rows_affected();
    }
}

/// Notes an image by its token, with when that was.
pub async fn note(writer: &SqlitePool, token: &str) -> Result<()> {
    let now = clock::now().millis();
    let before = now - KEEP_NOTES.as_millis() as i64;
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    sqlx::query("INSERT INTO meta (key, value) VALUES (?1 || ?2, ?3)")
        .bind(NOTE)
        .bind(token)
        .bind(now.to_string())
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    sqlx::query(
        "DELETE FROM meta WHERE substr(key, 1, length(?1)) = ?1 AND CAST(value AS INTEGER) < ?2",
    )
    .bind(NOTE)
    .bind(before)
    .execute(&mut *tx)
    .await
    .map_err(database)?;
    tx.commit().await.map_err(database)
}

pub async fn is_noted(feed: &SqlitePool, token: &str) -> Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?1 || ?2)")
        .bind(NOTE)
        .bind(token)
        .fetch_one(feed)
        .await
        .map_err(database)
}

/// Of commits of this process; those of others are found by whoever looks.
pub struct SqliteHints(pub(super) watch::Receiver<u64>);

#[async_trait]
impl ChangeHints for SqliteHints {
    async fn wait(&mut self, at_most: Duration) {
        if let Ok(Err(_)) = tokio::time::timeout(at_most, self.0.changed()).await {
            // The store is closed: nothing comes any more.
            tokio::time::sleep(at_most).await;
        }
    }
}
