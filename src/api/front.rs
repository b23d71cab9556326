//! What stands before the routes: the shortest way from a request to a page that is in the cache.
//!
//! Routing, reading parameters strictly and looking for a market cost more than a page that is there.
//! So a request for a page in the default context, written in the plainest way, is looked up first. What is
//! not found (nor valid, nor so plain) goes the whole way: this decides nothing, it only finds sooner.

use std::cell::RefCell;
use std::task::{Context as Polling, Poll};

use actix_http::Request;
use actix_service::{Service, ServiceFactory};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{AppConfig, Response, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web;
use bytes::Bytes;
use futures_util::future::{Either, LocalBoxFuture, Ready, ready};

use super::answer::{Sent, none_match};
use super::cached::{Pages, UNKNOWN_AFTER};
use super::current::Current;
use super::in_hand::Requests;
use super::{home, listings, products};
use crate::cache::{Coding, Context, PageKind, PageRef, negotiate};
use crate::telemetry::metrics::RouteMetrics;

const MIN_POSITION: HeaderName = HeaderName::from_static("vitrine-min-position");
const WAIT_MS: HeaderName = HeaderName::from_static("vitrine-wait-ms");
const PREFIX: &str = "/api/v1/";

/// An app behind the pages that are in the cache.
pub struct Front<F> {
    app: F,
    current: web::Data<Current>,
}

impl<F> Front<F> {
    pub fn new(app: F, current: web::Data<Current>) -> Front<F> {
        Front { app, current }
    }
}

impl<F, B> ServiceFactory<Request> for Front<F>
where
    F: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>> + 'static,
    F::Future: 'static,
    <F::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Response<EitherBody<Bytes, B>>;
    type Error = F::Error;
    type Config = AppConfig;
    type Service = FrontService<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, F::InitError>>;

    fn new_service(&self, config: AppConfig) -> Self::Future {
        let current = self.current.clone();
        let app = self.app.new_service(config);
        Box::pin(async move {
            let app = app.await?;
            Ok(FrontService { app, hits: Hits::new(current) })
        })
    }
}

/// One worker's.
pub struct FrontService<S> {
    app: S,
    hits: Option<Hits>,
}

type Whole<B> = Response<EitherBody<Bytes, B>>;
type Answer<B, E> = Result<Whole<B>, E>;

impl<S, B> Service<Request> for FrontService<S>
where
    S: Service<Request, Response = ServiceResponse<B>>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Whole<B>;
    type Error = S::Error;
    type Future = Either<Ready<Answer<B, S::Error>>, LocalBoxFuture<'static, Answer<B, S::Error>>>;

    fn poll_ready(&self, polling: &mut Polling<'_>) -> Poll<Result<(), S::Error>> {
        self.app.poll_ready(polling)
    }

    fn call(&self, request: Request) -> Self::Future {
        let in_hand = request.conn_data().map(Requests::begin);
        match self.hits.as_ref().and_then(|hits| hits.answer(&request)) {
            Some(answer) => {
                Either::Left(ready(Ok(answer.map_body(|_, body| EitherBody::left(body)))))
            }
            None => {
                let answer = self.app.call(request);
                Either::Right(Box::pin(async move {
                    let answer = answer.await.map(whole);
                    drop(in_hand);
                    answer
                }))
            }
        }
    }
}

fn whole<B>(answer: ServiceResponse<B>) -> Whole<B> {
    Response::from(answer).map_body(|_, body| EitherBody::right(body))
}

/// What hits are answered with.
struct Hits {
    current: web::Data<Current>,
    product: RouteMetrics,
    category: RouteMetrics,
    brand: RouteMetrics,
    all: RouteMetrics,
    home: RouteMetrics,
    /// The generation that was last answered with, as a header.
    generation: RefCell<(i64, HeaderValue)>,
}

impl Hits {
    /// `None` without a cache.
    fn new(current: web::Data<Current>) -> Option<Hits> {
        let state = current.state();
        // Whether there is one is configured: it is so of all generations' states.
        state.pages.as_ref()?;
        let route = |route| state.metrics.route(route);
        Some(Hits {
            product: route(products::ONE),
            category: route(listings::CATEGORY),
            brand: route(listings::BRAND),
            all: route(listings::ALL),
            home: route(home::HOME),
            generation: RefCell::new((0, HeaderValue::from(0))),
            current,
        })
    }

    /// The page, where it is in the cache, and nothing in the request asks for more than that.
    fn answer(&self, request: &Request) -> Option<Response<Bytes>> {
        let head = request.head();
        if head.method != Method::GET || head.uri.query().is_some() {
            return None;
        }
        let page = page(head.uri.path())?;
        let Wants { coding, if_none_match } = Wants::of(&head.headers)?;
        let state = self.current.peek();
        let pages: &Pages = state.pages.as_deref()?;
        let cache = &pages.cache;
        let now = cache.now();
        // Beyond that, an answer has to say that it may be old.
        let behind = pages.following.behind_at(now.monotonic);
        let behind = behind.filter(|behind| *behind <= UNKNOWN_AFTER)?;
        let entry = cache.hit_in(&page, coding, &now)?;
        entry.count_asked();
        if let Some(shadow) = &state.shadow {
            shadow.asked(&page);
        }
        let finished = entry.answer();
        let (coding, body) = finished.form(coding);
        let age = behind.min(entry.age(&now));
        let sent = Sent { finished, coding, body, kept: "hit", age, private: false };
        let unchanged = |etag: &str| if_none_match && none_match(&head.headers, etag);
        let mut answer = Response::with_body(StatusCode::OK, Bytes::new());
        let status = sent.head(
            self.generation(state.store.generation()),
            now.at,
            unchanged,
            answer.headers_mut(),
        );
        let body = if status == StatusCode::OK { sent.body } else { Bytes::new() };
        *answer.status_mut() = status;
        self.route(page.kind).count(status.as_u16(), now.monotonic.elapsed());
        Some(answer.set_body(body))
    }

    fn generation(&self, now: i64) -> HeaderValue {
        let mut last = self.generation.borrow_mut();
        if last.0 != now {
            *last = (now, HeaderValue::from(now));
        }
        last.1.clone()
    }

    fn route(&self, kind: PageKind) -> &RouteMetrics {
        match kind {
            PageKind::CategoryListing => &self.category,
            PageKind::BrandListing => &self.brand,
            PageKind::Listing => &self.all,
            PageKind::Home => &self.home,
            PageKind::Product | PageKind::Reviews | PageKind::Cards => &self.product,
        }
    }
}

/// What a request's headers ask for.
struct Wants {
    coding: Coding,
    /// Whether there is one.
    if_none_match: bool,
}

impl Wants {
    /// In one look at all of them; `None` where they ask for more than a page that is there.
    fn of(headers: &HeaderMap) -> Option<Wants> {
        let mut wants = Wants { coding: Coding::Identity, if_none_match: false };
        let mut accepts = false;
        for (name, value) in headers {
            if *name == ACCEPT_ENCODING {
                if accepts {
                    return None;
                }
                accepts = true;
                wants.coding = negotiate([value.to_str().ok()?]);
            } else if *name == IF_NONE_MATCH {
                wants.if_none_match = true;
            } else if *name == AUTHORIZATION || *name == MIN_POSITION || *name == WAIT_MS {
                return None;
            }
        }
        Some(wants)
    }
}

/// The page that a path names, where it is plain: nothing to be decoded.
fn page(path: &str) -> Option<PageRef<'_>> {
    let rest = path.strip_prefix(PREFIX)?;
    let (kind, id) = match rest.split_once('/') {
        Some(("products", id)) => (PageKind::Product, id),
        Some(("categories", rest)) => (PageKind::CategoryListing, rest.strip_suffix("/products")?),
        Some(("brands", rest)) => (PageKind::BrandListing, rest.strip_suffix("/products")?),
        Some(("listings", "all")) => (PageKind::Listing, ""),
        None if rest == "home" => (PageKind::Home, ""),
        _ => return None,
    };
    let is_plain = !id.bytes().any(|byte| matches!(byte, b'/' | b'%'));
    is_plain.then_some(PageRef { kind, id, context: Context::default(), query: None })
}
