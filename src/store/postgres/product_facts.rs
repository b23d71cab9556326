//! Everything that is known about some products, in a handful of statements.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use projections::discount::Discount;
use projections::facts::{DiscountFact, ProductFacts, Reach, ReachingDiscount, discount_order};
use projections::index::discounts::ScopedDiscount;
use projections::instant::Instant;
use sqlx::postgres::PgConnection;

use super::errors::database;
use super::save_facts::{SCOPE_ALL, SCOPE_BRAND, SCOPE_CATEGORY, SCOPE_PRODUCT, SCOPE_SKU};
use crate::store::Result;
use crate::store::assembly::Assembly;
use crate::store::document::unpack;

/// The facts of those products that are live.
pub async fn load(conn: &mut PgConnection, ids: &[String]) -> Result<Vec<ProductFacts>> {
    let mut facts = without_discounts(conn, ids).await?;
    add_discounts(conn, &mut facts).await?;
    Ok(facts)
}

/// The same with no discounts.
pub async fn without_discounts(
    conn: &mut PgConnection,
    ids: &[String],
) -> Result<Vec<ProductFacts>> {
    let rows: Vec<Row> =
        sqlx::query_as(ROWS_OF).bind(ids).fetch_all(conn).await.map_err(database)?;
    assembled(Assembly::default(), rows)
}

/// The same of the products that are live, after one of them in id order, at most so many.
pub async fn next_without_discounts(
    conn: &mut PgConnection,
    after: &str,
    limit: u32,
) -> Result<Vec<ProductFacts>> {
    let products: Vec<(String, i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT product_id, version, time, doc FROM product
         WHERE product_id > $1 AND doc IS NOT NULL ORDER BY product_id LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await
    .map_err(database)?;
    let mut assembly = Assembly::default();
    for (product_id, version, time, doc) in products {
        assembly.product(product_id, version, time, &doc)?;
    }
    let Some(last) = assembly.last_id() else { return Ok(Vec::new()) };
    let rows: Vec<Row> = sqlx::query_as(ROWS_BETWEEN)
        .bind(after)
        .bind(last)
        .fetch_all(conn)
        .await
        .map_err(database)?;
    assembled(assembly, rows)
}

/// Every live discount.
pub async fn discounts(conn: &mut PgConnection) -> Result<Vec<ScopedDiscount>> {
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

const PRODUCT: i16 = 0;
const PRICE: i16 = 1;
const STOCK: i16 = 2;
const REVIEWS: i16 = 3;

/// What it is of; the product; a price's id or a SKU; when; the version of a product's event, units
/// available, or how many reviews, by rating; the document.
type Row = (i16, String, Option<String>, Option<i64>, Option<Vec<i64>>, Option<Vec<u8>>);

/// Of these products, in one statement: what each takes to be sent and begun is most of what a page
/// costs.
const ROWS_OF: &str = "
    SELECT 0::int2, product_id, NULL::text, time, ARRAY[version], doc FROM product
    WHERE product_id = ANY($1) AND doc IS NOT NULL
    UNION ALL SELECT 1::int2, product_id, price_id, time, NULL, doc FROM price
    WHERE product_id = ANY($1) AND doc IS NOT NULL
    UNION ALL SELECT 2::int2, product_id, sku, time, ARRAY[available], NULL FROM stock
    WHERE product_id = ANY($1) AND available IS NOT NULL
    UNION ALL SELECT 3::int2, product_id, NULL, NULL, ARRAY[ones, twos, threes, fours, fives], NULL
    FROM review_count WHERE product_id = ANY($1)";

/// Of all products after one of them in id order, up to another one; without the products.
const ROWS_BETWEEN: &str = "
    SELECT 1::int2, product_id, price_id, time, NULL::int8[], doc FROM price
    WHERE product_id > $1 AND product_id <= $2 AND doc IS NOT NULL
    UNION ALL SELECT 2::int2, product_id, sku, time, ARRAY[available], NULL FROM stock
    WHERE product_id > $1 AND product_id <= $2 AND available IS NOT NULL
    UNION ALL SELECT 3::int2, product_id, NULL, NULL, ARRAY[ones, twos, threes, fours, fives], NULL
    FROM review_count WHERE product_id > $1 AND product_id <= $2";

fn assembled(mut assembly: Assembly, rows: Vec<Row>) -> Result<Vec<ProductFacts>> {
    let (products, others): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.0 == PRODUCT);
    for row in products {
        if let (_, product_id, _, Some(time), Some(version), Some(doc)) = row {
            let version = version.first().copied().unwrap_or_default();
            assembly.product(product_id, version, time, &doc)?;
        }
    }
    for row in others {
        match row {
            (PRICE, product_id, Some(price_id), Some(time), _, Some(doc)) => {
                assembly.price(&product_id, price_id, time, &doc)?;
            }
            (STOCK, product_id, Some(sku), Some(time), Some(available), _) => {
                let available = available.first().copied().unwrap_or_default();
                assembly.stock(&product_id, sku, time, available);
            }
            (REVIEWS, product_id, _, _, Some(counts), _) => {
                let count = |n: usize| counts.get(n).copied().unwrap_or_default();
                assembly.reviews(&product_id, std::array::from_fn(count));
            }
            _ => {}
        }
    }
    Ok(assembly.into_facts())
}

/// What names each discount that reaches some of the products.
#[derive(Default)]
struct Named {
    all: Vec<String>,
    /// By kind and target.
    by_target: HashMap<(i16, String), Vec<String>>,
}

async fn add_discounts(conn: &mut PgConnection, facts: &mut [ProductFacts]) -> Result<()> {
    let named = discounts_named(conn, facts).await?;
    let mut ids: Vec<&str> =
        named.all.iter().chain(named.by_target.values().flatten()).map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let discounts = discount_facts(conn, &ids).await?;
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
    fn at(&self, kind: i16, target: &str) -> &[String] {
        self.by_target.get(&(kind, target.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }
}

async fn discounts_named(conn: &mut PgConnection, facts: &[ProductFacts]) -> Result<Named> {
    let targets = targets_of(facts);
    let [products, skus, categories, brands] = targets;
    let rows: Vec<(i16, String, String)> = sqlx::query_as(
        "SELECT kind, target, discount_id FROM discount_scope WHERE kind = 0
         UNION ALL SELECT kind, target, discount_id FROM discount_scope
         WHERE kind = 1 AND target = ANY($1)
         -- Most shops have no discounts on single SKUs: one probe instead of thousands.
         UNION ALL SELECT kind, target, discount_id FROM discount_scope
         WHERE (SELECT EXISTS (SELECT 1 FROM discount_scope WHERE kind = 2))
           AND kind = 2 AND target = ANY($2)
         UNION ALL SELECT kind, target, discount_id FROM discount_scope
         WHERE kind = 3 AND target = ANY($3)
         UNION ALL SELECT kind, target, discount_id FROM discount_scope
         WHERE kind = 4 AND target = ANY($4)",
    )
    .bind(products)
    .bind(skus)
    .bind(categories)
    .bind(brands)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    let mut named = Named::default();
    for (kind, target, id) in rows {
        match kind {
            SCOPE_ALL => named.all.push(id),
            _ => named.by_target.entry((kind, target)).or_default().push(id),
        }
    }
    Ok(named)
}

/// What a scope could name these products by: ids, SKUs, categories, brands.
fn targets_of(facts: &[ProductFacts]) -> [Vec<&str>; 4] {
    let products: Vec<&str> = facts.iter().map(|f| f.product_id.as_str()).collect();
    let skus = facts.iter().flat_map(|f| f.product.variants.iter().map(|v| v.sku.as_str()));
    let categories = facts.iter().flat_map(|f| f.product.category_ids());
    let brands = facts.iter().filter_map(|f| f.product.brand.as_ref().map(|b| b.id.as_str()));
    let mut targets = [products, skus.collect(), categories.collect(), brands.collect()];
    for targets in &mut targets {
        targets.sort_unstable();
        targets.dedup();
    }
    targets
}

async fn discount_facts(
    conn: &mut PgConnection,
    ids: &[&str],
) -> Result<HashMap<String, Arc<DiscountFact>>> {
    let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT discount_id, time, terms FROM discount
         WHERE discount_id = ANY($1) AND terms IS NOT NULL",
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
