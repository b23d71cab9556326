//! The least of CloudEvents that the events of a test need: structured mode, `data` as JSON.

use projections::event::{Data, EventType, decode_data, refuse_nul};
use projections::instant::Instant;
use serde::Deserialize;
use serde_json::value::RawValue;

const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// What cannot be used.
pub struct Refused;

#[derive(Deserialize)]
struct Envelope<'a> {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    ty: String,
    time: Option<String>,
    datacontenttype: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// The event's time and payload; `None` for a type that is not ours.
pub fn decode(json: &[u8]) -> Result<Option<(Instant, Data)>, Refused> {
    if json.len() > MAX_EVENT_BYTES || json.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refused);
    }
    let envelope: Envelope<'_> = serde_json::from_slice(json).map_err(|_| Refused)?;
    let nameless = [&envelope.id, &envelope.source, &envelope.ty].iter().any(|s| s.is_empty());
    if envelope.specversion != "1.0" || nameless {
        return Err(Refused);
    }
    let Some(ty) = EventType::parse(&envelope.ty) else { return Ok(None) };
    refuse_nul("", json).map_err(|_| Refused)?;
    if envelope.datacontenttype.is_some_and(|media_type| !media_type.contains("json")) {
        return Err(Refused);
    }
    let time = envelope.time.as_deref().and_then(Instant::parse).ok_or(Refused)?;
    let data = envelope.data.ok_or(Refused)?;
    decode_data(ty, time, data.get().as_bytes()).map(|data| Some((time, data))).map_err(|_| Refused)
}
