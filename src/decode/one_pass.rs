//! A CloudEvent in structured mode, read in one pass: envelope and payload at once, where the type comes before the
//! payload, as nearly all have it.

use std::fmt;

use projections::event::{EventType, Payload, refuse_nul};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::cloudevent::{Envelope, Head, Member};
use super::{Decoded, decoded};

/// The event. `None`: one pass is not enough, or something is wrong; what is, others say.
pub(super) fn event(bytes: &[u8]) -> Option<Decoded> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::two_passes;
    use super::*;

    #[test]
    fn one_pass_is_enough_for_each_type_where_the_payload_comes_last() {
        for (ty, data) in [
            ("product.upserted.v1", r#""product_id": "p", "name": "P""#),
            ("product.deleted.v1", r#""product_id": "p""#),
            (
                "price.set.v1",
                r#""price_id": "x", "product_id": "p", "market": "eu", "currency": "EUR", "amount": 1"#,
            ),
            ("price.removed.v1", r#""price_id": "x", "product_id": "p""#),
            ("com.shop.stock.set.v1", r#""sku": "s", "product_id": "p", "available": 1"#),
            (
                "discount.upserted.v1",
                r#""discount_id": "d", "name": "D", "kind": "percentage", "value": 1, "scope": {"all": true}"#,
            ),
            ("discount.removed.v1", r#""discount_id": "d""#),
            ("review.upserted.v1", r#""review_id": "r", "product_id": "p", "rating": 5"#),
            ("review.removed.v1", r#""review_id": "r", "product_id": "p""#),
        ] {
            let head = r#""specversion": "1.0", "id": "1", "source": "/s", "time": "2026-01-31T08:00:00Z""#;
            let data = format!(r#""data": {{"version": 1, {data}}}"#);
            let last = format!(r#"{{{head}, "traceparent": null, "type": "{ty}", {data}}}"#);
            let first = format!(r#"{{{data}, {head}, "type": "{ty}"}}"#);
            let read = event(last.as_bytes());
            assert!(read.is_some(), "{last}");
            assert!(event(first.as_bytes()).is_none(), "{first}");
            assert_eq!(read, two_passes(first.as_bytes()).ok());
        }
    }

    const GOOD: &str = r#"{"specversion": "1.0", "id": "1", "source": "/s", "type": "shop.stock.set.v1", "shop": [{}],
        "time": "2026-01-31T09:00:00.25+01:00", "datacontenttype": "application/json",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {"version": 7, "sku": "s\u0031", "product_id": "p1", "available": 3, "location": null}}"#;

    /// What can stand in the place of a character: mostly what means something to JSON.
    fn damage() -> impl Strategy<Value = String> {
        const WORDS: &[&str] =
            &["", "\"", "\\", ",", ":", "}", "]", "{", "0", "a", "\\u0000", "\"id\":\"2\",\""];
        let words = prop::sample::select(WORDS).prop_map(str::to_owned);
        prop_oneof![3 => words, 1 => any::<char>().prop_map_into()]
    }

    #[test]
    fn the_damaged_is_whole_at_first() {
        assert!(event(GOOD.as_bytes()).is_some());
        assert_eq!(event(GOOD.as_bytes()), two_passes(GOOD.as_bytes()).ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_one_pass_reads_of_damage_two_read_too(
            damage in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..3),
        ) {
            let mut text: Vec<String> = GOOD.chars().map(String::from).collect();
            for (index, with) in damage {
                let length = text.len();
                text[index.index(length)] = with;
            }
            let text = text.concat();
            if let Some(read) = event(text.as_bytes()) {
                prop_assert_eq!(Ok(read), two_passes(text.as_bytes()), "{}", text);
            }
        }
    }
}
