//! Fan-outs: which products a scope reaches, and which of them are still to be computed again.
//!
//! Projectors work on these tables side by side. Whoever enters a product as stale waits for others
//! that are entering or computing it (rows are met in id order); whoever takes work or ends a task
//! never waits: it passes over what others hold.

use projections::discount::Scope;
use sqlx::postgres::PgConnection;

use super::bulk::Rows;
use super::errors::database;
use crate::clock;
use crate::log::position::{Partition, Reflected};
use crate::store::document::{pack, unpack};
use crate::store::fanout::{
    FanoutTask, FanoutsLeft, NewFanout, ROUND_SCOPES_BYTES, ScopeCursor, ScopePart, StaleProducts,
    parts, round_of,
};
use crate::store::{Advance, Result};

/// Products that a scope reaches, after the cursor.
pub async fn products_reached(
    conn: &mut PgConnection,
    scope: &Scope,
    mut cursor: ScopeCursor,
    limit: u32,
) -> Result<(Vec<String>, Option<ScopeCursor>)> {
    let parts = parts(scope);
    let mut reached: Vec<String> = Vec::new();
    while let Some(part) = parts.get(cursor.part) {
        let left = limit.saturating_sub(reached.len() as u32);
        if left == 0 {
            return Ok((reached, Some(cursor)));
        }
        let found = part_reached(conn, part, &cursor.after, left).await?;
        if (found.len() as u32) < left {
            cursor = ScopeCursor { part: cursor.part + 1, after: String::new() };
        } else if let Some(last) = found.last() {
            cursor.after.clone_from(last);
        }
        reached.extend(found);
    }
    Ok((reached, None))
}

/// Products of one part of a scope, after a product.
pub async fn part_reached(
    conn: &mut PgConnection,
    part: &ScopePart<'_>,
    after: &str,
    limit: u32,
) -> Result<Vec<String>> {
    let one = |id: &str| vec![id.to_owned()];
    let (sql, targets) = match part {
        ScopePart::All => (
            "SELECT product_id FROM view WHERE product_id > $2 AND cardinality($1::text[]) = 0
             ORDER BY product_id LIMIT $3",
            Vec::new(),
        ),
        ScopePart::Products(ids) => (
            "SELECT product_id FROM view WHERE product_id = ANY($1) AND product_id > $2
             ORDER BY product_id LIMIT $3",
            ids.to_vec(),
        ),
        ScopePart::Skus(skus) => (
            "SELECT DISTINCT product_id FROM variant WHERE sku = ANY($1) AND product_id > $2
             ORDER BY product_id LIMIT $3",
            skus.to_vec(),
        ),
        ScopePart::Category(id) => (
            "SELECT product_id FROM member
             WHERE listing = (SELECT number FROM listing WHERE kind = 'category' AND id = ANY($1))
               AND product_id > $2
             ORDER BY product_id LIMIT $3",
            one(id),
        ),
        ScopePart::Brand(id) => (
            "SELECT product_id FROM member
             WHERE listing = (SELECT number FROM listing WHERE kind = 'brand' AND id = ANY($1))
               AND product_id > $2
             ORDER BY product_id LIMIT $3",
            one(id),
        ),
    };
    sqlx::query_scalar(sql)
        .bind(targets)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await
        .map_err(database)
}

pub async fn add(conn: &mut PgConnection, task: &NewFanout<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO fanout
         (discount_id, topic, partition, \"offset\", scope, part, after_product, marked, deferred,
          created_at)
         VALUES ($1, $2, $3, $4, $5, 0, '', false, false, $6)",
    )
    .bind(task.discount_id)
    .bind(task.topic)
    .bind(task.partition)
    .bind(task.offset)
    .bind(pack(task.scope))
    .bind(clock::now().millis())
    .execute(conn)
    .await
    .map_err(database)
    .map(|_| ())
}

/// Enters a batch's products as stale, under a task for each partition that it moves.
pub async fn defer(conn: &mut PgConnection, ids: &[String], moves: &[Advance]) -> Result<()> {
    let topics: Vec<&str> = moves.iter().map(|m| m.partition.topic.as_str()).collect();
    let partitions: Vec<i32> = moves.iter().map(|m| m.partition.partition).collect();
    let offsets: Vec<i64> = moves.iter().map(|m| m.expected).collect();
    let tasks: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO fanout
         (discount_id, topic, partition, \"offset\", scope, part, after_product, marked, deferred,
          created_at)
         SELECT '', r.topic, r.partition, r.next, $4, 0, '', true, true, $5
         FROM unnest($1::text[], $2::int4[], $3::int8[]) AS r(topic, partition, next)
         RETURNING task",
    )
    .bind(topics)
    .bind(partitions)
    .bind(offsets)
    .bind(pack(&Scope::default()))
    .bind(clock::now().millis())
    .fetch_all(&mut *conn)
    .await
    .map_err(database)?;
    let Some(task) = tasks.into_iter().min() else { return Ok(()) };
    let marks: Vec<(i64, &str)> = ids.iter().map(|id| (task, id.as_str())).collect();
    enter_stale(
        conn,
        &marks,
        "deferred",
        "ON CONFLICT (product_id) DO UPDATE SET deferred = excluded.deferred
         WHERE stale.deferred IS NULL OR excluded.deferred < stale.deferred",
    )
    .await
}

/// Marks products stale for tasks of discounts.
pub async fn mark_stale(conn: &mut PgConnection, marks: &[(i64, &str)]) -> Result<()> {
    enter_stale(
        conn,
        marks,
        "task",
        "ON CONFLICT (product_id) DO UPDATE SET task = excluded.task
         WHERE stale.task IS NULL OR excluded.task < stale.task",
    )
    .await
}

/// Of several tasks that mark a product it belongs to the oldest: no later one ends before it, and
/// once it is computed again, it is so for all of them.
///
/// A row that is there is locked, also where its task stays: nobody clears it before this
/// transaction's task shows. One that another transaction is entering or clearing is waited for.
async fn enter_stale(
    conn: &mut PgConnection,
    marks: &[(i64, &str)],
    column: &'static str,
    on_conflict: &'static str,
) -> Result<()> {
    let mut marks = marks.to_vec();
    // In this order rows are locked; each once, as a statement may meet a row only once.
    marks.sort_unstable_by_key(|(task, id)| (*id, *task));
    marks.dedup_by_key(|(_, id)| *id);
    Rows::new(marks.len())
        .int8(column, marks.iter().map(|(task, _)| *task))
        .text("product_id", marks.iter().map(|(_, id)| *id))
        .insert(conn, "stale", on_conflict)
        .await
        .map(|_| ())
}

/// Whether products of deferred batches are stale.
pub async fn has_deferred(conn: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM stale WHERE deferred IS NOT NULL)")
        .fetch_one(conn)
        .await
        .map_err(database)
}

/// A task whose products are not all marked yet: one that has been begun before others, then the oldest. One
/// projector at a time marks: it takes up several tasks in one transaction, so that two could wait for one
/// another. The lock is taken only where there is a task.
pub async fn unmarked(conn: &mut PgConnection, marking: i64) -> Result<Option<FanoutTask>> {
    let row: Option<(i64, Vec<u8>, i64, String)> = sqlx::query_as(
        "SELECT task, scope, part, after_product FROM fanout
         WHERE NOT marked AND (SELECT pg_try_advisory_xact_lock($1))
         ORDER BY part = 0 AND after_product = '', task LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .bind(marking)
    .fetch_optional(conn)
    .await
    .map_err(database)?;
    row.map(|(task, scope, part, after)| {
        let cursor = ScopeCursor { part: usize::try_from(part).unwrap_or_default(), after };
        Ok(FanoutTask { task, scope: unpack(&scope)?, cursor })
    })
    .transpose()
}

/// Leaves what later tasks have to mark to this one. Those that have committed by now are seen.
pub async fn begin_round(conn: &mut PgConnection, task: i64) -> Result<Scope> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT task, scope FROM (
             SELECT task, scope, sum(length(scope)) OVER (ORDER BY task) AS bytes
             FROM fanout WHERE NOT marked AND task >= $1) AS waiting
         WHERE task = $1 OR bytes <= $2",
    )
    .bind(task)
    .bind(ROUND_SCOPES_BYTES)
    .fetch_all(&mut *conn)
    .await
    .map_err(database)?;
    let together = round_of(&rows)?;
    // By their numbers: further ones may have committed since.
    let tasks: Vec<i64> = rows.iter().map(|(task, _)| *task).collect();
    sqlx::query(
        "UPDATE fanout SET marked = (task <> $1), scope = CASE WHEN task = $1 THEN $2 ELSE scope END
         WHERE task = ANY($3)",
    )
    .bind(task)
    .bind(pack(&together))
    .bind(tasks)
    .execute(conn)
    .await
    .map_err(database)?;
    Ok(together)
}

/// How far marking a task's products has come.
pub async fn set_marked(
    conn: &mut PgConnection,
    task: i64,
    cursor: Option<&ScopeCursor>,
) -> Result<()> {
    let query = match cursor {
        Some(cursor) => {
            sqlx::query("UPDATE fanout SET part = $2, after_product = $3 WHERE task = $1")
                .bind(task)
                .bind(cursor.part as i64)
                .bind(&cursor.after)
        }
        None => sqlx::query("UPDATE fanout SET marked = true WHERE task = $1").bind(task),
    };
    query.execute(conn).await.map_err(database).map(|_| ())
}

/// How many products are stale, up to a limit.
pub async fn stale_count(conn: &mut PgConnection, limit: u32) -> Result<u64> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM stale LIMIT $1) AS counted")
            .bind(i64::from(limit))
            .fetch_one(conn)
            .await
            .map_err(database)?;
    Ok(count as u64)
}

/// Stale products that nobody else is entering or computing: those of deferred batches first, then
/// the oldest task's.
pub async fn stale(conn: &mut PgConnection, limit: u32) -> Result<StaleProducts> {
    let mut ids: Vec<String> = sqlx::query_scalar(
        "SELECT product_id FROM stale WHERE deferred IS NOT NULL
         ORDER BY deferred, product_id LIMIT $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await
    .map_err(database)?;
    let deferred = !ids.is_empty();
    let left = i64::from(limit) - ids.len() as i64;
    if left > 0 {
        let of_tasks: Vec<String> = sqlx::query_scalar(
            "SELECT product_id FROM stale WHERE deferred IS NULL
             ORDER BY task, product_id LIMIT $1 FOR UPDATE SKIP LOCKED",
        )
        .bind(left)
        .fetch_all(conn)
        .await
        .map_err(database)?;
        ids.extend(of_tasks);
    }
    Ok(StaleProducts { ids, deferred })
}

/// These are about to be computed; those that another transaction holds stay.
pub async fn clear_stale(conn: &mut PgConnection, ids: &[String]) -> Result<()> {
    sqlx::query(
        "DELETE FROM stale WHERE product_id = ANY(ARRAY(
             SELECT product_id FROM stale WHERE product_id = ANY($1) FOR UPDATE SKIP LOCKED))",
    )
    .bind(ids)
    .execute(conn)
    .await
    .map_err(database)
    .map(|_| ())
}

/// Ends the tasks that are marked whole and have no stale products left, of their own or of an
/// earlier task of their kind (which may stand for theirs), nor one that is yet to mark theirs.
///
/// This is right beside other projectors. Once a task's last mark is committed, each of its products
/// had at that moment a committed row of it or of an earlier task: one that it entered, or one that
/// it met and held, so that nobody could clear it before. If the row is no longer visible here,
/// whoever cleared it has committed, and has read the facts after clearing it, so after the task's
/// own were committed. A row that is being cleared is still visible, so its task does not end too
/// early. Tasks commit out of order: an earlier one that is not visible yet has either been met while
/// this one was marked, and was waited for, or its rows are not this one's. A task that was left to an earlier
/// one is marked with that one's last mark.
pub async fn finish(conn: &mut PgConnection) -> Result<FanoutsLeft> {
    sqlx::query(
        "DELETE FROM fanout WHERE task = ANY(ARRAY(
             SELECT task FROM fanout f WHERE marked AND task < coalesce(
               CASE WHEN deferred THEN (SELECT min(s.deferred) FROM stale s)
                    ELSE least((SELECT min(s.task) FROM stale s),
                               (SELECT min(u.task) FROM fanout u WHERE NOT u.marked)) END,
               9223372036854775807)
             FOR UPDATE SKIP LOCKED))",
    )
    .execute(&mut *conn)
    .await
    .map_err(database)?;
    let (tasks, configuration): (i64, bool) =
        sqlx::query_as("SELECT count(*), count(*) FILTER (WHERE topic = '') > 0 FROM fanout")
            .fetch_one(conn)
            .await
            .map_err(database)?;
    Ok(FanoutsLeft { tasks: tasks as u64, configuration })
}

/// How far each partition is reflected: to the first event whose fan-out is not complete.
pub async fn reflected(conn: &mut PgConnection) -> Result<Reflected> {
    let rows: Vec<(String, i32, i64, Option<i64>)> = sqlx::query_as(
        "SELECT p.topic, p.partition, p.next_offset,
                (SELECT min(f.\"offset\") FROM fanout f
                 WHERE f.topic = p.topic AND f.partition = p.partition)
         FROM position p",
    )
    .fetch_all(conn)
    .await
    .map_err(database)?;
    Ok(rows
        .into_iter()
        .map(|(topic, partition, next, pending)| (Partition { topic, partition }, next, pending))
        .collect())
}
