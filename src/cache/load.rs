//! Pages from the cache, or loaded into it.

use std::sync::Arc;

use super::coding::Coding;
use super::counters::Counters;
use super::entry::{Entry, Loaded};
use super::flights::{Lead, Outcome, Part};
use super::key::{PageKey, PageRef};
use super::pages::{Lookup, PageCache};
use super::stamps::Version;
use super::time::Moment;

/// How often a page is loaded for one who asks, if it changes during each load.
///
/// The third begins after the page was asked for, whoever loads it, and so shows all that had
/// changed before: it is answered even if it is not kept.
const ROUNDS: usize = 3;

/// What loads fail with.
pub trait LoadError: Clone + Send + Sync + 'static {
    /// Whether the store is away, so that an older page is better than none.
    fn is_away(&self) -> bool;
}

/// Why there is no page.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GetError<E> {
    /// Too many loads wait already.
    #[error("too many pages are being loaded")]
    Busy,
    /// The load failed; nothing of it is kept.
    #[error("a page cannot be loaded")]
    Load(E),
}

/// Where a page comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The cache.
    Hit,
    /// A load, this one's or one it waited for.
    Loaded,
    /// A load that was already outdated when it ended, three times: changes are faster than it, or
    /// the store is behind. It is not kept. All that was told before the page was asked for is in
    /// it, unless its version says that the store is behind.
    Uncached,
    /// The cache: its time is over, and it is being loaded anew.
    Expired,
    /// The cache, with the store away: it may have changed.
    Away,
}

impl Source {
    /// Whether the answer has to say that it may be old.
    pub fn is_stale(self) -> bool {
        matches!(self, Source::Expired | Source::Away)
    }
}

/// A page, and where it comes from.
#[derive(Clone, Debug)]
pub struct Got {
    pub entry: Arc<Entry>,
    pub source: Source,
}

impl<E: LoadError> PageCache<E> {
    /// A page from the cache, if it is valid: counted as a hit, else not counted.
    pub fn hit(&self, asked: &PageRef<'_>) -> Option<Arc<Entry>> {
        let Lookup::Hit(entry) = self.lookup(asked, &self.clock.now()) else { return None };
        Counters::count(&self.counters.hits);
        Some(entry)
    }

    /// As [`PageCache::hit`], for a page that is there (200) and in this coding: nothing is left to be made.
    pub fn hit_in(&self, asked: &PageRef<'_>, coding: Coding, now: &Moment) -> Option<Arc<Entry>> {
        let Lookup::Hit(entry) = self.lookup(asked, now) else { return None };
        let answer = entry.answer();
        if answer.status() != 200 || !answer.is_made(coding) {
            return None;
        }
        Counters::count(&self.counters.hits);
        Some(entry)
    }

    /// A page from the cache, or loaded, by one load at a time.
    ///
    /// `load` is given the version that its page is taken to have, and is called again if that is
    /// outdated before it is done. It has to read the store after it is called. A page whose time
    /// is over is answered at once and loaded by a task of its own, so that this has to be called
    /// within tokio. Dropping the future gives its load up; one who waits for it takes over.
    ///
    /// # Errors
    ///
    /// [`GetError::Busy`] at once where too many loads wait; [`GetError::Load`] where the load
    /// fails and no page can stand in.
    pub async fn get_or_load<L, F>(
        self: &Arc<Self>,
        asked: &PageRef<'_>,
        load: L,
    ) -> Result<Got, GetError<E>>
    where
        L: FnMut(Version) -> F + Send + 'static,
        F: Future<Output = Result<Loaded, E>> + Send + 'static,
    {
        let now = self.clock.now();
        let there = match self.lookup(asked, &now) {
            Lookup::Hit(entry) => {
                Counters::count(&self.counters.hits);
                return Ok(Got { entry, source: Source::Hit });
            }
            Lookup::Expired(entry)
                if entry.age(&now) <= self.limits.ttl + self.limits.stale_while_revalidate =>
            {
                Counters::count(&self.counters.stale);
                self.revalidate(PageKey::from(*asked), load);
                return Ok(Got { entry, source: Source::Expired });
            }
            Lookup::Expired(entry) | Lookup::Outdated(entry) => Some(entry),
            Lookup::Miss => None,
        };
        Counters::count(&self.counters.misses);
        self.load_in_rounds(PageKey::from(*asked), there, load).await
    }

    pub(super) async fn load_in_rounds<L, F>(
        &self,
        key: PageKey,
        there: Option<Arc<Entry>>,
        mut load: L,
    ) -> Result<Got, GetError<E>>
    where
        L: FnMut(Version) -> F,
        F: Future<Output = Result<Loaded, E>>,
    {
        let mut round = 1;
        loop {
            let entry = match self.load_once(&key, &mut load).await? {
                Outcome::Loaded(entry) => entry,
                Outcome::Failed(error) => return self.stand_in(&key, there, error),
            };
            // Also what another one's load brought: it may have begun before this page was asked
            // for, and a change been told in between.
            if entry.is_valid(&self.stamps, &self.clock.now()) {
                return Ok(Got { entry, source: Source::Loaded });
            }
            if round == ROUNDS {
                return Ok(Got { entry, source: Source::Uncached });
            }
            round += 1;
        }
    }

    /// One load, of whoever leads; of this one if it does, or takes over.
    async fn load_once<L, F>(&self, key: &PageKey, load: &mut L) -> Result<Outcome<E>, GetError<E>>
    where
        L: FnMut(Version) -> F,
        F: Future<Output = Result<Loaded, E>>,
    {
        loop {
            match self.flights.join(key) {
                Part::Lead(lead) => return self.lead(lead, load).await,
                Part::Wait(wait) => {
                    if let Some(outcome) = wait.outcome().await {
                        return Ok(outcome);
                    }
                }
            }
        }
    }

    async fn lead<L, F>(&self, lead: Lead<E>, load: &mut L) -> Result<Outcome<E>, GetError<E>>
    where
        L: FnMut(Version) -> F,
        F: Future<Output = Result<Loaded, E>>,
    {
        // The load before may have ended between the look into the cache and this.
        if let Lookup::Hit(entry) = self.lookup(&lead.key().as_ref(), &self.clock.now()) {
            let outcome = Outcome::Loaded(entry);
            lead.tell(outcome.clone());
            return Ok(outcome);
        }
        let Some(permit) = self.gate.pass().await else {
            Counters::count(&self.counters.busy);
            return Err(GetError::Busy);
        };
        Counters::count(&self.counters.loads);
        // Before the load: what is told from here on may be missing in what it reads.
        let version = self.stamps.followed();
        let begun = self.clock.now();
        let outcome = match load(version).await {
            Ok(loaded) => {
                let entry = Entry::new(loaded, version, begun);
                Outcome::Loaded(self.put(lead.key(), entry).into_entry())
            }
            Err(error) => {
                Counters::count(&self.counters.failed_loads);
                Outcome::Failed(error)
            }
        };
        drop(permit);
        lead.tell(outcome.clone());
        Ok(outcome)
    }

    /// Loads a page anew besides, unless somebody does already.
    fn revalidate<L, F>(self: &Arc<Self>, key: PageKey, mut load: L)
    where
        L: FnMut(Version) -> F + Send + 'static,
        F: Future<Output = Result<Loaded, E>> + Send + 'static,
    {
        let Part::Lead(lead) = self.flights.join(&key) else { return };
        let cache = Arc::clone(self);
        tokio::spawn(async move {
            // Nobody waits for it: failures are counted, and the next one who asks tries again.
            let _ = cache.lead(lead, &mut load).await;
        });
    }

    /// The page to answer with when a load has failed.
    fn stand_in(
        &self,
        key: &PageKey,
        there: Option<Arc<Entry>>,
        error: E,
    ) -> Result<Got, GetError<E>> {
        let now = self.clock.now();
        let kept = match self.lookup(&key.as_ref(), &now) {
            Lookup::Hit(entry) => return Ok(Got { entry, source: Source::Hit }),
            Lookup::Expired(entry) | Lookup::Outdated(entry) => Some(entry),
            Lookup::Miss => there,
        };
        match kept {
            Some(entry)
                if error.is_away()
                    && self.wrong_for(&entry, &now) <= self.limits.stale_if_error =>
            {
                Counters::count(&self.counters.stale);
                Ok(Got { entry, source: Source::Away })
            }
            _ => Err(GetError::Load(error)),
        }
    }
}
