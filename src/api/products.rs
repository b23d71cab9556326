//! `GET /api/v1/products/{id}` and `GET /api/v1/products?ids=`.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use projections::facts::ProductFacts;
use projections::instant::Instant;
use projections::page::{self, LatestReviews, Meta, ProductPage, ProductsPage};

use super::cursor::{Binding, Cursor, Cursors, Walk};
use super::params::{Common, ProductsParams, Query, Shown};
use super::problem::{Kind, Problem};
use super::reader::{Asked, Reading};
use super::{ApiState, path};
use crate::pages::Cards;
use crate::store::query::{ReviewKeyset, ReviewSort};

pub const ONE: &str = "/api/v1/products/{id}";
pub const SEVERAL: &str = "/api/v1/products";
pub(super) const ID_SEGMENT: usize = 4;

/// One product page.
pub async fn one(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, Problem> {
    let id = path::id(request.uri().path(), ID_SEGMENT)?;
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    let mut reading = asked.open(None).await?;
    let pages = Pages::read(&state, &asked, &mut reading, std::slice::from_ref(&id)).await?;
    let reader = asked.reader(reading.at);
    let Some(page) = pages.page(&id, &reader) else { return Err(unknown(&id)) };
    asked.page(ONE, &reading, page.meta.next_change_at).answer(&state, &request, &page)
}

/// The 404 of a product that has no page.
pub(super) fn unknown(id: &str) -> Problem {
    Problem::new(Kind::UnknownProduct, format!("there is no page for product {id:?}"))
}

/// Several products, as cards or as whole pages.
pub async fn several(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    let params = ProductsParams::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    let mut reading = asked.open(None).await?;
    let reader = asked.reader(reading.at);
    let ids = &params.ids;
    match params.shown {
        Shown::Card => {
            let cards = Cards::read(&mut *reading.snapshot, ids, asked.market, reading.at).await?;
            let changes = |id: &String| page::card_changes_at(&cards.get(id)?.view, &reader);
            let next = ids.iter().filter_map(changes).min();
            let body = products(ids, next, |id| cards.card(id, &reader));
            asked.page(SEVERAL, &reading, next).answer(&state, &request, &body)
        }
        Shown::Page => {
            let pages = Pages::read(&state, &asked, &mut reading, ids).await?;
            let mut next = pages.next_release(reading.at);
            let body = products(ids, None, |id| {
                let page = pages.page(id, &reader)?;
                next = next.into_iter().chain(page.meta.next_change_at).min();
                Some(page)
            });
            let body = ProductsPage { meta: Meta { next_change_at: next }, ..body };
            asked.page(SEVERAL, &reading, next).answer(&state, &request, &body)
        }
    }
}

/// What is found of the products, in order, and what is not.
fn products<'a, T>(
    ids: &'a [String],
    next_change_at: Option<Instant>,
    mut find: impl FnMut(&str) -> Option<T>,
) -> ProductsPage<'a, T> {
    let (mut items, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match find(id) {
            Some(item) => items.push(item),
            None => missing.push(id.as_str()),
        }
    }
    ProductsPage { items, missing, meta: Meta { next_change_at } }
}

/// What whole pages are made of, by product id.
struct Pages(HashMap<String, (ProductFacts, LatestReviews)>);

impl Pages {
    async fn read(
        state: &ApiState,
        asked: &Asked<'_>,
        reading: &mut Reading,
        ids: &[String],
    ) -> Result<Pages, Problem> {
        let cursors = Cursors::new(state.admin_token.as_deref());
        let walk = Walk::begin(asked.at, None);
        let mut pages = HashMap::new();
        for facts in reading.snapshot.product_facts(ids).await? {
            let id = facts.product_id.clone();
            let (mut reviews, more) = reading.snapshot.latest_reviews(&id).await?;
            if let (true, Some(last)) = (more, reviews.latest.last()) {
                let after = ReviewKeyset::of(last, ReviewSort::Newest);
                let binding = Binding::reviews(&id, ReviewSort::Newest);
                reviews.next_cursor = Some(cursors.write(binding, &Cursor { walk, after }));
            }
            pages.insert(id, (facts, reviews));
        }
        Ok(Pages(pages))
    }

    fn page<'a>(&'a self, id: &str, reader: &page::Reader<'a>) -> Option<ProductPage<'a>> {
        let (facts, reviews) = self.0.get(id)?;
        page::product_page(facts, reviews, reader)
    }

    /// When the first of those that are not released yet will be.
    fn next_release(&self, at: Instant) -> Option<Instant> {
        let products = self.0.values().map(|(facts, _)| &facts.product);
        products.filter(|p| p.active && p.released_at > at).map(|p| p.released_at).min()
    }
}
