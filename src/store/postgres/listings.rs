//! Listings: read in the order in which they are stored, from a place on. No sort, no offset.

use projections::instant::Instant;
use projections::listing::{EXAMINED_CAP, Sort, TOTAL_CAP, Total};
use projections::placement::BOUNDARY;
use projections::view::ListingKey;
use sqlx::postgres::PgConnection;
use sqlx::{Postgres, QueryBuilder};

use super::errors::database;
use super::numbers::{self, NumberCache};
use super::views::ordering;
use crate::store::document::unpack;
use crate::store::query::{Keyset, ListingQuery, listing_key};
use crate::store::{ListingName, Result};

/// A query's names as the numbers that rows have.
struct Numbered {
    listing: i64,
    /// Whose entries to read; for a group: its own first, then everyone's, without those that its own
    /// stand for.
    audiences: Vec<Branch>,
    /// Empty: any brand.
    brands: Vec<i64>,
}

struct Branch {
    audience: i64,
    /// The group that everyone's entries are read for.
    group: Option<i64>,
}

/// `None` where nothing can be found: the listing, the market or every brand is unknown.
async fn numbered(
    conn: &mut PgConnection,
    cache: &NumberCache,
    query: &ListingQuery<'_>,
) -> Result<Option<Numbered>> {
    let Some(listing) = numbers::listing(conn, cache, query.listing).await? else {
        return Ok(None);
    };
    let mut brands = Vec::new();
    for brand in &query.filters.brands {
        brands.extend(numbers::listing(conn, cache, &ListingKey::Brand(brand.clone())).await?);
    }
    if brands.is_empty() && !query.filters.brands.is_empty() {
        return Ok(None);
    }
    let own = match query.group {
        Some(group) => numbers::audience(conn, cache, query.market, Some(group)).await?,
        None => None,
    };
    let everyone = numbers::audience(conn, cache, query.market, None).await?;
    let mut audiences: Vec<Branch> =
        own.iter().map(|n| Branch { audience: *n, group: None }).collect();
    audiences.extend(everyone.map(|n| Branch { audience: n, group: own }));
    Ok(Some(Numbered { listing, audiences, brands }).filter(|n| !n.audiences.is_empty()))
}

/// The conditions on an entry `e` of this order that the branch, the instant and the filters make.
fn push_conditions(
    sql: &mut QueryBuilder<Postgres>,
    query: &ListingQuery<'_>,
    numbered: &Numbered,
    branch: &Branch,
    order: Sort,
) {
    let at = query.at.millis();
    sql.push(" AND e.valid_from <= ").push_bind(at);
    sql.push(" AND e.valid_until > ").push_bind(at);
    if let Some(group) = branch.group {
        push_not_shadowed(sql, group, "e", order);
    }
    if query.filters.is_empty() {
        return;
    }
    sql.push(" AND EXISTS (SELECT 1 FROM offer o WHERE o.audience = ");
    push_offering(sql, branch);
    sql.push(" AND o.product_id = e.product_id AND o.valid_from <= ").push_bind(at);
    sql.push(" AND o.valid_until > ").push_bind(at);
    push_filters(sql, query, numbered);
    sql.push(FENCE).push(")");
}

/// Keeps the planner from turning a probe for each entry into a join. It would begin with all offers where it thinks that
/// there are few of them, as it does until a new generation's statistics are made: for each it would read all entries.
const FENCE: &str = " OFFSET 0";

/// Whose offer of the entry's product counts: the group's own, if there is one.
fn push_offering(sql: &mut QueryBuilder<Postgres>, branch: &Branch) {
    let Some(group) = branch.group else {
        sql.push_bind(branch.audience as i32);
        return;
    };
    sql.push("CASE WHEN EXISTS (SELECT 1 FROM offer s WHERE s.audience = ").push_bind(group as i32);
    sql.push(" AND s.product_id = e.product_id) THEN ").push_bind(group as i32);
    sql.push(" ELSE ").push_bind(branch.audience as i32).push(" END");
}

/// The conditions on an offer `o` that the filters make.
fn push_filters(sql: &mut QueryBuilder<Postgres>, query: &ListingQuery<'_>, numbered: &Numbered) {
    let filters = query.filters;
    if let Some(min) = filters.min_price {
        sql.push(" AND o.final_amount >= ").push_bind(min);
    }
    if let Some(max) = filters.max_price {
        sql.push(" AND o.final_amount <= ").push_bind(max);
    }
    if filters.in_stock {
        sql.push(" AND o.in_stock");
    }
    if filters.on_sale {
        sql.push(" AND o.on_sale");
    }
    if let Some(min) = filters.min_rating_hundredths {
        sql.push(" AND o.rating >= ").push_bind(min);
    }
    if !numbered.brands.is_empty() {
        let brands: Vec<i32> = numbered.brands.iter().map(|brand| *brand as i32).collect();
        sql.push(" AND o.brand = ANY(").push_bind(brands).push(")");
    }
}

/// The places after `after`, in order. For a group, two ordered streams are merged lazily.
pub async fn places(
    conn: &mut PgConnection,
    cache: &NumberCache,
    query: &ListingQuery<'_>,
    after: Option<&Keyset>,
    limit: u32,
) -> Result<Vec<Keyset>> {
    let Some(numbered) = numbered(conn, cache, query).await? else { return Ok(Vec::new()) };
    let order = query.sort.stored();
    let backwards = order != query.sort;
    let in_order = if backwards { "key DESC, product_id" } else { "key, product_id" };
    let mut sql = QueryBuilder::<Postgres>::new("");
    for (i, branch) in numbered.audiences.iter().enumerate() {
        if i > 0 {
            sql.push(" UNION ALL ");
        }
        sql.push(if backwards { "SELECT * FROM (" } else { "" });
        sql.push("SELECT e.key, e.product_id FROM entry e WHERE e.ordering = ");
        sql.push_bind(ordering(numbered.listing, branch.audience, order.number()));
        if let Some(after) = after {
            push_after(&mut sql, after, backwards);
        }
        push_price_range(&mut sql, query);
        push_conditions(&mut sql, query, &numbered, branch, order);
        if backwards {
            // Each by itself: neighbours with the same key are sorted as they come.
            sql.push(" ORDER BY ")
                .push(in_order)
                .push(" LIMIT ")
                .push_bind(i64::from(limit))
                .push(") AS branch");
        }
    }
    sql.push(" ORDER BY ").push(in_order).push(" LIMIT ").push_bind(i64::from(limit));
    let rows: Vec<(i64, String)> = sql.build_query_as().fetch_all(conn).await.map_err(database)?;
    let key = |key: i64| if backwards { -key } else { key };
    Ok(rows.into_iter().map(|(k, product_id)| Keyset { key: key(k), product_id }).collect())
}

/// What comes after a place. Backwards, the products at its own key still ascend.
fn push_after(sql: &mut QueryBuilder<Postgres>, after: &Keyset, backwards: bool) {
    if backwards {
        sql.push(" AND e.key <= ")
            .push_bind(-after.key)
            .push(" AND (e.key < ")
            .push_bind(-after.key);
        sql.push(" OR e.product_id > ").push_bind(after.product_id.clone()).push(")");
    } else {
        sql.push(" AND (e.key, e.product_id) > (").push_bind(after.key);
        sql.push(", ").push_bind(after.product_id.clone()).push(")");
    }
}

/// Where the key is the price, a price filter is a range of the index.
fn push_price_range(sql: &mut QueryBuilder<Postgres>, query: &ListingQuery<'_>) {
    let (min, max) = (query.filters.min_price, query.filters.max_price);
    if query.sort.stored() != Sort::PriceAsc {
        return;
    }
    if let Some(min) = min {
        sql.push(" AND e.key >= ").push_bind(min);
    }
    if let Some(max) = max {
        sql.push(" AND e.key <= ").push_bind(max);
    }
}

/// How many places there are, counted to [`TOTAL_CAP`] over at most [`EXAMINED_CAP`] entries.
pub async fn total(
    conn: &mut PgConnection,
    cache: &NumberCache,
    query: &ListingQuery<'_>,
) -> Result<Total> {
    let Some(numbered) = numbered(conn, cache, query).await? else { return Ok(Total::default()) };
    let (mut found, mut examined_all, mut to_examine) = (0u64, true, EXAMINED_CAP);
    if let ([branch], true) = (numbered.audiences.as_slice(), query.filters.is_empty()) {
        let (found, entries) = count_at_once(conn, &numbered, branch, query.at).await?;
        if found > TOTAL_CAP || entries < COUNTED_AT_ONCE {
            let total = found.min(TOTAL_CAP);
            return Ok(Total { total, capped: found > TOTAL_CAP });
        }
    }
    for branch in &numbered.audiences {
        let mut sql = QueryBuilder::<Postgres>::new("SELECT count(*) FROM (SELECT 1 FROM ");
        if *query.listing == ListingKey::All && !query.filters.is_empty() {
            push_offers(&mut sql, query, &numbered, branch, to_examine);
        } else {
            push_examined(&mut sql, &numbered, branch, to_examine);
            sql.push(" e WHERE true");
            push_conditions(&mut sql, query, &numbered, branch, EXAMINED);
        }
        sql.push(" LIMIT ").push_bind((TOTAL_CAP + 1 - found.min(TOTAL_CAP)) as i64).push(") AS c");
        let counted: i64 =
            sql.build_query_scalar().fetch_one(&mut *conn).await.map_err(database)?;
        found += counted as u64;
        if found > TOTAL_CAP {
            return Ok(Total { total: TOTAL_CAP, capped: true });
        }
        // Only where it may matter: this looks at every entry there is.
        let mut sql = QueryBuilder::<Postgres>::new("SELECT count(*) FROM ");
        push_examined(&mut sql, &numbered, branch, to_examine + 1);
        sql.push(" e");
        let entries: i64 =
            sql.build_query_scalar().fetch_one(&mut *conn).await.map_err(database)?;
        examined_all &= entries as u64 <= to_examine;
        to_examine = to_examine.saturating_sub(entries as u64);
    }
    Ok(Total { total: found, capped: !examined_all })
}

/// Entries that hold at this instant, and entries, of the first [`COUNTED_AT_ONCE`]: mostly that is all there are, and one
/// look at them instead of two.
async fn count_at_once(
    conn: &mut PgConnection,
    numbered: &Numbered,
    branch: &Branch,
    at: Instant,
) -> Result<(u64, u64)> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT count(*) FILTER (WHERE e.valid_from <= ");
    sql.push_bind(at.millis()).push(" AND e.valid_until > ").push_bind(at.millis());
    sql.push("), count(*) FROM ");
    push_examined(&mut sql, numbered, branch, COUNTED_AT_ONCE);
    sql.push(" e");
    let counted: (i64, i64) = sql.build_query_as().fetch_one(conn).await.map_err(database)?;
    Ok((counted.0 as u64, counted.1 as u64))
}

/// A little more than it takes to see that there are more than [`TOTAL_CAP`], where most entries hold.
const COUNTED_AT_ONCE: u64 = TOTAL_CAP + TOTAL_CAP / 4;

/// Of all orders, this one has the fewest entries a product.
const EXAMINED: Sort = Sort::Newest;

/// At most `limit` entries of that order.
fn push_examined(
    sql: &mut QueryBuilder<Postgres>,
    numbered: &Numbered,
    branch: &Branch,
    limit: u64,
) {
    sql.push("(SELECT product_id, valid_from, valid_until FROM entry WHERE ordering = ");
    sql.push_bind(ordering(numbered.listing, branch.audience, Sort::Newest.number()));
    sql.push(" LIMIT ").push_bind(limit as i64).push(")");
}

/// In the listing of everything each offer that holds is a place: they are looked at one after the
/// other, which takes a tenth of looking one up for every entry.
fn push_offers(
    sql: &mut QueryBuilder<Postgres>,
    query: &ListingQuery<'_>,
    numbered: &Numbered,
    branch: &Branch,
    limit: u64,
) {
    let at = query.at.millis();
    sql.push("(SELECT * FROM offer WHERE audience = ").push_bind(branch.audience as i32);
    sql.push(" AND valid_from <= ").push_bind(at);
    sql.push(" AND valid_until > ").push_bind(at);
    sql.push(" LIMIT ").push_bind(limit as i64).push(") o WHERE true");
    if let Some(group) = branch.group {
        push_not_shadowed(sql, group, "o", Sort::PriceAsc);
    }
    push_filters(sql, query, numbered);
}

/// Leaves out the products whose own entries in this order stand for everyone's.
fn push_not_shadowed(sql: &mut QueryBuilder<Postgres>, group: i64, row: &'static str, order: Sort) {
    sql.push(" AND NOT EXISTS (SELECT 1 FROM offer s WHERE s.audience = ").push_bind(group as i32);
    sql.push(" AND s.product_id = ").push(row).push(".product_id");
    sql.push(if order.by_price() { "" } else { " AND s.apart" }).push(FENCE).push(")");
}

/// The next boundary of any product in the listing, or the next release into it.
pub async fn changes_at(
    conn: &mut PgConnection,
    cache: &NumberCache,
    query: &ListingQuery<'_>,
) -> Result<Option<Instant>> {
    let Some(numbered) = numbered(conn, cache, query).await? else { return Ok(None) };
    let mut next: Option<i64> = None;
    for branch in &numbered.audiences {
        let found: (Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT
               (SELECT key FROM entry WHERE ordering = $1 AND key > $3
                ORDER BY key LIMIT 1),
               -- By newest, a product stands at minus its release.
               (SELECT -key FROM entry WHERE ordering = $2 AND key < $4
                ORDER BY key DESC LIMIT 1)",
        )
        .bind(ordering(numbered.listing, branch.audience, BOUNDARY))
        .bind(ordering(numbered.listing, branch.audience, Sort::Newest.number()))
        .bind(query.at.millis())
        .bind(query.at.millis().saturating_neg())
        .fetch_one(&mut *conn)
        .await
        .map_err(database)?;
        next = next.into_iter().chain(found.0).chain(found.1).min();
    }
    Ok(next.map(Instant))
}

/// What the released product with the newest event that carries this category or brand calls it.
pub async fn name(
    conn: &mut PgConnection,
    cache: &NumberCache,
    listing: &ListingKey,
    at: Instant,
) -> Result<ListingName> {
    let Some(number) = numbers::listing(conn, cache, listing).await? else {
        return Ok(ListingName::default());
    };
    let name: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT name FROM member
         WHERE listing = $1 AND named_at IS NOT NULL AND (released_at IS NULL OR released_at <= $2)
         ORDER BY named_at DESC, product_id LIMIT 1",
    )
    .bind(number as i32)
    .bind(at.millis())
    .fetch_optional(&mut *conn)
    .await
    .map_err(database)?;
    let changes_at: Option<i64> = sqlx::query_scalar(
        "SELECT min(released_at) FROM member
         WHERE listing = $1 AND released_at > $2 AND released_at > named_at",
    )
    .bind(number as i32)
    .bind(at.millis())
    .fetch_one(conn)
    .await
    .map_err(database)?;
    let name = name.as_deref().map(unpack).transpose()?;
    Ok(ListingName { name, changes_at: changes_at.map(Instant) })
}

/// Categories and brands that have products.
pub async fn keys(conn: &mut PgConnection, limit: u32) -> Result<Vec<ListingKey>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT l.kind, l.id FROM listing l
         WHERE l.kind <> 'all' AND EXISTS (SELECT 1 FROM member m WHERE m.listing = l.number)
         ORDER BY l.kind, l.id LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows.into_iter().filter_map(|(kind, id)| listing_key(&kind, id)).collect())
}
