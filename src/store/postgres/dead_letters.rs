//! Dead letters, kept whole.

use std::borrow::Cow;

use projections::instant::Instant;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::bulk::{Column, Rows};
use super::errors::database;
use crate::clock;
use crate::log::position::Position;
use crate::store::Result;
use crate::store::dead_letter::{
    DeadLetter, DeadLetterFilter, Forwarding, NewDeadLetter, Settlement, from_stored, to_stored,
};

/// PostgreSQL's text holds every character but U+0000, which a broken message may show of itself.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text.into() }
}

pub async fn put(conn: &mut PgConnection, letters: &[NewDeadLetter]) -> Result<()> {
    let now = clock::now().millis();
    let subjects = || letters.iter().map(|letter| letter.subject.as_ref());
    let details: Vec<Cow<'_, str>> = letters.iter().map(|l| storable(&l.detail)).collect();
    let keys: Vec<Option<Cow<'_, str>>> = subjects().map(|s| s.map(|s| storable(&s.key))).collect();
    let stored: Vec<(&[u8], Option<Vec<u8>>)> =
        letters.iter().map(|letter| to_stored(&letter.record)).collect();
    let version = |letter: &NewDeadLetter| {
        letter.subject.as_ref().and_then(|s| s.version).and_then(|v| i64::try_from(v).ok())
    };
    Rows::new(letters.len())
        .int8("offset", letters.iter().map(|l| l.position.offset))
        .int8("received_at", letters.iter().map(|_| now))
        .with("entity_version", Column::MaybeInt8(letters.iter().map(version).collect()))
        .int8("state_since", letters.iter().map(|_| now))
        .int4("partition", letters.iter().map(|l| l.position.partition))
        .text("topic", letters.iter().map(|l| l.position.topic.as_str()))
        .text("code", letters.iter().map(|l| l.code.as_str()))
        .text("detail", details.iter().map(Cow::as_ref))
        .with("kind", Column::MaybeText(subjects().map(|s| s.map(|s| s.kind.name())).collect()))
        .with("entity_key", Column::MaybeText(keys.iter().map(Option::as_deref).collect()))
        .text("state", letters.iter().map(|_| "open"))
        .bytes("payload", stored.iter().map(|(value, _)| Some(value.to_vec())))
        .bytes("envelope", stored.iter().map(|(_, envelope)| envelope.clone()))
        // An event that is read again (a moved log) is the same dead letter.
        .insert(conn, "dead_letter", "ON CONFLICT (topic, partition, \"offset\") DO NOTHING")
        .await
        .map(|_| ())
}

/// A newer good version of an entity settles what was dead of it. Rows are locked in the order of
/// their ids.
pub async fn settle(conn: &mut PgConnection, settled: &[Settlement<'_>]) -> Result<u64> {
    let open: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM dead_letter WHERE state = 'open')")
            .fetch_one(&mut *conn)
            .await
            .map_err(database)?;
    if !open {
        return Ok(0);
    }
    let now = clock::now().millis();
    Rows::new(settled.len())
        .text("kind", settled.iter().map(|s| s.kind.name()))
        .text("key", settled.iter().map(|s| s.key))
        .int8("version", settled.iter().map(|s| s.version as i64))
        .execute(
            conn,
            &format!(
                "UPDATE dead_letter SET state = 'settled', state_since = {now}
                 WHERE state = 'open' AND id = ANY(ARRAY(
                     SELECT d.id FROM {{rows}} JOIN dead_letter d
                       ON d.state = 'open' AND d.kind = r.kind AND d.entity_key = r.key
                      AND (d.entity_version IS NULL OR d.entity_version < r.version)
                     ORDER BY d.id FOR NO KEY UPDATE OF d))"
            ),
        )
        .await
}

/// Closes an open dead letter.
pub async fn close(conn: &mut PgConnection, id: i64, state: &str) -> Result<bool> {
    let closed = sqlx::query(
        "UPDATE dead_letter SET state = $2, state_since = $3 WHERE id = $1 AND state = 'open'",
    )
    .bind(id)
    .bind(state)
    .bind(clock::now().millis())
    .execute(conn)
    .await
    .map_err(database)?;
    Ok(closed.rows_affected() == 1)
}

/// The oldest dead letters that are not in the topic of dead letters yet, and that nobody else sends.
pub async fn claim(conn: &mut PgConnection, limit: u32, until: Instant) -> Result<Vec<DeadLetter>> {
    let sql = format!(
        "{SELECT} WHERE NOT forwarded AND claimed_until < $1 ORDER BY id LIMIT $2
         FOR NO KEY UPDATE SKIP LOCKED"
    );
    let rows = sqlx::query(&sql)
        .bind(clock::now().millis())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await
        .map_err(database)?;
    let letters: Vec<DeadLetter> =
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(database)?;
    sqlx::query("UPDATE dead_letter SET claimed_until = $2 WHERE id = ANY($1)")
        .bind(letters.iter().map(|letter| letter.id).collect::<Vec<_>>())
        .bind(until.millis())
        .execute(conn)
        .await
        .map_err(database)?;
    Ok(letters)
}

/// What became of claimed dead letters.
pub async fn end_claims(conn: &mut PgConnection, ended: &[(i64, Forwarding)]) -> Result<()> {
    let errors: Vec<Option<Cow<'_, str>>> =
        ended.iter().map(|(_, forwarding)| forwarding.error().map(storable)).collect();
    sqlx::query(
        "UPDATE dead_letter d
         SET forwarded = ended.done, forward_error = ended.error, claimed_until = 0
         FROM unnest($1::int8[], $2::bool[], $3::text[]) AS ended (id, done, error)
         WHERE d.id = ended.id",
    )
    .bind(ended.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(ended.iter().map(|(_, forwarding)| forwarding.is_done()).collect::<Vec<_>>())
    .bind(errors.iter().map(Option::as_deref).collect::<Vec<_>>())
    .execute(conn)
    .await
    .map_err(database)
    .map(|_| ())
}

/// The same without what they hold, and without a lock.
pub async fn not_forwarded(
    conn: &mut PgConnection,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Position)>> {
    let rows: Vec<(i64, String, i32, i64)> = sqlx::query_as(
        "SELECT id, topic, partition, \"offset\" FROM dead_letter
         WHERE NOT forwarded AND id > $1 ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await
    .map_err(database)?;
    let named = |(id, topic, partition, offset)| (id, Position { topic, partition, offset });
    Ok(rows.into_iter().map(named).collect())
}

pub async fn forwarded(conn: &mut PgConnection, positions: &[Position]) -> Result<Vec<Position>> {
    let rows: Vec<(String, i32, i64)> = sqlx::query_as(
        "SELECT d.topic, d.partition, d.\"offset\"
         FROM unnest($1::text[], $2::int4[], $3::int8[]) AS asked (topic, partition, \"offset\"),
              dead_letter d
         WHERE d.topic = asked.topic AND d.partition = asked.partition
               AND d.\"offset\" = asked.\"offset\" AND d.forwarded",
    )
    .bind(positions.iter().map(|p| p.topic.as_str()).collect::<Vec<_>>())
    .bind(positions.iter().map(|p| p.partition).collect::<Vec<_>>())
    .bind(positions.iter().map(|p| p.offset).collect::<Vec<_>>())
    .fetch_all(conn)
    .await
    .map_err(database)?;
    let named = |(topic, partition, offset)| Position { topic, partition, offset };
    Ok(rows.into_iter().map(named).collect())
}

pub async fn mark_forwarded(conn: &mut PgConnection, ids: &[i64]) -> Result<()> {
    sqlx::query("UPDATE dead_letter SET forwarded = true WHERE id = ANY($1)")
        .bind(ids)
        .execute(conn)
        .await
        .map_err(database)
        .map(|_| ())
}

const SELECT: &str = "SELECT id, topic, partition, \"offset\", received_at, code, detail, kind, \
    entity_key, entity_version, state, state_since, payload, envelope, forward_error FROM dead_letter";

pub async fn list(
    conn: &mut PgConnection,
    filter: DeadLetterFilter,
    after: i64,
    limit: u32,
) -> Result<Vec<DeadLetter>> {
    let condition = match filter {
        DeadLetterFilter::Open => "AND state = 'open'",
        DeadLetterFilter::All => "",
    };
    let sql = format!("{SELECT} WHERE id > $1 {condition} ORDER BY id LIMIT $2");
    let rows = sqlx::query(&sql)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await
        .map_err(database)?;
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(database)
}

pub async fn show(conn: &mut PgConnection, id: i64) -> Result<Option<DeadLetter>> {
    let row = sqlx::query(&format!("{SELECT} WHERE id = $1"))
        .bind(id)
        .fetch_optional(conn)
        .await
        .map_err(database)?;
    row.as_ref().map(read).transpose().map_err(database)
}

pub async fn at(conn: &mut PgConnection, position: &Position) -> Result<Option<DeadLetter>> {
    let place = "WHERE topic = $1 AND partition = $2 AND \"offset\" = $3";
    let row = sqlx::query(&format!("{SELECT} {place}"))
        .bind(&position.topic)
        .bind(position.partition)
        .bind(position.offset)
        .fetch_optional(conn)
        .await
        .map_err(database)?;
    row.as_ref().map(read).transpose().map_err(database)
}

fn read(row: &PgRow) -> Result<DeadLetter, sqlx::Error> {
    let position = Position {
        topic: row.try_get("topic")?,
        partition: row.try_get("partition")?,
        offset: row.try_get("offset")?,
    };
    Ok(DeadLetter {
        id: row.try_get("id")?,
        position: position.to_string(),
        received_at: Instant(row.try_get("received_at")?),
        code: row.try_get("code")?,
        detail: row.try_get("detail")?,
        kind: row.try_get("kind")?,
        entity_key: row.try_get("entity_key")?,
        entity_version: row.try_get::<Option<i64>, _>("entity_version")?.map(|v| v as u64),
        state: row.try_get("state")?,
        state_since: Instant(row.try_get("state_since")?),
        forward_error: row.try_get("forward_error")?,
        record: from_stored(row.try_get("payload")?, row.try_get("envelope")?)
            .map_err(|e| sqlx::Error::Decode(Box::new(e)))?,
    })
}
