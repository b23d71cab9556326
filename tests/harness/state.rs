//! What pages are made from, in the process of the test: a store, an index that follows it, a cache.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use projections::market::Market;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vitrine::api::cached::Pages;
use vitrine::api::{ApiState, Reached};
use vitrine::cache::Limits;
use vitrine::changes::follow::Following;
use vitrine::config::{HomeSection, Topics};
use vitrine::index::follow::{Follower, Told};
use vitrine::index::scans::ScanLimits;
use vitrine::index::{IndexLimits, ListingIndex};
use vitrine::log::EventLog;
use vitrine::store::ReadStore;
use vitrine::telemetry::metrics::Metrics;
use vitrine::waits::Waits;

use super::PATIENCE;

/// What a state is made of.
pub struct Parts {
    pub store: Arc<dyn ReadStore>,
    pub log: Arc<dyn EventLog>,
    pub markets: Vec<Market>,
    pub sections: Vec<HomeSection>,
    pub admin_token: Option<String>,
    pub progress: watch::Receiver<u64>,
    pub stop: CancellationToken,
}

/// With an index and a cache that follow the store. `heard`: who hears of changes for the cache.
pub async fn followed(
    parts: Parts,
    heard: impl FnOnce(&Arc<Pages>) -> Arc<dyn Told>,
) -> (web::Data<ApiState>, Arc<Pages>) {
    let following = Arc::new(Following::default());
    let pages = Arc::new(Pages::new(Limits::default(), Arc::clone(&following)));
    let index = Arc::new(ListingIndex::new(IndexLimits {
        scans: ScanLimits { at_once: 2, waiting: 100 },
        max_bytes: 0,
    }));
    let follower = Follower {
        store: Arc::clone(&parts.store),
        markets: parts.markets.clone(),
        index: Arc::clone(&index),
        following: Arc::clone(&following),
        told: Some(heard(&pages)),
        images: None,
        waits: Waits::default(),
    };
    tokio::spawn(follower.run(parts.stop));
    let state = web::Data::new(ApiState {
        demand: Default::default(),
        index: Some(index),
        following: Arc::clone(&following),
        stale_if_error: PATIENCE,
        store: parts.store,
        log: parts.log,
        markets: parts.markets,
        low_stock_threshold: 5,
        sections: parts.sections.into(),
        admin_token: parts.admin_token,
        progress: parts.progress,
        reached: Reached::default(),
        pages: Some(Arc::clone(&pages)),
        readiness: Arc::new(|| Ok(())),
        waits_for: Arc::new(Vec::new),
        topics: Topics::default(),
        request_body_max_bytes: 1 << 20,
        request_body_within: Duration::from_secs(60),
        metrics: Arc::new(Metrics::new().unwrap()),
        successor: Default::default(),
        shadow: None,
    });
    while following.behind().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (state, pages)
}
