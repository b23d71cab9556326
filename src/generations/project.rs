//! Projecting every generation that is to follow the log, each by a projector of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::abandoned::Abandoned;
use super::first::Held;
use super::rebuild::UNJUDGED;
use crate::backoff::Backoff;
use crate::catalogue::live::Live;
use crate::catalogue::stores::Stores;
use crate::catalogue::{Announced, Generation, State};
use crate::projector::drive::{ProjectorError, Run};
use crate::store::{ReadStore, Result, StoreError};
use crate::waits::Waits;

/// How often it is looked which generations there are.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The subject of waiting for the catalogue of generations.
const LOOKING: &str = "which generations are to be projected is not known";

/// A generation that is being projected.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectorError>>,
}

/// One whose projector has ended: when to try again.
struct Failed {
    again: tokio::time::Instant,
    backoff: Backoff,
}

/// Projects generations as they come and go.
pub struct Projecting {
    /// The one that pages are answered from first; before it is there nothing is.
    first: Arc<dyn ReadStore>,
    stores: Arc<Stores>,
    run: Run,
    live: Live,
    waits: Waits,
    running: HashMap<i64, Running>,
    failed: HashMap<i64, Failed>,
    /// Of others than the first only these are projected.
    only_abandoned: Option<Abandoned>,
    held: Held,
    stop: CancellationToken,
}

impl Projecting {
    pub fn new(
        first: Arc<dyn ReadStore>,
        stores: Arc<Stores>,
        run: Run,
        (live, waits): (Live, Waits),
        stop: CancellationToken,
    ) -> Projecting {
        live.ask(stores.catalogue());
        Projecting {
            first,
            stores,
            run,
            live,
            waits,
            running: HashMap::new(),
            failed: HashMap::new(),
            only_abandoned: None,
            held: Held::default(),
            stop,
        }
    }

    /// Leaves other generations than the first to those who project them, if somebody does: for whoever comes and goes.
    pub fn only_abandoned(self, abandoned: Abandoned) -> Projecting {
        Projecting { only_abandoned: Some(abandoned), ..self }
    }

    /// Leaves out one generation, as long as it is held back.
    pub fn without(self, held: Held) -> Projecting {
        Projecting { held, ..self }
    }

    /// Projects until told to stop.
    ///
    /// # Errors
    /// What does not pass by itself, of the generation that pages are answered from. Others are tried again.
    pub async fn run(mut self) -> Result<(), ProjectorError> {
        let mut ended = Ok(());
        while !self.stop.is_cancelled() {
            match self.look().await {
                Ok(()) => self.waits.over(LOOKING),
                Err(error) if error.is_passing() => self.waits.wait(LOOKING, error),
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.stop.cancelled() => {}
            }
        }
        for number in self.running.keys().copied().collect::<Vec<_>>() {
            let last = self.end(number).await;
            ended = ended.and(last);
        }
        ended
    }

    async fn look(&mut self) -> Result<(), ProjectorError> {
        if self.first.generation() == 0 {
            return Ok(());
        }
        let known = self.stores.catalogue().list().await?;
        let Announced { serving, promotion } = self.stores.catalogue().announced().await?;
        let wanted: Vec<&Generation> =
            known.iter().filter(|g| g.state == State::Following && g.is_ours()).collect();
        let mut waited_for: Vec<i64> = promotion.map(|(_, number)| number).into_iter().collect();
        let never_promoted =
            |g: &&&Generation| serving != Some(g.number) && g.promoted_at.is_none();
        for generation in wanted.iter().filter(never_promoted) {
            if self.is_being_judged(generation).await {
                waited_for.push(generation.number);
            }
        }
        self.live.set(serving, waited_for);
        let is_wanted = |number: i64| wanted.iter().any(|g| g.number == number);
        for number in self.running.keys().copied().collect::<Vec<_>>() {
            let finished = self.running.get(&number).is_some_and(|r| r.task.is_finished());
            if !is_wanted(number) {
                // Whatever it ran into: there is nothing left to be projected.
                let _ = self.end(number).await;
            } else if finished && let Err(error) = self.end(number).await {
                if serving == Some(number) || serving.is_none() {
                    return Err(error);
                }
                self.failed(number, &error);
            }
        }
        self.failed.retain(|number, _| is_wanted(*number));
        self.stores.close_forgotten(&known).await;
        for generation in wanted {
            self.start(generation).await?;
        }
        Ok(())
    }

    /// Where that cannot be read it is not waited for.
    async fn is_being_judged(&self, generation: &Generation) -> bool {
        let judged = async {
            let store = self.stores.get(generation).await?;
            store.snapshot_fresh().await?.meta(UNJUDGED).await
        };
        judged.await.is_ok_and(|unjudged: Option<String>| unjudged.is_some())
    }

    async fn start(&mut self, generation: &Generation) -> Result<(), ProjectorError> {
        let number = generation.number;
        let waits = |failed: &Failed| failed.again > tokio::time::Instant::now();
        let is_left_to_others =
            |abandoned: &Abandoned| number != self.first.generation() && !abandoned.has(number);
        if self.held.has(number) {
            return Ok(());
        }
        if self.only_abandoned.as_ref().is_some_and(is_left_to_others) {
            return Ok(());
        }
        if self.running.contains_key(&number) || self.failed.get(&number).is_some_and(waits) {
            return Ok(());
        }
        let store = self.stores.get(generation).await?;
        let stop = self.stop.child_token();
        let task = tokio::spawn((self.run)(store, stop.clone()));
        tracing::debug!(generation = number, "projecting a generation");
        self.running.insert(number, Running { stop, task });
        Ok(())
    }

    async fn end(&mut self, number: i64) -> Result<(), ProjectorError> {
        let Some(Running { stop, task }) = self.running.remove(&number) else { return Ok(()) };
        stop.cancel();
        task.await.unwrap_or_else(|ended| {
            Err(StoreError::Database(format!("projecting generation {number} ended: {ended}"))
                .into())
        })
    }

    fn failed(&mut self, number: i64, error: &ProjectorError) {
        tracing::error!(generation = number, %error, "a generation that is not live is not projected");
        let now = tokio::time::Instant::now();
        let failed = self
            .failed
            .entry(number)
            .or_insert_with(|| Failed { again: now, backoff: Backoff::default() });
        failed.again = now + failed.backoff.next_pause();
    }
}
