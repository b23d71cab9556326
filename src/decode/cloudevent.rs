//! The envelope: a CloudEvent's context attributes.

use std::borrow::Cow;
use std::fmt;

use projections::event::{EventType, Problem, Rejection};
use projections::instant::Instant;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How many characters of a message's own text a rejection's detail shows.
const SHOWN_CHARS: usize = 80;

/// A CloudEvent's attributes in binary mode: headers, without their `ce_` prefix.
///
/// `None` is an absent header. `datacontenttype` is the header `content-type`, `traceparent` the
/// CloudEvents extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes<'a> {
    pub specversion: Option<&'a str>,
    pub id: Option<&'a str>,
    pub source: Option<&'a str>,
    pub ty: Option<&'a str>,
    pub time: Option<&'a str>,
    pub traceparent: Option<&'a str>,
    pub datacontenttype: Option<&'a str>,
}

impl Attributes<'_> {
    /// Refuses U+0000, which headers hold as it is and not as an escape.
    pub(super) fn refuse_nul(&self) -> Result<(), Rejection> {
        let attributes = [
            ("specversion", self.specversion),
            ("id", self.id),
            ("source", self.source),
            ("type", self.ty),
            ("time", self.time),
            ("traceparent", self.traceparent),
            ("datacontenttype", self.datacontenttype),
        ];
        let found = attributes.iter().find(|(_, value)| value.is_some_and(|v| v.contains('\0')));
        found.map_or(Ok(()), |(name, _)| {
            Err(Rejection::new(name, Problem::Nul, "holds the character U+0000: remove it"))
        })
    }
}

/// An attribute as it stands in the message. Null is absent.
#[derive(Default)]
pub(super) enum Member<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    /// Something else, by the name that a detail gives it.
    Other(&'static str),
}

impl<'a> From<Option<&'a str>> for Member<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Member::Absent, |text| Member::Text(Cow::Borrowed(text)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Member<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Member<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an attribute")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Member::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Member::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Member::Absent)
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Member::Other("a boolean"))
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Member::Other("a number"))
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Member::Other("a number"))
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Member::Other("a number"))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Member::Other("an array"))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Member::Other("an object"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A CloudEvent whose attributes are yet to be checked.
#[derive(Default, serde::Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow, default)]
    pub(super) specversion: Member<'a>,
    #[serde(borrow, default)]
    pub(super) id: Member<'a>,
    #[serde(borrow, default)]
    pub(super) source: Member<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(super) ty: Member<'a>,
    #[serde(borrow, default)]
    pub(super) time: Member<'a>,
    #[serde(borrow, default)]
    pub(super) traceparent: Member<'a>,
    #[serde(borrow, default)]
    pub(super) datacontenttype: Member<'a>,
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) data_base64: Member<'a>,
}

impl<'a> From<&Attributes<'a>> for Envelope<'a> {
    fn from(attributes: &Attributes<'a>) -> Self {
        Envelope {
            specversion: attributes.specversion.into(),
            id: attributes.id.into(),
            source: attributes.source.into(),
            ty: attributes.ty.into(),
            time: attributes.time.into(),
            traceparent: attributes.traceparent.into(),
            datacontenttype: attributes.datacontenttype.into(),
            data: None,
            data_base64: Member::Absent,
        }
    }
}

/// What an envelope's required attributes say.
pub(super) enum Head {
    Known(EventType),
    Unknown(String),
}

impl<'a> Envelope<'a> {
    /// Reads a JSON object. Its attributes may still be anything.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Envelope<'a>, Rejection> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Rejection::new("event", Problem::NotJson, format_args!("is not in UTF-8: {error}"))
        })?;
        // serde would take an array of the attributes as well.
        if !text.trim_ascii_start().starts_with('{') {
            serde_json::from_str::<IgnoredAny>(text).map_err(|error| not_json(&error))?;
            let says = "is JSON, but not an object: publish a CloudEvent in structured mode";
            return Err(Rejection::new("event", Problem::NotAnObject, says));
        }
        serde_json::from_str(text).map_err(|error| not_json(&error))
    }

    /// Checks what makes a CloudEvent, and reads its type.
    pub(super) fn head(&self) -> Result<Head, Rejection> {
        let version = required("specversion", &self.specversion)?;
        if version != "1.0" {
            let says = format_args!("is {:?}, and must be \"1.0\"", cut(version));
            return Err(Rejection::new("specversion", Problem::Unsupported, says));
        }
        for (name, member) in [("id", &self.id), ("source", &self.source)] {
            filled(name, member)?;
        }
        let ty = filled("type", &self.ty)?;
        Ok(EventType::parse(ty).map_or_else(|| Head::Unknown(ty.to_owned()), Head::Known))
    }

    /// When the change happened at its owner.
    pub(super) fn time(&self) -> Result<Instant, Rejection> {
        let text = required("time", &self.time)?;
        Instant::parse(text).ok_or_else(|| {
            let says = format_args!(
                "is {:?}, and must be an instant in RFC 3339, such as 2026-01-31T08:00:00Z",
                cut(text)
            );
            Rejection::new("time", Problem::Invalid, says)
        })
    }

    /// Refuses payloads in another format than JSON.
    pub(super) fn check_content_type(&self) -> Result<(), Rejection> {
        let Some(text) = optional("datacontenttype", &self.datacontenttype)? else {
            return Ok(());
        };
        if is_json(text) {
            return Ok(());
        }
        let says = format_args!("is {:?}: send the payload as application/json", cut(text));
        Err(Rejection::new("datacontenttype", Problem::Unsupported, says))
    }

    pub(super) fn data_base64(&self) -> Result<Option<&str>, Rejection> {
        optional("data_base64", &self.data_base64)
    }

    /// The W3C trace context; what does not look like one is no reason to refuse an event.
    pub(super) fn traceparent(&self) -> Option<String> {
        match &self.traceparent {
            Member::Text(text) if is_traceparent(text) => Some(text.as_ref().to_owned()),
            _ => None,
        }
    }
}

fn not_json(error: &serde_json::Error) -> Rejection {
    let message = error.to_string();
    let duplicate = message.strip_prefix("duplicate field `").and_then(|rest| rest.split_once('`'));
    if let Some((field, _)) = duplicate {
        return Rejection::new(field, Problem::Duplicate, "occurs twice: name it once");
    }
    let says = format_args!("is not JSON: {}", cut(&message));
    Rejection::new("event", Problem::NotJson, says)
}

fn optional<'m>(name: &str, member: &'m Member<'_>) -> Result<Option<&'m str>, Rejection> {
    match member {
        Member::Absent => Ok(None),
        Member::Text(text) => Ok(Some(text)),
        Member::Other(found) => {
            let says = format_args!("is {found}, and must be a string");
            Err(Rejection::new(name, Problem::WrongType, says))
        }
    }
}

fn required<'m>(name: &str, member: &'m Member<'_>) -> Result<&'m str, Rejection> {
    optional(name, member)?
        .ok_or_else(|| Rejection::new(name, Problem::Missing, "is required, as a string: name it"))
}

fn filled<'m>(name: &str, member: &'m Member<'_>) -> Result<&'m str, Rejection> {
    let text = required(name, member)?;
    if text.is_empty() {
        return Err(Rejection::new(name, Problem::Empty, "is empty, and must say something"));
    }
    Ok(text)
}

/// Whether a media type is JSON, as the CloudEvents JSON format has it: the subtype is `json` or
/// ends with `+json`, in any case and with any parameters.
fn is_json(media_type: &str) -> bool {
    // As nearly all have it.
    if media_type == "application/json" {
        return true;
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.split_once('/').is_some_and(|(ty, subtype)| {
        !ty.is_empty() && (subtype == "json" || subtype.ends_with("+json"))
    })
}

/// Whether this is a W3C `traceparent`: `00-<trace id>-<parent id>-<flags>` in lower-case
/// hexadecimal, no id all zeros; a later version may go on after another dash.
pub(super) fn is_traceparent(text: &str) -> bool {
    let mut parts = text.splitn(5, '-');
    let mut hex = |digits: usize| {
        parts.next().filter(|part| {
            part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let (Some(version), Some(trace), Some(parent), Some(_)) = (hex(2), hex(32), hex(16), hex(2))
    else {
        return false;
    };
    let zeros = |id: &str| id.bytes().all(|b| b == b'0');
    let ends_well = match version {
        "00" => parts.next().is_none(),
        "ff" => false,
        _ => true,
    };
    ends_well && !zeros(trace) && !zeros(parent)
}

/// `text`, cut to what a detail shows.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
