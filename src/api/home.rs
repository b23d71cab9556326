//! `GET /api/v1/home`: the first products of each configured section.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use projections::index::query::filters::Filters;
use projections::index::query::{Item, Query as IndexQuery};
use projections::listing::{ListingKey, Sort};
use projections::page::{self, HomePage, Meta};

use super::cached::{self, Ask, Asking, Kept, Made};
use super::current::State;
use super::params::{Common, Query};
use super::problem::Problem;
use super::reader::{Asked, Reading, Who};
use super::rendering::{self, Rendering};
use super::{ApiState, json};
use crate::cache::{PageKind, PageRef, WatchedListing};
use crate::config::{HomeSection, SectionListing, SectionSort};

pub const HOME: &str = "/api/v1/home";

pub async fn home(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    cached::answer(state, &request, asked, Home).await
}

#[derive(Clone)]
pub(super) struct Home;

impl Kept for Home {
    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a> {
        PageRef { kind: PageKind::Home, id: "", context: who.context(), query: None }
    }

    fn apart(&self) -> bool {
        true
    }
}

impl Ask for Home {
    fn route(&self) -> &'static str {
        HOME
    }

    async fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        let rendering = Rendering::new(state, asking, reading)?;
        let sections = Arc::clone(&state.sections);
        let scanned = sections.iter().map(|section| rendering.products_in(&listing_of(section)));
        let products = scanned.sum();
        rendering::scan(state, products, move |threads| make(&sections, &rendering, threads)).await
    }
}

fn make(sections: &[HomeSection], rendering: &Rendering, threads: usize) -> Result<Made, Problem> {
    let (view, reader) = (rendering.view(), rendering.reader());
    let mut listings = Vec::with_capacity(sections.len());
    let mut cards = Vec::with_capacity(sections.len());
    for section in sections {
        let (watched, items) = query(section, rendering, threads);
        cards.push(rendering.cards(&view, &items));
        listings.push(watched);
    }
    let next_change_at = listings.iter().filter_map(|watched| watched.next_change_at).min();
    let body = HomePage {
        sections: sections
            .iter()
            .zip(&cards)
            .map(|(section, cards)| page::HomeSection {
                id: &section.id,
                title: section.title.localized(reader.locale, &rendering.market.locale),
                items: cards.iter().map(|card| card.body(&reader)).collect(),
            })
            .collect(),
        meta: Meta { next_change_at },
    };
    Ok(Made { body: Some(json(HOME, &body)?), next_change_at, slots: Box::default(), listings })
}

/// A section's listing.
fn query(
    section: &HomeSection,
    rendering: &Rendering,
    threads: usize,
) -> (WatchedListing, Vec<Item>) {
    let (listing, filters, sort) = (listing_of(section), filters_of(section), sort_of(section));
    let index = &rendering.version.index;
    let (market, at) = (usize::from(rendering.who.market), rendering.at);
    let query = IndexQuery {
        listing: &listing,
        market,
        group: rendering.who.group.as_deref(),
        locale: None,
        at,
        sort,
        filters: &filters,
        after: None,
        limit: section.limit,
        facets: false,
    };
    let answer = index.query_by(&query, threads);
    let watched = WatchedListing {
        market,
        group: rendering.who.group.clone(),
        sort,
        facets: false,
        total: false,
        at,
        items: answer.items.iter().map(|item| item.product).collect(),
        last: answer.items.last().filter(|_| answer.more).map(|last| index.keyset(last)),
        next_change_at: answer.next_change_at,
        listing,
        filters,
    };
    (watched, answer.items)
}

fn listing_of(section: &HomeSection) -> ListingKey {
    match &section.listing {
        SectionListing::All => ListingKey::All,
        SectionListing::Category(id) => ListingKey::Category(id.clone()),
        SectionListing::Brand(id) => ListingKey::Brand(id.clone()),
    }
}

fn filters_of(section: &HomeSection) -> Filters {
    Filters { on_sale: section.on_sale, in_stock: section.in_stock, ..Filters::default() }
}

fn sort_of(section: &HomeSection) -> Sort {
    match section.sort {
        SectionSort::Newest => Sort::Newest,
        SectionSort::PriceAsc => Sort::PriceAsc,
        SectionSort::PriceDesc => Sort::PriceDesc,
        SectionSort::Discount => Sort::Discount,
        SectionSort::Rating => Sort::Rating,
        SectionSort::Reviews => Sort::Reviews,
    }
}
