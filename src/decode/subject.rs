//! Which entity a rejected message was about, as far as that can be read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use projections::event::{EventType, Kind, valid_id, valid_version};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The entity that a rejected message was about. A newer good version of it settles the dead letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    pub kind: Kind,
    /// As [`Event::entity_key`](projections::event::Event::entity_key).
    pub key: String,
    /// `None` where the message names no usable version.
    pub version: Option<u64>,
}

/// Best effort on a structured message that was rejected. `None` where it is no JSON object, of no
/// known type, or its payload has no usable id.
pub fn subject_of(bytes: &[u8]) -> Option<Subject> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow, rename = "type")]
        ty: &'a RawValue,
        #[serde(borrow)]
        data: Option<&'a RawValue>,
        #[serde(borrow)]
        data_base64: Option<&'a RawValue>,
    }
    let message: Message<'_> = object(bytes)?;
    let ty: String = value(message.ty)?;
    match (message.data, message.data_base64) {
        (Some(data), _) => subject_of_data(&ty, data.get().as_bytes()),
        (None, Some(text)) => subject_of_data(&ty, &STANDARD.decode(value::<String>(text)?).ok()?),
        (None, None) => None,
    }
}

/// The key of the entity that a structured message is about, as Kafka's topics are partitioned by it.
pub fn key_of(bytes: &[u8]) -> Option<Vec<u8>> {
    subject_of(bytes).map(|subject| subject.key.into_bytes())
}

/// As [`subject_of`], for a message in binary mode: `ce_type` is its type, `data` its payload.
pub fn subject_of_data(ce_type: &str, data: &[u8]) -> Option<Subject> {
    // Members are read one by one, so that one that is broken does not hide the others.
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(borrow)]
        product_id: Option<&'a RawValue>,
        #[serde(borrow)]
        price_id: Option<&'a RawValue>,
        #[serde(borrow)]
        discount_id: Option<&'a RawValue>,
        #[serde(borrow)]
        review_id: Option<&'a RawValue>,
        #[serde(borrow)]
        sku: Option<&'a RawValue>,
        #[serde(borrow)]
        location: Option<&'a RawValue>,
        #[serde(borrow)]
        version: Option<&'a RawValue>,
    }
    let kind = EventType::parse(ce_type)?.kind();
    let payload: Payload<'_> = object(data)?;
    let key = match kind {
        Kind::Product => id(payload.product_id?)?,
        Kind::Price => id(payload.price_id?)?,
        Kind::Discount => id(payload.discount_id?)?,
        Kind::Review => id(payload.review_id?)?,
        Kind::Stock => {
            let location = payload.location.map_or_else(|| Some("default".to_owned()), id)?;
            format!("{}@{location}", id(payload.sku?)?)
        }
    };
    let version = payload.version.and_then(value).filter(|version| valid_version(*version));
    Some(Subject { kind, key, version })
}

/// serde would take an array of the members as well.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(json).ok())?
}

fn value<T: DeserializeOwned>(json: &RawValue) -> Option<T> {
    serde_json::from_str(json.get()).ok()
}

fn id(json: &RawValue) -> Option<String> {
    value(json).filter(|id: &String| valid_id(id))
}
