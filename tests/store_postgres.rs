//! The read store in PostgreSQL keeps the contract of every read store.

use std::sync::Arc;
use std::time::Duration;

use crate::postgres_server::Database;
use crate::store_contract::support::{audience, everything, save_views, view_with};
use crate::store_contract::{Fixture, Store};
use projections::fold::Head;
use projections::instant::Instant;
use projections::listing::{Filters, Sort};
use projections::placement::Placement;
use projections::view::{ListingKey, View};
use sqlx::Executor;
use sqlx::postgres::PgConnection;
use vitrine::store::ViewWrite;
use vitrine::store::facts::{FactWrites, Owner, Stamp};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::query::ListingQuery;
use vitrine::store::seed::Seed;

impl Fixture for Database {
    async fn open(&self) -> Store {
        Arc::new(PostgresStore::open(&self.url(), PostgresOptions::default()).await.unwrap())
    }

    async fn open_beside(&self) -> (Store, Seed) {
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
        (store, Seed::Schema("vitrine_g1".to_owned()))
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
    let (store, _) = database.open_beside().await;
    let mut conn = database.connect().await;
    let made = schema(&mut conn, "vitrine_g1").await;
    assert_eq!(schema(&mut conn, "vitrine_g2").await, made);
    store.begin_filling().await.unwrap();
    let filling = schema(&mut conn, "vitrine_g2").await;
    let indexes = |schema: &[String]| schema.iter().filter(|l| l.starts_with("index ")).count();
    assert_eq!(indexes(&made) - indexes(&filling), 23);
    // One was made before a crash.
    conn.execute("CREATE INDEX price_of_product ON vitrine_g2.price (product_id)").await.unwrap();
    store.close().await;
    let (store, _) = database.open_beside().await;
    store.end_filling().await.unwrap();
    assert_eq!(schema(&mut conn, "vitrine_g2").await, made);
    assert_eq!(store.snapshot().await.unwrap().meta("put_off").await.unwrap(), None);
    store.seed_facts(&Seed::Schema("vitrine_g1".into())).await.unwrap();
    assert_eq!(schema(&mut conn, "vitrine_g2").await, made);
}

/// Listings are read from an index alone only where pages are known to be visible to all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_filled_is_vacuumed() {
    // A snapshot of somebody else at that moment, such as the server's own worker, holds pages back: not each time.
    for _ in 0..3 {
        let (pages, visible) = filled_pages().await;
        assert!(pages > 10);
        if visible == pages {
            return;
        }
    }
    panic!("pages of a table that was filled are not visible to all");
}

/// Pages of a table that was filled, and those that need no look at rows.
async fn filled_pages() -> (i32, i32) {
    let database = Database::create().await;
    let store = database.open().await;
    store.begin_filling().await.unwrap();
    let view = crate::store_contract::support::view();
    let ids: Vec<String> = (0..3_000).map(|i| format!("p{i}")).collect();
    let mut tx = store.begin_fill().await.unwrap();
    let audiences = [("default", None)];
    let numbers = tx.numbers(&[&ListingKey::All], &audiences).await.unwrap();
    let writes: Vec<ViewWrite<'_>> = ids
        .iter()
        .map(|product_id| ViewWrite {
            product_id,
            old: None,
            new: Some(&view),
            diff: Placement::diff(&Placement::default(), &Placement::of(&view, &numbers)),
        })
        .collect();
    tx.save_views(&writes).await.unwrap();
    tx.commit().await.unwrap();
    store.end_filling().await.unwrap();
    let mut conn = database.connect().await;
    sqlx::query_as(
        "SELECT relpages, relallvisible FROM pg_class WHERE oid = 'vitrine_g1.entry'::regclass",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap()
}

/// A store that has just been filled has no statistics: the planner takes nearly everything to be small. A filtered listing
/// is read entry by entry all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_do_not_need_statistics() {
    const PRODUCTS: i64 = 10_000;
    let database = Database::create().await;
    let store: Store = database.open().await;
    let mut conn = database.connect().await;
    for table in ["entry", "offer"] {
        let off = format!("ALTER TABLE vitrine_g1.{table} SET (autovacuum_enabled = false)");
        conn.execute(off.as_str()).await.unwrap();
    }
    let category = ListingKey::Category("mugs".to_owned());
    let view = view_with(|view| view.listings.push(category.clone()));
    let own = audience(Some("vip"), view.audiences[0].steps.clone());
    let own = View { audiences: vec![view.audiences[0].clone(), own], ..view.clone() };
    let ids: Vec<String> = (0..PRODUCTS).map(|i| format!("p{i:05}")).collect();
    let view_of = |id: &String| if id == "p00000" { &own } else { &view };
    let views: Vec<(&str, Option<&View>)> =
        ids.iter().map(|id| (id.as_str(), Some(view_of(id)))).collect();
    save_views(&store, &views).await;
    let filters = Filters { min_price: Some(0), ..Filters::default() };
    for group in [None, Some("vip")] {
        for listing in [&ListingKey::All, &category] {
            let sort = Sort::Newest;
            let query = ListingQuery { listing, group, sort, filters: &filters, ..everything(0) };
            let mut snapshot = store.snapshot().await.unwrap();
            let places = snapshot.listing(&query, None, u32::MAX).await.unwrap();
            let total = snapshot.listing_total(&query).await.unwrap();
            assert_eq!(
                (places.len() as i64, total.total as i64),
                (PRODUCTS, PRODUCTS),
                "{query:?}"
            );
        }
    }
    store.close().await;
    // Connections tell what they have looked at as they end.
    let read = "SELECT sum(idx_blks_hit + idx_blks_read)::int8 FROM pg_statio_user_indexes
                WHERE schemaname = 'vitrine_g1' AND indexrelname IN ('entry_in_order', 'offer_pkey')";
    let mut looked_at: i64 = 0;
    for _ in 0..20 {
        looked_at = sqlx::query_scalar(read).fetch_one(&mut conn).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!((PRODUCTS..70 * PRODUCTS).contains(&looked_at), "{looked_at} pages of indexes");
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
