//! One batch's writes.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use projections::instant::Instant;
use sqlx::postgres::PgConnection;
use sqlx::{Executor, Postgres};
use tokio::runtime::Handle;

use super::bulk::Rows;
use super::errors::database;
use super::facts::Asked;
use super::{Primary, changes, dead_letters, facts, save_facts, snapshot};
use crate::log::position::Partition;
use crate::store::dead_letter::{DeadLetter, Forwarding, NewDeadLetter, Settlement};
use crate::store::facts::{FactKeys, FactWrites, KnownFacts};
use crate::store::feed::Change;
use crate::store::{Advance, Result, StoreError, Transaction};

/// Rows that each outcome's count is spread over.
const OUTCOME_SHARDS: i32 = 16;

pub struct PostgresTransaction {
    /// `None` once it is over.
    tx: Option<sqlx::Transaction<'static, Postgres>>,
    primary: Arc<Primary>,
    asked: Asked,
    /// Of a generation that is being filled: there are no indexes to look rows up in, and no need to.
    fills: bool,
}

impl PostgresTransaction {
    pub(super) fn new(
        tx: sqlx::Transaction<'static, Postgres>,
        primary: Arc<Primary>,
    ) -> PostgresTransaction {
        PostgresTransaction { tx: Some(tx), primary, asked: Asked::default(), fills: false }
    }

    /// One that only adds.
    pub(super) fn filling(
        tx: sqlx::Transaction<'static, Postgres>,
        primary: Arc<Primary>,
    ) -> PostgresTransaction {
        PostgresTransaction { tx: Some(tx), primary, asked: Asked::all_missing(), fills: true }
    }
}

/// The connection of a transaction that is not over.
fn open<'t>(
    tx: &'t mut Option<sqlx::Transaction<'static, Postgres>>,
) -> Result<&'t mut PgConnection> {
    tx.as_deref_mut().ok_or_else(|| StoreError::Database("the transaction is over".to_owned()))
}

/// What is dropped is undone in the background. Until then it holds its locks, and others pass over
/// what it holds: the next transaction of this process waits for it.
impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        let (Some(tx), Ok(runtime)) = (self.tx.take(), Handle::try_current()) else { return };
        let primary = Arc::clone(&self.primary);
        primary.undoing.send_modify(|n| *n += 1);
        runtime.spawn(async move {
            undo(tx).await;
            primary.undoing.send_modify(|n| *n = n.saturating_sub(1));
        });
    }
}

/// Whoever was cut off in the middle of a `COPY` leaves a connection on which every statement would be given the
/// answer of the one before it: sqlx does not count that of the `COPY`. Such a connection is ended by the server, which
/// undoes the transaction with it.
async fn undo(mut tx: sqlx::Transaction<'static, Postgres>) {
    let answer: sqlx::Result<i64> =
        sqlx::query_scalar("SELECT $1::int8").bind(QUESTION).fetch_one(&mut *tx).await;
    let in_step = match answer {
        Ok(answer) => answer == QUESTION,
        // In a transaction that has failed nothing else is answered.
        Err(sqlx::Error::Database(error)) => error.code().as_deref() == Some(FAILED_TRANSACTION),
        Err(_) => false,
    };
    if !in_step {
        let end = "ROLLBACK; SELECT pg_terminate_backend(pg_backend_pid())";
        let _ended = tx.execute(end).await;
    }
    // An error: the connection is broken, and the server undoes it by itself.
    let _ = tx.rollback().await;
}

/// What no other statement is answered.
const QUESTION: i64 = -7_261_983_541;
/// PostgreSQL's `in_failed_sql_transaction`.
const FAILED_TRANSACTION: &str = "25P02";

#[async_trait]
impl Transaction for PostgresTransaction {
    async fn positions(&mut self) -> Result<Vec<(Partition, i64)>> {
        snapshot::positions(open(&mut self.tx)?).await
    }

    async fn stop(&mut self, partitions: &[Partition], why: Option<&str>) -> Result<()> {
        let mut partitions: Vec<&Partition> = partitions.iter().collect();
        // In this order rows are locked.
        partitions.sort_unstable();
        sqlx::query(
            "INSERT INTO position (topic, partition, next_offset, stopped)
             SELECT topic, partition, 0, $3 FROM unnest($1::text[], $2::int4[]) AS p(topic, partition)
             ON CONFLICT (topic, partition) DO UPDATE SET stopped = excluded.stopped",
        )
        .bind(partitions.iter().map(|p| p.topic.as_str()).collect::<Vec<&str>>())
        .bind(partitions.iter().map(|p| p.partition).collect::<Vec<i32>>())
        .bind(why)
        .execute(open(&mut self.tx)?)
        .await
        .map_err(database)
        .map(|_| ())
    }

    async fn advance(&mut self, moves: &[Advance]) -> Result<()> {
        let mut moves: Vec<&Advance> = moves.iter().collect();
        // In this order rows are locked.
        moves.sort_unstable_by_key(|m| (&m.partition.topic, m.partition.partition));
        if moves.is_empty() {
            return Ok(());
        }
        let moved: Vec<(String, i32)> = sqlx::query_as(
            "INSERT INTO position AS p (topic, partition, next_offset, last_offset, fingerprint)
             SELECT m.topic, m.partition, m.next, m.last_offset, m.fingerprint
             FROM unnest($1::text[], $2::int4[], $3::int8[], $4::int8[], $5::int8[], $6::int8[])
                  AS m(topic, partition, expected, next, last_offset, fingerprint)
             WHERE m.expected = 0 OR EXISTS (SELECT 1 FROM position k
                 WHERE k.topic = m.topic AND k.partition = m.partition)
             ON CONFLICT (topic, partition) DO UPDATE SET
                 next_offset = excluded.next_offset,
                 last_offset = coalesce(excluded.last_offset, p.last_offset),
                 fingerprint = coalesce(excluded.fingerprint, p.fingerprint)
             WHERE p.next_offset = (SELECT e.expected
                 FROM unnest($1::text[], $2::int4[], $3::int8[]) AS e(topic, partition, expected)
                 WHERE e.topic = p.topic AND e.partition = p.partition)
             RETURNING topic, partition",
        )
        .bind(moves.iter().map(|m| m.partition.topic.as_str()).collect::<Vec<&str>>())
        .bind(moves.iter().map(|m| m.partition.partition).collect::<Vec<i32>>())
        .bind(moves.iter().map(|m| m.expected).collect::<Vec<i64>>())
        .bind(moves.iter().map(|m| m.next).collect::<Vec<i64>>())
        .bind(moves.iter().map(|m| m.last.map(|mark| mark.offset)).collect::<Vec<Option<i64>>>())
        .bind(
            moves.iter().map(|m| m.last.map(|mark| mark.fingerprint)).collect::<Vec<Option<i64>>>(),
        )
        .fetch_all(open(&mut self.tx)?)
        .await
        .map_err(database)?;
        let stuck = moves.into_iter().find(|m| {
            let is = |(topic, partition): &(String, i32)| {
                *topic == m.partition.topic && *partition == m.partition.partition
            };
            !moved.iter().any(is)
        });
        stuck.map_or(Ok(()), |m| {
            let (partition, expected) = (m.partition.clone(), m.expected);
            Err(StoreError::PositionMoved { partition, expected })
        })
    }

    /// The row is locked: what is read here is there to be changed.
    async fn meta(&mut self, key: &str) -> Result<Option<String>> {
        sqlx::query_scalar("SELECT value FROM meta WHERE key = $1 FOR NO KEY UPDATE")
            .bind(key)
            .fetch_optional(open(&mut self.tx)?)
            .await
            .map_err(database)
    }

    async fn set_meta(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        let query = match value {
            Some(value) => sqlx::query(
                "INSERT INTO meta (key, value) VALUES ($1, $2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )
            .bind(key)
            .bind(value),
            None => sqlx::query("DELETE FROM meta WHERE key = $1").bind(key),
        };
        query.execute(open(&mut self.tx)?).await.map_err(database).map(|_| ())
    }

    async fn known(&mut self, keys: &FactKeys) -> Result<KnownFacts> {
        facts::known(open(&mut self.tx)?, keys, &mut self.asked).await
    }

    async fn live_prices(&mut self, product_ids: &[String]) -> Result<HashMap<String, u64>> {
        facts::live_prices(open(&mut self.tx)?, product_ids).await
    }

    async fn save_facts(&mut self, writes: &FactWrites) -> Result<()> {
        save_facts::save(open(&mut self.tx)?, writes, &mut self.asked).await
    }

    async fn add_review_counts(&mut self, deltas: &[(String, [i64; 5])]) -> Result<()> {
        let conn = open(&mut self.tx)?;
        match self.fills {
            true => save_facts::new_review_counts(conn, deltas).await,
            false => save_facts::add_review_counts(conn, deltas).await,
        }
    }

    async fn put_dead_letters(&mut self, letters: &[NewDeadLetter]) -> Result<()> {
        dead_letters::put(open(&mut self.tx)?, letters).await
    }

    async fn settle_dead_letters(&mut self, settled: &[Settlement<'_>]) -> Result<u64> {
        dead_letters::settle(open(&mut self.tx)?, settled).await
    }

    async fn close_dead_letter(&mut self, id: i64, state: &str) -> Result<bool> {
        dead_letters::close(open(&mut self.tx)?, id, state).await
    }

    async fn claim_dead_letters(&mut self, limit: u32, until: Instant) -> Result<Vec<DeadLetter>> {
        dead_letters::claim(open(&mut self.tx)?, limit, until).await
    }

    async fn end_claims(&mut self, ended: &[(i64, Forwarding)]) -> Result<()> {
        dead_letters::end_claims(open(&mut self.tx)?, ended).await
    }

    async fn mark_forwarded(&mut self, ids: &[i64]) -> Result<()> {
        dead_letters::mark_forwarded(open(&mut self.tx)?, ids).await
    }

    /// In the order of their names, and each connection in rows of its own, mostly: projectors
    /// seldom wait here, and never in a ring.
    async fn count_outcomes(&mut self, counts: &[(&'static str, u64)]) -> Result<()> {
        let mut counts = counts.to_vec();
        counts.sort_unstable();
        let insert = format!(
            "INSERT INTO outcome_count AS c (outcome, events, shard)
             SELECT outcome, events, pg_backend_pid() % {OUTCOME_SHARDS} FROM {{rows}}
             ON CONFLICT (outcome, shard) DO UPDATE SET events = c.events + excluded.events"
        );
        Rows::new(counts.len())
            .text("outcome", counts.iter().map(|(outcome, _)| *outcome))
            .int8("events", counts.iter().map(|(_, events)| *events as i64))
            .execute(open(&mut self.tx)?, &insert)
            .await
            .map(|_| ())
    }

    async fn record_change(&mut self, change: &Change) -> Result<()> {
        if change.is_empty() {
            return Ok(());
        }
        changes::record(open(&mut self.tx)?, change).await
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        match self.tx.take() {
            Some(tx) => tx.commit().await.map_err(database),
            None => Ok(()),
        }
    }
}
