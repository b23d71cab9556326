//! The audits of the page cache and of the listing index, beside a feed of changes that a test can hold up.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web;
use projections::event::Kind;
use projections::index::changed::Changed;
use projections::market::Market;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tokio_util::sync::CancellationToken;
use vitrine::api::ApiState;
use vitrine::api::cached::Pages;
use vitrine::api::stored::Page;
use vitrine::cache::{Context, Filled, PageKind, PageRef};
use vitrine::config::Topics;
use vitrine::index::IndexVersion;
use vitrine::index::audit::{Findings as IndexFindings, IndexAudit};
use vitrine::index::follow::Told;
use vitrine::log::NewRecord;
use vitrine::log::embedded::EmbeddedLog;
use vitrine::projector::Projector;
use vitrine::projector::embedded::{TailOptions, run};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::ReadStore;
use vitrine::store::feed::Change;
use vitrine::store::sqlite::SqliteStore;
use vitrine::telemetry::audit::AuditMetrics;
use vitrine::warm::audit::{Audit, Findings};

use crate::harness::PATIENCE;
use crate::harness::state::{Parts, followed};

const TAIL: TailOptions = TailOptions {
    batch_max_events: 100,
    batch_max_bytes: 1 << 20,
    poll_interval: Duration::from_millis(20),
};

/// A projector, a store, a cache and what tells it, with no HTTP.
struct Shop {
    state: web::Data<ApiState>,
    pages: Arc<Pages>,
    audit: Arc<Audit>,
    /// While this is set no change is told.
    is_held_up: Arc<AtomicBool>,
    stop: CancellationToken,
    directory: tempfile::TempDir,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.is_held_up.store(false, Ordering::SeqCst);
        self.stop.cancel();
    }
}

/// Tells the cache of changes once it is let.
struct HeldUp {
    pages: Arc<Pages>,
    wait: Arc<AtomicBool>,
}

impl HeldUp {
    fn wait(&self) {
        while self.wait.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Told for HeldUp {
    fn changed(&self, change: &Change) {
        self.wait();
        self.pages.changed(change);
    }

    fn published(&self, before: &IndexVersion, now: &Arc<IndexVersion>, changed: &Changed) {
        self.wait();
        self.pages.published(before, now, changed);
    }
}

fn mug() -> PageRef<'static> {
    PageRef { kind: PageKind::Product, id: "mug", context: Context::default(), query: None }
}

fn generation(directory: &Path) -> std::path::PathBuf {
    directory.join("generation.db")
}

impl Shop {
    /// With one product, whose page is in the cache.
    async fn open() -> Shop {
        let directory = tempfile::tempdir().unwrap();
        let file = generation(directory.path());
        let store: Arc<dyn ReadStore> =
            Arc::new(SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap());
        let log = EmbeddedLog::open(directory.path(), Topics::default(), PATIENCE).await.unwrap();
        let log = Arc::new(log);
        let market = Market { id: "default".into(), currency: "USD".into(), locale: "en".into() };
        let projector = Arc::new(Projector::new(store.clone(), vec![market.clone()]));
        let (stop, progress) = (CancellationToken::new(), projector.progress());
        tokio::spawn(run(projector, log.clone(), TAIL, stop.clone()));
        let is_held_up = Arc::new(AtomicBool::new(false));
        let wait = Arc::clone(&is_held_up);
        let parts = Parts {
            store,
            log,
            markets: vec![market],
            sections: Vec::new(),
            admin_token: None,
            progress,
            stop: stop.clone(),
        };
        let heard = |pages: &Arc<Pages>| -> Arc<dyn Told> {
            Arc::new(HeldUp { pages: Arc::clone(pages), wait })
        };
        let (state, pages) = followed(parts, heard).await;
        let of_audit = AuditMetrics::new(state.metrics.registry()).unwrap();
        let audit = Arc::new(Audit::new(state.clone(), Arc::clone(&pages), 10, of_audit));
        let shop = Shop { state, pages, audit, is_held_up, stop, directory };
        shop.publish(Kind::Product, "product.upserted.v1", json!({"name": "Mug"})).await;
        shop.stock(1, 3).await;
        shop.shows("\"available\":3").await;
        shop
    }

    async fn publish(&self, kind: Kind, ty: &str, with: Value) {
        let mut data = json!({"product_id": "mug", "version": 1});
        let Value::Object(with) = with else { return };
        data.as_object_mut().unwrap().extend(with);
        let event = json!({
            "specversion": "1.0", "id": "1", "source": "/test", "type": ty,
            "time": "2026-01-01T00:00:00Z", "data": data,
        });
        let record = NewRecord { kind, payload: event.to_string().into() };
        self.state.log.append(&[record]).await.unwrap().whole().unwrap();
    }

    async fn stock(&self, version: u64, available: u64) {
        let with = json!({"sku": "mug", "version": version, "available": available});
        self.publish(Kind::Stock, "stock.set.v1", with).await;
    }

    fn page(&self) -> Page {
        Page::of(&self.state, &self.pages, &mug()).unwrap()
    }

    /// Waits until the store has the page so, and every change is told if it may be.
    async fn shows(&self, part: &str) {
        let waiting = async {
            loop {
                let loaded = self.page().load().await;
                let body = loaded.map(|loaded| loaded.answer.body().to_vec()).unwrap_or_default();
                if String::from_utf8_lossy(&body).contains(part) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the store shows it");
    }

    /// Fills the cache with the page, once all that was committed is told.
    async fn fill(&self) {
        let now = std::time::Instant::now();
        while !self.pages.following.is_beyond(now) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let page = self.page();
        let filled = self.pages.cache.fill(page.key(), |_| page.load()).await;
        assert!(matches!(filled, Ok(Filled::Loaded(_) | Filled::There)), "{filled:?}");
    }

    fn index_audit(&self) -> IndexAudit {
        IndexAudit {
            store: Arc::clone(&self.state.store),
            markets: self.state.markets.clone(),
            index: Arc::clone(self.state.index.as_ref().unwrap()),
            following: Arc::clone(&self.state.following),
            sample: 100,
        }
    }

    /// Changes the store, and no change says so.
    async fn behind_the_feed(&self, statement: &str) {
        let address = format!("sqlite:{}", generation(self.directory.path()).display());
        let mut connection = SqliteConnection::connect(&address).await.unwrap();
        let done = sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
        connection.close().await.unwrap();
    }

    /// Pages that were read from the store.
    fn reads(&self) -> u64 {
        let text = String::from_utf8(self.state.metrics.render().unwrap()).unwrap();
        let counts =
            text.lines().filter(|line| line.starts_with("vitrine_store_read_seconds_count"));
        counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_right_stays() {
    let shop = Shop::open().await;
    assert_eq!(shop.audit.run().await, Findings::default(), "there is nothing");
    shop.fill().await;
    assert_eq!(shop.audit.run().await, Findings { same: 1, ..Findings::default() });
    assert!(shop.pages.cache.has(shop.page().key()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_nobody_told_of_is_found_and_dropped() {
    let shop = Shop::open().await;
    shop.fill().await;
    shop.behind_the_feed("UPDATE stock SET available = 2").await;
    let findings = shop.audit.run().await;
    assert_eq!((findings.same, findings.changed, findings.different), (0, 0, 1), "{findings:?}");
    assert!(!shop.pages.cache.has(shop.page().key()));
    shop.fill().await;
    assert_eq!(shop.audit.run().await, Findings { same: 1, ..Findings::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_that_is_being_told_is_no_fault() {
    let shop = Shop::open().await;
    shop.fill().await;
    // The store has the change, and nobody is told: the cached page counts as valid.
    shop.is_held_up.store(true, Ordering::SeqCst);
    shop.stock(2, 2).await;
    shop.shows("\"available\":2").await;
    assert!(shop.pages.cache.has(shop.page().key()));
    let (audit, before) = (Arc::clone(&shop.audit), shop.reads());
    let auditing = tokio::spawn(async move { audit.run().await });
    while shop.reads() == before {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    shop.is_held_up.store(false, Ordering::SeqCst);
    let findings = auditing.await.unwrap();
    assert_eq!(findings, Findings { changed: 1, ..Findings::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn products_that_the_index_has_otherwise_are_read_again() {
    let shop = Shop::open().await;
    let pot = json!({"product_id": "pot", "name": "Pot"});
    shop.publish(Kind::Product, "product.upserted.v1", pot).await;
    let sale = json!({
        "discount_id": "sale", "name": "Sale", "kind": "percentage", "value": 1000,
        "scope": {"all": true},
    });
    shop.publish(Kind::Discount, "discount.upserted.v1", sale).await;
    let audit = shop.index_audit();
    let are_same = async |products: usize| {
        let same = IndexFindings { same: products, ..IndexFindings::default() };
        let waiting = async {
            while audit.run().await != same {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("all products are the same");
    };
    are_same(2).await;
    for (statement, products) in [
        ("UPDATE stock SET available = 2", 2),
        // Of the same version: nothing in it was to be looked at again.
        (
            "UPDATE product SET doc = (SELECT doc FROM product WHERE product_id = 'mug')
             WHERE product_id = 'pot'",
            2,
        ),
        (
            "INSERT INTO product SELECT 'tin', version, digest, time, partition, \"offset\", doc
             FROM product WHERE product_id = 'mug'",
            3,
        ),
        (
            "INSERT INTO product SELECT 'can', version, digest, time, partition, \"offset\", doc
             FROM product WHERE product_id = 'mug'",
            4,
        ),
        ("UPDATE product SET doc = NULL WHERE product_id = 'pot'", 3),
    ] {
        shop.behind_the_feed(statement).await;
        let before = audit.index.audited.counts();
        are_same(products).await;
        let after = audit.index.audited.counts();
        assert_eq!((before[2] + 1, before[3]), (after[2], after[3]), "{statement}: {after:?}");
    }
    // Of all products.
    shop.behind_the_feed("UPDATE discount SET terms = NULL, scope = NULL").await;
    let before = audit.index.audited.counts();
    are_same(3).await;
    let after = audit.index.audited.counts();
    assert_eq!((before[2] + 3, before[3]), (after[2], after[3]), "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_product_that_the_index_has_yet_to_follow_is_no_fault() {
    let shop = Shop::open().await;
    shop.is_held_up.store(true, Ordering::SeqCst);
    shop.stock(2, 2).await;
    shop.shows("\"available\":2").await;
    let audit = shop.index_audit();
    let version = audit.index.current().unwrap().number;
    let auditing = async {
        let findings = audit.run().await;
        assert_eq!(findings, IndexFindings { same: 1, ..IndexFindings::default() });
    };
    let releasing = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(audit.index.current().unwrap().number, version);
        shop.is_held_up.store(false, Ordering::SeqCst);
    };
    tokio::join!(auditing, releasing);
}
