//! A generation that nobody reads is filled without what only slows this down: indexes are made once
//! at the end, each by one sort, and the tables are vacuumed then, not in between.
//!
//! What is put off is read from the catalogue and kept in the generation's settings, in the transaction
//! that drops it: the migrations stay the only description, and a crash at any moment loses nothing.
//!
//! Tables stay logged. Rows of unlogged ones would be gone after a crash of the server, with the marks that
//! say that they are written; to log them in the end costs as much as to log them at once. For the same
//! reason no `COPY` freezes its rows, or skips the log: both need a table of the same transaction.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor};

use super::connect::{self, Session};
use super::errors::database;
use super::snapshot;
use crate::store::{Result, StoreError};

/// Tables that have at least a row for each entity of their kind, or for each product.
const LARGE: [&str; 5] = ["product", "price", "stock", "review", "review_count"];

/// The setting that has what is put off, as long as it is.
const PUT_OFF: &str = "put_off";

/// Memory to sort an index's rows in, shared by the processes that do. With more of it, fewer and larger heaps are
/// sorted, which fit in no processor's cache: that takes longer.
const INDEX_MEMORY: &str = "64MB";
/// Processes of the server that help to make one index; each needs 32 MB.
const INDEX_WORKERS: u32 = 1;

/// What a connection that fills or makes indexes is set to, beside what all are: a rebuild takes as long as
/// it takes, and whole tables are read by reading whole tables.
const PATIENT: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET synchronous_commit = on; \
    SET idle_in_transaction_session_timeout = 0; SET enable_seqscan = on; \
    SET enable_bitmapscan = on; SET enable_hashjoin = on;";

/// What takes long is given up soon after whoever wants it is gone, where the server can tell.
const NOTICE: &str = "SELECT set_config(name, '1s', false) FROM pg_settings \
    WHERE name = 'client_connection_check_interval'";

/// An index, or a constraint that is kept by one.
#[derive(Serialize, Deserialize)]
struct Index {
    table: String,
    name: String,
    constraint: bool,
    /// What PostgreSQL says that it is made by; of a constraint what follows its name.
    definition: String,
}

#[derive(Serialize, Deserialize)]
struct PutOff {
    tables: Vec<String>,
    indexes: Vec<Index>,
}

/// A connection for long work on a generation.
pub async fn connect(
    address: &PgConnectOptions,
    session: &Session,
    within: Duration,
) -> Result<PgConnection> {
    let mut conn = connect::alone(address, session, within).await?;
    conn.execute(PATIENT).await.map_err(database)?;
    // Nor can a server on every system.
    let _ = conn.execute(NOTICE).await;
    Ok(conn)
}

/// The connection is the one that may begin or end to fill, as long as it is open: the others wait.
pub async fn lock(conn: &mut PgConnection, key: i64) -> Result<()> {
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(key)
        .execute(conn)
        .await
        .map_err(database)
        .map(|_| ())
}

/// Drops the indexes of those large tables that are empty; the others are in use.
pub async fn begin(conn: &mut PgConnection) -> Result<()> {
    let mut tx = conn.begin().await.map_err(database)?;
    if snapshot::meta(&mut tx, PUT_OFF).await?.is_some() {
        return Ok(());
    }
    let mut tables = Vec::new();
    for table in LARGE {
        if is_empty(&mut tx, table).await? {
            tables.push(table.to_owned());
        }
    }
    if tables.is_empty() {
        return Ok(());
    }
    let indexes = indexes(&mut tx, &tables).await?;
    drop_all(&mut tx, &indexes).await?;
    for table in &tables {
        let off = "SET (autovacuum_enabled = false, toast.autovacuum_enabled = false)";
        alter(&mut tx, table, off).await?;
    }
    let put_off = serde_json::to_string(&PutOff { tables, indexes })
        .map_err(|e| StoreError::Database(e.to_string()))?;
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)")
        .bind(PUT_OFF)
        .bind(put_off)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    tx.commit().await.map_err(database)
}

/// Makes what is put off, as far as it is not there yet, on this connection, which has the lock, and on one beside it.
pub async fn end(
    conn: &mut PgConnection,
    beside: impl Future<Output = Result<PgConnection>>,
) -> Result<()> {
    let Some(put_off) = snapshot::meta(conn, PUT_OFF).await? else { return Ok(()) };
    let put_off: PutOff = serde_json::from_str(&put_off).map_err(|e| {
        StoreError::Database(format!("the setting {PUT_OFF} of the generation is damaged: {e}"))
    })?;
    // It waits for the disk, and with it for all that was committed before without waiting: rows of what may yet be
    // lost are not marked as visible to all.
    sqlx::query("UPDATE meta SET value = value WHERE key = $1")
        .bind(PUT_OFF)
        .execute(&mut *conn)
        .await
        .map_err(database)?;
    let left = Mutex::new(by_size(conn, &put_off.tables).await?);
    let further = async {
        let mut conn = beside.await?;
        let made = make_up(&mut conn, &left, &put_off.indexes).await;
        let _ = conn.close().await;
        made
    };
    let (first, further) = tokio::join!(make_up(conn, &left, &put_off.indexes), further);
    first.and(further)?;
    let mut tx = conn.begin().await.map_err(database)?;
    for table in &put_off.tables {
        alter(&mut tx, table, "RESET (autovacuum_enabled, toast.autovacuum_enabled)").await?;
    }
    sqlx::query("DELETE FROM meta WHERE key = $1")
        .bind(PUT_OFF)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    // It waits for the disk.
    tx.commit().await.map_err(database)
}

/// These tables, the largest last.
async fn by_size(conn: &mut PgConnection, tables: &[String]) -> Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relname = ANY($1)
         ORDER BY pg_relation_size(oid)",
    )
    .bind(tables)
    .fetch_all(conn)
    .await
    .map_err(database)
}

/// Vacuums the tables that are left and makes their indexes, the largest table first.
async fn make_up(
    conn: &mut PgConnection,
    left: &Mutex<Vec<String>>,
    indexes: &[Index],
) -> Result<()> {
    give_memory(conn).await?;
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
    while let Some(table) = next() {
        // Before there are indexes it is one pass through the table.
        let vacuum = format!("VACUUM (ANALYZE) {table}");
        conn.execute(vacuum.as_str()).await.map_err(database)?;
        for index in indexes.iter().filter(|index| index.table == table) {
            if !is_there(conn, index).await? {
                make(conn, index).await?;
            }
        }
    }
    Ok(())
}

/// Memory and processes to make indexes with.
async fn give_memory(conn: &mut PgConnection) -> Result<()> {
    let sql = format!(
        "SET maintenance_work_mem = '{INDEX_MEMORY}'; \
         SET max_parallel_maintenance_workers = {INDEX_WORKERS}"
    );
    conn.execute(sql.as_str()).await.map_err(database).map(|_| ())
}

async fn is_empty(conn: &mut PgConnection, table: &str) -> Result<bool> {
    sqlx::query_scalar(&format!("SELECT NOT EXISTS (SELECT 1 FROM {table})"))
        .fetch_one(conn)
        .await
        .map_err(database)
}

async fn alter(conn: &mut PgConnection, table: &str, change: &str) -> Result<()> {
    let sql = format!("ALTER TABLE {table} {change}");
    conn.execute(sql.as_str()).await.map_err(database).map(|_| ())
}

/// The indexes of these tables, in the order in which they were made.
async fn indexes(conn: &mut PgConnection, tables: &[String]) -> Result<Vec<Index>> {
    let rows: Vec<(String, String, bool, String)> = sqlx::query_as(
        "SELECT t.relname::text, i.relname::text, c.oid IS NOT NULL,
                coalesce(pg_get_constraintdef(c.oid), pg_get_indexdef(x.indexrelid))
         FROM pg_index x
         JOIN pg_class t ON t.oid = x.indrelid
         JOIN pg_class i ON i.oid = x.indexrelid
         LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.conrelid = x.indrelid
              AND c.contype IN ('p', 'u')
         WHERE t.relnamespace = current_schema()::regnamespace AND t.relname = ANY($1)
         ORDER BY x.indexrelid",
    )
    .bind(tables)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(table, name, constraint, definition)| Index { table, name, constraint, definition })
        .collect())
}

async fn drop_all(conn: &mut PgConnection, indexes: &[Index]) -> Result<()> {
    for Index { table, name, constraint, .. } in indexes {
        let sql = match constraint {
            true => format!("ALTER TABLE {table} DROP CONSTRAINT \"{name}\""),
            false => format!("DROP INDEX \"{name}\""),
        };
        conn.execute(sql.as_str()).await.map_err(database)?;
    }
    Ok(())
}

async fn is_there(conn: &mut PgConnection, index: &Index) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_class
             WHERE relnamespace = current_schema()::regnamespace AND relname = $1)",
    )
    .bind(&index.name)
    .fetch_one(conn)
    .await
    .map_err(database)
}

/// # Errors
/// [`StoreError::Database`] also where rows are there twice: to make it again would not help.
async fn make(conn: &mut PgConnection, index: &Index) -> Result<()> {
    let Index { table, name, constraint, definition } = index;
    let sql = match constraint {
        true => format!("ALTER TABLE {table} ADD CONSTRAINT \"{name}\" {definition}"),
        false => definition.clone(),
    };
    conn.execute(sql.as_str()).await.map(|_| ()).map_err(|error| match error {
        sqlx::Error::Database(e) if e.is_unique_violation() => StoreError::Database(e.to_string()),
        error => database(error),
    })
}
