//! The listings: of a category, of a brand, of everything.

use std::fmt::Write;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use projections::event::valid_id;
use projections::listing::{Filters, Sort};
use projections::page::{ListingBody, ListingPage, Meta};
use projections::view::ListingKey;

use super::cached::{self, Ask, Asking, Made};
use super::current::State;
use super::cursor::{Binding, Cursor, Cursors, Walk};
use super::params::{Common, DEFAULT_LIMIT, ListingParams, MAX_BRANDS, MAX_LIMIT, Query};
use super::problem::Problem;
use super::reader::{Asked, Reading, Who};
use super::{ApiState, json, path};
use crate::cache::stamps::slots;
use crate::cache::{PageKind, PageRef, Part, Tag};
use crate::pages::{self, Cards, Slice};
use crate::store::ListingName;
use crate::store::query::{Keyset, ListingQuery};

pub const CATEGORY: &str = "/api/v1/categories/{id}/products";
pub const BRAND: &str = "/api/v1/brands/{id}/products";
pub const ALL: &str = "/api/v1/listings/all";
const ID_SEGMENT: usize = 4;

pub async fn category(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
    let id = path::id(request.uri().path(), ID_SEGMENT)?;
    listing(request, state, ListingKey::Category(id)).await
}

pub async fn brand(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
    let id = path::id(request.uri().path(), ID_SEGMENT)?;
    listing(request, state, ListingKey::Brand(id)).await
}

pub async fn all(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
    listing(request, state, ListingKey::All).await
}

async fn listing(
    request: HttpRequest,
    state: web::Data<ApiState>,
    key: ListingKey,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    let params = ListingParams::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    let cursors = Cursors::new(state.admin_token.as_deref());
    let (market, group) = (state.market_of(&asked.who)?.id.as_str(), asked.who.group.as_deref());
    let binding = Binding::listing(&key, market, group, params.sort, &params.filters);
    let cursor: Option<Cursor<Keyset>> =
        params.cursor.as_deref().map(|text| cursors.read(binding, asked.at, text)).transpose()?;
    cached::answer(state, &request, asked, Listing::of(key, params, cursor)).await
}

/// What makes a listing's page another one than the default: in one way, whatever the query's.
pub fn canonical(params: &ListingParams) -> Option<String> {
    let ListingParams { sort, limit, filters, .. } = params;
    if (*sort, *limit) == (Sort::Newest, DEFAULT_LIMIT) && filters.is_empty() {
        return None;
    }
    let Filters { brands, min_price, max_price, in_stock, on_sale, min_rating_hundredths } =
        filters;
    let number = |n: &Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let mut text = format!(
        "{sort};{limit};{};{};{in_stock};{on_sale};{}",
        number(min_price),
        number(max_price),
        number(min_rating_hundredths)
    );
    for brand in brands {
        // Ids have no line ends.
        let _ = write!(text, "\n{brand}");
    }
    Some(text)
}

/// Reads what [`canonical`] writes.
pub fn parsed(query: Option<&str>) -> Option<ListingParams> {
    let Some(text) = query else {
        let (sort, limit, filters) = (Sort::Newest, DEFAULT_LIMIT, Filters::default());
        return Some(ListingParams { sort, limit, cursor: None, filters });
    };
    let mut lines = text.split('\n');
    let mut fields = lines.next()?.split(';');
    let sort = Sort::parse(fields.next()?)?;
    let limit = fields.next()?.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))?;
    let number = |text: &str| match text {
        "" => Some(None),
        digits => digits.parse().ok().filter(|n: &i64| *n >= 0).map(Some),
    };
    let filters = Filters {
        min_price: number(fields.next()?)?,
        max_price: number(fields.next()?)?,
        in_stock: fields.next()?.parse().ok()?,
        on_sale: fields.next()?.parse().ok()?,
        min_rating_hundredths: number(fields.next()?)?,
        brands: lines.map(str::to_owned).collect(),
    };
    let good = fields.next().is_none()
        && filters.brands.len() <= MAX_BRANDS
        && filters.brands.iter().all(|brand| valid_id(brand));
    good.then_some(ListingParams { sort, limit, cursor: None, filters })
}

/// A listing's page.
#[derive(Clone)]
pub(super) struct Listing {
    of: Arc<Of>,
    query: Option<Arc<str>>,
}

impl Listing {
    fn of(key: ListingKey, params: ListingParams, cursor: Option<Cursor<Keyset>>) -> Listing {
        let query = canonical(&params).map(Arc::from);
        let ListingParams { sort, limit, filters, .. } = params;
        Listing { of: Arc::new(Of { key, sort, limit, filters, cursor }), query }
    }

    /// What a cached page was asked for by.
    pub(super) fn stored(asked: &PageRef<'_>) -> Option<Listing> {
        let id = || valid_id(asked.id).then(|| asked.id.to_owned());
        let key = match asked.kind {
            PageKind::Listing => ListingKey::All,
            PageKind::CategoryListing => ListingKey::Category(id()?),
            PageKind::BrandListing => ListingKey::Brand(id()?),
            _ => return None,
        };
        Some(Listing::of(key, parsed(asked.query)?, None))
    }
}

struct Of {
    key: ListingKey,
    sort: Sort,
    limit: u32,
    filters: Filters,
    cursor: Option<Cursor<Keyset>>,
}

impl Ask for Listing {
    fn route(&self) -> &'static str {
        match self.of.key {
            ListingKey::All => ALL,
            ListingKey::Category(_) => CATEGORY,
            ListingKey::Brand(_) => BRAND,
        }
    }

    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a> {
        let kind = match self.of.key {
            ListingKey::All => PageKind::Listing,
            ListingKey::Category(_) => PageKind::CategoryListing,
            ListingKey::Brand(_) => PageKind::BrandListing,
        };
        let query = self.query.as_deref();
        PageRef { kind, id: self.of.key.id(), context: who.context(), query }
    }

    fn walk(&self) -> Option<Walk> {
        self.of.cursor.as_ref().map(|cursor| cursor.walk)
    }

    fn lists(&self) -> bool {
        true
    }

    fn apart(&self) -> bool {
        self.of.filters.is_empty()
    }

    async fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        self.of.make(self.route(), state, asking, reading).await
    }
}

impl Of {
    async fn make(
        &self,
        route: &'static str,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        let (key, filters, at) = (&self.key, &self.filters, reading.at);
        let market = state.market_of(asking.who)?;
        let group = asking.who.group.as_deref();
        let query =
            ListingQuery { listing: key, market: &market.id, group, sort: self.sort, filters, at };
        let snapshot = &mut *reading.snapshot;
        let covered = snapshot.coverage().await?.holds(at);
        let after = self.cursor.as_ref().map(|c| &c.after);
        let (slice, total) =
            pages::counted_listing(snapshot, &query, market, after, self.limit).await?;
        let Slice { places, more, next_change_at } = slice;
        let ids: Vec<String> = places.iter().map(|place| place.product_id.clone()).collect();
        let cards = Cards::read(snapshot, &ids, market, at).await?;
        let name = match key {
            ListingKey::All => ListingName::default(),
            ListingKey::Category(_) | ListingKey::Brand(_) => {
                snapshot.listing_name(key, at).await?
            }
        };
        let next_change_at = next_change_at.into_iter().chain(name.changes_at).min();
        let name = name.name;

        let reader = state.reader(asking.who, at)?;
        let walk = self.cursor.as_ref().map(|cursor| cursor.walk);
        let walk = walk.unwrap_or(Walk::begin(asking.at, next_change_at));
        let cursors = Cursors::new(state.admin_token.as_deref());
        let binding = Binding::listing(key, &market.id, group, self.sort, filters);
        let next_cursor = places
            .last()
            .filter(|_| more)
            .map(|last| cursors.write(binding, &Cursor { walk, after: last.clone() }));
        let body = ListingPage {
            listing: ListingBody {
                kind: key.kind(),
                id: Some(key.id()).filter(|id| !id.is_empty()),
                name: name.as_ref().map(|n| n.localized(reader.locale, &market.locale)),
            },
            sort: self.sort.name(),
            total: total.total,
            total_capped: total.capped,
            items: cards.of_places(&places, &reader),
            next_cursor,
            meta: Meta { next_change_at },
        };
        let (body, passing) = (json(route, &body)?, !covered || cards.evaluated());
        let part = Part {
            listing: key.clone(),
            market: market.id.clone(),
            group: group.map(str::to_owned),
            sort: self.sort,
            filters: filters.clone(),
            at,
            name,
            places,
            more,
            total: Some(total),
            next_change_at,
        };
        Ok(Made {
            body: Some(body),
            next_change_at,
            slots: slots(ids.iter().map(|id| Tag::Card(id))),
            parts: vec![part],
            passing,
        })
    }
}
