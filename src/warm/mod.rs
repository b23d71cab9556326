//! The page cache filled before anybody asks, and looked after.
//!
//! - [`popularity`] knows which pages are asked for most, also after a restart ([`stored`]).
//! - [`warmer`] loads those, and the pages that every shop has: at the [`start`], by the clock, and when it
//!   is asked to; [`remote`] asks other instances.
//! - [`ahead`] loads pages as they will be from a boundary on, shortly before it.
//! - [`audit`] compares cached pages with the store, whether or not a change was told.
//!
//! None of it is in a hurry: it gives way to those who ask for pages.

mod ahead;
pub mod audit;
pub mod pace;
pub mod popularity;
mod remember;
pub mod remote;
pub mod start;
pub mod stored;
pub mod warmer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web;
use tokio_util::sync::CancellationToken;

use crate::api::ApiState;
use crate::config::Config;
use crate::tasks::Tasks;
use crate::telemetry::audit::AuditMetrics;
use audit::Audit;
use popularity::Popularity;
use remember::Remembering;
use start::Gate;
use warmer::WarmLimits;
pub use warmer::{Plan, Progress, Warmer};

/// How long a page that nobody waits for gives way to those that somebody does: where somebody always does, so many are
/// made all the same, 20 a second and worker.
const GIVE_WAY_AT_MOST: Duration = Duration::from_millis(50);

/// What goes on beside a generation's page cache.
pub struct Warming {
    warmer: Arc<Warmer>,
    audit: Arc<Audit>,
    remembering: Mutex<Option<Remembering>>,
    tasks: Tasks,
    stop: CancellationToken,
}

impl Warming {
    /// Starts it; the cache is not warmed yet. `None` without a cache. How popular pages are is the process's, whatever
    /// generation they are of.
    pub fn start(
        config: &Config,
        state: &web::Data<ApiState>,
        popularity: &Arc<Popularity>,
        metrics: AuditMetrics,
        (tasks, stop): (&Tasks, &CancellationToken),
    ) -> Option<Warming> {
        let pages = state.pages.as_ref()?;
        let stop = stop.child_token();
        let limits = WarmLimits {
            max_pages: config.cache.warm_max_pages,
            pages_per_second: config.cache.warm_pages_per_second,
        };
        let (known, stopping) = (Arc::clone(popularity), stop.clone());
        let warmer = Warmer::new(state.clone(), Arc::clone(pages), known, limits, stopping);
        let ahead = ahead::prepare(state.clone(), Arc::clone(pages), stop.clone());
        tasks.run("preparing pages before boundaries", &stop, ahead);
        let remembering =
            remember::remember(Arc::clone(popularity), state, pages, (tasks, stop.child_token()));
        let sample = config.cache.audit_pages;
        let audit = Audit::new(state.clone(), Arc::clone(pages), sample, metrics);
        Some(Warming {
            warmer: Arc::new(warmer),
            audit: Arc::new(audit),
            remembering: Mutex::new(Some(remembering)),
            tasks: tasks.clone(),
            stop,
        })
    }

    /// Warms the cache in the background, and opens the gate when that is done or has taken too long.
    pub fn warm_at_start(&self, config: &Config, gate: Arc<Gate>) {
        let within = Duration::from_secs(config.cache.warm_start_seconds);
        let warm = start::start(self.warmer(), gate, within, self.stop.clone());
        self.tasks.start("warming the cache", warm);
    }

    pub fn warmer(&self) -> Arc<Warmer> {
        Arc::clone(&self.warmer)
    }

    /// Compares a sample of the cached pages with the store.
    pub async fn audit(&self) {
        self.audit.run().await;
    }

    /// Ends it, once nobody is answered any more.
    pub async fn stop(&self) {
        self.stop.cancel();
        let remembering = self.remembering.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(remembering) = remembering {
            remembering.stop().await;
        }
    }
}
