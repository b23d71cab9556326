//! Events that cannot be used, alone and among others, and bodies that are none.

use serde_json::{Value, json};

use super::{assert_nothing_of_the_inside, assert_problem};
use crate::service::{Running, event, price, product, review};

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";
const LINES: &str = "application/x-ndjson";

fn long(chars: usize) -> String {
    "x".repeat(chars)
}

fn without(mut event: Value, member: &str) -> Value {
    event.as_object_mut().unwrap().remove(member).unwrap();
    event
}

fn with(mut event: Value, member: &str, value: Value) -> Value {
    event[member] = value;
    event
}

fn stock(with: Value) -> Value {
    let mut data = json!({"sku": "s", "product_id": "p", "version": 1, "available": 1});
    data.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    event("stock.set.v1", data)
}

fn discount(with: Value) -> Value {
    let mut data = json!({"discount_id": "d", "version": 1, "name": "D", "kind": "percentage",
                          "value": 1000, "scope": {"all": true}});
    data.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    event("discount.upserted.v1", data)
}

/// Events that are refused, each with its code.
fn refused() -> Vec<(Value, &'static str)> {
    let good = || product("p", json!({}));
    let product = |with| product("p", with);
    let price = |with| price("x", "p", with);
    let review = |with| review("r", "p", with);
    let category = |path: Value| json!({"categories": [{"id": "c", "name": "C", "path": path}]});
    vec![
        (json!([]), "event.not_an_object"),
        (json!("event"), "event.not_an_object"),
        (json!(null), "event.not_an_object"),
        (json!({}), "specversion.missing"),
        (without(good(), "specversion"), "specversion.missing"),
        (with(good(), "specversion", json!("0.3")), "specversion.unsupported"),
        (with(good(), "specversion", json!(1.0)), "specversion.wrong_type"),
        (without(good(), "id"), "id.missing"),
        (with(good(), "id", json!("")), "id.empty"),
        (without(good(), "source"), "source.missing"),
        (with(good(), "type", json!(5)), "type.wrong_type"),
        (without(good(), "type"), "type.missing"),
        (without(good(), "time"), "time.missing"),
        (with(good(), "time", json!("yesterday")), "time.invalid"),
        (with(good(), "time", json!(1)), "time.wrong_type"),
        (with(good(), "datacontenttype", json!("text/xml")), "datacontenttype.unsupported"),
        (without(good(), "data"), "data.missing"),
        (with(good(), "data", json!([])), "data.wrong_type"),
        (with(good(), "data", json!("{}")), "data.wrong_type"),
        (with(good(), "extra", json!("a\u{0}b")), "event.nul"),
        (
            event("product.upserted.v1", json!({"version": 1, "name": "x"})),
            "data.product_id.missing",
        ),
        (product(json!({"product_id": ""})), "data.product_id.empty"),
        (product(json!({"product_id": "a b"})), "data.product_id.invalid"),
        (product(json!({"product_id": ".."})), "data.product_id.invalid"),
        (product(json!({"product_id": long(129)})), "data.product_id.too_long"),
        (product(json!({"product_id": "한".repeat(43)})), "data.product_id.too_long"),
        (product(json!({"product_id": 5})), "data.product_id.wrong_type"),
        (product(json!({"version": 0})), "data.version.out_of_range"),
        (product(json!({"version": -1})), "data.version.out_of_range"),
        (product(json!({"version": 9_007_199_254_740_992u64})), "data.version.out_of_range"),
        (product(json!({"version": 1.5})), "data.version.wrong_type"),
        (product(json!({"version": "1"})), "data.version.wrong_type"),
        (product(json!({"version": null})), "data.version.missing"),
        (product(json!({"name": ""})), "data.name.empty"),
        (product(json!({"name": {}})), "data.name.empty"),
        (product(json!({"name": {"en": 5}})), "data.name.wrong_type"),
        (product(json!({"name": long(501)})), "data.name.too_long"),
        (product(json!({"name": {"en": long(501)}})), "data.name.too_long"),
        (product(json!({"name": "a\u{0}b"})), "data.name.nul"),
        (product(json!({"description": long(65_537)})), "data.description.too_long"),
        (product(json!({"status": "draft"})), "data.status.not_allowed"),
        (product(json!({"brand": {"id": "b"}})), "data.brand.name.missing"),
        (product(category(json!(["root"]))), "data.categories.path.invalid"),
        (product(category(json!([]))), "data.categories.path.invalid"),
        (product(category(json!(vec!["c"; 21]))), "data.categories.path.too_many"),
        (product(json!({"tags": "red"})), "data.tags.wrong_type"),
        (product(json!({"attributes": {"a": []}})), "data.attributes.wrong_type"),
        (product(json!({"images": [{}]})), "data.images.url.missing"),
        (product(json!({"released_at": "soon"})), "data.released_at.invalid"),
        (product(json!({"variants": [{"sku": "a"}, {"sku": "a"}]})), "data.variants.sku.duplicate"),
        (product(json!({"variants": vec![json!({"sku": "a"}); 201]})), "data.variants.too_many"),
        (price(json!({"amount": -1})), "data.amount.negative"),
        (price(json!({"amount": 1_000_000_000_001u64})), "data.amount.out_of_range"),
        (price(json!({"amount": 9.99})), "data.amount.wrong_type"),
        (price(json!({"amount": "9.99"})), "data.amount.wrong_type"),
        (price(json!({"currency": "usd"})), "data.currency.invalid"),
        (price(json!({"currency": "US"})), "data.currency.invalid"),
        (price(json!({"valid_from": "2026-01-01"})), "data.valid_from.invalid"),
        (stock(json!({"available": -1})), "data.available.negative"),
        (stock(json!({"available": null})), "data.available.missing"),
        (stock(json!({"location": "a b"})), "data.location.invalid"),
        (discount(json!({"value": 10_001})), "data.value.out_of_range"),
        (discount(json!({"value": 0})), "data.value.out_of_range"),
        (discount(json!({"kind": "gift"})), "data.kind.not_allowed"),
        (discount(json!({"kind": "amount"})), "data.currency.missing"),
        (discount(json!({"scope": null})), "data.scope.missing"),
        (discount(json!({"scope": {"all": 1}})), "data.scope.all.wrong_type"),
        (discount(json!({"priority": 1.5})), "data.priority.wrong_type"),
        (review(json!({"rating": 6})), "data.rating.out_of_range"),
        (review(json!({"rating": 0})), "data.rating.out_of_range"),
        (review(json!({"rating": 4.5})), "data.rating.wrong_type"),
        (review(json!({"body": long(65_537)})), "data.body.too_long"),
        (
            event("price.removed.v1", json!({"price_id": "x", "version": 1})),
            "data.product_id.missing",
        ),
    ]
}

/// Bytes that are no event, each with its code.
fn no_events() -> Vec<(Vec<u8>, &'static str)> {
    let good = product("p", json!({})).to_string();
    let large = product("p", json!({"tags": [long(1_048_576)]})).to_string();
    vec![
        (b"".to_vec(), "event.not_json"),
        (b"{".to_vec(), "event.not_json"),
        (b"product".to_vec(), "event.not_json"),
        (good.as_bytes()[..good.len() - 1].to_vec(), "event.not_json"),
        (format!("{good}{good}").into_bytes(), "event.not_json"),
        (format!("{good}x").into_bytes(), "event.not_json"),
        (b"\xff\xfe{}".to_vec(), "event.not_json"),
        (good.replace("\"name\":\"p\"", "\"name\":\"\u{1}\"").into_bytes(), "event.not_json"),
        (good.replacen('{', "{\"id\":\"2\",", 1).into_bytes(), "id.duplicate"),
        (
            good.replace("\"version\":1", "\"version\":1,\"version\":2").into_bytes(),
            "data.version.duplicate",
        ),
        (large.into_bytes(), "event.too_large"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_bad_event_is_a_problem_that_names_its_field() {
    let service = Running::start(None, "").await;
    for (event, code) in refused() {
        let answer = service.post(ONE, event.to_string().as_bytes());
        assert_problem(&answer, 400, code, None);
        let (field, _) = code.rsplit_once('.').unwrap();
        let last = match field.rsplit('.').next().unwrap() {
            "event" if code == "event.nul" => "extra",
            last => last,
        };
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(last) && detail.len() < 1200, "{code}: {detail}");
    }
    for (bytes, code) in no_events() {
        assert_problem(&service.post(ONE, &bytes), 400, code, None);
    }
    assert_problem(&service.get("/api/v1/products/p"), 404, "unknown_product", None);
    // None of them came into the log: the first that is good is its first.
    let answer = service.post(ONE, product("p", json!({})).to_string().as_bytes());
    assert_eq!(answer.json()["position"], "catalog.product:0:1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_odd_and_good_is_taken() {
    let service = Running::start(None, "").await;
    for event in [
        event("order.placed.v1", json!(null)),
        event("product.upserted.v2", json!({})),
        json!({"specversion": "1.0", "id": "1", "source": "s", "type": "anything"}),
    ] {
        let answer = service.post(ONE, event.to_string().as_bytes());
        let body = answer.json();
        assert_eq!((answer.status, &body["accepted"]), (202, &json!(1)), "{body}");
        assert_eq!((&body["rejected"], &body["position"]), (&json!([]), &Value::Null), "{body}");
        let warned = (&body["warnings"][0]["code"], &body["warnings_total"]);
        assert_eq!(warned, (&json!("type.unknown"), &json!(1)), "{body}");
    }
    let at_the_limits = [
        product(&long(128), json!({"name": long(500), "version": 9_007_199_254_740_991u64})),
        product(
            "p",
            json!({"name": "한".repeat(500), "description": long(65_536), "brand": null,
                            "unknown": {"a": [1]}, "tags": null, "released_at": null}),
        ),
        price(
            "x",
            "p",
            json!({"amount": 1_000_000_000_000u64, "valid_from": "2026-01-02T00:00:00Z",
                               "valid_until": "2026-01-01T00:00:00Z"}),
        ),
        price("zero", "p", json!({"amount": 0})),
        with(
            review("r", "p", json!({"body": long(65_536)})),
            "type",
            json!("com.shop.review.upserted.v1"),
        ),
        with(stock(json!({})), "time", json!("2026-01-01T00:00:00.123456789+14:00")),
        discount(json!({"scope": {}, "value": 10_000})),
    ];
    for event in &at_the_limits {
        let answer = service.post(ONE, event.to_string().as_bytes());
        assert_eq!((answer.status, &answer.json()["accepted"]), (202, &json!(1)));
    }
    service.publish(&at_the_limits);
    assert_eq!(service.page("/api/v1/products/p")["price"]["final"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_does_not_keep_the_others_out() {
    let service = Running::start(None, "").await;
    let bad = refused();
    // Good ones before, between and after the bad ones.
    let mut events = Vec::new();
    for (i, (event, _)) in bad.iter().enumerate() {
        events.extend([product(&format!("good-{i}"), json!({})), event.clone()]);
    }
    events.push(event("order.placed.v1", json!({})));
    events.push(product("last", json!({})));
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    // Blank lines do not count; a line may end as they do elsewhere.
    let lines = format!("\n{}\r\n \n", lines.join("\r\n\n"));
    for (media_type, body) in [
        (BATCH, json!(events).to_string()),
        (LINES, lines),
        ("APPLICATION/X-NDJSON;a=b", {
            let lines: Vec<String> = events.iter().map(Value::to_string).collect();
            lines.join("\n")
        }),
    ] {
        let answer = service.post(media_type, body.as_bytes());
        let body = answer.json();
        assert_eq!((answer.status, &body["accepted"]), (202, &json!(bad.len() + 2)), "{body}");
        let rejected = body["rejected"].as_array().unwrap();
        let found: Vec<(u64, &str)> = rejected
            .iter()
            .map(|r| (r["index"].as_u64().unwrap(), r["code"].as_str().unwrap()))
            .collect();
        let expected: Vec<(u64, &str)> =
            (0..).zip(&bad).map(|(i, (_, code))| (i * 2 + 1, *code)).collect();
        assert_eq!(found, expected);
        assert!(rejected.iter().all(|r| r["detail"].as_str().unwrap().len() > 5));
        assert_nothing_of_the_inside(&body);
        assert!(body["position"].as_str().unwrap().starts_with("catalog.product:0:"));
        service.reflects(body["position"].as_str().unwrap());
        let page = service.page("/api/v1/products?ids=good-0,good-7,last,p");
        assert_eq!(page["missing"], json!(["p"]), "{page}");
    }
    // Nothing but bad ones, and nothing at all.
    for (media_type, body) in [(BATCH, "[{},5]"), (LINES, "{}\nx\n")] {
        let answer = service.post(media_type, body.as_bytes());
        assert_problem(&answer, 400, "refused_events", None);
        let body = answer.json();
        assert_eq!(body["rejected"].as_array().unwrap().len(), 2, "{body}");
        assert_eq!(body["rejected_total"], 2, "{body}");
    }
    for (media_type, body) in [(BATCH, "[]"), (LINES, ""), (LINES, "\n \r\n")] {
        let answer = service.post(media_type, body.as_bytes());
        let expected = json!({
            "accepted": 0, "rejected": [], "rejected_total": 0, "warnings": [], "warnings_total": 0,
            "position": null,
        });
        assert_eq!((answer.status, answer.json()), (202, expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_their_types_are_checked() {
    let service = Running::start(None, "").await;
    let good = product("p", json!({})).to_string();
    for body in ["", "{}", "[", "[{}", "[1,]", "null", "{\"a\": []}", &good, "[]x"] {
        assert_problem(&service.post(BATCH, body.as_bytes()), 400, "invalid_body", None);
    }
    for media_type in [
        "",
        "text/plain",
        "application/xml",
        "application/jsonx",
        "application",
        "*/*",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ] {
        let answer = service.post(media_type, good.as_bytes());
        assert_problem(&answer, 415, "unsupported_media_type", None);
    }
    let answer = service.send("POST", "/api/v1/events", &[], good.as_bytes());
    assert_problem(&answer, 415, "unsupported_media_type", None);
    let gzip = [("content-type", ONE), ("content-encoding", "gzip")];
    let answer = service.send("POST", "/api/v1/events", &gzip, good.as_bytes());
    assert_problem(&answer, 415, "unsupported_media_type", None);
    let json_type = [("content-type", ONE)];
    let answer = service.send("POST", "/api/v1/events?dry_run=true", &json_type, good.as_bytes());
    assert_problem(&answer, 400, "unknown_parameter", Some("dry_run"));

    // Too large: said before, and found out on the way.
    let limit = 2 * 1024 * 1024;
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {LINES}\r\n"
    );
    let said = format!("{head}content-length: {}\r\n\r\n", limit + 1);
    assert_problem(&service.exchange(said.as_bytes()), 413, "body_too_large", None);
    let chunk = format!("{:x}\r\n{}\r\n", limit + 1, " ".repeat(limit + 1));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n");
    assert_problem(&service.exchange(chunked.as_bytes()), 413, "body_too_large", None);
    let chunk = format!("{:x}\r\n{}\r\n", limit, " ".repeat(limit));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n");
    assert_eq!(service.exchange(chunked.as_bytes()).status, 202, "as large as may be");
    // A parameter of the media type, and another case of it, change nothing.
    for media_type in ["application/json", "Application/CloudEvents+JSON; charset=utf-8"] {
        assert_eq!(service.post(media_type, good.as_bytes()).status, 202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_have_no_effect_is_warned_of() {
    let service = Running::start(None, "").await;
    let slip = product(
        "slip",
        json!({"category": [], "categories": [{"id": "c", "name": "C", "path": ["c"], "nam": "C"}], "attributes": {"any": 1},
               "name": {"en": "Slip"}, "variants": [{"sku": "s", "options": {"free": "1"}, "opt": 1}]}),
    );
    let events = [
        (
            slip,
            vec![
                "data.categories.unknown_member",
                "data.unknown_member",
                "data.variants.unknown_member",
            ],
        ),
        (price("p1", "slip", json!({"market": "nowhere"})), vec!["data.market.unknown"]),
        (price("p2", "slip", json!({"currency": "EUR"})), vec!["data.currency.mismatch"]),
        (discount(json!({"scope": {}})), vec!["data.scope.empty"]),
        (
            discount(json!({"market": "nowhere", "scope": {"all": true}})),
            vec!["data.market.unknown"],
        ),
        (
            discount(
                json!({"kind": "amount", "value": 5, "currency": "GBP", "scope": {"all": true}}),
            ),
            vec!["data.currency.mismatch"],
        ),
        (event("product.upserted.v9", json!({})), vec!["type.unknown"]),
        (price("good", "slip", json!({})), vec![]),
    ];
    let all: Vec<Value> = events.iter().map(|(event, _)| event.clone()).collect();
    let body = service.post(BATCH, json!(all).to_string().as_bytes()).json();
    assert_eq!(body["accepted"], events.len(), "{body}");
    let warned = body["warnings"].as_array().unwrap();
    let found: Vec<(u64, &str)> = warned
        .iter()
        .map(|w| (w["index"].as_u64().unwrap(), w["code"].as_str().unwrap()))
        .collect();
    let expected: Vec<(u64, &str)> = (0..)
        .zip(&events)
        .flat_map(|(index, (_, codes))| codes.iter().map(move |code| (index, *code)))
        .collect();
    assert_eq!(found, expected, "{body}");
    assert_eq!(body["warnings_total"], expected.len());
    let detail = |code: &str| {
        let of = warned.iter().find(|w| w["code"] == code).unwrap();
        of["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail("data.unknown_member").contains("`categories`"), "{body}");
    assert!(detail("data.categories.unknown_member").contains("data.categories[0].nam"), "{body}");
    assert!(detail("type.unknown").contains("product.upserted.v1"), "{body}");
    // A member that another type has is not meant.
    let removed = event(
        "price.removed.v1",
        json!({"price_id": "p1", "product_id": "slip", "version": 9, "amount": 5}),
    );
    let body = service.post(ONE, removed.to_string().as_bytes()).json();
    let said = body["warnings"][0]["detail"].as_str().unwrap();
    assert!(said.contains("`data.amount`") && said.ends_with("ignored"), "{body}");
    // One alone is warned of, too.
    let one = service.post(ONE, events[1].0.to_string().as_bytes()).json();
    assert_eq!(one["warnings"][0]["code"], "data.market.unknown", "{one}");
}

/// As many lines as a body takes, each of them wrong: the answer lists a thousand.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lists_a_thousand_of_what_is_wrong() {
    let service = Running::start(None, "").await;
    let lines = "a\n".repeat(1_000_000);
    let answer = service.post(LINES, lines.as_bytes());
    assert_problem(&answer, 400, "refused_events", None);
    let body = answer.json();
    assert_eq!(body["rejected"].as_array().unwrap().len(), 1_000);
    assert_eq!(body["rejected_total"], 1_000_000);
    assert!(answer.body.len() < 300_000, "{}", answer.body.len());
    let elements = format!("[{}1]", "1,".repeat(999_999));
    let body = service.post(BATCH, elements.as_bytes()).json();
    assert_eq!(body["rejected_total"], 1_000_000);
    // Warnings, too.
    let unknown = event("order.placed.v1", json!({})).to_string();
    let lines = format!("{unknown}\n").repeat(3_000);
    let body = service.post(LINES, lines.as_bytes()).json();
    assert_eq!((&body["accepted"], &body["warnings_total"]), (&json!(3_000), &json!(3_000)));
    assert_eq!(body["warnings"].as_array().unwrap().len(), 1_000);
}
