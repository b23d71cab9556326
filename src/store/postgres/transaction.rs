//! One batch's writes.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use projections::discount::Scope;
use projections::facts::ProductFacts;
use projections::instant::Instant;
use projections::view::{ListingKey, View};
use sqlx::postgres::PgConnection;
use sqlx::{Executor, Postgres};
use tokio::runtime::Handle;

use super::bulk::Rows;
use super::errors::database;
use super::facts::Asked;
use super::{
    Primary, changes, dead_letters, facts, fanout, numbers, product_facts, save_facts, snapshot,
    views,
};
use crate::changes::Change;
use crate::log::position::Partition;
use crate::store::dead_letter::{DeadLetter, Forwarding, NewDeadLetter, Settlement};
use crate::store::facts::{FactKeys, FactWrites, KnownFacts};
use crate::store::fanout::{FanoutTask, FanoutsLeft, NewFanout, ScopeCursor, StaleProducts};
use crate::store::{
    Advance, DiscountLock, MARKETS_PENDING, Numbers, Result, StoreError, Transaction, ViewWrite,
};

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

    /// A transaction that already changes discounts keeps that lock when it goes on to read them.
    async fn lock_discounts(&mut self, lock: DiscountLock) -> Result<()> {
        sqlx::query(match lock {
            DiscountLock::Read => "SELECT pg_advisory_xact_lock_shared($1)",
            DiscountLock::Change => "SELECT pg_advisory_xact_lock($1)",
        })
        .bind(self.primary.locks.discounts)
        .execute(open(&mut self.tx)?)
        .await
        .map_err(database)
        .map(|_| ())
    }

    /// An insert that meets a row locks it, although its condition lets nothing be updated: so one
    /// statement, in id order, locks rows that are there and rows that are not.
    async fn lock_products(&mut self, ids: &[String]) -> Result<()> {
        let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        ids.sort_unstable();
        ids.dedup();
        let lock = "ON CONFLICT (product_id) DO UPDATE SET product_id = excluded.product_id
                    WHERE false";
        Rows::new(ids.len())
            .text("product_id", ids.iter().copied())
            .insert(open(&mut self.tx)?, "product_lock", lock)
            .await
            .map(|_| ())
    }

    async fn product_facts(&mut self, ids: &[String]) -> Result<Vec<ProductFacts>> {
        product_facts::load(open(&mut self.tx)?, ids).await
    }

    async fn views(&mut self, ids: &[String]) -> Result<HashMap<String, View>> {
        views::load(open(&mut self.tx)?, ids).await
    }

    async fn numbers(
        &mut self,
        listings: &[&ListingKey],
        audiences: &[(&str, Option<&str>)],
    ) -> Result<Numbers> {
        numbers::give(&self.primary.numberer, &self.primary.numbers, listings, audiences).await
    }

    async fn save_views(&mut self, writes: &[ViewWrite<'_>]) -> Result<()> {
        let mut listings: Vec<&ListingKey> = writes
            .iter()
            .flat_map(|w| [w.old, w.new])
            .flatten()
            .flat_map(|v| &v.listings)
            .collect();
        listings.sort_unstable();
        listings.dedup();
        let numbers = self.numbers(&listings, &[]).await?;
        let conn = open(&mut self.tx)?;
        match self.fills {
            true => views::fill(conn, writes, &numbers).await,
            false => views::save(conn, writes, &numbers).await,
        }
    }

    async fn products_reached(
        &mut self,
        scope: &Scope,
        cursor: ScopeCursor,
        limit: u32,
    ) -> Result<(Vec<String>, Option<ScopeCursor>)> {
        fanout::products_reached(open(&mut self.tx)?, scope, cursor, limit).await
    }

    async fn add_fanout(&mut self, task: &NewFanout<'_>) -> Result<()> {
        fanout::add(open(&mut self.tx)?, task).await
    }

    async fn defer(&mut self, ids: &[String], moves: &[Advance]) -> Result<()> {
        fanout::defer(open(&mut self.tx)?, ids, moves).await
    }

    async fn has_fanout_work(&mut self, now: Instant) -> Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM fanout)
             OR EXISTS (SELECT 1 FROM coverage WHERE refresh_at <= $1)
             OR EXISTS (SELECT 1 FROM meta WHERE key = $2)",
        )
        .bind(now.millis())
        .bind(MARKETS_PENDING)
        .fetch_one(open(&mut self.tx)?)
        .await
        .map_err(database)
    }

    async fn stale_count(&mut self, limit: u32) -> Result<u64> {
        fanout::stale_count(open(&mut self.tx)?, limit).await
    }

    async fn has_deferred(&mut self) -> Result<bool> {
        fanout::has_deferred(open(&mut self.tx)?).await
    }

    async fn unmarked_fanout(&mut self) -> Result<Option<FanoutTask>> {
        fanout::unmarked(open(&mut self.tx)?, self.primary.locks.marking).await
    }

    async fn begin_round(&mut self, task: i64) -> Result<Scope> {
        fanout::begin_round(open(&mut self.tx)?, task).await
    }

    async fn set_marked(&mut self, task: i64, cursor: Option<&ScopeCursor>) -> Result<()> {
        fanout::set_marked(open(&mut self.tx)?, task, cursor).await
    }

    async fn mark_stale(&mut self, marks: &[(i64, &str)]) -> Result<()> {
        fanout::mark_stale(open(&mut self.tx)?, marks).await
    }

    async fn stale(&mut self, limit: u32) -> Result<StaleProducts> {
        fanout::stale(open(&mut self.tx)?, limit).await
    }

    async fn clear_stale(&mut self, ids: &[String]) -> Result<()> {
        fanout::clear_stale(open(&mut self.tx)?, ids).await
    }

    /// One projector at a time looks for them: the others would find the same.
    async fn due_for_refresh(&mut self, now: Instant, limit: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "SELECT product_id FROM coverage
             WHERE refresh_at <= $1 AND (SELECT pg_try_advisory_xact_lock($3))
             ORDER BY refresh_at LIMIT $2",
        )
        .bind(now.millis())
        .bind(i64::from(limit))
        .bind(self.primary.locks.refresh)
        .fetch_all(open(&mut self.tx)?)
        .await
        .map_err(database)
    }

    async fn finish_fanouts(&mut self) -> Result<FanoutsLeft> {
        fanout::finish(open(&mut self.tx)?).await
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

    async fn may_be_lost(&mut self) -> Result<()> {
        sqlx::query("SET LOCAL synchronous_commit = off")
            .execute(open(&mut self.tx)?)
            .await
            .map_err(database)
            .map(|_| ())
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        match self.tx.take() {
            Some(tx) => tx.commit().await.map_err(database),
            None => Ok(()),
        }
    }
}
