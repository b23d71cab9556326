//! A product's reviews, in the order of an index.

use std::cmp::Reverse;
use std::collections::HashMap;

use projections::facts::ReviewFact;
use projections::instant::Instant;
use projections::page::{LATEST_REVIEWS, LatestReviews};
use sqlx::postgres::PgConnection;
use sqlx::{Postgres, QueryBuilder};

use super::errors::database;
use crate::store::Result;
use crate::store::document::unpack;
use crate::store::query::{ReviewKeyset, ReviewSort};

type Row = (String, Vec<u8>);

/// Of which product; a review; or else when the newest was changed.
type Found = (String, Option<String>, Option<Vec<u8>>, Option<i64>);

/// What product pages show of the reviews, and whether there are more: for all of these products in one statement.
pub async fn latest(
    conn: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, (LatestReviews, bool)>> {
    let rows: Vec<Found> = sqlx::query_as(
        "SELECT product.id, found.* FROM unnest($1) AS product(id) CROSS JOIN LATERAL (
           (SELECT review_id, doc, NULL::int8 FROM review
            WHERE product_id = product.id AND state = 2 AND doc IS NOT NULL
            ORDER BY created_at DESC, review_id LIMIT $2)
           UNION ALL
           (SELECT NULL, NULL, time FROM review WHERE product_id = product.id AND state > 0
            ORDER BY time DESC LIMIT 1)) AS found",
    )
    .bind(ids)
    .bind(LATEST_REVIEWS as i64 + 1)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    let none = |id: &String| (id.clone(), (LatestReviews::default(), false));
    let mut all: HashMap<String, (LatestReviews, bool)> = ids.iter().map(none).collect();
    for (product_id, review_id, doc, time) in rows {
        let Some((of, _)) = all.get_mut(&product_id) else { continue };
        of.newest_time = of.newest_time.max(time.map(Instant));
        if let (Some(review_id), Some(doc)) = (review_id, doc) {
            of.latest.push(ReviewFact { review_id, review: unpack(&doc)? });
        }
    }
    for (of, more) in all.values_mut() {
        // A union has no order of its own.
        of.latest.sort_by_cached_key(|r| (Reverse(r.review.created_at), r.review_id.clone()));
        *more = of.latest.len() > LATEST_REVIEWS;
        of.latest.truncate(LATEST_REVIEWS);
    }
    Ok(all)
}

/// One page of reviews.
pub async fn read(
    conn: &mut PgConnection,
    product_id: &str,
    sort: ReviewSort,
    after: Option<&ReviewKeyset>,
    limit: u32,
) -> Result<Vec<ReviewFact>> {
    match sort {
        ReviewSort::Newest | ReviewSort::Helpful => {
            let mut sql = select(product_id);
            if let Some(after) = after {
                push_after(&mut sql, sort, after);
            }
            sql.push(match sort {
                ReviewSort::Helpful => " ORDER BY helpful DESC, created_at DESC, review_id",
                _ => " ORDER BY created_at DESC, review_id",
            });
            run(conn, sql, limit).await
        }
        ReviewSort::Highest => by_rating(conn, product_id, (1..=5).rev(), after, limit).await,
        ReviewSort::Lowest => by_rating(conn, product_id, 1..=5, after, limit).await,
    }
}

/// One rating after the other, each by newest: one index serves both directions.
async fn by_rating(
    conn: &mut PgConnection,
    product_id: &str,
    ratings: impl Iterator<Item = i16> + Send,
    after: Option<&ReviewKeyset>,
    limit: u32,
) -> Result<Vec<ReviewFact>> {
    let mut found: Vec<ReviewFact> = Vec::new();
    let from = ratings.skip_while(|rating| after.is_some_and(|a| a.value != i64::from(*rating)));
    for (i, rating) in from.enumerate() {
        let left = limit.saturating_sub(found.len() as u32);
        if left == 0 {
            break;
        }
        let mut sql = select(product_id);
        sql.push(" AND rating = ").push_bind(rating);
        if let Some(after) = after.filter(|_| i == 0) {
            push_after(&mut sql, ReviewSort::Newest, after);
        }
        sql.push(" ORDER BY created_at DESC, review_id");
        found.extend(run(conn, sql, left).await?);
    }
    Ok(found)
}

fn select(product_id: &str) -> QueryBuilder<'_, Postgres> {
    let mut sql = QueryBuilder::new("SELECT review_id, doc FROM review WHERE product_id = ");
    sql.push_bind(product_id.to_owned()).push(" AND state = 2 AND doc IS NOT NULL");
    sql
}

/// The condition of coming after a place. The first line lets the index start there.
fn push_after(sql: &mut QueryBuilder<'_, Postgres>, sort: ReviewSort, after: &ReviewKeyset) {
    let created_at = after.created_at.millis();
    let id = after.review_id.clone();
    if sort == ReviewSort::Helpful {
        sql.push(" AND helpful <= ").push_bind(after.value);
        sql.push(" AND (helpful < ").push_bind(after.value);
        sql.push(" OR created_at < ").push_bind(created_at);
    } else {
        sql.push(" AND created_at <= ").push_bind(created_at);
        sql.push(" AND (created_at < ").push_bind(created_at);
    }
    sql.push(" OR (created_at = ").push_bind(created_at);
    sql.push(" AND review_id > ").push_bind(id).push("))");
}

async fn run(
    conn: &mut PgConnection,
    mut sql: QueryBuilder<'_, Postgres>,
    limit: u32,
) -> Result<Vec<ReviewFact>> {
    sql.push(" LIMIT ").push_bind(i64::from(limit));
    let rows: Vec<Row> = sql.build_query_as().fetch_all(conn).await.map_err(database)?;
    rows.into_iter()
        .map(|(review_id, doc)| Ok(ReviewFact { review_id, review: unpack(&doc)? }))
        .collect()
}
