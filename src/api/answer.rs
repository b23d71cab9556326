//! Pages as answers: JSON with a strong `ETag`, and how long others may keep them.

use std::time::Instant as Clock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use projections::instant::Instant;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::position::MIN_POSITION;
use super::problem::Problem;
use super::{ApiState, auth};
use crate::clock;

/// Others may keep a page so long at most: they are not told of changes.
const MAX_AGE_SECONDS: i64 = 5;

/// What a page's headers say besides its body.
pub struct Page {
    pub route: &'static str,
    /// When the page changes with no event.
    pub next_change_at: Option<Instant>,
    /// Not for everybody, for what was asked.
    pub private: bool,
    /// When reading it began.
    pub started: Clock,
}

impl Page {
    /// The answer with this body, or a 304.
    pub fn answer(
        self,
        state: &ApiState,
        request: &HttpRequest,
        body: &impl Serialize,
    ) -> Result<HttpResponse, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| {
            tracing::error!(%error, route = self.route, "a page cannot be written as JSON");
            Problem::internal()
        })?;
        let etag = etag(&body);
        let unchanged = none_match(request.headers(), &etag);
        let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let private = self.private || auth::is_personal(request);
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((ETAG, etag))
            .insert_header((
                CACHE_CONTROL,
                cache_control(private, self.next_change_at, clock::now()),
            ))
            .insert_header((AGE, "0"))
            .insert_header((VARY, MIN_POSITION))
            .insert_header(("Vitrine-Generation", state.store.generation().to_string()))
            .insert_header(("Vitrine-Cache", "miss"));
        state.metrics.store_read(self.route, self.started.elapsed());
        if unchanged {
            return Ok(answer.finish());
        }
        Ok(answer.insert_header((CONTENT_TYPE, "application/json")).body(body))
    }
}

/// A hash of the body: the same page has the same one in every instance and generation.
pub fn etag(body: &[u8]) -> String {
    format!("\"{:032x}\"", xxh3_128(body))
}

/// How long others may keep a page: not beyond its next change.
pub fn cache_control(private: bool, next_change_at: Option<Instant>, now: Instant) -> String {
    let seconds = next_change_at.map_or(MAX_AGE_SECONDS, |next| {
        let left = next.millis().saturating_sub(now.millis());
        (left / 1000).clamp(0, MAX_AGE_SECONDS)
    });
    format!("{}, max-age={seconds}", if private { "private" } else { "public" })
}

/// Whether `If-None-Match` names the page's `ETag` (weakly compared), or any.
pub fn none_match(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .any(|list| list.trim() == "*" || entity_tags(list).any(|tag| tag == etag))
}

/// The tags of a list, in quotes, without the mark of weak ones.
fn entity_tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (from, _) = rest.match_indices('"').next()?;
        let (until, _) = rest.match_indices('"').nth(1)?;
        let tag = rest.get(from..=until);
        rest = rest.get(until + 1..)?;
        tag
    })
}
