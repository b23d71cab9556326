//! Fan-outs: which products a scope reaches, and which of them are still to be computed again.

use projections::discount::Scope;
use sqlx::sqlite::SqliteConnection;

use super::bulk::{for_rows, json_list};
use super::database;
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
    conn: &mut SqliteConnection,
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
    conn: &mut SqliteConnection,
    part: &ScopePart<'_>,
    after: &str,
    limit: u32,
) -> Result<Vec<String>> {
    let (sql, target) = match part {
        ScopePart::All => (
            "SELECT product_id FROM view WHERE product_id > ?2 AND ?1 = ''
             ORDER BY product_id LIMIT ?3",
            String::new(),
        ),
        ScopePart::Products(ids) => (
            "SELECT product_id FROM view
             WHERE product_id IN (SELECT value FROM json_each(?1)) AND product_id > ?2
             ORDER BY product_id LIMIT ?3",
            json_list(*ids),
        ),
        ScopePart::Skus(skus) => (
            "SELECT DISTINCT product_id FROM variant
             WHERE sku IN (SELECT value FROM json_each(?1)) AND product_id > ?2
             ORDER BY product_id LIMIT ?3",
            json_list(*skus),
        ),
        ScopePart::Category(id) => (
            "SELECT m.product_id FROM listing l JOIN member m ON m.listing = l.number
             WHERE l.kind = 'category' AND l.id = ?1 AND m.product_id > ?2
             ORDER BY m.product_id LIMIT ?3",
            (*id).to_owned(),
        ),
        ScopePart::Brand(id) => (
            "SELECT m.product_id FROM listing l JOIN member m ON m.listing = l.number
             WHERE l.kind = 'brand' AND l.id = ?1 AND m.product_id > ?2
             ORDER BY m.product_id LIMIT ?3",
            (*id).to_owned(),
        ),
    };
    sqlx::query_scalar(sql)
        .bind(target)
        .bind(after)
        .bind(limit)
        .fetch_all(conn)
        .await
        .map_err(database)
}

pub async fn add(conn: &mut SqliteConnection, task: &NewFanout<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO fanout
         (discount_id, topic, partition, \"offset\", scope, part, after_product, marked, deferred,
          created_at)
         VALUES (?, ?, ?, ?, ?, 0, '', 0, 0, ?)",
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
pub async fn defer(conn: &mut SqliteConnection, ids: &[String], moves: &[Advance]) -> Result<()> {
    let mut first: Option<i64> = None;
    for step in moves {
        let task: i64 = sqlx::query_scalar(
            "INSERT INTO fanout
             (discount_id, topic, partition, \"offset\", scope, part, after_product, marked,
              deferred, created_at)
             VALUES ('', ?, ?, ?, ?, 0, '', 1, 1, ?) RETURNING task",
        )
        .bind(&step.partition.topic)
        .bind(step.partition.partition)
        .bind(step.expected)
        .bind(pack(&Scope::default()))
        .bind(clock::now().millis())
        .fetch_one(&mut *conn)
        .await
        .map_err(database)?;
        first.get_or_insert(task);
    }
    let Some(task) = first else { return Ok(()) };
    let marks: Vec<(i64, &str)> = ids.iter().map(|id| (task, id.as_str())).collect();
    enter_stale(
        conn,
        &marks,
        "INSERT INTO stale (product_id, deferred)",
        "ON CONFLICT DO UPDATE SET deferred = excluded.deferred
         WHERE stale.deferred IS NULL OR excluded.deferred < stale.deferred",
    )
    .await
}

/// Marks products stale for tasks of discounts.
pub async fn mark_stale(conn: &mut SqliteConnection, marks: &[(i64, &str)]) -> Result<()> {
    enter_stale(
        conn,
        marks,
        "INSERT INTO stale (product_id, task)",
        "ON CONFLICT DO UPDATE SET task = excluded.task
         WHERE stale.task IS NULL OR excluded.task < stale.task",
    )
    .await
}

/// Of several tasks that mark a product it belongs to the oldest: no later one ends before it, and
/// once it is computed again, it is so for all of them.
async fn enter_stale(
    conn: &mut SqliteConnection,
    marks: &[(i64, &str)],
    insert: &str,
    on_conflict: &str,
) -> Result<()> {
    for_rows(conn, insert, 2, on_conflict, marks, |p, (task, id)| {
        p.bind(*id).bind(*task);
    })
    .await
}

/// Stale products: those of deferred batches first, then the oldest task's.
pub async fn stale(conn: &mut SqliteConnection, limit: u32) -> Result<StaleProducts> {
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "SELECT product_id, deferred FROM (
             SELECT product_id, 1 AS deferred FROM (
                 SELECT product_id FROM stale WHERE deferred IS NOT NULL
                 ORDER BY deferred, product_id LIMIT ?1)
             UNION ALL
             SELECT product_id, 0 FROM (
                 SELECT product_id FROM stale WHERE deferred IS NULL
                 ORDER BY task, product_id LIMIT ?1))
         LIMIT ?1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await
    .map_err(database)?;
    let deferred = rows.iter().any(|(_, deferred)| *deferred);
    Ok(StaleProducts { ids: rows.into_iter().map(|(id, _)| id).collect(), deferred })
}

/// Whether products of deferred batches are stale.
pub async fn has_deferred(conn: &mut SqliteConnection) -> Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM stale WHERE deferred IS NOT NULL)")
        .fetch_one(conn)
        .await
        .map_err(database)
}

/// A task whose products are not all marked yet: one that has been begun before others, then the oldest.
pub async fn unmarked(conn: &mut SqliteConnection) -> Result<Option<FanoutTask>> {
    let row: Option<(i64, Vec<u8>, i64, String)> = sqlx::query_as(
        "SELECT task, scope, part, after_product FROM fanout WHERE marked = 0
         ORDER BY part = 0 AND after_product = '', task LIMIT 1",
    )
    .fetch_optional(conn)
    .await
    .map_err(database)?;
    row.map(|(task, scope, part, after)| {
        let cursor = ScopeCursor { part: usize::try_from(part).unwrap_or_default(), after };
        Ok(FanoutTask { task, scope: unpack(&scope)?, cursor })
    })
    .transpose()
}

/// Leaves what later tasks have to mark to this one.
pub async fn begin_round(conn: &mut SqliteConnection, task: i64) -> Result<Scope> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT task, scope FROM (
             SELECT task, scope, sum(length(scope)) OVER (ORDER BY task) AS bytes
             FROM fanout WHERE marked = 0 AND task >= ?1)
         WHERE task = ?1 OR bytes <= ?2
         ORDER BY task",
    )
    .bind(task)
    .bind(ROUND_SCOPES_BYTES)
    .fetch_all(&mut *conn)
    .await
    .map_err(database)?;
    let together = round_of(&rows)?;
    // Those up to the last: the sum of their scopes only grows.
    let last = rows.last().map_or(task, |(last, _)| *last);
    sqlx::query(
        "UPDATE fanout SET marked = (task <> ?1), scope = CASE WHEN task = ?1 THEN ?2 ELSE scope END
         WHERE marked = 0 AND task BETWEEN ?1 AND ?3",
    )
    .bind(task)
    .bind(pack(&together))
    .bind(last)
    .execute(conn)
    .await
    .map_err(database)?;
    Ok(together)
}

/// How far marking a task's products has come.
pub async fn set_marked(
    conn: &mut SqliteConnection,
    task: i64,
    cursor: Option<&ScopeCursor>,
) -> Result<()> {
    let query = match cursor {
        Some(cursor) => {
            sqlx::query("UPDATE fanout SET part = ?2, after_product = ?3 WHERE task = ?1")
                .bind(task)
                .bind(cursor.part as i64)
                .bind(&cursor.after)
        }
        None => sqlx::query("UPDATE fanout SET marked = 1 WHERE task = ?1").bind(task),
    };
    query.execute(conn).await.map_err(database).map(|_| ())
}

/// Ends the tasks that are marked whole and have no stale products left, of their own or of an
/// earlier task of their kind (which may stand for theirs), nor one that is yet to mark theirs.
pub async fn finish(conn: &mut SqliteConnection) -> Result<FanoutsLeft> {
    sqlx::query(
        "DELETE FROM fanout WHERE marked = 1 AND CASE WHEN deferred
           THEN NOT EXISTS (SELECT 1 FROM stale s WHERE s.deferred <= fanout.task)
           ELSE NOT EXISTS (SELECT 1 FROM stale s WHERE s.task <= fanout.task)
            AND NOT EXISTS (SELECT 1 FROM fanout u WHERE u.marked = 0 AND u.task < fanout.task) END",
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
pub async fn reflected(conn: &mut SqliteConnection) -> Result<Reflected> {
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
