//! From the key of a cached page back to what it was asked for by: for pages that are loaded with no
//! request.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web;
use futures_util::future::BoxFuture;
use projections::instant::Instant;

use super::ApiState;
use super::cached::{self, Ask, Kept, Pages};
use super::home::Home;
use super::listings::Listing;
use super::problem::Problem;
use super::products::{self, One, Several};
use super::reader::{Reading, Who};
use super::reviews::Reviews;
use crate::cache::{Loaded, PageKey, PageKind, PageRef};
use crate::log::position::{ReadFrom, Reflected};

type Load = dyn Fn(Option<Instant>) -> BoxFuture<'static, Result<Loaded, Problem>> + Send + Sync;

/// A page that can be loaded, whatever kind it is of.
#[derive(Clone)]
pub struct Page {
    key: PageKey,
    load: Arc<Load>,
}

impl Page {
    /// The page of this key; none where no request has this key, or none any more.
    pub fn of(
        state: &web::Data<ApiState>,
        pages: &Arc<Pages>,
        asked: &PageRef<'_>,
    ) -> Option<Page> {
        let page = match asked.kind {
            PageKind::Product => Page::by(state, pages, asked, One::stored(asked)?),
            PageKind::Reviews => Page::by(state, pages, asked, Reviews::stored(asked)?),
            PageKind::Cards => Page::by(state, pages, asked, Several::stored(asked)?),
            PageKind::CategoryListing | PageKind::BrandListing | PageKind::Listing => {
                Page::by(state, pages, asked, Listing::stored(asked)?)
            }
            PageKind::Home => Page::by(state, pages, asked, Home),
        };
        // Whatever a key may hold: what is loaded goes to the place that it names, or nowhere.
        let market = usize::from(asked.context.market);
        (market < state.markets.len() && page.key.as_ref() == *asked).then_some(page)
    }

    fn by<A: Kept>(
        state: &web::Data<ApiState>,
        pages: &Arc<Pages>,
        asked: &PageRef<'_>,
        ask: A,
    ) -> Page {
        let who = Arc::new(who(asked));
        let key = PageKey::from(ask.page(&who));
        let (state, pages) = (state.clone(), Arc::clone(pages));
        let load = move |at| -> BoxFuture<'static, Result<Loaded, Problem>> {
            let (state, pages) = (state.clone(), Arc::clone(&pages));
            let (who, ask) = (Arc::clone(&who), ask.clone());
            Box::pin(async move { cached::load(&state, &pages, &who, &ask, at).await })
        };
        Page { key, load: Arc::new(load) }
    }

    pub fn key(&self) -> &PageKey {
        &self.key
    }

    /// Reads it from the store, as the cache would.
    ///
    /// # Errors
    ///
    /// What a request would be answered.
    pub async fn load(&self) -> Result<Loaded, Problem> {
        (self.load)(None).await
    }

    /// The same, as it is at an instant to come.
    ///
    /// # Errors
    ///
    /// As [`Page::load`].
    pub async fn load_at(&self, at: Instant) -> Result<Loaded, Problem> {
        (self.load)(Some(at)).await
    }
}

/// Pages of single products that are read together.
#[derive(Clone)]
pub struct ProductPages {
    asked: Vec<(PageKey, Who)>,
}

impl ProductPages {
    /// Those of these pages that are single products', and the others.
    pub fn of(state: &ApiState, keys: Vec<PageKey>) -> (ProductPages, Vec<PageKey>) {
        let is_one = |key: &PageKey| {
            let asked = key.as_ref();
            let market = usize::from(asked.context.market);
            let one = One::stored(&asked).filter(|_| market < state.markets.len());
            // Whatever a key may hold: as in `Page::of`.
            one.is_some_and(|one| one.page(&who(&asked)) == asked)
        };
        let (ones, others): (Vec<PageKey>, _) = keys.into_iter().partition(is_one);
        let asked = ones.into_iter().map(|key| (key.clone(), who(&key.as_ref()))).collect();
        (ProductPages { asked }, others)
    }

    pub fn keys(&self) -> impl Iterator<Item = &PageKey> {
        self.asked.iter().map(|(key, _)| key)
    }

    pub fn into_keys(self) -> Vec<PageKey> {
        self.asked.into_iter().map(|(key, _)| key).collect()
    }

    /// Reads them from one snapshot, in a handful of statements for all.
    ///
    /// # Errors
    ///
    /// What a request for one of them would be answered.
    pub async fn load(
        &self,
        state: &ApiState,
        pages: &Pages,
    ) -> Result<Vec<(PageKey, Loaded)>, Problem> {
        let mut reading = Reading::fresh(state, ReadFrom::Facts, None).await?;
        let ids: BTreeSet<&str> = self.keys().map(|key| key.as_ref().id).collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let products = products::Pages::read(state, None, &mut reading, &ids).await?;
        let load = |(key, who): &(PageKey, Who)| {
            let made = products.one(key.as_ref().id, state, who, reading.at)?;
            Ok((key.clone(), made.for_cache(pages, &reading, false)))
        };
        self.asked.iter().map(load).collect()
    }
}

fn who(asked: &PageRef<'_>) -> Who {
    Who {
        market: asked.context.market,
        group: asked.context.group.map(str::to_owned),
        locale: asked.context.locale.map(str::to_owned),
    }
}

/// A page that was made, and of what state.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// `None`: there is no such page.
    pub body: Option<Vec<u8>>,
    pub reflected: Reflected,
}

/// The page of this key as the store has it at an instant, with no cache; `None` where no request
/// has this key, and for pages that are made from the index.
///
/// # Errors
///
/// What a request would be answered; also where only a replica can be read.
pub async fn fresh(
    state: &ApiState,
    asked: &PageRef<'_>,
    at: Instant,
) -> Result<Option<Fresh>, Problem> {
    if usize::from(asked.context.market) >= state.markets.len() {
        return Ok(None);
    }
    match asked.kind {
        PageKind::Product => fresh_of(state, asked, One::stored(asked), at).await,
        PageKind::Reviews => fresh_of(state, asked, Reviews::stored(asked), at).await,
        PageKind::Cards => {
            let several = Several::stored(asked);
            let of_facts = several.filter(|several| several.read_from() == ReadFrom::Facts);
            fresh_of(state, asked, of_facts, at).await
        }
        PageKind::CategoryListing | PageKind::BrandListing | PageKind::Listing | PageKind::Home => {
            Ok(None)
        }
    }
}

async fn fresh_of<A: Ask>(
    state: &ApiState,
    asked: &PageRef<'_>,
    ask: Option<A>,
    at: Instant,
) -> Result<Option<Fresh>, Problem> {
    let Some(ask) = ask else { return Ok(None) };
    cached::fresh(state, &Arc::new(who(asked)), &ask, at).await.map(Some)
}
