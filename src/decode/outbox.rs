//! Messages as Debezium's outbox event router makes them: the payload column is the value, the
//! event's id and the columns placed beside it are headers.

use std::borrow::Cow;

use projections::event::{Problem, Rejection};
use projections::instant::Instant;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::cloudevent::Attributes;
use super::headers::Headers;
use super::{Decoded, Subject, binary, refuse_large, structured, subject_of, subject_of_data};

/// The headers that may hold the event's type; the first that is there counts.
const TYPE: [&str; 3] = ["eventType", "type", "event_type"];
/// Those that may hold its time.
const TIME: [&str; 3] = ["time", "occurredAt", "occurred_at"];
/// The source of events whose outbox has no column for it. Nothing is made of a source.
const SOURCE: &str = "outbox";

/// The type that a header says. There is none: this is no such message.
pub(super) fn event_type(headers: Headers<'_>) -> Option<&[u8]> {
    TYPE.into_iter().find_map(|name| headers.get(name))
}

/// Reads such a message. `ty` is the header with its type, `timestamp` the message's own, which is
/// the event's time where no header has it.
pub(super) fn record(
    headers: Headers<'_>,
    ty: &[u8],
    value: &[u8],
    timestamp: Option<Instant>,
) -> Result<Decoded, Rejection> {
    refuse_large(value)?;
    let payload = payload(value);
    if is_cloudevent(&payload) {
        return structured(&payload);
    }
    let ty = unquoted("type", ty)?;
    let of = |attribute, name| headers.get(name).map(|h| unquoted(attribute, h)).transpose();
    let id = of("id", "id")?;
    let source = of("source", "source")?;
    let time = match TIME.into_iter().find_map(|name| headers.get(name)) {
        Some(time) => Some(unquoted("time", time)?),
        None => timestamp.map(|at| Cow::Owned(at.to_string())),
    };
    let attributes = Attributes {
        specversion: Some("1.0"),
        id: id.as_deref(),
        source: source.as_deref().or(Some(SOURCE)),
        ty: Some(&ty),
        time: time.as_deref(),
        traceparent: None,
        datacontenttype: headers.text("datacontenttype", "content-type")?,
    };
    binary(&attributes, &payload)
}

/// The entity of such a message that was rejected.
pub(super) fn subject(ty: &[u8], value: &[u8]) -> Option<Subject> {
    let payload = payload(value);
    if is_cloudevent(&payload) {
        return subject_of(&payload);
    }
    subject_of_data(&unquoted("type", ty).ok()?, &payload)
}

/// Reads a message of which no header tells the mode: a CloudEvent, maybe wrapped by a converter.
pub(super) fn untold(value: &[u8]) -> Result<Decoded, Rejection> {
    let rejection = match structured(value) {
        Ok(decoded) => return Ok(decoded),
        Err(rejection) => rejection,
    };
    let lacks_version = rejection.code == "specversion.missing";
    if !lacks_version && rejection.code != "event.not_an_object" {
        return Err(rejection);
    }
    let payload = payload(value);
    if is_cloudevent(&payload) {
        return structured(&payload);
    }
    if !lacks_version {
        return Err(rejection);
    }
    let says = "is missing, and no header tells what the value is: send a CloudEvent in structured \
                mode, or in binary mode with headers `ce_specversion`, `ce_type` and so on, or the \
                type of an outbox's event in a header `eventType`";
    Err(Rejection::new("specversion", Problem::Missing, says))
}

/// The value without what Kafka Connect's JsonConverter puts around it: `{"schema": ...,
/// "payload": ...}`, and the quotes and escapes of JSON text that it took for a string.
pub(super) fn payload(value: &[u8]) -> Cow<'_, [u8]> {
    // JsonConverter writes both members always, and no others.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Converted<'a> {
        #[serde(rename = "schema")]
        _schema: IgnoredAny,
        #[serde(borrow)]
        payload: &'a RawValue,
    }
    let inner = match value.trim_ascii_start().first() {
        Some(b'{') => match serde_json::from_slice::<Converted<'_>>(value) {
            Ok(converted) => converted.payload.get().as_bytes(),
            Err(_) => return Cow::Borrowed(value),
        },
        _ => value,
    };
    if inner.trim_ascii_start().first() == Some(&b'"')
        && let Ok(text) = serde_json::from_slice::<String>(inner)
    {
        return Cow::Owned(text.into_bytes());
    }
    Cow::Borrowed(inner)
}

/// Whether JsonConverter wrote this for null: with its schema, or without.
pub(super) fn is_null(value: &[u8]) -> bool {
    payload(value).trim_ascii() == b"null"
}

/// Whether this JSON names a version of CloudEvents: then it is one as a whole.
fn is_cloudevent(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        specversion: Option<IgnoredAny>,
    }
    json.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice::<Named>(json).is_ok_and(|named| named.specversion.is_some())
}

/// A header's text, without what JsonConverter puts around it where it converts headers too.
fn unquoted<'a>(attribute: &str, header: &'a [u8]) -> Result<Cow<'a, str>, Rejection> {
    let not_text = |error: &dyn std::fmt::Display| {
        let says = format_args!("is a header that is not in UTF-8: {error}");
        Rejection::new(attribute, Problem::Invalid, says)
    };
    match payload(header) {
        Cow::Borrowed(text) => {
            std::str::from_utf8(text).map(Cow::Borrowed).map_err(|e| not_text(&e))
        }
        Cow::Owned(text) => String::from_utf8(text).map(Cow::Owned).map_err(|e| not_text(&e)),
    }
}
