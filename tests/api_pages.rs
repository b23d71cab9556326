//! The API over a real socket, with an embedded log and store in a directory of their own.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use projections::instant::Instant;
use projections::market::Market;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use vitrine::api::configure;
use vitrine::api::current::Current;
use vitrine::clock;
use vitrine::config::{HomeConfig, Topics};
use vitrine::index::follow::Told;
use vitrine::log::embedded::EmbeddedLog;
use vitrine::projector::Projector;
use vitrine::projector::embedded::{TailOptions, run};
use vitrine::sqlite::SqliteOptions;
use vitrine::store::ReadStore;
use vitrine::store::sqlite::SqliteStore;

use crate::harness::state::{Parts, followed};

const TOKEN: &str = "secret-token";

/// A service of its own; dropping it ends it.
struct Service {
    url: String,
    client: reqwest::Client,
    stop: CancellationToken,
    server: ServerHandle,
    store: Arc<SqliteStore>,
    _directory: tempfile::TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
        drop(self.server.stop(false));
    }
}

const TAIL: TailOptions = TailOptions {
    batch_max_events: 100,
    batch_max_bytes: 1 << 20,
    poll_interval: Duration::from_millis(100),
};

fn markets() -> Vec<Market> {
    [("default", "USD", "en"), ("eu", "EUR", "de")]
        .map(|(id, currency, locale)| Market {
            id: id.to_owned(),
            currency: currency.to_owned(),
            locale: locale.to_owned(),
        })
        .into()
}

impl Service {
    async fn start(admin_token: Option<&str>) -> Service {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("generation.db");
        let store = Arc::new(SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap());
        let wait = Duration::from_secs(10);
        let log = EmbeddedLog::open(directory.path(), Topics::default(), wait).await.unwrap();
        let log = Arc::new(log);
        let read: Arc<dyn ReadStore> = store.clone();
        let projector = Projector::new(read.clone(), markets());
        let projector = Arc::new(projector);
        let stop = CancellationToken::new();
        let progress = projector.progress();
        tokio::spawn(run(projector, log.clone(), TAIL, stop.clone()));
        let parts = Parts {
            store: read,
            log,
            markets: markets(),
            sections: HomeConfig::default().sections,
            admin_token: admin_token.map(str::to_owned),
            progress,
            stop: stop.clone(),
        };
        let (state, _) = followed(parts, |pages| Arc::clone(pages) as Arc<dyn Told>).await;
        let current = web::Data::new(Current::new(state));
        let app = move || App::new().app_data(current.clone()).configure(configure);
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        let client = reqwest::Client::new();
        Service { url, client, stop, server: handle, store, _directory: directory }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        headers.iter().fold(request, add).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.send(Method::GET, path, &[]).await;
        (answer.status(), answer.json().await.unwrap())
    }

    /// The page, which there has to be.
    async fn page(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    #[track_caller]
    fn assert_problem(answer: (StatusCode, Value), status: u16, code: &str) {
        assert_eq!(answer.0.as_u16(), status, "{}", answer.1);
        assert_eq!((&answer.1["code"], &answer.1["status"]), (&json!(code), &json!(status)));
        assert_eq!(answer.1["type"], format!("urn:vitrine:problem:{code}"));
    }

    async fn post(&self, media_type: &str, body: String) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}/api/v1/events", self.url));
        let request = request.header("content-type", media_type).bearer_auth(TOKEN);
        let answer = request.body(body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Publishes events and waits until pages reflect them.
    async fn publish(&self, events: &[Value]) {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let (status, body) = self.post("application/x-ndjson", lines.join("\n")).await;
        assert_eq!((status.as_u16(), &body["rejected"]), (202, &json!([])), "{body}");
        let position = body["position"].as_str().unwrap();
        let headers = [("Vitrine-Min-Position", position), ("Vitrine-Wait-Ms", "5000")];
        let started = Clock::now();
        loop {
            let answer = self.send(Method::GET, "/api/v1/home", &headers).await;
            if answer.status() == StatusCode::OK {
                return;
            }
            // A slow machine may need longer than may be waited for.
            assert_eq!(
                answer.status(),
                StatusCode::PRECONDITION_FAILED,
                "{:?}",
                answer.text().await
            );
            assert!(started.elapsed() < crate::harness::PATIENCE, "never reached");
        }
    }
}

fn event(ty: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": "1", "source": "/t", "type": ty,
        "time": "2026-01-01T00:00:00Z", "data": data,
    })
}

fn product(id: &str, with: Value) -> Value {
    let mut data = json!({"product_id": id, "version": 1, "name": {"en": id, "de": "Ding"}});
    data.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    event("product.upserted.v1", data)
}

fn price(id: &str, amount: i64) -> Value {
    event(
        "price.set.v1",
        json!({"price_id": format!("{id}-usd"), "product_id": id, "version": 1,
               "market": "default", "currency": "USD", "amount": amount}),
    )
}

fn review(id: &str, product_id: &str, rating: i64) -> Value {
    event(
        "review.upserted.v1",
        json!({"review_id": id, "product_id": product_id, "version": 1, "rating": rating}),
    )
}

fn ids(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_product_is_served_under_any_id() {
    let service = Service::start(Some(TOKEN)).await;
    let names = ["mug", "a/b", "100%", "a+b", "한", "x,y"];
    let events: Vec<Value> = names.iter().map(|id| product(id, json!({}))).collect();
    service.publish(&events).await;
    for (raw, id) in ["mug", "a%2Fb", "100%25", "a+b", "%ED%95%9C", "x,y"].iter().zip(names) {
        let page = service.page(&format!("/api/v1/products/{raw}?locale=de-AT")).await;
        assert_eq!(
            (&page["product"]["id"], &page["product"]["name"]),
            (&json!(id), &json!("Ding"))
        );
        assert_eq!(page["price"], Value::Null);
        let reviews = service.page(&format!("/api/v1/products/{raw}/reviews")).await;
        assert_eq!(reviews["total"], 0);
    }
    let several = service.page("/api/v1/products?ids=none,mug&id=x%2Cy").await;
    assert_eq!(
        (ids(&several["items"]), &several["missing"]),
        (vec!["mug", "x,y"], &json!(["none"]))
    );
    let pages = service.page("/api/v1/products?ids=mug,none&view=page").await;
    assert_eq!(pages["items"][0]["product"]["id"], "mug");
    assert_eq!(pages["missing"], json!(["none"]));
    for (path, status, code) in [
        ("/api/v1/products/none", 404, "unknown_product"),
        ("/api/v1/products/none/reviews", 404, "unknown_product"),
        ("/api/v1/products/a%20b", 400, "invalid_id"),
        ("/api/v1/products/%FF", 400, "invalid_id"),
        ("/api/v1/products/mug?market=mars", 404, "unknown_market"),
        ("/api/v1/products/mug?limit=5", 400, "unknown_parameter"),
        ("/api/v1/products/mug?at=2026-01-01T00:00:00Z", 401, "unauthorized"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v1/products/", 404, "not_found"),
    ] {
        Service::assert_problem(service.get(path).await, status, code);
    }
}

#[actix_web::test]
async fn pages_carry_what_caches_need() {
    let service = Service::start(None).await;
    service.publish(&[product("mug", json!({})), price("mug", 500)]).await;
    for path in ["/api/v1/products/mug", "/api/v1/listings/all?limit=1", "/api/v1/home"] {
        let answer = service.send(Method::GET, path, &[]).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let etag = header("etag");
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("cache-control"), "public, max-age=5");
        assert_eq!(
            (header("vitrine-generation"), header("vitrine-cache")),
            ("1".into(), "miss".into())
        );
        let length = header("content-length");
        let unchanged = service.send(Method::GET, path, &[("if-none-match", &etag)]).await;
        assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(unchanged.headers()["etag"], etag);
        assert_eq!(unchanged.bytes().await.unwrap().len(), 0);
        let head = service.send(Method::HEAD, path, &[]).await;
        assert_eq!(
            (head.status(), &head.headers()["etag"]),
            (StatusCode::OK, &etag.parse().unwrap())
        );
        assert_eq!(head.headers()["content-length"], length);
        let private = service
            .send(
                Method::GET,
                &format!("{path}{}group=vip", if path.contains('?') { "&" } else { "?" }),
                &[],
            )
            .await;
        assert_eq!(private.headers()["cache-control"], "private, max-age=5");
    }
    for (method, path, allow) in [
        (Method::DELETE, "/api/v1/products/mug", "GET, HEAD"),
        (Method::POST, "/healthz", "GET, HEAD"),
        (Method::GET, "/api/v1/events", "POST"),
    ] {
        let answer = service.send(method, path, &[]).await;
        assert_eq!(answer.headers()["allow"], allow);
        let status = answer.status();
        Service::assert_problem((status, answer.json().await.unwrap()), 405, "method_not_allowed");
    }
}

/// A sale of `p5` and `p6` that opens soon, and a page that was answered before. On a machine that stands still meanwhile, a
/// later one.
async fn a_page_before_the_sale(service: &Service, path: &str) -> (Instant, Value) {
    for version in 1..=6 {
        let soon = Instant(clock::now().millis() + (2_000 << version));
        let sale = event(
            "discount.upserted.v1",
            json!({"discount_id": "d", "version": version, "name": "D", "kind": "fixed_price",
                   "value": 1, "currency": "USD", "scope": {"products": ["p6", "p5"]},
                   "starts_at": soon.to_string()}),
        );
        service.publish(&[sale]).await;
        let page = service.page(path).await;
        let again = service.page(path).await;
        if clock::now() < soon {
            assert_eq!(page, again, "the same page has the same cursor");
            return (soon, page);
        }
    }
    panic!("no page is answered before a sale");
}

#[actix_web::test]
async fn a_walk_shows_every_product_once_across_a_boundary() {
    let service = Service::start(Some(TOKEN)).await;
    let mut events = Vec::new();
    for i in 0..7 {
        let id = format!("p{i}");
        events.push(product(&id, json!({"brand": {"id": "acme", "name": "Acme"}})));
        events.push(price(&id, 1000 + i));
    }
    service.publish(&events).await;
    let first = "/api/v1/brands/acme/products?sort=price_asc&limit=2";
    let (soon, page) = a_page_before_the_sale(&service, first).await;
    assert_eq!(page["listing"], json!({"kind": "brand", "id": "acme", "name": "Acme"}));
    assert_eq!(
        (&page["total"], &page["meta"]["next_change_at"]),
        (&json!(7), &json!(soon.to_string()))
    );
    let mut cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let mut seen: Vec<String> = ids(&page["items"]).into_iter().map(str::to_owned).collect();
    let wait = soon.millis() - clock::now().millis() + 20;
    tokio::time::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
    assert_eq!(ids(&service.page(first).await["items"]), ["p5", "p6"]);
    loop {
        let page = service.page(&format!("{first}&cursor={cursor}")).await;
        seen.extend(ids(&page["items"]).into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
    let other = service.get(&format!("/api/v1/listings/all?sort=price_asc&cursor={cursor}")).await;
    Service::assert_problem(other, 400, "cursor_mismatch");
    let bad = service.get("/api/v1/listings/all?cursor=x").await;
    Service::assert_problem(bad, 400, "invalid_cursor");
}

#[actix_web::test]
async fn what_is_to_come_needs_the_token() {
    let service = Service::start(Some(TOKEN)).await;
    let released = json!({"released_at": "2100-01-01T00:00:00Z"});
    let mut events = Vec::new();
    for id in ["a", "b"] {
        events.extend([product(id, released.clone()), price(id, 5)]);
    }
    service.publish(&events).await;
    let listing = service.page("/api/v1/listings/all").await;
    assert_eq!(
        (&listing["total"], &listing["meta"]["next_change_at"]),
        (&json!(0), &json!("2100-01-01T00:00:00.000Z"))
    );
    Service::assert_problem(service.get("/api/v1/products/a").await, 404, "unknown_product");
    let authorization = format!("bearer {TOKEN}");
    let bearer = [("authorization", authorization.as_str())];
    let at = "at=2100-01-01T01:00:00%2B01:00";
    let answer =
        service.send(Method::GET, &format!("/api/v1/listings/all?limit=1&{at}"), &bearer).await;
    assert_eq!(answer.headers()["cache-control"], "private, max-age=5");
    let page: Value = answer.json().await.unwrap();
    assert_eq!(ids(&page["items"]), ["a"]);
    let next = format!("/api/v1/listings/all?cursor={}", page["next_cursor"].as_str().unwrap());
    Service::assert_problem(service.get(&next).await, 401, "unauthorized");
    let page: Value = service.send(Method::GET, &next, &bearer).await.json().await.unwrap();
    assert_eq!(ids(&page["items"]), ["b"]);
    let other =
        service.send(Method::GET, &format!("{next}&at=2101-01-01T00:00:00Z"), &bearer).await;
    Service::assert_problem((other.status(), other.json().await.unwrap()), 400, "cursor_mismatch");
    let wrong = [("authorization", "Bearer wrong")];
    let wrong = service.send(Method::GET, &format!("/api/v1/products/a?{at}"), &wrong).await;
    assert_eq!(
        (wrong.status().as_u16(), &wrong.headers()["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
}

#[actix_web::test]
async fn reviews_go_on_from_the_product_page() {
    let service = Service::start(None).await;
    let reviews = (0..7).map(|i| review(&format!("r{i}"), "mug", i % 5 + 1));
    let events: Vec<Value> = [product("mug", json!({}))].into_iter().chain(reviews).collect();
    service.publish(&events).await;
    let page = service.page("/api/v1/products/mug").await;
    assert_eq!(ids(&page["reviews"]["latest"]), ["r0", "r1", "r2", "r3", "r4"]);
    let cursor = page["reviews"]["next_cursor"].as_str().unwrap();
    let rest = service.page(&format!("/api/v1/products/mug/reviews?cursor={cursor}")).await;
    assert_eq!((ids(&rest["items"]), &rest["total"]), (vec!["r5", "r6"], &json!(7)));
    assert_eq!(rest["next_cursor"], Value::Null);
    let other =
        service.get(&format!("/api/v1/products/mug/reviews?sort=lowest&cursor={cursor}")).await;
    Service::assert_problem(other, 400, "cursor_mismatch");
    let lowest = service.page("/api/v1/products/mug/reviews?sort=lowest&limit=3").await;
    assert_eq!(ids(&lowest["items"]), ["r0", "r5", "r1"]);
}

#[actix_web::test]
async fn events_are_taken_refused_and_passed_over() {
    let service = Service::start(Some(TOKEN)).await;
    let (good, bad) = (price("mug", 5), price("mug", -5));
    let other = event("order.placed.v1", json!({}));
    let one = service.post("application/cloudevents+json", good.to_string()).await;
    assert_eq!((one.0.as_u16(), &one.1["accepted"]), (202, &json!(1)));
    assert!(one.1["position"].as_str().unwrap().starts_with("catalog.price:0:"), "{}", one.1);
    let refused = service.post("application/json", bad.to_string()).await;
    Service::assert_problem(refused, 400, "data.amount.negative");
    let batch = json!([bad, other, good]).to_string();
    let (status, body) = service.post("application/cloudevents-batch+json", batch).await;
    assert_eq!((status.as_u16(), &body["accepted"]), (202, &json!(2)));
    assert_eq!(
        (&body["rejected"][0]["index"], &body["rejected"][0]["code"]),
        (&json!(0), &json!("data.amount.negative"))
    );
    let (status, body) =
        service.post("application/x-ndjson", format!("\n{bad}\n\n{other}\n")).await;
    assert_eq!(
        (status.as_u16(), &body["accepted"], &body["position"]),
        (202, &json!(1), &Value::Null)
    );
    let array = service.post("application/cloudevents-batch+json", "{}".to_owned()).await;
    Service::assert_problem(array, 400, "invalid_body");
    Service::assert_problem(
        service.post("text/plain", String::new()).await,
        415,
        "unsupported_media_type",
    );
    for bytes in [(1 << 20) + 1, 20 << 20] {
        let large = service.post("application/x-ndjson", " ".repeat(bytes)).await;
        Service::assert_problem(large, 413, "body_too_large");
    }
    let full = service.post("application/x-ndjson", " ".repeat(1 << 20)).await;
    assert_eq!(full.0.as_u16(), 202);
    let anonymous = service.send(Method::POST, "/api/v1/events", &[]).await;
    Service::assert_problem(
        (anonymous.status(), anonymous.json().await.unwrap()),
        401,
        "unauthorized",
    );
}

#[actix_web::test]
async fn positions_are_waited_for() {
    let service = Service::start(None).await;
    service.publish(&[product("mug", json!({}))]).await;
    let ask = async |headers: &[(&str, &str)]| {
        let answer = service.send(Method::GET, "/api/v1/products/mug", headers).await;
        (answer.status(), answer.json().await.unwrap())
    };
    let far = ("Vitrine-Min-Position", "catalog.product:0:1000000");
    let started = std::time::Instant::now();
    Service::assert_problem(ask(&[far]).await, 412, "position_not_reached");
    Service::assert_problem(
        ask(&[far, ("Vitrine-Wait-Ms", "200")]).await,
        412,
        "position_not_reached",
    );
    assert!(started.elapsed() >= Duration::from_millis(200));
    for bad in ["x", "", "catalog.product:0", "catalog.product:0:1,", "other:0:1"] {
        Service::assert_problem(
            ask(&[("Vitrine-Min-Position", bad)]).await,
            400,
            "invalid_min_position",
        );
    }
    for bad in ["5001", "-1", "x"] {
        Service::assert_problem(ask(&[("Vitrine-Wait-Ms", bad)]).await, 400, "invalid_parameter");
    }
}

#[actix_web::test]
async fn probes_answer_and_an_unreachable_store_is_a_503() {
    let service = Service::start(None).await;
    assert_eq!(service.page("/healthz").await, json!({"status": "ok"}));
    assert_eq!(service.page("/readyz").await, json!({"status": "ready", "waits_for": []}));
    assert_eq!(service.page("/openapi.json").await["openapi"], "3.1.0");
    let home = service.page("/api/v1/home?locale=de").await;
    assert_eq!(ids(&home["sections"]), ["deals", "new", "top"]);
    let metrics = service.send(Method::GET, "/metrics", &[]).await.text().await.unwrap();
    assert!(
        metrics.contains("vitrine_http_requests_total{route=\"/api/v1/home\",status=\"2xx\"} 1"),
        "{metrics}"
    );
    service.store.close().await;
    let answer = service.send(Method::GET, "/api/v1/products/mug", &[]).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    Service::assert_problem((answer.status(), answer.json().await.unwrap()), 503, "unavailable");
    Service::assert_problem(service.get("/readyz").await, 503, "not_ready");
    assert_eq!(service.page("/healthz").await, json!({"status": "ok"}));
    // From memory: what was not asked for before, too. Once it may be old it says so.
    service.page("/api/v1/listings/all?facets=true&sort=rating").await;
    let started = Clock::now();
    loop {
        let answer = service.send(Method::GET, "/api/v1/home", &[]).await;
        assert_eq!(answer.status(), StatusCode::OK);
        if answer.headers()["vitrine-cache"] == "stale" {
            break;
        }
        assert!(started.elapsed() < crate::harness::PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
