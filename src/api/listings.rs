//! The listings: of a category, of a brand, of everything.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use projections::event::valid_id;
use projections::index::query::Query as IndexQuery;
use projections::index::query::filters::Filters;
use projections::index::query::order::Keyset;
use projections::instant::Instant;
use projections::listing::{ListingKey, Sort};
use projections::page::{ListingBody, ListingPage, Meta};

use super::cached::{self, Ask, Asking, Kept, Made};
use super::current::State;
use super::cursor::{Binding, Cursor, Cursors, Walk};
use super::params::{ATTRIBUTE, Common, DEFAULT_LIMIT, ListingParams, Query};
use super::problem::Problem;
use super::reader::{Asked, Reading, Who};
use super::rendering::{self, Rendering};
use super::{ApiState, json, path};
use crate::cache::stamps::slots;
use crate::cache::{PageKind, PageRef, Slot, Tag, WatchedListing};

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

/// What makes a listing's page another one than the default: a query of its own, in one way,
/// whatever the request's was.
pub fn canonical(params: &ListingParams) -> Option<String> {
    let ListingParams { sort, limit, filters, facets, .. } = params;
    if (*sort, *limit, *facets) == (Sort::Newest, DEFAULT_LIMIT, false) && filters.is_empty() {
        return None;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("sort", sort.name()).append_pair("limit", &limit.to_string());
    for brand in &filters.brands {
        query.append_pair("brand", brand);
    }
    for (name, amount) in [("min_price", filters.min_price), ("max_price", filters.max_price)] {
        query.extend_pairs(amount.map(|amount| (name, amount.to_string())));
    }
    let flags = [("in_stock", filters.in_stock), ("on_sale", filters.on_sale), ("facets", *facets)];
    query.extend_pairs(flags.iter().filter(|(_, set)| *set).map(|(name, _)| (*name, "true")));
    let rating = filters.min_rating_hundredths;
    let rating = rating.map(|n| ("min_rating", format!("{}.{:02}", n / 100, n % 100)));
    query.extend_pairs(rating);
    for (name, values) in &filters.attributes {
        let name = format!("{ATTRIBUTE}{name}");
        query.extend_pairs(values.iter().map(|value| (name.as_str(), value.as_str())));
    }
    Some(query.finish())
}

/// Reads what [`canonical`] writes.
pub fn parsed(query: Option<&str>) -> Option<ListingParams> {
    let mut query = Query::parse(query.unwrap_or_default()).ok()?;
    let params = ListingParams::take(&mut query).ok()?;
    query.finish().ok()?;
    params.cursor.is_none().then_some(params)
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
        let ListingParams { sort, limit, filters, facets, .. } = params;
        Listing { of: Arc::new(Of { key, sort, limit, filters, facets, cursor }), query }
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
    facets: bool,
    cursor: Option<Cursor<Keyset>>,
}

impl Kept for Listing {
    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a> {
        let kind = match self.of.key {
            ListingKey::All => PageKind::Listing,
            ListingKey::Category(_) => PageKind::CategoryListing,
            ListingKey::Brand(_) => PageKind::BrandListing,
        };
        let query = self.query.as_deref();
        PageRef { kind, id: self.of.key.id(), context: who.context(), query }
    }

    fn apart(&self) -> bool {
        self.of.filters.is_empty()
    }
}

impl Ask for Listing {
    fn route(&self) -> &'static str {
        match self.of.key {
            ListingKey::All => ALL,
            ListingKey::Category(_) => CATEGORY,
            ListingKey::Brand(_) => BRAND,
        }
    }

    fn walk(&self) -> Option<Walk> {
        self.of.cursor.as_ref().map(|cursor| cursor.walk)
    }

    async fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        let rendering = Rendering::new(state, asking, reading)?;
        let (of, route) = (Arc::clone(&self.of), self.route());
        let products = rendering.products_in(&of.key);
        rendering::scan(state, products, move |threads| of.make(route, &rendering, threads)).await
    }
}

impl Of {
    fn make(
        &self,
        route: &'static str,
        rendering: &Rendering,
        threads: usize,
    ) -> Result<Made, Problem> {
        let (key, at) = (&self.key, rendering.at);
        let (index, reader) = (&rendering.version.index, rendering.reader());
        let query = IndexQuery {
            listing: key,
            market: usize::from(rendering.who.market),
            group: reader.group,
            locale: reader.locale,
            at,
            sort: self.sort,
            filters: &self.filters,
            after: self.cursor.as_ref().map(|cursor| &cursor.after),
            limit: self.limit as usize,
            facets: self.facets,
        };
        let answer = index.query_by(&query, threads);
        let title = index.name(key, usize::from(rendering.who.market), reader.locale, at);
        let of_title = Some(title.until).filter(|until| until.is_finite());
        let next_change_at = answer.next_change_at.into_iter().chain(of_title).min();
        let last = answer.items.last().filter(|_| answer.more).map(|last| index.keyset(last));
        let cards = rendering.cards(&rendering.view(), &answer.items);
        let body = ListingPage {
            listing: ListingBody {
                kind: key.kind(),
                id: Some(key.id()).filter(|id| !id.is_empty()),
                name: title.name,
            },
            sort: self.sort.name(),
            total: answer.total,
            items: cards.iter().map(|card| card.body(&reader)).collect(),
            next_cursor: last.clone().map(|last| self.next(rendering, next_change_at, last)),
            facets: answer.facets,
            meta: Meta { next_change_at },
        };
        let bytes = json(route, &body)?;
        let watched = WatchedListing {
            listing: key.clone(),
            market: usize::from(rendering.who.market),
            group: rendering.who.group.clone(),
            sort: self.sort,
            filters: self.filters.clone(),
            facets: self.facets,
            total: true,
            at,
            items: answer.items.iter().map(|item| item.product).collect(),
            last,
            next_change_at,
        };
        Ok(Made {
            slots: depends(key, &body),
            body: Some(bytes),
            next_change_at,
            listings: vec![watched],
        })
    }

    fn next(
        &self,
        rendering: &Rendering,
        next_change_at: Option<Instant>,
        after: Keyset,
    ) -> String {
        let walk = self.cursor.as_ref().map(|cursor| cursor.walk);
        let walk = walk.unwrap_or(Walk::begin(rendering.asked_at, next_change_at));
        let cursors = Cursors::new(rendering.admin_token.as_deref());
        let (market, group) = (rendering.market.id.as_str(), rendering.who.group.as_deref());
        let binding = Binding::listing(&self.key, market, group, self.sort, &self.filters);
        cursors.write(binding, &Cursor { walk, after })
    }
}

/// What a listing's page shows besides what it is watched for: names of listings.
fn depends(key: &ListingKey, body: &ListingPage<'_>) -> Box<[Slot]> {
    let facets = body.facets.iter();
    let brands = facets.clone().flat_map(|facets| &facets.brands).map(|b| ("brand", &b.id));
    let categories = facets.flat_map(|facets| &facets.categories).map(|c| ("category", &c.id));
    let names = brands.chain(categories).map(|(kind, id)| Tag::Heading(kind, id));
    let own = Tag::Heading(key.kind(), key.id());
    slots(names.chain([own]))
}
