//! The bearer token, where one is configured.

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, http::header::HeaderMap};
use sha2::{Digest, Sha256};

use super::ApiState;
use super::problem::{Kind, Problem};

/// Refuses a request without the configured token; `what` needs it.
pub fn check(state: &ApiState, request: &HttpRequest, what: &str) -> Result<(), Problem> {
    match &state.admin_token {
        Some(token) if !bears(request.headers(), token) => Err(Problem::new(
            Kind::Unauthorized,
            format!("{what} needs the token: send `Authorization: Bearer TOKEN`"),
        )),
        _ => Ok(()),
    }
}

/// Refuses what a web page of another site may have a browser send without asking: a body that is not said to be JSON.
pub fn only_json(request: &HttpRequest) -> Result<(), Problem> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "send `Content-Type: application/json`, whether or not there is a body";
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

/// Whether the request says who sends it: its answer is then for nobody else.
pub fn is_personal(request: &HeaderMap) -> bool {
    request.contains_key(AUTHORIZATION)
}

fn bears(headers: &HeaderMap, token: &str) -> bool {
    let mut values = headers.get_all(AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Some((scheme, given)) = value.to_str().ok().and_then(|v| v.split_once(' ')) else {
        return false;
    };
    scheme.eq_ignore_ascii_case("bearer") && same(given.trim().as_bytes(), token.as_bytes())
}

/// Compares in a time that tells nothing of where they differ, nor of the lengths.
fn same(a: &[u8], b: &[u8]) -> bool {
    let (a, b) = (Sha256::digest(a), Sha256::digest(b));
    a.iter().zip(b.iter()).fold(0, |differs, (x, y)| differs | (x ^ y)) == 0
}
