//! A first start on a log that holds much already: the store is filled in bulk, as a rebuild does.
//!
//! The empty generation is held back, another one is filled and promoted in its place, and the empty one is
//! dropped. Of several processes one does so, and the others wait for it. Where it cannot be done, events are
//! projected one after the other as ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::jobs::Rebuilds;
use super::outcome::Asked;
use super::rebuild::is_empty;
use crate::catalogue::stores::Stores;
use crate::log::EventLog;
use crate::projector::drive::ProjectorError;
use crate::rebuild::progress::{Phase, Progress};
use crate::store::{ReadStore, StoreError};
use crate::waits::Waits;

/// How often it is looked how far it is.
const STEP: Duration = Duration::from_millis(250);
/// The pause before another attempt.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The subject of waiting for it.
const SUBJECT: &str = "the store is filled for the first time";

/// The generation that is not projected, since another one is filled in its place.
#[derive(Clone, Default)]
pub struct Held(Arc<AtomicI64>);

impl Held {
    pub fn of(generation: Option<i64>) -> Held {
        Held(Arc::new(AtomicI64::new(generation.unwrap_or(0))))
    }

    pub fn has(&self, generation: i64) -> bool {
        self.0.load(Ordering::Relaxed) == generation
    }

    fn set(&self, generation: i64) {
        self.0.store(generation, Ordering::Relaxed);
    }
}

/// The first start of a process that projects.
pub struct FirstStart {
    /// The generation that it begins with.
    pub store: Arc<dyn ReadStore>,
    pub stores: Arc<Stores>,
    pub log: Arc<dyn EventLog>,
    pub rebuilds: Arc<Rebuilds>,
    pub waits: Waits,
    /// Events that the log holds at least; 0: it is never done.
    pub events: u64,
    pub held: Held,
    pub stop: CancellationToken,
}

impl FirstStart {
    /// Fills the store if it is to be filled, and projects beside that and after it.
    ///
    /// # Errors
    /// Those of projecting.
    pub async fn before(
        self,
        projecting: impl Future<Output = Result<(), ProjectorError>>,
    ) -> Result<(), ProjectorError> {
        let Some(empty) = self.is_wanted().await else { return projecting.await };
        self.held.set(empty);
        let filling = async {
            self.fill().await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = projecting => ended,
            () = filling => Ok(()),
        }
    }

    /// The live generation, where it is empty and the log holds much.
    async fn is_wanted(&self) -> Option<i64> {
        if self.events == 0 {
            return None;
        }
        loop {
            let looked = tokio::select! {
                looked = self.look() => looked,
                () = self.stop.cancelled() => return None,
            };
            match looked {
                Ok(Some((live, events))) if events >= self.events => {
                    tracing::info!(events, "a first start: the store is filled in bulk");
                    return Some(live);
                }
                Ok(_) => return None,
                // That a server is away is told elsewhere.
                Err(error) if is_away(&error) => tracing::debug!(%error, "a first start waits"),
                // Projecting runs into it, too, and says so.
                Err(error) => {
                    tracing::debug!(%error, "whether this is a first start is not known");
                    return None;
                }
            }
            self.sleep(STEP).await;
        }
    }

    /// The number of the live generation and how many events are ahead of it, where nothing was ever projected into it.
    async fn look(&self) -> Result<Option<(i64, u64)>, ProjectorError> {
        if !self.is_empty().await? {
            return Ok(None);
        }
        let extents = self.log.extents().await?;
        let lag = self.log.lag(&extents, &[]).await?;
        Ok(Some((self.store.generation(), u64::try_from(lag.events).unwrap_or(0))))
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        if self.store.generation() == 0 {
            return Err(StoreError::Unavailable("it is not open yet".to_owned()));
        }
        let serving = self.stores.catalogue().announced().await?.serving;
        Ok(serving == Some(self.store.generation()) && is_empty(self.store.as_ref()).await?)
    }

    /// Until another generation is live, or it is projected as ever.
    async fn fill(&self) {
        while !self.stop.is_cancelled() {
            match self.attempt().await {
                Ok(None) => {
                    self.waits.over(SUBJECT);
                    return;
                }
                Ok(Some(why)) => self.pause(why, TRY_AGAIN).await,
                Err(why) => return self.give_up(&why),
            }
        }
    }

    /// Fills it, if that is still to be done and nobody else does it. Answers why it is to be tried again.
    ///
    /// # Errors
    /// Why it cannot be filled.
    async fn attempt(&self) -> Result<Option<String>, String> {
        let passing = |error: StoreError| match error.is_transient() {
            true => Ok(Some(error.to_string())),
            false => Err(error.to_string()),
        };
        match self.is_empty().await {
            Ok(true) => {}
            Ok(false) => return self.is_over().await.or_else(passing),
            Err(error) => return passing(error),
        }
        // Only looked at: the rebuild takes it itself.
        match self.stores.catalogue().lock_rebuild().await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Some("another process fills it".to_owned())),
            Err(error) => return passing(error),
        }
        let asked = Asked { promote: true, only_if_empty: true, ..Asked::default() };
        let is_begun = self.rebuilds.begin(asked);
        self.rebuilt().await;
        let last = self.rebuilds.status().last.filter(|_| is_begun);
        match last.and_then(|ended| Some((ended.is_final, ended.error?))) {
            Some((true, error)) => Err(error),
            Some((false, error)) => Ok(Some(error)),
            None => Ok(Some("it is looked whether it is filled".to_owned())),
        }
    }

    /// Where the generation is live and not empty any more somebody projects it, and so does this process.
    async fn is_over(&self) -> Result<Option<String>, StoreError> {
        let serving = self.stores.catalogue().announced().await?.serving;
        if serving == Some(self.store.generation()) {
            self.held.set(0);
        }
        Ok(None)
    }

    /// Until no rebuild is under way in this process.
    async fn rebuilt(&self) {
        loop {
            let status = self.rebuilds.status();
            if !status.is_running() || self.stop.is_cancelled() {
                return;
            }
            self.pause(told(&status.progress), STEP).await;
        }
    }

    async fn pause(&self, why: String, pause: Duration) {
        self.waits.wait(SUBJECT, why);
        self.sleep(pause).await;
    }

    async fn sleep(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Projects event by event after all.
    fn give_up(&self, why: &str) {
        self.waits.over(SUBJECT);
        if !self.stop.is_cancelled() {
            tracing::warn!(
                "the store cannot be filled in bulk, and is filled event by event: {why}"
            );
            self.held.set(0);
        }
    }
}

fn is_away(error: &ProjectorError) -> bool {
    match error {
        ProjectorError::Store(error) => error.is_transient(),
        ProjectorError::Log(error) => error.is_away(),
    }
}

/// How far it is.
fn told(progress: &Progress) -> String {
    let Progress { events, events_total, products, products_total, .. } = progress;
    match progress.phase {
        Phase::Starting => "it begins".to_owned(),
        Phase::Reading => format!("{events} of about {events_total} events are read"),
        Phase::Writing => format!("{products} of {products_total} products are written"),
        Phase::Indexing => "indexes are made".to_owned(),
        Phase::CatchingUp => "what has come meanwhile is projected".to_owned(),
        Phase::Comparing | Phase::Promoting | Phase::Done => "it is about to be live".to_owned(),
    }
}
