//! The catalogue of generations in PostgreSQL: the control schema, and a schema a generation.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Executor, PgPool};

use super::refusals::{in_use, overtaken, taken_over};
use super::{Announced, Catalogue, Generation, RebuildLock, Row, State, Switch};
use crate::clock;
use crate::store::postgres::connect::{self, Session};
use crate::store::postgres::errors::database;
use crate::store::postgres::schema::{self, lock_key};
use crate::store::postgres::{Generation as Place, PostgresOptions, PostgresStore};
use crate::store::{PROJECTION_VERSION, ReadStore, Result, StoreError};

/// How often deleting a schema is tried where somebody is in the way, each time for the lock timeout.
const DELETE_TRIES: u32 = 5;

/// How long the connection of a lock may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// A lock of the session: it ends with the connection, and so with the process.
struct SessionLock(PgConnection);

#[async_trait]
impl RebuildLock for SessionLock {
    async fn is_held(&mut self) -> bool {
        let asked = tokio::time::timeout(ANSWERS_WITHIN, self.0.execute("SELECT 1"));
        matches!(asked.await, Ok(Ok(_)))
    }
}

/// Reads and writes the catalogue. Connects when it is asked.
pub struct PostgresCatalogue {
    url: String,
    address: PgConnectOptions,
    options: PostgresOptions,
    pool: PgPool,
}

impl PostgresCatalogue {
    /// Nothing is asked of the database yet; the control schema is there once a store was opened.
    ///
    /// # Errors
    /// [`StoreError::Incompatible`] where the address or the schema's name is wrong.
    pub fn new(url: &str, options: PostgresOptions) -> Result<PostgresCatalogue> {
        schema::check_prefix(&options.schema)?;
        let address = connect::address(url)?;
        let session = Session::of(&options, &options.schema);
        let pool = connect::pool(&address, session, 1, options.acquire_timeout);
        Ok(PostgresCatalogue { url: url.to_owned(), address, options, pool })
    }
}

/// By the server's clock: instances' clocks may differ.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::int8";

/// Ends what was announced; only whoever announced it can.
async fn take_back(conn: &mut PgConnection, id: &str) -> Result<bool> {
    let ended = sqlx::query("DELETE FROM promotion WHERE id = $1")
        .bind(id)
        .execute(&mut *conn)
        .await
        .map_err(database)?;
    // With those to whoever has not lived to see them.
    sqlx::query("DELETE FROM promotion_answer WHERE id NOT IN (SELECT id FROM promotion)")
        .execute(conn)
        .await
        .map_err(database)?;
    Ok(ended.rows_affected() > 0)
}

#[async_trait]
impl Catalogue for PostgresCatalogue {
    async fn list(&self) -> Result<Vec<Generation>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT g.number, g.schema_name, g.projection_version, g.created_at, g.state,
                    g.promoted_at, c.number IS NOT NULL
             FROM generation g LEFT JOIN current_generation c ON c.number = g.number
             WHERE g.state <> 'dropped' ORDER BY g.number",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(database)?;
        rows.into_iter().map(Generation::of).collect()
    }

    async fn announced(&self) -> Result<Announced> {
        let sql = format!(
            "SELECT (SELECT g.number FROM generation g
                     LEFT JOIN current_generation c ON c.number = g.number
                     WHERE g.projection_version = $1 AND g.promoted_at IS NOT NULL AND g.state = 'following'
                     ORDER BY c.number IS NULL, g.promoted_at DESC LIMIT 1),
                    p.id, p.number
             FROM (SELECT 1) one LEFT JOIN promotion p ON p.expires_at > {NOW}"
        );
        let (serving, id, number): (Option<i64>, Option<String>, Option<i64>) =
            sqlx::query_as(&sql)
                .bind(PROJECTION_VERSION)
                .fetch_one(&self.pool)
                .await
                .map_err(database)?;
        Ok(Announced { serving, promotion: id.zip(number) })
    }

    async fn create(&self) -> Result<Generation> {
        let (number,): (i64,) = sqlx::query_as(
            "INSERT INTO generation (number, schema_name, projection_version, created_at, state)
             SELECT max(number) + 1, $1 || '_g' || (max(number) + 1), $2, $3, 'building'
             FROM generation RETURNING number",
        )
        .bind(&self.options.schema)
        .bind(PROJECTION_VERSION)
        .bind(clock::now().millis())
        .fetch_one(&self.pool)
        .await
        .map_err(database)?;
        let generation = super::find(self, number).await?;
        tracing::info!(number, schema = generation.place, "a new generation");
        Ok(generation)
    }

    async fn open(&self, generation: &Generation) -> Result<Arc<dyn ReadStore>> {
        let place = Place { number: generation.number, schema: generation.place.clone() };
        // Its future cannot be sent to another thread: sqlx migrates with so general a connection.
        let (url, options) = (self.url.clone(), self.options.clone());
        let runtime = tokio::runtime::Handle::current();
        let opening = tokio::task::spawn_blocking(move || {
            runtime.block_on(PostgresStore::open_generation(&url, options, place))
        });
        let store = opening.await.map_err(|ended| StoreError::Unavailable(ended.to_string()))??;
        Ok(Arc::new(store))
    }

    async fn set_state(&self, number: i64, state: State) -> Result<()> {
        sqlx::query("UPDATE generation SET state = $1 WHERE number = $2 AND state <> 'dropped'")
            .bind(state.name())
            .bind(number)
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(database)
    }

    async fn announce(&self, id: &str, number: i64, for_ms: i64) -> Result<bool> {
        let sql = format!(
            "INSERT INTO promotion (number, expires_at, id)
             SELECT number, {NOW} + $2, $3 FROM generation WHERE number = $1 AND state = 'following'
             ON CONFLICT (the_only_row) DO UPDATE
             SET number = excluded.number, expires_at = excluded.expires_at, id = excluded.id
             WHERE promotion.id = $3 OR promotion.expires_at <= {NOW}"
        );
        let done = sqlx::query(&sql)
            .bind(number)
            .bind(for_ms)
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(database)?;
        Ok(done.rows_affected() > 0)
    }

    async fn answer(&self, promotion: &str, instance: &str, ready: bool) -> Result<()> {
        sqlx::query(
            "INSERT INTO promotion_answer (ready, id, instance) VALUES ($1, $2, $3)
             ON CONFLICT (id, instance) DO UPDATE SET ready = excluded.ready",
        )
        .bind(ready)
        .bind(promotion)
        .bind(instance)
        .execute(&self.pool)
        .await
        .map(|_| ())
        .map_err(database)
    }

    async fn answers(&self, promotion: &str) -> Result<Vec<(String, bool)>> {
        sqlx::query_as(
            "SELECT instance, ready FROM promotion_answer WHERE id = $1 ORDER BY instance",
        )
        .bind(promotion)
        .fetch_all(&self.pool)
        .await
        .map_err(database)
    }

    async fn end_promotion(&self, id: &str, switch: Option<Switch>) -> Result<()> {
        let mut tx = self.pool.begin().await.map_err(database)?;
        let ours = take_back(&mut tx, id).await?;
        if let Some(Switch { to, from }) = switch {
            if !ours {
                return Err(taken_over());
            }
            let sql = format!(
                "UPDATE generation
                 SET promoted_at = greatest({NOW}, 1 + (SELECT max(promoted_at) FROM generation))
                 WHERE number = $1 AND state = 'following'"
            );
            let promoted = sqlx::query(&sql).bind(to).execute(&mut *tx).await.map_err(database)?;
            let sql = "UPDATE current_generation SET number = $1 WHERE $2 IS NULL OR number = $2";
            let switched = sqlx::query(sql).bind(to).bind(from).execute(&mut *tx).await;
            let switched = switched.map_err(database)?.rows_affected();
            if promoted.rows_affected() == 0 || switched == 0 {
                return Err(overtaken(to));
            }
        }
        tx.commit().await.map_err(database)
    }

    async fn forget(&self, number: i64) -> Result<()> {
        let sql = format!(
            "UPDATE generation SET state = 'dropped'
             WHERE number = $1 AND number NOT IN (SELECT number FROM current_generation)
                   AND number NOT IN (SELECT number FROM promotion WHERE expires_at > {NOW})"
        );
        let done = sqlx::query(&sql).bind(number).execute(&self.pool).await.map_err(database)?;
        if done.rows_affected() == 0 {
            return Err(in_use(number));
        }
        Ok(())
    }

    async fn remains(&self) -> Result<Vec<Generation>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT number, schema_name, projection_version, created_at, state, promoted_at, false
             FROM generation WHERE state = 'dropped'
                  AND EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = schema_name)
             ORDER BY number",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(database)?;
        rows.into_iter().map(Generation::of).collect()
    }

    async fn delete(&self, generation: &Generation) -> Result<()> {
        let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", schema::plain(&generation.place)?);
        let mut tries = DELETE_TRIES;
        loop {
            tries -= 1;
            match self.pool.execute(sql.as_str()).await.map_err(database) {
                // Somebody still reads or writes it: they let go of it soon.
                Err(error) if error.is_transient() && tries > 0 => {}
                done => return done.map(|_| ()),
            }
        }
    }

    async fn lock_rebuild(&self) -> Result<Option<Box<dyn RebuildLock>>> {
        let mut conn = schema::connect(&self.address, self.options.acquire_timeout).await?;
        let (locked,): (bool,) = sqlx::query_as("SELECT pg_try_advisory_lock($1)")
            .bind(lock_key(&self.options.schema, "rebuild"))
            .fetch_one(&mut conn)
            .await
            .map_err(database)?;
        Ok(locked.then(|| Box::new(SessionLock(conn)) as Box<dyn RebuildLock>))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
