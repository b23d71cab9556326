//! The read store in SQLite: one file a generation, one writer, many readers (WAL).

pub(crate) mod bulk;
mod changes;
pub(crate) mod connect;
mod dead_letters;
pub mod errors;
mod facts;
mod fanout;
mod filling;
mod listings;
mod popular;
mod product_facts;
pub mod quiet;
mod reviews;
mod seed;
mod snapshot;
mod transaction;
mod views;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use projections::view::ListingKey;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};
use tokio::sync::watch;

pub use self::connect::connect_options;
use self::connect::{migrate, open_pool, pool_options};
pub(crate) use self::errors::{database, migration};
use self::quiet::Quiet;
use super::dead_letter::{DeadLetter, DeadLetterFilter};
use super::popular::PopularPage;
use super::seed::Seed;
use super::{
    PROJECTION_VERSION, ReadStore, Result, Snapshot, StoreError, StoreStatus, Transaction,
    another_layout,
};
use crate::changes::{ChangeCursor, ChangeHints, Changes};
use crate::log::position::Position;

/// How connections are opened.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// Connections that read, each with a thread of its own.
    pub read_connections: u32,
    /// How long a statement waits for another process's lock.
    pub busy_timeout: Duration,
    /// Bytes of a generation that is being filled up to which each part's entries are sorted in at once; those of
    /// further parts wait for the end.
    pub sorted_bytes: u64,
}

/// As many as the writer's cache has.
const SORTED_BYTES: u64 = 256 * 1024 * 1024;

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions {
            read_connections: 8,
            busy_timeout: Duration::from_secs(10),
            sorted_bytes: SORTED_BYTES,
        }
    }
}

/// Numbers that were given to listings and audiences; they never change once committed.
#[derive(Default)]
struct NumberCache {
    listings: HashMap<ListingKey, i64>,
    audiences: HashMap<(String, Option<String>), i64>,
}

/// Above this many, the cache of listing numbers starts anew.
const MAX_CACHED_LISTINGS: usize = 200_000;

impl NumberCache {
    /// Takes up numbers that are committed.
    fn take(
        &mut self,
        listings: impl IntoIterator<Item = (ListingKey, i64)>,
        audiences: impl IntoIterator<Item = ((String, Option<String>), i64)>,
    ) {
        if self.listings.len() > MAX_CACHED_LISTINGS {
            self.listings.clear();
        }
        self.listings.extend(listings);
        self.audiences.extend(audiences);
    }
}

/// One generation in one SQLite file.
pub struct SqliteStore {
    generation: i64,
    file: PathBuf,
    sorted_bytes: u64,
    reader: SqlitePool,
    writer: SqlitePool,
    /// For a further connection that writes.
    write: SqliteConnectOptions,
    numbers: Arc<Mutex<NumberCache>>,
    /// Changes with every commit that tells of a change.
    told: watch::Sender<u64>,
    quiet: Quiet,
}

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite/generation");

/// Pages of the write-ahead log after which it is copied into the file: large batches touch many
/// pages more than once, and each is copied only in its last state.
const CHECKPOINT_PAGES: u32 = 16_384;

impl SqliteStore {
    /// Opens a generation, and creates or migrates its file.
    pub async fn open(file: &Path, generation: i64, options: SqliteOptions) -> Result<SqliteStore> {
        // The positions are in the same file as the view: what a power cut takes of the last
        // commits is projected again from the log, so NORMAL loses nothing.
        let shared = connect_options(file, options).synchronous(SqliteSynchronous::Normal);
        let write = shared
            .clone()
            .pragma("cache_size", "-262144")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string());
        let pool = pool_options().max_connections(1).acquire_timeout(Duration::from_secs(60));
        let writer =
            open_pool(pool, write.clone(), options.busy_timeout).await.map_err(database)?;
        migrate(&writer, &MIGRATIONS).await.map_err(migration)?;
        let read = shared.pragma("cache_size", "-16384").pragma("query_only", "ON");
        let pool = pool_options()
            .max_connections(options.read_connections)
            .acquire_timeout(Duration::from_secs(10));
        let reader = open_pool(pool, read, options.busy_timeout).await.map_err(database)?;
        let store = SqliteStore {
            generation,
            file: file.to_owned(),
            sorted_bytes: options.sorted_bytes,
            reader,
            writer,
            write,
            numbers: Arc::default(),
            told: watch::Sender::new(0),
            quiet: Quiet::of(file),
        };
        store.check_version().await?;
        Ok(store)
    }

    async fn writing(&self) -> Result<transaction::SqliteTransaction> {
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
        let (numbers, told) = (Arc::clone(&self.numbers), self.told.clone());
        Ok(transaction::SqliteTransaction::new(tx, numbers, told))
    }

    /// Refuses a generation whose documents another version has written.
    async fn check_version(&self) -> Result<()> {
        let ours = PROJECTION_VERSION.to_string();
        // Looking takes no lock, so that `status` does not wait for a projector.
        let known = self.snapshot().await?.meta("projection_version").await?;
        match known {
            None => {
                let mut tx = self.begin().await?;
                tx.set_meta("projection_version", Some(&ours)).await?;
                tx.commit().await
            }
            Some(theirs) if theirs == ours => Ok(()),
            Some(theirs) => {
                let theirs = theirs.parse().unwrap_or_default();
                let place = format!("in {}", self.file.display());
                Err(StoreError::Incompatible(another_layout(&place, theirs)))
            }
        }
    }
}

#[async_trait]
impl ReadStore for SqliteStore {
    fn generation(&self) -> i64 {
        self.generation
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let tx = self.reader.begin().await.map_err(database)?;
        Ok(Box::new(snapshot::SqliteSnapshot { tx, numbers: Arc::clone(&self.numbers) }))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(self.writing().await?))
    }

    async fn begin_filling(&self) -> Result<()> {
        filling::begin(&self.writer).await
    }

    async fn begin_fill(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(self.writing().await?.filling(self.sorted_bytes).await?))
    }

    async fn end_filling(&self) -> Result<()> {
        filling::end(&self.writer).await
    }

    async fn seed_facts(&self, from: &Seed) -> Result<()> {
        let Seed::File(file) = from else {
            return Err(StoreError::Incompatible(format!(
                "a generation in SQLite cannot be seeded from the schema {from}"
            )));
        };
        let mut conn = self.write.connect().await.map_err(database)?;
        let seeded = seed::seed(&mut conn, file).await;
        let closed = conn.close().await.map_err(database);
        seeded.and(closed)
    }

    async fn status(&self) -> Result<StoreStatus> {
        let mut tx = self.reader.begin().await.map_err(database)?;
        let counts: (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM view),
                    (SELECT count(*) FROM dead_letter WHERE state = 'open'),
                    (SELECT count(*) FROM fanout),
                    (SELECT count(*) FROM stale)",
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(database)?;
        let counted: Vec<(String, i64)> =
            sqlx::query_as("SELECT outcome, events FROM outcome_count")
                .fetch_all(&mut *tx)
                .await
                .map_err(database)?;
        let mut status = StoreStatus {
            generation: self.generation,
            projection_version: PROJECTION_VERSION,
            products: counts.0 as u64,
            dead_letters_open: counts.1 as u64,
            fanout_tasks: counts.2 as u64,
            stale_products: counts.3 as u64,
            store_bytes: bytes_on_disk(&self.file),
            ..StoreStatus::default()
        };
        status.counted(counted);
        Ok(status)
    }

    async fn dead_letters(
        &self,
        filter: DeadLetterFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>> {
        let mut conn = self.reader.acquire().await.map_err(database)?;
        dead_letters::list(&mut conn, filter, after, limit).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        let mut conn = self.reader.acquire().await.map_err(database)?;
        dead_letters::show(&mut conn, id).await
    }

    async fn dead_letter_at(&self, position: &Position) -> Result<Option<DeadLetter>> {
        let mut conn = self.reader.acquire().await.map_err(database)?;
        dead_letters::at(&mut conn, position).await
    }

    async fn unforwarded(&self, after: i64, limit: u32) -> Result<Vec<(i64, Position)>> {
        let mut conn = self.reader.acquire().await.map_err(database)?;
        dead_letters::not_forwarded(&mut conn, after, limit).await
    }

    async fn forwarded(&self, positions: &[Position]) -> Result<Vec<Position>> {
        let mut conn = self.reader.acquire().await.map_err(database)?;
        dead_letters::forwarded(&mut conn, positions).await
    }

    async fn changes(&self, since: Option<&ChangeCursor>) -> Result<Changes> {
        if let Some(since) = since {
            let look = self.quiet.look(*self.told.borrow());
            let known = self.quiet.is_quiet(look, since);
            if known || changes::is_last(&self.reader, since).await? {
                if !known {
                    self.quiet.is_last(look, since);
                }
                let cursor = since.clone();
                return Ok(Changes { cursor, changes: Vec::new(), lost: false });
            }
        }
        let mut tx = self.reader.begin().await.map_err(database)?;
        changes::read(&mut tx, since).await
    }

    async fn change_hints(&self) -> Result<Box<dyn ChangeHints>> {
        Ok(Box::new(changes::SqliteHints(self.told.subscribe())))
    }

    async fn prune_changes(&self, keep: Duration) -> Result<u64> {
        changes::prune(&self.writer, keep).await
    }

    async fn popular_pages(&self, limit: u32) -> Result<Vec<PopularPage>> {
        popular::read(&self.file, limit).await
    }

    async fn save_popular_pages(&self, pages: &[PopularPage]) -> Result<()> {
        popular::save(&self.file, pages).await
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// The file with its write-ahead log.
fn bytes_on_disk(file: &Path) -> u64 {
    let wal = PathBuf::from(format!("{}-wal", file.display()));
    [file, &wal].iter().filter_map(|f| std::fs::metadata(f).ok()).map(|m| m.len()).sum()
}
