//! Facts of entities: what is known, and its replacement.

use std::collections::HashMap;

use projections::discount::{Scope, Terms};
use projections::fold::Head;
use sqlx::sqlite::SqliteConnection;

use super::database;
use crate::sqlite::bulk::{Parameters, for_rows, json_list};
use crate::store::Result;
use crate::store::document::{pack, unpack};
use crate::store::facts::{
    FactKeys, FactWrites, KnownDiscount, KnownFacts, KnownPrice, KnownProduct, KnownReview,
    KnownStock, Stamp,
};

/// What is known of these entities.
pub async fn known(conn: &mut SqliteConnection, keys: &FactKeys) -> Result<KnownFacts> {
    Ok(KnownFacts {
        products: known_products(conn, &keys.products).await?,
        prices: known_prices(conn, &keys.prices).await?,
        stock: known_stock(conn, &keys.stock).await?,
        discounts: known_discounts(conn, &keys.discounts).await?,
        reviews: known_reviews(conn, &keys.reviews).await?,
    })
}

fn head(version: i64, digest: i64) -> Head {
    // Digests are 64 bits without a sign; SQLite's integers have one.
    Head { version: version as u64, digest: digest as u64 }
}

async fn known_products(
    conn: &mut SqliteConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownProduct>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64, i64, bool)> = sqlx::query_as(
        "SELECT product_id, version, digest, doc IS NOT NULL FROM product
         WHERE product_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list(ids))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(id, version, digest, live)| (id, KnownProduct { head: head(version, digest), live }))
        .collect())
}

async fn known_prices(
    conn: &mut SqliteConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownPrice>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64, i64, String, bool)> = sqlx::query_as(
        "SELECT price_id, version, digest, product_id, doc IS NOT NULL FROM price
         WHERE price_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list(ids))
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
    conn: &mut SqliteConnection,
    product_ids: &[String],
) -> Result<HashMap<String, u64>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT product_id, count(*) FROM price
         WHERE product_id IN (SELECT value FROM json_each(?)) AND doc IS NOT NULL
         GROUP BY product_id",
    )
    .bind(json_list(product_ids))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows.into_iter().map(|(id, count)| (id, count as u64)).collect())
}

async fn known_stock(
    conn: &mut SqliteConnection,
    keys: &[(String, String)],
) -> Result<HashMap<(String, String), KnownStock>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    // All locations of a SKU come along: they are few.
    let rows: Vec<(String, String, i64, i64, String, Option<i64>)> = sqlx::query_as(
        "SELECT sku, location, version, digest, product_id, available FROM stock
         WHERE sku IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list(keys.iter().map(|(sku, _)| sku)))
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
    conn: &mut SqliteConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownDiscount>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    type Row = (String, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT discount_id, version, digest, terms, scope FROM discount
         WHERE discount_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list(ids))
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
    conn: &mut SqliteConnection,
    ids: &[String],
) -> Result<HashMap<String, KnownReview>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64, i64, String, bool, Option<u8>)> = sqlx::query_as(
        "SELECT review_id, version, digest, product_id, state <> 0,
                CASE WHEN state = 2 THEN rating END
         FROM review WHERE review_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list(ids))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(id, version, digest, product_id, live, counted)| {
            (id, KnownReview { head: head(version, digest), product_id, live, counted })
        })
        .collect())
}

/// Replaces the facts of these entities.
pub async fn save(conn: &mut SqliteConnection, writes: &FactWrites) -> Result<()> {
    save_products(conn, writes).await?;
    save_prices(conn, writes).await?;
    save_stock(conn, writes).await?;
    save_discounts(conn, writes).await?;
    save_reviews(conn, writes).await
}

fn bind_stamp(p: &mut Parameters, stamp: &Stamp) {
    p.bind(stamp.head.version as i64)
        .bind(stamp.head.digest as i64)
        .bind(stamp.time.millis())
        .bind(stamp.partition)
        .bind(stamp.offset);
}

/// What every upsert of a fact replaces.
const SET_STAMP: &str = "version = excluded.version, digest = excluded.digest, \
    time = excluded.time, partition = excluded.partition, \"offset\" = excluded.\"offset\"";

async fn save_products(conn: &mut SqliteConnection, writes: &FactWrites) -> Result<()> {
    for_rows(
        conn,
        "INSERT INTO product (product_id, version, digest, time, partition, \"offset\", doc)",
        7,
        &format!("ON CONFLICT DO UPDATE SET {SET_STAMP}, doc = excluded.doc"),
        &writes.products,
        |p, (id, stamp, state)| {
            p.bind(id.as_str());
            bind_stamp(p, stamp);
            p.bind(state.as_ref().map(pack));
        },
    )
    .await
    .map_err(database)
}

/// Upserts rows that have an owner. An index on the owner is only touched where it changes.
async fn save_owned<T>(
    conn: &mut SqliteConnection,
    insert: &str,
    columns: usize,
    set: &str,
    rows: &[T],
    moved: impl Fn(&T) -> bool,
    bind: impl for<'p> Fn(&mut Parameters<'p>, &'p T),
) -> Result<()> {
    let (moving, staying): (Vec<&T>, Vec<&T>) = rows.iter().partition(|row| moved(row));
    let upsert = format!("ON CONFLICT DO UPDATE SET {SET_STAMP}, {set}");
    for_rows(conn, insert, columns, &upsert, &staying, |p, row| bind(p, row))
        .await
        .map_err(database)?;
    let upsert = format!("{upsert}, product_id = excluded.product_id");
    for_rows(conn, insert, columns, &upsert, &moving, |p, row| bind(p, row)).await.map_err(database)
}

async fn save_prices(conn: &mut SqliteConnection, writes: &FactWrites) -> Result<()> {
    save_owned(
        conn,
        "INSERT INTO price
         (price_id, version, digest, time, partition, \"offset\", product_id, doc)",
        8,
        "doc = excluded.doc",
        &writes.prices,
        |(_, _, owner, _)| owner.moved,
        |p, (id, stamp, owner, state)| {
            p.bind(id.as_str());
            bind_stamp(p, stamp);
            p.bind(owner.product_id.as_str()).bind(state.as_ref().map(pack));
        },
    )
    .await
}

async fn save_stock(conn: &mut SqliteConnection, writes: &FactWrites) -> Result<()> {
    save_owned(
        conn,
        "INSERT INTO stock
         (sku, location, version, digest, time, partition, \"offset\", product_id, available)",
        9,
        "available = excluded.available",
        &writes.stock,
        |(_, _, owner, _)| owner.moved,
        |p, ((sku, location), stamp, owner, available)| {
            p.bind(sku.as_str()).bind(location.as_str());
            bind_stamp(p, stamp);
            p.bind(owner.product_id.as_str()).bind(*available);
        },
    )
    .await
}

async fn save_reviews(conn: &mut SqliteConnection, writes: &FactWrites) -> Result<()> {
    save_owned(
        conn,
        "INSERT INTO review
         (review_id, version, digest, time, partition, \"offset\", product_id, state, rating,
          helpful, created_at, doc)",
        12,
        "state = excluded.state, rating = excluded.rating, helpful = excluded.helpful,
         created_at = excluded.created_at, doc = excluded.doc",
        &writes.reviews,
        |(_, _, owner, _)| owner.moved,
        |p, (id, stamp, owner, review)| {
            p.bind(id.as_str());
            bind_stamp(p, stamp);
            p.bind(owner.product_id.as_str());
            match review {
                Some(review) => p
                    .bind(if review.published { 2 } else { 1 })
                    .bind(i64::from(review.rating))
                    .bind(review.helpful)
                    .bind(review.created_at.millis())
                    .bind(Some(pack(review))),
                None => p.bind(0).bind(0).bind(0).bind(0).bind(None::<Vec<u8>>),
            };
        },
    )
    .await
}

async fn save_discounts(conn: &mut SqliteConnection, writes: &FactWrites) -> Result<()> {
    let discounts = &writes.discounts;
    if discounts.is_empty() {
        return Ok(());
    }
    let ids = json_list(discounts.iter().map(|(id, _, _)| id));
    let old: Vec<(String, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT discount_id, scope FROM discount
         WHERE discount_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids)
    .fetch_all(&mut *conn)
    .await
    .map_err(database)?;
    let mut gone = Vec::new();
    for (id, scope) in &old {
        let scope = scope.as_deref().map(unpack::<Scope>).transpose()?;
        gone.extend(scope.iter().flat_map(targets).map(|(kind, target)| (kind, target, id)));
    }
    for_rows(
        conn,
        "DELETE FROM discount_scope WHERE (kind, target, discount_id) IN (",
        3,
        ")",
        &gone,
        |p, (kind, target, id)| {
            p.bind(*kind).bind(target.as_str()).bind(id.as_str());
        },
    )
    .await
    .map_err(database)?;
    for_rows(
        conn,
        "INSERT INTO discount
         (discount_id, version, digest, time, partition, \"offset\", terms, scope)",
        8,
        &format!(
            "ON CONFLICT DO UPDATE SET {SET_STAMP}, terms = excluded.terms, scope = excluded.scope"
        ),
        discounts,
        |p, (id, stamp, state)| {
            p.bind(id.as_str());
            bind_stamp(p, stamp);
            p.bind(state.as_ref().map(|(terms, _)| pack(terms)));
            p.bind(state.as_ref().map(|(_, scope)| pack(scope)));
        },
    )
    .await
    .map_err(database)?;
    let named: Vec<(i64, String, &String)> = discounts
        .iter()
        .filter_map(|(id, _, state)| state.as_ref().map(|(_, scope)| (id, scope)))
        .flat_map(|(id, scope)| targets(scope).into_iter().map(move |(k, t)| (k, t, id)))
        .collect();
    for_rows(
        conn,
        "INSERT OR IGNORE INTO discount_scope (kind, target, discount_id)",
        3,
        "",
        &named,
        |p, (kind, target, id)| {
            p.bind(*kind).bind(target.as_str()).bind(id.as_str());
        },
    )
    .await
    .map_err(database)
}

pub const SCOPE_ALL: i64 = 0;
pub const SCOPE_PRODUCT: i64 = 1;
pub const SCOPE_SKU: i64 = 2;
pub const SCOPE_CATEGORY: i64 = 3;
pub const SCOPE_BRAND: i64 = 4;

/// What a scope names, by kind.
fn targets(scope: &Scope) -> Vec<(i64, String)> {
    let named = |kind: i64, ids: &[String]| -> Vec<(i64, String)> {
        ids.iter().map(|id| (kind, id.clone())).collect()
    };
    let mut targets = named(SCOPE_PRODUCT, &scope.products);
    targets.extend(named(SCOPE_SKU, &scope.skus));
    targets.extend(named(SCOPE_CATEGORY, &scope.categories));
    targets.extend(named(SCOPE_BRAND, &scope.brands));
    if scope.all {
        targets.push((SCOPE_ALL, String::new()));
    }
    targets
}

/// Adds to the counts of published reviews by rating.
pub async fn add_review_counts(
    conn: &mut SqliteConnection,
    deltas: &[(String, [i64; 5])],
) -> Result<()> {
    for_rows(
        conn,
        "INSERT INTO review_count (product_id, ones, twos, threes, fours, fives)",
        6,
        "ON CONFLICT DO UPDATE SET ones = ones + excluded.ones, twos = twos + excluded.twos,
             threes = threes + excluded.threes, fours = fours + excluded.fours,
             fives = fives + excluded.fives",
        deltas,
        |p, (id, counts)| {
            p.bind(id.as_str());
            for count in counts {
                p.bind(*count);
            }
        },
    )
    .await
    .map_err(database)
}
