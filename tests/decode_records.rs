//! Messages of Kafka, in every mode.

// The lints know tests, but not the helpers beside them.
use std::borrow::Cow;

use bytes::Bytes;
use projections::event::{EntityKey, Event, Kind};
use projections::instant::Instant;
use proptest::prelude::*;
use serde_json::{Value, json};
use vitrine::decode::{Decoded, MAX_EVENT_BYTES, Subject, record, subject_of_record};
use vitrine::log::record::Record;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OTHER_TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01";
const TIME: &str = "2026-01-31T08:00:00Z";

fn data() -> Value {
    json!({"sku": "s1", "product_id": "p1", "version": 7, "available": 3})
}

fn event() -> Value {
    json!({
        "specversion": "1.0", "id": "e1", "source": "/stock", "type": "com.shop.stock.set.v1",
        "time": TIME, "data": data(),
    })
}

fn message(headers: &[(&str, &str)], value: impl Into<Bytes>) -> Record {
    let headers =
        headers.iter().map(|(n, v)| ((*n).to_owned().into(), Bytes::from((*v).to_owned())));
    Record {
        key: Some("p1".into()),
        headers: headers.collect(),
        value: Some(value.into()),
        timestamp: Instant::parse("2026-02-01T00:00:00Z"),
    }
}

fn read(message: &Record) -> Event {
    match record(Kind::Stock, message) {
        Ok(Decoded::Event { kind: Kind::Stock, event, .. }) => event,
        other => panic!("{message:?}: {other:?}"),
    }
}

fn code(message: &Record) -> String {
    match record(Kind::Stock, message) {
        Ok(Decoded::Event { .. }) => "ok".to_owned(),
        Ok(Decoded::Tombstone { .. }) => "tombstone".to_owned(),
        Ok(Decoded::UnknownType { .. }) => "unknown".to_owned(),
        Err(rejection) => rejection.code,
    }
}

/// The event that all of these mean.
fn expected() -> Event {
    read(&message(&[], event().to_string()))
}

/// `headers`, and more of them or others in their place.
fn with<'a>(
    headers: &[(&'a str, &'a str)],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = headers.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more).copied().collect()
}

fn without<'a>(headers: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    headers.iter().filter(|(other, _)| *other != name).copied().collect()
}

const BINARY: [(&str, &str); 6] = [
    ("ce_specversion", "1.0"),
    ("ce_id", "e1"),
    ("ce_source", "/stock"),
    ("ce_type", "com.shop.stock.set.v1"),
    ("ce_time", TIME),
    ("content-type", "application/json"),
];

const OUTBOX: [(&str, &str); 3] =
    [("id", "4d47e190-0402"), ("eventType", "com.shop.stock.set.v1"), ("time", TIME)];

fn subject(version: u64) -> Option<Subject> {
    Some(Subject { kind: Kind::Stock, key: "s1@default".to_owned(), version: Some(version) })
}

#[test]
fn every_mode_reads_the_same_event() {
    let (whole, data) = (event().to_string(), data().to_string());
    let content_type = |value| vec![("content-type", value)];
    let structured = [
        vec![],
        content_type("application/cloudevents+json"),
        content_type("Application/CloudEvents+JSON; charset=utf-8"),
        vec![("Content-Type", "application/cloudevents+json ;charset=utf-8")],
        vec![("unrelated", "x"), ("id", "1")],
        // The content type decides.
        with(&BINARY, &[("content-type", "application/cloudevents+json"), ("ce_type", "x")]),
        OUTBOX.into(),
    ];
    for headers in structured {
        assert_eq!(read(&message(&headers, whole.clone())), expected(), "{headers:?}");
    }
    let upper: Vec<(String, &str)> = BINARY.iter().map(|(n, v)| (n.to_uppercase(), *v)).collect();
    let upper: Vec<(&str, &str)> = upper.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    let twice = [&[("ce_id", ""), ("ce_type", "stock.gone.v9")], &BINARY[..]].concat();
    for headers in [BINARY.into(), upper, twice, without(&BINARY, "content-type")] {
        assert_eq!(read(&message(&headers, data.clone())), expected(), "{headers:?}");
    }
}

#[test]
fn a_message_without_a_value_is_a_tombstone() {
    let tombstone = |kind, key: Option<&[u8]>| {
        let key = key.map(Bytes::copy_from_slice);
        // What other headers say does not matter.
        let record_ = Record { key, value: None, ..message(&OUTBOX, "") };
        let decoded = record(kind, &record_);
        let subject = subject_of_record(kind, &record_);
        if let Ok(Decoded::Tombstone { key }) = &decoded {
            let expected = Subject { kind, key: key.to_string(), version: None };
            assert_eq!((key.kind(), subject), (kind, Some(expected)));
        } else {
            assert_eq!(subject, None);
        }
        decoded
    };
    let id = || "mug".to_owned();
    for (kind, key) in [
        (Kind::Product, EntityKey::Product(id())),
        (Kind::Price, EntityKey::Price(id())),
        (Kind::Discount, EntityKey::Discount(id())),
        (Kind::Review, EntityKey::Review(id())),
    ] {
        assert_eq!(tombstone(kind, Some(b"mug")), Ok(Decoded::Tombstone { key }));
    }
    let key = EntityKey::Stock { sku: "a@b".to_owned(), location: "c".to_owned() };
    assert_eq!(tombstone(Kind::Stock, Some(b"a@b@c")), Ok(Decoded::Tombstone { key }));
    let long = "x".repeat(129);
    for (kind, key, code) in [
        (Kind::Product, None, "key.missing"),
        (Kind::Product, Some(&b""[..]), "key.missing"),
        (Kind::Product, Some(b"a b"), "key.invalid"),
        (Kind::Price, Some(b"\xff"), "key.invalid"),
        (Kind::Review, Some(b".."), "key.invalid"),
        (Kind::Discount, Some(long.as_bytes()), "key.invalid"),
        (Kind::Stock, Some(b"mug"), "key.invalid"),
        (Kind::Stock, Some(b"@berlin"), "key.invalid"),
        (Kind::Stock, Some(b"mug@"), "key.invalid"),
    ] {
        assert_eq!(tombstone(kind, key).unwrap_err().code, code, "{kind:?} {key:?}");
    }
    // An empty value is none.
    assert_eq!(code(&message(&[], "")), "event.not_json");
}

#[test]
fn tombstones_by_json_converter_are_understood() {
    let schema = json!({"type": "string", "optional": true});
    let wrapped = |payload: Value| json!({"schema": schema, "payload": payload}).to_string();
    let keys = ["p-0".to_owned(), json!("p-0").to_string(), wrapped(json!("p-0"))];
    for value in [None, Some("null".to_owned()), Some(wrapped(Value::Null))] {
        for key in &keys {
            let tombstone = Record {
                key: Some(key.clone().into()),
                value: value.clone().map(Bytes::from),
                ..message(&[], "")
            };
            let expected = Decoded::Tombstone { key: EntityKey::Price("p-0".to_owned()) };
            assert_eq!(record(Kind::Price, &tombstone), Ok(expected), "{tombstone:?}");
            let subject = subject_of_record(Kind::Price, &tombstone).unwrap();
            assert_eq!((subject.key.as_str(), subject.version), ("p-0", None));
        }
    }
    for (key, code) in [
        (wrapped(Value::Null), "key.missing"),
        ("null".to_owned(), "key.missing"),
        (wrapped(json!({"id": "p-0", "no": "id"})).replace(',', ", "), "key.invalid"),
        (wrapped(json!("p 0")), "key.invalid"),
    ] {
        let tombstone = Record { key: Some(key.into()), value: None, ..message(&[], "") };
        assert_eq!(record(Kind::Price, &tombstone).unwrap_err().code, code, "{tombstone:?}");
    }
    // A null of which a header says that it is an event's payload is none.
    let binary = [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/s")];
    assert_eq!(code(&message(&binary, "null")), "type.missing");
    let nobody = Record { key: None, ..message(&[], "null") };
    assert_eq!(code(&nobody), "event.not_an_object");
}

#[test]
fn binary_mode_says_what_is_wrong() {
    let with = |name, value| code(&message(&with(&BINARY, &[(name, value)]), data().to_string()));
    let without = |name| code(&message(&without(&BINARY, name), data().to_string()));
    for (name, attribute) in [
        ("ce_specversion", "specversion"),
        ("ce_id", "id"),
        ("ce_source", "source"),
        ("ce_type", "type"),
        ("ce_time", "time"),
    ] {
        assert_eq!(without(name), format!("{attribute}.missing"));
        let mut broken = message(&BINARY, data().to_string());
        for (header, value) in &mut broken.headers {
            if header == name {
                *value = Bytes::from_static(b"\xff");
            }
        }
        assert_eq!(code(&broken), format!("{attribute}.invalid"));
    }
    assert_eq!(with("ce_specversion", "0.3"), "specversion.unsupported");
    assert_eq!(with("ce_id", ""), "id.empty");
    assert_eq!(with("ce_id", "a\0"), "id.nul");
    assert_eq!(with("ce_time", "now"), "time.invalid");
    assert_eq!(with("ce_type", "stock.gone.v1"), "unknown");
    assert_eq!(with("content-type", "text/xml"), "datacontenttype.unsupported");
    assert_eq!(code(&message(&BINARY, "")), "data.missing");
    assert_eq!(code(&message(&BINARY, "{")), "data.not_json");
    let bad = message(&BINARY, json!({"sku": "s1", "version": 9}).to_string());
    assert_eq!(
        (code(&bad), subject_of_record(Kind::Stock, &bad)),
        ("data.product_id.missing".into(), subject(9))
    );
}

#[test]
fn other_formats_and_batches_are_refused() {
    for content_type in [
        "application/cloudevents-batch+json",
        "Application/CloudEvents-Batch+JSON; charset=utf-8",
        "application/cloudevents+avro",
        "application/cloudevents",
    ] {
        for value in [format!("[{}]", event()), event().to_string()] {
            let message = message(&[("content-type", content_type)], value);
            assert_eq!(code(&message), "event.unsupported", "{content_type}");
            assert_eq!(subject_of_record(Kind::Stock, &message), None);
        }
    }
}

#[test]
fn the_messages_own_trace_goes_first() {
    let mut traced = event();
    traced["traceparent"] = json!(TRACE);
    let trace =
        |headers: &[(&str, &str)], value: String| read(&message(headers, value)).traceparent;
    let own = [("traceparent", OTHER_TRACE)];
    let bad = [("traceparent", "00-x")];
    assert_eq!(trace(&own, traced.to_string()).as_deref(), Some(OTHER_TRACE));
    assert_eq!(trace(&bad, traced.to_string()).as_deref(), Some(TRACE));
    assert_eq!(trace(&own, event().to_string()).as_deref(), Some(OTHER_TRACE));
    let binary = with(&BINARY, &[("ce_traceparent", TRACE)]);
    let data = data().to_string();
    assert_eq!(trace(&binary, data.clone()).as_deref(), Some(TRACE));
    assert_eq!(trace(&with(&binary, &bad), data.clone()).as_deref(), Some(TRACE));
    assert_eq!(trace(&with(&binary, &own), data.clone()).as_deref(), Some(OTHER_TRACE));
    assert_eq!(trace(&with(&OUTBOX, &own), data).as_deref(), Some(OTHER_TRACE));
}

/// All that converters make of a payload.
fn converted(payload: &Value) -> [String; 5] {
    let text = payload.to_string();
    let schema = json!({"type": "string", "optional": true});
    [
        text.clone(),
        json!(text).to_string(),
        json!({"schema": schema, "payload": text}).to_string(),
        json!({"schema": {"type": "struct"}, "payload": payload}).to_string(),
        format!(" {} ", json!({"payload": payload, "schema": null})),
    ]
}

#[test]
fn an_outbox_needs_no_code() {
    for value in converted(&data()) {
        assert_eq!(read(&message(&OUTBOX, value.clone())), expected(), "{value}");
        for name in ["type", "event_type", "EVENTTYPE"] {
            let headers = with(&without(&OUTBOX, "eventType"), &[(name, "stock.set.v1")]);
            assert_eq!(read(&message(&headers, value.clone())), expected(), "{name}");
        }
        for name in ["occurredAt", "occurred_at"] {
            let headers = with(&without(&OUTBOX, "time"), &[(name, TIME)]);
            assert_eq!(read(&message(&headers, value.clone())), expected(), "{name}");
        }
    }
    for value in converted(&event()) {
        for headers in [&OUTBOX[..], &OUTBOX[..1], &[]] {
            assert_eq!(read(&message(headers, value.clone())), expected(), "{headers:?} {value}");
        }
    }
    // Headers as JsonConverter writes them, with schemas and without.
    let quoted: Vec<(&str, String)> =
        OUTBOX.iter().map(|(n, v)| (*n, json!(v).to_string())).collect();
    let schema = json!({"type": "string", "optional": false});
    let wrapped = OUTBOX.map(|(n, v)| (n, json!({"schema": schema, "payload": v}).to_string()));
    for headers in [quoted, wrapped.into()] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(read(&message(&headers, data().to_string())), expected(), "{headers:?}");
    }
    // Without a column for it, the time is the message's own.
    let event = read(&message(&without(&OUTBOX, "time"), data().to_string()));
    assert_eq!(event.time, Instant::parse("2026-02-01T00:00:00Z").unwrap());
}

#[test]
fn an_outbox_says_what_is_wrong() {
    let of = |headers: &[(&str, &str)], value: &Value| code(&message(headers, value.to_string()));
    assert_eq!(of(&without(&OUTBOX, "id"), &data()), "id.missing");
    assert_eq!(of(&with(&OUTBOX, &[("eventType", "OrderCreated")]), &data()), "unknown");
    assert_eq!(of(&with(&OUTBOX, &[("eventType", "")]), &data()), "type.empty");
    assert_eq!(of(&with(&OUTBOX, &[("time", "1769846400250000")]), &data()), "time.invalid");
    assert_eq!(of(&with(&OUTBOX, &[("source", "")]), &data()), "source.empty");
    let untimed = message(&without(&OUTBOX, "time"), data().to_string());
    assert_eq!(code(&Record { timestamp: None, ..untimed }), "time.missing");
    assert_eq!(code(&message(&OUTBOX, "")), "data.missing");
    assert_eq!(code(&message(&OUTBOX, "Struct{sku=s1}")), "data.not_json");
    for (value, expected) in [
        (Value::Null, "data.missing"),
        (json!([]), "data.wrong_type"),
        (json!("x"), "data.not_json"),
        (json!({"schema": {"type": "string"}, "payload": null}), "data.missing"),
        (json!({"schema": {}, "payload": {}, "more": 1}), "data.sku.missing"),
        (json!({"before": null, "after": data()}), "data.sku.missing"),
    ] {
        assert_eq!(of(&OUTBOX, &value), expected, "{value}");
    }
    let mut broken = message(&OUTBOX, data().to_string());
    broken.headers[1].1 = Bytes::from_static(b"\xff");
    assert_eq!(code(&broken), "type.invalid");
    for payload in [json!({"sku": "s1", "version": 9}), {
        let mut event = event();
        event["data"] = json!({"sku": "s1", "version": 9});
        event
    }] {
        for value in converted(&payload) {
            let message = message(&OUTBOX, value);
            assert_eq!(code(&message), "data.product_id.missing");
            assert_eq!(subject_of_record(Kind::Stock, &message), subject(9));
        }
    }
}

#[test]
fn what_no_header_explains_says_what_is_missing() {
    for headers in [&[][..], &[("id", "1")], &[("content-type", "application/json")]] {
        for value in
            [data(), json!({"schema": null, "payload": data()}), json!({"specversion": null})]
        {
            let rejection = record(Kind::Stock, &message(headers, value.to_string())).unwrap_err();
            assert_eq!(rejection.code, "specversion.missing");
            for told in ["structured mode", "`ce_specversion`", "`eventType`"] {
                assert!(rejection.detail.contains(told), "{rejection}");
            }
        }
        assert_eq!(code(&message(headers, "[]")), "event.not_an_object");
        assert_eq!(code(&message(headers, "\"x\"")), "event.not_an_object");
        assert_eq!(code(&message(headers, "what")), "event.not_json");
        let mut bad = event();
        bad["time"] = json!("now");
        for value in converted(&bad) {
            let message = message(headers, value);
            assert_eq!(code(&message), "time.invalid");
            assert_eq!(subject_of_record(Kind::Stock, &message), subject(7));
        }
    }
}

#[test]
fn a_message_has_at_most_a_mebibyte_in_every_mode() {
    for (headers, value) in
        [(&[][..], event()), (&BINARY, data()), (&OUTBOX, data()), (&OUTBOX[..1], event())]
    {
        let mut value = value.to_string();
        value.push_str(&" ".repeat(MAX_EVENT_BYTES - value.len()));
        assert_eq!(code(&message(headers, value.clone())), "ok", "{headers:?}");
        value.push(' ');
        assert_eq!(code(&message(headers, value)), "event.too_large", "{headers:?}");
    }
}

fn any_headers() -> impl Strategy<Value = Vec<(Cow<'static, str>, Bytes)>> {
    let names = [
        "content-type",
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_time",
        "ce_source",
        "eventType",
        "id",
        "time",
        "traceparent",
        "é",
    ];
    let name = prop_oneof![
        prop::sample::select(names.to_vec()).prop_map(Cow::Borrowed),
        any::<String>().prop_map(Cow::Owned),
    ];
    let value = prop_oneof![
        prop::sample::select(vec![
            "1.0",
            "stock.set.v1",
            TIME,
            "\"",
            "{",
            "application/cloudevents"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        any::<Vec<u8>>(),
    ];
    prop::collection::vec((name, value.prop_map(Bytes::from)), 0..8)
}

proptest! {
    #[test]
    fn random_messages_never_panic(
        headers in any_headers(),
        key: Option<Vec<u8>>,
        value in prop::option::of(prop_oneof![
            any::<Vec<u8>>(),
            prop::sample::select(converted(&data()).to_vec()).prop_map(String::into_bytes),
            prop::sample::select(converted(&event()).to_vec()).prop_map(String::into_bytes),
        ]),
        kind in prop::sample::select(&Kind::ALL[..]),
    ) {
        let message =
            Record { key: key.map(Bytes::from), headers, value: value.map(Bytes::from), timestamp: None };
        if let Err(rejection) = record(kind, &message) {
            prop_assert!(rejection.code.contains('.') && rejection.detail.len() < 4096);
        }
        let _ = subject_of_record(kind, &message);
    }
}
