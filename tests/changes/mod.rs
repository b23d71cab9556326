//! What the projector tells of its transactions, and which pages are dropped for it: every one that
//! differs.

mod events;
mod pages_at;

use std::sync::Arc;

use crate::harness::events::{discount, event, markets, price, product, stock};
use crate::harness::now;
use crate::harness::stream::{GROUPS, Rng, nasty};
use crate::postgres_server::Database;
use projections::event::Kind;
use serde_json::{Value, json};
use vitrine::decode::{Decoded, structured};
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::projector::{Batch, Projector, Report};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::feed::{Change, ChangeCursor};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::sqlite::SqliteStore;
use vitrine::store::{Advance, ReadStore};

/// A message: a line of a stream, or the key of a tombstone.
#[derive(Clone, Debug)]
enum Said {
    Event(String),
    Tombstone(Kind, String),
}
use Said::{Event, Tombstone};

/// A projector with a store of its own, and where its feed of changes was read to.
struct Fixture {
    projector: Projector,
    cursor: ChangeCursor,
    next: i64,
    _place: Place,
}

enum Place {
    Sqlite(#[expect(dead_code, reason = "dropped in the end")] tempfile::TempDir),
    Postgres(#[expect(dead_code, reason = "dropped in the end")] Database),
}

impl Fixture {
    async fn sqlite() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("generation-1.db");
        let store = SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap();
        Fixture::of(Arc::new(store), Place::Sqlite(directory)).await
    }

    async fn postgres() -> Fixture {
        let database = Database::create().await;
        let options = PostgresOptions::default();
        let store = PostgresStore::open(&database.url(), options).await.unwrap();
        Fixture::of(Arc::new(store), Place::Postgres(database)).await
    }

    async fn of(store: Arc<dyn ReadStore>, place: Place) -> Fixture {
        let cursor = store.changes(None).await.unwrap().cursor;
        let projector = Projector::new(store, markets());
        Fixture { projector, cursor, next: 0, _place: place }
    }

    fn store(&self) -> &dyn ReadStore {
        self.projector.store().as_ref()
    }

    /// Takes up all of these in one batch.
    async fn hear(&mut self, all: &[Said]) -> Report {
        let mut batch = Batch::default();
        let partition = Partition { topic: "catalog".to_owned(), partition: 0 };
        let start = self.next;
        for said in all {
            let position = Position { topic: "catalog".into(), partition: 0, offset: self.next };
            let (kind, record) = match said {
                Event(line) => (Kind::Price, Record::plain(line.clone().into())),
                Tombstone(kind, key) => {
                    (*kind, Record { key: Some(key.clone().into()), ..Record::default() })
                }
            };
            batch.push(position, kind, record);
            self.next += 1;
        }
        batch.moves = vec![Advance { last: None, partition, expected: start, next: self.next }];
        self.projector.apply(&batch).await.unwrap()
    }

    /// What was told since the last time; at most one change.
    async fn told(&mut self) -> Change {
        let answer = self.store().changes(Some(&self.cursor)).await.unwrap();
        self.cursor = answer.cursor;
        assert!(!answer.lost && answer.changes.len() <= 1, "{:?}", answer.changes);
        answer.changes.into_iter().next().unwrap_or_default()
    }
}

/// A nasty stream in which entities are removed by tombstones too.
fn nasty_with_tombstones(seed: u64, events: usize) -> Vec<Said> {
    let mut rng = Rng::new(seed);
    let mut keys = Vec::new();
    let mut all = Vec::new();
    for line in nasty(seed, events, now()) {
        if let Ok(Decoded::Event { kind, event, .. }) = structured(line.as_bytes()) {
            keys.push((kind, event.entity_key()));
        }
        all.push(Event(line));
        if rng.per_cent(12) && !keys.is_empty() {
            let (kind, key) = keys[rng.below(keys.len())].clone();
            all.push(Tombstone(kind, key));
        }
    }
    all
}
