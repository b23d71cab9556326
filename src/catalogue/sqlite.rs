//! The catalogue of the embedded store: tables beside the event log, and a file a generation.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnection, SqliteSynchronous};

use super::refusals::{in_use, overtaken, taken_over};
use super::{Announced, Catalogue, Generation, RebuildLock, Row, State, Switch};
use crate::clock;
use crate::log::embedded;
use crate::sqlite::SqliteOptions;
use crate::sqlite::connect::{connect_options, open_pool, pool_options};
use crate::store::sqlite::{SqliteStore, database};
use crate::store::{PROJECTION_VERSION, ReadStore, Result, StoreError};

/// How long to wait for the connection.
const ACQUIRE_WITHIN: Duration = Duration::from_secs(10);

/// The file of the first generation.
const FIRST_FILE: &str = "generation-1.db";

/// Reads and writes the catalogue.
pub struct SqliteCatalogue {
    data_dir: PathBuf,
    options: SqliteOptions,
    /// Files of generations are made where there are none.
    makes: bool,
    pool: SqlitePool,
}

impl SqliteCatalogue {
    /// Opens the catalogue in a data directory, and makes the first generation's entry where there is none.
    pub async fn open(data_dir: &Path, options: SqliteOptions) -> Result<SqliteCatalogue> {
        let catalogue =
            SqliteCatalogue { makes: true, ..SqliteCatalogue::look(data_dir, options).await? };
        if catalogue.announced().await?.serving.is_none() {
            catalogue.enter_first().await?;
        }
        Ok(catalogue)
    }

    /// As [`SqliteCatalogue::open`], for whoever only looks: no generation is made, neither entry nor file.
    pub async fn look(data_dir: &Path, options: SqliteOptions) -> Result<SqliteCatalogue> {
        embedded::migrate_file(data_dir, options.busy_timeout).await.map_err(StoreError::from)?;
        let connect = connect_options(&embedded::file(data_dir), options)
            .synchronous(SqliteSynchronous::Full);
        let pool = pool_options().max_connections(1).acquire_timeout(ACQUIRE_WITHIN);
        let pool = open_pool(pool, connect, options.busy_timeout).await.map_err(database)?;
        let data_dir = data_dir.to_owned();
        let catalogue = SqliteCatalogue { data_dir, options, makes: false, pool };
        // The catalogue stands beside the log, and goes with it.
        if catalogue.data_dir.join(FIRST_FILE).exists()
            && catalogue.announced().await?.serving.is_none()
        {
            catalogue.enter_first().await?;
        }
        Ok(catalogue)
    }

    /// The generation that this build answers from, opened.
    ///
    /// # Errors
    /// [`StoreError::Incompatible`] where all of them have another layout.
    pub async fn open_serving(&self) -> Result<Arc<dyn ReadStore>> {
        let serving = self.announced().await?.serving;
        let all = self.list().await?;
        let found = all.iter().find(|generation| Some(generation.number) == serving);
        // Where none has this build's layout, the live one's store says what that means.
        let found = found.or_else(|| all.iter().find(|generation| generation.live));
        match found {
            Some(generation) => self.open_at(generation).await,
            None => Err(self.none_yet("generation")),
        }
    }

    async fn open_at(&self, generation: &Generation) -> Result<Arc<dyn ReadStore>> {
        let (path, number, options) = (self.path(generation), generation.number, self.options);
        if !self.makes && !path.exists() {
            return Err(self.none_yet(&generation.place));
        }
        // Its future cannot be sent to another thread: sqlx migrates with so general a connection.
        let runtime = tokio::runtime::Handle::current();
        let opening = tokio::task::spawn_blocking(move || {
            let opened = runtime.block_on(SqliteStore::open(&path, number, options));
            opened.map_err(|error| in_file(error, &path))
        });
        let store = opening.await.map_err(|ended| StoreError::Unavailable(ended.to_string()))??;
        Ok(Arc::new(store))
    }

    fn none_yet(&self, what: &str) -> StoreError {
        StoreError::Absent(format!(
            "there is no {what} in {} yet: `vitrine serve` makes it from the log",
            self.data_dir.display()
        ))
    }

    fn path(&self, generation: &Generation) -> PathBuf {
        self.data_dir.join(&generation.place)
    }

    async fn enter_first(&self) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
        let now = clock::now().millis();
        sqlx::query(
            "INSERT INTO generation (number, file, projection_version, created_at, promoted_at)
             SELECT 1, ?3, ?1, ?2, ?2 WHERE NOT EXISTS (SELECT 1 FROM generation)",
        )
        .bind(PROJECTION_VERSION)
        .bind(now)
        .bind(FIRST_FILE)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
        sqlx::query(
            "INSERT INTO current_generation (one, number)
             SELECT 1, number FROM generation
             WHERE NOT EXISTS (SELECT 1 FROM current_generation) ORDER BY number LIMIT 1",
        )
        .execute(&mut *tx)
        .await
        .map_err(database)?;
        tx.commit().await.map_err(database)
    }
}

/// A lock of the system, which ends with the process.
struct FileLock(#[expect(dead_code, reason = "it is held as long as it is open")] File);

#[async_trait]
impl RebuildLock for FileLock {
    async fn is_held(&mut self) -> bool {
        true
    }
}

/// Says which file it is about.
fn in_file(error: StoreError, path: &Path) -> StoreError {
    let said = |why: String| format!("cannot open {}: {why}", path.display());
    match error {
        StoreError::Damaged(why) => StoreError::Damaged(format!(
            "{}: {why}; stop the service, delete the file with its -wal and -shm, and start again: the \
             generation is made again from the log",
            path.display()
        )),
        StoreError::Full(why) => StoreError::Full(said(why)),
        StoreError::Unavailable(why) => StoreError::Unavailable(said(why)),
        StoreError::Database(why) => StoreError::Database(said(why)),
        other => other,
    }
}

/// Ends what was announced; only whoever announced it can.
async fn take_back(conn: &mut SqliteConnection, id: &str) -> Result<bool> {
    let ended = sqlx::query("DELETE FROM promotion WHERE id = ?")
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
impl Catalogue for SqliteCatalogue {
    async fn list(&self) -> Result<Vec<Generation>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT g.number, g.file, g.projection_version, g.created_at, g.state, g.promoted_at,
                    c.number IS NOT NULL
             FROM generation g LEFT JOIN current_generation c USING (number)
             WHERE g.state <> 'dropped' ORDER BY g.number",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(database)?;
        rows.into_iter().map(Generation::of).collect()
    }

    async fn announced(&self) -> Result<Announced> {
        let (serving, id, number): (Option<i64>, Option<String>, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT g.number FROM generation g LEFT JOIN current_generation c USING (number)
                     WHERE g.projection_version = ? AND g.promoted_at IS NOT NULL AND g.state = 'following'
                     ORDER BY c.number IS NULL, g.promoted_at DESC LIMIT 1),
                    p.id, p.number
             FROM (SELECT 1) LEFT JOIN promotion p ON p.expires_at > ?",
        )
        .bind(PROJECTION_VERSION)
        .bind(clock::now().millis())
        .fetch_one(&self.pool)
        .await
        .map_err(database)?;
        Ok(Announced { serving, promotion: id.zip(number) })
    }

    async fn create(&self) -> Result<Generation> {
        let (number, place): (i64, String) = sqlx::query_as(
            "INSERT INTO generation (number, file, projection_version, created_at, state)
             SELECT max(number) + 1, 'generation-' || (max(number) + 1) || '.db', ?, ?, 'building'
             FROM generation RETURNING number, file",
        )
        .bind(PROJECTION_VERSION)
        .bind(clock::now().millis())
        .fetch_one(&self.pool)
        .await
        .map_err(database)?;
        tracing::info!(number, file = place, "a new generation");
        super::find(self, number).await
    }

    async fn open(&self, generation: &Generation) -> Result<Arc<dyn ReadStore>> {
        self.open_at(generation).await
    }

    async fn set_state(&self, number: i64, state: State) -> Result<()> {
        sqlx::query("UPDATE generation SET state = ? WHERE number = ? AND state <> 'dropped'")
            .bind(state.name())
            .bind(number)
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(database)
    }

    async fn announce(&self, id: &str, number: i64, for_ms: i64) -> Result<bool> {
        let now = clock::now().millis();
        let done = sqlx::query(
            "INSERT INTO promotion (one, number, expires_at, id)
             SELECT 1, number, ?2, ?3 FROM generation WHERE number = ?1 AND state = 'following'
             ON CONFLICT (one) DO UPDATE SET number = ?1, expires_at = ?2, id = ?3
             WHERE promotion.id = ?3 OR promotion.expires_at <= ?4",
        )
        .bind(number)
        .bind(now + for_ms)
        .bind(id)
        .bind(now)
        .execute(&self.pool)
        .await
        .map_err(database)?;
        Ok(done.rows_affected() > 0)
    }

    async fn answer(&self, promotion: &str, instance: &str, ready: bool) -> Result<()> {
        sqlx::query(
            "INSERT INTO promotion_answer (ready, id, instance) VALUES (?1, ?2, ?3)
             ON CONFLICT (id, instance) DO UPDATE SET ready = ?1",
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
            "SELECT instance, ready FROM promotion_answer WHERE id = ? ORDER BY instance",
        )
        .bind(promotion)
        .fetch_all(&self.pool)
        .await
        .map_err(database)
    }

    async fn end_promotion(&self, id: &str, switch: Option<Switch>) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
        let ours = take_back(&mut tx, id).await?;
        if let Some(Switch { to, from }) = switch {
            if !ours {
                return Err(taken_over());
            }
            let promoted = sqlx::query(
                "UPDATE generation SET promoted_at = max(?, 1 + (SELECT max(promoted_at) FROM generation))
                 WHERE number = ? AND state = 'following'",
            )
            .bind(clock::now().millis())
            .bind(to)
            .execute(&mut *tx)
            .await
            .map_err(database)?;
            let sql = "UPDATE current_generation SET number = ?1 WHERE ?2 IS NULL OR number = ?2";
            let switched = sqlx::query(sql).bind(to).bind(from).execute(&mut *tx).await;
            let switched = switched.map_err(database)?.rows_affected();
            if promoted.rows_affected() == 0 || switched == 0 {
                return Err(overtaken(to));
            }
        }
        tx.commit().await.map_err(database)
    }

    async fn forget(&self, number: i64) -> Result<()> {
        let done = sqlx::query(
            "UPDATE generation SET state = 'dropped'
             WHERE number = ? AND number NOT IN (SELECT number FROM current_generation)
                   AND number NOT IN (SELECT number FROM promotion WHERE expires_at > ?)",
        )
        .bind(number)
        .bind(clock::now().millis())
        .execute(&self.pool)
        .await
        .map_err(database)?;
        if done.rows_affected() == 0 {
            return Err(in_use(number));
        }
        Ok(())
    }

    async fn remains(&self) -> Result<Vec<Generation>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT number, file, projection_version, created_at, state, promoted_at, false
             FROM generation WHERE state = 'dropped' ORDER BY number",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(database)?;
        let mut remains: Vec<Generation> =
            rows.into_iter().map(Generation::of).collect::<Result<_>>()?;
        remains.retain(|generation| self.path(generation).exists());
        Ok(remains)
    }

    async fn delete(&self, generation: &Generation) -> Result<()> {
        let file = self.path(generation);
        for suffix in ["", "-wal", "-shm"] {
            let file = PathBuf::from(format!("{}{suffix}", file.display()));
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::Database(format!(
                        "cannot delete {}: {error}; delete it by hand",
                        file.display()
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn lock_rebuild(&self) -> Result<Option<Box<dyn RebuildLock>>> {
        let path = self.data_dir.join("rebuild.lock");
        let refused = |error: std::io::Error| {
            StoreError::Database(format!("cannot lock {}: {error}", path.display()))
        };
        let file = File::create(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(FileLock(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(refused(error)),
        }
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
