//! `GET /api/v1/home`: the first products of each configured section.

use actix_web::{HttpRequest, HttpResponse};
use projections::instant::Instant;
use projections::listing::{Filters, Sort};
use projections::market::Market;
use projections::page::{self, HomePage, Meta};
use projections::view::ListingKey;

use super::cached::{self, Ask, Asking, Made};
use super::current::State;
use super::params::{Common, Query};
use super::problem::Problem;
use super::reader::{Asked, Reading, Who};
use super::{ApiState, json};
use crate::cache::stamps::slots;
use crate::cache::{PageKind, PageRef, Part, Tag};
use crate::config::{HomeSection, SectionListing, SectionSort};
use crate::pages::{self, Cards};
use crate::store::Snapshot;
use crate::store::query::ListingQuery;

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

impl Ask for Home {
    fn route(&self) -> &'static str {
        HOME
    }

    fn page<'a>(&'a self, who: &'a Who) -> PageRef<'a> {
        PageRef { kind: PageKind::Home, id: "", context: who.context(), query: None }
    }

    fn lists(&self) -> bool {
        true
    }

    fn apart(&self) -> bool {
        true
    }

    async fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        let market = state.market_of(asking.who)?;
        let at = reading.at;
        let snapshot = &mut *reading.snapshot;
        let covered = snapshot.coverage().await?.holds(at);
        let mut parts: Vec<Part> = Vec::with_capacity(state.sections.len());
        for section in &state.sections {
            parts.push(part(section, snapshot, market, asking.who, at).await?);
        }
        let next_change_at = parts.iter().filter_map(|part| part.next_change_at).min();
        let places = parts.iter().flat_map(|part| &part.places);
        let mut ids: Vec<String> = places.map(|place| place.product_id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let cards = Cards::read(snapshot, &ids, market, at).await?;

        let reader = state.reader(asking.who, at)?;
        let sections = state.sections.iter().zip(&parts);
        let body = HomePage {
            sections: sections
                .map(|(section, part)| page::HomeSection {
                    id: &section.id,
                    title: section.title.localized(reader.locale, &market.locale),
                    items: cards.of_places(&part.places, &reader),
                })
                .collect(),
            meta: Meta { next_change_at },
        };
        Ok(Made {
            body: Some(json(HOME, &body)?),
            next_change_at,
            slots: slots(ids.iter().map(|id| Tag::Card(id))),
            parts,
            passing: !covered || cards.evaluated(),
        })
    }
}

/// A section's listing.
async fn part(
    section: &HomeSection,
    snapshot: &mut dyn Snapshot,
    market: &Market,
    who: &Who,
    at: Instant,
) -> Result<Part, Problem> {
    let (listing, filters) = (listing_of(section), filters_of(section));
    let (group, sort) = (who.group.as_deref(), sort_of(section));
    let query =
        ListingQuery { listing: &listing, market: &market.id, group, sort, filters: &filters, at };
    let limit = u32::try_from(section.limit).unwrap_or(u32::MAX);
    let slice = pages::listing(snapshot, &query, market, None, limit).await?;
    Ok(Part {
        market: market.id.clone(),
        group: who.group.clone(),
        sort,
        at,
        name: None,
        places: slice.places,
        more: slice.more,
        total: None,
        next_change_at: slice.next_change_at,
        listing,
        filters,
    })
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
