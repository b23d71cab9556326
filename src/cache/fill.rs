//! Pages that are loaded before anybody asks for them.

use std::sync::Arc;

use super::entry::{Entry, Loaded};
use super::key::PageKey;
use super::load::{GetError, Got, LoadError, Source};
use super::pages::{Lookup, PageCache};
use super::stamps::Version;

/// What became of a page that is to be there.
#[derive(Debug)]
pub enum Filled {
    /// It was there, and valid.
    There,
    Loaded(Arc<Entry>),
    /// It changes faster than it can be loaded, or is over at once: such a page is not kept.
    NotKept,
    /// The store is away.
    Away,
}

impl<E: LoadError> PageCache<E> {
    /// Loads a page unless it is there, as [`PageCache::get_or_load`] does, but for nobody: it does not
    /// count as asked for, and one whose time is over is loaded before this returns.
    ///
    /// # Errors
    ///
    /// As [`PageCache::get_or_load`].
    pub async fn fill<L, F>(&self, key: &PageKey, load: L) -> Result<Filled, GetError<E>>
    where
        L: FnMut(Version) -> F,
        F: Future<Output = Result<Loaded, E>>,
    {
        if self.has(key) {
            return Ok(Filled::There);
        }
        let Got { entry, source } = self.load_in_rounds(key.clone(), None, load).await?;
        Ok(match source {
            Source::Hit => Filled::There,
            Source::Loaded => Filled::Loaded(entry),
            Source::Uncached => Filled::NotKept,
            Source::Expired | Source::Away => Filled::Away,
        })
    }

    /// Whether a valid page is there.
    pub fn has(&self, key: &PageKey) -> bool {
        matches!(self.lookup(&key.as_ref(), &self.now()), Lookup::Hit(_))
    }
}
