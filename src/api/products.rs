//! `GET /api/v1/products/{id}` and `GET /api/v1/products?ids=`.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use projections::event::valid_id;
use projections::facts::ProductFacts;
use projections::index::card::CardFacts;
use projections::index::query::AudienceView;
use projections::instant::Instant;
use projections::page::{self, LatestReviews, Meta, ProductPage, ProductsPage, Reader};

use super::cached::{self, Ask, Asking, Kept, Made};
use super::current::State;
use super::cursor::{Binding, Cursor, Cursors, Walk};
use super::params::{Common, MAX_IDS, ProductsParams, Query, Shown};
use super::problem::{Kind, Problem};
use super::reader::{Asked, Reading, Who};
use super::{ApiState, json, path};
use crate::cache::stamps::slots;
use crate::cache::{PageKind, PageRef, Tag};
use crate::log::position::ReadFrom;
use crate::store::query::{ReviewKeyset, ReviewSort};

pub const ONE: &str = "/api/v1/products/{id}";
pub const SEVERAL: &str = "/api/v1/products";
pub(super) const ID_SEGMENT: usize = 4;

/// One product page.
pub async fn one(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
    let id = path::id(request.uri().path(), ID_SEGMENT)?;
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    cached::answer(state, &request, asked, One { id: id.into() }).await
}

#[derive(Clone)]
pub(super) struct One {
    id: Arc<str>,
}

impl One {
    /// What a cached page was asked for by.
    pub(super) fn stored(asked: &PageRef<'_>) -> Option<One> {
        valid_id(asked.id).then(|| One { id: asked.id.into() })
    }
}

impl Kept for One {
    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a> {
        PageRef { kind: PageKind::Product, id: &self.id, context: who.context(), query: None }
    }
}

impl Ask for One {
    fn route(&self) -> &'static str {
        ONE
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
        let id = String::from(&*self.id);
        let pages = Pages::read(state, asking.at, reading, std::slice::from_ref(&id)).await?;
        pages.one(&id, state, asking.who, reading.at)
    }

    fn not_found(&self) -> Problem {
        unknown(&self.id)
    }
}

/// The 404 of a product that has no page.
pub(super) fn unknown(id: &str) -> Problem {
    Problem::new(Kind::UnknownProduct, format!("there is no page for product {id:?}"))
}

/// Several products, as cards or as whole pages.
pub async fn several(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    let params = ProductsParams::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    cached::answer(state, &request, asked, Several::of(params)).await
}

#[derive(Clone)]
pub(super) struct Several {
    params: Arc<ProductsParams>,
    /// Ids have no line ends.
    key: Arc<str>,
}

impl Several {
    fn of(params: ProductsParams) -> Several {
        let key = params.ids.join("\n").into();
        Several { params: Arc::new(params), key }
    }

    /// As [`One::stored`].
    pub(super) fn stored(asked: &PageRef<'_>) -> Option<Several> {
        let ids: Vec<String> = asked.id.split('\n').map(str::to_owned).collect();
        let shown = match asked.query {
            None => Shown::Card,
            Some(_) => Shown::Page,
        };
        let good = ids.len() <= MAX_IDS && ids.iter().all(|id| valid_id(id));
        good.then(|| Several::of(ProductsParams { ids, shown }))
    }
}

impl Kept for Several {
    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a> {
        let query = match self.params.shown {
            Shown::Card => None,
            Shown::Page => Some("page"),
        };
        PageRef { kind: PageKind::Cards, id: &self.key, context: who.context(), query }
    }
}

impl Ask for Several {
    fn route(&self) -> &'static str {
        SEVERAL
    }

    fn read_from(&self) -> ReadFrom {
        match self.params.shown {
            Shown::Card => ReadFrom::Index,
            Shown::Page => ReadFrom::Facts,
        }
    }

    async fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        match self.params.shown {
            Shown::Card => self.cards(state, asking, reading),
            Shown::Page => self.pages(state, asking, reading).await,
        }
    }
}

impl Several {
    fn cards(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &Reading,
    ) -> Result<Made, Problem> {
        let (ids, who) = (&self.params.ids, asking.who);
        let index = &reading.index()?.index;
        let (market, group) = (usize::from(who.market), who.group.as_deref());
        let view = AudienceView::new(index, market, group, reading.at);
        let mut cards: HashMap<&str, CardFacts<'_>> = HashMap::new();
        let mut next: Option<Instant> = None;
        for id in ids {
            let Some(number) = index.number_of(id) else { continue };
            next = next.into_iter().chain([view.changes_at(number)]).min();
            cards.extend(index.card_facts(&view, number, None).map(|card| (id.as_str(), card)));
        }
        let reader = state.reader(who, reading.at)?;
        let next = next.filter(|at| at.is_finite());
        let body = products(ids, next, |id| Some(cards.get(id)?.body(&reader)));
        let slots = slots(ids.iter().map(|id| Tag::Card(id)).chain([Tag::AnyCard]));
        Ok(Made::page(json(SEVERAL, &body)?, next, slots))
    }

    async fn pages(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        let ids = &self.params.ids;
        let pages = Pages::read(state, asking.at, reading, ids).await?;
        let reader = state.reader(asking.who, reading.at)?;
        let mut next = pages.releases(reading.at).min();
        let body = products(ids, None, |id| {
            let page = pages.page(id, &reader)?;
            next = next.into_iter().chain(page.meta.next_change_at).min();
            Some(page)
        });
        let body = ProductsPage { meta: Meta { next_change_at: next }, ..body };
        let tags = pages.0.values().flat_map(|(facts, _)| tags(facts));
        let asked = ids.iter().map(|id| Tag::Product(id));
        let slots = slots([Tag::AnyProduct].into_iter().chain(tags).chain(asked));
        Ok(Made::page(json(SEVERAL, &body)?, next, slots))
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
pub(super) struct Pages(HashMap<String, (ProductFacts, LatestReviews)>);

impl Pages {
    /// Of all these products, in a handful of statements.
    pub(super) async fn read(
        state: &ApiState,
        asked_at: Option<Instant>,
        reading: &mut Reading,
        ids: &[String],
    ) -> Result<Pages, Problem> {
        let cursors = Cursors::new(state.admin_token.as_deref());
        let walk = Walk::begin(asked_at, None);
        let snapshot = reading.snapshot()?;
        let mut latest = snapshot.latest_reviews_of(ids).await?;
        let mut pages = HashMap::new();
        for facts in snapshot.product_facts(ids).await? {
            let id = facts.product_id.clone();
            let (mut reviews, more) = latest.remove(&id).unwrap_or_default();
            if let (true, Some(last)) = (more, reviews.latest.last()) {
                let after = ReviewKeyset::of(last, ReviewSort::Newest);
                let binding = Binding::reviews(&id, ReviewSort::Newest);
                reviews.next_cursor = Some(cursors.write(binding, &Cursor { walk, after }));
            }
            pages.insert(id, (facts, reviews));
        }
        Ok(Pages(pages))
    }

    fn page<'a>(&'a self, id: &str, reader: &Reader<'a>) -> Option<ProductPage<'a>> {
        let (facts, reviews) = self.0.get(id)?;
        page::product_page(facts, reviews, reader)
    }

    /// The page of one of them.
    pub(super) fn one(
        &self,
        id: &str,
        state: &ApiState,
        who: &Who,
        at: Instant,
    ) -> Result<Made, Problem> {
        let reader = state.reader(who, at)?;
        match (self.0.get(id), self.page(id, &reader)) {
            (Some((facts, _)), Some(page)) => {
                let slots = slots([Tag::AnyProduct].into_iter().chain(tags(facts)));
                Ok(Made::page(json(ONE, &page)?, page.meta.next_change_at, slots))
            }
            (facts, _) => Ok(Made::none(id, facts.and_then(|(facts, _)| release(facts, at)))),
        }
    }

    /// When those that are not released yet will be.
    fn releases(&self, at: Instant) -> impl Iterator<Item = Instant> {
        self.0.values().filter_map(move |(facts, _)| release(facts, at))
    }
}

/// What a product's page depends on, besides what reaches all products: its own facts, and all that discounts reach
/// it by.
fn tags(facts: &ProductFacts) -> impl Iterator<Item = Tag<'_>> {
    let product = &facts.product;
    let brand = product.brand.iter().map(|brand| Tag::Brand(&brand.id));
    let categories = product.categories.iter().flat_map(|c| &c.path).map(|id| Tag::Category(id));
    let skus = product.variants.iter().map(|variant| Tag::Sku(&variant.sku));
    [Tag::Product(&facts.product_id)].into_iter().chain(brand).chain(categories).chain(skus)
}

/// When a product that is not released yet will be.
fn release(facts: &ProductFacts, at: Instant) -> Option<Instant> {
    let product = &facts.product;
    (product.active && product.released_at > at).then_some(product.released_at)
}
