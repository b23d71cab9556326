//! Cached pages compared with the store: what shows a change that nobody told of.
//!
//! A page that is loaded anew may differ for a good reason: it has changed, and that is being told, or a
//! boundary has passed. So a difference counts only once all is known that was committed before the load
//! ended, and if the cached page counts as valid even then.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use actix_web::web;

use super::GIVE_WAY_AT_MOST;
use crate::api::ApiState;
use crate::api::cached::Pages;
use crate::api::stored::Page;
use crate::cache::{Coding, Context, Entry, Finished, Loaded, PageKey, PageRef, Version};
use crate::clock;
use crate::telemetry::audit::AuditMetrics;

/// How long an audit waits until changes are known that were committed before it.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);
const KNOWN_STEP: Duration = Duration::from_millis(5);

/// What one audit found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// As the store has them.
    pub same: usize,
    /// They changed meanwhile.
    pub changed: usize,
    /// Wrong, with nothing that says so.
    pub different: usize,
    /// They could not be compared.
    pub failed: usize,
    /// How long ago the oldest of those that are different was loaded.
    pub oldest_difference: Duration,
}

/// Compares cached pages with the store.
pub struct Audit {
    state: web::Data<ApiState>,
    pages: Arc<Pages>,
    /// Pages of one audit.
    sample: usize,
    metrics: AuditMetrics,
}

/// A cached page that the store has otherwise.
struct Suspect {
    key: PageKey,
    entry: Arc<Entry>,
    loaded_etag: String,
}

/// What a page and its load are to each other.
enum Compared {
    Same,
    Differs { loaded_etag: String },
    Failed,
}

impl Audit {
    pub fn new(
        state: web::Data<ApiState>,
        pages: Arc<Pages>,
        sample: usize,
        metrics: AuditMetrics,
    ) -> Audit {
        Audit { state, pages, sample, metrics }
    }

    /// Compares a sample of the cached pages. Those that are wrong are dropped.
    pub async fn run(&self) -> Findings {
        let (pages, most) = (Arc::clone(&self.pages), self.sample);
        let drawn = tokio::task::spawn_blocking(move || pages.cache.sample(most)).await;
        let mut findings = Findings::default();
        let mut suspects = Vec::new();
        for (key, entry) in drawn.unwrap_or_default() {
            self.state.demand.give_way(GIVE_WAY_AT_MOST).await;
            match self.compare(&key, &entry).await {
                Compared::Same => findings.same += 1,
                Compared::Differs { loaded_etag } => {
                    suspects.push(Suspect { key, entry, loaded_etag });
                }
                Compared::Failed => findings.failed += 1,
            }
        }
        self.judge(suspects, &mut findings).await;
        let Findings { same, changed, different, failed, oldest_difference } = findings;
        let results =
            [("same", same), ("changed", changed), ("different", different), ("failed", failed)];
        for (result, pages) in results {
            self.metrics.pages(result, pages);
        }
        self.metrics.ended(oldest_difference, clock::now());
        findings
    }

    async fn compare(&self, key: &PageKey, entry: &Entry) -> Compared {
        let Some(page) = Page::of(&self.state, &self.pages, &key.as_ref()) else {
            return Compared::Failed;
        };
        match page.load().await {
            // By a store that may be behind.
            Ok(Loaded { version: Some(Version(_)), .. }) => Compared::Failed,
            Ok(Loaded { answer, .. }) if same(&answer, entry.answer()) => Compared::Same,
            Ok(Loaded { answer, .. }) => {
                Compared::Differs { loaded_etag: answer.etag(Coding::Identity).to_string() }
            }
            Err(problem) => {
                tracing::debug!(%problem, ?key, "a page cannot be audited");
                Compared::Failed
            }
        }
    }

    /// Which of them are wrong, once all is known that could say why they differ.
    async fn judge(&self, suspects: Vec<Suspect>, findings: &mut Findings) {
        if suspects.is_empty() {
            return;
        }
        if !self.all_is_known(Clock::now()).await {
            findings.failed += suspects.len();
            return;
        }
        for Suspect { key, entry, loaded_etag } in suspects {
            if !self.pages.cache.is_answered(&key, &entry) {
                findings.changed += 1;
                continue;
            }
            let age = entry.age(&self.pages.cache.now());
            self.report(&key.as_ref(), &entry, &loaded_etag, age);
            self.pages.cache.discard(&key, &entry);
            findings.different += 1;
            findings.oldest_difference = findings.oldest_difference.max(age);
        }
    }

    async fn all_is_known(&self, committed_before: Clock) -> bool {
        let until = committed_before + KNOWN_WITHIN;
        while !self.pages.following.is_beyond(committed_before) {
            if Clock::now() >= until {
                return false;
            }
            tokio::time::sleep(KNOWN_STEP).await;
        }
        true
    }

    fn report(&self, page: &PageRef<'_>, entry: &Entry, loaded_etag: &str, age: Duration) {
        let PageRef { kind, id, context: Context { market, group, locale }, query } = *page;
        let market = self.state.markets.get(usize::from(market)).map(|market| market.id.as_str());
        tracing::error!(
            ?kind,
            id,
            market,
            group,
            locale,
            query,
            cached = %entry.answer().etag(Coding::Identity),
            store = %loaded_etag,
            loaded_seconds_ago = age.as_secs_f64(),
            "a cached page was not what the store says, and no change was told: it is dropped"
        );
    }
}

fn same(a: &Finished, b: &Finished) -> bool {
    a.status() == b.status()
        && a.next_change_at() == b.next_change_at()
        && a.etag(Coding::Identity) == b.etag(Coding::Identity)
        && a.body() == b.body()
}
