//! Pages as answers: a finished body with a strong `ETag`, and how long others may keep them.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderValue, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use projections::instant::Instant;

use super::{ApiState, auth};
use crate::cache::{Coding, Finished, negotiate};
use crate::clock;

/// Others may keep a page so long at most: they are not told of changes.
const MAX_AGE_SECONDS: i64 = 5;
/// What else an answer depends on: the content coding, and what it has to reflect.
const VARIES: HeaderValue = HeaderValue::from_static("Accept-Encoding, Vitrine-Min-Position");

/// A finished answer, and how it came about.
pub struct Sent<'a> {
    pub finished: &'a Finished,
    pub coding: Coding,
    /// In that coding.
    pub body: Bytes,
    /// `Vitrine-Cache`.
    pub kept: &'static str,
    /// Since it was last known to be right.
    pub age: Duration,
    /// Not for everybody, for what was asked.
    pub private: bool,
}

impl Sent<'_> {
    /// The answer, or a 304.
    pub fn send(self, state: &ApiState, request: &HttpRequest) -> HttpResponse {
        let etag = self.finished.etag(self.coding);
        let unchanged = none_match(request.headers(), etag.as_str());
        let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let private = self.private || auth::is_personal(request);
        let next_change_at = self.finished.next_change_at();
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((ETAG, etag.as_str()))
            .insert_header((CACHE_CONTROL, cache_control(private, next_change_at, clock::now())))
            .insert_header((AGE, self.age.as_secs()))
            .insert_header((VARY, VARIES))
            .insert_header(("Vitrine-Generation", state.store.generation().to_string()))
            .insert_header(("Vitrine-Cache", self.kept));
        if unchanged {
            return answer.finish();
        }
        if self.coding != Coding::Identity {
            answer.insert_header((CONTENT_ENCODING, self.coding.name()));
        }
        answer.insert_header((CONTENT_TYPE, "application/json")).body(self.body)
    }
}

/// The best coding that a request takes.
pub fn coding(request: &HttpRequest) -> Coding {
    let values = request.headers().get_all(ACCEPT_ENCODING);
    negotiate(values.filter_map(|value| value.to_str().ok()))
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
