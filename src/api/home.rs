//! `GET /api/v1/home`: the first products of each configured section.

use actix_web::{HttpRequest, HttpResponse, web};
use projections::listing::{Filters, Sort};
use projections::page::{self, HomePage, Meta};
use projections::view::ListingKey;

use super::ApiState;
use super::params::{Common, Query};
use super::problem::Problem;
use super::reader::Asked;
use crate::config::{HomeSection, SectionListing, SectionSort};
use crate::pages::{self, Cards};
use crate::store::query::{Keyset, ListingQuery};

pub const HOME: &str = "/api/v1/home";

pub async fn home(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    let mut reading = asked.open_for_listings(None).await?;
    let snapshot = &mut *reading.snapshot;

    let mut places: Vec<Vec<Keyset>> = Vec::with_capacity(state.sections.len());
    let mut next_change_at = None;
    for section in &state.sections {
        let (listing, filters) = (listing_of(section), filters_of(section));
        let query = ListingQuery {
            listing: &listing,
            market: &asked.market.id,
            group: asked.group.as_deref(),
            sort: sort_of(section),
            filters: &filters,
            at: reading.at,
        };
        let limit = u32::try_from(section.limit).unwrap_or(u32::MAX);
        let slice = pages::listing(snapshot, &query, asked.market, None, limit).await?;
        next_change_at = next_change_at.into_iter().chain(slice.next_change_at).min();
        places.push(slice.places);
    }
    let mut ids: Vec<String> = places.iter().flatten().map(|p| p.product_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let cards = Cards::read(snapshot, &ids, asked.market, reading.at).await?;

    let reader = asked.reader(reading.at);
    let sections = state.sections.iter().zip(&places);
    let body = HomePage {
        sections: sections
            .map(|(section, places)| page::HomeSection {
                id: &section.id,
                title: section.title.localized(reader.locale, &reader.market.locale),
                items: cards.of_places(places, &reader),
            })
            .collect(),
        meta: Meta { next_change_at },
    };
    asked.page(HOME, &reading, next_change_at).answer(&state, &request, &body)
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
