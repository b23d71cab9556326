//! Two generations in SQLite, each with a projector of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use projections::event::Kind;
use projections::instant::Instant;
use projections::product::Product;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tokio_util::sync::CancellationToken;
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::projector::{Batch, Projector};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::facts::{FactKeys, FactWrites, Stamp};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::sqlite::SqliteStore;
use vitrine::store::{Advance, ReadStore};
use vitrine::verdict::{Scope, Verdict, compare};

use crate::harness::events::{at, discount, event, markets, price, product, stock};
use crate::harness::{PATIENCE, now};
use crate::postgres_server::Database;

pub struct Side {
    pub projector: Projector,
    pub next: i64,
    place: Place,
}

enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(#[expect(dead_code, reason = "dropped in the end")] Database),
}

pub struct Sides {
    pub live: Side,
    pub new: Side,
}

/// Everything, as of now.
pub fn scope() -> Scope {
    Scope { follow_within: PATIENCE, ..Scope::new(markets(), 5, Instant(now())) }
}

pub fn paths(verdict: &Verdict) -> BTreeSet<String> {
    verdict.differences.iter().map(|difference| difference.path.clone()).collect()
}

/// Six mugs: in two categories, of a brand; one is dearer soon, one is not released, one has many reviews.
pub fn catalogue() -> Vec<String> {
    let mut lines = Vec::new();
    for i in 1..=6_i64 {
        let id = format!("p{i}");
        let released = if i == 5 { now() + 7_200_000 } else { now() - i * 86_400_000 };
        let category = if i % 2 == 0 { "cups" } else { "mugs" };
        lines.push(product(
            &id,
            json!({
                "released_at": at(released),
                "brand": {"id": "acme", "name": "Acme"},
                "categories": [{"id": category, "name": category, "path": ["all", category]}],
            }),
        ));
        lines.push(price(&format!("{id}-usd"), &id, i * 100, json!({})));
        lines.push(stock(&id, 1, i - 1));
    }
    lines.push(price("p2-soon", "p2", 250, json!({"valid_from": at(now() + 3_600_000)})));
    lines.push(price("p4-vip", "p4", 350, json!({"group": "vip"})));
    for i in 1..=7 {
        lines.push(review(&format!("r{i}"), "p1", 1, i));
    }
    lines.push(discount("spring", 10, json!({"scope": {"products": ["p6"]}})));
    lines
}

/// Created so many seconds after the epoch.
pub fn review(id: &str, product_id: &str, version: u64, second: i64) -> String {
    let data = json!({"review_id": id, "product_id": product_id, "version": version, "rating": 4,
        "created_at": at(second * 1000)});
    event("review.upserted.v1", 0, &data)
}

impl Side {
    async fn new() -> Side {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("generation.db");
        let store = SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap();
        Side::of(Arc::new(store), Place::Sqlite(directory))
    }

    pub async fn postgres() -> Side {
        let database = Database::create().await;
        let store = PostgresStore::open(&database.url(), PostgresOptions::default()).await.unwrap();
        Side::of(Arc::new(store), Place::Postgres(database))
    }

    fn of(store: Arc<dyn ReadStore>, place: Place) -> Side {
        Side { projector: Projector::new(store, markets()), next: 0, place }
    }

    pub fn store(&self) -> &Arc<dyn ReadStore> {
        self.projector.store()
    }

    fn batch(&self, lines: &[String]) -> Batch {
        let mut batch = Batch::default();
        for (offset, line) in (self.next..).zip(lines) {
            let position = Position { topic: "catalog".into(), partition: 0, offset };
            batch.push(position, Kind::Price, Record::plain(line.clone().into()));
        }
        assert!(batch.dead_letters.is_empty(), "{:?}", batch.dead_letters);
        batch
    }

    /// Takes up all of these in one batch.
    pub async fn hear(&mut self, lines: &[String]) {
        let mut batch = self.batch(lines);
        let partition = Partition { topic: "catalog".to_owned(), partition: 0 };
        let (expected, next) = (self.next, self.next + lines.len() as i64);
        batch.moves = vec![Advance { last: None, partition, expected, next }];
        self.next = next;
        self.projector.apply(&batch).await.unwrap();
    }

    /// Moves on without events.
    pub async fn skip_to(&mut self, next: i64) {
        let partition = Partition { topic: "catalog".to_owned(), partition: 0 };
        let moves = vec![Advance { last: None, partition, expected: self.next, next }];
        self.next = next;
        self.projector.apply(&Batch { moves, ..Batch::default() }).await.unwrap();
    }

    /// Takes up what the other one does not know of, and nobody can tell from positions.
    pub async fn imagine(&self, lines: &[String]) {
        let batch = self.batch(lines);
        self.projector.apply(&batch).await.unwrap();
    }

    /// Changes rows behind everybody's back.
    pub async fn sql(&self, statement: &str) {
        let Place::Sqlite(directory) = &self.place else { panic!("not in SQLite") };
        let file = directory.path().join("generation.db");
        let url = format!("sqlite:{}", file.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let done = sqlx::query(statement).execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
        connection.close().await.unwrap();
    }

    /// Changes facts, with no event.
    pub async fn spoil_facts(&self, writes: &FactWrites) {
        let mut tx = self.store().begin().await.unwrap();
        tx.save_facts(writes).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Changes a product's data, with no event.
    pub async fn spoil(&self, id: &str, spoil: impl FnOnce(&mut Product)) {
        let mut snapshot = self.store().snapshot().await.unwrap();
        let facts = snapshot.product_facts(&[id.to_owned()]).await.unwrap().pop().unwrap();
        drop(snapshot);
        let mut product = facts.product.clone();
        spoil(&mut product);
        assert_ne!(product, facts.product);
        let mut tx = self.store().begin().await.unwrap();
        let keys = FactKeys { products: vec![id.to_owned()], ..FactKeys::default() };
        let head = tx.known(&keys).await.unwrap().products[id].head;
        let stamp = Stamp { head, time: facts.time, partition: 0, offset: 0 };
        let products = vec![(id.to_owned(), stamp, Some(product))];
        tx.save_facts(&FactWrites { products, ..FactWrites::default() }).await.unwrap();
        tx.commit().await.unwrap();
    }
}

impl Sides {
    pub async fn new() -> Sides {
        Sides { live: Side::new().await, new: Side::new().await }
    }

    /// The new one in PostgreSQL.
    pub async fn in_both_stores() -> Sides {
        Sides { live: Side::new().await, new: Side::postgres().await }
    }

    pub async fn both_hear(&mut self, lines: &[String]) {
        self.live.hear(lines).await;
        self.new.hear(lines).await;
    }

    /// All products of the live one.
    pub async fn ids(&self) -> Vec<String> {
        let mut snapshot = self.live.store().snapshot().await.unwrap();
        snapshot.product_ids("", 10_000).await.unwrap()
    }

    pub async fn compare(&self, scope: &Scope) -> Verdict {
        let (live, new) = (self.live.store(), self.new.store());
        compare(live, new, scope, &|_, _| {}, &CancellationToken::new()).await.unwrap()
    }
}
