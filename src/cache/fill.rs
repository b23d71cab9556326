//! Pages that are loaded before anybody asks for them.

use std::sync::Arc;

use super::counters::Counters;
use super::entry::{Entry, Loaded};
use super::key::PageKey;
use super::load::{GetError, Got, LoadError, Source};
use super::pages::{Lookup, PageCache, Put};
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

    /// Loads several pages at once, for nobody. Answers those that are kept: one that has changed meanwhile is not.
    ///
    /// # Errors
    ///
    /// As [`PageCache::get_or_load`], for all of them.
    pub async fn fill_together<L, F>(
        &self,
        load: L,
    ) -> Result<Vec<(PageKey, Arc<Entry>)>, GetError<E>>
    where
        L: FnOnce(Version) -> F,
        F: Future<Output = Result<Vec<(PageKey, Loaded)>, E>>,
    {
        let Some(_permit) = self.gate.pass().await else {
            Counters::count(&self.counters.busy);
            return Err(GetError::Busy);
        };
        // As for a single one: what is told from here on may be missing in what is read.
        let (version, begun) = (self.stamps.followed(), self.clock.now());
        let loaded = load(version).await.map_err(|error| {
            Counters::count(&self.counters.loads);
            Counters::count(&self.counters.failed_loads);
            GetError::Load(error)
        })?;
        let mut kept = Vec::with_capacity(loaded.len());
        for (key, loaded) in loaded {
            Counters::count(&self.counters.loads);
            if let Put::Kept(entry) = self.put(&key, Entry::new(loaded, version, begun)) {
                kept.push((key, entry));
            }
        }
        Ok(kept)
    }

    /// Whether a valid page is there.
    pub fn has(&self, key: &PageKey) -> bool {
        matches!(self.lookup(&key.as_ref(), &self.now()), Lookup::Hit(_))
    }
}
