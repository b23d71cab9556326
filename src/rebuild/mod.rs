//! A new generation built from the first event: the whole log is read and folded in memory, within a budget, and what it
//! comes to is written once, product by product.
//!
//! In the order of the data: a [`source`] reads every partition up to where it ended when the rebuild began; `decode`
//! makes messages of what it reads, on all cores; `table` folds them by entity, and what does not fit goes to files
//! (`run_file`), of which `manifest` says how far they reach. Then `regroup` merges those, `products` finds what belongs to one
//! product, `part` puts some thousand products at a time together, and `write` stores them.
//!
//! A kill loses at most what was read since the last manifest, and the parts that were being written.

mod decode;
mod discounts;
pub mod entity;
mod error;
mod letters;
mod manifest;
mod outcomes;
mod part;
pub mod products;
pub mod progress;
mod read;
mod regroup;
mod run_file;
mod source;
mod state;
pub mod table;
mod write;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use projections::market::Market;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::log::Log;
use crate::log::position::Partition;
use crate::store::ReadStore;
pub use error::RebuildError;
use manifest::Folder;
use progress::{Phase, Progress};
use source::Source;
use state::Beginning;
pub use state::REBUILD_ID;

/// What a generation is built from, and how.
pub struct Job {
    pub log: Log,
    /// The new generation: empty, or filled in part by an earlier run.
    pub store: Arc<dyn ReadStore>,
    /// As configured: events for others are counted as warnings.
    pub markets: Vec<Market>,
    pub options: Options,
    /// Told of every step. What the rebuild does not know, such as the generation's number, is left as it is.
    pub progress: Arc<watch::Sender<Progress>>,
    /// Ends the rebuild, so that it can go on later.
    pub stop: CancellationToken,
}

/// Bounds of a rebuild.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes that folded events may take in memory, about.
    pub memory_bytes: u64,
    /// A folder for this generation alone: what does not fit into memory, and how far reading has come.
    pub directory: PathBuf,
    /// Time between two marks of how far reading has come.
    pub checkpoint: Duration,
}

/// What a generation was filled with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filled {
    /// Messages that were read, also by earlier runs.
    pub events: u64,
    /// Products that are live.
    pub products: u64,
    /// The offset that comes next, by partition; those without any event are left out.
    pub positions: Vec<(Partition, i64)>,
}

/// Fills an empty generation with all that the log holds. Afterwards the store holds what projecting every event up to
/// [`Filled::positions`] would have left, so that an ordinary projector goes on from there.
///
/// What differs: where parts of the log were folded apart, an event that is older than one of an earlier part counts as
/// applied all the same, so that only the sum of the outcomes is exact. All messages are one batch: a newer version of
/// an entity settles what was dead of it, whichever came first.
///
/// To be called again with the same generation and folder after a kill, after [`RebuildError::Stopped`], and after an
/// error that is passing. Of two calls at once for one generation, the store has to keep off one.
///
/// # Errors
/// [`RebuildError::Stopped`] where it was told to stop, with all that it has done kept; [`RebuildError::NotMine`] where the
/// generation cannot be gone on with: it is to be dropped, and another one made; [`RebuildError::Incomplete`] where the log
/// no longer holds everything.
pub async fn fill(job: Job) -> Result<Filled, RebuildError> {
    job.tell(|progress| progress.phase = Phase::Starting);
    let source = Source::of(&job.log);
    let beginning = state::begin(job.store.as_ref()).await?;
    let folder = Folder::open(&job.options.directory).await?;
    let (id, writing) = match beginning {
        Beginning::Filled(filled) => {
            folder.clear().await?;
            job.tell(|progress| progress.phase = Phase::Done);
            return Ok(filled);
        }
        Beginning::Fresh { id } => (id, None),
        Beginning::Reading { id } => (id, None),
        Beginning::Writing { id, written } => (id, Some(written)),
    };
    let read = read::read(&job, &source, &folder, id, writing.as_ref()).await?;
    let filled = write::write(&job, &source, &folder, read, writing).await?;
    folder.clear().await?;
    job.tell(|progress| progress.phase = Phase::Done);
    Ok(filled)
}

impl Job {
    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }

    /// Bytes that what passes through may take at once: a batch that is read, or entities that are computed.
    fn share(&self) -> usize {
        usize::try_from(self.options.memory_bytes / 4).unwrap_or(usize::MAX)
    }

    /// Work that may be cut off at any moment, up to where it is to stop.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, RebuildError> {
        unless_stopped(&self.stop, work).await
    }

    /// An error where it is to stop.
    fn go_on(&self) -> Result<(), RebuildError> {
        if self.stop.is_cancelled() { Err(RebuildError::Stopped) } else { Ok(()) }
    }
}

/// Work that may be cut off at any moment, up to where it is to stop.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, RebuildError> {
    tokio::select! {
        done = work => Ok(done),
        () = stop.cancelled() => Err(RebuildError::Stopped),
    }
}

/// Runs what computes or reads files off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RebuildError> + Send + 'static,
) -> Result<T, RebuildError> {
    tokio::task::spawn_blocking(work).await.map_err(|ended| RebuildError::ended(&ended))?
}

/// How many threads compute at once.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
