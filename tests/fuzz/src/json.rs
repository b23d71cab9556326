//! JSON objects as their text has them: members in order, repeated ones included.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, each value as it is written.
pub struct Members(pub Vec<(String, Box<RawValue>)>);

impl Members {
    pub fn parse(json: &[u8]) -> Option<Members> {
        serde_json::from_slice(json).ok()
    }

    /// The text of an object with these members.
    pub fn write(&self) -> Vec<u8> {
        let member = |(name, value): &(String, Box<RawValue>)| {
            format!("{}:{}", serde_json::Value::from(name.as_str()), value.get())
        };
        let members: Vec<String> = self.0.iter().map(member).collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
