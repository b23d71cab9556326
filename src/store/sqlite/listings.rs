//! Listings: read in the order in which they are stored, from a place on. No sort, no offset.

use std::sync::Mutex;

use projections::instant::{Instant, Window};
use projections::listing::{EXAMINED_CAP, Sort, TOTAL_CAP, Total};
use projections::placement::BOUNDARY;
use projections::view::ListingKey;
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::{NumberCache, database};
use crate::store::document::unpack;
use crate::store::query::{Keyset, ListingQuery, listing_key};
use crate::store::{ListingName, REVISED_UNTIL, Result};

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

/// Numbers that are known, so that most reads ask the database for none.
type Cache = Mutex<NumberCache>;

/// `None` where nothing can be found: the listing, the market or every brand is unknown.
async fn numbered(
    conn: &mut SqliteConnection,
    cache: &Cache,
    query: &ListingQuery<'_>,
) -> Result<Option<Numbered>> {
    let Some(listing) = listing_number(conn, cache, query.listing).await? else {
        return Ok(None);
    };
    let mut brands = Vec::new();
    for brand in &query.filters.brands {
        brands.extend(listing_number(conn, cache, &ListingKey::Brand(brand.clone())).await?);
    }
    if brands.is_empty() && !query.filters.brands.is_empty() {
        return Ok(None);
    }
    let own = match query.group {
        Some(group) => audience_number(conn, cache, query.market, Some(group)).await?,
        None => None,
    };
    let everyone = audience_number(conn, cache, query.market, None).await?;
    let mut audiences: Vec<Branch> =
        own.iter().map(|n| Branch { audience: *n, group: None }).collect();
    audiences.extend(everyone.map(|n| Branch { audience: n, group: own }));
    Ok(Some(Numbered { listing, audiences, brands }).filter(|n| !n.audiences.is_empty()))
}

/// A number that is not known yet is looked for again each time: whoever asks for what does not
/// exist takes no memory.
async fn listing_number(
    conn: &mut SqliteConnection,
    cache: &Cache,
    key: &ListingKey,
) -> Result<Option<i64>> {
    if let Some(number) = cache.lock().ok().and_then(|c| c.listings.get(key).copied()) {
        return Ok(Some(number));
    }
    let number = sqlx::query_scalar("SELECT number FROM listing WHERE kind = ? AND id = ?")
        .bind(key.kind())
        .bind(key.id())
        .fetch_optional(conn)
        .await
        .map_err(database)?;
    if let (Some(number), Ok(mut cache)) = (number, cache.lock()) {
        cache.take([(key.clone(), number)], []);
    }
    Ok(number)
}

async fn audience_number(
    conn: &mut SqliteConnection,
    cache: &Cache,
    market: &str,
    group: Option<&str>,
) -> Result<Option<i64>> {
    let key = (market.to_owned(), group.map(str::to_owned));
    if let Some(number) = cache.lock().ok().and_then(|c| c.audiences.get(&key).copied()) {
        return Ok(Some(number));
    }
    let number =
        sqlx::query_scalar("SELECT number FROM audience WHERE market = ? AND customer_group = ?")
            .bind(market)
            .bind(group.unwrap_or_default())
            .fetch_optional(conn)
            .await
            .map_err(database)?;
    if let (Some(number), Ok(mut cache)) = (number, cache.lock()) {
        cache.take([], [(key, number)]);
    }
    Ok(number)
}

/// The conditions on an entry `e` of this order that the branch, the instant and the filters make.
fn push_conditions(
    sql: &mut QueryBuilder<Sqlite>,
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
    sql.push(")");
}

/// Whose offer of the entry's product counts: the group's own, if there is one.
fn push_offering(sql: &mut QueryBuilder<Sqlite>, branch: &Branch) {
    let Some(group) = branch.group else {
        sql.push_bind(branch.audience);
        return;
    };
    sql.push("CASE WHEN EXISTS (SELECT 1 FROM offer s WHERE s.audience = ").push_bind(group);
    sql.push(" AND s.product_id = e.product_id) THEN ").push_bind(group);
    sql.push(" ELSE ").push_bind(branch.audience).push(" END");
}

/// The conditions on an offer `o` that the filters make.
fn push_filters(sql: &mut QueryBuilder<Sqlite>, query: &ListingQuery<'_>, numbered: &Numbered) {
    let filters = query.filters;
    if let Some(min) = filters.min_price {
        sql.push(" AND o.final_amount >= ").push_bind(min);
    }
    if let Some(max) = filters.max_price {
        sql.push(" AND o.final_amount <= ").push_bind(max);
    }
    if filters.in_stock {
        sql.push(" AND o.in_stock = 1");
    }
    if filters.on_sale {
        sql.push(" AND o.on_sale = 1");
    }
    if let Some(min) = filters.min_rating_hundredths {
        sql.push(" AND o.rating >= ").push_bind(min);
    }
    if !numbered.brands.is_empty() {
        sql.push(" AND o.brand IN (");
        let mut brands = sql.separated(", ");
        for brand in &numbered.brands {
            brands.push_bind(*brand);
        }
        sql.push(")");
    }
}

/// The places after `after`, in order. For a group, two ordered streams are merged lazily.
pub async fn places(
    conn: &mut SqliteConnection,
    cache: &Cache,
    query: &ListingQuery<'_>,
    after: Option<&Keyset>,
    limit: u32,
) -> Result<Vec<Keyset>> {
    let Some(numbered) = numbered(conn, cache, query).await? else { return Ok(Vec::new()) };
    let order = query.sort.stored();
    let backwards = order != query.sort;
    let in_order = if backwards { "key DESC, product_id" } else { "key, product_id" };
    let mut sql = QueryBuilder::<Sqlite>::new("");
    for (i, branch) in numbered.audiences.iter().enumerate() {
        sql.push(if i > 0 { " UNION ALL " } else { "" });
        sql.push(if backwards { "SELECT * FROM (" } else { "" });
        sql.push("SELECT e.key AS key, e.product_id AS product_id FROM entry e WHERE e.listing = ");
        sql.push_bind(numbered.listing);
        sql.push(" AND e.audience = ").push_bind(branch.audience);
        sql.push(" AND e.sort = ").push_bind(order.number());
        if let Some(after) = after {
            push_after(&mut sql, after, backwards);
        }
        push_price_range(&mut sql, query);
        push_conditions(&mut sql, query, &numbered, branch, order);
        if backwards {
            // Each by itself: neighbours with the same key are sorted as they come.
            sql.push(" ORDER BY e.key DESC, e.product_id LIMIT ").push_bind(limit).push(")");
        }
    }
    sql.push(" ORDER BY ").push(in_order).push(" LIMIT ").push_bind(limit);
    let rows: Vec<(i64, String)> = sql.build_query_as().fetch_all(conn).await.map_err(database)?;
    let key = |key: i64| if backwards { -key } else { key };
    Ok(rows.into_iter().map(|(k, product_id)| Keyset { key: key(k), product_id }).collect())
}

/// What comes after a place. Backwards, the products at its own key still ascend.
fn push_after(sql: &mut QueryBuilder<Sqlite>, after: &Keyset, backwards: bool) {
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
fn push_price_range(sql: &mut QueryBuilder<Sqlite>, query: &ListingQuery<'_>) {
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
    conn: &mut SqliteConnection,
    cache: &Cache,
    query: &ListingQuery<'_>,
) -> Result<Total> {
    let Some(numbered) = numbered(conn, cache, query).await? else { return Ok(Total::default()) };
    let (mut found, mut examined_all, mut to_examine) = (0u64, true, EXAMINED_CAP);
    for branch in &numbered.audiences {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM (SELECT 1 FROM ");
        if *query.listing == ListingKey::All && !query.filters.is_empty() {
            push_offers(&mut sql, query, &numbered, branch, to_examine);
        } else {
            push_examined(&mut sql, &numbered, branch, to_examine);
            sql.push(" e WHERE 1");
            push_conditions(&mut sql, query, &numbered, branch, EXAMINED);
        }
        sql.push(" LIMIT ").push_bind((TOTAL_CAP + 1 - found.min(TOTAL_CAP)) as i64).push(")");
        let counted: i64 =
            sql.build_query_scalar().fetch_one(&mut *conn).await.map_err(database)?;
        found += counted as u64;
        if found > TOTAL_CAP {
            return Ok(Total { total: TOTAL_CAP, capped: true });
        }
        // Only where it may matter: this looks at every entry there is.
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM ");
        push_examined(&mut sql, &numbered, branch, to_examine + 1);
        let entries: i64 =
            sql.build_query_scalar().fetch_one(&mut *conn).await.map_err(database)?;
        examined_all &= entries as u64 <= to_examine;
        to_examine = to_examine.saturating_sub(entries as u64);
    }
    Ok(Total { total: found, capped: !examined_all })
}

/// Of all orders, this one has the fewest entries a product.
const EXAMINED: Sort = Sort::Newest;

/// At most `limit` entries of that order.
fn push_examined(sql: &mut QueryBuilder<Sqlite>, numbered: &Numbered, branch: &Branch, limit: u64) {
    sql.push("(SELECT product_id, valid_from, valid_until FROM entry WHERE listing = ");
    sql.push_bind(numbered.listing);
    sql.push(" AND audience = ").push_bind(branch.audience);
    sql.push(" AND sort = ").push_bind(Sort::Newest.number());
    sql.push(" LIMIT ").push_bind(limit as i64).push(")");
}

/// In the listing of everything each offer that holds is a place: they are looked at one after the
/// other, which takes a tenth of looking one up for every entry.
fn push_offers(
    sql: &mut QueryBuilder<Sqlite>,
    query: &ListingQuery<'_>,
    numbered: &Numbered,
    branch: &Branch,
    limit: u64,
) {
    let at = query.at.millis();
    sql.push("(SELECT * FROM offer WHERE audience = ").push_bind(branch.audience);
    sql.push(" AND valid_from <= ").push_bind(at);
    sql.push(" AND valid_until > ").push_bind(at);
    sql.push(" LIMIT ").push_bind(limit as i64).push(") o WHERE 1");
    if let Some(group) = branch.group {
        push_not_shadowed(sql, group, "o", Sort::PriceAsc);
    }
    push_filters(sql, query, numbered);
}

/// Leaves out the products whose own entries in this order stand for everyone's.
fn push_not_shadowed(sql: &mut QueryBuilder<Sqlite>, group: i64, row: &'static str, order: Sort) {
    sql.push(" AND NOT EXISTS (SELECT 1 FROM offer s WHERE s.audience = ").push_bind(group);
    sql.push(" AND s.product_id = ").push(row).push(".product_id");
    sql.push(if order.by_price() { ")" } else { " AND s.apart)" });
}

/// The next boundary of any product in the listing, or the next release into it.
pub async fn changes_at(
    conn: &mut SqliteConnection,
    cache: &Cache,
    query: &ListingQuery<'_>,
) -> Result<Option<Instant>> {
    let Some(numbered) = numbered(conn, cache, query).await? else { return Ok(None) };
    let mut next: Option<i64> = None;
    for branch in &numbered.audiences {
        let found: (Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT
               (SELECT min(key) FROM entry
                WHERE listing = ?1 AND audience = ?2 AND sort = ?3 AND key > ?5),
               -- By newest, a product stands at minus its release.
               (SELECT -max(key) FROM entry
                WHERE listing = ?1 AND audience = ?2 AND sort = ?4 AND key < -?5)",
        )
        .bind(numbered.listing)
        .bind(branch.audience)
        .bind(BOUNDARY)
        .bind(Sort::Newest.number())
        .bind(query.at.millis())
        .fetch_one(&mut *conn)
        .await
        .map_err(database)?;
        next = next.into_iter().chain(found.0).chain(found.1).min();
    }
    Ok(next.map(Instant))
}

/// The instants that every product's stored steps answer.
pub async fn coverage(conn: &mut SqliteConnection) -> Result<Window> {
    let (from, until, revised): (Option<i64>, Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT (SELECT max(covers_from) FROM coverage), (SELECT min(covers_until) FROM coverage),
                (SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?)",
    )
    .bind(REVISED_UNTIL)
    .fetch_one(conn)
    .await
    .map_err(database)?;
    Ok(Window {
        from: from.max(revised).map_or(Instant::MIN, Instant),
        until: until.map_or(Instant::MAX, Instant),
    })
}

/// What the released product with the newest event that carries this category or brand calls it.
pub async fn name(
    conn: &mut SqliteConnection,
    cache: &Cache,
    listing: &ListingKey,
    at: Instant,
) -> Result<ListingName> {
    let Some(number) = listing_number(conn, cache, listing).await? else {
        return Ok(ListingName::default());
    };
    let name: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT name FROM member
         WHERE listing = ?1 AND named_at IS NOT NULL AND (released_at IS NULL OR released_at <= ?2)
         ORDER BY named_at DESC, product_id LIMIT 1",
    )
    .bind(number)
    .bind(at.millis())
    .fetch_optional(&mut *conn)
    .await
    .map_err(database)?;
    let changes_at: Option<i64> = sqlx::query_scalar(
        "SELECT min(released_at) FROM member
         WHERE listing = ?1 AND released_at > ?2 AND released_at > named_at",
    )
    .bind(number)
    .bind(at.millis())
    .fetch_one(conn)
    .await
    .map_err(database)?;
    let name = name.as_deref().map(unpack).transpose()?;
    Ok(ListingName { name, changes_at: changes_at.map(Instant) })
}

/// Categories and brands that have products.
pub async fn keys(conn: &mut SqliteConnection, limit: u32) -> Result<Vec<ListingKey>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT l.kind, l.id FROM listing l
         WHERE l.kind <> 'all' AND EXISTS (SELECT 1 FROM member m WHERE m.listing = l.number)
         ORDER BY l.kind, l.id LIMIT ?",
    )
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows.into_iter().filter_map(|(kind, id)| listing_key(&kind, id)).collect())
}
