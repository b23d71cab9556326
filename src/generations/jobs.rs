//! Rebuilds that a service runs itself, because it was asked to or by the clock: one at a time.

use std::sync::{Arc, Mutex, PoisonError};

use projections::instant::Instant;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::outcome::{Asked, RebuildFailed, Rebuilt};
use super::rebuild::Rebuild;
use crate::clock;
use crate::config::Config;
use crate::rebuild::RebuildError;
use crate::rebuild::progress::Progress;
use crate::schedule;
use crate::stack::Stack;
use crate::telemetry::generations::GenerationMetrics;
use crate::verdict::VerdictError;

/// How the last rebuild of this process ended.
#[derive(Clone, Debug, Serialize)]
pub struct Ended {
    pub at: Instant,
    /// It was not promoted, since it differs from the live generation in these paths.
    pub refused: Vec<String>,
    /// Why it ended early.
    pub error: Option<String>,
    /// Another attempt would come to the same.
    #[serde(skip)]
    pub is_final: bool,
    pub rebuilt: Option<Rebuilt>,
}

/// What a service's rebuilds are at.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// `running` or `idle`.
    pub state: &'static str,
    pub progress: Progress,
    pub last: Option<Ended>,
}

impl Status {
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }
}

/// Runs rebuilds in the background.
pub struct Rebuilds {
    config: Config,
    stack: Arc<Stack>,
    is_projected: bool,
    metrics: GenerationMetrics,
    progress: Arc<watch::Sender<Progress>>,
    /// Not that of a thread that answers requests.
    runtime: Handle,
    running: Mutex<bool>,
    last: Mutex<Option<Ended>>,
    stop: CancellationToken,
}

impl Rebuilds {
    /// To be called on the runtime that rebuilds are to be on. `is_projected`: this process has projectors.
    pub fn new(
        config: &Config,
        stack: &Arc<Stack>,
        is_projected: bool,
        metrics: GenerationMetrics,
        stop: &CancellationToken,
    ) -> Rebuilds {
        Rebuilds {
            config: config.clone(),
            stack: Arc::clone(stack),
            is_projected,
            metrics,
            progress: Arc::default(),
            runtime: Handle::current(),
            running: Mutex::default(),
            last: Mutex::default(),
            stop: stop.clone(),
        }
    }

    /// Begins one; false where one is under way in this process.
    pub fn begin(self: &Arc<Self>, asked: Asked) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *running, true) {
            return false;
        }
        self.metrics.rebuilding(true);
        let rebuilds = Arc::clone(self);
        // On a thread of its own: what comparing borrows cannot be sent between threads.
        let runtime = self.runtime.clone();
        self.runtime.spawn_blocking(move || {
            // However it ends, another one may begin.
            let _running = Running(Arc::clone(&rebuilds));
            runtime.block_on(rebuilds.run(asked));
        });
        true
    }

    /// The one by the clock.
    pub fn job(self: &Arc<Self>) -> schedule::Job {
        let (rebuilds, promote) = (Arc::clone(self), self.config.schedule.rebuild_promote);
        let work: schedule::Work = Arc::new(move || {
            rebuilds.begin(Asked { promote, ..Asked::default() });
            Box::pin(std::future::ready(()))
        });
        schedule::Job { name: "schedule.rebuild", when: self.config.schedule.rebuild.clone(), work }
    }

    pub fn status(&self) -> Status {
        let running = *self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let state = if running { "running" } else { "idle" };
        Status { state, progress: self.progress.borrow().clone(), last }
    }

    async fn run(&self, asked: Asked) {
        let rebuild = Rebuild {
            config: self.config.clone(),
            stack: Arc::clone(&self.stack),
            asked,
            progress: Arc::clone(&self.progress),
            is_projected: self.is_projected,
            stop: self.stop.clone(),
        };
        let ended = match rebuild.run().await {
            Ok(rebuilt) => self.built(rebuilt),
            Err(error) => self.failed(&error),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    }

    fn built(&self, rebuilt: Rebuilt) -> Ended {
        let refused = rebuilt.judged.refused.clone();
        let generation = rebuilt.generation;
        if !rebuilt.judged.passes() {
            self.metrics.rebuilt("refused");
            let inconclusive = rebuilt.judged.inconclusive;
            tracing::warn!(
                generation,
                ?refused,
                inconclusive,
                "a rebuilt generation is not known to answer as the live one does"
            );
        } else {
            let result = if rebuilt.promoted.is_some() { "promoted" } else { "built" };
            self.metrics.rebuilt(result);
            tracing::info!(generation, result, "a generation is rebuilt");
        }
        Ended { at: clock::now(), refused, error: None, is_final: false, rebuilt: Some(rebuilt) }
    }

    fn failed(&self, error: &RebuildFailed) -> Ended {
        let stopped = matches!(
            error,
            RebuildFailed::Rebuild(RebuildError::Stopped)
                | RebuildFailed::Verdict(VerdictError::Stopped)
        );
        if stopped {
            tracing::info!("a rebuild was stopped; the next one goes on where it was");
        } else if matches!(error, RebuildFailed::Locked | RebuildFailed::NotEmpty) {
            // Of several processes one rebuilds.
            tracing::debug!(%error, "no rebuild is begun");
        } else {
            self.metrics.rebuilt("failed");
            tracing::error!(%error, "a rebuild has failed");
        }
        Ended {
            at: clock::now(),
            refused: Vec::new(),
            error: Some(error.to_string()),
            is_final: error.is_final(),
            rebuilt: None,
        }
    }
}

struct Running(Arc<Rebuilds>);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.metrics.rebuilding(false);
    }
}
