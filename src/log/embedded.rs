//! The embedded event log: an append-only SQLite table that several processes may write to.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use notify::{EventKind, RecursiveMode, Watcher};
use projections::event::Kind;
use projections::instant::Instant;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{Row, SqlitePool};
use tokio::sync::watch;

use super::position::{Partition, Position};
use super::record::Record;
use super::{Appended, EventLog, Extent, Lag, LogError, NewRecord};
use crate::clock;
use crate::config::Topics;
use crate::sqlite::SqliteOptions;
use crate::sqlite::bulk::{self, Parameters};
use crate::sqlite::connect::{connect_options, migrate, open_pool, pool_options};
use crate::sqlite::errors::{Meaning, READ_ONLY};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite/log");

/// A file in the log's folder that is written after each append.
const APPENDED: &str = "appended";

/// Rows of one `INSERT`.
const APPEND_ROWS: usize = 256;

/// The log.
pub struct EmbeddedLog {
    data_dir: PathBuf,
    topics: Topics,
    reader: SqlitePool,
    writer: SqlitePool,
    /// Which file was opened: its device and inode.
    file: (u64, u64),
    /// Changes when something may have been appended.
    appended: Arc<watch::Sender<u64>>,
}

/// An event as read back.
#[derive(Clone, Debug)]
pub struct LogRecord {
    /// Its offset, whatever its topic.
    pub seq: i64,
    pub kind: Kind,
    pub payload: Bytes,
}

impl EmbeddedLog {
    /// Opens the log in a data directory, and creates or migrates it.
    pub async fn open(
        data_dir: &Path,
        topics: Topics,
        busy_timeout: Duration,
    ) -> Result<EmbeddedLog, LogError> {
        let (writer, connect) = open_migrated(data_dir, busy_timeout).await?;
        let pool = pool_options().max_connections(2);
        let reader = open_pool(pool, connect.pragma("query_only", "ON"), busy_timeout)
            .await
            .map_err(log_error)?;
        let file = identity(&file(data_dir))
            .map_err(|e| LogError::Unavailable(format!("{}: {e}", file(data_dir).display())))?;
        let data_dir = data_dir.to_owned();
        Ok(EmbeddedLog { data_dir, topics, reader, writer, file, appended: Arc::default() })
    }

    /// A connection that is opened anew would open whatever is in the file's place.
    fn reader(&self) -> Result<&SqlitePool, LogError> {
        self.in_place().map(|()| &self.reader)
    }

    /// Whether the file is still where it was opened: what is written to one that was removed is lost.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]: it may be put back.
    fn in_place(&self) -> Result<(), LogError> {
        let file = file(&self.data_dir);
        match identity(&file) {
            Ok(found) if found == self.file => Ok(()),
            found => Err(LogError::Unavailable(format!(
                "{} was {} while this process had it open: put it back, or start the process again",
                file.display(),
                if found.is_ok() { "replaced" } else { "removed" }
            ))),
        }
    }

    /// The topic's only partition.
    pub fn partition(&self, kind: Kind) -> Partition {
        Partition { topic: self.topics.of(kind).to_owned(), partition: 0 }
    }

    /// Events after `seq`, in order: at most `max_events`, and no more than `max_bytes` of payload
    /// unless the first alone is larger.
    pub async fn read_after(
        &self,
        seq: i64,
        max_events: usize,
        max_bytes: usize,
    ) -> Result<Vec<LogRecord>, LogError> {
        let limit = i64::try_from(max_events).unwrap_or(i64::MAX);
        let mut rows =
            sqlx::query("SELECT seq, kind, payload FROM event WHERE seq > ? ORDER BY seq LIMIT ?")
                .bind(seq)
                .bind(limit)
                .fetch(self.reader()?);
        let mut records = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows.try_next().await.map_err(log_error)? {
            let payload: Vec<u8> = row.try_get("payload").map_err(log_error)?;
            bytes += payload.len();
            if bytes > max_bytes && !records.is_empty() {
                break;
            }
            let kind: i64 = row.try_get("kind").map_err(log_error)?;
            let kind = usize::try_from(kind).ok().and_then(|i| Kind::ALL.get(i).copied());
            let kind = kind.ok_or_else(|| {
                LogError::Refused("an event has a kind that this build does not know".to_owned())
            })?;
            let seq = row.try_get("seq").map_err(log_error)?;
            records.push(LogRecord { seq, kind, payload: Bytes::from(payload) });
        }
        Ok(records)
    }

    /// The event at an offset, in whatever topic it is.
    pub async fn read_at(&self, seq: i64) -> Result<Option<Record>, LogError> {
        let payload: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM event WHERE seq = ?")
                .bind(seq)
                .fetch_optional(self.reader()?)
                .await
                .map_err(log_error)?;
        Ok(payload.map(|payload| Record::plain(payload.into())))
    }

    /// Which log this is; one that is made anew in its place has another id.
    pub async fn id(&self) -> Result<String, LogError> {
        let id = sqlx::query_scalar("SELECT id FROM identity").fetch_one(self.reader()?).await;
        id.map_err(log_error)
    }

    /// When the first event from `seq` on was appended; `None` where there is none.
    pub async fn appended_at(&self, seq: i64) -> Result<Option<Instant>, LogError> {
        sqlx::query_scalar("SELECT appended_at FROM event WHERE seq >= ? ORDER BY seq LIMIT 1")
            .bind(seq)
            .fetch_optional(self.reader()?)
            .await
            .map(|at| at.map(Instant))
            .map_err(log_error)
    }

    /// The offset of the last event; 0 where there is none.
    pub async fn last_seq(&self) -> Result<i64, LogError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM event")
            .fetch_one(self.reader()?)
            .await
            .map_err(log_error)?;
        Ok(last.unwrap_or(0))
    }

    /// Wakes up when this process or another one may have appended.
    pub fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// Writes a file that other processes' watchers hear of. The write to the log itself comes
    /// before its commit does: who hears only of that looks too early, and finds nothing.
    async fn tell_others(&self) {
        if let Err(error) = tokio::fs::write(log_folder(&self.data_dir).join(APPENDED), "\n").await
        {
            tracing::debug!(%error, "other processes were not told of an append: they look by and by");
        }
    }

    /// Watches the log's files for other processes' appends. Dropping the watcher ends it.
    pub fn watch(&self) -> Result<notify::RecommendedWatcher, notify::Error> {
        let appended = Arc::clone(&self.appended);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // Reading opens and closes files too; only writing says that something has come.
                if event
                    .is_ok_and(|e| matches!(e.kind, EventKind::Modify(_) | EventKind::Create(_)))
                {
                    appended.send_modify(|n| *n += 1);
                }
            })?;
        watcher.watch(&log_folder(&self.data_dir), RecursiveMode::NonRecursive)?;
        Ok(watcher)
    }
}

/// A file's device and inode.
fn identity(file: &Path) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(file).map(|found| (found.dev(), found.ino()))
}

/// The file that holds the log, and the catalogue of generations.
pub fn file(data_dir: &Path) -> PathBuf {
    log_folder(data_dir).join("events.db")
}

/// Creates or migrates that file.
pub async fn migrate_file(data_dir: &Path, busy_timeout: Duration) -> Result<(), LogError> {
    let (writer, _) = open_migrated(data_dir, busy_timeout).await?;
    writer.close().await;
    Ok(())
}

async fn open_migrated(
    data_dir: &Path,
    busy_timeout: Duration,
) -> Result<(SqlitePool, SqliteConnectOptions), LogError> {
    let folder = log_folder(data_dir);
    std::fs::create_dir_all(&folder).map_err(|e| {
        LogError::Refused(format!(
            "cannot create {}: {e}; set data_dir to a folder that may be written to",
            folder.display()
        ))
    })?;
    let options = SqliteOptions { busy_timeout, ..SqliteOptions::default() };
    // An accepted event must survive a power cut: every commit is synced.
    let connect = connect_options(&file(data_dir), options).synchronous(SqliteSynchronous::Full);
    let pool = pool_options().max_connections(1).acquire_timeout(Duration::from_secs(60));
    let file = file(data_dir);
    let named = |error| in_file(error, &file);
    let writer = open_pool(pool, connect.clone(), busy_timeout).await.map_err(log_error);
    let writer = writer.map_err(named)?;
    migrate(&writer, &MIGRATIONS).await.map_err(|e| in_file(migration_error(e), &file))?;
    Ok((writer, connect))
}

/// Says which file it is about, and what to do.
fn in_file(error: LogError, file: &Path) -> LogError {
    let place = file.display();
    match error {
        LogError::Damaged(why) => LogError::Damaged(format!(
            "{place}: {why}; put a backup of the folder log/ in its place, or move the folder away and \
             publish the events again"
        )),
        LogError::Unavailable(why) => LogError::Unavailable(format!(
            "{place}: {why}; see that data_dir can be read and written by this user, and that the limit of \
             open files (ulimit -n) is not reached"
        )),
        LogError::Full(why) => LogError::Full(format!("{place}: {why}")),
        other => other,
    }
}

fn migration_error(error: MigrateError) -> LogError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => log_error(e),
        other => LogError::Refused(other.to_string()),
    }
}

/// A folder of its own, so that watching it does not wake up for the read store's writes.
fn log_folder(data_dir: &Path) -> PathBuf {
    data_dir.join("log")
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn append(&self, records: &[NewRecord]) -> Result<Appended, LogError> {
        if records.is_empty() {
            return Ok(Appended::default());
        }
        self.in_place()?;
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(log_error)?;
        const INSERT: &str = "INSERT INTO event (kind, appended_at, payload)";
        let now = clock::now().millis();
        let mut last_of_kind: [Option<i64>; Kind::ALL.len()] = Default::default();
        for chunk in records.chunks(APPEND_ROWS) {
            let mut parameters = Parameters::default();
            for record in chunk {
                parameters.bind(record.kind as i64).bind(now).bind(record.payload.as_ref());
            }
            let parameters = parameters.finish().map_err(log_error)?;
            let sql = bulk::statement(INSERT, 3, "", chunk.len());
            let done =
                sqlx::query_with(&sql, parameters).execute(&mut *tx).await.map_err(log_error)?;
            // One statement under the write lock: its rows have consecutive numbers.
            let first = done.last_insert_rowid() - chunk.len() as i64 + 1;
            for (seq, record) in (first..).zip(chunk) {
                last_of_kind[record.kind as usize] = Some(seq);
            }
        }
        tx.commit().await.map_err(log_error)?;
        self.appended.send_modify(|n| *n += 1);
        self.tell_others().await;
        let positions = Kind::ALL.into_iter().zip(last_of_kind).filter_map(|(kind, seq)| {
            let Partition { topic, partition } = self.partition(kind);
            Some(Position { topic, partition, offset: seq? })
        });
        Ok(Appended { positions: positions.collect(), refused: Vec::new() })
    }

    async fn extents(&self) -> Result<Vec<Extent>, LogError> {
        let next = self.last_seq().await? + 1;
        let extent = |kind| Extent { partition: self.partition(kind), first: 0, next };
        Ok(Kind::ALL.into_iter().map(extent).collect())
    }

    /// One sequence runs through all topics: the lag is not a sum over them.
    async fn lag(&self, extents: &[Extent], next: &[(Partition, i64)]) -> Result<Lag, LogError> {
        let next_of = |extent: &Extent| {
            next.iter().find(|(p, _)| *p == extent.partition).map_or(0, |(_, next)| *next)
        };
        // A view that has seen more than there is does not lag: it is stopped.
        let events = extents.iter().map(|e| e.next - next_of(e).max(1)).max().unwrap_or(0).max(0);
        let first_waiting = extents.iter().map(next_of).min().unwrap_or(0);
        Ok(Lag { events, since: self.appended_at(first_waiting).await? })
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

fn log_error(error: sqlx::Error) -> LogError {
    let why = error.to_string();
    match Meaning::of(&error) {
        Meaning::Locked | Meaning::Transient => LogError::Unavailable(why),
        Meaning::Full => LogError::Full(why),
        Meaning::Damaged => LogError::Damaged(why),
        Meaning::ReadOnly => LogError::Refused(format!("{why}: {READ_ONLY}")),
        Meaning::Final => LogError::Refused(why),
    }
}
