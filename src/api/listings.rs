//! The listings: of a category, of a brand, of everything.

use actix_web::{HttpRequest, HttpResponse, web};
use projections::page::{ListingBody, ListingPage, Meta};
use projections::view::ListingKey;

use super::cursor::{Binding, Cursor, Cursors, Walk};
use super::params::{Common, ListingParams, Query};
use super::problem::Problem;
use super::reader::Asked;
use super::{ApiState, path};
use crate::pages::{self, Cards, Slice};
use crate::store::query::{Keyset, ListingQuery};

pub const CATEGORY: &str = "/api/v1/categories/{id}/products";
pub const BRAND: &str = "/api/v1/brands/{id}/products";
pub const ALL: &str = "/api/v1/listings/all";
const ID_SEGMENT: usize = 4;

pub async fn category(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, Problem> {
    let id = path::id(request.uri().path(), ID_SEGMENT)?;
    listing(&request, &state, CATEGORY, &ListingKey::Category(id)).await
}

pub async fn brand(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, Problem> {
    let id = path::id(request.uri().path(), ID_SEGMENT)?;
    listing(&request, &state, BRAND, &ListingKey::Brand(id)).await
}

pub async fn all(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, Problem> {
    listing(&request, &state, ALL, &ListingKey::All).await
}

async fn listing(
    request: &HttpRequest,
    state: &ApiState,
    route: &'static str,
    key: &ListingKey,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    let params = ListingParams::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(state, request, common)?;
    let cursors = Cursors::new(state.admin_token.as_deref());
    let (market, group) = (asked.market.id.as_str(), asked.group.as_deref());
    let binding = Binding::listing(key, market, group, params.sort, &params.filters);
    let cursor: Option<Cursor<Keyset>> =
        params.cursor.map(|text| cursors.read(binding, asked.at, &text)).transpose()?;
    let walk = cursor.as_ref().map(|c| c.walk);
    let mut reading = asked.open_for_listings(walk).await?;

    let (filters, at) = (&params.filters, reading.at);
    let query = ListingQuery { listing: key, market, group, sort: params.sort, filters, at };
    let snapshot = &mut *reading.snapshot;
    let after = cursor.as_ref().map(|c| &c.after);
    let (slice, total) =
        pages::counted_listing(snapshot, &query, asked.market, after, params.limit).await?;
    let Slice { places, more, next_change_at } = slice;
    let ids: Vec<String> = places.iter().map(|place| place.product_id.clone()).collect();
    let cards = Cards::read(snapshot, &ids, asked.market, at).await?;
    let name = match key {
        ListingKey::All => None,
        ListingKey::Category(_) | ListingKey::Brand(_) => snapshot.listing_name(key).await?,
    };

    let reader = asked.reader(at);
    let walk = walk.unwrap_or(Walk::begin(asked.at, next_change_at));
    let next_cursor = places
        .last()
        .filter(|_| more)
        .map(|last| cursors.write(binding, &Cursor { walk, after: last.clone() }));
    let body = ListingPage {
        listing: ListingBody {
            kind: key.kind(),
            id: Some(key.id()).filter(|id| !id.is_empty()),
            name: name.as_ref().map(|n| n.localized(reader.locale, &reader.market.locale)),
        },
        sort: params.sort.name(),
        total: total.total,
        total_capped: total.capped,
        items: cards.of_places(&places, &reader),
        next_cursor,
        meta: Meta { next_change_at },
    };
    asked.page(route, &reading, next_change_at).answer(state, request, &body)
}
