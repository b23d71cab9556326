//! What those who run the service ask: is it there, is it ready, how does it do, what can it do.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::ApiState;
use super::current::State;
use super::problem::{Kind, Problem};
use crate::index::follow::LOADING;

const OPENAPI: &str = include_str!("openapi.json");

/// The process runs.
pub async fn healthz() -> HttpResponse {
    status("ok")
}

/// The instance can answer pages: the process says so, and the store can be read.
pub async fn readyz(State(state): State) -> Result<HttpResponse, Problem> {
    (state.readiness)().map_err(|waits_for| Problem::new(Kind::NotReady, waits_for))?;
    match trouble(&state).await {
        None => Ok(ready(&(state.waits_for)())),
        Some(trouble) => Err(Problem::new(Kind::NotReady, trouble)),
    }
}

/// Why pages cannot be answered now, if they cannot.
pub async fn trouble(state: &ApiState) -> Option<String> {
    if let Err(error) = state.store.snapshot().await {
        tracing::debug!(%error, "not ready: the read store cannot be read");
        return Some("it waits for the read store, which cannot be read".to_owned());
    }
    let index = state.index.as_ref().filter(|index| !index.is_loaded())?;
    let refused = (state.waits_for)().into_iter().find(|wait| wait.starts_with(LOADING));
    let loading =
        || format!("the listing index is being loaded: {} products so far", index.loaded());
    Some(refused.unwrap_or_else(loading))
}

/// Pages are answered; what projecting waits for shows as well.
fn ready(waits_for: &[String]) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "status": "ready", "waits_for": waits_for }))
}

fn status(status: &str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "status": status }))
}

/// Prometheus' text format.
pub async fn metrics(State(state): State) -> Result<HttpResponse, Problem> {
    let text = state.metrics.render().map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        Problem::internal()
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, prometheus::TEXT_FORMAT))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text))
}

/// The OpenAPI 3.1 document of this version.
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(OPENAPI)
}
