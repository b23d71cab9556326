//! Views, their numbers, and the rows that place them in listings.

use std::collections::{HashMap, HashSet};

use projections::instant::{Instant, Window};
use projections::placement::{Entry, Offer};
use projections::view::{ListingKey, OwnName, View};
use sqlx::sqlite::SqliteConnection;

use super::bulk::{Parameters, for_rows, json_list};
use super::database;
use crate::store::document::{pack, unpack};
use crate::store::query::StoredCard;
use crate::store::{Numbers, Result, ViewWrite};

/// The views of these products, as far as there are any.
pub async fn load(conn: &mut SqliteConnection, ids: &[String]) -> Result<HashMap<String, View>> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT product_id, doc FROM view WHERE product_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list(ids))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    rows.into_iter().map(|(id, doc)| Ok((id, unpack(&doc)?))).collect()
}

/// Views with the stock of their SKUs.
pub async fn cards(conn: &mut SqliteConnection, ids: &[String]) -> Result<Vec<StoredCard>> {
    let views = load(conn, ids).await?;
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT product_id, sku, available FROM stock
         WHERE product_id IN (SELECT value FROM json_each(?)) AND available IS NOT NULL",
    )
    .bind(json_list(ids))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    let mut available: HashMap<String, i64> = HashMap::new();
    for (product_id, sku, units) in rows {
        if views.get(&product_id).is_some_and(|view| view.skus.contains(&sku)) {
            let sum = available.entry(product_id).or_default();
            *sum = sum.saturating_add(units);
        }
    }
    Ok(views
        .into_iter()
        .map(|(product_id, view)| {
            let available = available.get(&product_id).copied();
            StoredCard { product_id, view, available }
        })
        .collect())
}

/// The numbers of these listings; new ones are given.
pub async fn number_listings(
    conn: &mut SqliteConnection,
    keys: &[&ListingKey],
) -> Result<HashMap<ListingKey, i64>> {
    let mut numbers = HashMap::new();
    for key in keys {
        if numbers.contains_key(*key) {
            continue;
        }
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO listing (kind, id) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET id = excluded.id RETURNING number",
        )
        .bind(key.kind())
        .bind(key.id())
        .fetch_one(&mut *conn)
        .await
        .map_err(database)?;
        numbers.insert((*key).clone(), number);
    }
    Ok(numbers)
}

/// The number of an audience; a new one is given.
pub async fn number_audience(
    conn: &mut SqliteConnection,
    market: &str,
    group: Option<&str>,
) -> Result<i64> {
    sqlx::query_scalar(
        "INSERT INTO audience (market, customer_group) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET market = excluded.market RETURNING number",
    )
    .bind(market)
    .bind(group.unwrap_or_default())
    .fetch_one(conn)
    .await
    .map_err(database)
}

/// Writes views with everything that follows from them; new entries go into the table `entries`.
pub async fn save(
    conn: &mut SqliteConnection,
    writes: &[ViewWrite<'_>],
    numbers: &Numbers,
    entries: &str,
) -> Result<()> {
    save_documents(conn, writes).await?;
    save_members(conn, writes, numbers).await?;
    save_variants(conn, writes).await?;
    save_coverage(conn, writes).await?;
    save_entries(conn, writes, entries).await?;
    save_offers(conn, writes).await
}

/// Where in time a view does not cover everything, and when it is to be computed again.
type Cover = (Window, Option<Instant>);

fn cover(view: Option<&View>) -> Option<Cover> {
    let view = view.filter(|v| v.active)?;
    let whole = view.covers == Window::ALWAYS && view.refresh_at.is_none();
    (!whole).then_some((view.covers, view.refresh_at))
}

async fn save_coverage(conn: &mut SqliteConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let changed = || writes.iter().filter(|w| cover(w.old) != cover(w.new));
    let gone: Vec<&str> =
        changed().filter(|w| cover(w.new).is_none()).map(|w| w.product_id).collect();
    if !gone.is_empty() {
        sqlx::query("DELETE FROM coverage WHERE product_id IN (SELECT value FROM json_each(?))")
            .bind(json_list(gone))
            .execute(&mut *conn)
            .await
            .map_err(database)?;
    }
    let kept: Vec<(&str, Cover)> =
        changed().filter_map(|w| Some((w.product_id, cover(w.new)?))).collect();
    for_rows(
        conn,
        "INSERT INTO coverage (product_id, covers_from, covers_until, refresh_at)",
        4,
        "ON CONFLICT DO UPDATE SET covers_from = excluded.covers_from,
             covers_until = excluded.covers_until, refresh_at = excluded.refresh_at",
        &kept,
        |p, (id, (covers, refresh_at))| {
            p.bind(*id).bind(covers.from.millis()).bind(covers.until.millis());
            p.bind(refresh_at.map(Instant::millis));
        },
    )
    .await
}

async fn save_documents(conn: &mut SqliteConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let gone: Vec<&str> = writes.iter().filter(|w| w.new.is_none()).map(|w| w.product_id).collect();
    if !gone.is_empty() {
        sqlx::query("DELETE FROM view WHERE product_id IN (SELECT value FROM json_each(?))")
            .bind(json_list(gone))
            .execute(&mut *conn)
            .await
            .map_err(database)?;
    }
    let kept: Vec<(&str, &View)> =
        writes.iter().filter_map(|w| w.new.map(|view| (w.product_id, view))).collect();
    for_rows(
        conn,
        "INSERT INTO view (product_id, doc)",
        2,
        "ON CONFLICT DO UPDATE SET doc = excluded.doc",
        &kept,
        |p, (id, view)| {
            p.bind(*id).bind(pack(view));
        },
    )
    .await
}

/// A row of `member`, without its product.
type Member<'a> = (&'a ListingKey, Option<OwnName<'a>>);

fn members(view: &View) -> Vec<Member<'_>> {
    view.listings.iter().map(|key| (key, view.own_name(key))).collect()
}

async fn save_members(
    conn: &mut SqliteConnection,
    writes: &[ViewWrite<'_>],
    numbers: &Numbers,
) -> Result<()> {
    let number = |key: &ListingKey| numbers.listings.get(key).copied().unwrap_or_default();
    let mut gone: Vec<(i64, &str)> = Vec::new();
    let mut kept: Vec<(i64, &str, Option<OwnName<'_>>)> = Vec::new();
    for write in writes {
        let old = write.old.map(members).unwrap_or_default();
        let new = write.new.map(members).unwrap_or_default();
        let still: HashSet<&ListingKey> = new.iter().map(|(key, _)| *key).collect();
        gone.extend(
            old.iter()
                .filter(|(key, _)| !still.contains(key))
                .map(|(key, _)| (number(key), write.product_id)),
        );
        kept.extend(
            new.iter()
                .filter(|member| !old.contains(member))
                .map(|(key, name)| (number(key), write.product_id, *name)),
        );
    }
    for_rows(
        conn,
        "DELETE FROM member WHERE (listing, product_id) IN (",
        2,
        ")",
        &gone,
        |p, (listing, id)| {
            p.bind(*listing).bind(*id);
        },
    )
    .await?;
    for_rows(
        conn,
        "INSERT INTO member (listing, product_id, named_at, released_at, name)",
        5,
        "ON CONFLICT DO UPDATE SET
             named_at = excluded.named_at, released_at = excluded.released_at, name = excluded.name",
        &kept,
        |p, (listing, id, name)| {
            p.bind(*listing).bind(*id);
            p.bind(name.map(|own| own.time.millis())).bind(name.map(|own| own.released_at.millis()));
            p.bind(name.map(|own| pack(own.name)));
        },
    )
    .await
}

async fn save_variants(conn: &mut SqliteConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let skus = |view: Option<&'_ View>| -> Vec<String> {
        view.map(|v| v.skus.clone()).unwrap_or_default()
    };
    let (mut gone, mut added) = (Vec::new(), Vec::new());
    for write in writes {
        let (old, new) = (skus(write.old), skus(write.new));
        if old == new {
            continue;
        }
        gone.extend(old.iter().filter(|s| !new.contains(s)).map(|s| (s.clone(), write.product_id)));
        added.extend(new.into_iter().filter(|s| !old.contains(s)).map(|s| (s, write.product_id)));
    }
    fn bind<'p>(p: &mut Parameters<'p>, (sku, id): &'p (String, &str)) {
        p.bind(sku.as_str()).bind(*id);
    }
    for_rows(conn, "DELETE FROM variant WHERE (sku, product_id) IN (", 2, ")", &gone, bind).await?;
    for_rows(conn, "INSERT OR IGNORE INTO variant (sku, product_id)", 2, "", &added, bind).await
}

async fn save_entries(
    conn: &mut SqliteConnection,
    writes: &[ViewWrite<'_>],
    into: &str,
) -> Result<()> {
    let mut gone: Vec<(&Entry, &str)> =
        writes.iter().flat_map(|w| w.diff.gone_entries.iter().map(|e| (e, w.product_id))).collect();
    let mut added: Vec<(&Entry, &str)> =
        writes.iter().flat_map(|w| w.diff.new_entries.iter().map(|e| (e, w.product_id))).collect();
    // In the order of the table, so that neighbouring rows meet the same page.
    gone.sort_unstable();
    added.sort_unstable();
    for_rows(
        conn,
        "DELETE FROM entry
         WHERE (listing, audience, sort, key, product_id, valid_from) IN (",
        6,
        ")",
        &gone,
        |p, (e, id)| {
            p.bind(e.listing).bind(e.audience).bind(e.sort).bind(e.key).bind(*id).bind(e.from);
        },
    )
    .await?;
    for_rows(
        conn,
        &format!(
            "INSERT INTO {into}
             (listing, audience, sort, key, product_id, valid_from, valid_until)"
        ),
        7,
        "",
        &added,
        |p, (e, id)| {
            p.bind(e.listing).bind(e.audience).bind(e.sort).bind(e.key).bind(*id).bind(e.from);
            p.bind(e.until);
        },
    )
    .await
}

async fn save_offers(conn: &mut SqliteConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let gone: Vec<(&Offer, &str)> =
        writes.iter().flat_map(|w| w.diff.gone_offers.iter().map(|o| (o, w.product_id))).collect();
    let added: Vec<(&Offer, &str)> =
        writes.iter().flat_map(|w| w.diff.new_offers.iter().map(|o| (o, w.product_id))).collect();
    for_rows(
        conn,
        "DELETE FROM offer WHERE (audience, product_id, valid_from) IN (",
        3,
        ")",
        &gone,
        |p, (o, id)| {
            p.bind(o.audience).bind(*id).bind(o.from);
        },
    )
    .await?;
    for_rows(
        conn,
        "INSERT INTO offer
         (audience, product_id, valid_from, valid_until, final_amount, on_sale, in_stock, rating,
          brand, apart)",
        10,
        "",
        &added,
        |p, (o, id)| {
            p.bind(o.audience).bind(*id).bind(o.from).bind(o.until).bind(o.final_amount);
            p.bind(o.on_sale).bind(o.in_stock).bind(o.rating).bind(o.brand).bind(o.apart);
        },
    )
    .await
}
