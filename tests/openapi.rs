//! The OpenAPI document says what is served: the same paths and methods, and real answers of every
//! kind conform to their schemas.

use std::collections::BTreeSet;

use crate::service::{Answer, Running, event, price, product, review};
use jsonschema::Validator;
use serde_json::{Value, json};
use vitrine::verdict::{Allow, KINDS};

const TOKEN: &str = "a-secret-token";
const WARM: &str = "/api/v1/cache/warm";
const REBUILD: &str = "/api/v1/rebuild";

/// The document, as it is served.
struct Document(Value);

impl Document {
    fn of(service: &Running) -> Document {
        Document(service.page("/openapi.json"))
    }

    /// What a `$ref` within the document stands for, if it is one.
    fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.0.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
            None => value,
        }
    }

    /// What is documented of an operation's answer with this status.
    fn response(&self, path: &str, method: &str, status: u16) -> &Value {
        let responses = &self.0["paths"][path][method]["responses"];
        let found = responses.get(status.to_string()).or_else(|| responses.get("default"));
        self.resolved(found.unwrap_or_else(|| panic!("{method} {path} {status}: {responses}")))
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut root = schema.clone();
        root["components"] = self.0["components"].clone();
        jsonschema::draft202012::options().should_validate_formats(true).build(&root).unwrap()
    }

    /// An answer has the media type, the headers and the shape that are documented for it.
    #[track_caller]
    fn assert_conforms(&self, path: &str, method: &str, answer: &Answer) {
        let response = self.response(path, method, answer.status);
        let said = format!("{method} {path} {}", answer.status);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let Some(value) = answer.header(name) else { panic!("{said} has no {name}") };
            let schema = &self.resolved(header)["schema"];
            // Integers come as text.
            let as_number = value.parse::<i64>().map(Value::from);
            let value = match schema["type"].as_str() {
                Some("integer") => as_number.unwrap(),
                _ => json!(value),
            };
            self.assert_valid(schema, &value, &format!("{said} {name}"));
        }
        let Some(content) = response.get("content") else {
            assert_eq!(answer.text(), "", "{said}");
            return;
        };
        let media_type = answer.header("content-type").unwrap();
        let essence = media_type.split(';').next().unwrap();
        let Some(body) = content.get(essence) else { panic!("{said} is {essence}") };
        match essence {
            "text/plain" => {}
            _ => self.assert_valid(&body["schema"], &answer.json(), &said),
        }
    }

    #[track_caller]
    fn assert_valid(&self, schema: &Value, value: &Value, said: &str) {
        let problems: Vec<String> = self
            .validator(schema)
            .iter_errors(value)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{said}: {problems:?} in {value}");
    }
}

/// Every kind of thing that pages show, and its absence.
fn catalogue() -> Vec<Value> {
    let full = json!({
        "name": {"en": "Mug", "de": "Becher"}, "slug": "mug", "description": "For tea.",
        "brand": {"id": "acme", "name": "Acme"},
        "categories": [{"id": "mugs", "name": "Mugs", "path": ["kitchen", "mugs"]}],
        "attributes": {"text": "a", "number": 1.5, "integer": -3, "bool": true},
        "tags": ["new"], "images": [{"url": "https://img/1", "alt": "A mug"}, {"url": "x"}],
        "released_at": "2026-01-01T00:00:00+09:00",
        "variants": [{"sku": "s1", "options": {"size": "L"}}, {"sku": "s2"}],
    });
    let stock = |sku: &str, available: i64| {
        let data = json!({"sku": sku, "product_id": "mug", "version": 1, "available": available});
        event("stock.set.v1", data)
    };
    let mut events = vec![
        product("mug", full),
        product("bare", json!({})),
        product("free", json!({"brand": {"id": "acme", "name": "Acme"}})),
        product("coming", json!({"released_at": "2100-01-01T00:00:00Z"})),
        price("p1", "mug", json!({})),
        price(
            "p2",
            "mug",
            json!({"sku": "s1", "amount": 900, "valid_until": "2100-01-01T00:00:00Z"}),
        ),
        price("p3", "mug", json!({"market": "eu", "currency": "EUR", "group": "vip"})),
        price("p4", "free", json!({"amount": 0})),
        price("p5", "coming", json!({"amount": 1_000_000_000_000i64})),
        stock("s1", 0),
        stock("s2", 3),
        event(
            "discount.upserted.v1",
            json!({"discount_id": "d", "version": 1, "name": {"de": "Rabatt"}, "stackable": true,
                   "kind": "percentage", "value": 1000, "scope": {"categories": ["kitchen"]}}),
        ),
    ];
    events.extend((0..7).map(|i| {
        let with = json!({"rating": i % 5 + 1, "title": "T", "helpful": i - 3});
        review(&format!("r{i}"), "mug", with)
    }));
    events
}

/// Requests for each documented operation, by path as documented; first of all a good one.
fn requests() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        (
            "/api/v1/products/{id}",
            vec![
                "/api/v1/products/mug",
                "/api/v1/products/mug?market=eu&group=vip&locale=de",
                "/api/v1/products/mug?market=eu",
                "/api/v1/products/bare",
                "/api/v1/products/free",
                "/api/v1/products/coming",
                "/api/v1/products/%00",
                "/api/v1/products/mug?x=1",
                "/api/v1/products/mug?market=x",
                "/api/v1/products/mug?at=2026-01-01T00:00:00Z",
            ],
        ),
        (
            "/api/v1/products",
            vec![
                "/api/v1/products?ids=mug,bare,free,none",
                "/api/v1/products?ids=mug,coming,none&view=page",
                "/api/v1/products?id=none",
                "/api/v1/products",
            ],
        ),
        (
            "/api/v1/products/{id}/reviews",
            vec![
                "/api/v1/products/mug/reviews?limit=2",
                "/api/v1/products/mug/reviews?sort=helpful",
                "/api/v1/products/bare/reviews",
                "/api/v1/products/none/reviews",
                "/api/v1/products/mug/reviews?cursor=x",
            ],
        ),
        (
            "/api/v1/variants",
            vec![
                "/api/v1/variants?skus=s1,s2,bare,none",
                "/api/v1/variants?sku=s1&market=eu&group=vip",
                "/api/v1/variants",
            ],
        ),
        (
            "/api/v1/categories/{id}/products",
            vec![
                "/api/v1/categories/mugs/products?limit=1&facets=true",
                "/api/v1/categories/kitchen/products",
                "/api/v1/categories/none/products",
                "/api/v1/categories/mugs/products?limit=0",
            ],
        ),
        (
            "/api/v1/brands/{id}/products",
            vec![
                "/api/v1/brands/acme/products?limit=1&sort=price_asc",
                "/api/v1/brands/acme/products?in_stock=true&min_rating=1.5",
                "/api/v1/brands/none/products",
                "/api/v1/brands/../products",
            ],
        ),
        (
            "/api/v1/listings/all",
            vec![
                "/api/v1/listings/all?limit=1",
                "/api/v1/listings/all?on_sale=true&sort=discount&brand=acme",
                "/api/v1/listings/all?market=eu&group=vip",
                "/api/v1/listings/all?facets=true&attr.size=L&attr.text=none&brand=none",
                "/api/v1/listings/all?min_price=x",
            ],
        ),
        (
            "/api/v1/home",
            vec!["/api/v1/home", "/api/v1/home?market=eu&locale=de", "/api/v1/home?limit=1"],
        ),
        ("/healthz", vec!["/healthz"]),
        ("/readyz", vec!["/readyz"]),
        ("/metrics", vec!["/metrics"]),
        ("/openapi.json", vec!["/openapi.json"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_paths_and_methods_are_documented_and_served() {
    let service = Running::start(Some(TOKEN), "").await;
    let document = Document::of(&service);
    let documented: BTreeSet<(String, String)> = document.0["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.map(|method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let mut paths: BTreeSet<String> = routes_in_source();
    paths.extend(documented.iter().map(|(path, _)| path.clone()));
    let mut served = BTreeSet::new();
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = service.send(method, &path.replace("{id}", "x"), &[], b"");
            let code = answer.json_or_null()["code"].as_str().map(str::to_owned);
            match (answer.status, code.as_deref()) {
                (404, Some("not_found")) | (405, _) => {}
                _ => drop(served.insert((path.clone(), method.to_owned()))),
            }
        }
    }
    assert_eq!(served, documented);
}

impl Answer {
    /// What is no JSON counts as null.
    fn json_or_null(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The paths that the API's own source names, so that none is served without being documented.
fn routes_in_source() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(path).unwrap();
                let literals = source.split('"').skip(1).step_by(2);
                let is_path = |text: &&str| {
                    let known = |c: char| c.is_ascii_alphanumeric() || "/{}_.".contains(c);
                    text.len() > 1 && text.starts_with('/') && text.chars().all(known)
                };
                found.extend(literals.filter(is_path).map(str::to_owned));
            }
        }
    }
    assert!(found.len() >= 12, "{found:?}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn real_answers_conform_to_their_schemas() {
    let service = Running::start(Some(TOKEN), "").await;
    service.publish(&catalogue());
    let document = Document::of(&service);
    let mut seen = BTreeSet::new();
    for (path, urls) in requests() {
        for (i, url) in urls.iter().enumerate() {
            let answer = service.get(url);
            assert!(i > 0 || answer.status == 200, "{url}: {}", answer.text());
            document.assert_conforms(path, "get", &answer);
            seen.insert((path.to_owned(), answer.status));
            let Some(etag) = answer.header("etag") else { continue };
            let unchanged = service.send("GET", url, &[("if-none-match", etag)], b"");
            assert_eq!(unchanged.status, 304);
            document.assert_conforms(path, "get", &unchanged);
            let next = answer.json()["next_cursor"].as_str().map(str::to_owned);
            if let Some(cursor) = next {
                let answer = service.get(&format!("{url}&cursor={cursor}"));
                assert_eq!(answer.status, 200);
                document.assert_conforms(path, "get", &answer);
            }
        }
        if path.starts_with("/api") {
            let far = [("vitrine-min-position", "catalog.price:0:999999")];
            let answer = service.send("GET", urls[0], &far, b"");
            assert_eq!(answer.status, 412);
            document.assert_conforms(path, "get", &answer);
        }
        seen.insert((path.to_owned(), 0));
    }
    let all: BTreeSet<&String> = document.0["paths"].as_object().unwrap().keys().collect();
    let apart = ["/api/v1/events", WARM, REBUILD];
    let asked: BTreeSet<&String> = seen.iter().map(|(path, _)| path).collect();
    let asked: BTreeSet<&String> = asked
        .into_iter()
        .chain(all.iter().copied().filter(|path| apart.contains(&path.as_str())))
        .collect();
    assert_eq!(asked, all, "every path was asked for");
    assert!(seen.iter().any(|(_, status)| *status == 401) && seen.iter().any(|(_, s)| *s == 404));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_events_conform_to_their_schemas() {
    let service = Running::start(Some(TOKEN), "").await;
    let document = Document::of(&service);
    let good = product("p", json!({}));
    let bad = price("x", "p", json!({"amount": -1}));
    let cases = [
        ("application/cloudevents+json", good.to_string(), 202),
        ("application/cloudevents+json", bad.to_string(), 400),
        ("application/cloudevents+json", event("other.v1", json!({})).to_string(), 202),
        ("application/cloudevents-batch+json", json!([good, bad, good]).to_string(), 202),
        ("application/cloudevents-batch+json", "{".to_owned(), 400),
        ("application/x-ndjson", format!("{bad}\n{good}\n"), 202),
        ("text/plain", good.to_string(), 415),
        ("application/x-ndjson", " ".repeat(3 << 20), 413),
    ];
    for (media_type, body, status) in cases {
        let answer = service.post(media_type, body.as_bytes());
        assert_eq!(answer.status, status, "{}", answer.text());
        document.assert_conforms("/api/v1/events", "post", &answer);
        let taken = &document.0["paths"]["/api/v1/events"]["post"]["requestBody"]["content"];
        assert_eq!(taken.get(media_type).is_some(), status != 415, "{media_type}");
    }
    let answer = service.send("POST", "/api/v1/events", &[], b"");
    assert_eq!(answer.status, 401);
    document.assert_conforms("/api/v1/events", "post", &answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_about_the_cache_conform_to_their_schemas() {
    let service = Running::start(Some(TOKEN), "").await;
    let document = Document::of(&service);
    service.publish(&[product("p", json!({})), price("x", "p", json!({}))]);
    let authorization = service.authorization();
    let json = ("content-type", "application/json");
    let headers = [("authorization", authorization.as_str()), json];
    // As a web page of another site could have a browser send it.
    let answer = service.send("POST", WARM, &headers[..1], b"");
    assert_eq!(answer.status, 415, "{}", answer.text());
    document.assert_conforms(WARM, "post", &answer);
    for (method, status) in [("GET", 200), ("POST", 202), ("POST", 202), ("GET", 200)] {
        let answer = service.send(method, WARM, &headers, b"");
        assert_eq!(answer.status, status, "{}", answer.text());
        document.assert_conforms(WARM, &method.to_lowercase(), &answer);
        let answer = service.send(method, WARM, &[], b"");
        assert_eq!(answer.status, 401);
        document.assert_conforms(WARM, &method.to_lowercase(), &answer);
        let answer = service.send(method, &format!("{WARM}?x=1"), &headers, b"");
        assert_eq!(answer.status, 400);
        document.assert_conforms(WARM, &method.to_lowercase(), &answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilds_conform() {
    let service = Running::start(Some(TOKEN), "").await;
    let document = Document::of(&service);
    let authorization = format!("Bearer {TOKEN}");
    let json = ("content-type", "application/json; charset=utf-8");
    let headers = [("authorization", authorization.as_str()), json];
    let send = |method: &str, headers: &[(&str, &str)], body: &[u8], status: u16| {
        let answer = service.send(method, REBUILD, headers, body);
        assert_eq!(answer.status, status, "{}", answer.text());
        document.assert_conforms(REBUILD, &method.to_lowercase(), &answer);
        answer.text()
    };
    for media_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let said = media_type.map(|media_type| ("content-type", media_type));
        let headers: Vec<_> = headers[..1].iter().copied().chain(said).collect();
        send("POST", &headers, b"{}", 415);
    }
    for method in ["GET", "POST"] {
        send(method, &[], b"", 401);
    }
    send("POST", &headers, b"{\"promoted\": true}", 400);
    assert!(send("GET", &headers, b"", 200).contains("\"state\":\"idle\""));
    send("POST", &headers, b"{\"promote\": true}", 202);
    send("POST", &headers, b"", 409);
    while send("GET", &headers, b"", 200).contains("\"state\":\"running\"") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(send("GET", &headers, b"", 200).contains("\"error\":null"));
}

/// What the service takes its schemas take, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_taken_as_their_schema_says() {
    let service = Running::start(None, "").await;
    let document = Document::of(&service);
    let schema = document.validator(&json!({"$ref": "#/components/schemas/CloudEvent"}));
    let with = |mut event: Value, name: &str, value: Value| {
        event[name] = value;
        event
    };
    let known = || product("p", json!({}));
    let other = || json!({"specversion": "1.0", "id": "1", "source": "not a URI", "type": "other"});
    for (event, taken) in [
        (known(), true),
        (with(known(), "subject", json!(5)), true),
        (with(known(), "traceparent", json!({})), true),
        (with(known(), "source", json!("not a URI")), true),
        (
            with(known(), "datacontenttype", json!("application/vnd.shop+JSON ; charset=utf-8")),
            true,
        ),
        (with(known(), "datacontenttype", Value::Null), true),
        (with(known(), "datacontenttype", json!("text/xml")), false),
        (with(known(), "time", json!(5)), false),
        (with(known(), "time", Value::Null), false),
        (product("p", json!({"name": {"en": "P", "de": null}})), true),
        (product("p", json!({"name": {"de": null}})), false),
        (product("p", json!({"description": {"": null}})), false),
        // Nothing else is read of a type that is not known.
        (other(), true),
        (with(other(), "time", json!(5)), true),
        (with(other(), "datacontenttype", json!([])), true),
        (with(other(), "type", json!("")), false),
        (with(other(), "id", Value::Null), false),
    ] {
        let answer = service.post("application/cloudevents+json", event.to_string().as_bytes());
        assert_eq!(answer.status, if taken { 202 } else { 400 }, "{event}: {}", answer.text());
        assert_eq!(schema.is_valid(&event), taken, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_taken_as_their_schemas_say() {
    let service = Running::start(None, "").await;
    let document = Document::of(&service);
    let schema = |pointer: &str| document.validator(document.0.pointer(pointer).unwrap());
    let locale = schema("/components/parameters/Locale/schema");
    for (length, taken) in [(0, false), (1, true), (64, true), (65, false)] {
        // Counted in characters.
        let text = "한".repeat(length);
        let encoded = "%ED%95%9C".repeat(length);
        let answer = service.get(&format!("/api/v1/home?locale={encoded}"));
        assert_eq!(answer.status == 200, taken, "{length}");
        assert_eq!(locale.is_valid(&json!(text)), taken, "{length}");
    }
    // A comma separates.
    let ids = schema("/components/parameters/Ids/schema");
    assert!(ids.is_valid(&json!(["a", "b"])) && !ids.is_valid(&json!(["a,b"])));
    let rules = schema("/components/schemas/RebuildWish/properties/allow");
    for rule in [
        "product.price.*",
        "**",
        "*",
        "*.x",
        "listing[][].y[].**",
        "counts.products",
        "",
        "x",
        "product.",
        "product..price",
        "product.pri*ce",
        "product.[]",
        "product.a[b",
        "[]",
        "products",
        "***",
    ] {
        let taken = rule.parse::<Allow>().is_ok();
        assert_eq!(rules.is_valid(&json!([rule])), taken, "{rule}");
    }
    for kind in KINDS {
        assert!(rules.is_valid(&json!([kind])), "{kind}");
    }
}

/// The document's own examples are what clients read first.
#[tokio::test(flavor = "multi_thread")]
async fn the_examples_conform_to_their_schemas() {
    let service = Running::start(None, "").await;
    let document = Document::of(&service);
    let mut checked = 0;
    check_examples(&document, &document.0, &mut checked);
    assert!(checked > 40, "{checked}");
    // And the events among them are taken.
    let body = &document.0["paths"]["/api/v1/events"]["post"]["requestBody"]["content"];
    let examples = body["application/cloudevents+json"]["examples"].as_object().unwrap();
    for (name, example) in examples {
        let value = &document.resolved(example)["value"];
        let answer = service.post("application/cloudevents+json", value.to_string().as_bytes());
        assert_eq!(answer.status, 202, "{name}: {}", answer.text());
    }
}

/// Checks every `example` and `examples` that stand beside a `schema`.
fn check_examples(document: &Document, value: &Value, checked: &mut usize) {
    if let Some(schema) = value.get("schema").filter(|s| s.is_object()) {
        let named = value.get("examples").and_then(Value::as_object).into_iter().flatten();
        let named = named.map(|(_, example)| &document.resolved(example)["value"]);
        for example in named.chain(value.get("example")) {
            document.assert_valid(schema, example, "an example");
            *checked += 1;
        }
    }
    match value {
        Value::Object(members) => {
            members.values().for_each(|member| check_examples(document, member, checked));
        }
        Value::Array(items) => items.iter().for_each(|i| check_examples(document, i, checked)),
        _ => {}
    }
}
