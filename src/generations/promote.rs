//! Promotion, rollback and dropping.

use std::time::Duration;

use projections::instant::Instant;
use tokio::time::Instant as Clock;
use tokio_util::sync::CancellationToken;

use super::follow::unique;
use super::forwarded;
use super::forwarded::Adopted;
use crate::catalogue::stores::Stores;
use crate::catalogue::{Generation, State, Switch, find};
use crate::store::{self, Result, StoreError};

/// A promotion that nobody prolongs is over after this long.
const ANNOUNCED_FOR: Duration = Duration::from_secs(10);
const PROLONG_EVERY: Duration = Duration::from_secs(2);
/// Instances that run have heard of a promotion after this long.
const HEARD_WITHIN: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(50);
/// How long a generation may take to reflect what the live one does, where nothing of it moves.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(30);
/// Processes have let go of a generation that was forgotten after this long.
const LET_GO_WITHIN: Duration = Duration::from_secs(1);

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    #[error("{0}")]
    Refused(String),
    #[error("the promotion was stopped: nothing has changed")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a promotion came to.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Promoted {
    pub generation: i64,
    pub before: Option<i64>,
    /// Instances that were ready for it.
    pub ready: usize,
    /// Instances that were not in time: they follow when they are.
    pub not_ready: Vec<String>,
    /// Instances of another build answer from the one before until they are replaced.
    #[serde(skip)]
    pub of_another_build: bool,
}

/// Makes a generation the live one: once it reflects all that the live one does, and all running instances are ready for it, or
/// have had so long. With `compared`, only in the place of that generation. Up to the switch `stop` ends it, and leaves nothing.
///
/// # Errors
/// [`PromoteError::Refused`] says why it cannot be, and what to do.
pub async fn promote(
    stores: &Stores,
    number: i64,
    compared: Option<i64>,
    wait: Duration,
    stop: &CancellationToken,
) -> Result<Promoted, PromoteError> {
    let catalogue = stores.catalogue().as_ref();
    let generation = find(catalogue, number).await?;
    let live = catalogue.list().await?.into_iter().find(|g| g.live);
    let from = live.as_ref().map(|g| g.number);
    if let Some(compared) = compared.filter(|compared| from != Some(*compared)) {
        return Err(PromoteError::Refused(format!(
            "generation {compared}, with which generation {number} was compared, is not live any more: `vitrine rebuild` \
             compares again"
        )));
    }
    if generation.live {
        return Err(PromoteError::Refused(format!("generation {number} is live already")));
    }
    if generation.state == State::Building {
        return Err(PromoteError::Refused(format!(
            "generation {number} is not built to its end: `vitrine rebuild` goes on with it"
        )));
    }
    let mut known = Adopted::default();
    if let Some(live) = &live {
        unless_stopped(stop, catch_up(stores, live, &generation)).await?;
        known = unless_stopped(stop, adopt_forwarded(stores, live, &generation, known)).await?;
    }
    let id = unique();
    tracing::info!(generation = number, "a promotion begins: instances make ready");
    let preparing = async {
        let answers = prepare(stores, &id, number, wait).await?;
        if let Some(live) = &live {
            adopt_forwarded(stores, live, &generation, known).await?;
        }
        Ok(answers)
    };
    let answers = match unless_stopped(stop, preparing).await {
        Ok(answers) => answers,
        Err(error) => {
            // It ends by itself where this cannot be done either.
            let _ = catalogue.end_promotion(&id, None).await;
            return Err(error);
        }
    };
    if let Err(error) = catalogue.end_promotion(&id, Some(Switch { to: number, from })).await {
        let _ = catalogue.end_promotion(&id, None).await;
        return Err(error.into());
    }
    let not_ready: Vec<String> =
        answers.iter().filter(|(_, ready)| !ready).map(|(instance, _)| instance.clone()).collect();
    let ready = answers.len() - not_ready.len();
    tracing::info!(generation = number, ready, not_ready = not_ready.len(), "promoted");
    let of_another_build =
        live.is_some_and(|live| live.projection_version != generation.projection_version);
    Ok(Promoted { generation: number, before: from, ready, not_ready, of_another_build })
}

async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, PromoteError>>,
) -> Result<T, PromoteError> {
    tokio::select! {
        done = work => done,
        () = stop.cancelled() => Err(PromoteError::Stopped),
    }
}

/// The generation that was live before the one that is.
///
/// # Errors
/// [`PromoteError::Refused`] where there is none.
pub async fn before_live(stores: &Stores) -> Result<Generation, PromoteError> {
    let known = stores.catalogue().list().await?;
    let before: Option<Generation> = known
        .into_iter()
        .filter(|g| !g.live && g.state == State::Following)
        .filter_map(|g| Some((g.promoted_at?, g)))
        .max_by_key(|(at, _): &(Instant, Generation)| *at)
        .map(|(_, g)| g);
    before.ok_or_else(|| {
        PromoteError::Refused(
            "there is no generation to go back to: none but the live one was ever promoted"
                .to_owned(),
        )
    })
}

/// What the live generation has sent of dead letters is known to the next one as well.
async fn adopt_forwarded(
    stores: &Stores,
    live: &Generation,
    next: &Generation,
    known: Adopted,
) -> Result<Adopted, PromoteError> {
    if !live.is_ours() || !next.is_ours() {
        return Ok(known);
    }
    let (live, next) = (stores.get(live).await?, stores.get(next).await?);
    Ok(forwarded::adopt(Some(live.as_ref()), next.as_ref(), known).await?)
}

/// Waits until one generation reflects what the other one does now, as long as it moves.
async fn catch_up(
    stores: &Stores,
    live: &Generation,
    next: &Generation,
) -> Result<(), PromoteError> {
    if !live.is_ours() || !next.is_ours() {
        // This build cannot read one of them; instances see to it themselves as they switch.
        return Ok(());
    }
    let (live, next) = (stores.get(live).await?, stores.get(next).await?);
    if store::is_stopped(live.as_ref()).await? {
        // What it has reached is in a log that is not there any more.
        return Ok(());
    }
    let target = live.snapshot_fresh().await?.reflected().await?;
    let (mut stood, mut since) = (None, Clock::now());
    loop {
        let reflected = next.snapshot_fresh().await?.reflected().await?;
        if reflected.covers(&target) {
            return Ok(());
        }
        if stood.as_ref() != Some(&reflected) {
            (stood, since) = (Some(reflected), Clock::now());
        }
        if since.elapsed() > CATCH_UP_WITHIN {
            return Err(PromoteError::Refused(format!(
                "generation {} is behind the live one and has not moved for {CATCH_UP_WITHIN:?}: a process with \
                 the role `projector` has to run (`vitrine serve`)",
                next.generation()
            )));
        }
        tokio::time::sleep(STEP).await;
    }
}

/// Announces it until all that have heard of it are ready, or the time is over.
async fn prepare(
    stores: &Stores,
    id: &str,
    number: i64,
    wait: Duration,
) -> Result<Vec<(String, bool)>, PromoteError> {
    let catalogue = stores.catalogue().as_ref();
    let for_ms = i64::try_from(ANNOUNCED_FOR.as_millis()).unwrap_or(i64::MAX);
    let started = Clock::now();
    let mut prolonged: Option<Clock> = None;
    loop {
        if prolonged.is_none_or(|at| at.elapsed() >= PROLONG_EVERY) {
            if !catalogue.announce(id, number, for_ms).await? {
                find(catalogue, number).await?;
                return Err(PromoteError::Refused(
                    "another promotion is under way: wait until it is done".to_owned(),
                ));
            }
            prolonged = Some(Clock::now());
        }
        tokio::time::sleep(STEP).await;
        let answers = catalogue.answers(id).await?;
        let all_ready = answers.iter().all(|(_, ready)| *ready);
        let heard = started.elapsed() >= HEARD_WITHIN;
        if heard && (all_ready || started.elapsed() >= wait.max(HEARD_WITHIN)) {
            return Ok(answers);
        }
    }
}

/// Drops a generation and all that it holds. Of one that is dropped already, what may be left is deleted.
///
/// # Errors
/// [`PromoteError::Refused`] where it is live, or being built, or what it holds cannot be deleted now.
pub async fn drop(stores: &Stores, number: i64) -> Result<Generation, PromoteError> {
    let catalogue = stores.catalogue().as_ref();
    let generation = match find(catalogue, number).await {
        Ok(generation) => generation,
        Err(error) => {
            let remains = catalogue.remains().await?;
            let Some(dropped) = remains.into_iter().find(|g| g.number == number) else {
                return Err(error.into());
            };
            catalogue.delete(&dropped).await?;
            return Ok(dropped);
        }
    };
    if generation.live {
        return Err(PromoteError::Refused(format!(
            "generation {number} is live: promote another one first"
        )));
    }
    // Only whoever holds this may touch one that is being built.
    let lock = catalogue.lock_rebuild().await?;
    if generation.state == State::Building && lock.is_none() {
        return Err(PromoteError::Refused(format!(
            "generation {number} is being built: stop the rebuild first"
        )));
    }
    catalogue.forget(number).await?;
    tokio::time::sleep(LET_GO_WITHIN).await;
    catalogue.delete(&generation).await.map_err(|error| {
        PromoteError::Refused(format!(
            "generation {number} is dropped, but what it holds could not be deleted ({error}): `vitrine generations drop \
             {number}` tries again, and so does the next rebuild"
        ))
    })?;
    Ok(generation)
}

/// Deletes what is left of dropped generations: whoever was to do so was stopped, or somebody was in the way.
pub async fn sweep(stores: &Stores) -> Result<(), StoreError> {
    let catalogue = stores.catalogue();
    for generation in catalogue.remains().await? {
        match catalogue.delete(&generation).await {
            Ok(()) => {
                tracing::info!(generation = generation.number, "what was left of it is deleted")
            }
            Err(error) => {
                tracing::warn!(%error, generation = generation.number, "what is left of it cannot be deleted");
            }
        }
    }
    Ok(())
}
