//! `/api/v1/cache/warm`: fills the page cache of this instance, and says how far that has come.

use std::sync::Arc;

use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::api::params::Query;
use crate::api::problem::{Kind, Problem};
use crate::api::{auth, observed};
use crate::generations::view::CurrentView;
use crate::warm::{Progress, Warmer, Warming};

pub const WARM: &str = "/api/v1/cache/warm";

pub fn resource() -> impl HttpServiceFactory + 'static {
    let routes = vec![web::get().to(progress), web::head().to(progress), web::post().to(begin)];
    observed(WARM, "GET, HEAD, POST", routes)
}

/// A run that was asked for.
#[derive(Serialize)]
struct Begun {
    /// It was under way before.
    joined: bool,
    #[serde(flatten)]
    progress: Progress,
}

async fn begin(
    request: HttpRequest,
    current: web::Data<CurrentView>,
) -> Result<HttpResponse, Problem> {
    let warmer = of(&request, &current)?;
    auth::only_json(&request)?;
    let joined = !warmer.begin(0);
    let begun = Begun { joined, progress: warmer.progress() };
    Ok(HttpResponse::Accepted().insert_header((CACHE_CONTROL, "no-store")).json(begun))
}

async fn progress(
    request: HttpRequest,
    current: web::Data<CurrentView>,
) -> Result<HttpResponse, Problem> {
    let warmer = of(&request, &current)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(warmer.progress()))
}

fn of(request: &HttpRequest, current: &CurrentView) -> Result<Arc<Warmer>, Problem> {
    let view = current.view();
    auth::check(&view.state, request, "warming the page cache")?;
    Query::parse(request.query_string())?.finish()?;
    view.warming.as_ref().map(Warming::warmer).ok_or_else(|| {
        Problem::new(Kind::NotFound, "this instance has no page cache (`cache.max_bytes` is 0)")
    })
}
