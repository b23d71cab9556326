//! Dead letters, kept whole.

use projections::instant::Instant;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::database;
use crate::clock;
use crate::log::position::Position;
use crate::sqlite::bulk::for_rows;
use crate::store::Result;
use crate::store::dead_letter::{
    DeadLetter, DeadLetterFilter, Forwarding, NewDeadLetter, Settlement, from_stored, to_stored,
};

pub async fn put(conn: &mut SqliteConnection, letters: &[NewDeadLetter]) -> Result<()> {
    let now = clock::now().millis();
    for_rows(
        conn,
        "INSERT INTO dead_letter
         (topic, partition, \"offset\", received_at, code, detail, kind, entity_key,
          entity_version, payload, envelope, state, state_since)",
        13,
        // An event that is read again (a moved log) is the same dead letter.
        "ON CONFLICT DO NOTHING",
        letters,
        |p, letter| {
            let subject = letter.subject.as_ref();
            let (value, envelope) = to_stored(&letter.record);
            p.bind(letter.position.topic.as_str())
                .bind(letter.position.partition)
                .bind(letter.position.offset)
                .bind(now)
                .bind(letter.code.as_str())
                .bind(letter.detail.as_str())
                .bind(subject.map(|s| s.kind.name()))
                .bind(subject.map(|s| s.key.as_str()))
                .bind(subject.and_then(|s| s.version).and_then(|v| i64::try_from(v).ok()))
                .bind(value)
                .bind(envelope)
                .bind("open")
                .bind(now);
        },
    )
    .await
    .map_err(database)
}

/// A newer good version of an entity settles what was dead of it.
pub async fn settle(conn: &mut SqliteConnection, settled: &[Settlement<'_>]) -> Result<u64> {
    let open: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM dead_letter WHERE state = 'open')")
            .fetch_one(&mut *conn)
            .await
            .map_err(database)?;
    if !open {
        return Ok(0);
    }
    let now = clock::now().millis();
    let mut count = 0;
    for settlement in settled {
        count += sqlx::query(
            "UPDATE dead_letter SET state = 'settled', state_since = ?4
             WHERE kind = ?1 AND entity_key = ?2 AND state = 'open'
               AND (entity_version IS NULL OR entity_version < ?3)",
        )
        .bind(settlement.kind.name())
        .bind(settlement.key)
        .bind(settlement.version as i64)
        .bind(now)
        .execute(&mut *conn)
        .await
        .map_err(database)?
        .rows_affected();
    }
    Ok(count)
}

/// Closes an open dead letter.
pub async fn close(conn: &mut SqliteConnection, id: i64, state: &str) -> Result<bool> {
    let closed = sqlx::query(
        "UPDATE dead_letter SET state = ?2, state_since = ?3 WHERE id = ?1 AND state = 'open'",
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
pub async fn claim(
    conn: &mut SqliteConnection,
    limit: u32,
    until: Instant,
) -> Result<Vec<DeadLetter>> {
    let sql = format!("{SELECT} WHERE forwarded = 0 AND claimed_until < ? ORDER BY id LIMIT ?");
    let rows = sqlx::query(&sql)
        .bind(clock::now().millis())
        .bind(limit)
        .fetch_all(&mut *conn)
        .await
        .map_err(database)?;
    let letters: Vec<DeadLetter> =
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(database)?;
    let update = format!("UPDATE dead_letter SET claimed_until = {} WHERE id IN (", until.millis());
    for_rows(conn, &update, 1, ")", &letters, |p, letter| {
        p.bind(letter.id);
    })
    .await
    .map_err(database)?;
    Ok(letters)
}

/// What became of claimed dead letters.
pub async fn end_claims(conn: &mut SqliteConnection, ended: &[(i64, Forwarding)]) -> Result<()> {
    for (id, forwarding) in ended {
        sqlx::query(
            "UPDATE dead_letter SET forwarded = ?2, forward_error = ?3, claimed_until = 0 WHERE id = ?1",
        )
        .bind(id)
        .bind(forwarding.is_done())
        .bind(forwarding.error())
        .execute(&mut *conn)
        .await
        .map_err(database)?;
    }
    Ok(())
}

/// The same without what they hold.
pub async fn not_forwarded(
    conn: &mut SqliteConnection,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Position)>> {
    let rows: Vec<(i64, String, i32, i64)> = sqlx::query_as(
        "SELECT id, topic, partition, \"offset\" FROM dead_letter
         WHERE forwarded = 0 AND id > ? ORDER BY id LIMIT ?",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    let named = |(id, topic, partition, offset)| (id, Position { topic, partition, offset });
    Ok(rows.into_iter().map(named).collect())
}

pub async fn forwarded(
    conn: &mut SqliteConnection,
    positions: &[Position],
) -> Result<Vec<Position>> {
    let mut forwarded = Vec::new();
    for position in positions {
        let found: Option<bool> = sqlx::query_scalar(
            "SELECT forwarded FROM dead_letter WHERE topic = ? AND partition = ? AND \"offset\" = ?",
        )
        .bind(&position.topic)
        .bind(position.partition)
        .bind(position.offset)
        .fetch_optional(&mut *conn)
        .await
        .map_err(database)?;
        forwarded.extend((found == Some(true)).then(|| position.clone()));
    }
    Ok(forwarded)
}

pub async fn mark_forwarded(conn: &mut SqliteConnection, ids: &[i64]) -> Result<()> {
    for_rows(conn, "UPDATE dead_letter SET forwarded = 1 WHERE id IN (", 1, ")", ids, |p, id| {
        p.bind(*id);
    })
    .await
    .map_err(database)
}

const SELECT: &str = "SELECT id, topic, partition, \"offset\", received_at, code, detail, kind, \
    entity_key, entity_version, state, state_since, payload, envelope, forward_error FROM dead_letter";

pub async fn list(
    conn: &mut SqliteConnection,
    filter: DeadLetterFilter,
    after: i64,
    limit: u32,
) -> Result<Vec<DeadLetter>> {
    let condition = match filter {
        DeadLetterFilter::Open => "AND state = 'open'",
        DeadLetterFilter::All => "",
    };
    let sql = format!("{SELECT} WHERE id > ? {condition} ORDER BY id LIMIT ?");
    let rows = sqlx::query(&sql).bind(after).bind(limit).fetch_all(conn).await.map_err(database)?;
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(database)
}

pub async fn show(conn: &mut SqliteConnection, id: i64) -> Result<Option<DeadLetter>> {
    let row = sqlx::query(&format!("{SELECT} WHERE id = ?"))
        .bind(id)
        .fetch_optional(conn)
        .await
        .map_err(database)?;
    row.as_ref().map(read).transpose().map_err(database)
}

pub async fn at(conn: &mut SqliteConnection, position: &Position) -> Result<Option<DeadLetter>> {
    let place = "WHERE topic = ? AND partition = ? AND \"offset\" = ?";
    let row = sqlx::query(&format!("{SELECT} {place}"))
        .bind(&position.topic)
        .bind(position.partition)
        .bind(position.offset)
        .fetch_optional(conn)
        .await
        .map_err(database)?;
    row.as_ref().map(read).transpose().map_err(database)
}

fn read(row: &SqliteRow) -> Result<DeadLetter, sqlx::Error> {
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
