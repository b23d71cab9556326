//! The envelope of a CloudEvent, in both modes.

// The lints know tests, but not the helpers beside them.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use projections::event::{Change, EventType, Kind, Rejection};
use projections::instant::Instant;
use proptest::prelude::*;
use serde_json::{Value, json};
use vitrine::decode::{
    Attributes, Decoded, MAX_EVENT_BYTES, Subject, binary, envelope_kind, structured, subject_of,
    subject_of_data,
};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn good() -> Value {
    json!({
        "specversion": "1.0", "id": "e1", "source": "/stock", "type": "com.shop.stock.set.v1",
        "subject": "s1", "time": "2026-01-31T09:00:00.2509+01:00", "traceparent": TRACE,
        "datacontenttype": "application/json", "shop": {"any": ["thing"]},
        "data": {"sku": "s1", "product_id": "p1", "version": 7, "available": 3},
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut message = good();
    message[key] = value;
    message
}

fn without(key: &str) -> Value {
    let mut message = good();
    message.as_object_mut().unwrap().remove(key).unwrap();
    message
}

fn code_of(decoded: Result<Decoded, Rejection>) -> String {
    match decoded {
        Ok(Decoded::Event { .. }) => "ok".to_owned(),
        Ok(Decoded::UnknownType { .. }) => "unknown".to_owned(),
        Ok(Decoded::Tombstone { .. }) => "tombstone".to_owned(),
        Err(rejection) => rejection.code,
    }
}

/// Of the message as `Value` writes it, with its payload first, and with its payload last: it is read in one pass then.
fn code(message: &Value) -> String {
    let (first, last) = (message.to_string(), data_last(message));
    let decoded = structured(first.as_bytes());
    assert_eq!(structured(last.as_bytes()), decoded, "{last}");
    code_of(decoded)
}

fn data_last(message: &Value) -> String {
    let mut attributes = message.clone();
    let data = attributes.as_object_mut().unwrap().remove("data");
    let mut text = attributes.to_string();
    if let Some(data) = data {
        text.truncate(text.len() - 1);
        text.push_str(&format!(", \"data\": {data}}}"));
    }
    text
}

fn headers() -> Attributes<'static> {
    Attributes {
        specversion: Some("1.0"),
        id: Some("e1"),
        source: Some("/stock"),
        ty: Some("com.shop.stock.set.v1"),
        time: Some("2026-01-31T09:00:00.2509+01:00"),
        traceparent: Some(TRACE),
        datacontenttype: Some("application/json; charset=utf-8"),
    }
}

#[test]
fn both_modes_read_the_same_event() {
    let decoded = structured(good().to_string().as_bytes()).unwrap();
    let Decoded::Event { kind, event, .. } = &decoded else { panic!("{decoded:?}") };
    assert_eq!((*kind, event.kind(), event.version), (Kind::Stock, Kind::Stock, 7));
    assert_eq!(event.time, Instant::parse("2026-01-31T08:00:00.250Z").unwrap());
    assert_eq!(event.traceparent.as_deref(), Some(TRACE));
    assert_eq!(event.entity_key(), "s1@default");
    assert!(matches!(&event.change, Change::Stock { state, .. } if state.available == 3));

    let data = good()["data"].to_string();
    assert_eq!(binary(&headers(), data.as_bytes()).unwrap(), decoded);

    let mut encoded = without("data");
    encoded["data_base64"] = json!(STANDARD.encode(&data));
    assert_eq!(structured(encoded.to_string().as_bytes()).unwrap(), decoded);
    encoded["data"] = Value::Null;
    assert_eq!(structured(encoded.to_string().as_bytes()).unwrap(), decoded);
}

#[test]
fn attributes_are_checked() {
    let cases = [
        ("specversion", json!("0.3"), "specversion.unsupported"),
        ("specversion", json!("1.0.0"), "specversion.unsupported"),
        ("specversion", json!(1.0), "specversion.wrong_type"),
        ("id", json!(""), "id.empty"),
        ("id", json!(7), "id.wrong_type"),
        ("source", json!(""), "source.empty"),
        ("source", json!(["x"]), "source.wrong_type"),
        ("type", json!(""), "type.empty"),
        ("type", json!(true), "type.wrong_type"),
        ("time", json!("yesterday"), "time.invalid"),
        ("time", json!("2026-01-31T08:00:00"), "time.invalid"),
        ("time", json!(1_769_846_400), "time.wrong_type"),
        ("time", json!({"a": {}}), "time.wrong_type"),
        ("subject", json!(5), "ok"),
        ("datacontenttype", Value::Null, "ok"),
        ("datacontenttype", json!("application/json;charset=UTF-8"), "ok"),
        ("datacontenttype", json!("Application/Vnd.Shop+JSON"), "ok"),
        ("datacontenttype", json!("text/xml"), "datacontenttype.unsupported"),
        ("datacontenttype", json!("json"), "datacontenttype.unsupported"),
        ("datacontenttype", json!(""), "datacontenttype.unsupported"),
        ("datacontenttype", json!(1), "datacontenttype.wrong_type"),
        ("data", Value::Null, "data.missing"),
        ("data", json!([]), "data.wrong_type"),
        ("data", json!("{}"), "data.wrong_type"),
        ("data", json!({}), "data.sku.missing"),
        ("data_base64", json!("e30="), "data_base64.not_allowed"),
        ("data_base64", json!(1), "data_base64.wrong_type"),
        ("data_base64", Value::Null, "ok"),
        ("id", json!("a\0"), "id.nul"),
        ("shop", json!({"a": ["\0"]}), "event.nul"),
        ("shop", json!("\\u0000"), "ok"),
    ];
    for (key, value, expected) in cases {
        assert_eq!(code(&with(key, value.clone())), expected, "{key} = {value}");
    }
    for key in ["specversion", "id", "source", "type", "time", "data"] {
        assert_eq!(code(&without(key)), format!("{key}.missing"));
        assert_eq!(code(&with(key, Value::Null)), format!("{key}.missing"));
    }
    for key in ["subject", "datacontenttype", "traceparent"] {
        assert_eq!(code(&without(key)), "ok");
    }
}

#[test]
fn payloads_come_as_base64_too() {
    let encoded = |text: &str| {
        let mut message = without("data");
        message["data_base64"] = json!(text);
        code(&message)
    };
    assert_eq!(encoded("e30="), "data.sku.missing");
    assert_eq!(encoded("?"), "data_base64.invalid");
    assert_eq!(encoded(""), "data.not_json");
    assert_eq!(encoded(&STANDARD.encode("not json")), "data.not_json");
    assert_eq!(encoded(&STANDARD.encode(b"\xff")), "data.not_json");
    assert_eq!(encoded(&STANDARD.encode(r#"{"sku": "\u0000"}"#)), "data.sku.nul");
}

#[test]
fn a_type_that_is_unknown_is_passed_over() {
    let message = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "cart.set.v1"});
    let expected = Decoded::UnknownType { ce_type: "cart.set.v1".to_owned() };
    assert_eq!(structured(message.to_string().as_bytes()).unwrap(), expected);
    let attributes = Attributes { ty: Some("cart.set.v1"), ..headers() };
    assert_eq!(binary(&attributes, b"\xff").unwrap(), expected);
    for key in ["specversion", "id", "source", "type"] {
        let mut message = message.clone();
        message[key] = Value::Null;
        assert_eq!(code(&message), format!("{key}.missing"));
    }
    for (key, value) in [("time", json!(1)), ("data", json!("\0")), ("datacontenttype", json!(1))] {
        let mut message = message.clone();
        message[key] = value;
        assert_eq!(code(&message), "unknown", "{key}");
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for other in ["[]", "1", "null", "\"x\"", " [\"1.0\", \"id\"] "] {
        assert_eq!(code_of(structured(other.as_bytes())), "event.not_an_object", "{other}");
    }
    for broken in ["", " ", "{", "{\"id\": 1,}", "nul", "[", "{} {}", "\u{feff}{}"] {
        assert_eq!(code_of(structured(broken.as_bytes())), "event.not_json", "{broken}");
    }
    assert_eq!(code_of(structured(b"{\"id\": \"\xff\"}")), "event.not_json");
    let twice = r#"{"specversion": "1.0", "id": "1", "id": "2"}"#;
    assert_eq!(code_of(structured(twice.as_bytes())), "id.duplicate");
}

#[test]
fn a_message_has_at_most_a_mebibyte() {
    let of = |bytes: usize| {
        let mut message = good().to_string();
        message.push_str(&" ".repeat(bytes - message.len()));
        message
    };
    assert_eq!(code_of(structured(of(MAX_EVENT_BYTES).as_bytes())), "ok");
    assert_eq!(code_of(structured(of(MAX_EVENT_BYTES + 1).as_bytes())), "event.too_large");
    let mut data = good()["data"].to_string();
    data.push_str(&" ".repeat(MAX_EVENT_BYTES - data.len()));
    assert_eq!(code_of(binary(&headers(), data.as_bytes())), "ok");
    data.push(' ');
    assert_eq!(code_of(binary(&headers(), data.as_bytes())), "event.too_large");
}

#[test]
fn headers_are_checked() {
    let data = good()["data"].to_string();
    let cases = [
        (Attributes { specversion: None, ..headers() }, "specversion.missing"),
        (Attributes { specversion: Some("0.3"), ..headers() }, "specversion.unsupported"),
        (Attributes { id: None, ..headers() }, "id.missing"),
        (Attributes { id: Some("a\0"), ..headers() }, "id.nul"),
        (Attributes { source: Some(""), ..headers() }, "source.empty"),
        (Attributes { ty: None, ..headers() }, "type.missing"),
        (Attributes { time: None, ..headers() }, "time.missing"),
        (Attributes { time: Some("now"), ..headers() }, "time.invalid"),
        (Attributes { datacontenttype: None, ..headers() }, "ok"),
        (
            Attributes { datacontenttype: Some("text/xml"), ..headers() },
            "datacontenttype.unsupported",
        ),
        (Attributes { traceparent: Some("x"), ..headers() }, "ok"),
    ];
    for (attributes, expected) in cases {
        assert_eq!(code_of(binary(&attributes, data.as_bytes())), expected, "{attributes:?}");
    }
    assert_eq!(code_of(binary(&headers(), b"")), "data.missing");
    assert_eq!(code_of(binary(&headers(), b"{")), "data.not_json");
    assert_eq!(code_of(binary(&headers(), br#"{"x": "\u0000"}"#)), "data.nul");
}

#[test]
fn only_a_trace_context_is_kept() {
    let kept =
        |trace: &str| match structured(with("traceparent", json!(trace)).to_string().as_bytes()) {
            Ok(Decoded::Event { event, .. }) => event.traceparent.is_some(),
            other => panic!("{other:?}"),
        };
    assert!(kept(TRACE));
    assert!(kept("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes"));
    for bad in [
        "",
        "x",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    ] {
        assert!(!kept(bad), "{bad}");
    }
    assert_eq!(code(&with("traceparent", json!(5))), "ok");
}

#[test]
fn the_envelope_alone_tells_the_kind() {
    let kind = |message: &Value| envelope_kind(message.to_string().as_bytes());
    for ty in EventType::ALL {
        assert_eq!(kind(&with("type", json!(ty.name()))), Ok(Some(ty.kind())));
    }
    assert_eq!(kind(&with("type", json!("cart.set.v1"))), Ok(None));
    for (key, value) in [("time", Value::Null), ("data", json!([])), ("shop", json!("\0"))] {
        assert_eq!(kind(&with(key, value)), Ok(Some(Kind::Stock)), "{key}");
    }
    assert_eq!(kind(&without("id")).unwrap_err().code, "id.missing");
    assert_eq!(envelope_kind(b"what").unwrap_err().code, "event.not_json");
}

#[test]
fn a_rejected_message_still_names_its_entity() {
    let subject = |message: &Value| subject_of(message.to_string().as_bytes());
    let expected =
        |key: &str, version| Some(Subject { kind: Kind::Stock, key: key.to_owned(), version });
    let mut message = without("time");
    message["data"] = json!({"sku": "s1", "version": 7, "available": -1, "location": null});
    assert_eq!(subject(&message), expected("s1@default", Some(7)));
    message["data"]["location"] = json!("berlin");
    assert_eq!(subject(&message), expected("s1@berlin", Some(7)));
    for bad in [json!(0), json!("7"), json!(1.5), json!(1_u64 << 53), Value::Null] {
        message["data"]["version"] = bad;
        assert_eq!(subject(&message), expected("s1@berlin", None));
    }
    let encoded = json!({"type": "stock.set.v1",
        "data_base64": STANDARD.encode(message["data"].to_string())});
    assert_eq!(subject(&encoded), expected("s1@berlin", None));
    for bad in [json!(""), json!("a b"), json!(5), Value::Null] {
        message["data"]["sku"] = bad;
        assert_eq!(subject(&message), None);
    }
    // What cannot be read does not hide what can.
    let broken = br#"{"type": "review.upserted.v1",
        "data": {"review_id": "r1", "version": 2, "body": "\ud83d", "rating": 1e400}}"#;
    let review = Subject { kind: Kind::Review, key: "r1".to_owned(), version: Some(2) };
    assert_eq!(subject_of(broken), Some(review));
    for none in [&b""[..], b"x", b"[]", b"{}", br#"{"type": "cart.v1", "data": {}}"#] {
        assert_eq!(subject_of(none), None);
    }
    for (ty, id) in [
        ("product.deleted.v1", "product_id"),
        ("price.set.v1", "price_id"),
        ("discount.removed.v1", "discount_id"),
        ("x.review.removed.v1", "review_id"),
    ] {
        let found = subject_of_data(ty, json!({id: "the-id"}).to_string().as_bytes()).unwrap();
        assert_eq!((found.key.as_str(), found.version), ("the-id", None));
    }
}

/// What Value cannot hold, or writes in another way.
#[test]
fn one_pass_says_what_two_say() {
    const HEAD: &str =
        r#""specversion": "1.0", "id": "1", "source": "/s", "time": "2026-01-31T08:00:00Z""#;
    const DATA: &str = r#"{"sku": "s1", "product_id": "p1", "version": 7, "available": 3}"#;
    let ty = r#""type": "stock.set.v1""#;
    let good = format!(r#"{{{HEAD}, {ty}, "data": {DATA}}}"#);
    let with = |member: &str| DATA.replacen('{', &format!("{{{member}, "), 1);
    let deep = |n: usize| format!("{}0{}", "[".repeat(n), "]".repeat(n));
    let mut payloads = vec![
        DATA.to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        format!("[{DATA}]"),
        r#"["s1", "p1", 7, 3]"#.to_owned(),
        with(r#""version": 7"#),
        with(r#""x": 1e400"#),
        with(r#""x": "\ud800""#),
        with(r#""x": "\u0000""#),
        with(r#""x": "\\u0000""#),
        DATA.replace("s1", r"\ud800"),
        DATA.replace("s1", r"s\u0031"),
        DATA.replace('3', "1e400"),
        DATA.replace("sku", r"s\u006bu"),
        DATA.replace('7', "7.0"),
    ];
    payloads
        .extend([100, 125, 126, 127, 128, 129, 500].map(|n| with(&format!(r#""x": {}"#, deep(n)))));
    let of_payloads = payloads.iter().flat_map(|data| {
        let last = format!(r#"{{{HEAD}, {ty}, "data": {data}}}"#);
        [(last, format!(r#"{{"data": {data}, {HEAD}, {ty}}}"#))]
    });
    let members = [
        r#""id": "2""#,
        r#""id": null"#,
        r#""type": "stock.set.v1""#,
        r#""data": {}"#,
        r#""data": null"#,
        r#""data_base64": "e30=""#,
        r#""data_base64": null"#,
        r#""traceparent": null"#,
        r#""x": [1, {}]"#,
        r#""datacontenttype": null"#,
        r#""datacontenttype": "text/plain""#,
        r#""datacontenttype": 1"#,
        r#""x": 1, "x": 2"#,
        r#""d\u0061ta": {}"#,
        r#""\u0069d": "2""#,
        r#""x": "\ud800""#,
    ];
    let of_members = members.iter().flat_map(|member| {
        let two = format!(r#"{{"data": {DATA}, {HEAD}, {ty}, {member}}}"#);
        let before = format!(r#"{{{member}, {HEAD}, {ty}, "data": {DATA}}}"#);
        let after = format!(r#"{{{HEAD}, {ty}, "data": {DATA}, {member}}}"#);
        [(before, two.clone()), (after, two)]
    });
    for (one, two) in of_payloads.chain(of_members) {
        let [one_said, two_said] =
            [&one, &two].map(|text| structured(text.as_bytes()).map_err(|r| r.code));
        assert_eq!(one_said, two_said, "{one}\n{two}");
    }
    assert_eq!(code_of(structured(good.as_bytes())), "ok");
    for end in [" ", "}", " {}", ",", "\u{feff}", "\0"] {
        let expected = if end == " " { "ok" } else { "event.not_json" };
        assert_eq!(code_of(structured(format!("{good}{end}").as_bytes())), expected, "{end:?}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes: Vec<u8>) {
        let _ = (structured(&bytes), binary(&headers(), &bytes));
        let _ = (envelope_kind(&bytes), subject_of(&bytes));
    }

    #[test]
    fn random_damage_never_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end: prop::sample::Index,
        cut: bool,
    ) {
        let mut bytes = good().to_string().into_bytes();
        for (index, byte) in damage {
            let length = bytes.len();
            bytes[index.index(length)] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Err(rejection) = structured(&bytes) {
            prop_assert!(rejection.code.contains('.') && rejection.detail.len() < 2048);
        }
        let _ = (envelope_kind(&bytes), subject_of(&bytes));
    }

    #[test]
    fn random_headers_never_panic(values in prop::array::uniform7(any::<Option<String>>())) {
        let [specversion, id, source, ty, time, traceparent, datacontenttype] =
            values.each_ref().map(Option::as_deref);
        let attributes = Attributes { specversion, id, source, ty, time, traceparent, datacontenttype };
        let _ = binary(&attributes, b"{}");
        let attributes = Attributes { id, source, time, traceparent, datacontenttype, ..headers() };
        let _ = binary(&attributes, b"{}");
    }
}
