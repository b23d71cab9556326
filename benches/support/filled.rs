//! Where a generation is filled, and its rows written once more as plainly as can be.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use bytes::Bytes;
use futures_util::TryStreamExt;
use sqlx::{ConnectOptions, Connection, PgConnection};
use vitrine::sqlite::SqliteOptions;
use vitrine::sqlite::connect::connect_options;
use vitrine::store::ReadStore;
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::sqlite::SqliteStore;

/// The tables that have most rows.
const TABLES: [&str; 5] = ["product", "price", "stock", "review", "review_count"];

/// A place for one generation.
pub trait Place: Sized {
    async fn new() -> anyhow::Result<Self>;
    async fn open(&self) -> anyhow::Result<Arc<dyn ReadStore>>;
    /// The rows of the generation once more into tables with no indexes: how many, and the seconds
    /// that it took to write them.
    async fn copy_rows(&self) -> anyhow::Result<(u64, f64)>;
    async fn drop(self) -> anyhow::Result<()>;
}

pub struct SqlitePlace(tempfile::TempDir);

impl Place for SqlitePlace {
    async fn new() -> anyhow::Result<Self> {
        Ok(SqlitePlace(tempfile::tempdir()?))
    }

    async fn open(&self) -> anyhow::Result<Arc<dyn ReadStore>> {
        let file = self.0.path().join("generation.db");
        Ok(Arc::new(SqliteStore::open(&file, 1, SqliteOptions::default()).await?))
    }

    async fn copy_rows(&self) -> anyhow::Result<(u64, f64)> {
        copy_sqlite(&self.0.path().join("generation.db")).await
    }

    async fn drop(self) -> anyhow::Result<()> {
        Ok(self.0.close()?)
    }
}

pub struct PostgresPlace {
    server: String,
    database: String,
}

impl PostgresPlace {
    fn url(&self) -> anyhow::Result<String> {
        let (server, _) = self.server.rsplit_once('/').context("the address names no database")?;
        Ok(format!("{server}/{}", self.database))
    }

    async fn on_server(&self, statement: &str) -> anyhow::Result<()> {
        let mut conn = PgConnection::connect(&self.server).await?;
        sqlx::raw_sql(statement).execute(&mut conn).await?;
        Ok(conn.close().await?)
    }
}

impl Place for PostgresPlace {
    async fn new() -> anyhow::Result<Self> {
        let server = std::env::var("TEST_POSTGRES_URL").context(
            "TEST_POSTGRES_URL is not set: `scripts/services up`, then `eval \"$(scripts/services env)\"`",
        )?;
        let database = format!("bench{}_{}", vitrine::clock::now().millis(), std::process::id());
        let place = PostgresPlace { server, database };
        place.on_server(&format!("CREATE DATABASE {}", place.database)).await?;
        Ok(place)
    }

    async fn open(&self) -> anyhow::Result<Arc<dyn ReadStore>> {
        Ok(Arc::new(PostgresStore::open(&self.url()?, PostgresOptions::default()).await?))
    }

    async fn copy_rows(&self) -> anyhow::Result<(u64, f64)> {
        copy_postgres(&self.url()?, "vitrine_g1").await
    }

    async fn drop(self) -> anyhow::Result<()> {
        self.on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.database)).await
    }
}

/// The rows of the generation in a file, once more into tables with no indexes of a new file beside it.
pub async fn copy_sqlite(generation: &Path) -> anyhow::Result<(u64, f64)> {
    let plain = generation.with_extension("plain");
    let mut conn = connect_options(&plain, SqliteOptions::default())
        .synchronous(sqlx::sqlite::SqliteSynchronous::Normal)
        .pragma("cache_size", "-262144")
        .pragma("wal_autocheckpoint", "16384")
        .connect()
        .await?;
    sqlx::query("ATTACH ? AS source").bind(generation.to_str()).execute(&mut conn).await?;
    let (mut rows, started) = (0, Instant::now());
    for table in TABLES {
        let sql = format!("CREATE TABLE main.{table} AS SELECT * FROM source.{table}");
        sqlx::query(&sql).execute(&mut conn).await?;
    }
    sqlx::query("PRAGMA main.wal_checkpoint(TRUNCATE)").execute(&mut conn).await?;
    let seconds = started.elapsed().as_secs_f64();
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM main.{table}");
        rows += sqlx::query_scalar::<_, i64>(&sql).fetch_one(&mut conn).await? as u64;
    }
    conn.close().await?;
    Ok((rows, seconds))
}

/// The rows of the generation in a schema, once more into tables with no indexes.
pub async fn copy_postgres(url: &str, schema: &str) -> anyhow::Result<(u64, f64)> {
    /// What is sent at once.
    const PIECE_BYTES: usize = 256 * 1024;
    let mut conn = PgConnection::connect(url).await?;
    let (mut rows, mut seconds) = (0, 0.0);
    for table in TABLES {
        let sql = format!("CREATE TABLE yardstick (LIKE {schema}.{table} INCLUDING STORAGE)");
        sqlx::raw_sql(&sql).execute(&mut conn).await?;
        let out = format!("COPY {schema}.{table} TO STDOUT (FORMAT binary)");
        // Reading them is not counted.
        let bytes: Vec<Bytes> = conn.copy_out_raw(&out).await?.try_collect().await?;
        let bytes = bytes.concat();
        let started = Instant::now();
        let mut copy = conn.copy_in_raw("COPY yardstick FROM STDIN (FORMAT binary)").await?;
        for piece in bytes.chunks(PIECE_BYTES) {
            copy.send(piece).await?;
        }
        rows += copy.finish().await?;
        seconds += started.elapsed().as_secs_f64();
        sqlx::raw_sql("DROP TABLE yardstick").execute(&mut conn).await?;
    }
    conn.close().await?;
    Ok((rows, seconds))
}
