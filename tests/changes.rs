//! What the projector tells of its transactions: every page that differs after one is told of.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "as tests do")]

mod harness;
mod postgres_server;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use harness::events::{discount, event, market, markets, price, product, stock};
use harness::now;
use harness::stream::{GROUPS, Rng, nasty};
use postgres_server::Database;
use projections::event::Kind;
use projections::instant::Instant;
use projections::listing::{Filters, Sort, Total};
use projections::market::Market;
use projections::page::{self, Reader};
use projections::placement::BOUNDARY;
use projections::text::Text;
use projections::view::{ListingKey, View};
use serde_json::{Value, json, to_value};
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
        batch.moves = vec![Advance { partition, expected: start, next: self.next }];
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

fn reader<'a>(market: &'a Market, group: Option<&'a str>, at: Instant) -> Reader<'a> {
    Reader { market, group, locale: None, at, low_stock_threshold: LOW_STOCK }
}

/// A page of a listing, with all that it was asked for with.
struct Listed {
    key: ListingKey,
    market: String,
    group: Option<&'static str>,
    sort: Sort,
    filters: Filters,
    name: Option<Text>,
    places: Vec<Keyset>,
    more: bool,
    total: Total,
    next_change_at: Option<Instant>,
    body: Value,
}

impl Listed {
    fn first_page(&self, at: Instant) -> FirstPage<'_> {
        FirstPage {
            query: ListingQuery {
                listing: &self.key,
                market: &self.market,
                group: self.group,
                sort: self.sort,
                filters: &self.filters,
                at,
            },
            name: self.name.as_ref(),
            places: &self.places,
            more: self.more,
            total: self.total,
            next_change_at: self.next_change_at,
        }
    }
}

/// A product's pages, and what its scopes are found by.
#[derive(Default)]
struct Product {
    skus: Vec<String>,
    listings: Vec<ListingKey>,
    pages: Vec<Value>,
    cards: Vec<Value>,
}

/// All pages at one instant.
struct Pages {
    at: Instant,
    products: BTreeMap<String, Product>,
    listed: Vec<Listed>,
}

const READERS: [Option<&str>; 2] = [None, Some(GROUPS[0])];
const KEYS: [(&str, &[&str]); 2] =
    [("category", &["c1", "c/2", "양말+%", "c4"]), ("brand", &["b1", "b/2%", "브랜드"])];

fn keys() -> Vec<ListingKey> {
    let of = |(kind, ids): (&str, &'static [&str])| {
        let category = kind == "category";
        ids.iter().map(move |id| match category {
            true => ListingKey::Category((*id).to_owned()),
            false => ListingKey::Brand((*id).to_owned()),
        })
    };
    KEYS.into_iter().flat_map(of).chain([ListingKey::All]).collect()
}

/// Every order without filters, and some with.
fn asked() -> Vec<(Sort, Filters)> {
    let in_stock = Filters { in_stock: true, ..Filters::default() };
    let dear = Filters { min_price: Some(1_000), on_sale: true, ..Filters::default() };
    let branded = Filters { brands: vec!["b1".to_owned()], ..Filters::default() };
    let good = Filters { min_rating_hundredths: Some(300), ..Filters::default() };
    let filtered = [
        (Sort::Newest, in_stock),
        (Sort::PriceAsc, dear),
        (Sort::PriceDesc, branded),
        (Sort::Rating, good),
    ];
    Sort::ALL.into_iter().map(|sort| (sort, Filters::default())).chain(filtered).collect()
}

/// Places on a first page: few, so that there are more.
const LIMIT: u32 = 3;

impl Pages {
    async fn read(store: &dyn ReadStore, ids: &BTreeSet<String>, at: Instant) -> Pages {
        let mut snapshot = store.snapshot().await.unwrap();
        let mut pages = Pages { at, products: BTreeMap::new(), listed: Vec::new() };
        let of_all: Vec<String> = ids.iter().cloned().collect();
        for id in ids {
            let product = read_product(&mut *snapshot, id, at).await;
            pages.products.insert(id.clone(), product);
        }
        for market in markets() {
            for group in READERS {
                let reader = reader(&market, group, at);
                let cards = Cards::read(&mut *snapshot, &of_all, &market, at).await.unwrap();
                for (id, product) in &mut pages.products {
                    product.cards.push(to_value(cards.card(id, &reader)).unwrap());
                }
                for key in keys() {
                    for (sort, filters) in asked() {
                        let ask = (key.clone(), sort, filters);
                        pages.listed.push(listed(&mut *snapshot, ask, &market, group, at).await);
                    }
                }
            }
        }
        pages
    }

    /// Every page that differs afterwards is told of. Answers how many pages of listings differ, and how
    /// many more were told of.
    #[track_caller]
    fn compare(&self, after: &Pages, change: &Change) -> (usize, usize) {
        let at = self.at;
        for (id, before) in &self.products {
            let after = &after.products[id];
            let told = change.touches_product(id, &before.skus, &before.listings);
            assert!(
                told || before.pages == after.pages,
                "the page of {id} differs\n{:#?}\n{:#?}\n{change:#?}",
                before.pages,
                after.pages
            );
            let told = change.touches_card(id);
            assert!(told || before.cards == after.cards, "the card of {id} differs\n{change:#?}");
        }
        let (mut differ, mut besides) = (0, 0);
        for (before, after) in self.listed.iter().zip(&after.listed) {
            let told = change.touches(&before.first_page(at));
            let differs = before.body != after.body;
            assert!(
                told || !differs,
                "{:?} {} {:?} {} {:?} differs\n{:#}\n{:#}\n{change:#?}",
                before.key,
                before.market,
                before.group,
                before.sort,
                before.filters,
                before.body,
                after.body
            );
            differ += usize::from(differs);
            besides += usize::from(told && !differs);
        }
        (differ, besides)
    }
}

async fn read_product(snapshot: &mut dyn Snapshot, id: &str, at: Instant) -> Product {
    let ids = [id.to_owned()];
    let mut product = Product::default();
    let facts = snapshot.product_facts(&ids).await.unwrap().pop();
    let (latest, _) = snapshot.latest_reviews(id).await.unwrap();
    for market in markets() {
        for group in READERS {
            let Some(facts) = &facts else { continue };
            let page = page::product_page(facts, &latest, &reader(&market, group, at));
            product.pages.push(to_value(page).unwrap());
        }
    }
    for sort in ReviewSort::ALL {
        let reviews = snapshot.reviews(id, sort, None, 3).await.unwrap();
        product.pages.push(json!(format!("{:?} {:?}", reviews.items, reviews.total)));
    }
    if let Some(facts) = facts {
        let horizon = projections::horizon::Horizon::at(at);
        let view = View::compute(&facts, &markets(), &horizon);
        (product.skus, product.listings) = (view.skus, view.listings);
    }
    product
}

async fn listed(
    snapshot: &mut dyn Snapshot,
    (key, sort, filters): (ListingKey, Sort, Filters),
    market: &Market,
    group: Option<&'static str>,
    at: Instant,
) -> Listed {
    let id = market.id.as_str();
    let query = ListingQuery { listing: &key, market: id, group, sort, filters: &filters, at };
    assert!(snapshot.coverage().await.unwrap().holds(at));
    let (slice, total) =
        pages::counted_listing(snapshot, &query, market, None, LIMIT).await.unwrap();
    let name = snapshot.listing_name(&key).await.unwrap();
    let ids: Vec<String> = slice.places.iter().map(|place| place.product_id.clone()).collect();
    let cards = Cards::read(snapshot, &ids, market, at).await.unwrap();
    let reader = reader(market, group, at);
    let body = json!({
        "name": format!("{name:?}"), "total": total.total, "capped": total.capped,
        "items": cards.of_places(&slice.places, &reader), "more": slice.more,
        "last": format!("{:?}", slice.places.last()), "next": slice.next_change_at,
    });
    Listed {
        market: market.id.clone(),
        group,
        sort,
        name,
        places: slice.places,
        more: slice.more,
        total,
        next_change_at: slice.next_change_at,
        body,
        key,
        filters,
    }
}

/// A nasty stream in which entities are removed by tombstones too.
fn nasty_with_tombstones(seed: u64, events: usize) -> Vec<Said> {
    let mut rng = Rng::new(seed);
    let mut keys = Vec::new();
    let mut all = Vec::new();
    for line in nasty(seed, events, now()) {
        if let Ok(Decoded::Event { kind, event }) = structured(line.as_bytes()) {
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
    let further = if harness::full() { 20 } else { 0 };
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

fn strings(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn review(version: u64, rating: u8, product_id: &str) -> String {
    let data = json!({"review_id": "r", "product_id": product_id, "version": version,
        "rating": rating});
    event("review.upserted.v1", 0, &data)
}

fn mug(version: u64, with: Value) -> Said {
    let mut data = json!({
        "version": version, "variants": [{"sku": "mug"}],
        "brand": {"id": "acme", "name": "Acme"},
        "categories": [{"id": "cups", "name": "Cups", "path": ["cups"]}],
    });
    data.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    Event(product("mug", data))
}

/// What the projector tells of these.
async fn told_of(fixture: &mut Fixture, all: &[Said]) -> Change {
    fixture.hear(all).await;
    fixture.told().await
}

async fn each_kind_of_event_is_told(mut fixture: Fixture) {
    let f = &mut fixture;
    let cups = ListingKey::Category("cups".into());
    let acme = ListingKey::Brand("acme".into());
    let mugs = strings(&["mug"]);
    let told = told_of(f, &[mug(1, json!({}))]).await;
    assert_eq!((&told.products, &told.listings), (&mugs, &vec![cups.clone(), acme.clone()]));
    assert!(told.scopes.is_empty() && !told.everything && told.places.products[0].rows.is_empty());

    // A price places it in every listing that it is in, at once.
    let told = told_of(f, &[Event(price("p", "mug", 500, json!({})))]).await;
    assert_eq!((&told.products, &told.cards), (&mugs, &vec![0]));
    assert!(told.listings.is_empty() && told.names.is_empty());
    let places = &told.places.products[0];
    assert_eq!(places.rows.len(), 1, "the same in all of its listings: {places:#?}");
    let listings: BTreeSet<&ListingKey> =
        places.rows[0].listings.iter().map(|i| &told.places.listings[*i as usize]).collect();
    assert_eq!(listings, BTreeSet::from([&ListingKey::All, &cups, &acme]));
    assert!(places.rows[0].gone.is_empty());
    let newest = &places.rows[0].come;
    assert!(newest.iter().any(|row| row.sort == Sort::PriceAsc.number() && row.key == 500));
    assert!(newest.iter().all(|row| row.sort != BOUNDARY));

    // A stock count: the first makes it available, the next changes no row.
    let told = told_of(f, &[Event(stock("mug", 1, 9))]).await;
    assert!(told.places.products[0].rows.is_empty() && !told.places.products[0].offers.is_empty());
    let told = told_of(f, &[Event(stock("mug", 2, 8))]).await;
    assert_eq!((&told.products, &told.cards), (&mugs, &vec![0]));
    assert!(told.places.products.is_empty());
    assert!(told_of(f, &[Event(stock("mug", 2, 8))]).await.is_empty(), "repeated");

    let told = told_of(f, &[Event(review(1, 5, "mug"))]).await;
    let rows = &told.places.products[0].rows[0];
    assert!(
        rows.come.iter().all(|r| [Sort::Rating, Sort::Reviews].map(Sort::number).contains(&r.sort))
    );
    // Its text is on the product's page, and on no card.
    let text =
        json!({"review_id": "r", "product_id": "mug", "version": 2, "rating": 5, "title": "T"});
    let told = told_of(f, &[Event(event("review.upserted.v1", 0, &text))]).await;
    assert_eq!((&told.products, told.cards.len()), (&mugs, 0));

    let scoped = |version, scope: Value| {
        Event(discount("d", 10, json!({"version": version, "scope": scope})))
    };
    let told = told_of(f, &[scoped(1, json!({"brands": ["acme"]}))]).await;
    assert_eq!((told.scopes.len(), &told.scopes[0].brands), (1, &strings(&["acme"])));
    let told = told_of(f, &[scoped(2, json!({"categories": ["cups"]}))]).await;
    let scope = &told.scopes[0];
    assert_eq!((&scope.brands, &scope.categories), (&strings(&["acme"]), &strings(&["cups"])));
    assert!(told.touches_product("mug", &[], std::slice::from_ref(&cups)));
    assert!(!told.touches_product("cup", &[], &[]));
    f.settle().await;

    // Moved: the one that it has left is told of too.
    let told = told_of(f, &[Event(price("p", "cup", 500, json!({"version": 2})))]).await;
    assert_eq!(told.products, ["cup", "mug"]);
    let told = told_of(f, &[Tombstone(Kind::Stock, "mug@default".into())]).await;
    assert_eq!((&told.products, &told.cards), (&mugs, &vec![0]));
    let told = told_of(f, &[Tombstone(Kind::Discount, "d".into())]).await;
    assert_eq!(told.scopes[0].categories, strings(&["cups"]));
    f.settle().await;

    names_are_told(f, &cups).await;
    let told = told_of(f, &[Tombstone(Kind::Product, "mug".into())]).await;
    assert_eq!((&told.products, told.listings.contains(&acme)), (&mugs, true));
}

/// A newer event of a product: its name for a category counts for more.
async fn names_are_told(f: &mut Fixture, cups: &ListingKey) {
    let later = |version, name: &str| {
        let with = json!({"version": version, "name": "m",
            "categories": [{"id": "cups", "name": name, "path": ["cups"]}]});
        let Event(line) = mug(version, with) else { unreachable!() };
        let mut line: Value = serde_json::from_str(&line).unwrap();
        line["time"] = json!(harness::events::at(1_800_000_000_000 + version as i64));
        Event(line.to_string())
    };
    let told = told_of(f, &[later(2, "Cups")]).await;
    assert!(told.listings.is_empty(), "{told:#?}");
    assert!(told.names.contains(&(cups.clone(), Text::Plain("Cups".into()))));
    let told = told_of(f, &[later(3, "Tea")]).await;
    assert_eq!(told.listings, std::slice::from_ref(cups));
    let told = told_of(f, &[mug(4, json!({"categories": []}))]).await;
    assert!(told.listings.contains(cups));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_event_is_told_with_sqlite() {
    each_kind_of_event_is_told(Fixture::sqlite(bounds(100, 1_000)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_event_is_told_with_postgres() {
    each_kind_of_event_is_told(Fixture::postgres(bounds(100, 1_000)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_computed_later_is_told_then() {
    // Both are left to be computed: a discount that reaches too much, and a batch that touches too much.
    let mut fixture = Fixture::sqlite(bounds(0, 1)).await;
    let f = &mut fixture;
    f.hear(&[mug(1, json!({}))]).await;
    f.settle().await;
    let all = [
        Event(price("p", "mug", 500, json!({}))),
        Event(price("q", "cup", 500, json!({}))),
        Event(discount("d", 10, json!({}))),
    ];
    let told = told_of(f, &all).await;
    assert_eq!((&told.products, told.scopes[0].all), (&strings(&["cup", "mug"]), true));
    assert!(told.cards.is_empty() && told.places.products.is_empty());
    let mut later = Vec::new();
    while f.projector.fanout_step(u32::MAX).await.unwrap().more {
        later.push(f.told().await);
    }
    assert!(later.iter().any(|c| c.products == ["mug"] && c.cards == [0] && c.scopes.is_empty()));
    assert!(later.iter().any(|c| c.places.products.iter().any(|p| !p.rows.is_empty())));
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_markets_are_everything() {
    let mut fixture = Fixture::sqlite(bounds(0, 1)).await;
    assert!(!reconfigure::begin(fixture.store(), &markets()).await.unwrap());
    assert!(fixture.told().await.is_empty());
    fixture.hear(&[mug(1, json!({}))]).await;
    fixture.settle().await;
    let others = vec![market(("default", "GBP", "en"))];
    assert!(reconfigure::begin(fixture.store(), &others).await.unwrap());
    assert!(fixture.told().await.everything);
    let store = Arc::clone(fixture.projector.store());
    fixture.projector = Projector::new(store, others, bounds(0, 1));
    let mut told = Vec::new();
    loop {
        let more = fixture.projector.fanout_step(u32::MAX).await.unwrap().more;
        told.push(fixture.told().await);
        if !more {
            break;
        }
    }
    assert!(told.iter().any(|change| change.everything));
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
    let soon = json!({"valid_from": harness::events::at(now() + 3_600_000)});
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
