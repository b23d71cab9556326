//! `GET /api/v1/products/{id}/reviews`.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use projections::event::valid_id;
use projections::page::{Meta, ReviewBody, ReviewsPage};

use super::cached::{self, Ask, Asking, Kept, Made};
use super::current::State;
use super::cursor::{Binding, Cursor, Cursors, Walk};
use super::params::{Common, MAX_LIMIT, Query, ReviewParams};
use super::problem::Problem;
use super::products::{ID_SEGMENT, unknown};
use super::reader::{Asked, Reading, Who};
use super::{ApiState, json, path};
use crate::cache::stamps::slots;
use crate::cache::{PageKind, PageRef, Tag};
use crate::log::position::ReadFrom;
use crate::store::query::{ReviewKeyset, ReviewSort};

pub const REVIEWS: &str = "/api/v1/products/{id}/reviews";

/// One page of a product's reviews; a 404 where its page is one.
pub async fn reviews(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
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
    let ask = Reviews::of(&id, params.sort, params.limit, cursor);
    cached::answer(state, &request, asked, ask).await
}

#[derive(Clone)]
pub(super) struct Reviews {
    id: Arc<str>,
    sort: ReviewSort,
    limit: u32,
    cursor: Option<Cursor<ReviewKeyset>>,
    query: Arc<str>,
}

impl Reviews {
    fn of(id: &str, sort: ReviewSort, limit: u32, cursor: Option<Cursor<ReviewKeyset>>) -> Reviews {
        let query = format!("{};{limit}", sort.name()).into();
        Reviews { id: id.into(), sort, limit, cursor, query }
    }

    /// What a cached page was asked for by.
    pub(super) fn stored(asked: &PageRef<'_>) -> Option<Reviews> {
        let (sort, limit) = asked.query?.split_once(';')?;
        let limit = limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))?;
        let sort = ReviewSort::parse(sort)?;
        valid_id(asked.id).then(|| Reviews::of(asked.id, sort, limit, None))
    }
}

impl Kept for Reviews {
    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a> {
        let query = Some(&*self.query);
        PageRef { kind: PageKind::Reviews, id: &self.id, context: who.context(), query }
    }
}

impl Ask for Reviews {
    fn route(&self) -> &'static str {
        REVIEWS
    }

    fn walk(&self) -> Option<Walk> {
        self.cursor.as_ref().map(|cursor| cursor.walk)
    }

    fn read_from(&self) -> ReadFrom {
        ReadFrom::Facts
    }

    async fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        let (id, at) = (String::from(&*self.id), reading.at);
        let snapshot = reading.snapshot()?;
        let product = snapshot.index_parts(std::slice::from_ref(&id)).await?.pop();
        let Some(product) = product.filter(|product| product.active) else {
            return Ok(Made::none(&id, None));
        };
        if product.released_at > at {
            return Ok(Made::none(&id, Some(product.released_at)));
        }
        let after = self.cursor.as_ref().map(|cursor| &cursor.after);
        let mut items = snapshot.reviews(&id, self.sort, after, self.limit + 1).await?;
        let limit = self.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        // What is there of the reviews does not depend on the instant.
        let walk = self.walk().unwrap_or(Walk::begin(asking.at, None));
        let cursors = Cursors::new(state.admin_token.as_deref());
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let after = ReviewKeyset::of(last, self.sort);
            cursors.write(Binding::reviews(&id, self.sort), &Cursor { walk, after })
        });
        let body = ReviewsPage {
            items: items.iter().map(ReviewBody::new).collect(),
            total: product.reviews.count(),
            next_cursor,
            meta: Meta { next_change_at: None },
        };
        Ok(Made::page(json(REVIEWS, &body)?, None, slots([Tag::Product(&id)])))
    }

    fn not_found(&self) -> Problem {
        unknown(&self.id)
    }
}
