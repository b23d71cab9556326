//! The feed of changes. Many transactions write it, and commit in any order; so a cursor is not a
//! number, but the snapshot of the statement that read: what it could not see comes next.
//!
//! A snapshot says nothing after a crash of the server or a failover: commits do not wait for the disk,
//! and the numbers of transactions that were lost are given again. All connections break then. So there
//! is one connection that reads the feed, its cursors name it, and those of an earlier one have lost.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;
use sqlx::postgres::{PgConnection, PgListener};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::connect::{self, Session};
use super::errors::{database, is_broken};
use super::{BEGIN_WRITE, PostgresOptions};
use crate::clock;
use crate::store::document::{pack, unpack};
use crate::store::feed::{
    Change, ChangeCursor, ChangeHints, Changes, KEEP_NOTES, MAX_READ_BYTES, MAX_READ_CHANGES, NOTE,
    PRUNED_AT_ONCE,
};
use crate::store::{Result, StoreError};

/// Of all stores in a database; the payload is the schema.
const CHANNEL: &str = "vitrine_changes";
/// Time between two attempts to listen.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Writes the change, and tells when it is committed, in one round trip.
pub async fn record(conn: &mut PgConnection, change: &Change) -> Result<()> {
    sqlx::query(
        "WITH told AS (INSERT INTO change (at, doc) VALUES ($1, $2) RETURNING xid)
         SELECT pg_notify($3, current_schema()::text) FROM told",
    )
    .bind(clock::now().millis())
    .bind(pack(change))
    .bind(CHANNEL)
    .execute(conn)
    .await
    .map_err(database)
    .map(|_| ())
}

/// The one connection that reads the feed.
pub struct Feed {
    pool: PgPool,
}

/// Connection, snapshot, lost, and the document of a change, if there is one.
type Answer = (String, String, bool, Option<Vec<u8>>);

impl Feed {
    pub fn new(
        address: &sqlx::postgres::PgConnectOptions,
        options: &PostgresOptions,
        session: &Session,
    ) -> Feed {
        let pool = connect::pool(address, session.feeding(), 1, options.acquire_timeout);
        Feed { pool }
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// What was committed and the cursor does not see. One statement is one snapshot: what it reads is
    /// what its own cursor sees besides.
    pub async fn read(&self, since: Option<&ChangeCursor>) -> Result<Changes> {
        let answers = self.ask(since).await?;
        let Some((session, snapshot, lost, _)) = answers.first() else {
            return Err(StoreError::Database("the feed of changes gave no cursor".to_owned()));
        };
        let cursor = ChangeCursor::new(format!("{session} {snapshot}"));
        let lost = *lost;
        let docs = answers.iter().filter(|_| !lost).filter_map(|(.., doc)| doc.as_deref());
        let changes = docs.map(|doc| Ok(unpack(doc)?)).collect::<Result<Vec<Change>>>()?;
        Ok(Changes { cursor, changes, lost })
    }

    /// The cursor that an image has, as one of the server since its last start: all that it sees is noted to have been committed on this
    /// server, so that no number of a transaction is another one's now.
    pub async fn resume(&self, token: &str, cursor: &ChangeCursor) -> Result<Option<ChangeCursor>> {
        // Another kind of store's has no snapshot.
        let Some((_, snapshot)) = cursor.as_str().split_once(' ') else { return Ok(None) };
        let mut conn = self.pool.acquire().await.map_err(database)?;
        let session: Option<String> = sqlx::query_scalar(
            "SELECT current_setting('vitrine.feed')
             FROM meta, pg_control_system()
             WHERE key = $1 || $2 || '.' || system_identifier
               -- Its lower half is in the row itself, and another one where the row was restored.
               AND xmin::text::numeric = split_part(value, ' ', 2)::numeric % 4294967296",
        )
        .bind(NOTE)
        .bind(token)
        .fetch_optional(&mut *conn)
        .await
        .map_err(database)?;
        Ok(session.map(|session| ChangeCursor::new(format!("{session} {snapshot}"))))
    }

    async fn ask(&self, since: Option<&ChangeCursor>) -> Result<Vec<Answer>> {
        let seen =
            since.map(|cursor| cursor.as_str().split_once(' ').ok_or_else(|| unknown(cursor)));
        let seen = seen.transpose()?;
        let mut again = self.pool.size();
        loop {
            let mut conn = self.pool.acquire().await.map_err(database)?;
            let answers = match seen {
                Some((session, snapshot)) => after(&mut conn, session, snapshot).await,
                None => now(&mut conn).await,
            };
            match answers {
                // The server was restarted, which shows only here.
                Err(error) if again > 0 && is_broken(&error) => again -= 1,
                answers => return answers.map_err(database),
            }
            let _ = conn.close().await;
        }
    }
}

fn unknown(cursor: &ChangeCursor) -> StoreError {
    StoreError::Database(format!("`{cursor}` is no cursor of this store"))
}

async fn now(conn: &mut PgConnection) -> sqlx::Result<Vec<Answer>> {
    sqlx::query_as(
        "SELECT current_setting('vitrine.feed'), pg_current_snapshot()::text, false, NULL::bytea",
    )
    .fetch_all(conn)
    .await
}

/// What a snapshot does not see, always with the one of this statement. Where the server was started since, where
/// something was pruned that it does not see, or where too much waits, it has lost. Snapshots are ordered by what
/// they see: one sees less than another if it ends earlier, or where something is under way in it that is done in
/// the other.
async fn after(
    conn: &mut PgConnection,
    session: &str,
    snapshot: &str,
) -> sqlx::Result<Vec<Answer>> {
    sqlx::query_as(
        "WITH waiting AS MATERIALIZED (
             SELECT xid, doc FROM change
             WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
               -- Of a database that was restored elsewhere: numbers yet to come.
               AND xid < pg_snapshot_xmax(pg_current_snapshot())
             ORDER BY xid LIMIT $2 + 1),
         size AS (
             SELECT count(*) > $2 OR coalesce(sum(octet_length(doc)), 0) > $3 AS too_much FROM waiting),
         fate AS (
             SELECT too_much OR current_setting('vitrine.feed') <> $4 OR EXISTS (
                 SELECT 1 FROM change_mark m WHERE m.pruned AND (
                     pg_snapshot_xmax(m.snapshot) > pg_snapshot_xmax($1::text::pg_snapshot)
                     OR EXISTS (SELECT 1 FROM pg_snapshot_xip($1::text::pg_snapshot) AS x(xid)
                                WHERE pg_visible_in_snapshot(x.xid, m.snapshot)))) AS lost
             FROM size)
         SELECT current_setting('vitrine.feed'), pg_current_snapshot()::text, fate.lost, waiting.doc
         FROM fate LEFT JOIN waiting ON NOT fate.lost
         ORDER BY waiting.xid",
    )
    .bind(snapshot)
    .bind(i64::from(MAX_READ_CHANGES))
    .bind(MAX_READ_BYTES)
    .bind(session)
    .fetch_all(conn)
    .await
}

/// Notes an image by its token, with the time and the number of the transaction. A dump brings notes with it when it is
/// restored, and the numbers of transactions in it are of another time or server. So the key names the server, and the row
/// has to be the one that this transaction wrote.
pub async fn note(writer: &PgPool, token: &str) -> Result<()> {
    let now = clock::now().millis();
    let before = now - KEEP_NOTES.as_millis() as i64;
    let mut tx = connect::begin(writer, BEGIN_WRITE).await?;
    sqlx::query(
        "INSERT INTO meta (key, value)
         SELECT $1 || $2 || '.' || system_identifier, $3 || ' ' || pg_current_xact_id()
         FROM pg_control_system()",
    )
    .bind(NOTE)
    .bind(token)
    .bind(now.to_string())
    .execute(&mut *tx)
    .await
    .map_err(database)?;
    sqlx::query("DELETE FROM meta WHERE CASE WHEN starts_with(key, $1) THEN split_part(value, ' ', 1)::int8 < $2 END")
        .bind(NOTE)
        .bind(before)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    tx.commit().await.map_err(database)
}

/// Deletes what could be seen `keep` ago. What was written long ago may have been committed just now, so
/// that no time of writing tells that; each call notes what can be seen, and deletes what an earlier one
/// has noted. One process at a time: marks are then in the order of what they see. Their times are the
/// server's.
pub async fn prune(writer: &PgPool, lock: i64, keep: Duration) -> Result<u64> {
    let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    if let Some(mut tx) = alone(writer, lock).await? {
        // Many processes prune; ten marks within the time are enough.
        sqlx::query(
            "INSERT INTO change_mark (at, snapshot)
             SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8, pg_current_snapshot()
             WHERE NOT EXISTS (SELECT 1 FROM change_mark WHERE at >
                 (extract(epoch FROM clock_timestamp()) * 1000)::int8 - $1 / 10)",
        )
        .bind(keep)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
        tx.commit().await.map_err(database)?;
    }
    let mut pruned = 0;
    while let Some(tx) = alone(writer, lock).await? {
        let deleted = prune_some(tx, keep).await?;
        pruned += deleted;
        if deleted < u64::from(PRUNED_AT_ONCE) {
            break;
        }
    }
    Ok(pruned)
}

/// A transaction of whoever prunes; `None` where another one does.
async fn alone(
    writer: &PgPool,
    lock: i64,
) -> Result<Option<sqlx::Transaction<'static, sqlx::Postgres>>> {
    let mut tx = connect::begin(writer, BEGIN_WRITE).await?;
    let alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(lock)
        .fetch_one(&mut *tx)
        .await
        .map_err(database)?;
    Ok(alone.then_some(tx))
}

async fn prune_some(mut tx: sqlx::Transaction<'static, sqlx::Postgres>, keep: i64) -> Result<u64> {
    let mark: Option<(i64, String)> = sqlx::query_as(
        "SELECT at, snapshot::text FROM change_mark
         WHERE at <= (extract(epoch FROM clock_timestamp()) * 1000)::int8 - $1
         ORDER BY at DESC LIMIT 1",
    )
    .bind(keep)
    .fetch_optional(&mut *tx)
    .await
    .map_err(database)?;
    let Some((at, mark)) = mark else { return Ok(0) };
    let deleted = sqlx::query(
        "DELETE FROM change WHERE ctid = ANY(ARRAY(
             SELECT ctid FROM change
             WHERE xid < pg_snapshot_xmax($1::text::pg_snapshot)
               AND pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
             ORDER BY xid LIMIT $2))",
    )
    .bind(&mark)
    .bind(i64::from(PRUNED_AT_ONCE))
    .execute(&mut *tx)
    .await
    .map_err(database)?
    .rows_affected();
    // Where something is deleted, this mark says what is lost; older ones say less.
    for statement in [
        "UPDATE change_mark SET pruned = true WHERE at = $1 AND $2",
        "DELETE FROM change_mark WHERE at < $1 AND ($2 OR NOT pruned)",
    ] {
        sqlx::query(statement)
            .bind(at)
            .bind(deleted > 0)
            .execute(&mut *tx)
            .await
            .map_err(database)?;
    }
    tx.commit().await.map_err(database)?;
    Ok(deleted)
}

/// Listens on a connection of its own.
pub struct PostgresHints {
    heard: Arc<Notify>,
    listening: JoinHandle<()>,
}

impl PostgresHints {
    /// `pool` is for this alone.
    pub fn listen(pool: PgPool, schema: String) -> PostgresHints {
        let heard = Arc::new(Notify::new());
        let listening = tokio::spawn(listen(pool, schema, Arc::clone(&heard)));
        PostgresHints { heard, listening }
    }
}

impl Drop for PostgresHints {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(pool: PgPool, schema: String, heard: Arc<Notify>) {
    loop {
        match hear(&pool, &schema, &heard).await {
            // The connection is lost: whatever was told meanwhile was not heard.
            Ok(()) => heard.notify_one(),
            Err(error) => {
                tracing::debug!(%error, "changes are looked for without being told of them");
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        }
    }
}

/// Ends where the connection does.
async fn hear(pool: &PgPool, schema: &str, heard: &Notify) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    heard.notify_one();
    while let Some(told) = listener.try_recv().await? {
        if told.payload() == schema {
            heard.notify_one();
        }
    }
    Ok(())
}

#[async_trait]
impl ChangeHints for PostgresHints {
    async fn wait(&mut self, at_most: Duration) {
        // Out of time is as good as a hint.
        let _ = tokio::time::timeout(at_most, self.heard.notified()).await;
    }
}
