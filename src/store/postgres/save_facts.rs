//! Facts of entities, replaced.

use std::hash::Hash;

use projections::discount::Scope;
use sqlx::postgres::PgConnection;

use super::bulk::{Column, Rows};
use super::errors::database;
use super::facts::{Asked, How, Keys};
use crate::store::document::{pack, unpack};
use crate::store::facts::{DiscountWrite, FactWrites, Owner, Stamp};
use crate::store::{Result, StoreError};

/// Replaces the facts of these entities.
pub async fn save(conn: &mut PgConnection, writes: &FactWrites, asked: &mut Asked) -> Result<()> {
    let FactWrites { products, prices, stock, discounts, reviews } = writes;
    Table { name: "product", key: &["product_id"], rest: &["doc"] }
        .save(
            conn,
            products,
            &mut asked.products,
            |w| &w.0,
            |rows, w| {
                stamped(rows, w, |w| &w.1)
                    .text("product_id", w.iter().map(|w| w.0.as_str()))
                    .bytes("doc", w.iter().map(|w| w.2.as_ref().map(pack)))
            },
        )
        .await?;
    Table { name: "price", key: &["price_id"], rest: &["product_id", "doc"] }
        .save(
            conn,
            prices,
            &mut asked.prices,
            |w| &w.0,
            |rows, w| {
                owned(stamped(rows, w, |w| &w.1), w, |w| &w.2)
                    .text("price_id", w.iter().map(|w| w.0.as_str()))
                    .bytes("doc", w.iter().map(|w| w.3.as_ref().map(pack)))
            },
        )
        .await?;
    Table { name: "stock", key: &["sku", "location"], rest: &["product_id", "available"] }
        .save(
            conn,
            stock,
            &mut asked.stock,
            |w| &w.0,
            |rows, w| {
                owned(stamped(rows, w, |w| &w.1), w, |w| &w.2)
                    .text("sku", w.iter().map(|w| w.0.0.as_str()))
                    .text("location", w.iter().map(|w| w.0.1.as_str()))
                    .with("available", Column::MaybeInt8(w.iter().map(|w| w.3).collect()))
            },
        )
        .await?;
    save_scopes(conn, discounts).await?;
    Table { name: "discount", key: &["discount_id"], rest: &["terms", "scope"] }
        .save(
            conn,
            discounts,
            &mut asked.discounts,
            |w| &w.0,
            |rows, w| {
                stamped(rows, w, |w| &w.1)
                    .text("discount_id", w.iter().map(|w| w.0.as_str()))
                    .bytes("terms", w.iter().map(|w| w.2.as_ref().map(|(terms, _)| pack(terms))))
                    .bytes("scope", w.iter().map(|w| w.2.as_ref().map(|(_, scope)| pack(scope))))
            },
        )
        .await?;
    let of_review = ["product_id", "state", "rating", "helpful", "created_at", "doc"];
    Table { name: "review", key: &["review_id"], rest: &of_review }
        .save(
            conn,
            reviews,
            &mut asked.reviews,
            |w| &w.0,
            |rows, w| {
                let review = || w.iter().map(|w| w.3.as_ref());
                owned(stamped(rows, w, |w| &w.1), w, |w| &w.2)
                    .text("review_id", w.iter().map(|w| w.0.as_str()))
                    .int2("state", review().map(|r| r.map_or(0, |r| 1 + i16::from(r.published))))
                    .int2("rating", review().map(|r| r.map_or(0, |r| i16::from(r.rating))))
                    .int8("helpful", review().map(|r| r.map_or(0, |r| r.helpful)))
                    .int8("created_at", review().map(|r| r.map_or(0, |r| r.created_at.millis())))
                    .bytes("doc", review().map(|r| r.map(pack)))
            },
        )
        .await
}

fn stamped<'a, W>(rows: Rows<'a>, writes: &[&'a W], stamp: impl Fn(&W) -> &Stamp) -> Rows<'a> {
    let stamps: Vec<Stamp> = writes.iter().map(|w| *stamp(w)).collect();
    rows.int8("version", stamps.iter().map(|s| s.head.version as i64))
        .int8("digest", stamps.iter().map(|s| s.head.digest as i64))
        .int8("time", stamps.iter().map(|s| s.time.millis()))
        .int8("offset", stamps.iter().map(|s| s.offset))
        .int4("partition", stamps.iter().map(|s| s.partition))
}

fn owned<'a, W>(rows: Rows<'a>, writes: &[&'a W], owner: impl Fn(&'a W) -> &'a Owner) -> Rows<'a> {
    rows.text("product_id", writes.iter().map(|w| owner(w).product_id.as_str()))
}

/// A table of facts: its key, and its columns beside the key and the stamp.
struct Table<'t> {
    name: &'static str,
    key: &'t [&'static str],
    rest: &'t [&'static str],
}

impl Table<'_> {
    /// Writes each row as it has to be: most are known to be there, or not to be there.
    async fn save<W, K: Clone + Eq + Hash>(
        &self,
        conn: &mut PgConnection,
        writes: &[W],
        asked: &mut Keys<K>,
        key: impl Fn(&W) -> &K,
        rows: impl for<'a> Fn(Rows<'a>, &[&'a W]) -> Rows<'a>,
    ) -> Result<()> {
        let of =
            |how: How| -> Vec<&W> { writes.iter().filter(|w| asked.how(key(w)) == how).collect() };
        let (there, missing, unknown) = (of(How::Update), of(How::Insert), of(How::Upsert));
        rows(Rows::new(there.len()), &there).execute(conn, &self.update()).await?;
        let inserted =
            rows(Rows::new(missing.len()), &missing).add_if_missing(conn, self.name).await?;
        if inserted < missing.len() as u64 {
            return Err(StoreError::Conflict(format!(
                "another projector has inserted a row of {} meanwhile",
                self.name
            )));
        }
        let upsert =
            format!("ON CONFLICT ({}) DO UPDATE SET {}", self.key.join(", "), self.set("excluded"));
        rows(Rows::new(unknown.len()), &unknown).insert(conn, self.name, &upsert).await?;
        for write in missing {
            asked.written(key(write));
        }
        Ok(())
    }

    fn set(&self, from: &str) -> String {
        let stamp = ["version", "digest", "time", "offset", "partition"];
        let columns: Vec<String> = stamp
            .iter()
            .chain(self.rest)
            .map(|column| format!("\"{column}\" = {from}.\"{column}\""))
            .collect();
        columns.join(", ")
    }

    fn update(&self) -> String {
        let same: Vec<String> = self.key.iter().map(|k| format!("t.{k} = r.{k}")).collect();
        format!(
            "UPDATE {} t SET {} FROM {{rows}} WHERE {}",
            self.name,
            self.set("r"),
            same.join(" AND ")
        )
    }
}

/// What names discounts: the scopes of their old versions go, those of the new ones come.
async fn save_scopes(conn: &mut PgConnection, discounts: &[DiscountWrite]) -> Result<()> {
    if discounts.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = discounts.iter().map(|(id, _, _)| id.as_str()).collect();
    let old: Vec<(String, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT discount_id, scope FROM discount WHERE discount_id = ANY($1)")
            .bind(ids)
            .fetch_all(&mut *conn)
            .await
            .map_err(database)?;
    let mut gone = Vec::new();
    for (id, scope) in &old {
        let scope = scope.as_deref().map(unpack::<Scope>).transpose()?;
        gone.extend(scope.iter().flat_map(targets).map(|(kind, target)| (kind, target, id)));
    }
    gone.sort_unstable();
    named(&gone)
        .execute(
            conn,
            "DELETE FROM discount_scope d USING {rows}
             WHERE d.kind = r.kind AND d.target = r.target AND d.discount_id = r.discount_id",
        )
        .await?;
    let mut come: Vec<(i16, String, &String)> = discounts
        .iter()
        .filter_map(|(id, _, state)| state.as_ref().map(|(_, scope)| (id, scope)))
        .flat_map(|(id, scope)| targets(scope).into_iter().map(move |(k, t)| (k, t, id)))
        .collect();
    come.sort_unstable();
    named(&come).insert(conn, "discount_scope", "ON CONFLICT DO NOTHING").await.map(|_| ())
}

fn named<'a>(scopes: &'a [(i16, String, &'a String)]) -> Rows<'a> {
    Rows::new(scopes.len())
        .int2("kind", scopes.iter().map(|(kind, _, _)| *kind))
        .text("target", scopes.iter().map(|(_, target, _)| target.as_str()))
        .text("discount_id", scopes.iter().map(|(_, _, id)| id.as_str()))
}

pub const SCOPE_ALL: i16 = 0;
pub const SCOPE_PRODUCT: i16 = 1;
pub const SCOPE_SKU: i16 = 2;
pub const SCOPE_CATEGORY: i16 = 3;
pub const SCOPE_BRAND: i16 = 4;

/// What a scope names, by kind.
fn targets(scope: &Scope) -> Vec<(i16, String)> {
    let named = |kind: i16, ids: &[String]| -> Vec<(i16, String)> {
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

fn review_counts(deltas: &[(String, [i64; 5])]) -> Rows<'_> {
    let count =
        |n: usize| deltas.iter().map(move |(_, counts)| counts.get(n).copied().unwrap_or(0));
    Rows::new(deltas.len())
        .int8("ones", count(0))
        .int8("twos", count(1))
        .int8("threes", count(2))
        .int8("fours", count(3))
        .int8("fives", count(4))
        .text("product_id", deltas.iter().map(|(id, _)| id.as_str()))
}

/// Counts of products that have none yet.
pub async fn new_review_counts(
    conn: &mut PgConnection,
    counts: &[(String, [i64; 5])],
) -> Result<()> {
    review_counts(counts).add(conn, "review_count").await
}

/// Adds to the counts of published reviews by rating.
pub async fn add_review_counts(
    conn: &mut PgConnection,
    deltas: &[(String, [i64; 5])],
) -> Result<()> {
    review_counts(deltas)
        .insert(
            conn,
            "review_count AS c",
            "ON CONFLICT (product_id) DO UPDATE SET ones = c.ones + excluded.ones,
                 twos = c.twos + excluded.twos, threes = c.threes + excluded.threes,
                 fours = c.fours + excluded.fours, fives = c.fives + excluded.fives",
        )
        .await
        .map(|_| ())
}
