//! The schemas: one for control, which knows the generations, and one a generation.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use xxhash_rust::xxh3::xxh3_64;

use super::errors::{database, migration};
use crate::clock;
use crate::store::{PROJECTION_VERSION, Result, StoreError, another_layout};

static CONTROL: Migrator = sqlx::migrate!("migrations/postgres/control");
static GENERATION: Migrator = sqlx::migrate!("migrations/postgres/generation");

/// Characters of a prefix of schemas; with a generation's number it stays below PostgreSQL's 63.
const MAX_PREFIX: usize = 40;

/// Refuses a prefix that would have to be quoted.
pub fn check_prefix(prefix: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let starts = prefix.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    if starts
        && prefix.len() <= MAX_PREFIX
        && prefix.bytes().all(plain)
        && !prefix.starts_with("pg_")
    {
        return Ok(());
    }
    Err(StoreError::Incompatible(format!(
        "`{prefix}` is no name for the schema: write a to z, 0 to 9 and _, not first a digit or \
         pg_, at most {MAX_PREFIX} characters"
    )))
}

/// The name of a generation's schema, which is not quoted in statements.
pub fn plain(schema: &str) -> Result<&str> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    match schema.bytes().all(is_plain) {
        true => Ok(schema),
        false => {
            Err(StoreError::Incompatible(format!("`{schema}` is no name of a schema of ours")))
        }
    }
}

/// The key of an advisory lock; they are known by a number in all of a database.
pub fn lock_key(schema: &str, of: &str) -> i64 {
    xxh3_64(format!("vitrine/{schema}/{of}").as_bytes()) as i64
}

/// Where a generation is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generation {
    pub number: i64,
    pub schema: String,
}

/// A connection outside of any pool.
pub async fn connect(address: &PgConnectOptions, within: Duration) -> Result<PgConnection> {
    let connect = tokio::time::timeout(within, address.clone().connect()).await;
    connect
        .map_err(|_| StoreError::Unavailable(format!("no connection within {within:?}")))?
        .map_err(database)
}

/// Whether there is a table of generations.
pub async fn exists(address: &PgConnectOptions, prefix: &str, within: Duration) -> Result<bool> {
    let mut conn = connect(address, within).await?;
    let table = format!("{prefix}.generation");
    let found: sqlx::Result<bool> = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(&mut conn)
        .await;
    let _ = conn.close().await;
    found.map_err(database)
}

/// Refuses a pooler that gives a session another connection for each transaction: settings, prepared statements, locks and
/// LISTEN are the session's. Two sessions of a server never have the same process; behind such a pooler they do, or one
/// has another process than before.
pub async fn refuse_transaction_pooling(
    address: &PgConnectOptions,
    within: Duration,
) -> Result<()> {
    const PROCESS: &str = "SELECT pg_backend_pid()";
    let process = async |conn: &mut PgConnection| {
        // Such a pooler knows nothing of statements that were prepared before.
        let pid = sqlx::query_scalar::<_, i32>(PROCESS).persistent(false).fetch_one(conn).await;
        pid.map_err(database)
    };
    let mut one = connect(address, within).await?;
    let before = process(&mut one).await?;
    let mut other = connect(address, within).await?;
    let mut tx = other.begin().await.map_err(database)?;
    let others = process(&mut tx).await?;
    let after = process(&mut one).await?;
    drop(tx);
    let _ = tokio::join!(one.close(), other.close());
    if before == after && before != others {
        return Ok(());
    }
    Err(StoreError::Incompatible(
        "store.url leads to a pooler that shares connections by transaction, such as PgBouncer with \
         `pool_mode = transaction`; Vitrine needs sessions of its own (settings, locks, LISTEN): set `pool_mode = session` \
         for its database, or name PostgreSQL itself. Vitrine pools its connections anyway"
            .to_owned(),
    ))
}

/// Finds the generation that this build answers from, and creates or migrates what is not there yet.
pub async fn prepare(
    address: &PgConnectOptions,
    prefix: &str,
    within: Duration,
) -> Result<Generation> {
    let mut conn = connect(address, within).await?;
    let prepared = prepare_on(&mut conn, prefix).await;
    // Whatever becomes of the goodbye: the connection has done its work.
    let _ = conn.close().await;
    let (generation, theirs) = prepared?;
    if theirs == PROJECTION_VERSION {
        return Ok(generation);
    }
    Err(StoreError::Incompatible(another_layout(
        &format!("in schema {}", generation.schema),
        theirs,
    )))
}

/// Makes or migrates a generation's schema.
pub async fn prepare_generation(
    address: &PgConnectOptions,
    prefix: &str,
    schema: &str,
    within: Duration,
) -> Result<()> {
    let mut conn = connect(address, within).await?;
    if !is_migrated(&mut conn, &GENERATION, schema).await? {
        let mut tx = conn.begin().await.map_err(database)?;
        lock_schemas(&mut tx, prefix).await?;
        migrate(&mut tx, &GENERATION, schema).await?;
        tx.commit().await.map_err(database)?;
    }
    let _ = conn.close().await;
    Ok(())
}

/// Only one process makes schemas.
async fn lock_schemas(conn: &mut PgConnection, prefix: &str) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(lock_key(prefix, "schema"))
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(database)
}

async fn prepare_on(conn: &mut PgConnection, prefix: &str) -> Result<(Generation, i64)> {
    // Most processes find everything in place. They take no lock, and need no right to create.
    if let Some(found) = complete(conn, prefix).await? {
        return Ok(found);
    }
    let mut tx = conn.begin().await.map_err(database)?;
    lock_schemas(&mut tx, prefix).await?;
    migrate(&mut tx, &CONTROL, prefix).await?;
    let (generation, version) = match current(&mut tx, prefix).await.map_err(database)? {
        Some(found) => found,
        None => first(&mut tx, prefix).await?,
    };
    if version == PROJECTION_VERSION {
        migrate(&mut tx, &GENERATION, &generation.schema).await?;
    }
    tx.commit().await.map_err(database)?;
    Ok((generation, version))
}

/// The current generation, if it and the control schema have all of their migrations.
async fn complete(conn: &mut PgConnection, prefix: &str) -> Result<Option<(Generation, i64)>> {
    let found = match current(conn, prefix).await {
        Err(e) if is_missing(&e) => return Ok(None),
        found => found.map_err(database)?,
    };
    let Some((generation, version)) = found else { return Ok(None) };
    for (migrator, schema) in [(&CONTROL, prefix), (&GENERATION, generation.schema.as_str())] {
        if !is_migrated(conn, migrator, schema).await? {
            return Ok(None);
        }
    }
    Ok(Some((generation, version)))
}

/// Whether a schema has all of its migrations.
async fn is_migrated(conn: &mut PgConnection, migrator: &Migrator, schema: &str) -> Result<bool> {
    let newest = migrator.iter().map(|migration| migration.version).max();
    let sql = format!("SELECT max(version) FROM {schema}._sqlx_migrations WHERE success");
    let applied: sqlx::Result<Option<i64>> = sqlx::query_scalar(&sql).fetch_one(conn).await;
    match applied {
        Err(e) if is_missing(&e) => Ok(false),
        applied => Ok(applied.map_err(database)? == newest),
    }
}

/// No such table, column or schema.
fn is_missing(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code());
    matches!(code.as_deref(), Some("42P01" | "3F000" | "42703"))
}

/// The generation that was promoted last of those with this build's layout; the live one where there is none.
async fn current(conn: &mut PgConnection, prefix: &str) -> sqlx::Result<Option<(Generation, i64)>> {
    let sql = format!(
        "SELECT g.number, g.schema_name, g.projection_version
         FROM {prefix}.generation g LEFT JOIN {prefix}.current_generation c ON c.number = g.number
         WHERE c.number IS NOT NULL
            OR g.projection_version = $1 AND g.promoted_at IS NOT NULL AND g.state = 'following'
         ORDER BY g.projection_version <> $1, c.number IS NULL, g.promoted_at DESC LIMIT 1"
    );
    let row: Option<(i64, String, i64)> =
        sqlx::query_as(&sql).bind(PROJECTION_VERSION).fetch_optional(conn).await?;
    Ok(row.map(|(number, schema, version)| (Generation { number, schema }, version)))
}

/// Runs migrations in a schema, where their own table is kept too. The lock is held; sqlx's own lock
/// is the database's, and comes on top.
async fn migrate(conn: &mut PgConnection, migrator: &Migrator, schema: &str) -> Result<()> {
    let setup = format!("CREATE SCHEMA IF NOT EXISTS {schema}; SET LOCAL search_path = {schema}");
    conn.execute(setup.as_str()).await.map_err(database)?;
    // `run` takes so general a connection that its future cannot be sent to another thread.
    migrator.run_direct(conn).await.map_err(migration)
}

/// Enters the first generation.
async fn first(conn: &mut PgConnection, prefix: &str) -> Result<(Generation, i64)> {
    let generation = Generation { number: 1, schema: format!("{prefix}_g1") };
    sqlx::query(
        "INSERT INTO generation (number, schema_name, projection_version, created_at, promoted_at)
         VALUES ($1, $2, $3, $4, $4)",
    )
    .bind(generation.number)
    .bind(&generation.schema)
    .bind(PROJECTION_VERSION)
    .bind(clock::now().millis())
    .execute(&mut *conn)
    .await
    .map_err(database)?;
    sqlx::query("INSERT INTO current_generation (number) VALUES ($1)")
        .bind(generation.number)
        .execute(conn)
        .await
        .map_err(database)?;
    Ok((generation, PROJECTION_VERSION))
}
