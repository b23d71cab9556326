//! The HTTP API: pages out, events in, and what those who run the service ask.
//!
//! A request for a page goes this way: [`params`] and [`path`] read it strictly, [`reader`] finds
//! its market and its instant, [`position`] a snapshot that reflects what it has to; one file for
//! each kind of page reads its parts and puts them together, and [`answer`] sends it. [`cursor`]
//! says where a walk goes on, and what goes wrong is a [`problem`].

pub mod answer;
pub(crate) mod auth;
pub(crate) mod body;
pub mod cached;
pub mod current;
pub mod cursor;
pub mod events;
pub mod front;
mod home;
pub mod in_hand;
pub mod listings;
pub mod params;
pub mod path;
pub mod position;
mod probes;
pub mod problem;
mod products;
mod reached;
mod reader;
mod rendering;
mod reviews;
mod sampler;
pub mod stored;
pub mod unrouted;
mod variants;

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use actix_web::body::MessageBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, Handler, HttpRequest, Responder, Route, web};
use projections::market::Market;
use serde::Serialize;
use tokio::sync::watch;

use crate::cache::Demand;
use crate::changes::follow::Following;
use crate::config::{HomeSection, Topics};
use crate::index::ListingIndex;
use crate::log::EventLog;
use crate::store::ReadStore;
use crate::telemetry::metrics::Metrics;
pub use probes::trouble;
use problem::{Kind, Problem};
pub use reached::Reached;
pub use sampler::Sampler;

/// Whether the process is ready to answer, else what it waits for.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What requests are answered from.
pub struct ApiState {
    pub store: Arc<dyn ReadStore>,
    pub log: Arc<dyn EventLog>,
    /// The first is the default.
    pub markets: Vec<Market>,
    /// Up to this many units are `low_stock`.
    pub low_stock_threshold: i64,
    /// The home page.
    pub sections: Arc<[HomeSection]>,
    /// Asked for where events are written or what is to come is shown; also the cursors' key.
    pub admin_token: Option<String>,
    /// Changes whenever a projector of this process commits. Where there is none it never does.
    pub progress: watch::Receiver<u64>,
    /// How far the view has come, for requests that wait for it.
    pub reached: Reached,
    /// What listings, facets and cards are answered from; a process that answers no pages has none.
    pub index: Option<Arc<ListingIndex>>,
    /// How far the index, and the cache, have followed the store.
    pub following: Arc<Following>,
    /// How old answers may be while the store cannot be followed.
    pub stale_if_error: Duration,
    /// Requests that wait for a page to be made, whatever generation it is of.
    pub demand: Demand,
    /// Pages in memory; without them, every answer is read from the store.
    pub pages: Option<Arc<cached::Pages>>,
    /// What the process itself says; whether the store can be read is looked at besides.
    pub readiness: Readiness,
    /// What projecting waits for in this process, in words.
    pub waits_for: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Positions are in these.
    pub topics: Topics,
    /// The largest request body.
    pub request_body_max_bytes: usize,
    pub request_body_within: Duration,
    pub metrics: Arc<Metrics>,
    /// What has taken this one's place.
    pub successor: position::Successor,
    /// Hears of the pages that are asked for, as they are now.
    pub shadow: Option<Arc<Sampler>>,
}

/// All routes. What they answer from is the app's, as `web::Data<Current>`.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(reads(products::ONE, products::one))
        .service(reads(products::SEVERAL, products::several))
        .service(reads(reviews::REVIEWS, reviews::reviews))
        .service(reads(listings::CATEGORY, listings::category))
        .service(reads(listings::BRAND, listings::brand))
        .service(reads(listings::ALL, listings::all))
        .service(reads(variants::VARIANTS, variants::variants))
        .service(reads(home::HOME, home::home))
        .service(writes(events::EVENTS, events::ingest))
        .service(reads("/openapi.json", probes::openapi))
        .configure(configure_probes);
}

/// Only what those who run the service ask.
pub fn configure_probes(app: &mut web::ServiceConfig) {
    app.service(reads("/healthz", probes::healthz))
        .service(reads("/readyz", probes::readyz))
        .service(reads("/metrics", probes::metrics))
        .default_service(web::to(not_found));
}

fn reads<F, A>(path: &'static str, handler: F) -> impl HttpServiceFactory + 'static
where
    F: Handler<A> + Clone,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let routes = vec![web::get().to(handler.clone()), web::head().to(handler)];
    observed(path, "GET, HEAD", routes)
}

fn writes<F, A>(path: &'static str, handler: F) -> impl HttpServiceFactory + 'static
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    observed(path, "POST", vec![web::post().to(handler)])
}

/// A resource whose requests are counted and timed. Other methods than those in `allow` are refused.
pub(crate) fn observed(
    path: &'static str,
    allow: &'static str,
    routes: Vec<Route>,
) -> impl HttpServiceFactory + 'static {
    let refuse = move |request: HttpRequest| async move {
        Err::<&str, Problem>(Problem::method_not_allowed(request.method().as_str(), allow))
    };
    let resource = routes.into_iter().fold(web::resource(path), |r, route| r.route(route));
    resource
        .default_service(web::to(refuse))
        .wrap(from_fn(move |request, next| observe(path, request, next)))
}

/// Counts a request and times it.
async fn observe<B: MessageBody>(
    route: &'static str,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let state = current::of(request.request());
    let started = Clock::now();
    let answered = next.call(request).await;
    if let Some(state) = state {
        let status = answered
            .as_ref()
            .map_or_else(|error| error.as_response_error().status_code(), |answer| answer.status());
        state.metrics.http_request(route, status.as_u16(), started.elapsed());
    }
    answered
}

async fn not_found(request: HttpRequest) -> Result<&'static str, Problem> {
    if let Some(state) = current::of(&request) {
        state.metrics.http_request("none", 404, Duration::ZERO);
    }
    Err(Problem::new(Kind::NotFound, "there is nothing at this path"))
}

/// A page's body.
fn json(route: &'static str, body: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, route, "a page cannot be written as JSON");
        Problem::internal()
    })
}
