//! One batch's writes.

use std::collections::HashMap;

use async_trait::async_trait;
use projections::instant::Instant;
use sqlx::Sqlite;
use tokio::sync::watch;

use super::{changes, database, dead_letters, facts, snapshot};
use crate::log::position::Partition;
use crate::sqlite::bulk;
use crate::store::dead_letter::{DeadLetter, Forwarding, NewDeadLetter, Settlement};
use crate::store::facts::{FactKeys, FactWrites, KnownFacts};
use crate::store::feed::Change;
use crate::store::{Advance, Result, StoreError, Transaction};

pub struct SqliteTransaction {
    tx: sqlx::Transaction<'static, Sqlite>,
    /// Whether it tells of a change, and whom that is said to.
    tells: bool,
    told: watch::Sender<u64>,
}

impl SqliteTransaction {
    pub(super) fn new(
        tx: sqlx::Transaction<'static, Sqlite>,
        told: watch::Sender<u64>,
    ) -> SqliteTransaction {
        SqliteTransaction { tx, tells: false, told }
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn positions(&mut self) -> Result<Vec<(Partition, i64)>> {
        snapshot::positions(&mut self.tx).await
    }

    async fn stop(&mut self, partitions: &[Partition], why: Option<&str>) -> Result<()> {
        for partition in partitions {
            sqlx::query(
                "INSERT INTO position (topic, partition, next_offset, stopped) VALUES (?1, ?2, 0, ?3)
                 ON CONFLICT DO UPDATE SET stopped = excluded.stopped",
            )
            .bind(&partition.topic)
            .bind(partition.partition)
            .bind(why)
            .execute(&mut *self.tx)
            .await
            .map_err(database)?;
        }
        Ok(())
    }

    async fn advance(&mut self, moves: &[Advance]) -> Result<()> {
        for step in moves {
            let moved = sqlx::query(
                "INSERT INTO position (topic, partition, next_offset, last_offset, fingerprint)
                 SELECT ?1, ?2, ?3, ?5, ?6 WHERE ?4 = 0 OR EXISTS
                     (SELECT 1 FROM position WHERE topic = ?1 AND partition = ?2)
                 ON CONFLICT DO UPDATE SET
                     next_offset = excluded.next_offset,
                     last_offset = coalesce(excluded.last_offset, last_offset),
                     fingerprint = coalesce(excluded.fingerprint, fingerprint)
                 WHERE position.next_offset = ?4",
            )
            .bind(&step.partition.topic)
            .bind(step.partition.partition)
            .bind(step.next)
            .bind(step.expected)
            .bind(step.last.map(|mark| mark.offset))
            .bind(step.last.map(|mark| mark.fingerprint))
            .execute(&mut *self.tx)
            .await
            .map_err(database)?;
            if moved.rows_affected() != 1 {
                return Err(StoreError::PositionMoved {
                    partition: step.partition.clone(),
                    expected: step.expected,
                });
            }
        }
        Ok(())
    }

    async fn meta(&mut self, key: &str) -> Result<Option<String>> {
        snapshot::meta(&mut self.tx, key).await
    }

    async fn set_meta(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        let query = match value {
            Some(value) => sqlx::query("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")
                .bind(key)
                .bind(value),
            None => sqlx::query("DELETE FROM meta WHERE key = ?").bind(key),
        };
        query.execute(&mut *self.tx).await.map_err(database).map(|_| ())
    }

    async fn known(&mut self, keys: &FactKeys) -> Result<KnownFacts> {
        facts::known(&mut self.tx, keys).await
    }

    async fn live_prices(&mut self, product_ids: &[String]) -> Result<HashMap<String, u64>> {
        facts::live_prices(&mut self.tx, product_ids).await
    }

    async fn save_facts(&mut self, writes: &FactWrites) -> Result<()> {
        facts::save(&mut self.tx, writes).await
    }

    async fn add_review_counts(&mut self, deltas: &[(String, [i64; 5])]) -> Result<()> {
        facts::add_review_counts(&mut self.tx, deltas).await
    }

    async fn put_dead_letters(&mut self, letters: &[NewDeadLetter]) -> Result<()> {
        dead_letters::put(&mut self.tx, letters).await
    }

    async fn settle_dead_letters(&mut self, settled: &[Settlement<'_>]) -> Result<u64> {
        dead_letters::settle(&mut self.tx, settled).await
    }

    async fn close_dead_letter(&mut self, id: i64, state: &str) -> Result<bool> {
        dead_letters::close(&mut self.tx, id, state).await
    }

    async fn claim_dead_letters(&mut self, limit: u32, until: Instant) -> Result<Vec<DeadLetter>> {
        dead_letters::claim(&mut self.tx, limit, until).await
    }

    async fn end_claims(&mut self, ended: &[(i64, Forwarding)]) -> Result<()> {
        dead_letters::end_claims(&mut self.tx, ended).await
    }

    async fn mark_forwarded(&mut self, ids: &[i64]) -> Result<()> {
        dead_letters::mark_forwarded(&mut self.tx, ids).await
    }

    async fn count_outcomes(&mut self, counts: &[(&'static str, u64)]) -> Result<()> {
        bulk::for_rows(
            &mut self.tx,
            "INSERT INTO outcome_count (outcome, events)",
            2,
            "ON CONFLICT DO UPDATE SET events = events + excluded.events",
            counts,
            |p, (outcome, events)| {
                p.bind(*outcome).bind(*events as i64);
            },
        )
        .await
        .map_err(database)
    }

    async fn record_change(&mut self, change: &Change) -> Result<()> {
        if change.is_empty() {
            return Ok(());
        }
        self.tells = true;
        changes::record(&mut self.tx, change).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        let SqliteTransaction { tx, tells, told } = *self;
        tx.commit().await.map_err(database)?;
        if tells {
            told.send_modify(|n| *n += 1);
        }
        Ok(())
    }
}
