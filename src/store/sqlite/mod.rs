//! The read store in SQLite: one file a generation, one writer, many readers (WAL).

mod changes;
mod dead_letters;
mod errors;
mod facts;
mod filling;
mod popular;
mod product_facts;
pub mod quiet;
mod reviews;
mod snapshot;
mod transaction;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteSynchronous;
use tokio::sync::watch;

pub(crate) use self::errors::{database, migration};
use self::quiet::Quiet;
use super::dead_letter::{DeadLetter, DeadLetterFilter};
use super::popular::PopularPage;
use super::{
    PROJECTION_VERSION, ReadStore, Result, Snapshot, StoreError, StoreStatus, Transaction,
    another_layout,
};
use crate::log::position::Position;
use crate::sqlite::SqliteOptions;
use crate::sqlite::connect::{connect_options, migrate, open_pool, pool_options};
use crate::store::feed::{ChangeCursor, ChangeHints, Changes};

/// One generation in one SQLite file.
pub struct SqliteStore {
    generation: i64,
    file: PathBuf,
    reader: SqlitePool,
    writer: SqlitePool,
    /// The one connection that reads the feed: whoever does may hold a snapshot.
    feed: SqlitePool,
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
        let writer = open_pool(pool, write, options.busy_timeout).await.map_err(database)?;
        check_version(&writer, file).await?;
        migrate(&writer, &MIGRATIONS).await.map_err(migration)?;
        let read = shared.pragma("cache_size", "-16384").pragma("query_only", "ON");
        let reading = async |connections| {
            let wait = Duration::from_secs(10);
            let pool = pool_options().max_connections(connections).acquire_timeout(wait);
            open_pool(pool, read.clone(), options.busy_timeout).await.map_err(database)
        };
        let (reader, feed) = (reading(options.read_connections).await?, reading(1).await?);
        let store = SqliteStore {
            generation,
            file: file.to_owned(),
            reader,
            writer,
            feed,
            told: watch::Sender::new(0),
            quiet: Quiet::of(file),
        };
        store.note_version().await?;
        Ok(store)
    }

    async fn writing(&self) -> Result<transaction::SqliteTransaction> {
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
        Ok(transaction::SqliteTransaction::new(tx, self.told.clone()))
    }

    /// Looking takes no lock, so that `status` does not wait for a projector.
    async fn note_version(&self) -> Result<()> {
        if self.snapshot().await?.meta(VERSION).await?.is_some() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        tx.set_meta(VERSION, Some(&PROJECTION_VERSION.to_string())).await?;
        tx.commit().await
    }
}

/// The setting that says which version has written the generation.
const VERSION: &str = "projection_version";

/// Refuses a generation that another version has written, before it is migrated.
async fn check_version(writer: &SqlitePool, file: &Path) -> Result<()> {
    let mut conn = writer.acquire().await.map_err(database)?;
    let has_settings: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta')",
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(database)?;
    let theirs = match has_settings {
        true => snapshot::meta(&mut conn, VERSION).await?,
        false => None,
    };
    match theirs.map(|theirs| theirs.parse().unwrap_or_default()) {
        None | Some(PROJECTION_VERSION) => Ok(()),
        Some(theirs) => {
            let place = format!("in {}", file.display());
            Err(StoreError::Incompatible(another_layout(&place, theirs)))
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
        Ok(Box::new(snapshot::SqliteSnapshot { tx }))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(self.writing().await?))
    }

    async fn begin_filling(&self) -> Result<()> {
        filling::begin(&self.writer).await
    }

    async fn end_filling(&self) -> Result<()> {
        filling::end(&self.writer).await
    }

    async fn status(&self) -> Result<StoreStatus> {
        let mut tx = self.reader.begin().await.map_err(database)?;
        let counts: (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM product WHERE doc IS NOT NULL),
                    (SELECT count(*) FROM dead_letter WHERE state = 'open')",
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
            if known || changes::is_last(&self.feed, since).await? {
                if !known {
                    self.quiet.is_last(look, since);
                }
                let cursor = since.clone();
                return Ok(Changes { cursor, changes: Vec::new(), lost: false });
            }
        }
        let mut tx = self.feed.begin().await.map_err(database)?;
        changes::read(&mut tx, since).await
    }

    async fn note_image(&self, token: &str) -> Result<()> {
        changes::note(&self.writer, token).await
    }

    async fn resume(&self, token: &str, cursor: &ChangeCursor) -> Result<Option<ChangeCursor>> {
        let is_noted = changes::is_noted(&self.feed, token).await?;
        Ok(is_noted.then(|| cursor.clone()))
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
        self.feed.close().await;
        self.writer.close().await;
    }
}

/// The file with its write-ahead log.
fn bytes_on_disk(file: &Path) -> u64 {
    let wal = PathBuf::from(format!("{}-wal", file.display()));
    [file, &wal].iter().filter_map(|f| std::fs::metadata(f).ok()).map(|m| m.len()).sum()
}
