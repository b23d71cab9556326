//! Reads from one state of the file.

use std::collections::HashMap;

use async_trait::async_trait;
use projections::facts::{ProductFacts, ReviewFact};
use projections::index::discounts::ScopedDiscount;
use projections::index::part::IndexPart;
use projections::page::LatestReviews;
use sqlx::{Sqlite, SqliteConnection};

use super::{database, product_facts, reviews};
use crate::log::position::Partition;
use crate::store::query::{ReviewKeyset, ReviewSort};
use crate::store::standing::{STANDINGS, Standing, StandingRow};
use crate::store::{Result, Snapshot};

pub struct SqliteSnapshot {
    pub(super) tx: sqlx::Transaction<'static, Sqlite>,
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    async fn positions(&mut self) -> Result<Vec<(Partition, i64)>> {
        positions(&mut self.tx).await
    }

    async fn standings(&mut self) -> Result<Vec<Standing>> {
        standings(&mut self.tx).await
    }

    async fn meta(&mut self, key: &str) -> Result<Option<String>> {
        meta(&mut self.tx, key).await
    }

    async fn product_facts(&mut self, ids: &[String]) -> Result<Vec<ProductFacts>> {
        product_facts::load(&mut self.tx, ids).await
    }

    async fn index_parts(&mut self, ids: &[String]) -> Result<Vec<IndexPart>> {
        let facts = product_facts::without_discounts(&mut self.tx, ids).await?;
        Ok(facts.into_iter().map(IndexPart::of).collect())
    }

    async fn next_index_parts(&mut self, after: &str, limit: u32) -> Result<Vec<IndexPart>> {
        let facts = product_facts::next_without_discounts(&mut self.tx, after, limit).await?;
        Ok(facts.into_iter().map(IndexPart::of).collect())
    }

    async fn discounts(&mut self) -> Result<Vec<ScopedDiscount>> {
        product_facts::discounts(&mut self.tx).await
    }

    async fn latest_reviews_of(
        &mut self,
        ids: &[String],
    ) -> Result<HashMap<String, (LatestReviews, bool)>> {
        let mut all = HashMap::with_capacity(ids.len());
        for id in ids {
            all.insert(id.clone(), reviews::latest(&mut self.tx, id).await?);
        }
        Ok(all)
    }

    async fn reviews(
        &mut self,
        product_id: &str,
        sort: ReviewSort,
        after: Option<&ReviewKeyset>,
        limit: u32,
    ) -> Result<Vec<ReviewFact>> {
        reviews::read(&mut self.tx, product_id, sort, after, limit).await
    }

    async fn product_ids(&mut self, after: &str, limit: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "SELECT product_id FROM product WHERE product_id > ?1 AND doc IS NOT NULL
             ORDER BY product_id LIMIT ?2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await
        .map_err(database)
    }
}

pub(super) async fn positions(conn: &mut SqliteConnection) -> Result<Vec<(Partition, i64)>> {
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

async fn standings(conn: &mut SqliteConnection) -> Result<Vec<Standing>> {
    let rows: Vec<StandingRow> =
        sqlx::query_as(STANDINGS).fetch_all(conn).await.map_err(database)?;
    Ok(rows.into_iter().map(Standing::from).collect())
}

pub(super) async fn meta(conn: &mut SqliteConnection, key: &str) -> Result<Option<String>> {
    sqlx::query_scalar("SELECT value FROM meta WHERE key = ?")
        .bind(key)
        .fetch_optional(conn)
        .await
        .map_err(database)
}
