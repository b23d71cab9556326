//! What Debezium's outbox event router and Kafka Connect's converters write.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vitrine::decode::{record, subject_of_record};
use vitrine_fuzz::{limits, messages};

fuzz_target!(|input: &[u8]| {
    let (kind, mut message) = messages::record(input);
    let decoded = record(kind, &message);
    let subject = subject_of_record(kind, &message);
    if let Ok(decoded) = &decoded {
        limits::check(decoded);
    }
    // JsonConverter makes a string of it, or wraps it: both say the same as the value itself. Where
    // a `content-type` or `ce_` headers say what the value is, nothing is unwrapped.
    let names = || message.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    if names().any(|name| name == "content-type" || name.starts_with("ce_")) {
        return;
    }
    let Some(text) = message.value.as_deref().and_then(|v| std::str::from_utf8(v).ok()) else {
        return;
    };
    // A value that is wrapped already, or is no object, would be unwrapped once more.
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return };
    if members.contains_key("payload") {
        return;
    }
    let quoted = Value::from(text).to_string();
    let wrapped = [
        quoted.clone(),
        format!(r#"{{"schema":null,"payload":{text}}}"#),
        format!(r#"{{"schema":{{"type":"string","optional":false}},"payload":{quoted}}}"#),
    ];
    for value in wrapped {
        message.value = Some(Bytes::from(value));
        assert_eq!(record(kind, &message).ok(), decoded.clone().ok());
        assert_eq!(subject_of_record(kind, &message), subject);
    }
});
