//! Everything that is known about some products, in a handful of statements.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use projections::discount::Discount;
use projections::facts::{DiscountFact, ProductFacts, Reach, ReachingDiscount, discount_order};
use projections::index::discounts::ScopedDiscount;
use projections::instant::Instant;
use sqlx::sqlite::SqliteConnection;

use super::database;
use super::facts::{SCOPE_ALL, SCOPE_BRAND, SCOPE_CATEGORY, SCOPE_PRODUCT, SCOPE_SKU};
use crate::sqlite::bulk::json_list;
use crate::store::Result;
use crate::store::assembly::Assembly;
use crate::store::document::unpack;

/// The facts of those products that are live.
pub async fn load(conn: &mut SqliteConnection, ids: &[String]) -> Result<Vec<ProductFacts>> {
    let mut facts = without_discounts(conn, ids).await?;
    add_discounts(conn, &mut facts).await?;
    Ok(facts)
}

/// The same with no discounts.
pub async fn without_discounts(
    conn: &mut SqliteConnection,
    ids: &[String],
) -> Result<Vec<ProductFacts>> {
    let products = sqlx::query_as(
        "SELECT product_id, version, time, doc FROM product
         WHERE product_id IN (SELECT value FROM json_each(?)) AND doc IS NOT NULL",
    );
    let products = products.bind(json_list(ids)).fetch_all(&mut *conn).await.map_err(database)?;
    assembled(conn, products).await
}

/// The same of the products that are live, after one of them in id order, at most so many.
pub async fn next_without_discounts(
    conn: &mut SqliteConnection,
    after: &str,
    limit: u32,
) -> Result<Vec<ProductFacts>> {
    let products = sqlx::query_as(
        "SELECT product_id, version, time, doc FROM product
         WHERE product_id > ?1 AND doc IS NOT NULL ORDER BY product_id LIMIT ?2",
    );
    let products =
        products.bind(after).bind(limit).fetch_all(&mut *conn).await.map_err(database)?;
    assembled(conn, products).await
}

/// Products by their documents, with all that belongs to them.
async fn assembled(
    conn: &mut SqliteConnection,
    products: Vec<(String, i64, i64, Vec<u8>)>,
) -> Result<Vec<ProductFacts>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let ids = json_list(products.iter().map(|(product_id, ..)| product_id));
    let mut assembly = Assembly::default();
    for (product_id, version, time, doc) in products {
        assembly.product(product_id, version, time, &doc)?;
    }
    add_prices(conn, &ids, &mut assembly).await?;
    add_stock(conn, &ids, &mut assembly).await?;
    add_review_counts(conn, &ids, &mut assembly).await?;
    Ok(assembly.into_facts())
}

/// Every live discount.
pub async fn discounts(conn: &mut SqliteConnection) -> Result<Vec<ScopedDiscount>> {
    let rows: Vec<(String, i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT discount_id, time, terms, scope FROM discount
         WHERE terms IS NOT NULL AND scope IS NOT NULL",
    )
    .fetch_all(conn)
    .await
    .map_err(database)?;
    rows.into_iter()
        .map(|(discount_id, time, terms, scope)| {
            let discount = Discount { terms: unpack(&terms)?, scope: unpack(&scope)? };
            Ok(ScopedDiscount { discount_id, time: Instant(time), discount })
        })
        .collect()
}

async fn add_prices(conn: &mut SqliteConnection, ids: &str, assembly: &mut Assembly) -> Result<()> {
    let rows: Vec<(String, String, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT product_id, price_id, time, doc FROM price
         WHERE product_id IN (SELECT value FROM json_each(?)) AND doc IS NOT NULL",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    for (product_id, price_id, time, doc) in rows {
        assembly.price(&product_id, price_id, time, &doc)?;
    }
    Ok(())
}

async fn add_stock(conn: &mut SqliteConnection, ids: &str, assembly: &mut Assembly) -> Result<()> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT product_id, sku, time, available FROM stock
         WHERE product_id IN (SELECT value FROM json_each(?)) AND available IS NOT NULL",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    for (product_id, sku, time, available) in rows {
        assembly.stock(&product_id, sku, time, available);
    }
    Ok(())
}

async fn add_review_counts(
    conn: &mut SqliteConnection,
    ids: &str,
    assembly: &mut Assembly,
) -> Result<()> {
    let rows: Vec<(String, i64, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT product_id, ones, twos, threes, fours, fives FROM review_count
         WHERE product_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    for (product_id, n1, n2, n3, n4, n5) in rows {
        assembly.reviews(&product_id, [n1, n2, n3, n4, n5]);
    }
    Ok(())
}

/// What names each discount that reaches some of the products.
#[derive(Default)]
struct Named {
    all: Vec<String>,
    /// By kind and target.
    by_target: HashMap<(i64, String), Vec<String>>,
}

async fn add_discounts(conn: &mut SqliteConnection, facts: &mut [ProductFacts]) -> Result<()> {
    let named = discounts_named(conn, facts).await?;
    let mut ids: Vec<&String> =
        named.all.iter().chain(named.by_target.values().flatten()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let discounts = discount_facts(conn, &json_list(ids)).await?;
    for facts in facts {
        let mut reaches: BTreeMap<&str, Reach> = BTreeMap::new();
        for (sku, id) in
            facts.product.variants.iter().flat_map(|v| {
                named.at(SCOPE_SKU, &v.sku).iter().map(|id| (v.sku.clone(), id.as_str()))
            })
        {
            match reaches.entry(id).or_insert_with(|| Reach::Skus(Vec::new())) {
                Reach::Skus(skus) => skus.push(sku),
                Reach::Whole => {}
            }
        }
        let brand = facts.product.brand.iter().flat_map(|b| named.at(SCOPE_BRAND, &b.id));
        let categories = facts.product.category_ids().into_iter();
        for id in named
            .all
            .iter()
            .chain(named.at(SCOPE_PRODUCT, &facts.product_id))
            .chain(brand)
            .chain(categories.flat_map(|c| named.at(SCOPE_CATEGORY, c)))
        {
            reaches.insert(id, Reach::Whole);
        }
        let mut reaching: Vec<ReachingDiscount> = reaches
            .into_iter()
            .filter_map(|(id, reach)| {
                Some(ReachingDiscount { fact: Arc::clone(discounts.get(id)?), reach })
            })
            .collect();
        reaching.sort_unstable_by(discount_order);
        facts.discounts = reaching;
    }
    Ok(())
}

impl Named {
    fn at(&self, kind: i64, target: &str) -> &[String] {
        self.by_target.get(&(kind, target.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }
}

async fn discounts_named(conn: &mut SqliteConnection, facts: &[ProductFacts]) -> Result<Named> {
    let targets = targets_of(facts);
    // Most shops have no discounts on single SKUs: one probe instead of thousands.
    let mut sql =
        String::from("SELECT kind, target, discount_id FROM discount_scope WHERE kind = ?");
    for _ in &targets {
        sql.push_str(
            " UNION ALL SELECT kind, target, discount_id FROM discount_scope
             WHERE EXISTS (SELECT 1 FROM discount_scope WHERE kind = ?)
               AND kind = ? AND target IN (SELECT value FROM json_each(?))",
        );
    }
    let mut query = sqlx::query_as(&sql).bind(SCOPE_ALL);
    for (kind, targets) in &targets {
        query = query.bind(*kind).bind(*kind).bind(json_list(targets));
    }
    let rows: Vec<(i64, String, String)> = query.fetch_all(conn).await.map_err(database)?;
    let mut named = Named::default();
    for (kind, target, id) in rows {
        match kind {
            SCOPE_ALL => named.all.push(id),
            _ => named.by_target.entry((kind, target)).or_default().push(id),
        }
    }
    Ok(named)
}

/// What a scope could name these products by, by kind.
fn targets_of(facts: &[ProductFacts]) -> [(i64, Vec<&str>); 4] {
    let products: Vec<&str> = facts.iter().map(|f| f.product_id.as_str()).collect();
    let skus = facts.iter().flat_map(|f| f.product.variants.iter().map(|v| v.sku.as_str()));
    let categories = facts.iter().flat_map(|f| f.product.category_ids());
    let brands = facts.iter().filter_map(|f| f.product.brand.as_ref().map(|b| b.id.as_str()));
    let mut targets = [
        (SCOPE_PRODUCT, products),
        (SCOPE_SKU, skus.collect()),
        (SCOPE_CATEGORY, categories.collect()),
        (SCOPE_BRAND, brands.collect()),
    ];
    for (_, targets) in &mut targets {
        targets.sort_unstable();
        targets.dedup();
    }
    targets
}

async fn discount_facts(
    conn: &mut SqliteConnection,
    ids: &str,
) -> Result<HashMap<String, Arc<DiscountFact>>> {
    let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT discount_id, time, terms FROM discount
         WHERE discount_id IN (SELECT value FROM json_each(?)) AND terms IS NOT NULL",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    rows.into_iter()
        .map(|(discount_id, time, terms)| {
            let fact = DiscountFact {
                discount_id: discount_id.clone(),
                time: Instant(time),
                terms: unpack(&terms)?,
            };
            Ok((discount_id, Arc::new(fact)))
        })
        .collect()
}
