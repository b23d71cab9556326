//! A product's reviews, in the order of an index.

use projections::facts::ReviewFact;
use projections::instant::Instant;
use projections::page::{LATEST_REVIEWS, LatestReviews};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::database;
use crate::store::Result;
use crate::store::document::unpack;
use crate::store::query::{ReviewKeyset, ReviewSort};

type Row = (String, Vec<u8>);

/// What a product page shows of the reviews, and whether there are more.
pub async fn latest(
    conn: &mut SqliteConnection,
    product_id: &str,
) -> Result<(LatestReviews, bool)> {
    let mut latest =
        read(conn, product_id, ReviewSort::Newest, None, LATEST_REVIEWS as u32 + 1).await?;
    let more = latest.len() > LATEST_REVIEWS;
    latest.truncate(LATEST_REVIEWS);
    let newest_time: Option<i64> = sqlx::query_scalar(
        "SELECT time FROM review WHERE product_id = ? AND state > 0 ORDER BY time DESC LIMIT 1",
    )
    .bind(product_id)
    .fetch_optional(conn)
    .await
    .map_err(database)?;
    let newest_time = newest_time.map(Instant);
    Ok((LatestReviews { latest, newest_time, next_cursor: None }, more))
}

/// One page of reviews.
pub async fn read(
    conn: &mut SqliteConnection,
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
    conn: &mut SqliteConnection,
    product_id: &str,
    ratings: impl Iterator<Item = i64>,
    after: Option<&ReviewKeyset>,
    limit: u32,
) -> Result<Vec<ReviewFact>> {
    let mut found: Vec<ReviewFact> = Vec::new();
    let from = ratings.skip_while(|rating| after.is_some_and(|a| a.value != *rating));
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

fn select(product_id: &str) -> QueryBuilder<'_, Sqlite> {
    let mut sql = QueryBuilder::new("SELECT review_id, doc FROM review WHERE product_id = ");
    sql.push_bind(product_id.to_owned()).push(" AND state = 2 AND doc IS NOT NULL");
    sql
}

/// The condition of coming after a place. The first line lets the index start there.
fn push_after(sql: &mut QueryBuilder<'_, Sqlite>, sort: ReviewSort, after: &ReviewKeyset) {
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
    conn: &mut SqliteConnection,
    mut sql: QueryBuilder<'_, Sqlite>,
    limit: u32,
) -> Result<Vec<ReviewFact>> {
    sql.push(" LIMIT ").push_bind(limit);
    let rows: Vec<Row> = sql.build_query_as().fetch_all(conn).await.map_err(database)?;
    rows.into_iter()
        .map(|(review_id, doc)| Ok(ReviewFact { review_id, review: unpack(&doc)? }))
        .collect()
}
