//! Answering from the live generation: an instance hears of a promotion, makes ready for it, and switches.
//!
//! Ready means: the generation's store is open, its index is loaded, its changes are followed, and
//! the pages that are read are in a cache of
//! its own. The switch itself replaces one pointer. Before it, the new generation has caught up with all that the old one
//! was said to reflect: positions never go backwards.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use tokio_util::sync::CancellationToken;

use super::stopped::Stopped;
use super::view::{CurrentView, View, Views};
use crate::catalogue::stores::Stores;
use crate::catalogue::{Announced, Generation, find};
use crate::store::{self, Result, StoreError};
use crate::warm::warmer::RunState;

/// How often an instance looks which generation is live.
pub const POLL: Duration = Duration::from_millis(100);
/// And how often while a promotion is announced: a switch is near.
const POLL_ANNOUNCED: Duration = Duration::from_millis(20);
/// How long a switch waits for the new generation to reflect all that the old one does, with requests for
/// positions held up; then it is tried again.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(1);
/// And so long it is waited in all: a generation that stands still would keep an instance from following for ever.
const CATCH_UP_AT_LAST: Duration = Duration::from_secs(30);
const CATCH_UP_STEP: Duration = Duration::from_millis(2);
/// How long requests that began before a switch have to end.
const LET_GO_AFTER: Duration = Duration::from_secs(15);
/// How often connections to dropped generations are looked for.
const LET_GO_EVERY: Duration = Duration::from_secs(5);
/// Until a new cache's changes are followed.
const FOLLOWED_STEP: Duration = Duration::from_millis(5);

/// A generation's view with what ends it.
struct Ready {
    view: Arc<View>,
    stop: CancellationToken,
}

impl Ready {
    /// Whether its cache is as warm as it gets. It is answered from sooner where a promotion does not wait for that.
    fn is_warm(&self) -> bool {
        let warming = self.view.warming.as_ref();
        warming.is_none_or(|warming| warming.warmer().progress().state == RunState::Idle)
    }
}

/// Keeps an API process on the live generation.
pub struct Following {
    views: Arc<Views>,
    current: Arc<CurrentView>,
    /// Ends the tasks of the view that is answered from.
    stop_current: CancellationToken,
    /// For a promotion that is being prepared, by its id.
    preparing: Option<(String, tokio::task::JoinHandle<Result<Ready>>)>,
    prepared: Option<Ready>,
    stopped: Stopped,
    is_announced: bool,
    /// Since when it would switch.
    waiting_since: Option<tokio::time::Instant>,
    /// As it is known to whoever promotes.
    instance: String,
}

/// The subject of waiting for the catalogue of generations.
const FOLLOWING: &str = "which generation is live is not known";

impl Following {
    /// `stop` ends the tasks of the current view.
    pub fn new(views: Arc<Views>, current: Arc<CurrentView>, stop: CancellationToken) -> Following {
        Following {
            stopped: Stopped::new(views.waits.clone()),
            views,
            current,
            stop_current: stop,
            preparing: None,
            prepared: None,
            is_announced: false,
            waiting_since: None,
            instance: unique(),
        }
    }

    /// Follows until told to stop.
    pub async fn run(mut self) {
        let stop = self.views.tasks.stop().clone();
        let mut let_go = tokio::time::Instant::now();
        while !stop.is_cancelled() {
            if let_go.elapsed() >= LET_GO_EVERY {
                let_go = tokio::time::Instant::now();
                // Projectors do so as well, where there are any in this process. One that cannot be asked is asked again.
                if let Ok(known) = self.stores().catalogue().list().await {
                    self.stores().close_forgotten(&known).await;
                }
                self.tell_stopped().await;
            }
            match self.look().await {
                Ok(()) => self.views.waits.over(FOLLOWING),
                // It goes on answering from what it has.
                Err(error) => self.views.waits.wait(FOLLOWING, error),
            }
            let pause = if self.is_announced { POLL_ANNOUNCED } else { POLL };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Where no projector of this process does.
    async fn tell_stopped(&mut self) {
        if self.views.is_projected || self.current.peek().generation() == 0 {
            return;
        }
        let view = self.current.view();
        if let Err(error) = self.stopped.look(view.state.store.as_ref()).await {
            tracing::debug!(%error, "whether partitions are stopped cannot be seen");
        }
    }

    fn stores(&self) -> &Arc<Stores> {
        &self.views.stores
    }

    async fn look(&mut self) -> Result<()> {
        let now = self.current.peek().generation();
        if now == 0 {
            // Its own store is yet to come.
            return Ok(());
        }
        self.views.generation_metrics.answers_from(now);
        let announced = self.stores().catalogue().announced().await?;
        self.is_announced = announced.promotion.is_some();
        self.see_to_promotion(&announced).await?;
        match announced.serving {
            Some(serving) if serving != now => self.switch(serving).await,
            _ => Ok(()),
        }
    }

    /// Begins to prepare for a promotion, says so when that is done, and lets go of what came to nothing.
    async fn see_to_promotion(&mut self, announced: &Announced) -> Result<()> {
        let promotion = announced.promotion.as_ref();
        if self.preparing.as_ref().is_some_and(|(id, _)| promotion.is_none_or(|(p, _)| p != id))
            && let Some((_, task)) = self.preparing.take()
        {
            // What it has begun ends with it.
            task.abort();
            if let Ok(Ok(ready)) = task.await {
                self.keep(ready);
            }
        }
        let Some((id, number)) = promotion else {
            if announced.serving == Some(self.current.peek().generation())
                && let Some(ready) = self.prepared.take()
            {
                self.let_go(ready, Duration::ZERO);
            }
            return Ok(());
        };
        if let Some((_, task)) = self.preparing.take_if(|(_, task)| task.is_finished()) {
            match task.await {
                Ok(Ok(ready)) => {
                    if let Some(warming) = &ready.view.warming {
                        warming.warmer().begin_urgent();
                    }
                    self.keep(ready);
                }
                Ok(Err(error)) => tracing::warn!(%error, number, "not ready for a promotion"),
                Err(ended) => tracing::error!(%ended, "making ready for a promotion ended"),
            }
        }
        if *number == self.current.peek().generation() {
            return self.answer(id, true).await;
        }
        let prepared = self.prepared.as_ref().filter(|r| r.view.generation() == *number);
        let is_prepared = prepared.is_some();
        let is_ready = prepared.is_some_and(Ready::is_warm);
        self.answer(id, is_ready).await?;
        if !is_prepared && self.preparing.is_none() {
            let generation = find(self.stores().catalogue().as_ref(), *number).await?;
            if !generation.is_ours() {
                // Instances of the build that has made it answer from it; this one stays where it is.
                return self.answer(id, true).await;
            }
            let views = Arc::clone(&self.views);
            let task = tokio::spawn(async move { prepare(&views, &generation).await });
            self.preparing = Some((id.clone(), task));
        }
        Ok(())
    }

    async fn answer(&self, promotion: &str, ready: bool) -> Result<()> {
        self.stores().catalogue().answer(promotion, &self.instance, ready).await
    }

    fn keep(&mut self, ready: Ready) {
        if let Some(before) = self.prepared.replace(ready) {
            self.let_go(before, Duration::ZERO);
        }
    }

    /// Ends a view that is not answered from any more, once requests that began with it have had time to end, or the
    /// generation is dropped.
    fn let_go(&self, ready: Ready, after: Duration) {
        let forgotten = self.stores().forgotten(ready.view.generation());
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(after) => {}
                // There is nothing left that popular pages could be saved in.
                () = forgotten.cancelled() => return ready.stop.cancel(),
            }
            if let Some(warming) = &ready.view.warming {
                warming.stop().await;
            }
            ready.stop.cancel();
        });
    }

    /// Answers from that generation from now on.
    async fn switch(&mut self, number: i64) -> Result<()> {
        let prepared = self.prepared.take_if(|ready| ready.view.generation() == number);
        let ready = match prepared {
            Some(ready) => ready,
            // It has not heard of the promotion in time.
            None => {
                let generation = find(self.stores().catalogue().as_ref(), number).await?;
                prepare(&self.views, &generation).await?
            }
        };
        let before = self.current.view();
        let since = *self.waiting_since.get_or_insert_with(tokio::time::Instant::now);
        let caught_up = hand_over(&before, &ready.view).await;
        // One that is dropped moves no more, and answers nothing that is not in the cache.
        let is_dropped = self.stores().forgotten(before.generation()).is_cancelled();
        if !matches!(caught_up, Ok(true)) && since.elapsed() < CATCH_UP_AT_LAST && !is_dropped {
            self.keep(ready);
            return caught_up.map(|_| ());
        }
        if !matches!(caught_up, Ok(true)) {
            tracing::warn!("the new generation is behind the old one; it has been waited for");
            *before.state.successor.write().await = Some(ready.view.state.clone());
        }
        self.waiting_since = None;
        self.current.replace(Arc::clone(&ready.view));
        self.views.generation_metrics.answers_from(number);
        tracing::info!(
            generation = number,
            before = before.generation(),
            "pages are answered from another generation"
        );
        let stop = std::mem::replace(&mut self.stop_current, ready.stop);
        self.let_go(Ready { view: before, stop }, LET_GO_AFTER);
        if let Some(warming) = &self.current.peek().warming {
            // What was not warm before.
            warming.warmer().begin_urgent();
        }
        Ok(())
    }
}

/// Makes a view whose cache follows changes.
async fn prepare(views: &Views, generation: &Generation) -> Result<Ready> {
    let store = views.stores.get(generation).await?;
    let stop = views.tasks.stop().child_token();
    // Where this is given up, what the view has begun ends.
    let guard = stop.clone().drop_guard();
    let ready = Ready { view: Arc::new(views.of(store, &stop)), stop: stop.clone() };
    let state = &ready.view.state;
    let forgotten = views.stores.forgotten(generation.number);
    while state.index.is_some() && state.following.behind().is_none() {
        if stop.is_cancelled() || forgotten.is_cancelled() {
            let why = format!("generation {} is not followed any more", generation.number);
            return Err(StoreError::Unavailable(why));
        }
        tokio::time::sleep(FOLLOWED_STEP).await;
    }
    guard.disarm();
    Ok(ready)
}

/// Waits until the new generation reflects what the old one does, and sends requests for positions there from then on.
/// False where that took too long: nothing has changed then.
async fn hand_over(before: &View, next: &View) -> Result<bool> {
    // Nobody is held up before it is near.
    if !catch_up(before, next).await? {
        return Ok(false);
    }
    // Whoever is being told that the old one reflects a position is told first.
    let mut successor = before.state.successor.write().await;
    if !catch_up(before, next).await? {
        return Ok(false);
    }
    *successor = Some(next.state.clone());
    Ok(true)
}

/// Until the new generation reflects what the old one does as this begins: that one goes on meanwhile. False where it takes
/// too long.
async fn catch_up(before: &View, next: &View) -> Result<bool> {
    if store::is_stopped(before.state.store.as_ref()).await? {
        return Ok(true);
    }
    let target = before.state.store.snapshot_fresh().await?.reflected().await?;
    let deadline = tokio::time::Instant::now() + CATCH_UP_WITHIN;
    // Once its facts reflect it, the index has to follow.
    let mut reached: Option<Clock> = None;
    loop {
        if reached.is_none() {
            let reflected = next.state.store.snapshot_fresh().await?.reflected().await?;
            // What it covers was committed before now, but perhaps after this look began.
            reached = reflected.covers(&target).then(Clock::now);
        }
        let state = &next.state;
        let follows = |then| state.index.is_none() || state.following.is_beyond(then);
        if reached.is_some_and(follows) {
            return Ok(true);
        }
        if tokio::time::Instant::now() >= deadline {
            return Ok(false);
        }
        tokio::time::sleep(CATCH_UP_STEP).await;
    }
}

/// A name that no other instance has.
pub fn unique() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
