//! `GET /api/v1/variants?skus=`: what a basket needs.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use projections::index::query::AudienceView;
use projections::instant::Instant;
use projections::page::{Meta, VariantsPage};

use super::cached::{self, Ask, Asking, Made};
use super::current::State;
use super::params::{self, Common, Query};
use super::problem::Problem;
use super::reader::{Asked, Reading};
use super::{ApiState, json};

pub const VARIANTS: &str = "/api/v1/variants";

/// Not kept: a basket is asked for by one customer, and is made from memory.
pub async fn variants(request: HttpRequest, State(state): State) -> Result<HttpResponse, Problem> {
    let mut query = Query::parse(request.query_string())?;
    let common = Common::take(&mut query)?;
    let skus = params::skus(&mut query)?;
    query.finish()?;
    let asked = Asked::new(&state, &request, common)?;
    cached::uncached(&state, &request, &asked, &Variants { skus: skus.into() }).await
}

#[derive(Clone)]
struct Variants {
    /// In the order of the query, each once.
    skus: Arc<[String]>,
}

impl Ask for Variants {
    fn route(&self) -> &'static str {
        VARIANTS
    }

    async fn make(
        &self,
        state: &ApiState,
        asking: &Asking<'_>,
        reading: &mut Reading,
    ) -> Result<Made, Problem> {
        let index = &reading.index()?.index;
        let (market, group) = (usize::from(asking.who.market), asking.who.group.as_deref());
        let view = AudienceView::new(index, market, group, reading.at);
        let reader = state.reader(asking.who, reading.at)?;
        let found: Vec<_> = self.skus.iter().map(|sku| index.variant_facts(&view, sku)).collect();
        let next = found.iter().map(|(_, changes_at)| *changes_at).min();
        let next_change_at = next.filter(|at: &Instant| at.is_finite());
        let missing = self.skus.iter().zip(&found).filter(|(_, (facts, _))| facts.is_none());
        let body = VariantsPage {
            items: found
                .iter()
                .filter_map(|(facts, _)| Some(facts.as_ref()?.body(&reader)))
                .collect(),
            missing: missing.map(|(sku, _)| sku.as_str()).collect(),
            meta: Meta { next_change_at },
        };
        Ok(Made::page(json(VARIANTS, &body)?, next_change_at, Box::default()))
    }
}
