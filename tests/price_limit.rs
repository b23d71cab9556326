//! A product has at most 10,000 live prices: what would be one more is a dead letter, and nothing
//! of it is lost.

use std::sync::Arc;

use bytes::Bytes;
use projections::event::Kind;
use projections::market::Market;
use serde_json::json;
use vitrine::decode::{Decoded, structured};
use vitrine::log::position::Position;
use vitrine::log::record::Record;
use vitrine::projector::{Batch, Incoming, Projector, Report};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::dead_letter::{DeadLetter, DeadLetterFilter};
use vitrine::store::sqlite::SqliteStore;

fn price(n: u64, version: u64, product_id: &str, removed: bool) -> Bytes {
    let mut data = json!({"price_id": format!("price-{n}"), "product_id": product_id,
        "version": version});
    if !removed {
        let more = json!({"market": "default", "currency": "USD", "amount": n});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    let ty = if removed { "price.removed.v1" } else { "price.set.v1" };
    json!({"specversion": "1.0", "id": "1", "source": "/test", "type": ty,
        "time": "2026-01-01T00:00:00Z", "data": data})
    .to_string()
    .into()
}

fn position(offset: i64) -> Position {
    Position { topic: "catalog.price".to_owned(), partition: 0, offset }
}

struct Fixture {
    projector: Projector,
    offset: i64,
    _directory: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("generation-1.db");
        let store = SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap();
        let market = Market { id: "default".into(), currency: "USD".into(), locale: "en".into() };
        let projector = Projector::new(Arc::new(store), vec![market]);
        Fixture { projector, offset: 0, _directory: directory }
    }

    async fn hear(&mut self, events: impl IntoIterator<Item = Bytes>) -> Report {
        self.take(events.into_iter().map(Record::plain)).await
    }

    async fn take(&mut self, records: impl IntoIterator<Item = Record>) -> Report {
        let mut batch = Batch::default();
        for record in records {
            batch.push(position(self.offset), Kind::Price, record);
            self.offset += 1;
        }
        self.projector.apply(&batch).await.unwrap()
    }

    async fn dead_letters(&self) -> Vec<DeadLetter> {
        self.projector.store().dead_letters(DeadLetterFilter::Open, 0, 100).await.unwrap()
    }

    async fn retry(&self, letter: &DeadLetter) -> Report {
        let Decoded::Event { event, .. } =
            structured(letter.record.value.as_ref().unwrap()).unwrap()
        else {
            panic!("an unknown type")
        };
        let position = letter.position.parse().unwrap();
        let incoming = Incoming::new(position, event, letter.record.clone());
        self.projector.retry(letter.id, incoming).await.unwrap()
    }
}

#[tokio::test]
async fn one_price_more_than_a_product_may_have() {
    let mut fixture = Fixture::new().await;
    let full = fixture.hear((0..9_999).map(|n| price(n, 1, "p", false))).await;
    assert_eq!((full.applied, full.refused), (9_999, 0));

    // The last that fits, a newer version of one that is there, one too many, another product's.
    let report = fixture
        .hear([
            price(9_999, 1, "p", false),
            price(0, 2, "p", false),
            price(10_000, 1, "p", false),
            price(10_001, 1, "q", false),
        ])
        .await;
    assert_eq!((report.applied, report.refused), (3, 1));
    let letters = fixture.dead_letters().await;
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.code, "data.price_id.too_many");
    assert_eq!(letter.position, position(10_001).to_string());
    assert_eq!(letter.entity_key.as_deref(), Some("price-10000"));
    assert_eq!(letter.record.value.as_deref().unwrap(), price(10_000, 1, "p", false));

    // There is no room yet; then there is, within the same batch too.
    assert_eq!(fixture.retry(letter).await.refused, 1);
    assert_eq!(fixture.dead_letters().await.len(), 1);
    let report = fixture.hear([price(1, 2, "p", true), price(2, 2, "q", false)]).await;
    assert_eq!((report.applied, report.refused), (2, 0));
    assert_eq!(fixture.retry(letter).await, Report { applied: 1, ..Report::default() });
    assert!(fixture.dead_letters().await.is_empty());
    let report = fixture.hear([price(20_000, 1, "p", false), price(20_001, 1, "p", false)]).await;
    assert_eq!((report.applied, report.refused), (1, 1));
}

#[tokio::test]
async fn a_tombstone_makes_room() {
    let mut fixture = Fixture::new().await;
    fixture.hear((0..10_000).map(|n| price(n, 2, "p", false))).await;
    // One goes, again, and its old version comes once more: there is room for one.
    let tombstone = || Record { key: Some("price-7".into()), ..Record::default() };
    let set = |n, version| Record::plain(price(n, version, "p", false));
    let report = fixture
        .take([tombstone(), tombstone(), set(7, 2), set(10_000, 1), set(10_001, 1), set(7, 3)])
        .await;
    assert_eq!((report.applied, report.repeated, report.refused), (2, 2, 2));
    let report = fixture.take([tombstone(), set(10_002, 1)]).await;
    assert_eq!((report.applied, report.repeated, report.refused), (0, 1, 1));
    // It comes back to where it was, once there is room.
    let free = Record { key: Some("price-8".into()), ..Record::default() };
    let report = fixture.take([free, set(8, 3), set(10_003, 1)]).await;
    assert_eq!((report.applied, report.refused), (2, 1));
}
