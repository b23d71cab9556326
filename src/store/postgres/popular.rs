//! Popular pages, in the control schema: they outlive a generation.

use sqlx::Postgres;
use sqlx::postgres::PgConnection;
use xxhash_rust::xxh3::xxh3_128;

use super::errors::database;
use super::schema::lock_key;
use crate::store::Result;
use crate::store::popular::{MAX_POPULAR_PAGES, PopularPage, ranked};

pub async fn read(conn: &mut PgConnection, control: &str, limit: u32) -> Result<Vec<PopularPage>> {
    let sql = format!("SELECT page, rank FROM {control}.popular_page ORDER BY rank DESC LIMIT $1");
    let rows: Vec<(Vec<u8>, f64)> =
        sqlx::query_as(&sql).bind(i64::from(limit)).fetch_all(conn).await.map_err(database)?;
    Ok(rows.into_iter().map(|(page, rank)| PopularPage { page, rank }).collect())
}

/// One process at a time, so that no two wait for each other's rows.
pub async fn save(
    mut tx: sqlx::Transaction<'static, Postgres>,
    control: &str,
    pages: &[PopularPage],
) -> Result<()> {
    let pages = ranked(pages.iter().cloned());
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(lock_key(control, "popular pages"))
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    let add = format!(
        "INSERT INTO {control}.popular_page AS known (hash, rank, page)
         SELECT * FROM unnest($1::bytea[], $2::float8[], $3::bytea[])
         ON CONFLICT (hash) DO UPDATE SET rank = excluded.rank WHERE known.rank < excluded.rank"
    );
    // A page can be longer than what an index takes.
    let hashes: Vec<[u8; 16]> = pages.iter().map(|p| xxh3_128(&p.page).to_be_bytes()).collect();
    sqlx::query(&add)
        .bind(hashes.iter().map(<[u8; 16]>::as_slice).collect::<Vec<&[u8]>>())
        .bind(pages.iter().map(|p| p.rank).collect::<Vec<f64>>())
        .bind(pages.iter().map(|p| p.page.as_slice()).collect::<Vec<&[u8]>>())
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    let forget = format!(
        "DELETE FROM {control}.popular_page WHERE hash IN
         (SELECT hash FROM {control}.popular_page ORDER BY rank DESC OFFSET $1)"
    );
    sqlx::query(&forget)
        .bind(MAX_POPULAR_PAGES as i64)
        .execute(&mut *tx)
        .await
        .map_err(database)?;
    tx.commit().await.map_err(database)
}
