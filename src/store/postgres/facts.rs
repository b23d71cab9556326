//! What is known of entities, with their rows locked.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use projections::discount::{Scope, Terms};
use projections::fold::Head;
use sqlx::postgres::PgConnection;

use super::errors::database;
use crate::store::Result;
use crate::store::document::unpack;
use crate::store::facts::{
    FactKeys, KnownDiscount, KnownFacts, KnownPrice, KnownProduct, KnownReview, KnownStock,
    StockKey,
};

/// Which of the entities that were asked for have rows. Those that have are locked; where one has
/// none, nothing can be, so that whoever inserts it has to see that it is still the first.
#[derive(Default)]
pub struct Asked {
    pub products: Keys<String>,
    pub prices: Keys<String>,
    pub stock: Keys<StockKey>,
    pub discounts: Keys<String>,
    pub reviews: Keys<String>,
}

impl Asked {
    /// Of a generation that is being filled: nothing that is written was there.
    pub fn all_missing() -> Asked {
        Asked {
            products: Keys::all_missing(),
            prices: Keys::all_missing(),
            stock: Keys::all_missing(),
            discounts: Keys::all_missing(),
            reviews: Keys::all_missing(),
        }
    }
}

/// Keys of one kind of entity.
pub struct Keys<K> {
    there: HashSet<K>,
    missing: HashSet<K>,
    /// None has a row, whoever looks.
    all_missing: bool,
}

impl<K> Default for Keys<K> {
    fn default() -> Self {
        Keys { there: HashSet::new(), missing: HashSet::new(), all_missing: false }
    }
}

/// How a row is to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// It is there, and locked.
    Update,
    /// It was not there.
    Insert,
    /// Nobody looked.
    Upsert,
}

impl<K: Clone + Eq + Hash> Keys<K> {
    fn note<V>(&mut self, asked: &[K], found: &HashMap<K, V>) {
        for key in asked {
            if found.contains_key(key) {
                self.there.insert(key.clone());
            } else if !self.there.contains(key) {
                self.missing.insert(key.clone());
            }
        }
    }

    fn all_missing() -> Self {
        Keys { all_missing: true, ..Keys::default() }
    }

    pub fn how(&self, key: &K) -> How {
        if self.all_missing {
            How::Insert
        } else if self.there.contains(key) {
            How::Update
        } else if self.missing.contains(key) {
            How::Insert
        } else {
            How::Upsert
        }
    }

    /// A row that was missing has been written by now.
    pub fn written(&mut self, key: &K) {
        if let Some(key) = self.missing.take(key) {
            self.there.insert(key);
        }
    }
}

/// What is known of these entities. Their rows are locked in the order of their keys, one table
/// after the other and always in this order, so that projectors wait in line and never in a ring.
pub async fn known(
    conn: &mut PgConnection,
    keys: &FactKeys,
    asked: &mut Asked,
) -> Result<KnownFacts> {
    let known = KnownFacts {
        products: known_products(conn, &keys.products).await?,
        prices: known_prices(conn, &keys.prices).await?,
        stock: known_stock(conn, &keys.stock).await?,
        discounts: known_discounts(conn, &keys.discounts).await?,
        reviews: known_reviews(conn, &keys.reviews).await?,
    };
    asked.products.note(&keys.products, &known.products);
    asked.prices.note(&keys.prices, &known.prices);
    asked.stock.note(&keys.stock, &known.stock);
    asked.discounts.note(&keys.discounts, &known.discounts);
    asked.reviews.note(&keys.reviews, &known.reviews);
    Ok(known)
}

fn head(version: i64, digest: i64) -> Head {
    // Digests are 64 bits without a sign; bigint has one.
    Head { version: version as u64, digest: digest as u64 }
}

async fn known_products(
    conn: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownProduct>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64, i64, bool)> = sqlx::query_as(
        "SELECT product_id, version, digest, doc IS NOT NULL FROM product
         WHERE product_id = ANY($1) ORDER BY product_id FOR NO KEY UPDATE",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(id, version, digest, live)| (id, KnownProduct { head: head(version, digest), live }))
        .collect())
}

async fn known_prices(
    conn: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownPrice>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64, i64, String, bool)> = sqlx::query_as(
        "SELECT price_id, version, digest, product_id, doc IS NOT NULL FROM price
         WHERE price_id = ANY($1) ORDER BY price_id FOR NO KEY UPDATE",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(id, version, digest, product_id, live)| {
            (id, KnownPrice { head: head(version, digest), product_id, live })
        })
        .collect())
}

/// How many live prices these products have; those without any are left out.
pub async fn live_prices(
    conn: &mut PgConnection,
    product_ids: &[String],
) -> Result<HashMap<String, u64>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT product_id, count(*) FROM price
         WHERE product_id = ANY($1) AND doc IS NOT NULL GROUP BY product_id",
    )
    .bind(product_ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows.into_iter().map(|(id, count)| (id, count as u64)).collect())
}

async fn known_stock(
    conn: &mut PgConnection,
    keys: &[StockKey],
) -> Result<HashMap<StockKey, KnownStock>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let skus: Vec<&str> = keys.iter().map(|(sku, _)| sku.as_str()).collect();
    let locations: Vec<&str> = keys.iter().map(|(_, location)| location.as_str()).collect();
    let rows: Vec<(String, String, i64, i64, String, Option<i64>)> = sqlx::query_as(
        "SELECT s.sku, s.location, s.version, s.digest, s.product_id, s.available
         FROM unnest($1::text[], $2::text[]) AS r(sku, location)
         JOIN stock s ON s.sku = r.sku AND s.location = r.location
         ORDER BY s.sku, s.location FOR NO KEY UPDATE OF s",
    )
    .bind(skus)
    .bind(locations)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(sku, location, version, digest, product_id, available)| {
            let known = KnownStock { head: head(version, digest), product_id, available };
            ((sku, location), known)
        })
        .collect())
}

async fn known_discounts(
    conn: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownDiscount>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    type Row = (String, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT discount_id, version, digest, terms, scope FROM discount
         WHERE discount_id = ANY($1) ORDER BY discount_id FOR NO KEY UPDATE",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    rows.into_iter()
        .map(|(id, version, digest, terms, scope)| {
            let state = match (terms, scope) {
                (Some(terms), Some(scope)) => {
                    Some((unpack::<Terms>(&terms)?, unpack::<Scope>(&scope)?))
                }
                _ => None,
            };
            Ok((id, KnownDiscount { head: head(version, digest), state }))
        })
        .collect()
}

async fn known_reviews(
    conn: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownReview>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64, i64, String, bool, Option<i16>)> = sqlx::query_as(
        "SELECT review_id, version, digest, product_id, state > 0,
                CASE WHEN state = 2 THEN rating END
         FROM review WHERE review_id = ANY($1) ORDER BY review_id FOR NO KEY UPDATE",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(id, version, digest, product_id, live, counted)| {
            let counted = counted.map(|rating| rating as u8);
            (id, KnownReview { head: head(version, digest), product_id, live, counted })
        })
        .collect())
}
