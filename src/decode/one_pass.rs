//! A CloudEvent in structured mode, read in one pass: envelope and payload at once, where the type comes before the
//! payload, as nearly all have it.

use std::fmt;

use projections::event::{EventType, Payload, refuse_nul};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::cloudevent::{Envelope, Head, Member};
use super::{Decoded, decoded};

/// The event. `None`: one pass is not enough, or something is wrong; what is, others say.
pub fn event(bytes: &[u8]) -> Option<Decoded> {
    let text = std::str::from_utf8(bytes).ok()?;
    refuse_nul("", bytes).ok()?;
    let Read { envelope, payload } = serde_json::from_str(text).ok()?;
    let (Head::Known(ty), None) = (envelope.head().ok()?, envelope.data_base64().ok()?) else {
        return None;
    };
    envelope.check_content_type().ok()?;
    let time = envelope.time().ok()?;
    Some(decoded(ty, &envelope, time, payload?.check(time).ok()?))
}

struct Read<'a> {
    /// Without its payload.
    envelope: Envelope<'a>,
    payload: Option<Payload>,
}

/// What an envelope is made of.
#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Name {
    Specversion,
    Id,
    Source,
    Type,
    Time,
    Traceparent,
    Datacontenttype,
    Data,
    #[serde(rename = "data_base64")]
    DataBase64,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Read<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Read<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a CloudEvent")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                read(map)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

fn read<'a, A: MapAccess<'a>>(mut map: A) -> Result<Read<'a>, A::Error> {
    let mut read = Read { envelope: Envelope::default(), payload: None };
    let mut seen = 0_u16;
    while let Some(name) = map.next_key::<Name>()? {
        let bit = 1 << name as u16;
        if seen & bit != 0 && !matches!(name, Name::Other) {
            return Err(A::Error::custom("an attribute twice"));
        }
        seen |= bit;
        let envelope = &mut read.envelope;
        let attribute = match name {
            Name::Specversion => &mut envelope.specversion,
            Name::Id => &mut envelope.id,
            Name::Source => &mut envelope.source,
            Name::Type => &mut envelope.ty,
            Name::Time => &mut envelope.time,
            Name::Traceparent => &mut envelope.traceparent,
            Name::Datacontenttype => &mut envelope.datacontenttype,
            Name::DataBase64 => &mut envelope.data_base64,
            Name::Data => {
                let Member::Text(ty) = &envelope.ty else {
                    return Err(A::Error::custom("a payload before its type"));
                };
                let ty = EventType::parse(ty).ok_or_else(|| A::Error::custom("unknown type"))?;
                read.payload = Some(map.next_value_seed(ty)?);
                continue;
            }
            Name::Other => {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
        };
        *attribute = map.next_value()?;
    }
    Ok(read)
}
