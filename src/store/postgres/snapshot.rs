//! Reads from one state of the database.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use projections::facts::ProductFacts;
use projections::index::discounts::ScopedDiscount;
use projections::index::part::IndexPart;
use projections::instant::{Instant, Window};
use projections::listing::Total;
use projections::page::LatestReviews;
use projections::view::ListingKey;
use sqlx::Postgres;
use sqlx::postgres::PgConnection;

use super::errors::database;
use super::numbers::NumberCache;
use super::{fanout, listings, product_facts, reviews, views};
use crate::log::position::{Partition, Reflected};
use crate::store::fanout::ScopePart;
use crate::store::query::{
    Keyset, ListingQuery, ReviewKeyset, ReviewSlice, ReviewSort, StoredCard,
};
use crate::store::standing::{STANDINGS, Standing, StandingRow};
use crate::store::{ListingName, REVISED_UNTIL, Result, Snapshot, StoreError};

pub struct PostgresSnapshot {
    pub(super) tx: sqlx::Transaction<'static, Postgres>,
    numbers: Arc<NumberCache>,
    /// What nearly every page asks for, once it was: the state that is read does not change.
    head: Option<Head>,
}

/// The generation's settings, and the instants that every product's stored steps answer.
struct Head {
    settings: HashMap<String, String>,
    covers: Window,
}

impl PostgresSnapshot {
    pub fn new(
        tx: sqlx::Transaction<'static, Postgres>,
        numbers: Arc<NumberCache>,
    ) -> PostgresSnapshot {
        PostgresSnapshot { tx, numbers, head: None }
    }

    async fn head(&mut self) -> Result<&Head> {
        let head = match self.head.take() {
            Some(head) => head,
            None => Head::read(&mut self.tx).await?,
        };
        Ok(self.head.insert(head))
    }
}

impl Head {
    async fn read(conn: &mut PgConnection) -> Result<Head> {
        let (names, values, from, until): (Vec<String>, Vec<String>, Option<i64>, Option<i64>) =
            sqlx::query_as(
                "SELECT coalesce(array_agg(key), '{}'), coalesce(array_agg(value), '{}'),
                        (SELECT max(covers_from) FROM coverage),
                        (SELECT min(covers_until) FROM coverage)
                 FROM meta",
            )
            .fetch_one(conn)
            .await
            .map_err(database)?;
        let settings: HashMap<String, String> = names.into_iter().zip(values).collect();
        let revised = settings.get(REVISED_UNTIL).map(|until| until.parse::<i64>()).transpose();
        let revised = revised.map_err(|error| {
            StoreError::Database(format!("the setting {REVISED_UNTIL} is damaged: {error}"))
        })?;
        let covers = Window {
            from: from.max(revised).map_or(Instant::MIN, Instant),
            until: until.map_or(Instant::MAX, Instant),
        };
        Ok(Head { settings, covers })
    }
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    async fn positions(&mut self) -> Result<Vec<(Partition, i64)>> {
        positions(&mut self.tx).await
    }

    async fn standings(&mut self) -> Result<Vec<Standing>> {
        standings(&mut self.tx).await
    }

    async fn reflected(&mut self) -> Result<Reflected> {
        fanout::reflected(&mut self.tx).await
    }

    async fn meta(&mut self, key: &str) -> Result<Option<String>> {
        Ok(self.head().await?.settings.get(key).cloned())
    }

    async fn product_facts(&mut self, ids: &[String]) -> Result<Vec<ProductFacts>> {
        product_facts::load(&mut self.tx, ids).await
    }

    async fn index_parts(&mut self, ids: &[String]) -> Result<Vec<IndexPart>> {
        let facts = product_facts::without_discounts(&mut self.tx, ids).await?;
        Ok(facts.iter().map(IndexPart::of).collect())
    }

    async fn discounts(&mut self) -> Result<Vec<ScopedDiscount>> {
        product_facts::discounts(&mut self.tx).await
    }

    async fn latest_reviews_of(
        &mut self,
        ids: &[String],
    ) -> Result<HashMap<String, (LatestReviews, bool)>> {
        reviews::latest(&mut self.tx, ids).await
    }

    async fn reviews(
        &mut self,
        product_id: &str,
        sort: ReviewSort,
        after: Option<&ReviewKeyset>,
        limit: u32,
    ) -> Result<ReviewSlice> {
        reviews::slice(&mut self.tx, product_id, sort, after, limit).await
    }

    async fn cards(&mut self, ids: &[String]) -> Result<Vec<StoredCard>> {
        views::cards(&mut self.tx, ids).await
    }

    async fn coverage(&mut self) -> Result<Window> {
        Ok(self.head().await?.covers)
    }

    async fn members(
        &mut self,
        listing: &ListingKey,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>> {
        let part = match listing {
            ListingKey::All => ScopePart::All,
            ListingKey::Category(id) => ScopePart::Category(id),
            ListingKey::Brand(id) => ScopePart::Brand(id),
        };
        fanout::part_reached(&mut self.tx, &part, after, limit).await
    }

    async fn product_ids(&mut self, after: &str, limit: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "SELECT product_id FROM product WHERE product_id > $1 AND doc IS NOT NULL
             ORDER BY product_id LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.tx)
        .await
        .map_err(database)
    }

    async fn listing(
        &mut self,
        query: &ListingQuery<'_>,
        after: Option<&Keyset>,
        limit: u32,
    ) -> Result<Vec<Keyset>> {
        listings::places(&mut self.tx, &self.numbers, query, after, limit).await
    }

    async fn listing_total(&mut self, query: &ListingQuery<'_>) -> Result<Total> {
        listings::total(&mut self.tx, &self.numbers, query).await
    }

    async fn listing_changes_at(&mut self, query: &ListingQuery<'_>) -> Result<Option<Instant>> {
        listings::changes_at(&mut self.tx, &self.numbers, query).await
    }

    async fn listing_keys(&mut self, limit: u32) -> Result<Vec<ListingKey>> {
        listings::keys(&mut self.tx, limit).await
    }

    async fn listing_name(&mut self, listing: &ListingKey, at: Instant) -> Result<ListingName> {
        listings::name(&mut self.tx, &self.numbers, listing, at).await
    }
}

pub(super) async fn positions(conn: &mut PgConnection) -> Result<Vec<(Partition, i64)>> {
    let rows: Vec<(String, i32, i64)> =
        sqlx::query_as("SELECT topic, partition, next_offset FROM position")
            .fetch_all(conn)
            .await
            .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(topic, partition, next)| (Partition { topic, partition }, next))
        .collect())
}

async fn standings(conn: &mut PgConnection) -> Result<Vec<Standing>> {
    let rows: Vec<StandingRow> =
        sqlx::query_as(STANDINGS).fetch_all(conn).await.map_err(database)?;
    Ok(rows.into_iter().map(Standing::from).collect())
}

pub(super) async fn meta(conn: &mut PgConnection, key: &str) -> Result<Option<String>> {
    sqlx::query_scalar("SELECT value FROM meta WHERE key = $1")
        .bind(key)
        .fetch_optional(conn)
        .await
        .map_err(database)
}
