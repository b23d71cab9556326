//! Facts of another generation's file, taken over in one transaction from one state of it.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::{database, filling, snapshot};
use crate::store::seed::{FACT_TABLES, SEEDED_FROM};
use crate::store::{PROJECTION_VERSION, Result, StoreError};

/// Takes the facts of the generation in this file into the one of the connection, which is empty. The
/// connection is to be closed afterwards: the file stays attached to it.
pub async fn seed(conn: &mut SqliteConnection, from: &Path) -> Result<()> {
    let name = from.display().to_string();
    // SQLite would make a file that is not there, were it not only to be read.
    let uri = format!(
        "file:{}?mode=ro",
        percent_encode(from.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC)
    );
    sqlx::query("ATTACH ? AS source").bind(uri).execute(&mut *conn).await.map_err(|e| {
        StoreError::Incompatible(format!("the generation in {name} cannot be opened: {e}"))
    })?;
    // The source's read state begins with the first look at it, and lasts until the end.
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    match snapshot::meta(&mut tx, SEEDED_FROM).await? {
        // It was done before a crash.
        Some(known) if known == name => return Ok(()),
        Some(known) => {
            return Err(StoreError::Incompatible(format!(
                "the generation was seeded from {known}, and cannot be from {name} too"
            )));
        }
        None => {}
    }
    check_version(&mut tx, &name).await?;
    for table in FACT_TABLES {
        check_table(&mut tx, table, &name).await?;
        // Between tables of the same layout whole pages' worth of rows are copied, and their indexes too.
        let sql = format!("INSERT INTO main.{table} SELECT * FROM source.{table}");
        sqlx::query(&sql).execute(&mut *tx).await.map_err(database)?;
    }
    // Its ids go on where those of the other one would.
    for sql in [
        "DELETE FROM main.sqlite_sequence WHERE name = 'dead_letter'",
        "INSERT INTO main.sqlite_sequence (name, seq)
         SELECT name, seq FROM source.sqlite_sequence WHERE name = 'dead_letter'",
    ] {
        sqlx::query(sql).execute(&mut *tx).await.map_err(database)?;
    }
    sqlx::query("INSERT INTO main.meta (key, value) VALUES (?, ?)")
        .bind(SEEDED_FROM)
        .bind(&name)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    tx.commit().await.map_err(database)
}

async fn check_version(conn: &mut SqliteConnection, name: &str) -> Result<()> {
    let theirs: Option<String> =
        sqlx::query_scalar("SELECT value FROM source.meta WHERE key = 'projection_version'")
            .fetch_optional(conn)
            .await
            .map_err(|e| {
                StoreError::Incompatible(format!("{name} is no generation of a read store: {e}"))
            })?;
    if theirs.as_deref() == Some(&PROJECTION_VERSION.to_string()) {
        return Ok(());
    }
    Err(StoreError::Incompatible(format!(
        "the generation in {name} has projection version {}, this build has {PROJECTION_VERSION}: \
         build the new one from the event log",
        theirs.as_deref().unwrap_or("none")
    )))
}

/// Refuses a table that is laid out otherwise there, and one that has rows here.
async fn check_table(conn: &mut SqliteConnection, table: &str, name: &str) -> Result<()> {
    let same: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM main.sqlite_master a
             JOIN source.sqlite_master b ON b.type = a.type AND b.name = a.name AND b.sql = a.sql
             WHERE a.type = 'table' AND a.name = ?)",
    )
    .bind(table)
    .fetch_one(&mut *conn)
    .await
    .map_err(database)?;
    if !same {
        return Err(StoreError::Incompatible(format!(
            "the table {table} of {name} is not as this build makes it: start the service once, \
             which brings it up to date"
        )));
    }
    if filling::is_empty(conn, table).await? {
        return Ok(());
    }
    Err(StoreError::Incompatible(format!(
        "the generation has rows of {table} already: only an empty one can be seeded"
    )))
}
