//! `GET /api/v1/products/{id}/reviews`.

use actix_web::{HttpRequest, HttpResponse, web};
use projections::page::{Meta, ReviewBody, ReviewsPage};

use super::cursor::{Binding, Cursor, Cursors, Walk};
use super::params::{Common, Query, ReviewParams};
use super::problem::Problem;
use super::products::{ID_SEGMENT, unknown};
use super::reader::Asked;
use super::{ApiState, path};
use crate::pages::Cards;
use crate::store::query::ReviewKeyset;

pub const REVIEWS: &str = "/api/v1/products/{id}/reviews";

/// One page of a product's reviews; a 404 where its page is one.
pub async fn reviews(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, Problem> {
    let id = path::id(request.uri().path(), ID_SEGMENT)?;
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    let params = ReviewParams::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    let cursors = Cursors::new(state.admin_token.as_deref());
    let binding = Binding::reviews(&id, params.sort);
    let cursor: Option<Cursor<ReviewKeyset>> =
        params.cursor.map(|text| cursors.read(binding, asked.at, &text)).transpose()?;
    let walk = cursor.as_ref().map(|c| c.walk);
    let mut reading = asked.open(walk).await?;

    let cards =
        Cards::read(&mut *reading.snapshot, std::slice::from_ref(&id), asked.market, reading.at)
            .await?;
    if !cards.get(&id).is_some_and(|card| card.view.is_visible(reading.at)) {
        return Err(unknown(&id));
    }
    let after = cursor.as_ref().map(|c| &c.after);
    let mut slice = reading.snapshot.reviews(&id, params.sort, after, params.limit + 1).await?;
    let limit = params.limit as usize;
    let more = slice.items.len() > limit;
    slice.items.truncate(limit);
    // What is there of the reviews does not depend on the instant.
    let walk = walk.unwrap_or(Walk::begin(asked.at, None));
    let next_cursor = slice.items.last().filter(|_| more).map(|last| {
        let after = ReviewKeyset::of(last, params.sort);
        cursors.write(binding, &Cursor { walk, after })
    });
    let body = ReviewsPage {
        items: slice.items.iter().map(ReviewBody::new).collect(),
        total: slice.total.total,
        total_capped: slice.total.capped,
        next_cursor,
        meta: Meta { next_change_at: None },
    };
    asked.page(REVIEWS, &reading, None).answer(&state, &request, &body)
}
