//! All pages that a request can name, before and after a transaction, and whether those that differ
//! are dropped.

use std::time::{Duration, Instant as Clock};

use actix_web::web;
use tokio_util::sync::CancellationToken;
use vitrine::api::ApiState;
use vitrine::api::cached::Pages;
use vitrine::api::stored::Page;
use vitrine::cache::{Context, Entry, PageKind, PageRef};
use vitrine::config::{HomeConfig, Topics};
use vitrine::index::follow::Told;
use vitrine::log::embedded::EmbeddedLog;

use super::*;
use crate::harness::PATIENCE;
use crate::harness::state::{Parts, followed};

const READERS: [Option<&str>; 2] = [None, Some(GROUPS[0])];
const LISTINGS: [(PageKind, &[&str]); 3] = [
    (PageKind::CategoryListing, &["c1", "c/2", "양말+%", "c4"]),
    (PageKind::BrandListing, &["b1", "b/2%", "브랜드"]),
    (PageKind::Listing, &[""]),
];

/// Few products on a page, so that there are more.
const QUERIES: [&str; 12] = [
    "limit=3",
    "sort=price_asc&limit=3",
    "sort=price_desc&limit=3",
    "sort=discount&limit=3",
    "sort=rating&limit=3",
    "sort=reviews&limit=3",
    "limit=3&in_stock=true",
    "sort=price_asc&limit=3&min_price=1000&on_sale=true",
    "sort=price_desc&limit=3&brand=b1",
    "sort=rating&limit=3&min_rating=3.00",
    "limit=3&facets=true",
    "sort=price_asc&limit=2&max_price=5000&facets=true&attr.colour=red",
];

/// An index and a cache that follow a store.
struct Shop {
    state: web::Data<ApiState>,
    pages: Arc<Pages>,
    stop: CancellationToken,
    _log: tempfile::TempDir,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A page as it was made.
struct Made {
    name: String,
    entry: Entry,
}

impl Made {
    fn body(&self) -> &[u8] {
        self.entry.answer().body()
    }
}

impl Shop {
    async fn open(fixture: &Fixture) -> Shop {
        let directory = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(directory.path(), Topics::default(), PATIENCE).await.unwrap();
        let stop = CancellationToken::new();
        let parts = Parts {
            store: Arc::clone(fixture.projector.store()),
            log: Arc::new(log),
            markets: markets(),
            sections: HomeConfig::default().sections,
            admin_token: None,
            progress: fixture.projector.progress(),
            stop: stop.clone(),
        };
        let (state, pages) = followed(parts, |pages| Arc::clone(pages) as Arc<dyn Told>).await;
        Shop { state, pages, stop, _log: directory }
    }

    /// Waits until the index reflects all that was committed, and the cache has heard.
    async fn follow(&self) {
        let then = Clock::now();
        while !self.state.following.is_beyond(then) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn all(&self, ids: &[&str]) -> Vec<Made> {
        let mut all = Vec::new();
        let several = ids.join("\n");
        for market in 0..markets().len() as u16 {
            for group in READERS {
                let context = Context { market, group, locale: None };
                let page = |kind, id, query| PageRef { kind, id, context, query };
                let mut asked = vec![
                    page(PageKind::Home, "", None),
                    page(PageKind::Cards, &several, None),
                    page(PageKind::Cards, &several, Some("page")),
                ];
                for id in ids {
                    asked.push(page(PageKind::Product, id, None));
                    asked.push(page(PageKind::Reviews, id, Some("newest;3")));
                }
                for (kind, ids) in LISTINGS {
                    let of = |id| QUERIES.map(|query| page(kind, id, Some(query)));
                    asked.extend(ids.iter().flat_map(|id| of(id)));
                }
                for asked in asked {
                    all.push(self.made(&asked).await);
                }
            }
        }
        all
    }

    async fn made(&self, asked: &PageRef<'_>) -> Made {
        let name = format!("{asked:?}");
        let canonical = asked.query.filter(|query| query.contains('='));
        let query = canonical.map(|query| {
            let params = vitrine::api::listings::parsed(Some(query)).unwrap();
            vitrine::api::listings::canonical(&params).unwrap()
        });
        let asked = PageRef { query: query.as_deref().or(asked.query), ..*asked };
        let page = Page::of(&self.state, &self.pages, &asked).unwrap_or_else(|| panic!("{name}"));
        let (version, begun) = (self.pages.cache.stamps().followed(), self.pages.cache.now());
        let loaded = page.load().await.unwrap();
        Made { name, entry: Entry::new(loaded, version, begun) }
    }

    /// Every page that differs is dropped. Answers how many differ, and how many more are dropped.
    #[track_caller]
    fn compare(&self, before: &[Made], after: &[Made]) -> (usize, usize) {
        let now = self.pages.cache.now();
        let (mut differ, mut besides) = (0, 0);
        for (before, after) in before.iter().zip(after) {
            let kept = before.entry.is_valid(self.pages.cache.stamps(), &now);
            let differs = before.body() != after.body();
            assert!(
                !kept || !differs,
                "{} differs\n{}\n{}",
                before.name,
                String::from_utf8_lossy(before.body()),
                String::from_utf8_lossy(after.body())
            );
            differ += usize::from(differs);
            besides += usize::from(!kept && !differs);
        }
        (differ, besides)
    }
}

/// The products of a stream.
fn products(all: &[Said]) -> Vec<String> {
    let mut ids: Vec<String> = all
        .iter()
        .filter_map(|said| match said {
            Event(line) => serde_json::from_str::<Value>(line).ok(),
            Tombstone(..) => None,
        })
        .filter_map(|event| event["data"]["product_id"].as_str().map(str::to_owned))
        .filter(|id| projections::event::valid_id(id))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whatever a batch changes, no page is kept that differs after it. Answers how many differ, and
/// how many others are dropped.
async fn all_that_differs_is_dropped(
    mut fixture: Fixture,
    seed: u64,
    events: usize,
    after: usize,
) -> (usize, usize) {
    let all = nasty_with_tombstones(seed, events);
    let mut rng = Rng::new(seed);
    let ids = products(&all);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (most, mut rest) = all.split_at(all.len().saturating_sub(after));
    fixture.hear(most).await;
    let shop = Shop::open(&fixture).await;
    shop.follow().await;
    let mut before = shop.all(&ids).await;
    let (mut batches, mut differ, mut besides) = (0, 0, 0);
    while !rest.is_empty() {
        let size = [1, 1, 1, 2, 4][rng.below(5)].min(rest.len());
        let (batch, later) = rest.split_at(size);
        rest = later;
        fixture.hear(batch).await;
        shop.follow().await;
        let after = shop.all(&ids).await;
        let (d, b) = shop.compare(&before, &after);
        (batches, differ, besides) = (batches + 1, differ + d, besides + b);
        before = after;
    }
    let pages = before.len() * batches;
    println!("{batches} batches, {pages} pages: {differ} differ, {besides} dropped besides");
    assert!(differ > 0);
    (differ, besides)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_differs_is_dropped_with_sqlite() {
    let further = if crate::harness::full() { 20 } else { 0 };
    let mut sum = (0, 0);
    for seed in (1..3).chain(100..100 + further) {
        let fixture = Fixture::sqlite().await;
        let events = 150 + 10 * (seed as usize % 20);
        let (differ, besides) = all_that_differs_is_dropped(fixture, seed, events, 30).await;
        sum = (sum.0 + differ, sum.1 + besides);
    }
    assert!(sum.1 < sum.0, "{sum:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_differs_is_dropped_with_postgres() {
    let fixture = Fixture::postgres().await;
    let (differ, besides) = all_that_differs_is_dropped(fixture, 4, 260, 15).await;
    assert!(besides < differ, "{besides} {differ}");
}
