//! Messages of Kafka: which mode each is in, and what it says.

use projections::event::{EntityKey, Kind, Problem, Rejection};

use super::cloudevent::{Attributes, cut, is_traceparent};
use super::headers::Headers;
use super::outbox;
use super::{Decoded, Subject, binary, structured, subject_of, subject_of_data};
use crate::log::record::Record;

/// What a value is, by its message's headers.
enum Mode<'a> {
    /// A CloudEvent as it is.
    Structured,
    /// Its payload; the attributes are headers.
    Binary,
    /// As Debezium's outbox event router has it, with the type that a header says.
    Outbox(&'a [u8]),
    /// No header tells.
    Untold,
}

/// Reads a message of the topic of `topic_kind`, in whichever mode it is:
///
/// - a *tombstone* has no value, or is null as Kafka Connect's JsonConverter writes it, and removes the entity
///   that its key names;
/// - *structured mode*: the header `content-type` is `application/cloudevents+json`, or no header
///   tells and the value is a CloudEvent;
/// - *binary mode*: there is a header `ce_specversion`, or any other that starts with `ce_`;
/// - the shape of *Debezium's outbox event router*: a header `eventType`, `type` or `event_type`.
///
/// Names of headers are taken in any case, and of two with one name the last counts. A `traceparent`
/// header goes before what the event itself says, in every mode.
///
/// # Errors
/// As [`structured`] and [`binary`], and `key.missing`, `key.invalid` for a tombstone's key,
/// `event.unsupported` for a batch or another format than JSON, and `<attribute>.invalid` for a header
/// that is not in UTF-8.
pub fn record(topic_kind: Kind, record: &Record) -> Result<Decoded, Rejection> {
    let Some(value) = record.value.as_deref() else {
        return tombstone(topic_kind, record).map(|key| Decoded::Tombstone { key });
    };
    // Nearly all messages of the embedded log: nothing to look at but the value.
    if record.headers.is_empty() {
        return untold(topic_kind, record, value);
    }
    let headers = Headers(&record.headers);
    let mut decoded = match mode(headers)? {
        Mode::Structured => structured(value),
        Mode::Binary => binary(&attributes(headers)?, value),
        Mode::Outbox(ty) => outbox::record(headers, ty, value, record.timestamp),
        Mode::Untold => untold(topic_kind, record, value),
    }?;
    if let Decoded::Event { event, .. } = &mut decoded
        && let Some(trace) = headers.get("traceparent").and_then(|h| std::str::from_utf8(h).ok())
        && is_traceparent(trace)
    {
        event.traceparent = Some(trace.to_owned());
    }
    Ok(decoded)
}

/// Without a header that tells: a CloudEvent, or a converter's null beside a key, which is a tombstone.
fn untold(topic_kind: Kind, record: &Record, value: &[u8]) -> Result<Decoded, Rejection> {
    let decoded = outbox::untold(value);
    if decoded.is_err() && is_converted_null(record, value) {
        return tombstone(topic_kind, record).map(|key| Decoded::Tombstone { key });
    }
    decoded
}

/// Whether a value that is there says that there is none.
fn is_converted_null(record: &Record, value: &[u8]) -> bool {
    record.key.is_some()
        && outbox::is_null(value)
        && matches!(mode(Headers(&record.headers)), Ok(Mode::Untold))
}

/// Best effort on a message that was rejected: the entity it was about, in whichever mode it is.
pub fn subject_of_record(topic_kind: Kind, record: &Record) -> Option<Subject> {
    let value = record.value.as_deref();
    let Some(value) = value.filter(|value| !is_converted_null(record, value)) else {
        let key = tombstone(topic_kind, record).ok()?;
        return Some(Subject { kind: key.kind(), key: key.to_string(), version: None });
    };
    let headers = Headers(&record.headers);
    match mode(headers).ok()? {
        Mode::Structured => subject_of(value),
        Mode::Binary => subject_of_data(headers.text("type", "ce_type").ok()??, value),
        Mode::Outbox(ty) => outbox::subject(ty, value),
        Mode::Untold => subject_of(&outbox::payload(value)),
    }
}

fn mode(headers: Headers<'_>) -> Result<Mode<'_>, Rejection> {
    const CLOUDEVENTS: &[u8] = b"application/cloudevents";
    if let Some(content_type) = headers.get("content-type")
        && content_type
            .get(..CLOUDEVENTS.len())
            .is_some_and(|p| p.eq_ignore_ascii_case(CLOUDEVENTS))
    {
        let rest = content_type.get(CLOUDEVENTS.len()..).unwrap_or_default();
        let rest = rest.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if rest.eq_ignore_ascii_case(b"+json") {
            return Ok(Mode::Structured);
        }
        return Err(unsupported(content_type));
    }
    if headers.has_prefix("ce_") {
        return Ok(Mode::Binary);
    }
    Ok(outbox::event_type(headers).map_or(Mode::Untold, Mode::Outbox))
}

#[cold]
fn unsupported(content_type: &[u8]) -> Rejection {
    let content_type = String::from_utf8_lossy(content_type);
    let says = format_args!(
        "has the content-type {:?}: send each event as a message of its own, as \
         application/cloudevents+json or in binary mode",
        cut(&content_type)
    );
    Rejection::new("event", Problem::Unsupported, says)
}

fn attributes(headers: Headers<'_>) -> Result<Attributes<'_>, Rejection> {
    Ok(Attributes {
        specversion: headers.text("specversion", "ce_specversion")?,
        id: headers.text("id", "ce_id")?,
        source: headers.text("source", "ce_source")?,
        ty: headers.text("type", "ce_type")?,
        time: headers.text("time", "ce_time")?,
        // What is malformed there is no reason to refuse an event.
        traceparent: headers.get("ce_traceparent").and_then(|h| std::str::from_utf8(h).ok()),
        datacontenttype: headers.text("datacontenttype", "content-type")?,
    })
}

/// The entity that a tombstone removes. Its key may come from JsonConverter, too: as a JSON string, with or
/// without its schema.
fn tombstone(topic_kind: Kind, record: &Record) -> Result<EntityKey, Rejection> {
    let key = record.key.as_deref().map(outbox::payload);
    let Some(key) = key.as_deref().filter(|key| !key.is_empty() && *key != b"null") else {
        let says = "is missing: a message without a value is a tombstone, whose key names the entity \
                    that it removes";
        return Err(Rejection::new("key", Problem::Missing, says));
    };
    let key = std::str::from_utf8(key).map_err(|error| {
        Rejection::new("key", Problem::Invalid, format_args!("is not in UTF-8: {error}"))
    })?;
    EntityKey::parse(topic_kind, key)
}
