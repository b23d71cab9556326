//! Views, and the rows that place them in listings.

use std::collections::{HashMap, HashSet};

use projections::instant::{Instant, Window};
use projections::placement::{Entry, Offer};
use projections::view::{ListingKey, OwnName, View};
use sqlx::postgres::PgConnection;

use super::bulk::{COPY_FROM_ROWS, Column, Rows};
use super::copy;
use super::errors::database;
use crate::store::document::{pack, unpack};
use crate::store::query::StoredCard;
use crate::store::{Numbers, Result, ViewWrite};

/// The views of these products, as far as there are any.
pub async fn load(conn: &mut PgConnection, ids: &[String]) -> Result<HashMap<String, View>> {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT product_id, doc FROM view WHERE product_id = ANY($1)")
            .bind(ids)
            .fetch_all(conn)
            .await
            .map_err(database)?;
    rows.into_iter().map(|(id, doc)| Ok((id, unpack(&doc)?))).collect()
}

/// Views with the stock of their SKUs.
pub async fn cards(conn: &mut PgConnection, ids: &[String]) -> Result<Vec<StoredCard>> {
    let views = load(conn, ids).await?;
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT product_id, sku, available FROM stock
         WHERE product_id = ANY($1) AND available IS NOT NULL",
    )
    .bind(ids)
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

/// Writes views with everything that follows from them. Their products are locked.
pub async fn save(
    conn: &mut PgConnection,
    writes: &[ViewWrite<'_>],
    numbers: &Numbers,
) -> Result<()> {
    save_documents(conn, writes).await?;
    save_members(conn, writes, numbers).await?;
    save_variants(conn, writes).await?;
    save_coverage(conn, writes).await?;
    save_entries(conn, writes).await?;
    save_offers(conn, writes).await
}

/// Writes the first views of products, with everything that follows from them, where no row is there to
/// be met. Rows come in the order of the products: what a view's next version replaces lies together.
pub async fn fill(
    conn: &mut PgConnection,
    writes: &[ViewWrite<'_>],
    numbers: &Numbers,
) -> Result<()> {
    let views: Vec<(&str, &View)> =
        writes.iter().filter_map(|w| Some((w.product_id, w.new?))).collect();
    // Whoever computes one of them next finds its lock.
    Rows::new(views.len())
        .text("product_id", views.iter().map(|(id, _)| *id))
        .add(conn, "product_lock")
        .await?;
    documents(&views).add(conn, "view").await?;
    save_members(conn, writes, numbers).await?;
    save_variants(conn, writes).await?;
    let covers: Vec<(&str, Cover)> =
        views.iter().filter_map(|(id, view)| Some((*id, cover(Some(view))?))).collect();
    coverage(&covers).add(conn, "coverage").await?;
    let entries = writes.iter().flat_map(|w| w.diff.new_entries.iter().map(|e| (e, w.product_id)));
    copy_entries(conn, Box::new(entries)).await?;
    save_offers(conn, writes).await
}

/// Deletes the rows of these products.
async fn delete(conn: &mut PgConnection, statement: &'static str, ids: &[&str]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(statement).bind(ids).execute(conn).await.map_err(database).map(|_| ())
}

async fn save_documents(conn: &mut PgConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let gone: Vec<&str> = writes.iter().filter(|w| w.new.is_none()).map(|w| w.product_id).collect();
    delete(conn, "DELETE FROM view WHERE product_id = ANY($1)", &gone).await?;
    let of = |had: bool| -> Vec<(&str, &View)> {
        let kept = writes.iter().filter(|w| w.old.is_some() == had);
        kept.filter_map(|w| Some((w.product_id, w.new?))).collect()
    };
    let (changed, new) = (of(true), of(false));
    documents(&changed)
        .execute(
            conn,
            "UPDATE view v SET doc = r.doc FROM {rows} WHERE v.product_id = r.product_id",
        )
        .await?;
    documents(&new)
        .insert(conn, "view", "ON CONFLICT (product_id) DO UPDATE SET doc = excluded.doc")
        .await
        .map(|_| ())
}

fn documents<'a>(views: &[(&'a str, &View)]) -> Rows<'a> {
    Rows::new(views.len())
        .text("product_id", views.iter().map(|(id, _)| *id))
        .bytes("doc", views.iter().map(|(_, view)| Some(pack(view))))
}

/// Where in time a view does not cover everything, and when it is to be computed again.
type Cover = (Window, Option<Instant>);

fn cover(view: Option<&View>) -> Option<Cover> {
    let view = view.filter(|v| v.active)?;
    let whole = view.covers == Window::ALWAYS && view.refresh_at.is_none();
    (!whole).then_some((view.covers, view.refresh_at))
}

async fn save_coverage(conn: &mut PgConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let changed = || writes.iter().filter(|w| cover(w.old) != cover(w.new));
    let gone: Vec<&str> =
        changed().filter(|w| cover(w.new).is_none()).map(|w| w.product_id).collect();
    delete(conn, "DELETE FROM coverage WHERE product_id = ANY($1)", &gone).await?;
    let kept: Vec<(&str, Cover)> =
        changed().filter_map(|w| Some((w.product_id, cover(w.new)?))).collect();
    coverage(&kept)
        .insert(
            conn,
            "coverage",
            "ON CONFLICT (product_id) DO UPDATE SET covers_from = excluded.covers_from,
                 covers_until = excluded.covers_until, refresh_at = excluded.refresh_at",
        )
        .await
        .map(|_| ())
}

fn coverage<'a>(covers: &[(&'a str, Cover)]) -> Rows<'a> {
    let refresh_at = covers.iter().map(|(_, (_, at))| at.map(Instant::millis)).collect();
    Rows::new(covers.len())
        .int8("covers_from", covers.iter().map(|(_, (covers, _))| covers.from.millis()))
        .int8("covers_until", covers.iter().map(|(_, (covers, _))| covers.until.millis()))
        .with("refresh_at", Column::MaybeInt8(refresh_at))
        .text("product_id", covers.iter().map(|(id, _)| *id))
}

/// A row of `member`, without its product.
type Member<'a> = (&'a ListingKey, Option<OwnName<'a>>);

fn members(view: &View) -> Vec<Member<'_>> {
    view.listings.iter().map(|key| (key, view.own_name(key))).collect()
}

async fn save_members(
    conn: &mut PgConnection,
    writes: &[ViewWrite<'_>],
    numbers: &Numbers,
) -> Result<()> {
    let number = |key: &ListingKey| narrow(numbers.listings.get(key).copied().unwrap_or_default());
    let mut gone: Vec<(i32, &str)> = Vec::new();
    let mut changed: Vec<(i32, &str, Option<OwnName<'_>>)> = Vec::new();
    let mut come: Vec<(i32, &str, Option<OwnName<'_>>)> = Vec::new();
    for write in writes {
        let old = write.old.map(members).unwrap_or_default();
        let new = write.new.map(members).unwrap_or_default();
        if !old.is_empty() {
            let still: HashSet<&ListingKey> = new.iter().map(|(key, _)| *key).collect();
            gone.extend(
                old.iter()
                    .filter(|(key, _)| !still.contains(key))
                    .map(|(key, _)| (number(key), write.product_id)),
            );
        }
        for (key, name) in new.iter().filter(|member| !old.contains(member)) {
            let known = old.iter().any(|(old, _)| old == key);
            let rows = if known { &mut changed } else { &mut come };
            rows.push((number(key), write.product_id, *name));
        }
    }
    gone.sort_unstable();
    Rows::new(gone.len())
        .int4("listing", gone.iter().map(|(listing, _)| *listing))
        .text("product_id", gone.iter().map(|(_, id)| *id))
        .execute(
            conn,
            "DELETE FROM member m USING {rows}
             WHERE m.listing = r.listing AND m.product_id = r.product_id",
        )
        .await?;
    let set = "UPDATE member m
               SET named_at = r.named_at, released_at = r.released_at, name = r.name FROM {rows}
               WHERE m.listing = r.listing AND m.product_id = r.product_id";
    member_rows(&mut changed).execute(conn, set).await?;
    member_rows(&mut come).add(conn, "member").await
}

fn member_rows<'a>(members: &mut Vec<(i32, &'a str, Option<OwnName<'_>>)>) -> Rows<'a> {
    members.sort_unstable_by_key(|(listing, id, _)| (*listing, *id));
    // A view may name a listing twice.
    members.dedup_by_key(|(listing, id, _)| (*listing, *id));
    let instants = |of: fn(OwnName<'_>) -> Instant| {
        Column::MaybeInt8(members.iter().map(|(_, _, name)| name.map(|n| of(n).millis())).collect())
    };
    Rows::new(members.len())
        .with("named_at", instants(|name| name.time))
        .with("released_at", instants(|name| name.released_at))
        .int4("listing", members.iter().map(|(listing, _, _)| *listing))
        .text("product_id", members.iter().map(|(_, id, _)| *id))
        .bytes("name", members.iter().map(|(_, _, name)| name.map(|own| pack(own.name))))
}

async fn save_variants(conn: &mut PgConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let (mut gone, mut added) = (Vec::new(), Vec::new());
    for write in writes {
        let old = write.old.map(|v| v.skus.as_slice()).unwrap_or_default();
        let new = write.new.map(|v| v.skus.as_slice()).unwrap_or_default();
        gone.extend(
            old.iter().filter(|s| !new.contains(s)).map(|s| (s.as_str(), write.product_id)),
        );
        added.extend(
            new.iter().filter(|s| !old.contains(s)).map(|s| (s.as_str(), write.product_id)),
        );
    }
    gone.sort_unstable();
    added.sort_unstable();
    added.dedup();
    let statement = "DELETE FROM variant v USING {rows}
                     WHERE v.sku = r.sku AND v.product_id = r.product_id";
    variants(&gone).execute(conn, statement).await?;
    variants(&added).add(conn, "variant").await
}

fn variants<'a>(rows: &[(&'a str, &'a str)]) -> Rows<'a> {
    Rows::new(rows.len())
        .text("sku", rows.iter().map(|(sku, _)| *sku))
        .text("product_id", rows.iter().map(|(_, id)| *id))
}

/// Numbers are given from 1 on by an `integer` column; 0 stands for none.
fn narrow(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

/// Listing, audience and sort in one integer. Numbers of listings have 31 bits, of audiences 27.
pub fn ordering(listing: i64, audience: i64, sort: i64) -> i64 {
    (listing << 32) + audience * 16 + sort
}

/// An entry and its product, in the order of the table's index.
type Place<'a> = (&'a Entry, &'a str);

fn places<'a>(entries: &[Place<'a>]) -> Rows<'a> {
    Rows::new(entries.len())
        .int8("key", entries.iter().map(|(e, _)| e.key))
        .int8("valid_from", entries.iter().map(|(e, _)| e.from))
        .int8("ordering", entries.iter().map(|(e, _)| ordering(e.listing, e.audience, e.sort)))
        .text("product_id", entries.iter().map(|(_, id)| *id))
}

async fn save_entries(conn: &mut PgConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let mut gone: Vec<Place<'_>> =
        writes.iter().flat_map(|w| w.diff.gone_entries.iter().map(|e| (e, w.product_id))).collect();
    let mut added: Vec<Place<'_>> =
        writes.iter().flat_map(|w| w.diff.new_entries.iter().map(|e| (e, w.product_id))).collect();
    // In the order of the index, so that neighbouring rows meet the same page.
    let order = |(a, a_id): &Place<'_>, (b, b_id): &Place<'_>| {
        let start = |e: &Entry| (e.listing, e.audience, e.sort, e.key);
        (start(a), a_id, a.from).cmp(&(start(b), b_id, b.from))
    };
    gone.sort_unstable_by(order);
    added.sort_unstable_by(order);
    places(&gone)
        .execute(
            conn,
            "DELETE FROM entry e USING {rows}
             WHERE e.ordering = r.ordering AND e.key = r.key
               AND e.product_id = r.product_id AND e.valid_from = r.valid_from",
        )
        .await?;
    if added.len() >= COPY_FROM_ROWS {
        return copy_entries(conn, Box::new(added.into_iter())).await;
    }
    let until = added.iter().map(|(e, _)| e.until);
    places(&added).int8("valid_until", until).insert(conn, "entry", "").await.map(|_| ())
}

/// These are most rows by far: none is gathered before it is sent. The iterator is boxed since a future that holds one of
/// an unnamed type is not seen to be `Send`.
async fn copy_entries<'a>(
    conn: &mut PgConnection,
    entries: Box<dyn Iterator<Item = Place<'a>> + Send + 'a>,
) -> Result<()> {
    let statement = "COPY entry (key, valid_from, valid_until, ordering, product_id) \
                     FROM STDIN (FORMAT binary)";
    copy::rows(conn, statement, entries, |buffer, (e, product_id)| {
        let ordering = ordering(e.listing, e.audience, e.sort);
        copy::put_integers_and_text(buffer, [e.key, e.from, e.until, ordering], product_id);
    })
    .await
}

async fn save_offers(conn: &mut PgConnection, writes: &[ViewWrite<'_>]) -> Result<()> {
    let mut gone: Vec<(&Offer, &str)> =
        writes.iter().flat_map(|w| w.diff.gone_offers.iter().map(|o| (o, w.product_id))).collect();
    let mut added: Vec<(&Offer, &str)> =
        writes.iter().flat_map(|w| w.diff.new_offers.iter().map(|o| (o, w.product_id))).collect();
    let order = |a: &(&Offer, &str), b: &(&Offer, &str)| {
        (a.0.audience, a.1, a.0.from).cmp(&(b.0.audience, b.1, b.0.from))
    };
    gone.sort_unstable_by(order);
    added.sort_unstable_by(order);
    Rows::new(gone.len())
        .int4("audience", gone.iter().map(|(o, _)| narrow(o.audience)))
        .text("product_id", gone.iter().map(|(_, id)| *id))
        .int8("valid_from", gone.iter().map(|(o, _)| o.from))
        .execute(
            conn,
            "DELETE FROM offer o USING {rows}
             WHERE o.audience = r.audience AND o.product_id = r.product_id
               AND o.valid_from = r.valid_from",
        )
        .await?;
    Rows::new(added.len())
        .int8("valid_from", added.iter().map(|(o, _)| o.from))
        .int8("valid_until", added.iter().map(|(o, _)| o.until))
        .int8("final_amount", added.iter().map(|(o, _)| o.final_amount))
        .int4("audience", added.iter().map(|(o, _)| narrow(o.audience)))
        .int4("brand", added.iter().map(|(o, _)| narrow(o.brand)))
        .int2("rating", added.iter().map(|(o, _)| i16::try_from(o.rating).unwrap_or(i16::MAX)))
        .with("on_sale", Column::Bool(added.iter().map(|(o, _)| o.on_sale).collect()))
        .with("apart", Column::Bool(added.iter().map(|(o, _)| o.apart).collect()))
        .with("in_stock", Column::Bool(added.iter().map(|(o, _)| o.in_stock).collect()))
        .text("product_id", added.iter().map(|(_, id)| *id))
        .add(conn, "offer")
        .await
}
