//! A rebuild from its begin to the promotion: a generation is made or gone on with, filled, caught up, compared with the
//! live one, and promoted if that was asked for and nothing speaks against it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant as Clock;
use tokio_util::sync::CancellationToken;

use super::abandoned::Abandoned;
use super::discarded;
use super::first::Held;
use super::forwarded::Adopted;
use super::outcome::{Asked, RebuildFailed, Rebuilt};
use super::promote::{self, PromoteError};
use super::{alone, forwarded, keep, project::Projecting};
use crate::backoff::Backoff;
use crate::catalogue::live::Live;
use crate::catalogue::{Generation, State, find};
use crate::clock;
use crate::config::Config;
use crate::log::Log;
use crate::log::position::Reflected;
use crate::projector::drive::ProjectorError;
use crate::rebuild::progress::{Phase, Progress};
use crate::rebuild::{self, Filled, Job, RebuildError};
use crate::stack::{self, Stack};
use crate::store::{self, ReadStore, StoreError};
use crate::verdict::{self, Judged, Scope, Side, Verdict, VerdictError};
use crate::waits::Waits;

/// How often it is looked how far a generation has caught up.
const STEP: Duration = Duration::from_millis(50);
/// A generation that does not move for so long is not projected.
const STANDS_STILL: Duration = Duration::from_secs(60);
/// The setting of a generation that was rebuilt and is not compared with the live one yet.
pub(super) const UNJUDGED: &str = "unjudged";
/// Instances that are ready have switched so long after a promotion.
const SWITCHED_WITHIN: Duration = Duration::from_secs(1);

/// What came of comparing with the live generation.
#[derive(Default)]
struct Compared {
    live: Option<i64>,
    /// Nothing was ever projected into the live one.
    was_empty: bool,
    verdict: Option<Verdict>,
    judged: Judged,
}

/// One rebuild.
pub struct Rebuild {
    pub config: Config,
    pub stack: Arc<Stack>,
    pub asked: Asked,
    pub progress: Arc<watch::Sender<Progress>>,
    /// Whether this process projects all generations anyway.
    pub is_projected: bool,
    /// Ends it; called again, it goes on where it was.
    pub stop: CancellationToken,
}

impl Rebuild {
    /// Does it.
    ///
    /// # Errors
    /// [`RebuildFailed`]; what was done is kept.
    pub async fn run(&self) -> Result<Rebuilt, RebuildFailed> {
        let catalogue = self.stack.stores.catalogue();
        let lock = catalogue.lock_rebuild().await?.ok_or(RebuildFailed::Locked)?;
        let work = Rebuild {
            config: self.config.clone(),
            stack: Arc::clone(&self.stack),
            asked: self.asked.clone(),
            progress: Arc::clone(&self.progress),
            is_projected: self.is_projected,
            stop: self.stop.child_token(),
        };
        let stopping = work.stop.clone();
        let (holding, work) = (alone::hold(Arc::clone(catalogue), lock), work.locked());
        tokio::pin!(holding, work);
        tokio::select! {
            ended = &mut work => ended,
            () = &mut holding => {
                stopping.cancel();
                work.await.map_err(|_| RebuildFailed::LockLost)
            }
        }
    }

    /// With the lock.
    async fn locked(&self) -> Result<Rebuilt, RebuildFailed> {
        let started = Clock::now();
        let empty = self.empty_live().await?;
        if self.asked.only_if_empty && empty.is_none() {
            return Err(RebuildFailed::NotEmpty);
        }
        tracing::info!(asked = ?self.asked, "a rebuild begins");
        promote::sweep(&self.stack.stores).await?;
        let (generation, store, filled) = self.filled().await?;
        let filled_seconds = started.elapsed().as_secs_f64();
        let projecting = self.project(&store, empty);
        let done = self.after(&generation, &store, &filled, filled_seconds).await;
        if let Some((stop, task)) = projecting {
            if done.as_ref().is_ok_and(|rebuilt| rebuilt.promoted.is_some()) {
                // Partitions that this process lets go of stand still for a moment, and instances wait for them to switch.
                let _ = self.unless_stopped(tokio::time::sleep(SWITCHED_WITHIN)).await;
            }
            stop.cancel();
            // What it ran into shows in what it left undone.
            let _ = task.await;
        }
        let done = done?;
        self.tell(|progress| progress.phase = Phase::Done);
        Ok(done)
    }

    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }

    /// A generation that holds everything up to some moment, and is projected from then on.
    async fn filled(&self) -> Result<(Generation, Arc<dyn ReadStore>, Filled), RebuildFailed> {
        let stores = &self.stack.stores;
        if let Some((generation, store)) = self.unjudged().await? {
            self.tell(|progress| {
                *progress = Progress {
                    generation: generation.number,
                    resumed: true,
                    ..Progress::default()
                };
            });
            let products = store.status().await?.products;
            return Ok((generation, store, Filled { products, ..Filled::default() }));
        }
        let mut fresh = self.asked.fresh;
        loop {
            let (generation, resumed) = self.building(fresh).await?;
            self.tell(|progress| {
                *progress =
                    Progress { generation: generation.number, resumed, ..Progress::default() };
            });
            let open = async || Ok(stores.catalogue().open(&generation).await?);
            let store = self.in_the_end(open).await?;
            let filled = match self.in_the_end(|| self.fill(&generation, &store)).await {
                Err(RebuildFailed::Rebuild(RebuildError::NotMine(why))) if !fresh => {
                    tracing::warn!("the rebuild begins anew: {why}");
                    store.close().await;
                    fresh = true;
                    continue;
                }
                Err(error) => {
                    store.close().await;
                    return Err(error);
                }
                Ok(filled) => filled,
            };
            let store = stores.adopt(store).await;
            self.in_the_end(|| self.begin_to_follow(&generation, store.as_ref())).await?;
            // What it needed to go on is not needed any more.
            let _ = tokio::fs::remove_dir_all(directory(&self.config, &generation)).await;
            return Ok((generation, store, filled));
        }
    }

    /// A generation that is filled is projected from now on.
    async fn begin_to_follow(
        &self,
        generation: &Generation,
        store: &dyn ReadStore,
    ) -> Result<(), RebuildFailed> {
        let catalogue = self.stack.stores.catalogue();
        let known = catalogue.list().await?;
        if !known.iter().any(|g| g.live && g.is_ours()) {
            // Which of them the live generation has forwarded nobody can tell here.
            forwarded::adopt(None, store, Adopted::default()).await?;
        }
        set(store, UNJUDGED, Some("")).await?;
        Ok(catalogue.set_state(generation.number, State::Following).await?)
    }

    /// A generation that an earlier rebuild has filled, and did not come to compare.
    async fn unjudged(&self) -> Result<Option<(Generation, Arc<dyn ReadStore>)>, RebuildFailed> {
        let stores = &self.stack.stores;
        let known = stores.catalogue().list().await?;
        let live = known.iter().find(|g| g.live).map_or(0, |g| g.number);
        let last = known.into_iter().rfind(|g| {
            g.number > live && g.is_ours() && g.state == State::Following && g.promoted_at.is_none()
        });
        let Some(generation) = last.filter(|_| !self.asked.fresh) else { return Ok(None) };
        let store = stores.get(&generation).await?;
        let mut snapshot = store.snapshot_fresh().await?;
        let unjudged = snapshot.meta(UNJUDGED).await?.is_some();
        drop(snapshot);
        Ok(unjudged.then_some((generation, store)))
    }

    /// Does it, however often what passes comes in between.
    async fn in_the_end<T>(
        &self,
        work: impl AsyncFn() -> Result<T, RebuildFailed>,
    ) -> Result<T, RebuildFailed> {
        let mut backoff = Backoff::default();
        loop {
            match work().await {
                Err(error) if error.is_passing() && !self.stop.is_cancelled() => {
                    tracing::warn!(%error, "the rebuild pauses");
                    backoff.wait(&self.stop).await;
                }
                done => return done,
            }
        }
    }

    /// The generation to be built: one that an earlier rebuild has begun, or a new one.
    async fn building(&self, fresh: bool) -> Result<(Generation, bool), RebuildFailed> {
        let catalogue = self.stack.stores.catalogue();
        let known = catalogue.list().await?;
        for begun in known.into_iter().filter(|g| g.state == State::Building && g.is_ours()) {
            if !fresh {
                return Ok((begun, true));
            }
            catalogue.forget(begun.number).await?;
            catalogue.delete(&begun).await?;
            let _ = tokio::fs::remove_dir_all(directory(&self.config, &begun)).await;
        }
        for dropped in keep::drop_oldest(&self.stack.stores, self.config.rebuild.keep).await? {
            // What a rebuild of it was to go on with.
            let _ = tokio::fs::remove_dir_all(directory(&self.config, &dropped)).await;
        }
        Ok((catalogue.create().await?, false))
    }

    async fn fill(
        &self,
        generation: &Generation,
        store: &Arc<dyn ReadStore>,
    ) -> Result<Filled, RebuildFailed> {
        let job = Job {
            log: self.stack.log.clone(),
            store: Arc::clone(store),
            markets: stack::markets(&self.config),
            options: rebuild::Options {
                memory_bytes: self.config.rebuild.memory_bytes,
                directory: directory(&self.config, generation),
                checkpoint: Duration::from_millis(self.config.rebuild.checkpoint_ms),
            },
            progress: Arc::clone(&self.progress),
            stop: self.stop.clone(),
        };
        Ok(rebuild::fill(job).await?)
    }

    /// Projects the generation, if this process does not do so anyway, and others that nobody projects: but not a live
    /// one that is empty, in whose place this one comes.
    #[allow(clippy::type_complexity, reason = "a task and what ends it")]
    fn project(
        &self,
        store: &Arc<dyn ReadStore>,
        empty: Option<i64>,
    ) -> Option<(CancellationToken, tokio::task::JoinHandle<Result<(), ProjectorError>>)> {
        if self.is_projected {
            return None;
        }
        let (stop, live) = (self.stop.child_token(), Live::default());
        let waits = Waits::default();
        let run = stack::run_projector(&self.config, &self.stack, None, live.clone(), &waits);
        let stores = Arc::clone(&self.stack.stores);
        let mut projecting = Projecting::new(
            Arc::clone(store),
            Arc::clone(&stores),
            run,
            (live, waits),
            stop.clone(),
        )
        .without(Held::of(empty));
        // Kafka's partitions stand still for a moment when another member joins those who project a generation.
        if let Log::Kafka(log) = &self.stack.log {
            let (but, log) = (store.generation(), Arc::clone(log));
            let abandoned = Abandoned::watch(but, stores, log, stop.clone());
            projecting = projecting.only_abandoned(abandoned);
        }
        Some((stop, tokio::spawn(projecting.run())))
    }

    async fn after(
        &self,
        generation: &Generation,
        store: &Arc<dyn ReadStore>,
        filled: &Filled,
        filled_seconds: f64,
    ) -> Result<Rebuilt, RebuildFailed> {
        let judged = self.in_the_end(|| self.judge(generation, store)).await?;
        let Compared { live, was_empty, verdict, judged } = judged;
        let mut rebuilt = Rebuilt {
            generation: generation.number,
            events: filled.events,
            products: filled.products,
            filled_seconds,
            verdict,
            judged,
            promoted: None,
        };
        if self.asked.promote && rebuilt.judged.passes() {
            self.tell(|progress| progress.phase = Phase::Promoting);
            let wait = Duration::from_secs(self.config.rebuild.promote_wait_seconds);
            let (stores, number) = (&self.stack.stores, generation.number);
            let promoted = promote::promote(stores, number, live, wait, &self.stop).await;
            rebuilt.promoted = Some(promoted.map_err(|error| match error {
                PromoteError::Stopped => RebuildError::Stopped.into(),
                error => RebuildFailed::from(error),
            })?);
        }
        // Where it was stopped before, the next rebuild goes on with the comparison.
        if !rebuilt.judged.inconclusive {
            let judged = async || Ok(set(store.as_ref(), UNJUDGED, None).await?);
            match self.in_the_end(judged).await {
                // What was to be done is done; nobody compares what was promoted once.
                Err(error) if rebuilt.promoted.is_some() => {
                    tracing::warn!(%error, "after a promotion")
                }
                set => set?,
            }
        }
        if let Some(empty) = live.filter(|_| was_empty)
            && let Some(promoted) = &mut rebuilt.promoted
            && self.drop_empty(empty).await
        {
            promoted.before = None;
        }
        Ok(rebuilt)
    }

    /// Drops a generation that was never filled: nobody goes back to it. Answers whether it is gone.
    async fn drop_empty(&self, number: i64) -> bool {
        let dropped = async {
            let generation = find(self.stack.stores.catalogue().as_ref(), number).await?;
            if !is_empty(self.stack.stores.get(&generation).await?.as_ref()).await? {
                return Ok(false);
            }
            promote::drop(&self.stack.stores, number).await.map(|_| true)
        };
        let dropped: Result<bool, PromoteError> = dropped.await;
        match dropped {
            Ok(is_dropped) => is_dropped,
            Err(error) => {
                tracing::warn!(%error, generation = number, "the empty generation is not dropped");
                false
            }
        }
    }

    /// The live generation, where nothing was ever projected into it.
    async fn empty_live(&self) -> Result<Option<i64>, RebuildFailed> {
        let known = self.stack.stores.catalogue().list().await?;
        let Some(live) = known.iter().find(|g| g.live && g.is_ours()) else { return Ok(None) };
        let store = self.stack.stores.get(live).await?;
        Ok(is_empty(store.as_ref()).await?.then_some(live.number))
    }

    /// Catches up and compares with the live generation, if that can be.
    async fn judge(
        &self,
        generation: &Generation,
        store: &Arc<dyn ReadStore>,
    ) -> Result<Compared, RebuildFailed> {
        self.tell(|progress| progress.phase = Phase::CatchingUp);
        self.catch_up(generation, store).await?;
        let known = self.stack.stores.catalogue().list().await?;
        let live = known.iter().find(|g| g.live);
        let number = live.map(|live| live.number);
        match live {
            Some(live) if live.is_ours() => {
                let decided = self.stack.stores.get(live).await?;
                if is_empty(decided.as_ref()).await? {
                    // There is nothing to compare with, and nothing to go back to.
                    return Ok(Compared { live: number, was_empty: true, ..Compared::default() });
                }
                if self.asked.only_if_empty {
                    return Err(RebuildFailed::NotEmpty);
                }
                discarded::again(decided.as_ref(), store.as_ref()).await?;
                let compared = match store::is_stopped(decided.as_ref()).await? {
                    true => Err(VerdictError::PartitionStopped { side: Side::Live }.into()),
                    false => self.compare(live, store).await,
                };
                match compared {
                    Ok(verdict) => {
                        let judged = verdict.judge(&self.asked.allow);
                        Ok(Compared {
                            live: number,
                            verdict: Some(verdict),
                            judged,
                            was_empty: false,
                        })
                    }
                    // It would be waited for in vain.
                    Err(RebuildFailed::Verdict(VerdictError::PartitionStopped {
                        side: Side::Live,
                    })) => match self.asked.promote && !self.asked.uncompared {
                        true => Err(RebuildFailed::Stopped(generation.number)),
                        false => Ok(Compared { live: number, ..Compared::default() }),
                    },
                    Err(error) => Err(error),
                }
            }
            Some(_) if self.asked.promote && !self.asked.uncompared => {
                Err(RebuildFailed::Uncompared(generation.number))
            }
            _ => Ok(Compared { live: number, ..Compared::default() }),
        }
    }

    /// Until the generation reflects all that the log held as this began.
    async fn catch_up(
        &self,
        generation: &Generation,
        store: &Arc<dyn ReadStore>,
    ) -> Result<(), RebuildFailed> {
        let log = self.stack.log.events();
        let extents = log.extents().await?;
        let (mut stood, mut since) = (Reflected::default(), Clock::now());
        loop {
            let mut snapshot = store.snapshot_fresh().await?;
            let positions = snapshot.positions().await?;
            drop(snapshot);
            if log.lag(&extents, &positions).await?.events <= 0 {
                return Ok(());
            }
            let reflected: Reflected = positions.into_iter().collect();
            if reflected != stood {
                (stood, since) = (reflected, Clock::now());
            }
            if since.elapsed() > STANDS_STILL {
                return Err(RebuildFailed::Behind(generation.number));
            }
            self.unless_stopped(tokio::time::sleep(STEP)).await?;
        }
    }

    async fn compare(
        &self,
        live: &Generation,
        store: &Arc<dyn ReadStore>,
    ) -> Result<Verdict, RebuildFailed> {
        self.tell(|progress| {
            progress.phase = Phase::Comparing;
            (progress.products, progress.products_total) = (0, 0);
        });
        let bounds = &self.config.rebuild;
        let low_stock = i64::try_from(self.config.low_stock_threshold).unwrap_or(i64::MAX);
        let scope = Scope {
            max_products: bounds.compare_max_products,
            ..Scope::new(stack::markets(&self.config), low_stock, clock::now())
        };
        let live = self.stack.stores.get(live).await?;
        let told = |done, total| {
            self.tell(|progress| (progress.products, progress.products_total) = (done, total));
        };
        Ok(verdict::compare(&live, store, &scope, &told, &self.stop).await?)
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, RebuildFailed> {
        tokio::select! {
            done = work => Ok(done),
            () = self.stop.cancelled() => Err(RebuildError::Stopped.into()),
        }
    }
}

/// Where a rebuild keeps what it needs to go on.
pub fn directory(config: &Config, generation: &Generation) -> PathBuf {
    let of_rebuilds = match config.rebuild.directory.as_str() {
        "" => config.data_dir.join("rebuild"),
        directory => PathBuf::from(directory),
    };
    of_rebuilds.join(&generation.place)
}

/// Whether nothing was ever projected into it.
pub(super) async fn is_empty(store: &dyn ReadStore) -> Result<bool, StoreError> {
    Ok(store.snapshot_fresh().await?.positions().await?.is_empty())
}

async fn set(store: &dyn ReadStore, key: &str, value: Option<&str>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.set_meta(key, value).await?;
    tx.commit().await
}
