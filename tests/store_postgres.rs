//! The read store in PostgreSQL keeps the contract of every read store.

use std::sync::Arc;
use std::time::Duration;

use crate::postgres_server::Database;
use crate::store_contract::{Fixture, Store};
use projections::fold::Head;
use projections::instant::Instant;
use sqlx::Executor;
use sqlx::postgres::PgConnection;
use vitrine::store::facts::{FactWrites, Owner, Stamp};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};

impl Fixture for Database {
    async fn open(&self) -> Store {
        Arc::new(PostgresStore::open(&self.url(), PostgresOptions::default()).await.unwrap())
    }

    async fn open_beside(&self) -> Store {
        let mut conn = self.connect().await;
        let point = async |conn: &mut PgConnection, number: i64| {
            let sql = format!("UPDATE vitrine.current_generation SET number = {number}");
            conn.execute(sql.as_str()).await.unwrap();
        };
        conn.execute(
            "INSERT INTO vitrine.generation (number, schema_name, projection_version, created_at)
             SELECT 2, 'vitrine_g2', projection_version, 0 FROM vitrine.generation WHERE number = 1
             ON CONFLICT DO NOTHING",
        )
        .await
        .unwrap();
        point(&mut conn, 2).await;
        let store = self.open().await;
        point(&mut conn, 1).await;
        store
    }
}

crate::store_contract!(postgres, Database::create());

/// What a generation's schema is made of, as PostgreSQL tells it: columns, constraints, indexes, options.
async fn schema(conn: &mut PgConnection, name: &str) -> Vec<String> {
    let found: Vec<String> = sqlx::query_scalar(
        "WITH t AS (SELECT c.oid, c.relname FROM pg_class c
                    WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r')
         SELECT format('column %s %s %s %s', relname, attname, attnotnull, attstorage)
         FROM t JOIN pg_attribute a ON a.attrelid = t.oid WHERE attnum > 0
         UNION ALL SELECT format('constraint %s %s %s', relname, conname, pg_get_constraintdef(c.oid))
         FROM t JOIN pg_constraint c ON c.conrelid = t.oid
         UNION ALL SELECT format('index %s %s %s %s', relname, pg_get_indexdef(indexrelid),
                                 indisprimary, indisvalid)
         FROM t JOIN pg_index i ON i.indrelid = t.oid
         UNION ALL SELECT format('options %s %s %s', t.relname, c.reloptions, toast.reloptions)
         FROM t JOIN pg_class c ON c.oid = t.oid
         LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
         ORDER BY 1",
    )
    .bind(name)
    .fetch_all(conn)
    .await
    .unwrap();
    found.into_iter().map(|line| line.replace(&format!("{name}."), "")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filling_leaves_the_schema_as_it_was() {
    let database = Database::create().await;
    let _first = database.open().await;
    let store = database.open_beside().await;
    let mut conn = database.connect().await;
    let made = schema(&mut conn, "vitrine_g1").await;
    assert_eq!(schema(&mut conn, "vitrine_g2").await, made);
    store.begin_filling().await.unwrap();
    let filling = schema(&mut conn, "vitrine_g2").await;
    let indexes = |schema: &[String]| schema.iter().filter(|l| l.starts_with("index ")).count();
    assert_eq!(indexes(&made) - indexes(&filling), 11);
    // One was made before a crash.
    conn.execute("CREATE INDEX price_of_product ON vitrine_g2.price (product_id)").await.unwrap();
    store.close().await;
    let store = database.open_beside().await;
    store.end_filling().await.unwrap();
    assert_eq!(schema(&mut conn, "vitrine_g2").await, made);
    assert_eq!(store.snapshot().await.unwrap().meta("put_off").await.unwrap(), None);
}

/// Whoever is cut off in the middle of a `COPY` leaves no connection behind that answers out of step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_off_while_it_copies_leaves_no_connection_out_of_step() {
    let database = Database::create().await;
    let store = Arc::new(database.open().await);
    let stamp =
        Stamp { head: Head { version: 1, digest: 1 }, time: Instant(0), partition: 0, offset: 0 };
    let level = |n: usize| {
        let owner = Owner { product_id: "p".to_owned(), moved: false };
        ((format!("sku{n}"), "default".to_owned()), stamp, owner, Some(1))
    };
    let stock = (0..100_000).map(level).collect();
    let writes = Arc::new(FactWrites { stock, ..FactWrites::default() });
    let mut cut_off = 0;
    for round in 0..60_u64 {
        let (of, writes) = (Arc::clone(&store), Arc::clone(&writes));
        let copying = tokio::spawn(async move {
            let mut tx = of.begin_fill().await.unwrap();
            tx.save_facts(&writes).await.unwrap();
            std::future::pending::<()>().await;
        });
        tokio::time::sleep(Duration::from_millis(20 + 7 * round % 200)).await;
        copying.abort();
        cut_off += usize::from(copying.await.is_err_and(|ended| ended.is_cancelled()));
        for number in 0..8 {
            let (key, value) = (format!("k{number}"), format!("{round}.{number}"));
            let mut tx = store.begin().await.unwrap();
            tx.set_meta(&key, Some(&value)).await.unwrap();
            assert_eq!(tx.meta(&key).await.unwrap(), Some(value), "round {round}");
            tx.commit().await.unwrap();
        }
    }
    assert_eq!(cut_off, 60);
}
