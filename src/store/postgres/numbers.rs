//! The numbers of listings and audiences. They are given outside of the transactions that need
//! them, and committed at once: two batches that meet the same new listings do not wait for one
//! another, and never in a ring. A number is never given twice; one that nothing uses does no harm.

use std::collections::HashMap;
use std::sync::Mutex;

use projections::view::ListingKey;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;

use super::bulk::Rows;
use super::errors::database;
use super::{BEGIN_WRITE, connect};
use crate::store::{Numbers, Result, StoreError};

/// Above this many, the cache of listing numbers starts anew.
const MAX_CACHED_LISTINGS: usize = 200_000;

/// A market with a group; `None` is everyone.
type Audience = (String, Option<String>);

/// Numbers that are known, so that most reads and writes ask the database for none.
#[derive(Default)]
pub struct NumberCache(Mutex<Numbers>);

impl NumberCache {
    fn take(
        &self,
        listings: impl IntoIterator<Item = (ListingKey, i64)>,
        audiences: impl IntoIterator<Item = (Audience, i64)>,
    ) {
        let Ok(mut numbers) = self.0.lock() else { return };
        if numbers.listings.len() > MAX_CACHED_LISTINGS {
            numbers.listings.clear();
        }
        numbers.listings.extend(listings);
        numbers.audiences.extend(audiences);
    }

    /// Forgets everything: the database may be another one by now, which never saw the last commits
    /// of the one before it and gives their numbers again.
    pub fn clear(&self) {
        if let Ok(mut numbers) = self.0.lock() {
            *numbers = Numbers::default();
        }
    }

    fn listing(&self, key: &ListingKey) -> Option<i64> {
        self.0.lock().ok()?.listings.get(key).copied()
    }

    fn audience(&self, key: &Audience) -> Option<i64> {
        self.0.lock().ok()?.audiences.get(key).copied()
    }

    /// Those of these that are known.
    fn known(&self, listings: &[&ListingKey], audiences: &[Audience]) -> Numbers {
        let mut known = Numbers::default();
        let Ok(cache) = self.0.lock() else { return known };
        for key in listings {
            if let Some(number) = cache.listings.get(*key) {
                known.listings.insert((*key).clone(), *number);
            }
        }
        for key in audiences {
            if let Some(number) = cache.audiences.get(key) {
                known.audiences.insert(key.clone(), *number);
            }
        }
        known
    }
}

/// The numbers of these listings and audiences; new ones are given, on a connection of the pool.
pub async fn give(
    pool: &PgPool,
    cache: &NumberCache,
    listings: &[&ListingKey],
    audiences: &[(&str, Option<&str>)],
) -> Result<Numbers> {
    let audiences: Vec<Audience> =
        audiences.iter().map(|(m, g)| ((*m).to_owned(), g.map(str::to_owned))).collect();
    let mut numbers = cache.known(listings, &audiences);
    let mut new_listings: Vec<&ListingKey> =
        listings.iter().copied().filter(|k| !numbers.listings.contains_key(*k)).collect();
    let mut new_audiences: Vec<Audience> =
        audiences.into_iter().filter(|k| !numbers.audiences.contains_key(k)).collect();
    if new_listings.is_empty() && new_audiences.is_empty() {
        return Ok(numbers);
    }
    // In this order rows are inserted, by every process.
    new_listings.sort_unstable_by_key(|key| (key.kind(), key.id()));
    new_listings.dedup();
    new_audiences.sort_unstable();
    new_audiences.dedup();
    let mut tx = connect::begin(pool, BEGIN_WRITE).await?;
    let pairs: Vec<(&str, &str)> = new_listings.iter().map(|k| (k.kind(), k.id())).collect();
    let given = number(&mut tx, &LISTING, &pairs).await?;
    let listings: HashMap<ListingKey, i64> = new_listings.into_iter().cloned().zip(given).collect();
    let pairs: Vec<(&str, &str)> =
        new_audiences.iter().map(|(m, g)| (m.as_str(), g.as_deref().unwrap_or_default())).collect();
    let given = number(&mut tx, &AUDIENCE, &pairs).await?;
    let audiences: HashMap<Audience, i64> = new_audiences.iter().cloned().zip(given).collect();
    tx.commit().await.map_err(database)?;
    cache.take(listings.clone(), audiences.clone());
    numbers.listings.extend(listings);
    numbers.audiences.extend(audiences);
    Ok(numbers)
}

/// A table that numbers pairs of texts.
struct Numbered {
    select: &'static str,
    table: &'static str,
    columns: (&'static str, &'static str),
}

const LISTING: Numbered = Numbered {
    select: "SELECT t.kind, t.id, t.number FROM unnest($1::text[], $2::text[]) AS r(kind, id)
             JOIN listing t ON t.kind = r.kind AND t.id = r.id",
    table: "listing",
    columns: ("kind", "id"),
};

const AUDIENCE: Numbered = Numbered {
    select: "SELECT t.market, t.customer_group, t.number
             FROM unnest($1::text[], $2::text[]) AS r(market, customer_group)
             JOIN audience t ON t.market = r.market AND t.customer_group = r.customer_group",
    table: "audience",
    columns: ("market", "customer_group"),
};

/// The number of each pair, in their order.
async fn number(
    conn: &mut PgConnection,
    numbered: &Numbered,
    pairs: &[(&str, &str)],
) -> Result<Vec<i64>> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = select(conn, numbered, pairs).await?;
    // Only those: an identity skips a number for every row that is not inserted after all.
    let new: Vec<(&str, &str)> =
        pairs.iter().copied().filter(|(a, b)| !known.contains_key(&key(a, b))).collect();
    if !new.is_empty() {
        Rows::new(new.len())
            .text(numbered.columns.0, new.iter().map(|(a, _)| *a))
            .text(numbered.columns.1, new.iter().map(|(_, b)| *b))
            .insert(&mut *conn, numbered.table, "ON CONFLICT DO NOTHING")
            .await?;
        known.extend(select(conn, numbered, &new).await?);
    }
    pairs
        .iter()
        .map(|(a, b)| known.get(&key(a, b)).copied())
        .collect::<Option<Vec<i64>>>()
        .ok_or_else(|| StoreError::Database(format!("{} has lost a number", numbered.table)))
}

fn key(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

async fn select(
    conn: &mut PgConnection,
    numbered: &Numbered,
    pairs: &[(&str, &str)],
) -> Result<HashMap<(String, String), i64>> {
    let rows: Vec<(String, String, i32)> = sqlx::query_as(numbered.select)
        .bind(pairs.iter().map(|(a, _)| *a).collect::<Vec<&str>>())
        .bind(pairs.iter().map(|(_, b)| *b).collect::<Vec<&str>>())
        .fetch_all(conn)
        .await
        .map_err(database)?;
    Ok(rows.into_iter().map(|(a, b, number)| ((a, b), i64::from(number))).collect())
}

/// A number that is not known yet is looked for again each time: whoever asks for what does not
/// exist takes no memory.
pub async fn listing(
    conn: &mut PgConnection,
    cache: &NumberCache,
    key: &ListingKey,
) -> Result<Option<i64>> {
    if let Some(number) = cache.listing(key) {
        return Ok(Some(number));
    }
    let number: Option<i32> =
        sqlx::query_scalar("SELECT number FROM listing WHERE kind = $1 AND id = $2")
            .bind(key.kind())
            .bind(key.id())
            .fetch_optional(conn)
            .await
            .map_err(database)?;
    let number = number.map(i64::from);
    cache.take(number.map(|n| (key.clone(), n)), []);
    Ok(number)
}

/// As [`listing`], for an audience.
pub async fn audience(
    conn: &mut PgConnection,
    cache: &NumberCache,
    market: &str,
    group: Option<&str>,
) -> Result<Option<i64>> {
    let key = (market.to_owned(), group.map(str::to_owned));
    if let Some(number) = cache.audience(&key) {
        return Ok(Some(number));
    }
    let number: Option<i32> =
        sqlx::query_scalar("SELECT number FROM audience WHERE market = $1 AND customer_group = $2")
            .bind(market)
            .bind(group.unwrap_or_default())
            .fetch_optional(conn)
            .await
            .map_err(database)?;
    let number = number.map(i64::from);
    cache.take([], number.map(|n| (key, n)));
    Ok(number)
}
