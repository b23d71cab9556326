//! Pages as answers: a finished body with a strong `ETag`, and how long others may keep them.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use bytes::Bytes;
use projections::instant::Instant;

use super::auth;
use crate::cache::{Coding, Finished, negotiate};

/// Others may keep a page so long at most: they are not told of changes.
const MAX_AGE_SECONDS: i64 = 5;
/// What else an answer depends on: the content coding, and what it has to reflect.
const VARIES: HeaderValue = HeaderValue::from_static("Accept-Encoding, Vitrine-Min-Position");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const GENERATION: HeaderName = HeaderName::from_static("vitrine-generation");
const KEPT: HeaderName = HeaderName::from_static("vitrine-cache");

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
    pub fn send(self, generation: i64, request: &HeaderMap, now: Instant) -> HttpResponse {
        let mut answer = HttpResponse::new(StatusCode::OK);
        let sent = Sent { private: self.private || auth::is_personal(request), ..self };
        let unchanged = |etag: &str| none_match(request, etag);
        let generation = HeaderValue::from(generation);
        let status = sent.head(generation, now, unchanged, answer.headers_mut());
        *answer.status_mut() = status;
        match status {
            StatusCode::OK => answer.set_body(actix_web::body::BoxBody::new(sent.body)),
            _ => answer,
        }
    }

    /// Writes the headers of the answer; its status: a 304 has no body.
    pub fn head(
        &self,
        generation: HeaderValue,
        now: Instant,
        unchanged: impl FnOnce(&str) -> bool,
        headers: &mut HeaderMap,
    ) -> StatusCode {
        let etag = self.finished.etag(self.coding);
        let unchanged = unchanged(etag.as_str());
        let until = self.finished.next_change_at();
        if let Ok(etag) = HeaderValue::from_str(etag.as_str()) {
            headers.insert(ETAG, etag);
        }
        let cache_control = cache_control(self.private, until, now);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        headers.insert(
            AGE,
            match self.age.as_secs() {
                0 => HeaderValue::from_static("0"),
                seconds => HeaderValue::from(seconds),
            },
        );
        headers.insert(VARY, VARIES);
        headers.insert(GENERATION, generation);
        headers.insert(KEPT, HeaderValue::from_static(self.kept));
        if unchanged {
            return StatusCode::NOT_MODIFIED;
        }
        if self.coding != Coding::Identity {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(self.coding.name()));
        }
        headers.insert(CONTENT_TYPE, JSON);
        StatusCode::OK
    }
}

/// The best coding that a request takes.
pub fn coding(request: &HeaderMap) -> Coding {
    let values = request.get_all(ACCEPT_ENCODING);
    negotiate(values.filter_map(|value| value.to_str().ok()))
}

/// How long others may keep a page: not beyond its next change.
pub fn cache_control(private: bool, next_change_at: Option<Instant>, now: Instant) -> &'static str {
    const PUBLIC: [&str; 6] = [
        "public, max-age=0",
        "public, max-age=1",
        "public, max-age=2",
        "public, max-age=3",
        "public, max-age=4",
        "public, max-age=5",
    ];
    const PRIVATE: [&str; 6] = [
        "private, max-age=0",
        "private, max-age=1",
        "private, max-age=2",
        "private, max-age=3",
        "private, max-age=4",
        "private, max-age=5",
    ];
    let seconds = next_change_at.map_or(MAX_AGE_SECONDS, |next| {
        let left = next.millis().saturating_sub(now.millis());
        (left / 1000).clamp(0, MAX_AGE_SECONDS)
    });
    let all = if private { PRIVATE } else { PUBLIC };
    usize::try_from(seconds).ok().and_then(|seconds| all.get(seconds)).unwrap_or(&all[0])
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
