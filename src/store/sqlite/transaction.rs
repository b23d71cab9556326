//! One batch's writes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use projections::discount::Scope;
use projections::facts::ProductFacts;
use projections::instant::Instant;
use projections::view::{ListingKey, View};
use sqlx::Sqlite;
use tokio::sync::watch;

use super::{
    NumberCache, bulk, changes, database, dead_letters, facts, fanout, filling, product_facts,
    snapshot, views,
};
use crate::changes::Change;
use crate::log::position::Partition;
use crate::store::dead_letter::{DeadLetter, Forwarding, NewDeadLetter, Settlement};
use crate::store::facts::{FactKeys, FactWrites, KnownFacts};
use crate::store::fanout::{FanoutTask, FanoutsLeft, NewFanout, ScopeCursor, StaleProducts};
use crate::store::{
    Advance, DiscountLock, MARKETS_PENDING, Numbers, Result, StoreError, Transaction, ViewWrite,
};

pub struct SqliteTransaction {
    tx: sqlx::Transaction<'static, Sqlite>,
    cache: Arc<Mutex<NumberCache>>,
    /// Numbers given in this transaction: they go into the cache once it is committed.
    given: Numbers,
    /// Whether it tells of a change, and whom that is said to.
    tells: bool,
    told: watch::Sender<u64>,
    /// The table that new entries go into.
    entries: &'static str,
}

impl SqliteTransaction {
    pub(super) fn new(
        tx: sqlx::Transaction<'static, Sqlite>,
        cache: Arc<Mutex<NumberCache>>,
        told: watch::Sender<u64>,
    ) -> SqliteTransaction {
        SqliteTransaction {
            tx,
            cache,
            given: Numbers::default(),
            tells: false,
            told,
            entries: "entry",
        }
    }

    /// One that fills: what it adds may be sorted later.
    pub(super) async fn filling(mut self, sorted_bytes: u64) -> Result<SqliteTransaction> {
        self.entries = filling::entries(&mut self.tx, sorted_bytes).await?;
        Ok(self)
    }

    /// Those that the cache or this transaction knows.
    fn known_numbers(
        &self,
        listings: &[&ListingKey],
        audiences: &[(&str, Option<&str>)],
    ) -> Numbers {
        let mut numbers = Numbers::default();
        let Ok(cache) = self.cache.lock() else { return numbers };
        for key in listings {
            let number = self.given.listings.get(*key).or_else(|| cache.listings.get(*key));
            numbers.listings.extend(number.map(|n| ((*key).clone(), *n)));
        }
        for (market, group) in audiences {
            let key = ((*market).to_owned(), group.map(str::to_owned));
            let number = self.given.audiences.get(&key).or_else(|| cache.audiences.get(&key));
            if let Some(number) = number.copied() {
                numbers.audiences.insert(key, number);
            }
        }
        numbers
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

    /// There is one writer: nothing changes beside it.
    async fn lock_discounts(&mut self, _: DiscountLock) -> Result<()> {
        Ok(())
    }

    async fn lock_products(&mut self, _: &[String]) -> Result<()> {
        Ok(())
    }

    async fn product_facts(&mut self, ids: &[String]) -> Result<Vec<ProductFacts>> {
        product_facts::load(&mut self.tx, ids).await
    }

    async fn views(&mut self, ids: &[String]) -> Result<HashMap<String, View>> {
        views::load(&mut self.tx, ids).await
    }

    async fn numbers(
        &mut self,
        listings: &[&ListingKey],
        audiences: &[(&str, Option<&str>)],
    ) -> Result<Numbers> {
        let mut numbers = self.known_numbers(listings, audiences);
        let new_listings: Vec<&ListingKey> =
            listings.iter().copied().filter(|k| !numbers.listings.contains_key(*k)).collect();
        let given = views::number_listings(&mut self.tx, &new_listings).await?;
        self.given.listings.extend(given.iter().map(|(k, n)| (k.clone(), *n)));
        numbers.listings.extend(given);
        for (market, group) in audiences {
            let key = ((*market).to_owned(), group.map(str::to_owned));
            if let Entry::Vacant(vacant) = numbers.audiences.entry(key) {
                let number = views::number_audience(&mut self.tx, market, *group).await?;
                self.given.audiences.insert(vacant.key().clone(), number);
                vacant.insert(number);
            }
        }
        Ok(numbers)
    }

    async fn save_views(&mut self, writes: &[ViewWrite<'_>]) -> Result<()> {
        let listings: Vec<&ListingKey> = writes
            .iter()
            .flat_map(|w| [w.old, w.new])
            .flatten()
            .flat_map(|view| view.listings.iter().chain(view.own_names.iter().map(|(k, _)| k)))
            .collect();
        let numbers = self.numbers(&listings, &[]).await?;
        views::save(&mut self.tx, writes, &numbers, self.entries).await
    }

    async fn products_reached(
        &mut self,
        scope: &Scope,
        cursor: ScopeCursor,
        limit: u32,
    ) -> Result<(Vec<String>, Option<ScopeCursor>)> {
        fanout::products_reached(&mut self.tx, scope, cursor, limit).await
    }

    async fn add_fanout(&mut self, task: &NewFanout<'_>) -> Result<()> {
        fanout::add(&mut self.tx, task).await
    }

    async fn defer(&mut self, ids: &[String], moves: &[Advance]) -> Result<()> {
        fanout::defer(&mut self.tx, ids, moves).await
    }

    async fn has_fanout_work(&mut self, now: Instant) -> Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM fanout)
             OR EXISTS (SELECT 1 FROM coverage WHERE refresh_at <= ?)
             OR EXISTS (SELECT 1 FROM meta WHERE key = ?)",
        )
        .bind(now.millis())
        .bind(MARKETS_PENDING)
        .fetch_one(&mut *self.tx)
        .await
        .map_err(database)
    }

    async fn stale_count(&mut self, limit: u32) -> Result<u64> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM stale LIMIT ?)")
            .bind(limit)
            .fetch_one(&mut *self.tx)
            .await
            .map_err(database)?;
        Ok(count as u64)
    }

    async fn has_deferred(&mut self) -> Result<bool> {
        fanout::has_deferred(&mut self.tx).await
    }

    async fn unmarked_fanout(&mut self) -> Result<Option<FanoutTask>> {
        fanout::unmarked(&mut self.tx).await
    }

    async fn begin_round(&mut self, task: i64) -> Result<Scope> {
        fanout::begin_round(&mut self.tx, task).await
    }

    async fn set_marked(&mut self, task: i64, cursor: Option<&ScopeCursor>) -> Result<()> {
        fanout::set_marked(&mut self.tx, task, cursor).await
    }

    async fn mark_stale(&mut self, marks: &[(i64, &str)]) -> Result<()> {
        fanout::mark_stale(&mut self.tx, marks).await
    }

    async fn stale(&mut self, limit: u32) -> Result<StaleProducts> {
        fanout::stale(&mut self.tx, limit).await
    }

    async fn clear_stale(&mut self, ids: &[String]) -> Result<()> {
        sqlx::query("DELETE FROM stale WHERE product_id IN (SELECT value FROM json_each(?))")
            .bind(bulk::json_list(ids))
            .execute(&mut *self.tx)
            .await
            .map_err(database)
            .map(|_| ())
    }

    async fn due_for_refresh(&mut self, now: Instant, limit: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "SELECT product_id FROM coverage WHERE refresh_at <= ? ORDER BY refresh_at LIMIT ?",
        )
        .bind(now.millis())
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await
        .map_err(database)
    }

    async fn finish_fanouts(&mut self) -> Result<FanoutsLeft> {
        fanout::finish(&mut self.tx).await
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
    }

    async fn record_change(&mut self, change: &Change) -> Result<()> {
        if change.is_empty() {
            return Ok(());
        }
        self.tells = true;
        changes::record(&mut self.tx, change).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        let SqliteTransaction { tx, cache, given, tells, told, .. } = *self;
        tx.commit().await.map_err(database)?;
        if let Ok(mut cache) = cache.lock() {
            cache.take(given.listings, given.audiences);
        }
        if tells {
            told.send_modify(|n| *n += 1);
        }
        Ok(())
    }
}
