//! The catalogue: which generations of the read store there are, and which one is live.
//!
//! A generation is a complete read store with positions of its own: a schema in PostgreSQL
//! ([`postgres`]), a file of SQLite ([`sqlite`]). A process opens each of them once ([`stores`]), and
//! keeps in mind which one is live ([`live`]).

pub mod live;
pub mod postgres;
mod refusals;
pub mod sqlite;
pub mod stores;

use std::sync::Arc;

use async_trait::async_trait;
use projections::instant::Instant;
use serde::Serialize;

use crate::store::{PROJECTION_VERSION, ReadStore, Result, StoreError};

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

/// Held by whoever rebuilds; it ends with the process, however that ends.
#[async_trait]
pub trait RebuildLock: Send {
    /// Whether it is still held: one of a database ends with its connection.
    async fn is_held(&mut self) -> bool;
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
