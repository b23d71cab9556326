//! From a request to what a page is evaluated for, and to the state it is read from.

use std::sync::Arc;
use std::time::Instant as Clock;

use actix_web::HttpRequest;
use projections::instant::Instant;
use projections::market::Market;
use projections::page::Reader;

use super::cursor::Walk;
use super::params::Common;
use super::position::{self, Source, Wanted};
use super::problem::{Kind, Problem};
use super::{ApiState, auth};
use crate::cache::Context;
use crate::clock;
use crate::index::IndexVersion;
use crate::log::position::{ReadFrom, Reflected};
use crate::store::Snapshot;

/// Whom a page is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// The market's place in the configuration.
    pub market: u16,
    pub group: Option<String>,
    pub locale: Option<String>,
}

impl Who {
    pub fn context(&self) -> Context<'_> {
        Context {
            market: self.market,
            group: self.group.as_deref(),
            locale: self.locale.as_deref(),
        }
    }
}

/// A request's audience and instant, checked against the configuration.
pub struct Asked {
    pub who: Arc<Who>,
    /// The instant that was asked for.
    pub at: Option<Instant>,
    pub wanted: Wanted,
}

impl Asked {
    /// To be called once all parameters are known to be good.
    pub fn new(state: &ApiState, request: &HttpRequest, common: Common) -> Result<Asked, Problem> {
        let Common { market, group, locale, at } = common;
        let wanted = Wanted::read(state, request.headers())?;
        if at.is_some() {
            auth::check(state, request, "`at` shows what is to come: it")?;
        }
        let market = state.market_index(market.as_deref())?;
        Ok(Asked { who: Arc::new(Who { market, group, locale }), at, wanted })
    }

    /// A state to read the answer from, and the instant that it is for: that of the walk that
    /// it goes on with, else what was asked for, else now, as late as may be.
    pub async fn open(
        &self,
        state: &ApiState,
        request: &HttpRequest,
        walk: Option<Walk>,
        from: ReadFrom,
    ) -> Result<Reading, Problem> {
        if let Some(Walk::At(at)) = walk
            && at > clock::now().millis()
        {
            auth::check(state, request, "this cursor shows what is to come: it")?;
        }
        let (source, generation) = position::source(state, &self.wanted, from).await?;
        let now = clock::now();
        let at = walk.map_or(self.at.unwrap_or(now), |walk| walk.instant(now));
        Ok(Reading { source, generation, at, started: Clock::now(), behind: false })
    }
}

/// One answer being read.
pub struct Reading {
    source: Source,
    /// Which one it is read from.
    pub generation: i64,
    pub at: Instant,
    pub started: Clock,
    /// It may lack what others know to be committed.
    pub behind: bool,
}

impl Reading {
    /// For the cache: all that was committed, as it is at this instant, or now. While the primary is
    /// away, what a replica has.
    pub async fn fresh(
        state: &ApiState,
        from: ReadFrom,
        at: Option<Instant>,
    ) -> Result<Reading, Problem> {
        let (source, behind) = match from {
            ReadFrom::Index => (Source::Index(state.index_version()?), false),
            ReadFrom::Facts => match state.store.snapshot_fresh().await {
                Ok(snapshot) => (Source::Store(snapshot), false),
                Err(_) => (Source::Store(state.store.snapshot().await?), true),
            },
        };
        let at = at.unwrap_or_else(clock::now);
        let generation = state.store.generation();
        Ok(Reading { source, generation, at, started: Clock::now(), behind })
    }

    /// The snapshot of the store that a page of facts is read from.
    pub fn snapshot(&mut self) -> Result<&mut dyn Snapshot, Problem> {
        match &mut self.source {
            Source::Store(snapshot) => Ok(snapshot.as_mut()),
            Source::Index(_) => Err(Problem::internal()),
        }
    }

    /// The version of the index that a page of listings or cards is read from.
    pub fn index(&self) -> Result<&Arc<IndexVersion>, Problem> {
        match &self.source {
            Source::Index(version) => Ok(version),
            Source::Store(_) => Err(Problem::internal()),
        }
    }

    /// Up to where it reflects the events.
    pub async fn reflected(&mut self) -> Result<Reflected, Problem> {
        match &mut self.source {
            Source::Store(snapshot) => Ok(snapshot.reflected().await?),
            Source::Index(version) => Ok(version.reflected.clone()),
        }
    }
}

impl ApiState {
    /// The version of the index of now.
    ///
    /// # Errors
    ///
    /// Before the first is loaded, and where the store could not be followed for longer than answers
    /// may be old.
    pub fn index_version(&self) -> Result<Arc<IndexVersion>, Problem> {
        let Some(version) = self.index.as_ref().and_then(|index| index.current()) else {
            let detail = "the listing index is being loaded; try again";
            return Err(Problem::new(Kind::NotReady, detail));
        };
        if self.following.behind().is_some_and(|behind| behind > self.stale_if_error) {
            let detail = "the read store cannot be followed; try again";
            return Err(Problem::new(Kind::Unavailable, detail));
        }
        Ok(version)
    }

    /// The place of the market of that id; the first where none is asked for.
    fn market_index(&self, id: Option<&str>) -> Result<u16, Problem> {
        let found = match id {
            None => Some(0),
            Some(id) => self.markets.iter().position(|m| m.id == id),
        };
        let index = found.filter(|i| *i < self.markets.len()).and_then(|i| u16::try_from(i).ok());
        index.ok_or_else(|| {
            let detail = format!("no market {:?} is configured", id.unwrap_or_default());
            Problem::parameter(Kind::UnknownMarket, "market", detail)
        })
    }

    /// The market of those that ask.
    pub fn market_of(&self, who: &Who) -> Result<&Market, Problem> {
        self.markets.get(usize::from(who.market)).ok_or_else(Problem::internal)
    }

    /// What a page is evaluated for.
    pub fn reader<'a>(&'a self, who: &'a Who, at: Instant) -> Result<Reader<'a>, Problem> {
        Ok(Reader {
            market: self.market_of(who)?,
            group: who.group.as_deref(),
            locale: who.locale.as_deref(),
            at,
            low_stock_threshold: self.low_stock_threshold,
        })
    }
}
