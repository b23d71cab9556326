//! From a request to what a page is evaluated for, and to the state it is read from.

use std::time::Instant as Clock;

use actix_web::HttpRequest;
use projections::instant::Instant;
use projections::market::Market;
use projections::page::Reader;
use tokio::sync::SemaphorePermit;

use super::answer::Page;
use super::cursor::Walk;
use super::params::Common;
use super::position::{self, Wanted};
use super::problem::{Kind, Problem};
use super::{ApiState, auth};
use crate::clock;
use crate::pages;
use crate::store::Snapshot;

/// A request's audience, checked against the configuration.
pub struct Asked<'s> {
    state: &'s ApiState,
    request: &'s HttpRequest,
    pub market: &'s Market,
    pub group: Option<String>,
    pub locale: Option<String>,
    /// The instant that was asked for.
    pub at: Option<Instant>,
    wanted: Wanted,
}

impl<'s> Asked<'s> {
    /// To be called once all parameters are known to be good.
    pub fn new(
        state: &'s ApiState,
        request: &'s HttpRequest,
        common: Common,
    ) -> Result<Asked<'s>, Problem> {
        let Common { market, group, locale, at } = common;
        let wanted = Wanted::read(state, request.headers())?;
        if at.is_some() {
            auth::check(state, request, "`at` shows what is to come: it")?;
        }
        let market = state.market(market.as_deref())?;
        Ok(Asked { state, request, market, group, locale, at, wanted })
    }

    /// A snapshot to read the answer from, and the instant that it is for: that of the walk that
    /// it goes on with, else what was asked for, else now, as late as may be.
    pub async fn open(&self, walk: Option<Walk>) -> Result<Reading, Problem> {
        if let Some(Walk::At(at)) = walk
            && at > clock::now().millis()
        {
            auth::check(self.state, self.request, "this cursor shows what is to come: it")?;
        }
        let snapshot = position::snapshot(self.state, &self.wanted).await?;
        let now = clock::now();
        let at = walk.map_or(self.at.unwrap_or(now), |walk| walk.instant(now));
        Ok(Reading { snapshot, at, started: Clock::now(), turn: None })
    }

    /// As [`Asked::open`], for answers that hold listings: where one has to be evaluated, once it
    /// is its turn.
    pub async fn open_for_listings(&self, walk: Option<Walk>) -> Result<Reading, Problem> {
        let mut reading = self.open(walk).await?;
        if !reading.snapshot.coverage().await?.holds(reading.at) {
            drop(reading);
            let turn = pages::evaluation_turn().await?;
            reading = self.open(walk).await?;
            reading.turn = Some(turn);
        }
        Ok(reading)
    }

    pub fn reader(&self, at: Instant) -> Reader<'_> {
        Reader {
            market: self.market,
            group: self.group.as_deref(),
            locale: self.locale.as_deref(),
            at,
            low_stock_threshold: self.state.low_stock_threshold,
        }
    }

    /// How the answer that was read is sent.
    pub fn page(
        &self,
        route: &'static str,
        reading: &Reading,
        next_change_at: Option<Instant>,
    ) -> Page {
        let private = self.group.is_some() || self.at.is_some();
        Page { route, next_change_at, private, started: reading.started }
    }
}

/// One answer being read.
pub struct Reading {
    pub snapshot: Box<dyn Snapshot>,
    pub at: Instant,
    started: Clock,
    /// Held while listings are evaluated.
    turn: Option<SemaphorePermit<'static>>,
}

impl ApiState {
    /// The market of that id; the first where none is asked for.
    fn market(&self, id: Option<&str>) -> Result<&Market, Problem> {
        let found = match id {
            None => self.markets.first(),
            Some(id) => self.markets.iter().find(|m| m.id == id),
        };
        found.ok_or_else(|| {
            let detail = format!("no market {:?} is configured", id.unwrap_or_default());
            Problem::parameter(Kind::UnknownMarket, "market", detail)
        })
    }
}
