//! Pages of listings, put together from one version of the index: owned, so that it can be done on
//! a thread of its own.

use std::sync::Arc;

use projections::index::card::CardFacts;
use projections::index::query::{AudienceView, Item};
use projections::instant::Instant;
use projections::listing::ListingKey;
use projections::market::Market;
use projections::page::Reader;

use super::ApiState;
use super::cached::Asking;
use super::problem::{Kind, Problem};
use super::reader::{Reading, Who};
use crate::index::IndexVersion;
use crate::index::scans::ScanError;

/// For whom and from what a page of listings is made.
pub struct Rendering {
    pub version: Arc<IndexVersion>,
    pub who: Arc<Who>,
    pub market: Market,
    pub at: Instant,
    /// The instant that was asked for.
    pub asked_at: Option<Instant>,
    low_stock_threshold: i64,
    pub admin_token: Option<String>,
}

impl Rendering {
    pub fn new(
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &Reading,
    ) -> Result<Rendering, Problem> {
        Ok(Rendering {
            version: Arc::clone(reading.index()?),
            who: Arc::clone(asking.who),
            market: state.market_of(asking.who)?.clone(),
            at: reading.at,
            asked_at: asking.at,
            low_stock_threshold: state.low_stock_threshold,
            admin_token: state.admin_token.clone(),
        })
    }

    /// What a page is evaluated for.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            market: &self.market,
            group: self.who.group.as_deref(),
            locale: self.who.locale.as_deref(),
            at: self.at,
            low_stock_threshold: self.low_stock_threshold,
        }
    }

    pub fn view(&self) -> AudienceView<'_> {
        let (market, group) = (usize::from(self.who.market), self.who.group.as_deref());
        AudienceView::new(&self.version.index, market, group, self.at)
    }

    /// The cards of a listing's items, in order.
    pub fn cards<'a>(&'a self, view: &AudienceView<'_>, items: &[Item]) -> Vec<CardFacts<'a>> {
        let index = &self.version.index;
        let card = |item: &Item| index.card_facts(view, item.product, Some(item.variant));
        items.iter().filter_map(card).collect()
    }

    /// How many products a scan of this listing looks at.
    pub fn products_in(&self, listing: &ListingKey) -> u64 {
        self.version.index.products_of(listing).map_or(0, |products| products.len())
    }
}

/// Makes a page that scans so many products, when it is its turn, by as many threads as it is told.
pub async fn scan<T: Send + 'static>(
    state: &ApiState,
    products: u64,
    make: impl FnOnce(usize) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let index = state.index.as_ref().ok_or_else(Problem::internal)?;
    index.scans.run(products, make).await.unwrap_or_else(|error| match error {
        ScanError::Busy => {
            let detail = "too many listings are being looked through; try again";
            Err(Problem::new(Kind::Busy, detail))
        }
        ScanError::Ended => Err(Problem::internal()),
    })
}
