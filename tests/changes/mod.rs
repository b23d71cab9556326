//! What the projector tells of its transactions: every page that differs after one is told of.

mod events;
mod pages_at;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use crate::harness::events::{discount, event, market, markets, price, product, stock};
use crate::harness::now;
use crate::harness::stream::{GROUPS, Rng, nasty};
use crate::postgres_server::Database;
use events::told_of;
use pages_at::{Pages, READERS, asked, drops, keys};
use projections::event::Kind;
use projections::instant::Instant;
use projections::listing::{Filters, Sort, Total};
use projections::market::Market;
use projections::page::{self, Reader};
use projections::placement::BOUNDARY;
use projections::text::Text;
use projections::view::{ListingKey, View};
use serde_json::{Value, json, to_value};
use vitrine::cache::Tag;
use vitrine::cache::first_pages::tags;
use vitrine::changes::{Change, ChangeCursor, FirstPage};
use vitrine::decode::{Decoded, structured};
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::pages::{self, Cards};
use vitrine::projector::{Batch, Bounds, Projector, Report, reconfigure};
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::query::{Keyset, ListingQuery, ReviewSort};
use vitrine::store::sqlite::{SqliteOptions, SqliteStore};
use vitrine::store::{Advance, ReadStore, Snapshot};

const LOW_STOCK: i64 = 5;
const DAY: Duration = Duration::from_secs(24 * 3600);

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
    /// Of batches.
    waits_since: Option<Clock>,
    _place: Place,
}

enum Place {
    Sqlite(#[expect(dead_code, reason = "dropped in the end")] tempfile::TempDir),
    Postgres(#[expect(dead_code, reason = "dropped in the end")] Database),
}

impl Fixture {
    async fn sqlite(bounds: Bounds) -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("generation-1.db");
        let store = SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap();
        Fixture::of(Arc::new(store), bounds, Place::Sqlite(directory)).await
    }

    async fn postgres(bounds: Bounds) -> Fixture {
        let database = Database::create().await;
        let options = PostgresOptions::default();
        let store = PostgresStore::open(&database.url(), options).await.unwrap();
        Fixture::of(Arc::new(store), bounds, Place::Postgres(database)).await
    }

    async fn of(store: Arc<dyn ReadStore>, bounds: Bounds, place: Place) -> Fixture {
        let cursor = store.changes(None).await.unwrap().cursor;
        let projector = Projector::new(store, markets(), bounds);
        Fixture { projector, cursor, next: 0, waits_since: None, _place: place }
    }

    fn store(&self) -> &dyn ReadStore {
        self.projector.store().as_ref()
    }

    /// Takes up all of these in one batch.
    async fn hear(&mut self, all: &[Said]) -> Report {
        let mut batch = Batch { since: self.waits_since, ..Batch::default() };
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

    async fn settle(&mut self) {
        while self.projector.fanout_step(u32::MAX).await.unwrap().more {}
        self.cursor = self.store().changes(None).await.unwrap().cursor;
    }
}

fn bounds(inline: u32, defer: u32) -> Bounds {
    Bounds {
        inline_products: inline,
        defer_products: defer,
        chunk_products: 2,
        chunk_products_max: 3,
        past: DAY,
        ahead: 30 * DAY,
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

/// Every transaction, of batches and of fan-outs, tells of every page that it changes.
async fn all_that_differs_is_told(mut fixture: Fixture, seed: u64, events: usize, compared: usize) {
    let all = nasty_with_tombstones(seed, events);
    let mut rng = Rng::new(seed);
    let ids: BTreeSet<String> = all
        .iter()
        .filter_map(|said| match said {
            Event(line) => serde_json::from_str::<Value>(line).ok(),
            Tombstone(..) => None,
        })
        .filter_map(|event| event["data"]["product_id"].as_str().map(str::to_owned))
        .collect();
    let at = Instant(now());
    let (most, rest) = all.split_at(all.len().saturating_sub(compared));
    fixture.hear(most).await;
    fixture.settle().await;
    let mut before = Pages::read(fixture.store(), &ids, at).await;
    let (mut transactions, mut differ, mut besides) = (0, 0, 0);
    let mut rest = rest;
    while !rest.is_empty() {
        let size = [1, 1, 1, 2, 4][rng.below(5)].min(rest.len());
        let (batch, later) = rest.split_at(size);
        fixture.hear(batch).await;
        rest = later;
        let mut more = true;
        while more {
            let change = fixture.told().await;
            let after = Pages::read(fixture.store(), &ids, at).await;
            let (d, b) = before.compare(&after, &change);
            (transactions, differ, besides) = (transactions + 1, differ + d, besides + b);
            before = after;
            more = rng.per_cent(70) && fixture.projector.fanout_step(u32::MAX).await.unwrap().more;
        }
    }
    let pages = before.listed.len() * transactions;
    println!("{transactions} transactions, {pages} pages: {differ} differ, {besides} told besides");
    assert!(differ > 0 && differ + besides < pages, "{differ} {besides} {pages}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_differs_is_told_with_sqlite() {
    for (seed, inline, defer) in [(1, 3, 1_000), (2, 100, 1_000), (3, 0, 1)] {
        let fixture = Fixture::sqlite(bounds(inline, defer)).await;
        all_that_differs_is_told(fixture, seed, 260, 40).await;
    }
    let further = if crate::harness::full() { 20 } else { 0 };
    for seed in 100..100 + further {
        let (inline, defer) = [(3, 1_000), (100, 1_000), (0, 1), (0, 3)][seed as usize % 4];
        let fixture = Fixture::sqlite(bounds(inline, defer)).await;
        all_that_differs_is_told(fixture, seed, 150 + 10 * (seed as usize % 20), 40).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_differs_is_told_with_postgres() {
    for (seed, inline, defer) in [(4, 3, 1_000), (5, 0, 2)] {
        let fixture = Fixture::postgres(bounds(inline, defer)).await;
        all_that_differs_is_told(fixture, seed, 260, 20).await;
    }
}

/// Five products in order of their prices, of which three are on a first page.
async fn five(fixture: &mut Fixture) -> BTreeSet<String> {
    let ids = ["a", "b", "c", "d", "e"];
    for (id, amount) in ids.into_iter().zip([100, 200, 300, 400, 500]) {
        let price = price(&format!("{id}-usd"), id, amount, json!({}));
        fixture.hear(&[Event(product(id, json!({}))), Event(price)]).await;
    }
    fixture.settle().await;
    ids.map(str::to_owned).into()
}

/// Compares all pages before and after; how many differ, and how many more are told of.
async fn compared(f: &mut Fixture, ids: &BTreeSet<String>, said: Said) -> (usize, usize) {
    let at = Instant(now());
    let before = Pages::read(f.store(), ids, at).await;
    let change = told_of(f, &[said]).await;
    let after = Pages::read(f.store(), ids, at).await;
    before.compare(&after, &change)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_on_a_page_says_when_it_changes_and_what_takes_its_place() {
    let mut fixture = Fixture::sqlite(bounds(100, 1_000)).await;
    let f = &mut fixture;
    let ids = five(f).await;
    let soon = json!({"valid_from": crate::harness::events::at(now() + 3_600_000)});
    let (differ, _) = compared(f, &ids, Event(price("e-soon", "e", 450, soon))).await;
    assert!(differ > 0, "a price to come moves `next_change_at` of pages that it is not on");
    let (differ, _) = compared(f, &ids, Tombstone(Kind::Price, "e-soon".into())).await;
    assert!(differ > 0, "and back");
    // A group pays so much that the product is not on its page; without that, everyone's price is its own.
    f.hear(&[Event(price("a-group", "a", 900, json!({"group": GROUPS[0]})))]).await;
    f.settle().await;
    let (differ, _) = compared(f, &ids, Tombstone(Kind::Price, "a-group".into())).await;
    assert!(differ > 0, "the product is on the group's page again");
    // What is dearer stays where it is on no page: only totals tell of what goes, and nothing of its price.
    let (_, besides) =
        compared(f, &ids, Event(price("e-usd", "e", 510, json!({"version": 2})))).await;
    let pages = markets().len() * READERS.len() * keys().len() * asked().len();
    assert!(besides < pages / 4, "{besides} of {pages}");
    let (differ, _) = compared(f, &ids, Tombstone(Kind::Product, "e".into())).await;
    assert!(differ > 0);
}

#[test]
fn ends_of_what_is_covered_are_told() {
    let filters = Filters::default();
    let query = ListingQuery {
        listing: &ListingKey::All,
        market: "default",
        group: None,
        sort: Sort::Newest,
        filters: &filters,
        at: Instant(100),
    };
    let total = Total::default();
    let page = |next: Option<i64>| FirstPage {
        query: query.clone(),
        name: None,
        places: &[],
        more: false,
        total,
        next_change_at: next.map(Instant),
    };
    let change = |covered: &[(i64, i64)], covers: &[(i64, i64)]| {
        let mut change = Change::default();
        (change.places.covered, change.places.covers) = (covered.to_vec(), covers.to_vec());
        change
    };
    for (covered, covers, next, touched) in [
        (None, Some((0, 200)), None, true),
        (None, Some((0, 200)), Some(150), false),
        (None, Some((0, 200)), Some(201), true),
        (None, Some((101, 200)), Some(150), true),
        (Some((0, 200)), None, Some(200), true),
        (Some((0, 200)), None, Some(150), false),
        (Some((101, 300)), None, Some(150), true),
    ] {
        let change = change(covered.as_slice(), covers.as_slice());
        assert_eq!(change.touches(&page(next)), touched, "{covered:?} {covers:?} {next:?}");
    }
}
