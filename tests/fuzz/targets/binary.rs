//! A message of Kafka in any mode by its headers: CloudEvents in binary mode above all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use vitrine::decode::{record, structured, subject_of_record};
use vitrine::log::record::Record;
use vitrine_fuzz::json::Members;
use vitrine_fuzz::{limits, messages};

/// The same event in structured mode, where its headers are text and its value is JSON.
fn structured_form(message: &Record) -> Option<Vec<u8>> {
    let attributes = ["specversion", "id", "source", "type", "time", "traceparent"];
    let mut members = Vec::new();
    let mut add = |name: &str, value: &[u8]| {
        let text = serde_json::to_string(std::str::from_utf8(value).ok()?).ok()?;
        members.push((name.to_owned(), RawValue::from_string(text).ok()?));
        Some(())
    };
    for (name, value) in &message.headers {
        match name.strip_prefix("ce_") {
            Some(attribute) if attributes.contains(&attribute) => add(attribute, value)?,
            _ if name == "content-type" => add("datacontenttype", value)?,
            // Names in another case count too, and a trace has a header of its own.
            _ => return None,
        }
    }
    let data = std::str::from_utf8(message.value.as_deref()?).ok()?.trim_ascii();
    members.push(("data".to_owned(), RawValue::from_string(data.to_owned()).ok()?));
    Some(Members(members).write())
}

fuzz_target!(|input: &[u8]| {
    let (kind, message) = messages::record(input);
    let decoded = record(kind, &message);
    let _ = subject_of_record(kind, &message);
    let Ok(decoded) = decoded else { return };
    limits::check(&decoded);
    let is_binary = message.headers.iter().any(|(name, _)| name.starts_with("ce_"));
    let names =
        message.headers.iter().map(|(name, _)| name).collect::<std::collections::HashSet<_>>();
    if is_binary && names.len() == message.headers.len() {
        if let Some(event) = structured_form(&message) {
            assert_eq!(structured(&event), Ok(decoded));
        }
    }
});
