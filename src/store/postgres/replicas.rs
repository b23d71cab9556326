//! Standbys to read from: which of them are well, and whose turn it is.
//!
//! Every second the primary is asked how far its log goes, and each standby how far it has come.
//! A standby's lag is the time since the primary was first seen beyond it: clocks that differ do not
//! count, nor does how long nothing was written. Where the primary is away nothing newer can be
//! read, so that no standby counts as behind.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::{PgPool, Postgres};
use tokio::task::JoinHandle;

use super::connect::{self, Session};
use super::errors::database;
use super::{BEGIN_READ, PostgresOptions};
use crate::store::{Result, StoreError};

/// Time between two looks at a standby.
const EVERY: Duration = Duration::from_secs(1);
/// How long a standby may take to answer before it counts as away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Looks at the primary that are kept for a standby that is behind.
const MAX_SEEN: usize = 600;

/// One standby.
struct Replica {
    /// Where it is, without user and password.
    name: String,
    pool: PgPool,
    /// For looking at it: never waits for readers.
    watch: PgPool,
    well: AtomicBool,
}

/// All standbys of a store.
pub struct Replicas {
    replicas: Vec<Arc<Replica>>,
    watchers: Vec<JoinHandle<()>>,
    next: AtomicUsize,
}

impl Replicas {
    /// Begins to watch the standbys; none is read from before it was found well.
    pub fn watch(
        options: &PostgresOptions,
        session: &Session,
        primary: &PgPool,
    ) -> Result<Replicas> {
        let mut replicas = Vec::new();
        for url in &options.replicas {
            let address = connect::address(url)?;
            let name = format!("{}:{}", address.get_host(), address.get_port());
            let pool = |connections| {
                connect::pool(&address, session.clone(), connections, options.acquire_timeout)
            };
            let (pool, watch) = (pool(options.read_connections), pool(1));
            replicas.push(Arc::new(Replica { name, pool, watch, well: AtomicBool::new(false) }));
        }
        let watchers = replicas
            .iter()
            .map(|replica| {
                let (replica, primary) = (Arc::clone(replica), primary.clone());
                tokio::spawn(watch(replica, primary, options.replica_max_lag))
            })
            .collect();
        Ok(Replicas { replicas, watchers, next: AtomicUsize::new(0) })
    }

    /// A read transaction on the next standby that is well. `None`: there is none.
    pub async fn begin(&self) -> Option<sqlx::Transaction<'static, Postgres>> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        for i in 0..self.replicas.len() {
            let replica = self.replicas.get(turn.wrapping_add(i) % self.replicas.len())?;
            if !replica.well.load(Ordering::Relaxed) {
                continue;
            }
            let begin = connect::begin(&replica.pool, BEGIN_READ);
            match tokio::time::timeout(ANSWERS_WITHIN, begin).await {
                Ok(Ok(tx)) => return Some(tx),
                Ok(Err(error)) => replica.judge(Err(error)),
                // All of its connections are in use, or it does not answer, which the next look
                // tells apart.
                Err(_) => {}
            }
        }
        None
    }

    /// Ends the watch and all connections.
    pub async fn close(&self) {
        for watcher in &self.watchers {
            watcher.abort();
        }
        for replica in &self.replicas {
            tokio::join!(replica.pool.close(), replica.watch.close());
        }
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        for watcher in &self.watchers {
            watcher.abort();
        }
    }
}

impl Replica {
    /// Takes a standby in or out, and says so where that changes.
    fn judge(&self, found: Result<bool>) {
        let well = matches!(found, Ok(true));
        if self.well.swap(well, Ordering::Relaxed) == well {
            return;
        }
        let replica = self.name.as_str();
        match found {
            Ok(true) => tracing::info!(replica, "pages are read from this replica"),
            Ok(false) => tracing::warn!(replica, "this replica is behind: it is not read from"),
            Err(error) => tracing::warn!(replica, %error, "this replica is away"),
        }
    }
}

/// How far the primary's log went, and when: what a standby has not replayed yet.
#[derive(Default)]
struct Seen(VecDeque<(i64, Instant)>);

impl Seen {
    fn note(&mut self, written: i64) {
        // Of very many the oldest say how long the standby has been behind.
        if self.0.len() < MAX_SEEN && self.0.back().is_none_or(|(last, _)| *last != written) {
            self.0.push_back((written, Instant::now()));
        }
    }

    /// How far behind a standby is that has come this far.
    fn lag(&mut self, replayed: i64) -> Duration {
        while self.0.front().is_some_and(|(written, _)| *written <= replayed) {
            self.0.pop_front();
        }
        self.0.front().map_or(Duration::ZERO, |(_, since)| since.elapsed())
    }
}

/// A standby that nobody watches is not read from.
struct Watched(Arc<Replica>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.judge(Err(StoreError::Unavailable("nobody watches it".to_owned())));
    }
}

async fn watch(replica: Arc<Replica>, primary: PgPool, max_lag: Duration) {
    let _watched = Watched(Arc::clone(&replica));
    let mut seen = Seen::default();
    // However far a standby may be behind, it has to have the schema as it was opened.
    let mut opened: Option<i64> = None;
    loop {
        let written = within(written(&primary)).await;
        if let Ok(written) = written {
            opened.get_or_insert(written);
            seen.note(written);
        }
        let found = within(replayed(&replica.watch)).await.map(|replayed| {
            let complete = replayed.filter(|replayed| opened.is_some_and(|o| o <= *replayed));
            let lag = complete.map(|replayed| seen.lag(replayed));
            lag.is_some_and(|lag| lag <= max_lag || written.is_err())
        });
        replica.judge(found);
        tokio::time::sleep(EVERY).await;
    }
}

async fn within<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(ANSWERS_WITHIN, answer).await.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("no answer within {ANSWERS_WITHIN:?}")))
    })
}

/// How far the primary's log goes, in bytes.
async fn written(primary: &PgPool) -> Result<i64> {
    sqlx::query_scalar("SELECT (pg_current_wal_lsn() - '0/0')::int8")
        .fetch_one(primary)
        .await
        .map_err(database)
}

/// How far a standby has come. `None`: it is none any more, but a primary with a history of its own.
async fn replayed(replica: &PgPool) -> Result<Option<i64>> {
    sqlx::query_scalar(
        "SELECT CASE WHEN pg_is_in_recovery()
                THEN (pg_last_wal_replay_lsn() - '0/0')::int8 END",
    )
    .fetch_one(replica)
    .await
    .map_err(database)
}
