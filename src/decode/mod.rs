//! Messages to checked events: CloudEvents 1.0 in structured and in binary mode, tombstones, and what
//! Debezium's outbox event router writes.
//!
//! [`record`] reads a message of a log, in whichever mode it is. [`structured`] reads a whole
//! CloudEvent (HTTP, files, Kafka with `content-type: application/cloudevents+json`), [`binary`] one
//! whose attributes came as headers. Both check the envelope here and leave the payload to [`projections::event::decode_data`],
//! unless a whole CloudEvent can be read in one pass, envelope and payload at once. A
//! type this service does not know is no error: [`Decoded::UnknownType`]. Everything else that
//! cannot be used is a [`Rejection`], whose codes are listed there.
//!
//! [`envelope_kind`] looks at the envelope alone, for whoever only passes messages on, and
//! [`subject_of_record`] finds out of a rejected message which entity it was about.

mod cloudevent;
pub mod counted;
mod headers;
pub mod one_pass;
mod outbox;
mod record;
mod subject;
mod warnings;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use projections::event::{
    Data, EntityKey, Event, EventType, Kind, Problem, Rejection, decode_data, refuse_nul,
};
use projections::instant::Instant;

pub use cloudevent::Attributes;
use cloudevent::{Envelope, Head};
pub use record::{record, subject_of_record};
pub use subject::{Subject, key_of, subject_of, subject_of_data};
pub use warnings::{Warning, of_unknown_type, warnings};

/// The largest message, in bytes: 1 MiB.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// What a message turned out to be.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events: a box each would cost more")]
pub enum Decoded {
    /// An event to apply. With unknown members it is most likely not what was meant: [`warnings`] names them.
    Event { kind: Kind, event: Event, has_unknown_members: bool },
    /// The end of an entity, whatever its version was. Only [`record`] finds these.
    Tombstone { key: EntityKey },
    /// A CloudEvent of a type that this service does not know: to be counted and passed over.
    UnknownType { ce_type: String },
}

/// Reads a CloudEvent in structured mode: a JSON object of at most [`MAX_EVENT_BYTES`].
///
/// The payload is the object `data`, or JSON as Base64 in `data_base64`. `traceparent` is kept
/// where it is a W3C trace context, else ignored; so are `subject` and unknown attributes.
///
/// # Errors
/// A [`Rejection`] for a message that is too large, no CloudEvent, or whose payload is refused.
///
/// ```
/// use vitrine::decode::{Decoded, structured};
/// let message = br#"{"specversion": "1.0", "id": "1", "source": "/stock", "type": "stock.set.v1",
///     "time": "2026-01-31T08:00:00Z",
///     "data": {"sku": "mug", "product_id": "mug", "version": 7, "available": 3}}"#;
/// let Ok(Decoded::Event { event, .. }) = structured(message) else { panic!("refused") };
/// assert_eq!((event.version, event.entity_key().as_str()), (7, "mug@default"));
/// ```
pub fn structured(bytes: &[u8]) -> Result<Decoded, Rejection> {
    refuse_large(bytes)?;
    one_pass::event(bytes).map_or_else(|| two_passes(bytes), Ok)
}

/// Reads a CloudEvent in binary mode: attributes apart from `data`, which is a JSON object of at
/// most [`MAX_EVENT_BYTES`].
///
/// # Errors
/// As [`structured`], with the same codes; `data.not_json` where `data` is no JSON in UTF-8.
pub fn binary(attributes: &Attributes<'_>, data: &[u8]) -> Result<Decoded, Rejection> {
    refuse_large(data)?;
    let envelope = Envelope::from(attributes);
    let ty = match envelope.head()? {
        Head::Known(ty) => ty,
        Head::Unknown(ce_type) => return Ok(Decoded::UnknownType { ce_type }),
    };
    attributes.refuse_nul()?;
    if data.is_empty() {
        return Err(missing_data());
    }
    event(ty, &envelope, data)
}

/// Reads only as much of a structured message as tells whether it is a CloudEvent (`specversion`,
/// `id`, `source` and `type` as they must be) of a type this service knows. `None`: another type.
///
/// Its size, `time` and payload are not looked at: what is wrong with those makes a dead letter.
///
/// # Errors
/// A [`Rejection`] for what is no CloudEvent.
pub fn envelope_kind(bytes: &[u8]) -> Result<Option<Kind>, Rejection> {
    Ok(match Envelope::parse(bytes)?.head()? {
        Head::Known(ty) => Some(ty.kind()),
        Head::Unknown(_) => None,
    })
}

/// A CloudEvent in structured mode: its envelope first, which says how its payload is to be read.
pub fn two_passes(bytes: &[u8]) -> Result<Decoded, Rejection> {
    let envelope = Envelope::parse(bytes)?;
    let ty = match envelope.head()? {
        Head::Known(ty) => ty,
        Head::Unknown(ce_type) => return Ok(Decoded::UnknownType { ce_type }),
    };
    refuse_nul("", bytes)?;
    event(ty, &envelope, &payload(&envelope)?)
}

fn event(ty: EventType, envelope: &Envelope<'_>, data: &[u8]) -> Result<Decoded, Rejection> {
    envelope.check_content_type()?;
    let time = envelope.time()?;
    Ok(decoded(ty, envelope, time, decode_data(ty, time, data)?))
}

fn decoded(ty: EventType, envelope: &Envelope<'_>, time: Instant, data: Data) -> Decoded {
    let traceparent = envelope.traceparent();
    let event = Event { time, version: data.version, change: data.change, traceparent };
    Decoded::Event { kind: ty.kind(), event, has_unknown_members: data.has_unknown_members }
}

/// The payload of a structured message, out of its Base64 where it is in that.
fn payload<'a>(envelope: &Envelope<'a>) -> Result<Cow<'a, [u8]>, Rejection> {
    let base64 = envelope.data_base64()?;
    match (envelope.data, base64) {
        (Some(data), None) => Ok(Cow::Borrowed(data.get().as_bytes())),
        (None, Some(text)) => STANDARD.decode(text).map(Cow::Owned).map_err(|error| {
            Rejection::new("data_base64", Problem::Invalid, format_args!("is not Base64: {error}"))
        }),
        (Some(_), Some(_)) => {
            let says = "stands beside `data`: a CloudEvent has one of the two";
            Err(Rejection::new("data_base64", Problem::NotAllowed, says))
        }
        (None, None) => Err(missing_data()),
    }
}

fn missing_data() -> Rejection {
    let says = "is required: it says what the event states of its entity";
    Rejection::new("data", Problem::Missing, says)
}

fn refuse_large(bytes: &[u8]) -> Result<(), Rejection> {
    if bytes.len() <= MAX_EVENT_BYTES {
        return Ok(());
    }
    let says = format_args!(
        "has {} bytes, and may have {MAX_EVENT_BYTES} (1 MiB): make it smaller",
        bytes.len()
    );
    Err(Rejection::new("event", Problem::TooLarge, says))
}
