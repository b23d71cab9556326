//! Paths, query parameters, headers, methods.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::assert_problem;
use crate::service::{Running, price, product};

const TOKEN: &str = "a-secret-token";

fn encoded(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

const UNKNOWN: &str = "unknown_parameter";
const INVALID: &str = "invalid_parameter";
const REPEATED: &str = "repeated_parameter";

/// What all pages refuse.
const COMMON: [(&str, &str, &str); 17] = [
    ("colour=red", UNKNOWN, "colour"),
    ("market=eu&Market=eu", UNKNOWN, "Market"),
    ("%63olour=red", UNKNOWN, "colour"),
    ("=x", UNKNOWN, ""),
    ("gro%up=x", UNKNOWN, "gro%up"),
    ("market=eu&market=eu", REPEATED, "market"),
    ("group=a&group=b", REPEATED, "group"),
    ("locale=de&locale=de", REPEATED, "locale"),
    ("at=2026-01-01T00:00:00Z&at=2026-01-01T00:00:00Z", REPEATED, "at"),
    ("group=", INVALID, "group"),
    ("group=a%20b", INVALID, "group"),
    ("group=%", INVALID, "group"),
    ("group=%zz", INVALID, "group"),
    ("group=%ED%95", INVALID, "group"),
    ("group=%00", INVALID, "group"),
    ("locale=", INVALID, "locale"),
    ("market=%4", INVALID, "market"),
];

const INSTANTS: [&str; 9] = [
    "yesterday",
    "",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:01Z",
    "1767225600",
    "2026-01-01T00:00:00+01:00",
    "2026-01-01T00%3A00:00\u{2212}01:00",
];

const PAGES: [&str; 7] = [
    "/api/v1/products/mug",
    "/api/v1/products/mug/reviews",
    "/api/v1/products?ids=mug",
    "/api/v1/categories/c/products",
    "/api/v1/brands/b/products",
    "/api/v1/listings/all",
    "/api/v1/home",
];

fn with(path: &str, query: &str) -> String {
    format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_refuses_bad_parameters_by_name() {
    let service = Running::start(None, "").await;
    service.publish(&[product("mug", json!({})), price("mug", "mug", json!({}))]);
    for page in PAGES {
        assert_eq!(service.get(page).status, 200, "{page}");
        for (query, code, parameter) in COMMON {
            assert_problem(&service.get(&with(page, query)), 400, code, Some(parameter));
        }
        for market in ["mars", "", "EU", "default%20"] {
            let answer = service.get(&with(page, &format!("market={market}")));
            assert_problem(&answer, 404, "unknown_market", Some("market"));
        }
        for at in INSTANTS {
            // As it is where a URI may hold it, else encoded; a plain `+` is a space.
            let at = if at.is_ascii() { at.to_owned() } else { encoded(at) };
            let answer = service.get(&with(page, &format!("at={at}")));
            assert_problem(&answer, 400, "invalid_at", Some("at"));
        }
        let long = format!("locale={}", "x".repeat(65));
        assert_problem(&service.get(&with(page, &long)), 400, INVALID, Some("locale"));
        let long = format!("group={}", "x".repeat(129));
        assert_problem(&service.get(&with(page, &long)), 400, INVALID, Some("group"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_and_reviews_refuse_bad_parameters_by_name() {
    let service = Running::start(None, "").await;
    service.publish(&[product("mug", json!({})), price("mug", "mug", json!({}))]);
    let both = [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=",
        "limit=-1",
        "limit=1.0",
        "limit=1e1",
        "limit=%2B1",
        "limit=99999999999999999999",
        "limit=%D9%A1",
        "sort=Newest",
        "sort=",
        "sort=price",
    ];
    let listings = [
        "min_price=-1",
        "min_price=1.5",
        "min_price=x",
        "min_price=",
        "min_price=1000000000001",
        "max_price=-0",
        "max_price=0x1",
        "max_price=99999999999999999999",
        "in_stock=yes",
        "in_stock=1",
        "in_stock=",
        "in_stock=TRUE",
        "on_sale=True",
        "on_sale=on",
        "facets=x",
        "min_rating=6",
        "min_rating=0",
        "min_rating=0.99",
        "min_rating=5.001",
        "min_rating=4,5",
        "min_rating=.5",
        "min_rating=4.",
        "min_rating=-1",
        "min_rating=NaN",
        "min_rating=",
        "brand=",
        "brand=a%20b",
        "brand=..",
        "sort=helpful",
    ];
    let reviews = ["sort=rating", "sort=price_asc"];
    let refused = |path: &str, query: &str| {
        let (name, _) = query.split_once('=').unwrap();
        assert_problem(&service.get(&with(path, query)), 400, INVALID, Some(name));
        if name != "brand" {
            let repeated = format!("{query}&{query}");
            assert_problem(&service.get(&with(path, &repeated)), 400, REPEATED, Some(name));
        }
    };
    for path in &PAGES[3..6] {
        both.iter().chain(&listings).for_each(|query| refused(path, query));
        let brands: Vec<String> = (0..101).map(|i| format!("brand=b{i}")).collect();
        let answer = service.get(&with(path, &brands.join("&")));
        assert_problem(&answer, 400, INVALID, Some("brand"));
        assert_problem(&service.get(&with(path, "ids=a")), 400, UNKNOWN, Some("ids"));
    }
    both.iter().chain(&reviews).for_each(|query| refused(PAGES[1], query));
    for query in ["min_price=1", "brand=a", "in_stock=true"] {
        let (name, _) = query.split_once('=').unwrap();
        assert_problem(&service.get(&with(PAGES[1], query)), 400, UNKNOWN, Some(name));
    }
    for query in ["limit=1", "sort=newest", "cursor=x", "ids=mug"] {
        let (name, _) = query.split_once('=').unwrap();
        for path in [PAGES[0], PAGES[6]] {
            assert_problem(&service.get(&with(path, query)), 400, UNKNOWN, Some(name));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_products_are_named_well() {
    let service = Running::start(None, "").await;
    let many = |n: usize| (0..n).map(|i| format!("p{i}")).collect::<Vec<_>>();
    let path = "/api/v1/products";
    for (query, code, parameter) in [
        (String::new(), "missing_parameter", "ids"),
        ("view=card".into(), "missing_parameter", "ids"),
        ("ids=".into(), "invalid_id", "ids"),
        ("ids=a,".into(), "invalid_id", "ids"),
        ("ids=a,,b".into(), "invalid_id", "ids"),
        ("ids=a,%20b".into(), "invalid_id", "ids"),
        ("ids=a+b".into(), "invalid_id", "ids"),
        ("id=".into(), "invalid_id", "id"),
        ("id=..".into(), "invalid_id", "id"),
        (format!("id={}", "x".repeat(129)), "invalid_id", "id"),
        ("ids=a&ids=b".into(), REPEATED, "ids"),
        (format!("ids={}", many(101).join(",")), INVALID, "ids"),
        (format!("ids={}&id=one-more", many(100).join(",")), INVALID, "id"),
        ("ids=a&view=cards".into(), INVALID, "view"),
        ("ids=a&view=".into(), INVALID, "view"),
        ("ids=a&view=card&view=card".into(), REPEATED, "view"),
        ("ids=a&limit=1".into(), UNKNOWN, "limit"),
    ] {
        assert_problem(&service.get(&with(path, &query)), 400, code, Some(parameter));
    }
    // A hundred, one of them twice.
    let page = service.page(&with(path, &format!("ids={}&id=p7", many(100).join(","))));
    assert_eq!((page["items"].as_array().unwrap().len(), &page["missing"]), (0, &json!(many(100))));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_in_paths_are_checked_and_taken_whole() {
    let service = Running::start(None, "").await;
    let long = "x".repeat(129);
    let bad = [
        "%",
        "%4",
        "%zz",
        "%FF",
        "%ED%95",
        "%00",
        "a%20b",
        "%09",
        "%E2%80%A8",
        ".",
        "..",
        "%2E",
        "%2E%2e",
        &long,
        "a%C2%85",
    ];
    for id in bad {
        for (before, after) in [
            ("/api/v1/products/", ""),
            ("/api/v1/products/", "/reviews"),
            ("/api/v1/categories/", "/products"),
            ("/api/v1/brands/", "/products"),
        ] {
            let answer = service.get(&format!("{before}{id}{after}"));
            assert_problem(&answer, 400, "invalid_id", Some("id"));
        }
    }
    let good = [
        "a/b", "/", "100%", "%2F", "한글", "a+b", "x;y", "p,q", "ü", "u\u{308}", "a?b", "a#b",
        "a&b=c", "a\\b", "...", "'\"", "{id}", "reviews", "*", "~", "a:b@c", "😀",
    ];
    let mut events = Vec::new();
    for id in good {
        let brand_and_category = json!({
            "brand": {"id": id, "name": id},
            "categories": [{"id": id, "name": id, "path": [id]}],
        });
        events.extend([product(id, brand_and_category), price(id, id, json!({}))]);
    }
    service.publish(&events);
    for id in good {
        let raw = encoded(id);
        assert_eq!(service.page(&format!("/api/v1/products/{raw}"))["product"]["id"], id);
        assert_eq!(service.page(&format!("/api/v1/products/{raw}/reviews"))["total"], 0);
        for (kind, path) in [("category", "categories"), ("brand", "brands")] {
            let listing = service.page(&format!("/api/v1/{path}/{raw}/products"));
            assert_eq!(listing["listing"], json!({"kind": kind, "id": id, "name": id}));
            assert_eq!((&listing["total"], &listing["items"][0]["id"]), (&json!(1), &json!(id)));
        }
        let several = service.page(&format!("/api/v1/products?id={raw}&id=none"));
        assert_eq!(
            (&several["items"][0]["id"], &several["missing"]),
            (&json!(id), &json!(["none"]))
        );
        let narrowed = service.page(&format!("/api/v1/listings/all?brand={raw}"));
        assert_eq!((&narrowed["total"], &narrowed["items"][0]["id"]), (&json!(1), &json!(id)));
    }
    // What need not be encoded in a path works as it is.
    for id in ["a+b", "x;y", "p,q", "a:b@c", "*", "~", "..."] {
        assert_eq!(service.page(&format!("/api/v1/products/{id}"))["product"]["id"], id);
    }
    for id in ["none", &"x".repeat(128)] {
        let answer = service.get(&format!("/api/v1/products/{id}"));
        assert_problem(&answer, 404, "unknown_product", None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_and_waits_are_checked() {
    let service = Running::start(None, "").await;
    let (min, wait) = ("Vitrine-Min-Position", "Vitrine-Wait-Ms");
    let many = vec!["catalog.price:0:0"; 101].join(",");
    let bad = [
        "",
        "x",
        "catalog.price",
        "catalog.price:0",
        "catalog.price:0:",
        "catalog.price:x:1",
        "catalog.price:0:-1",
        "catalog.price:-1:0",
        "catalog.price:0:1:2",
        ":0:1",
        "catalog.price:0:1,",
        ",catalog.price:0:1",
        "catalog.price:0:1;catalog.stock:0:1",
        "catalog.price:0:9223372036854775808",
        "catalog.price:2147483648:0",
        "nowhere:0:1",
        "catalog.price:0:1,Catalog.price:0:1",
        "catalog.price:+0:1",
        "catalog.price:0:+1",
        &many,
    ];
    for page in PAGES {
        for position in bad {
            let answer = service.send("GET", page, &[(min, position)], b"");
            assert_problem(&answer, 400, "invalid_min_position", Some(min));
        }
        for ms in ["-1", "5001", "x", "1.5", "", "1s", "99999999999999999999", "+5"] {
            let answer = service.send("GET", page, &[(wait, ms)], b"");
            assert_problem(&answer, 400, INVALID, Some(wait));
        }
        let answer = service.send("GET", page, &[(wait, "1"), (wait, "1")], b"");
        assert_problem(&answer, 400, INVALID, Some(wait));
        let far = [(min, "catalog.price:0:9223372036854775807"), (wait, "1")];
        let answer = service.send("GET", page, &far, b"");
        assert_problem(&answer, 412, "position_not_reached", Some(min));
        let elsewhere = [(min, "catalog.price:7:0")];
        let answer = service.send("GET", page, &elsewhere, b"");
        assert_problem(&answer, 412, "position_not_reached", Some(min));
    }
    let waits = service.send("GET", "/api/v1/home", &[(wait, "5000")], b"");
    assert_eq!(waits.status, 200, "a wait for nothing is no wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_routes_are_checked() {
    let service = Running::start(None, "").await;
    let reads = ["/healthz", "/readyz", "/metrics", "/openapi.json"];
    let known = PAGES.iter().chain(&reads).map(|path| (*path, "GET, HEAD"));
    let known: Vec<(&str, &str)> = known.chain([("/api/v1/events", "POST")]).collect();
    for (path, allow) in known {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let answer = service.send(method, path, &[], b"");
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method}");
            match method {
                "HEAD" => assert_eq!(answer.text(), ""),
                _ => assert_problem(&answer, 405, "method_not_allowed", None),
            }
        }
    }
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/home",
        "/api/v1/product/mug",
        "/api/v1/home/",
        "/api/v1/products/mug/",
        "/api/v1/products/mug/x",
        "/api/v1/products/mug/reviews/r",
        "/api/v1/products/",
        "/api/v1/categories//products",
        "/api/v1/listings/none",
        "/Healthz",
        "/api/v1//home",
        "/api/v1/../v1/home",
        "/demo/app.js",
        "/metrics/x",
        "*",
    ] {
        for method in ["GET", "POST"] {
            assert_problem(&service.send(method, path, &[], b""), 404, "not_found", None);
        }
    }
    for (path, status) in [("/api/v1/home", 200), ("/api/v1/products/none", 404), ("/no", 404)] {
        let (head, get) = (service.send("HEAD", path, &[], b""), service.get(path));
        assert_eq!((head.status, get.status), (status, status));
        assert_eq!(head.text(), "");
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
    // What is no HTTP gets no page, and the service goes on.
    for raw in [&b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n"[..], b"GET / HTTP/1.1\r\n: x\r\n\r\n"] {
        assert_eq!(service.exchange(raw).status, 400);
    }
    assert_eq!(service.page("/healthz"), json!({"status": "ok"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_the_token_is_refused_without_it() {
    let service = Running::start(Some(TOKEN), "").await;
    service.publish(&[product("mug", json!({})), price("mug", "mug", json!({}))]);
    let good = service.authorization();
    let bad: [&[(&str, &str)]; 9] = [
        &[],
        &[("authorization", "")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Bearer a-secret-toke")],
        &[("authorization", "Bearer a-secret-token2")],
        &[("authorization", "Basic a-secret-token")],
        &[("authorization", TOKEN)],
        &[("authorization", &good), ("authorization", &good)],
    ];
    let body = product("mug", json!({"version": 2})).to_string();
    let json_type = ("content-type", "application/json");
    for headers in bad {
        for page in PAGES {
            let answer = service.send("GET", &with(page, "at=2026-01-01T00:00:00Z"), headers, b"");
            assert_problem(&answer, 401, "unauthorized", None);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([json_type]).collect();
        let answer = service.send("POST", "/api/v1/events", &headers, body.as_bytes());
        assert_problem(&answer, 401, "unauthorized", None);
        // Nor does it say whether the event would have been taken.
        let answer = service.send("POST", "/api/v1/events?x=1", &headers, b"{");
        assert_problem(&answer, 401, "unauthorized", None);
        assert!(!answer.text().contains(TOKEN));
    }
    for authorization in [good.clone(), good.replace("Bearer", "bEARER")] {
        let headers = [("authorization", authorization.as_str()), json_type];
        for page in PAGES {
            let answer = service.send("GET", &with(page, "at=2026-02-01T00:00:00Z"), &headers, b"");
            assert_eq!(answer.status, 200, "{}", answer.text());
            let cacheable = answer.header("cache-control").unwrap().to_owned();
            assert!(cacheable.starts_with("private"), "{page}: {cacheable}");
        }
        let answer = service.send("POST", "/api/v1/events", &headers, body.as_bytes());
        assert_eq!(answer.status, 202);
    }
    assert_eq!(service.page("/api/v1/products/mug")["price"]["final"], Value::from(500));
}
