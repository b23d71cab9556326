//! The read store in PostgreSQL (15 or later): one schema a generation, any number of processes that
//! write and read.
//!
//! The address has what PostgreSQL's own clients know of it, encryption too: `sslmode` (`prefer`
//! where it is not given, which encrypts if the server can and checks nothing; `require`;
//! `verify-ca` and `verify-full` check the server's certificate), `sslrootcert` (a file; without
//! it, the certificates that the system trusts), `sslcert` and `sslkey` (the client's own).
//!
//! Connections keep prepared statements and settings, and transactions hold advisory locks: a
//! proxy in between has to keep a session on one connection.

mod breaker;
mod bulk;
mod changes;
pub(crate) mod connect;
mod copy;
mod dead_letters;
pub mod errors;
mod facts;
mod filling;
mod popular;
mod product_facts;
mod replicas;
mod reviews;
mod save_facts;
pub(crate) mod schema;
mod snapshot;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, PgPool};
use tokio::sync::watch;

use self::breaker::Breaker;
use super::dead_letter::{DeadLetter, DeadLetterFilter};
use super::popular::PopularPage;
use super::{
    PROJECTION_VERSION, ReadStore, Result, Snapshot, StoreError, StoreStatus, Transaction,
};
use crate::log::position::Position;
use crate::store::feed::{ChangeCursor, ChangeHints, Changes};
use connect::Session;
use errors::database;
use replicas::Replicas;
pub use schema::Generation;

/// How the database is used.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Connections that read, to each server.
    pub read_connections: u32,
    /// Connections that write: transactions that a process has open at once.
    pub write_connections: u32,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock.
    pub lock_timeout: Duration,
    /// The control schema, and how the generations' schemas begin: several stores may be in one
    /// database.
    pub schema: String,
    /// Addresses of standbys that snapshots are read from.
    pub replicas: Vec<String>,
    /// A standby that is further behind than this is not read from.
    pub replica_max_lag: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        PostgresOptions {
            read_connections: 8,
            write_connections: 6,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(30),
            schema: "vitrine".to_owned(),
            replicas: Vec::new(),
            replica_max_lag: Duration::from_secs(5),
        }
    }
}

/// Keys of the advisory locks of a generation.
struct Locks {
    /// Whoever prunes changes.
    pruning: i64,
    /// Whoever begins or ends to fill the generation.
    filling: i64,
}

/// What is written to, and read from where there is no replica.
struct Primary {
    reader: PgPool,
    writer: PgPool,
    locks: Locks,
    /// How many transactions of this process are being undone.
    undoing: watch::Sender<usize>,
}

/// One generation in one PostgreSQL database.
pub struct PostgresStore {
    /// The control schema.
    control: String,
    generation: Generation,
    primary: Arc<Primary>,
    replicas: Replicas,
    feed: changes::Feed,
    breaker: Breaker,
    /// For further connections that listen.
    address: PgConnectOptions,
    session: Session,
    acquire_timeout: Duration,
}

/// A state that stays, in one round trip.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Every statement sees what was committed before it: what a lock was waited for is seen after it.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// Of a generation that is filled: a crash of the server may take back the last parts, each with its mark.
/// A part takes as long as it takes to be read and written.
const BEGIN_FILL: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = '10min'";

/// How long a transaction waits for an earlier one of the same process to be undone.
const UNDONE_WITHIN: Duration = Duration::from_secs(1);

/// So many fills at once: while the server takes the rows of one, those of the next are made. More take only memory.
const FILLS_AT_ONCE: usize = 3;

impl PostgresStore {
    /// Opens the generation that this build answers from, and creates or migrates its schema.
    /// [`StoreError::Unavailable`](super::StoreError::Unavailable) where the database cannot be
    /// reached now.
    pub async fn open(url: &str, options: PostgresOptions) -> Result<PostgresStore> {
        schema::check_prefix(&options.schema)?;
        let address = connect::address(url)?;
        schema::refuse_transaction_pooling(&address, options.acquire_timeout).await?;
        let generation =
            schema::prepare(&address, &options.schema, options.acquire_timeout).await?;
        PostgresStore::of(address, options, generation)
    }

    /// Whether the database has a store in this schema.
    pub async fn exists(url: &str, schema: &str, within: Duration) -> Result<bool> {
        schema::check_prefix(schema)?;
        schema::exists(&connect::address(url)?, schema, within).await
    }

    /// Opens one generation, which the catalogue knows, and creates or migrates its schema.
    pub async fn open_generation(
        url: &str,
        options: PostgresOptions,
        generation: Generation,
    ) -> Result<PostgresStore> {
        let address = connect::address(url)?;
        let within = options.acquire_timeout;
        schema::prepare_generation(&address, &options.schema, &generation.schema, within).await?;
        PostgresStore::of(address, options, generation)
    }

    fn of(
        address: PgConnectOptions,
        options: PostgresOptions,
        generation: Generation,
    ) -> Result<PostgresStore> {
        let session = Session::of(&options, &generation.schema);
        let wait = options.acquire_timeout;
        let reader = connect::pool(&address, session.clone(), options.read_connections, wait);
        // With connections of its own, so that it never waits for readers.
        let watched = connect::pool(&address, session.clone(), 1, wait);
        let replicas = Replicas::watch(&options, &session, &watched)?;
        let primary = Primary {
            reader,
            writer: connect::pool(&address, session.clone(), options.write_connections, wait),
            undoing: watch::Sender::new(0),
            locks: Locks {
                pruning: schema::lock_key(&generation.schema, "pruning"),
                filling: schema::lock_key(&generation.schema, "filling"),
            },
        };
        Ok(PostgresStore {
            control: options.schema.clone(),
            generation,
            primary: Arc::new(primary),
            replicas,
            feed: changes::Feed::new(&address, &options, &session),
            breaker: Breaker::new(address.clone()),
            address,
            session,
            acquire_timeout: wait,
        })
    }

    /// A connection for filling, closed when that is done.
    async fn alone(&self) -> Result<PgConnection> {
        let within = self.acquire_timeout;
        let mut conn = filling::connect(&self.address, &self.session, within).await?;
        filling::lock(&mut conn, self.primary.locks.filling).await?;
        Ok(conn)
    }

    async fn read(&self, pool: &PgPool) -> Result<snapshot::PostgresSnapshot> {
        let tx = self.breaker.guard(connect::begin(pool, BEGIN_READ)).await?;
        Ok(snapshot::PostgresSnapshot { tx })
    }
}

#[async_trait]
impl ReadStore for PostgresStore {
    fn generation(&self) -> i64 {
        self.generation.number
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let Some(tx) = self.replicas.begin().await else { return self.snapshot_fresh().await };
        Ok(Box::new(snapshot::PostgresSnapshot { tx }))
    }

    async fn snapshot_fresh(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(self.read(&self.primary.reader).await?))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        let mut undoing = self.primary.undoing.subscribe();
        // Beyond that time it is left to itself: a server that is away undoes nothing now.
        let _ = tokio::time::timeout(UNDONE_WITHIN, undoing.wait_for(|n| *n == 0)).await;
        let tx = self.breaker.guard(connect::begin(&self.primary.writer, BEGIN_WRITE)).await?;
        Ok(Box::new(transaction::PostgresTransaction::new(tx, Arc::clone(&self.primary))))
    }

    async fn begin_filling(&self) -> Result<()> {
        let mut conn = self.alone().await?;
        let begun = filling::begin(&mut conn).await;
        let _ = conn.close().await;
        begun
    }

    async fn begin_fill(&self) -> Result<Box<dyn Transaction>> {
        let tx = connect::begin(&self.primary.writer, BEGIN_FILL).await?;
        Ok(Box::new(transaction::PostgresTransaction::filling(tx, Arc::clone(&self.primary))))
    }

    fn fills_at_once(&self) -> usize {
        FILLS_AT_ONCE.min(self.primary.writer.options().get_max_connections() as usize)
    }

    async fn end_filling(&self) -> Result<()> {
        let mut conn = self.alone().await?;
        let beside = filling::connect(&self.address, &self.session, self.acquire_timeout);
        let ended = filling::end(&mut conn, beside).await;
        let _ = conn.close().await;
        ended
    }

    async fn status(&self) -> Result<StoreStatus> {
        let mut tx = self.read(&self.primary.reader).await?.tx;
        let counts: (i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM product WHERE doc IS NOT NULL),
                    (SELECT count(*) FROM dead_letter WHERE state = 'open'),
                    (SELECT sum(pg_total_relation_size(c.oid))::int8 FROM pg_class c
                     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r')",
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(database)?;
        let counted: Vec<(String, i64)> =
            sqlx::query_as("SELECT outcome, sum(events)::int8 FROM outcome_count GROUP BY outcome")
                .fetch_all(&mut *tx)
                .await
                .map_err(database)?;
        let mut status = StoreStatus {
            generation: self.generation.number,
            projection_version: PROJECTION_VERSION,
            products: counts.0 as u64,
            dead_letters_open: counts.1 as u64,
            store_bytes: counts.2 as u64,
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
        let mut tx = self.read(&self.primary.reader).await?.tx;
        dead_letters::list(&mut tx, filter, after, limit).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        let mut tx = self.read(&self.primary.reader).await?.tx;
        dead_letters::show(&mut tx, id).await
    }

    async fn dead_letter_at(&self, position: &Position) -> Result<Option<DeadLetter>> {
        let mut tx = self.read(&self.primary.reader).await?.tx;
        dead_letters::at(&mut tx, position).await
    }

    async fn unforwarded(&self, after: i64, limit: u32) -> Result<Vec<(i64, Position)>> {
        let mut tx = self.read(&self.primary.reader).await?.tx;
        dead_letters::not_forwarded(&mut tx, after, limit).await
    }

    async fn forwarded(&self, positions: &[Position]) -> Result<Vec<Position>> {
        let mut tx = self.read(&self.primary.reader).await?.tx;
        dead_letters::forwarded(&mut tx, positions).await
    }

    async fn changes(&self, since: Option<&ChangeCursor>) -> Result<Changes> {
        let read = self.feed.read(since).await;
        if matches!(read, Err(StoreError::Unavailable(_))) {
            self.breaker.suspect();
        }
        read
    }

    async fn note_image(&self, token: &str) -> Result<()> {
        changes::note(&self.primary.writer, token).await
    }

    async fn resume(&self, token: &str, cursor: &ChangeCursor) -> Result<Option<ChangeCursor>> {
        self.feed.resume(token, cursor).await
    }

    async fn change_hints(&self) -> Result<Box<dyn ChangeHints>> {
        let pool = connect::pool(&self.address, self.session.clone(), 1, self.acquire_timeout);
        Ok(Box::new(changes::PostgresHints::listen(pool, self.generation.schema.clone())))
    }

    async fn prune_changes(&self, keep: Duration) -> Result<u64> {
        changes::prune(&self.primary.writer, self.primary.locks.pruning, keep).await
    }

    async fn popular_pages(&self, limit: u32) -> Result<Vec<PopularPage>> {
        let mut tx = self.read(&self.primary.reader).await?.tx;
        popular::read(&mut tx, &self.control, limit).await
    }

    async fn save_popular_pages(&self, pages: &[PopularPage]) -> Result<()> {
        let tx = connect::begin(&self.primary.writer, BEGIN_WRITE).await?;
        popular::save(tx, &self.control, pages).await
    }

    async fn close(&self) {
        let Primary { reader, writer, .. } = self.primary.as_ref();
        self.replicas.close().await;
        self.feed.close().await;
        tokio::join!(reader.close(), writer.close());
    }
}
