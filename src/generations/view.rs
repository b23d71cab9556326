//! How a process answers from a generation: what differs from one to the next, and what they share.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use crate::api::cached::Pages;
use crate::api::current::Current;
use crate::api::{ApiState, Reached, Readiness, Sampler};
use crate::cache::{Demand, Limits};
use crate::catalogue::stores::Stores;
use crate::changes::follow::Following;
use crate::config::{CacheConfig, Config, IndexConfig};
use crate::index::follow::{Follower, Told};
use crate::index::images::Images;
use crate::index::scans::ScanLimits;
use crate::index::{IndexLimits, ListingIndex};
use crate::log::EventLog;
use crate::stack;
use crate::store::ReadStore;
use crate::tasks::Tasks;
use crate::telemetry::audit::AuditMetrics;
use crate::telemetry::generations::GenerationMetrics;
use crate::telemetry::metrics::Metrics;
use crate::waits::Waits;
use crate::warm::Warming;
use crate::warm::popularity::Popularity;

/// One generation, as a process answers from it.
pub struct View {
    pub state: web::Data<ApiState>,
    /// What looks after its page cache; without a cache there is none.
    pub warming: Option<Warming>,
}

impl View {
    pub fn generation(&self) -> i64 {
        self.state.store.generation()
    }
}

/// The view that is answered from now.
pub struct CurrentView {
    view: ArcSwap<View>,
    /// Its state, as requests take it.
    answered: web::Data<Current>,
}

impl CurrentView {
    pub fn new(view: Arc<View>) -> CurrentView {
        let answered = web::Data::new(Current::new(view.state.clone()));
        CurrentView { view: ArcSwap::new(view), answered }
    }

    /// What requests are answered from: it follows when the view is replaced.
    pub fn answered(&self) -> &web::Data<Current> {
        &self.answered
    }

    /// The view of now; whoever asks later may get another one.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// For a look that is over at once: cheaper.
    pub fn peek(&self) -> arc_swap::Guard<Arc<View>> {
        self.view.load()
    }

    /// From now on requests are answered from this one.
    pub fn replace(&self, view: Arc<View>) {
        self.answered.replace(view.state.clone());
        self.view.store(view);
    }
}

/// What all views of a process share.
pub struct Views {
    pub config: Config,
    pub log: Arc<dyn EventLog>,
    pub stores: Arc<Stores>,
    pub metrics: Arc<Metrics>,
    pub audit_metrics: AuditMetrics,
    pub generation_metrics: GenerationMetrics,
    pub readiness: Readiness,
    pub waits_for: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    pub popularity: Arc<Popularity>,
    pub demand: Demand,
    /// Draws pages to be compared with another generation's, if that is configured.
    pub shadow: Option<Arc<Sampler>>,
    /// Pages are answered: there is a cache, if it is configured.
    pub pages: bool,
    /// This process is a projector as well.
    pub is_projected: bool,
    pub waits: Waits,
    pub tasks: Tasks,
}

impl Views {
    /// A view of this store, with an index and an empty cache that follow its changes. Tasks of it
    /// end with `stop`.
    pub fn of(&self, store: Arc<dyn ReadStore>, stop: &CancellationToken) -> View {
        let followed = self.pages.then(|| self.follow(&store, stop));
        let state = self.state(store, followed);
        let metrics = self.audit_metrics.clone();
        let tasks = (&self.tasks, stop);
        let warming = Warming::start(&self.config, &state, &self.popularity, metrics, tasks);
        View { state, warming }
    }

    /// What pages are made from, of this store; without an index, only those that are made from facts.
    pub fn state(
        &self,
        store: Arc<dyn ReadStore>,
        followed: Option<Followed>,
    ) -> web::Data<ApiState> {
        let (config, generation) = (&self.config, store.generation());
        let (following, index, pages) = match followed {
            Some(Followed { following, index, pages }) => (following, Some(index), pages),
            None => Default::default(),
        };
        web::Data::new(ApiState {
            demand: self.demand.clone(),
            index,
            following,
            stale_if_error: Duration::from_secs(config.cache.stale_if_error_seconds),
            pages,
            store,
            log: Arc::clone(&self.log),
            markets: stack::markets(config),
            low_stock_threshold: i64::try_from(config.low_stock_threshold).unwrap_or(i64::MAX),
            sections: config.home.sections.clone().into(),
            admin_token: config.http.token().map(str::to_owned),
            progress: self.stores.progress(generation).subscribe(),
            reached: Reached::default(),
            readiness: Arc::clone(&self.readiness),
            waits_for: Arc::clone(&self.waits_for),
            topics: config.log.topics.clone(),
            request_body_max_bytes: config.http.request_body_max_bytes,
            request_body_within: Duration::from_secs(config.http.body_timeout_seconds),
            metrics: Arc::clone(&self.metrics),
            successor: Default::default(),
            shadow: self.shadow.clone(),
        })
    }

    /// The index and the page cache, which follow what any projector changes.
    fn follow(&self, store: &Arc<dyn ReadStore>, stop: &CancellationToken) -> Followed {
        let following = Arc::new(Following::default());
        let index = Arc::new(ListingIndex::new(index_limits(&self.config.index)));
        let has_cache = self.config.cache.max_bytes > 0;
        let pages = has_cache.then(|| {
            Arc::new(Pages::new(cache_limits(&self.config.cache), Arc::clone(&following)))
        });
        let follower = Follower {
            store: Arc::clone(store),
            markets: stack::markets(&self.config),
            index: Arc::clone(&index),
            following: Arc::clone(&following),
            told: pages.clone().map(|pages| -> Arc<dyn Told> { pages }),
            images: (self.config.index.image_seconds > 0).then(|| Images {
                directory: self.config.data_dir.clone(),
                generation: store.generation(),
                every: Duration::from_secs(self.config.index.image_seconds),
                ending: self.tasks.stop().clone(),
            }),
            waits: self.waits.of_generation(store.generation()),
        };
        self.tasks.run_to_end("following changes", stop, follower.run(stop.clone()));
        Followed { following, index, pages }
    }
}

/// What follows the changes of a store.
pub struct Followed {
    following: Arc<Following>,
    index: Arc<ListingIndex>,
    pages: Option<Arc<Pages>>,
}

/// The page cache's bounds, as they are configured.
fn cache_limits(config: &CacheConfig) -> Limits {
    let ttl = Duration::from_secs(config.ttl_seconds);
    Limits {
        max_bytes: config.max_bytes,
        ttl,
        stale_while_revalidate: ttl,
        stale_if_error: Duration::from_secs(config.stale_if_error_seconds),
        max_loads: config.max_loads,
        max_waiting: config.max_waiting_loads,
    }
}

/// The listing index's bounds, as they are configured.
pub fn index_limits(config: &IndexConfig) -> IndexLimits {
    let scans = ScanLimits { at_once: config.scans, waiting: config.max_waiting_scans };
    IndexLimits { scans, max_bytes: config.max_bytes }
}
