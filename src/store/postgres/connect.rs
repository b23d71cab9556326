//! Connections: how they are made, and how they are had from a pool.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Executor, PgPool, Postgres};

use super::PostgresOptions;
use super::errors::{self, database, is_broken};
use crate::store::{Result, StoreError};

/// Statements that a connection keeps prepared.
const PREPARED: usize = 512;
/// How long a transaction may do nothing before the server ends it, and with it its locks.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(20);

/// Plans do not depend on statistics, which a new or fast growing table does not have: every
/// statement finds its rows by an index, in the order of that index where it needs one, and is
/// planned once a connection.
const PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; \
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
    SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0;";

/// The address, without saying more of it than that it is wrong: it may hold a password.
pub fn address(url: &str) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url).map_err(|e| match e {
        sqlx::Error::Configuration(e) => {
            StoreError::Incompatible(format!("the address of the PostgreSQL database: {e}"))
        }
        other => database(other),
    })?;
    Ok(options.application_name("vitrine").statement_cache_capacity(PREPARED))
}

/// What is set on each connection once it is made.
#[derive(Clone)]
pub struct Session {
    settings: Arc<str>,
}

impl Session {
    /// For connections that work on this schema; `schema` has been checked.
    pub fn of(options: &PostgresOptions, schema: &str) -> Session {
        let millis = |d: Duration| i32::try_from(d.as_millis()).unwrap_or(i32::MAX);
        let settings = format!(
            "SET search_path = {schema}; SET TIME ZONE 'UTC'; SET statement_timeout = {}; \
             SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; {PLANS}",
            millis(options.statement_timeout),
            millis(options.lock_timeout),
            millis(IDLE_IN_TRANSACTION),
        );
        Session { settings: settings.into() }
    }

    /// For the connection that reads the feed of changes. Its name tells whether a cursor still holds:
    /// as long as the server runs, no commit that anybody saw is lost. Without `synchronous_commit` a
    /// crash of one connection may lose some: then each connection has a name of its own.
    pub fn feeding(&self) -> Session {
        let name = "SELECT set_config('vitrine.feed',
                        CASE current_setting('synchronous_commit')
                            WHEN 'off' THEN gen_random_uuid()::text
                            ELSE extract(epoch FROM pg_postmaster_start_time())::text END, false)";
        Session { settings: format!("{} {name};", self.settings).into() }
    }

    pub async fn apply(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        conn.execute(&*self.settings).await.map(|_| ())
    }
}

/// One connection beside all pools, for work that takes long. It is closed where it is dropped.
pub async fn alone(
    address: &PgConnectOptions,
    session: &Session,
    within: Duration,
) -> Result<PgConnection> {
    let mut conn = tokio::time::timeout(within, address.connect())
        .await
        .map_err(|_| StoreError::Unavailable(format!("no connection within {within:?}")))?
        .map_err(database)?;
    session.apply(&mut conn).await.map_err(database)?;
    Ok(conn)
}

/// A pool that connects when it is asked. Its connections stay: the task that would look for old
/// ones can spin for ever in sqlx, and with it the end of the process (sqlx issue 3645).
/// Those that break are found when they are used; see [`begin`].
pub fn pool(
    address: &PgConnectOptions,
    session: Session,
    connections: u32,
    acquire_timeout: Duration,
) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |conn, _| {
            let session = session.clone();
            Box::pin(async move { session.apply(conn).await })
        })
        .connect_lazy_with(address.clone())
}

/// Begins a transaction in one round trip. A server that was restarted has broken every idle
/// connection, which shows only here: each is closed and another one taken, until one is new.
pub async fn begin(
    pool: &PgPool,
    statement: &'static str,
) -> Result<sqlx::Transaction<'static, Postgres>> {
    let mut tries = pool.size();
    loop {
        let begun = pool.begin_with(statement).await;
        let broken = begun.as_ref().is_err_and(is_broken);
        match begun.map_err(errors::begun) {
            Err(_) if tries > 0 && broken => tries -= 1,
            done => return done,
        }
    }
}
