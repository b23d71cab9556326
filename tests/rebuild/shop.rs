//! An embedded log, and stores that are projected or rebuilt from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use projections::event::Kind;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vitrine::config::Topics;
use vitrine::decode::envelope_kind;
use vitrine::log::embedded::EmbeddedLog;
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::log::{EventLog, Log, NewRecord};
use vitrine::projector::{Batch, Projector};
use vitrine::rebuild::progress::Progress;
use vitrine::rebuild::{Filled, Job, Options, RebuildError, fill};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::sqlite::SqliteStore;
use vitrine::store::{Advance, ReadStore};

use super::dump::{Dump, dump};
use crate::harness::events::markets;

/// So much that nothing goes to a file.
pub const AMPLE: u64 = 1 << 30;

pub struct Shop {
    pub directory: tempfile::TempDir,
    pub log: Log,
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub async fn open(path: &Path) -> Arc<dyn ReadStore> {
    Arc::new(SqliteStore::open(path, 2, SqliteOptions::default()).await.unwrap())
}

pub async fn open_log(directory: &Path) -> Arc<EmbeddedLog> {
    let patience = Duration::from_secs(20);
    Arc::new(EmbeddedLog::open(directory, Topics::default(), patience).await.unwrap())
}

pub async fn append(log: &EmbeddedLog, lines: &[String]) {
    for chunk in lines.chunks(500) {
        let record = |line: &String| NewRecord {
            kind: envelope_kind(line.as_bytes()).ok().flatten().unwrap_or(Kind::Review),
            payload: Bytes::from(line.clone()),
        };
        log.append(&chunk.iter().map(record).collect::<Vec<_>>()).await.unwrap().whole().unwrap();
    }
}

impl Shop {
    pub async fn new(lines: &[String]) -> Shop {
        let directory = tempfile::tempdir().unwrap();
        let log = open_log(directory.path()).await;
        append(&log, lines).await;
        Shop { directory, log: Log::Embedded(log) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn embedded(&self) -> &EmbeddedLog {
        let Log::Embedded(log) = &self.log else { panic!("it is not embedded") };
        log
    }

    /// What projecting in batches of so many events leaves.
    pub async fn projected(&self, batch_events: usize) -> Dump {
        let records = self.embedded().read_after(0, usize::MAX >> 1, usize::MAX).await.unwrap();
        let messages: Vec<(Position, Kind, Record)> = records
            .into_iter()
            .map(|record| {
                let Partition { topic, partition } = self.embedded().partition(record.kind);
                let position = Position { topic, partition, offset: record.seq };
                (position, record.kind, Record::plain(record.payload))
            })
            .collect();
        let topics = Kind::ALL.map(|kind| self.embedded().partition(kind));
        let path = self.path("projected.db");
        let _ = std::fs::remove_file(&path);
        let projector = Projector::new(open(&path).await, markets());
        project(&projector, &messages, batch_events, |batch, done| {
            let last = batch.last().map_or(0, |(position, ..)| position.offset);
            let expected = done.last().map_or(0, |(position, ..)| position.offset + 1);
            let advance = |partition: &Partition| Advance {
                last: None,
                partition: partition.clone(),
                expected,
                next: last + 1,
            };
            topics.iter().map(advance).collect()
        })
        .await;
        projector.store().close().await;
        dump(&path).await
    }

    pub fn job(&self, store: Arc<dyn ReadStore>, memory_bytes: u64) -> Job {
        job(self.log.clone(), store, memory_bytes, self.path("rebuild"))
    }

    /// Rebuilds into a new file.
    pub async fn rebuilt(&self, memory_bytes: u64) -> (Filled, Progress, Dump) {
        let path = self.path(&format!("rebuilt-{memory_bytes}.db"));
        let job = self.job(open(&path).await, memory_bytes);
        let (store, progress) = (Arc::clone(&job.store), Arc::clone(&job.progress));
        let filled = fill(job).await.unwrap();
        store.close().await;
        (filled, progress.borrow().clone(), dump(&path).await)
    }
}

pub fn job(log: Log, store: Arc<dyn ReadStore>, memory_bytes: u64, directory: PathBuf) -> Job {
    Job {
        log,
        store,
        markets: markets(),
        options: Options { memory_bytes, directory, checkpoint: Duration::from_secs(3600) },
        progress: Arc::new(watch::Sender::new(Progress::default())),
        stop: CancellationToken::new(),
    }
}

type Messages = [(Position, Kind, Record)];

/// Applies messages in batches; `moves` says what a batch moves, with what was applied before it.
pub async fn project(
    projector: &Projector,
    messages: &Messages,
    batch_events: usize,
    moves: impl Fn(&Messages, &Messages) -> Vec<Advance>,
) {
    for (number, chunk) in messages.chunks(batch_events).enumerate() {
        let done = &messages[..number * batch_events];
        let mut batch = Batch { moves: moves(chunk, done), ..Batch::default() };
        for (position, kind, record) in chunk {
            batch.push(position.clone(), *kind, record.clone());
        }
        projector.apply(&batch).await.unwrap();
    }
}

#[track_caller]
pub fn is_not_mine(result: Result<Filled, RebuildError>) {
    assert!(matches!(result, Err(RebuildError::NotMine(_))), "{result:?}");
}

/// Projects a store on to the end of the log, as a service does.
pub async fn project_on(shop: &Shop, path: &Path) -> Dump {
    let store = open(path).await;
    let next = store.begin().await.unwrap().positions().await.unwrap()[0].1;
    let records = shop.embedded().read_after(next - 1, usize::MAX >> 1, usize::MAX).await.unwrap();
    let last = records.last().unwrap().seq;
    let advance = |kind| Advance {
        last: None,
        partition: shop.embedded().partition(kind),
        expected: next,
        next: last + 1,
    };
    let mut batch = Batch { moves: Kind::ALL.map(advance).to_vec(), ..Batch::default() };
    for record in records {
        let Partition { topic, partition } = shop.embedded().partition(record.kind);
        let position = Position { topic, partition, offset: record.seq };
        batch.push(position, record.kind, Record::plain(record.payload));
    }
    let projector = Projector::new(store, markets());
    projector.apply(&batch).await.unwrap();
    projector.store().close().await;
    dump(path).await
}
