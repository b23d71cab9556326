//! Pages from the cache, and into it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use projections::index::changed::Changed;
use projections::instant::Instant;

use super::answer::Sent;
use super::cursor::Walk;
use super::problem::{Kind, Problem};
use super::reader::{Asked, Reading, Who};
use super::stored::Fresh;
use super::{ApiState, answer};
use crate::cache::entry::Held;
use crate::cache::stamps::{Slot, slots};
use crate::cache::{
    Coding, Entry, Finished, FirstPages, GetError, Got, Limits, LoadError, Loaded, Lookup,
    PageCache, PageRef, Source, SystemClock, Tag, Version, WatchedListing,
};
use crate::changes::follow::Following;
use crate::clock;
use crate::index::IndexVersion;
use crate::index::follow::Told;
use crate::log::position::ReadFrom;
use crate::store::feed::Change;
use crate::telemetry::cache::CacheCounts;

/// From when on cached pages are no longer known to be right, where the feed of changes cannot be read.
pub const UNKNOWN_AFTER: Duration = Duration::from_secs(1);
/// Larger bodies are compressed off the request threads: brotli takes some 20 ms a megabyte.
const COMPRESSED_INLINE_BYTES: usize = 65_536;

/// The page cache, and what keeps it right.
pub struct Pages {
    pub cache: Arc<PageCache<Problem>>,
    pub first_pages: FirstPages,
    pub following: Arc<Following>,
}

impl Pages {
    /// What is counted of the cache by now; what is waiting to be counted is counted.
    pub fn counts(&self) -> CacheCounts {
        self.cache.settle();
        CacheCounts { statistics: self.cache.statistics(), behind: self.following.behind() }
    }

    pub fn new(limits: Limits, following: Arc<Following>) -> Pages {
        Pages {
            cache: Arc::new(PageCache::new(limits, Arc::new(SystemClock))),
            first_pages: FirstPages::default(),
            following,
        }
    }
}

impl Told for Pages {
    fn changed(&self, change: &Change) {
        let version = self.first_pages.changed(self.cache.stamps(), change);
        self.cache.was_told(version);
    }

    fn published(&self, before: &IndexVersion, now: &Arc<IndexVersion>, changed: &Changed) {
        let stamps = self.cache.stamps();
        if let Some(version) = self.first_pages.published(stamps, before, now, changed) {
            self.cache.was_told(version);
        }
    }
}

impl LoadError for Problem {
    fn is_away(&self) -> bool {
        self.kind() == Kind::Unavailable
    }
}

/// What an answer is asked for by: owned, so that it can be made by whoever has to.
pub trait Ask: Clone + Send + Sync + 'static {
    /// The pattern of its path, for metrics.
    fn route(&self) -> &'static str;

    /// Where a walk goes on: such pages are not cached.
    fn walk(&self) -> Option<Walk> {
        None
    }

    /// What it is read from.
    fn read_from(&self) -> ReadFrom {
        ReadFrom::Index
    }

    /// Reads the page and puts it together.
    fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> impl Future<Output = Result<Made, Problem>> + Send;

    /// Why there is no such page, where there may be none.
    fn not_found(&self) -> Problem {
        Problem::internal()
    }
}

/// An answer that may be kept.
pub trait Kept: Ask {
    /// As the cache knows it.
    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a>;

    /// Whether it is held apart from what walks through the shop bring into the cache: the first pages of
    /// listings, for which no filter is set.
    fn apart(&self) -> bool {
        false
    }
}

/// For whom and when a page is made.
pub struct Asking<'a> {
    pub who: &'a Arc<Who>,
    /// The instant that was asked for.
    pub at: Option<Instant>,
}

/// A page that was made.
pub struct Made {
    /// `None`: there is no such page.
    pub body: Option<Vec<u8>>,
    pub next_change_at: Option<Instant>,
    /// What it depends on.
    pub slots: Box<[Slot]>,
    /// The first pages of listings on it.
    pub listings: Vec<WatchedListing>,
}

impl Made {
    /// A page of products, with no listing on it.
    pub fn page(body: Vec<u8>, next_change_at: Option<Instant>, slots: Box<[Slot]>) -> Made {
        Made { body: Some(body), next_change_at, slots, listings: Vec::new() }
    }

    /// There is no such page, until the product changes or is released.
    pub fn none(product_id: &str, released_at: Option<Instant>) -> Made {
        let slots = slots([Tag::Product(product_id)]);
        Made { body: None, ..Made::page(Vec::new(), released_at, slots) }
    }

    /// As it is kept. `reading` is what it was made from.
    pub(super) fn for_cache(self, pages: &Pages, reading: &Reading, apart: bool) -> Loaded {
        let Made { body, next_change_at, mut slots, listings } = self;
        let made_from = reading.index().ok().filter(|_| !listings.is_empty());
        let stamps = pages.cache.stamps();
        let watched = made_from.map(|version| pages.first_pages.watch(stamps, version, listings));
        if let Some(watched) = &watched {
            slots = slots.iter().copied().chain([watched.tag().slot()]).collect();
        }
        let status = if body.is_some() { 200 } else { 404 };
        Loaded {
            answer: Finished::new(status, body.unwrap_or_default(), next_change_at),
            slots,
            // A replica that stands in for the primary may not have seen what was told.
            version: reading.behind.then_some(Version(0)),
            valid_from: reading.at,
            held: watched.map(|watched| Held { bytes: watched.bytes(), what: watched }),
            apart,
        }
    }
}

/// Answers with a page: from the cache where it may be, else from the store.
pub async fn answer<A: Kept>(
    state: web::Data<ApiState>,
    request: &HttpRequest,
    asked: Asked,
    ask: A,
) -> Result<HttpResponse, Problem> {
    let cacheable = asked.at.is_none() && asked.wanted.positions.is_empty() && ask.walk().is_none();
    if let Some(shadow) = state.shadow.as_ref().filter(|_| cacheable) {
        shadow.asked(&ask.page(&asked.who));
    }
    let pages = state.pages.clone().filter(|_| cacheable);
    let behind = pages.as_ref().and_then(|pages| pages.following.behind());
    let (Some(pages), Some(behind)) = (pages, behind) else {
        return uncached(&state, request, &asked, &ask).await;
    };
    if behind > pages.cache.limits().stale_if_error {
        return uncached(&state, request, &asked, &ask).await;
    }
    let page = ask.page(&asked.who);
    let Got { entry, source } = match pages.cache.hit(&page) {
        Some(entry) => Got { entry, source: Source::Hit },
        None => loaded(&state, &pages, &asked, &ask).await?,
    };
    entry.count_asked();
    let finished = entry.answer();
    if finished.status() != 200 {
        return Err(ask.not_found());
    }
    let now = pages.cache.now();
    let is_followed = ask.read_from() == ReadFrom::Index;
    let unknown = behind > UNKNOWN_AFTER && (source == Source::Hit || is_followed);
    let kept = match source {
        _ if source.is_stale() || unknown => "stale",
        Source::Hit => "hit",
        _ => "miss",
    };
    let age = match source {
        // It is known to be right as long as the feed is.
        _ if unknown && is_followed => behind,
        Source::Hit | Source::Expired => behind.min(entry.age(&now)),
        Source::Away => entry.age(&now),
        _ => Duration::ZERO,
    };
    let coding = answer::coding(request.headers());
    let (coding, body) = form(&pages, &page, &entry, coding).await;
    let private = asked.who.group.is_some();
    Ok(Sent { finished, coding, body, kept, age, private }.send(
        state.store.generation(),
        request.headers(),
        now.at,
    ))
}

/// A page that is not there, or not any more.
async fn loaded<A: Kept>(
    state: &web::Data<ApiState>,
    pages: &Arc<Pages>,
    asked: &Asked,
    ask: &A,
) -> Result<Got, Problem> {
    let _waiting = state.demand.begin();
    let page = ask.page(&asked.who);
    let load = {
        let (state, pages, who, ask) =
            (state.clone(), Arc::clone(pages), Arc::clone(&asked.who), ask.clone());
        move |_: Version| {
            let (state, pages) = (state.clone(), Arc::clone(&pages));
            let (who, ask) = (Arc::clone(&who), ask.clone());
            async move { load(&state, &pages, &who, &ask, None).await }
        }
    };
    match pages.cache.get_or_load(&page, load).await {
        Ok(got) => Ok(got),
        Err(GetError::Busy) => {
            let detail = "too many pages are being read from the store; try again";
            Err(Problem::new(Kind::Unavailable, detail))
        }
        Err(GetError::Load(problem)) => {
            // Old, but known to be right for as long as changes were: longer than its age says.
            match pages.cache.lookup(&page, &pages.cache.now()) {
                Lookup::Expired(entry) if problem.is_away() => {
                    Ok(Got { entry, source: Source::Expired })
                }
                _ => Err(problem),
            }
        }
    }
}

/// The body in this coding. Large ones are compressed aside, so that no other request waits for it.
async fn form(
    pages: &Arc<Pages>,
    page: &PageRef<'_>,
    entry: &Arc<Entry>,
    coding: Coding,
) -> (Coding, Bytes) {
    let finished = entry.answer();
    if finished.body().len() > COMPRESSED_INLINE_BYTES && !finished.is_made(coding) {
        let aside = Arc::clone(entry);
        // Only where the runtime is shutting down it is not made: then it is made here.
        let _ = tokio::task::spawn_blocking(move || aside.answer().form(coding)).await;
        pages.cache.weigh_again(page, entry);
    }
    pages.cache.form(page, entry, coding)
}

/// A page for the cache: for now, or for an instant to come.
pub(super) async fn load<A: Kept>(
    state: &ApiState,
    pages: &Pages,
    who: &Arc<Who>,
    ask: &A,
    at: Option<Instant>,
) -> Result<Loaded, Problem> {
    let asking = Asking { who, at: None };
    let mut reading = Reading::fresh(state, ask.read_from(), at).await?;
    let made = ask.make(state, &asking, &mut reading).await?;
    state.metrics.store_read(ask.route(), reading.started.elapsed());
    Ok(made.for_cache(pages, &reading, ask.apart()))
}

/// A page as it is at an instant, past the cache and with nothing that watches it.
pub(super) async fn fresh<A: Ask>(
    state: &ApiState,
    who: &Arc<Who>,
    ask: &A,
    at: Instant,
) -> Result<Fresh, Problem> {
    let mut reading = Reading::fresh(state, ask.read_from(), Some(at)).await?;
    if reading.behind {
        let detail = "the primary of the read store is away, and a replica may be behind";
        return Err(Problem::new(Kind::Unavailable, detail));
    }
    let reflected = reading.reflected().await?;
    let made = ask.make(state, &Asking { who, at: None }, &mut reading).await?;
    Ok(Fresh { body: made.body, reflected })
}

/// Made for this request: at an instant, from a position on, within a walk, or without a cache.
pub(super) async fn uncached<A: Ask>(
    state: &ApiState,
    request: &HttpRequest,
    asked: &Asked,
    ask: &A,
) -> Result<HttpResponse, Problem> {
    let mut reading = asked.open(state, request, ask.walk(), ask.read_from()).await?;
    let _waiting = state.demand.begin();
    let asking = Asking { who: &asked.who, at: asked.at };
    let made = ask.make(state, &asking, &mut reading).await?;
    state.metrics.store_read(ask.route(), reading.started.elapsed());
    let Some(body) = made.body else { return Err(ask.not_found()) };
    let finished = Finished::new(200, body, made.next_change_at);
    let (coding, body) = finished.form(answer::coding(request.headers()));
    let private = asked.who.group.is_some() || asked.at.is_some();
    // The store is read as it is; the index may not have heard of it.
    let behind = state.following.behind().filter(|behind| *behind > UNKNOWN_AFTER);
    let behind = behind.filter(|_| ask.read_from() == ReadFrom::Index);
    let (kept, age) = behind.map_or(("miss", Duration::ZERO), |behind| ("stale", behind));
    let sent = Sent { finished: &finished, coding, body, kept, age, private };
    Ok(sent.send(reading.generation, request.headers(), clock::now()))
}
