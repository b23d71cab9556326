//! Pages from the cache: kept while they are right, and no longer.

use std::time::{Duration, Instant as Clock};

use crate::harness::PATIENCE;
use crate::harness::events::{event, price, product, stock};
use crate::harness::process::Home;
use crate::harness::service::{Answer, Service};
use serde_json::json;

fn kept(answer: &Answer) -> &str {
    answer.headers["vitrine-cache"].to_str().unwrap()
}

fn etag(answer: &Answer) -> &str {
    answer.headers["etag"].to_str().unwrap()
}

/// Asks until the page is kept; answers it.
#[track_caller]
fn settled(service: &Service, path: &str) -> Answer {
    let started = Clock::now();
    loop {
        let answer = service.get(path);
        assert_eq!(answer.status, 200, "GET {path}: {answer:?}");
        if kept(&answer) == "hit" {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "GET {path}: never a hit: {answer:?}");
    }
}

/// Asks until the page is another one than before.
#[track_caller]
fn changed(service: &Service, path: &str, before: &Answer) -> Answer {
    let started = Clock::now();
    loop {
        let answer = service.get(path);
        if answer.headers.get("etag") != before.headers.get("etag") {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "GET {path}: still {answer:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn named(id: &str, category: &str) -> String {
    let path = [category];
    product(id, json!({ "categories": [{"id": category, "name": category, "path": path}] }))
}

const PAGES: [&str; 5] = [
    "/api/v1/products/mug",
    "/api/v1/products?ids=mug,none",
    "/api/v1/products?ids=mug&view=page",
    "/api/v1/categories/cups/products",
    "/api/v1/listings/all?sort=price_asc&limit=1",
];

/// `mug` is the cheapest; `vase` is in another category, and dear.
fn shop() -> (Home, Service) {
    let home = Home::new();
    let service = home.serve();
    service.wait_ready();
    let position = service.publish(&[
        named("mug", "cups"),
        named("vase", "vases"),
        price("mug-usd", "mug", 500, json!({})),
        price("vase-usd", "vase", 9000, json!({})),
        stock("mug", 1, 3),
    ]);
    service.reflects(&position);
    (home, service)
}

#[test]
fn a_page_is_kept_until_something_on_it_changes() {
    let (_home, service) = shop();
    let before: Vec<Answer> = PAGES.iter().map(|path| settled(&service, path)).collect();
    for answer in &before {
        assert_eq!(answer.headers["age"], "0");
    }
    service.publish(&[stock("mug", 2, 4)]);
    for (path, before) in PAGES.iter().zip(&before) {
        let after = changed(&service, path, before);
        assert_ne!(after.body, before.body, "{path}");
        assert_eq!(settled(&service, path).body, after.body, "{path}");
    }
    for name in ["requests_total{result=\"hit\"}", "loads_total{result=\"kept\"}", "pages"] {
        let value = service.metric(&format!("vitrine_cache_{name}"));
        assert!(value.is_some_and(|value| value > 0.0), "{name}: {value:?}");
    }
    let reviews = "/api/v1/products/mug/reviews";
    let before = settled(&service, reviews);
    let data = json!({ "review_id": "r1", "product_id": "mug", "version": 1, "rating": 5 });
    service.publish(&[event("review.upserted.v1", 1, &data)]);
    assert_eq!(changed(&service, reviews, &before).body["total"], 1);
}

#[test]
fn what_is_not_on_a_page_leaves_it_alone() {
    let (_home, service) = shop();
    let before: Vec<Answer> = PAGES.iter().map(|path| settled(&service, path)).collect();
    let vase = settled(&service, "/api/v1/products/vase");
    // Its own page, its category's, and where it stands among all products.
    let position = service.publish(&[price("vase-usd", "vase", 9500, json!({ "version": 2 }))]);
    changed(&service, "/api/v1/products/vase", &vase);
    // Listings follow a moment later.
    service.reflects(&position);
    let dearest = "/api/v1/listings/all?sort=price_desc&limit=1";
    assert_eq!(service.get(dearest).body["items"][0]["price"]["final"], 9500);
    for (path, before) in PAGES.iter().zip(&before) {
        let after = service.get(path);
        assert_eq!((kept(&after), etag(&after)), ("hit", etag(before)), "{path}");
    }
    // It becomes the cheapest.
    service.publish(&[price("vase-usd", "vase", 100, json!({ "version": 3 }))]);
    let cheapest = changed(&service, PAGES[4], &before[4]);
    assert_eq!(cheapest.body["items"][0]["id"], "vase");
    let cups = service.get(PAGES[3]);
    assert_eq!((kept(&cups), etag(&cups)), ("hit", etag(&before[3])));
}

#[test]
fn what_is_not_there_is_found_once_it_is() {
    let (_home, service) = shop();
    for _ in 0..3 {
        assert_eq!(service.get("/api/v1/products/jar").status, 404);
    }
    let total = settled(&service, PAGES[3]);
    service.publish(&[named("jar", "cups"), price("jar-usd", "jar", 700, json!({}))]);
    assert_eq!(changed(&service, PAGES[3], &total).body["total"], 2);
    let started = Clock::now();
    while service.get("/api/v1/products/jar").status != 200 {
        assert!(started.elapsed() < PATIENCE);
    }
}

#[test]
fn each_coding_has_a_tag_of_its_own() {
    let (_home, service) = shop();
    let path = PAGES[0];
    let plain = settled(&service, path);
    let mut tags = vec![etag(&plain).to_owned()];
    for coding in ["gzip", "br", "zstd"] {
        let answer = service.get_with(path, &[("accept-encoding", coding)]);
        assert_eq!(answer.headers["content-encoding"], coding);
        assert!(answer.headers["vary"].to_str().unwrap().contains("Accept-Encoding"));
        let tag = etag(&answer).to_owned();
        let headers = [("accept-encoding", coding), ("if-none-match", tag.as_str())];
        assert_eq!(service.get_with(path, &headers).status, 304);
        let headers = [("if-none-match", tag.as_str())];
        assert_eq!(service.get_with(path, &headers).status, 200, "of another coding");
        tags.push(tag);
    }
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), 4);
}

/// Plain requests find their page before any routing; others go through the handlers to the same page.
#[test]
fn the_short_way_answers_as_the_long_one() {
    let (_home, service) = shop();
    let told = |path: &str, headers: &[(&str, &str)]| {
        let mut answer = service.get_with(path, headers);
        answer.headers.remove("date");
        (answer.status, answer.headers, answer.body)
    };
    for path in [PAGES[0], PAGES[3], "/api/v1/listings/all", "/api/v1/home"] {
        settled(&service, path);
        for coding in ["identity", "gzip", "br", "zstd"] {
            let accept = ("accept-encoding", coding);
            // The first one may have it compressed yet.
            told(path, &[accept]);
            let (short, long) =
                (told(path, &[accept]), told(&format!("{path}?market=default"), &[accept]));
            assert_eq!(short, long, "{path} {coding}");
            let etag = short.1["etag"].to_str().unwrap().to_owned();
            let known = [accept, ("if-none-match", etag.as_str())];
            let (short, long) =
                (told(path, &known), told(&format!("{path}?market=default"), &known));
            assert_eq!((short.0, &short), (304, &long), "{path} {coding}");
        }
    }
    // What is not so plain is not taken for it.
    for (path, status) in [
        ("/api/v1/products/mug?", 200),
        ("/api/v1/products/%6Dug", 200),
        ("/api/v1/products/mug/", 404),
        ("/api/v1/products/mug?at=now", 400),
        ("/api/v1/home?markets=default", 400),
    ] {
        assert_eq!(service.get(path).status, status, "{path}");
    }
}

#[test]
fn a_page_whose_time_is_over_is_right_until_it_changes() {
    // Warming would read it anew.
    let home = Home::new().set("cache.ttl_seconds=1").set("schedule.warm=");
    let service = home.serve();
    service.wait_ready();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    let before = settled(&service, PAGES[0]);
    std::thread::sleep(Duration::from_millis(1200));
    // Answered at once, and read anew beside it.
    let old = service.get(PAGES[0]);
    assert_eq!(
        (kept(&old), etag(&old), &old.headers["age"]),
        ("stale", etag(&before), &"0".parse().unwrap())
    );
    assert_eq!(etag(&settled(&service, PAGES[0])), etag(&before));
}

#[test]
fn without_a_cache_every_page_is_read() {
    let home = Home::new().set("cache.max_bytes=0");
    let service = home.serve();
    service.wait_ready();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    for _ in 0..3 {
        assert_eq!(kept(&service.get("/api/v1/products/mug")), "miss");
    }
}
