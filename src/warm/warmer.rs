//! Loads pages into the cache before anybody asks for them: one run at a time.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant as Clock;

use actix_web::web;
use projections::instant::Instant;
use projections::listing::ListingKey;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::GIVE_WAY_AT_MOST;
use super::pace::Work;
use super::popularity::Popularity;
use crate::api::ApiState;
use crate::api::cached::Pages;
use crate::api::problem::Problem;
use crate::api::stored::{Page, ProductPages};
use crate::cache::{Context, Entry, Filled, GetError, PageKey, PageKind, PageRef};
use crate::clock;
use crate::log::position::Reflected;

/// Loads at the same time.
const LOADS_AT_ONCE: usize = 2;
/// Pages of one load, at most. More would not be cheaper by much, and are older by the time they are kept.
const TOGETHER: usize = 20;

/// What a page counts ([`Popularity`]) that was asked for twice within the last half-hour or so. Of pages that were asked
/// for once a large shop has more than all others together; few of them are asked for again while they are kept.
const WORTH_WAITING_FOR: f64 = 1.5;

/// The bounds of a run.
#[derive(Clone, Copy, Debug)]
pub struct WarmLimits {
    pub max_pages: usize,
    /// At most; at least one.
    pub pages_per_second: u32,
}

/// How far the last run has come, or did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Progress {
    /// Which run of this process it is; 0 before the first.
    pub run: u64,
    pub state: RunState,
    /// Pages to go through.
    pub total: usize,
    /// Pages gone through. Those that are neither loaded nor failed nor skipped were in the cache.
    pub done: usize,
    pub loaded: usize,
    pub failed: usize,
    /// There is no such page any more, or it is one that is not kept.
    pub skipped: usize,
    /// Why the run ended before its last page.
    pub error: Option<&'static str>,
    pub started_at: Option<Instant>,
    /// How long it has taken so far.
    pub seconds: f64,
    #[serde(skip)]
    started: Option<Clock>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    #[default]
    Idle,
    Running,
}

impl Progress {
    fn begin(&mut self) {
        *self = Progress {
            run: self.run + 1,
            state: RunState::Running,
            started_at: Some(clock::now()),
            started: Some(Clock::now()),
            ..Progress::default()
        };
    }

    fn end(&mut self) {
        self.seconds = self.elapsed();
        self.started = None;
        self.state = RunState::Idle;
        if self.done < self.total && self.error.is_none() {
            self.error = Some("it was stopped");
        }
    }

    fn elapsed(&self) -> f64 {
        self.started.map_or(self.seconds, |started| started.elapsed().as_secs_f64())
    }
}

/// What a run goes through.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The most urgent first, each once.
    pub pages: Vec<PageKey>,
    /// Pages that were popular and make no sense any more.
    pub gone: usize,
}

/// What of a page came of it.
enum Outcome {
    There,
    Loaded,
    Failed,
    Skipped,
}

/// Fills a page cache.
pub struct Warmer {
    state: web::Data<ApiState>,
    pages: Arc<Pages>,
    popularity: Arc<Popularity>,
    limits: WarmLimits,
    progress: Arc<watch::Sender<Progress>>,
    /// While an urgent run is under way somebody has asked for all.
    all_wanted: AtomicBool,
    /// Not that of a thread that answers requests.
    runtime: Handle,
    stop: CancellationToken,
}

impl Warmer {
    /// To be called on the runtime that runs are to be on.
    pub fn new(
        state: web::Data<ApiState>,
        pages: Arc<Pages>,
        popularity: Arc<Popularity>,
        limits: WarmLimits,
        stop: CancellationToken,
    ) -> Warmer {
        let (runtime, progress) = (Handle::current(), Arc::default());
        let all_wanted = AtomicBool::default();
        Warmer { state, pages, popularity, limits, progress, all_wanted, runtime, stop }
    }

    pub fn state(&self) -> &web::Data<ApiState> {
        &self.state
    }

    pub fn pages(&self) -> &Arc<Pages> {
        &self.pages
    }

    /// How far its runs have come.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub fn popularity(&self) -> &Popularity {
        &self.popularity
    }

    pub fn progress(&self) -> Progress {
        let mut progress = self.progress.borrow().clone();
        progress.seconds = progress.elapsed();
        progress
    }

    /// Begins a run with what is worth to be warm now, in the background. False where one is under way:
    /// that is joined. `gone` pages were known to make no sense before.
    pub fn begin(self: &Arc<Self>, gone: usize) -> bool {
        self.begin_with(gone, 0.0)
    }

    /// The same for somebody who waits: without the pages that are hardly asked for. Where somebody asks for those
    /// meanwhile, they come after the others.
    pub fn begin_urgent(self: &Arc<Self>) -> bool {
        self.begin_with(0, WORTH_WAITING_FOR)
    }

    fn begin_with(self: &Arc<Self>, gone: usize, at_least: f64) -> bool {
        let Some(run) = Run::begin(&self.progress) else {
            if at_least == 0.0 {
                self.all_wanted.store(true, Ordering::Relaxed);
            }
            return false;
        };
        self.all_wanted.store(false, Ordering::Relaxed);
        let warmer = Arc::clone(self);
        self.runtime.spawn(async move {
            let _run = run;
            let run = async {
                warmer.run_usual(gone, at_least).await;
                if at_least > 0.0 && warmer.all_wanted.swap(false, Ordering::Relaxed) {
                    warmer.run_usual(gone, 0.0).await;
                }
            };
            tokio::select! {
                () = warmer.stop.cancelled() => {}
                () = run => {}
            }
            warmer.log();
        });
        true
    }

    /// Returns once no run is under way.
    pub async fn idle(&self) {
        let mut progress = self.progress.subscribe();
        // Its sender is ours.
        let _ = progress.wait_for(|progress| progress.state == RunState::Idle).await;
    }

    async fn run_usual(&self, gone: usize, at_least: f64) {
        match self.plan(at_least) {
            Ok(plan) => self.run(Plan { gone: plan.gone + gone, ..plan }).await,
            Err(problem) => {
                tracing::warn!(%problem, "the page cache cannot be warmed: the store cannot be read");
                let error = Some("the read store cannot be read");
                self.progress.send_modify(|progress| progress.error = error);
            }
        }
    }

    fn log(&self) {
        let Progress { total, done, loaded, failed, skipped, .. } = self.progress();
        if failed > 0 {
            tracing::warn!(
                total,
                done,
                loaded,
                failed,
                skipped,
                "pages could not be read to be warm"
            );
        } else if done == total && loaded > 0 {
            tracing::info!(total, loaded, skipped, "the page cache is warm");
        }
    }

    /// What is worth to be warm: the most popular pages that count so much, then those that every shop has.
    fn plan(&self, at_least: f64) -> Result<Plan, Problem> {
        let (limit, state) = (self.limits.max_pages, &self.state);
        let version = state.index_version()?;
        if version.reflected == Reflected::default() {
            // Nothing was ever projected: there is nothing to show.
            return Ok(Plan::default());
        }
        let mut listings: Vec<ListingKey> = version.index.listings().cloned().collect();
        listings.sort_unstable();
        drop(version);
        let popular = self.popularity.most_popular(limit, at_least, clock::now());
        let markets = 0..u16::try_from(state.markets.len()).unwrap_or(u16::MAX);
        let homes = markets.clone().map(|market| plain(PageKind::Home, "", market));
        let keys = std::iter::once(ListingKey::All).chain(listings);
        let listings = keys.flat_map(|key| {
            let kind = match key {
                ListingKey::All => PageKind::Listing,
                ListingKey::Category(_) => PageKind::CategoryListing,
                ListingKey::Brand(_) => PageKind::BrandListing,
            };
            markets.clone().map(move |market| plain(kind, key.id(), market))
        });
        let mut known = HashSet::new();
        let all = popular.into_iter().chain(homes).chain(listings);
        let pages = all.filter(|key| known.insert(key.clone())).take(limit).collect();
        Ok(Plan { pages, gone: 0 })
    }

    /// Goes through these pages. What counts as one run is for the caller to say.
    pub async fn run(&self, what: Plan) {
        let Plan { pages, gone } = what;
        self.progress.send_modify(|progress| {
            progress.total = pages.len() + gone;
            progress.done = gone;
            progress.skipped = gone;
            (progress.loaded, progress.failed) = (0, 0);
        });
        let work = Work::new(pages, self.limits.pages_per_second);
        let workers = (0..LOADS_AT_ONCE).map(|_| self.work(&work));
        futures_util::future::join_all(workers).await;
    }

    async fn work(&self, work: &Work) {
        // No more than may be loaded in a second.
        let together = TOGETHER.min(self.limits.pages_per_second.max(1) as usize);
        loop {
            let next = work.next_pages(together);
            if next.is_empty() {
                return;
            }
            // Where all pages are there, nothing else would let others run.
            tokio::task::yield_now().await;
            let next = self.without_those_there(next);
            for key in self.warm_products(next, work).await {
                let outcome = self.warm(&key, work).await;
                self.came_of(outcome, 1);
            }
        }
    }

    fn without_those_there(&self, mut keys: Vec<PageKey>) -> Vec<PageKey> {
        let before = keys.len();
        keys.retain(|key| !self.pages.cache.has(key));
        self.came_of(Outcome::There, before - keys.len());
        keys
    }

    fn came_of(&self, outcome: Outcome, pages: usize) {
        self.progress.send_modify(|progress| {
            progress.done += pages;
            match outcome {
                Outcome::There => {}
                Outcome::Loaded => progress.loaded += pages,
                Outcome::Failed => progress.failed += pages,
                Outcome::Skipped => progress.skipped += pages,
            }
        });
    }

    /// Loads those that are products' pages together. The others are left, and what did not come of it.
    async fn warm_products(&self, keys: Vec<PageKey>, work: &Work) -> Vec<PageKey> {
        let (products, mut left) = ProductPages::of(&self.state, keys);
        if products.keys().nth(1).is_none() {
            left.extend(products.into_keys());
            return left;
        }
        self.wait_for_turn(work, products.keys().count()).await;
        // Users may have brought some of them meanwhile.
        let asked = self.without_those_there(products.into_keys());
        if asked.is_empty() {
            return left;
        }
        let (products, _) = ProductPages::of(&self.state, asked);
        let load = |_| products.load(&self.state, &self.pages);
        let kept = match self.pages.cache.fill_together(load).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::debug!(%error, "pages cannot be loaded together to be warm");
                Vec::new()
            }
        };
        self.came_of(Outcome::Loaded, kept.len());
        let done: HashSet<&PageKey> = kept.iter().map(|(key, _)| key).collect();
        left.extend(products.keys().filter(|key| !done.contains(key)).cloned());
        self.compress(kept).await;
        left
    }

    async fn wait_for_turn(&self, work: &Work, pages: usize) {
        tokio::time::sleep_until(work.next_turn(pages).into()).await;
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        self.state.demand.give_way(GIVE_WAY_AT_MOST.saturating_mul(pages)).await;
    }

    /// What is not compressed now is when it is asked for.
    async fn compress(&self, loaded: Vec<(PageKey, Arc<Entry>)>) {
        let pages = Arc::clone(&self.pages);
        let compress = move || {
            for (key, entry) in loaded {
                pages.cache.compress_all(&key.as_ref(), &entry);
            }
        };
        let _ = tokio::task::spawn_blocking(compress).await;
    }

    async fn warm(&self, key: &PageKey, work: &Work) -> Outcome {
        let Some(page) = Page::of(&self.state, &self.pages, &key.as_ref()) else {
            return Outcome::Skipped;
        };
        self.wait_for_turn(work, 1).await;
        let filled = self.pages.cache.fill(key, |_| {
            let page = page.clone();
            async move { page.load().await }
        });
        match filled.await {
            Ok(Filled::There) => Outcome::There,
            Ok(Filled::NotKept) => Outcome::Skipped,
            Ok(Filled::Away) | Err(GetError::Busy) => Outcome::Failed,
            Ok(Filled::Loaded(entry)) => {
                self.compress(vec![(key.clone(), entry)]).await;
                Outcome::Loaded
            }
            Err(GetError::Load(problem)) => {
                tracing::debug!(%problem, ?key, "a page cannot be loaded to be warm");
                Outcome::Failed
            }
        }
    }
}

/// A page of everybody's, in the market's own language.
fn plain(kind: PageKind, id: &str, market: u16) -> PageKey {
    let context = Context { market, group: None, locale: None };
    PageKey::from(PageRef { kind, id, context, query: None })
}

/// The one run that is under way, which ends however its task does.
struct Run(Arc<watch::Sender<Progress>>);

impl Run {
    fn begin(progress: &Arc<watch::Sender<Progress>>) -> Option<Run> {
        let begun = progress.send_if_modified(|progress| {
            let idle = progress.state == RunState::Idle;
            if idle {
                progress.begin();
            }
            idle
        });
        begun.then(|| Run(Arc::clone(progress)))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.send_modify(Progress::end);
    }
}
