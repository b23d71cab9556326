//! Facts of another generation, taken over in one transaction from one state of it.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::errors::database;
use super::{filling, schema, snapshot};
use crate::store::seed::{FACT_TABLES, SEEDED_FROM};
use crate::store::{PROJECTION_VERSION, Result, StoreError};

/// A state that stays, to be read and written from.
const BEGIN_SEED: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE";

/// Takes the facts of the generation in this schema into the one of the connection, which is empty.
pub async fn seed(conn: &mut PgConnection, control: &str, from: &str) -> Result<()> {
    schema::check_prefix(from)?;
    filling::give_memory(conn).await?;
    let mut tx = conn.begin_with(BEGIN_SEED).await.map_err(database)?;
    match snapshot::meta(&mut tx, SEEDED_FROM).await? {
        // It was done before a crash.
        Some(known) if known == from => return Ok(()),
        Some(known) => {
            return Err(StoreError::Incompatible(format!(
                "the generation was seeded from {known}, and cannot be from {from} too"
            )));
        }
        None => {}
    }
    check_version(&mut tx, control, from).await?;
    for table in FACT_TABLES {
        check_table(&mut tx, table, from).await?;
        take(&mut tx, table, from).await?;
    }
    // Its ids go on where those of the other one would.
    let next = format!(
        "SELECT setval(pg_get_serial_sequence('dead_letter', 'id'), last_value, is_called)
         FROM {from}.dead_letter_id_seq"
    );
    tx.execute(next.as_str()).await.map_err(database)?;
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)")
        .bind(SEEDED_FROM)
        .bind(from)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    tx.commit().await.map_err(database)
}

async fn check_version(conn: &mut PgConnection, control: &str, from: &str) -> Result<()> {
    let sql = format!("SELECT projection_version FROM {control}.generation WHERE schema_name = $1");
    let theirs: Option<i64> =
        sqlx::query_scalar(&sql).bind(from).fetch_optional(conn).await.map_err(database)?;
    match theirs {
        Some(PROJECTION_VERSION) => Ok(()),
        Some(theirs) => Err(StoreError::Incompatible(format!(
            "the generation in schema {from} has projection version {theirs}, this build has \
             {PROJECTION_VERSION}: build the new one from the event log"
        ))),
        None => Err(StoreError::Incompatible(format!("there is no generation in schema {from}"))),
    }
}

/// Refuses a table that is laid out otherwise there, and one that has rows here.
async fn check_table(conn: &mut PgConnection, table: &str, from: &str) -> Result<()> {
    let same: bool = sqlx::query_scalar(
        "SELECT (SELECT array_agg((attname, atttypid) ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped)
              = (SELECT array_agg((attname, atttypid) ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = to_regclass($2) AND attnum > 0 AND NOT attisdropped)",
    )
    .bind(table)
    .bind(format!("{from}.{table}"))
    .fetch_one(&mut *conn)
    .await
    .map_err(database)
    .map(|same: Option<bool>| same.unwrap_or(false))?;
    if !same {
        return Err(StoreError::Incompatible(format!(
            "the table {table} of {from} is not as this build makes it: start the service once, \
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

/// Without its indexes, which are made afterwards: a crash undoes all of it.
async fn take(conn: &mut PgConnection, table: &str, from: &str) -> Result<()> {
    let indexes = filling::indexes(conn, &[table.to_owned()]).await?;
    filling::drop_all(conn, &indexes).await?;
    let insert =
        format!("INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {from}.{table}");
    conn.execute(insert.as_str()).await.map_err(database)?;
    for index in &indexes {
        filling::make(conn, index).await?;
    }
    Ok(())
}
