//! Generations of the read store: which there are, which one is live, and how processes follow it.
//!
//! A generation is a complete read store with positions of its own: a schema in PostgreSQL, a file of SQLite. Which there
//! are is in the [`Catalogue`]. One that is *following* is projected by every process with the role `projector`
//! ([`project`]), whether or not it is live; pages are answered from the one that is *live* ([`follow`]). To [`promote`]
//! is to change which one that is, once all instances are ready for it.

mod abandoned;
pub mod alone;
mod discarded;
pub mod first;
pub mod follow;
mod forwarded;
pub mod jobs;
pub mod keep;
pub mod outcome;
pub mod postgres;
pub mod project;
pub mod promote;
pub mod rebuild;
pub mod shadow;
pub mod sqlite;
mod stopped;
pub mod stores;
pub mod view;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use projections::instant::Instant;
use serde::Serialize;

use crate::store::{PROJECTION_VERSION, ReadStore, Result, StoreError};
use alone::RebuildLock;

/// What becomes of a generation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A rebuild fills it; nothing else may touch it.
    Building,
    /// Projectors keep it up to date.
    Following,
    /// It is out of the catalogue; what it holds may not be deleted yet.
    Dropped,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Building => "building",
            State::Following => "following",
            State::Dropped => "dropped",
        }
    }

    /// # Errors
    /// [`StoreError::Incompatible`] where a newer version has written it.
    pub fn of(name: &str) -> Result<State> {
        match name {
            "building" => Ok(State::Building),
            "following" => Ok(State::Following),
            "dropped" => Ok(State::Dropped),
            other => Err(StoreError::Incompatible(format!(
                "a generation is in the state `{other}`, which this version does not know"
            ))),
        }
    }
}

/// One generation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Generation {
    pub number: i64,
    /// The schema in PostgreSQL, or the file, relative to the data directory.
    pub place: String,
    /// The layout of what it holds: this build works only with its own,
    /// [`PROJECTION_VERSION`].
    pub projection_version: i64,
    pub created_at: Instant,
    pub state: State,
    /// When it was promoted last; `None`: never.
    pub promoted_at: Option<Instant>,
    /// It is the one that was promoted last of all.
    pub live: bool,
}

/// A generation as both catalogues have it, in the order of its fields.
type Row = (i64, String, i64, i64, String, Option<i64>, bool);

impl Generation {
    fn of(row: Row) -> Result<Generation> {
        let (number, place, projection_version, created_at, state, promoted_at, live) = row;
        Ok(Generation {
            number,
            place,
            projection_version,
            created_at: Instant(created_at),
            state: State::of(&state)?,
            promoted_at: promoted_at.map(Instant),
            live,
        })
    }

    /// Whether this build can read and write it.
    pub fn is_ours(&self) -> bool {
        self.projection_version == PROJECTION_VERSION
    }
}

/// Which generation is live, and which others somebody waits for, as far as this process has heard.
#[derive(Clone, Default)]
pub struct Live(Arc<Heard>);

#[derive(Default)]
struct Heard {
    /// Who knows for certain.
    catalogue: OnceLock<Arc<dyn Catalogue>>,
    /// 0: none.
    live: AtomicI64,
    waited_for: Mutex<Vec<i64>>,
}

impl Live {
    pub fn set(&self, live: Option<i64>, waited_for: Vec<i64>) {
        self.0.live.store(live.unwrap_or_default(), Ordering::Relaxed);
        *self.0.waited_for.lock().unwrap_or_else(PoisonError::into_inner) = waited_for;
    }

    /// Asks there whatever has to be right now.
    pub fn ask(&self, catalogue: &Arc<dyn Catalogue>) {
        let _ = self.0.catalogue.set(Arc::clone(catalogue));
    }

    /// As [`Live::is`], of this moment.
    pub async fn is_now(&self, generation: i64) -> Result<bool> {
        match self.0.catalogue.get() {
            Some(catalogue) => Ok(catalogue.announced().await?.serving == Some(generation)),
            None => Ok(self.is(generation)),
        }
    }

    /// Before anything was heard, any may be.
    pub fn is(&self, generation: i64) -> bool {
        let live = self.0.live.load(Ordering::Relaxed);
        live == 0 || live == generation
    }

    /// Whether it is live or about to be, or compared with the live one: somebody waits for what it has yet to reflect.
    pub fn is_waited_for(&self, generation: i64) -> bool {
        let waited_for = || self.0.waited_for.lock().unwrap_or_else(PoisonError::into_inner);
        self.is(generation) || waited_for().contains(&generation)
    }
}

/// Which generation is to be live instead of which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switch {
    pub to: i64,
    /// `None`: there was no live one.
    pub from: Option<i64>,
}

/// What instances look at several times a second.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Announced {
    /// The generation that this build answers from: the one that was promoted last of those whose layout it knows.
    pub serving: Option<i64>,
    /// A promotion that is being prepared: its id, and the generation.
    pub promotion: Option<(String, i64)>,
}

/// Where generations are entered. All processes that share a read store share its catalogue.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// All but the dropped ones, by number.
    async fn list(&self) -> Result<Vec<Generation>>;

    async fn announced(&self) -> Result<Announced>;

    /// Enters a new generation and makes its place, empty.
    async fn create(&self) -> Result<Generation>;

    /// Opens a generation's store. Two are independent of each other, and each is to be closed.
    async fn open(&self, generation: &Generation) -> Result<Arc<dyn ReadStore>>;

    async fn set_state(&self, number: i64, state: State) -> Result<()>;

    /// Announces that a generation is about to be promoted, or prolongs that, for so many milliseconds. Answers false
    /// where another promotion is being prepared, or the generation is not one that follows.
    async fn announce(&self, id: &str, number: i64, for_ms: i64) -> Result<bool>;

    /// An instance has heard of a promotion, or is ready for it.
    async fn answer(&self, promotion: &str, instance: &str, ready: bool) -> Result<()>;

    /// The instances that have heard of a promotion, and whether each is ready.
    async fn answers(&self, promotion: &str) -> Result<Vec<(String, bool)>>;

    /// Ends what was announced, and switches if that is still to be done.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it is not as it was when the promotion began; then nothing is switched.
    async fn end_promotion(&self, id: &str, switch: Option<Switch>) -> Result<()>;

    /// Takes a generation out of the catalogue; processes let go of it within a second where they project, and within 5
    /// where they only answer. What it holds stays until [`Catalogue::delete`].
    async fn forget(&self, number: i64) -> Result<()>;

    /// Generations that were forgotten, and of which something is still there.
    async fn remains(&self) -> Result<Vec<Generation>>;

    /// Deletes what a generation holds that was forgotten.
    async fn delete(&self, generation: &Generation) -> Result<()>;

    /// Sees to it that nobody else rebuilds, as long as what is answered lives; `None` where somebody does. It ends with
    /// the process, however that ends.
    async fn lock_rebuild(&self) -> Result<Option<Box<dyn RebuildLock>>>;

    /// Closes its connections.
    async fn close(&self);
}

/// The generation of that number.
///
/// # Errors
/// [`StoreError::Incompatible`] where there is none.
pub async fn find(catalogue: &dyn Catalogue, number: i64) -> Result<Generation> {
    let known = catalogue.list().await?;
    known.into_iter().find(|generation| generation.number == number).ok_or_else(|| {
        StoreError::Incompatible(format!(
            "there is no generation {number}: `vitrine generations list` shows those that there are"
        ))
    })
}
