//! Headers of a Kafka message, looked at without a copy.

use std::borrow::Cow;

use bytes::Bytes;
use projections::event::{Problem, Rejection};

/// Headers of a message, in their order. Names are compared without regard to case.
#[derive(Clone, Copy)]
pub(super) struct Headers<'a>(pub &'a [(Cow<'static, str>, Bytes)]);

impl<'a> Headers<'a> {
    /// The last header of this name.
    pub fn get(self, name: &str) -> Option<&'a [u8]> {
        let mut latest_first = self.0.iter().rev();
        let found = latest_first.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_ref())
    }

    /// Whether any header's name starts so.
    pub fn has_prefix(self, prefix: &str) -> bool {
        self.0.iter().any(|(header, _)| {
            header.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
    }

    /// The last header of this name, as text; what it says is `attribute` of the event.
    pub fn text(self, attribute: &str, name: &str) -> Result<Option<&'a str>, Rejection> {
        let text = |value| std::str::from_utf8(value);
        self.get(name).map(text).transpose().map_err(|error| {
            let says = format_args!("is the header {name:?}, which is not in UTF-8: {error}");
            Rejection::new(attribute, Problem::Invalid, says)
        })
    }
}
