//! Tombstones: what a message without a value removes stays removed until a higher version comes,
//! wherever the lines between batches lie.

use std::sync::Arc;

use crate::harness::events::{discount, event, markets, price, product, stock};
use crate::harness::now;
use crate::harness::stream::{GROUPS, Rng, nasty};
use bytes::Bytes;
use projections::event::Kind;
use projections::index::Index;
use projections::index::query::filters::Filters;
use projections::index::query::{AudienceView, Query};
use projections::index::writer::Writer;
use projections::instant::Instant;
use projections::listing::{ListingKey, Sort};
use projections::page::{self, Reader};
use serde_json::{Value, json, to_value};
use vitrine::decode::{Decoded, structured};
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::projector::{Batch, Projector, Report};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::dead_letter::DeadLetterFilter;
use vitrine::store::sqlite::SqliteStore;
use vitrine::store::{Advance, Snapshot};
use vitrine_oracle::{Asked, Listing, Oracle, Verdict, comparable};

const LOW_STOCK: i64 = 5;
const DAY: i64 = 24 * 3_600_000;

/// A message: a line of a stream, or the key of a tombstone.
#[derive(Clone, Debug)]
enum Said {
    Event(String),
    Tombstone(Kind, String),
}
use Said::{Event, Tombstone};

struct Fixture {
    projector: Projector,
    next: i64,
    _directory: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("generation-1.db");
        let store = SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap();
        let projector = Projector::new(Arc::new(store), markets());
        Fixture { projector, next: 0, _directory: directory }
    }

    /// Takes up all of these in one batch.
    async fn hear(&mut self, all: &[Said]) -> Report {
        let mut batch = Batch::default();
        let partition = Partition { topic: "catalog".to_owned(), partition: 0 };
        let start = self.next;
        for said in all {
            let position =
                Position { topic: partition.topic.clone(), partition: 0, offset: self.next };
            let (kind, record) = match said {
                // The topic's kind does not matter to an event.
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

    /// Takes them up in batches that end at these places.
    async fn hear_cut(&mut self, all: &[Said], cuts: &[usize]) -> Report {
        let mut sum = Report::default();
        let mut start = 0;
        for end in cuts.iter().copied().chain([all.len()]) {
            let report = self.hear(&all[start..end]).await;
            sum.applied += report.applied;
            sum.repeated += report.repeated;
            sum.stale += report.stale;
            sum.conflicts += report.conflicts;
            sum.refused += report.refused;
            start = end;
        }
        sum
    }

    async fn snapshot(&self) -> Box<dyn Snapshot> {
        self.projector.store().snapshot().await.unwrap()
    }

    async fn page(&self, id: &str, asked: Asked<'_>) -> Option<Value> {
        let mut snapshot = self.snapshot().await;
        let facts = snapshot.product_facts(&[id.to_owned()]).await.unwrap().pop()?;
        let (reviews, _) = snapshot.latest_reviews(id).await.unwrap();
        let market = market_of(asked);
        let page = page::product_page(&facts, &reviews, &reader(asked, &market))?;
        Some(to_value(page).unwrap())
    }

    /// All answers are the oracle's.
    async fn check(&self, oracle: &Oracle, ids: &[String], asked: Asked<'_>) {
        for id in ids {
            let page = self.page(id, asked).await;
            if let Some(page) = &page {
                assert_eq!(page["meta"]["as_of"], oracle.as_of(id), "{id}");
            }
            assert_eq!(page.map(comparable), oracle.product_page(id, asked), "{id} {asked:?}");
        }
        let index = self.index(ids).await;
        let market = market_of(asked);
        let reader = reader(asked, &market);
        let at = markets().iter().position(|m| m.id == asked.market).unwrap();
        let view = AudienceView::new(&index, at, asked.group, asked.at);
        let card = |product, variant| {
            to_value(index.card_facts(&view, product, variant)?.body(&reader)).ok()
        };
        for id in ids {
            let found = index.number_of(id).and_then(|product| card(product, None));
            assert_eq!(found, oracle.whole_card(id, asked), "{id} {asked:?}");
        }
        let mut listings = oracle.listings();
        listings.insert(("all", String::new()));
        for (kind, id) in listings {
            let listing = match kind {
                "category" => ListingKey::Category(id.clone()),
                "brand" => ListingKey::Brand(id.clone()),
                _ => ListingKey::All,
            };
            for (sort, filters) in Sort::ALL.into_iter().map(|sort| (sort, Filters::default())) {
                let query = Query {
                    listing: &listing,
                    market: at,
                    group: asked.group,
                    locale: asked.locale,
                    at: asked.at,
                    sort,
                    filters: &filters,
                    after: None,
                    limit: 1_000,
                    facets: false,
                };
                let answer = index.query(&query);
                let items = answer.items.iter();
                let found: Vec<Value> =
                    items.filter_map(|item| card(item.product, Some(item.variant))).collect();
                let expected = oracle.select(Listing { kind, id: &id }, asked, sort, &filters);
                assert_eq!(found, expected, "{kind} {id} {sort} {asked:?}");
            }
        }
    }

    /// An index of these products as they are stored.
    async fn index(&self, ids: &[String]) -> Index {
        let mut snapshot = self.snapshot().await;
        let mut writer = Writer::new(markets());
        for part in snapshot.index_parts(ids).await.unwrap() {
            writer.put(&part);
        }
        for discount in snapshot.discounts().await.unwrap() {
            writer.put_discount(discount);
        }
        writer.publish(Instant(now()))
    }
}

fn market_of(asked: Asked<'_>) -> projections::market::Market {
    markets().into_iter().find(|m| m.id == asked.market).unwrap()
}

fn reader<'a>(asked: Asked<'a>, market: &'a projections::market::Market) -> Reader<'a> {
    Reader {
        market,
        group: asked.group,
        locale: asked.locale,
        at: asked.at,
        low_stock_threshold: LOW_STOCK,
    }
}

fn asked(at: i64) -> Asked<'static> {
    Asked { market: "default", group: None, locale: None, at: Instant(at) }
}

fn oracle_of(all: &[Said]) -> Oracle {
    let mut oracle = Oracle::new(markets(), LOW_STOCK);
    for said in all {
        match said {
            Event(line) => {
                oracle.apply(line.as_bytes());
            }
            Tombstone(kind, key) => oracle.remove(*kind, key),
        }
    }
    oracle
}

fn review(version: u64, rating: u8, product_id: &str) -> String {
    let data = json!({"review_id": "r", "product_id": product_id, "version": version,
        "rating": rating});
    event("review.upserted.v1", 0, &data)
}

/// An entity of each kind with its key: its version, with one content or another.
fn entity(kind: Kind, version: u64, other: bool) -> (&'static str, String) {
    let n = i64::from(other) + 2;
    let with = json!({"version": version});
    match kind {
        Kind::Product => {
            ("mug", product("mug", json!({"version": version, "slug": format!("s{n}")})))
        }
        Kind::Price => ("p", price("p", "mug", n * 100, with)),
        Kind::Stock => ("mug@default", stock("mug", version, n)),
        Kind::Discount => ("d", discount("d", n, with)),
        Kind::Review => ("r", review(version, n as u8, "mug")),
    }
}

/// What all of it hangs on, but for the one that is tried.
fn background(kind: Kind) -> Vec<Said> {
    let mut all =
        vec![Event(price("regular", "mug", 1_000, json!({"market": "eu", "currency": "EUR"})))];
    all.push(Event(price("z-base", "mug", 5_000, json!({}))));
    if kind != Kind::Product {
        all.push(Event(product("mug", json!({}))));
    }
    all
}

#[tokio::test]
async fn a_removed_entity_comes_back_with_a_higher_version_only() {
    for kind in Kind::ALL {
        let said = |version, other| Event(entity(kind, version, other).1);
        let tombstone = Tombstone(kind, entity(kind, 1, false).0.to_owned());
        let gone = [
            tombstone.clone(), // of what nobody knows: nothing
            said(2, false),
            tombstone.clone(),
            tombstone.clone(), // again: nothing
            said(2, false),    // repeated
            said(2, true),     // a conflict
            said(1, true),     // stale
        ];
        let back = [&gone[..], &[said(3, false)]].concat();
        let expected =
            Report { applied: 2, repeated: 3, conflicts: 1, stale: 1, ..Report::default() };
        let all: Vec<usize> = (1..gone.len()).collect();
        let mut cuts: Vec<Vec<usize>> = all.iter().map(|cut| vec![*cut]).collect();
        cuts.extend([vec![], all, vec![2, 3], vec![3, 5]]);
        for cuts in cuts {
            let mut fixture = Fixture::new().await;
            fixture.hear(&background(kind)).await;
            assert_eq!(fixture.hear_cut(&gone, &cuts).await, expected, "{kind:?} {cuts:?}");
            let ids = ["mug".to_owned()];
            let before = oracle_of(&[&background(kind)[..], &gone].concat());
            fixture.check(&before, &ids, asked(now())).await;
            let report = fixture.hear(&back[gone.len()..]).await;
            assert_eq!(report, Report { applied: 1, ..Report::default() }, "{kind:?}");
            let after = oracle_of(&[&background(kind)[..], &back].concat());
            fixture.check(&after, &ids, asked(now())).await;
            assert_ne!(
                before.product_page("mug", asked(now())),
                after.product_page("mug", asked(now()))
            );
        }
    }
}

#[tokio::test]
async fn what_has_moved_is_removed_where_it_is_now() {
    let moved = |version, owner: &str| {
        [
            Event(price("p", owner, 100, json!({"version": version}))),
            Event(review(version, 5, owner)),
            Event(event(
                "stock.set.v1",
                0,
                &json!({"sku": "s", "product_id": owner,
                "version": version, "available": 3}),
            )),
        ]
    };
    let products = ["a", "b"].map(|id| Event(product(id, json!({"variants": [{"sku": "s"}]}))));
    let tombstones = [(Kind::Price, "p"), (Kind::Review, "r"), (Kind::Stock, "s@default")]
        .map(|(kind, key)| Tombstone(kind, key.to_owned()));
    let all = [&products[..], &moved(1, "a"), &moved(2, "b"), &tombstones].concat();
    for cuts in [vec![], vec![5], vec![8], vec![2, 5, 8], vec![6, 9]] {
        let mut fixture = Fixture::new().await;
        fixture.hear_cut(&all, &cuts).await;
        let ids = ["a".to_owned(), "b".to_owned()];
        fixture.check(&oracle_of(&all), &ids, asked(now())).await;
        // They come back where the next version says.
        fixture.hear(&moved(3, "a")).await;
        fixture.check(&oracle_of(&[&all[..], &moved(3, "a")].concat()), &ids, asked(now())).await;
        let page = fixture.page("a", asked(now())).await.unwrap();
        assert_eq!(
            (&page["price"]["final"], &page["stock"]["available"], &page["reviews"]["count"]),
            (&json!(100), &json!(3), &json!(1))
        );
    }
}

/// A nasty stream in which entities are removed by tombstones too.
fn nasty_with_tombstones(seed: u64, events: usize, now: i64) -> Vec<Said> {
    let mut rng = Rng::new(seed);
    let mut keys = vec![(Kind::Product, "nobody".to_owned())];
    let mut all = Vec::new();
    for line in nasty(seed, events, now) {
        if let Ok(Decoded::Event { kind, event, .. }) = structured(line.as_bytes()) {
            keys.push((kind, event.entity_key()));
        }
        all.push(Event(line));
        if rng.per_cent(25) {
            let (kind, key) = keys[rng.below(keys.len())].clone();
            all.push(Tombstone(kind, key));
        }
    }
    all
}

#[tokio::test]
async fn the_lines_between_batches_do_not_show() {
    let now = now();
    for seed in 1..=4 {
        let all = nasty_with_tombstones(seed, 300, now);
        let oracle = oracle_of(&all);
        let mut ids = oracle.product_ids();
        ids.push("nobody".to_owned());
        let mut reports = Vec::new();
        for batch in [all.len(), 1, 7, 60] {
            let cuts: Vec<usize> = (batch..all.len()).step_by(batch).collect();
            let mut fixture = Fixture::new().await;
            reports.push(fixture.hear_cut(&all, &cuts).await);
            for at in [now, now - 3 * DAY, now + 3 * DAY, now + 900 * DAY] {
                fixture.check(&oracle, &ids, asked(at)).await;
            }
            let vip = Asked { market: "eu", group: Some(GROUPS[0]), ..asked(now) };
            fixture.check(&oracle, &ids, vip).await;
        }
        assert!(reports.iter().all(|report| *report == reports[0]), "{reports:#?}");
        let counted = [Verdict::Stale, Verdict::Conflict].map(|verdict| oracle.count(verdict));
        assert_eq!([reports[0].stale, reports[0].conflicts], counted);
    }
}

#[tokio::test]
async fn a_tombstone_that_names_nothing_is_a_dead_letter_and_kept_whole() {
    let fixture = Fixture::new().await;
    let record = Record {
        key: Some(Bytes::from_static(b"no location")),
        headers: vec![("h".into(), Bytes::from_static(b"\xff"))],
        value: None,
        timestamp: Some(Instant(7)),
    };
    let mut batch = Batch::default();
    let position = Position { topic: "catalog.stock".to_owned(), partition: 3, offset: 9 };
    batch.push(position, Kind::Stock, record.clone());
    fixture.projector.apply(&batch).await.unwrap();
    let letters =
        fixture.projector.store().dead_letters(DeadLetterFilter::Open, 0, 10).await.unwrap();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!((&*letter.code, &*letter.position), ("key.invalid", "catalog.stock:3:9"));
    let kept = fixture.projector.store().dead_letter(letter.id).await.unwrap().unwrap();
    assert_eq!(kept.record, record);
}
