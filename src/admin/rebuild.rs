//! `/api/v1/rebuild`: has this instance build a new generation of the read store, and says how far that has come.

use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::api::params::Query;
use crate::api::problem::{Kind, Problem};
use crate::api::{ApiState, auth, body, current, observed};
use crate::generations::jobs::Rebuilds;
use crate::generations::outcome::Asked;
use crate::verdict::Allow;

/// What a rebuild is asked for with is not larger.
const MAX_WISH_BYTES: usize = 64 * 1024;

pub const REBUILD: &str = "/api/v1/rebuild";

pub fn resource() -> impl HttpServiceFactory + 'static {
    let routes = vec![web::get().to(status), web::head().to(status), web::post().to(begin)];
    observed(REBUILD, "GET, HEAD, POST", routes)
}

/// What a rebuild is asked for with; all may be left out.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    promote: bool,
    allow: Vec<String>,
    fresh: bool,
    uncompared: bool,
}

impl Wish {
    fn asked(self) -> Result<Asked, Problem> {
        let Wish { promote, allow, fresh, uncompared } = self;
        let rules: Result<Vec<Allow>, _> = allow.iter().map(|rule| rule.parse()).collect();
        let allow = rules.map_err(|bad| invalid("allow", bad.to_string()))?;
        Ok(Asked { fresh, promote, allow, uncompared, only_if_empty: false })
    }
}

fn invalid(member: &'static str, why: String) -> Problem {
    Problem::parameter(Kind::InvalidParameter, member, why)
}

async fn begin(
    request: HttpRequest,
    rebuilds: web::Data<Rebuilds>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let state = allowed(&request)?;
    auth::only_json(&request)?;
    let body = body::read(&request, body, MAX_WISH_BYTES, &state).await?;
    let wish = match body.is_empty() {
        true => Wish::default(),
        false => serde_json::from_slice(&body).map_err(|e| {
            Problem::new(Kind::InvalidBody, format!("the body is no wish for a rebuild: {e}"))
        })?,
    };
    if !rebuilds.begin(wish.asked()?) {
        return Err(Problem::new(Kind::RebuildUnderWay, "a rebuild is under way in this instance"));
    }
    Ok(HttpResponse::Accepted().insert_header((CACHE_CONTROL, "no-store")).json(rebuilds.status()))
}

async fn status(
    request: HttpRequest,
    rebuilds: web::Data<Rebuilds>,
) -> Result<HttpResponse, Problem> {
    allowed(&request)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(rebuilds.status()))
}

/// Checks who asks, and answers the state that the request is answered from.
fn allowed(request: &HttpRequest) -> Result<web::Data<ApiState>, Problem> {
    let state = current::of(request).ok_or_else(Problem::internal)?;
    auth::check(&state, request, "rebuilding")?;
    Query::parse(request.query_string())?.finish()?;
    Ok(state)
}
