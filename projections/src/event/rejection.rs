//! Why an event cannot be used: a stable code and a readable reason.

use std::fmt;

use serde::de::DeserializeSeed;
use serde_path_to_error::{Segment, Track};

use super::EventType;

/// Why an event cannot be used.
///
/// `code` is `<field path>.<problem>`: the path is that of the member in the CloudEvent, without
/// array indexes and without the publisher's own keys (locales, attribute and option names, unknown
/// fields), so that the set of codes is closed and fit for a metric; the problem is one of
/// [`Problem`]. Of one event only the first problem found is reported. Besides the fields, three
/// paths name the whole: `event` the message, `data` its payload, `key` a tombstone's key.
///
/// | code | meaning |
/// | --- | --- |
/// | `event.too_large` | more than 1 MiB (1048576 bytes) |
/// | `event.not_json`, `data.not_json` | the message, or its payload where that comes apart from it, is not JSON in UTF-8 |
/// | `event.not_an_object` | JSON, but not an object |
/// | `event.nul` | U+0000 in an unknown attribute |
/// | `event.unsupported` | a Kafka message whose `content-type` is a batch, or CloudEvents in another format than JSON |
/// | `key.` `missing` `invalid` | a tombstone's key must name an entity of its topic's kind |
/// | `specversion.` `missing` `wrong_type` `unsupported` | must be the string `1.0` |
/// | `id.` `source.` `type.` `missing` `wrong_type` `empty` | must be non-empty strings |
/// | `datacontenttype.` `wrong_type` `unsupported` | absent, or a media type that is JSON |
/// | `time.` `missing` `wrong_type` `invalid` | must be RFC 3339 |
/// | `data.` `missing` `wrong_type` `nul` | must be an object |
/// | `data_base64.` `wrong_type` `invalid` `not_allowed` | must be Base64, and not come beside `data` |
/// | *any attribute named here*`.duplicate`, `.nul` | occurs twice; holds U+0000 |
/// | *any attribute named here*`.invalid` | its header is not in UTF-8 |
/// | `data.`*field*`.`*problem* | see [`Problem`] and [`decode_data`](super::decode_data) |
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// Stable, for machines: names the field and the problem.
    pub code: String,
    /// Readable, for people: what is wrong, where exactly, and what to do. At most about 1 KiB.
    pub detail: String,
}

impl Rejection {
    /// `field` is wrong in the way that `problem` says; `says` goes on from the field's name.
    pub fn new(field: &str, problem: Problem, says: impl fmt::Display) -> Rejection {
        Rejection {
            code: format!("{field}.{}", problem.name()),
            detail: format!("`{field}` {says}"),
        }
    }

    /// As [`Rejection::new`], with the place that `location` names.
    pub(super) fn at(location: &Location, problem: Problem, says: impl fmt::Display) -> Rejection {
        Rejection {
            code: format!("{}.{}", location.code(), problem.name()),
            detail: format!("`{}` {says}", location.shown()),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Rejection {}

/// What can be wrong with a field: the last part of a rejection's code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Problem {
    /// Required, and absent or null.
    Missing,
    /// Another JSON type than the field has; also a number with a fraction or an exponent where an
    /// integer is due.
    WrongType,
    /// No characters, or no entries, where at least one is due.
    Empty,
    /// More characters or bytes than the limit.
    TooLong,
    /// More entries than the limit.
    TooMany,
    /// A number outside its limits.
    OutOfRange,
    /// A number below 0 where none may be.
    Negative,
    /// Not one of the named values, or not together with what stands beside it.
    NotAllowed,
    /// Not in the form that the field has: an id with a space, an instant that is not RFC 3339.
    Invalid,
    /// Named twice where it may be named once.
    Duplicate,
    /// Holds U+0000.
    Nul,
    /// More bytes than a message may have.
    TooLarge,
    /// Not JSON, or not in UTF-8.
    NotJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A version or a format that this service does not read.
    Unsupported,
}

impl Problem {
    /// All of them.
    pub const ALL: [Problem; 15] = [
        Problem::Missing,
        Problem::WrongType,
        Problem::Empty,
        Problem::TooLong,
        Problem::TooMany,
        Problem::OutOfRange,
        Problem::Negative,
        Problem::NotAllowed,
        Problem::Invalid,
        Problem::Duplicate,
        Problem::Nul,
        Problem::TooLarge,
        Problem::NotJson,
        Problem::NotAnObject,
        Problem::Unsupported,
    ];

    /// As in a code.
    pub fn name(self) -> &'static str {
        match self {
            Problem::Missing => "missing",
            Problem::WrongType => "wrong_type",
            Problem::Empty => "empty",
            Problem::TooLong => "too_long",
            Problem::TooMany => "too_many",
            Problem::OutOfRange => "out_of_range",
            Problem::Negative => "negative",
            Problem::NotAllowed => "not_allowed",
            Problem::Invalid => "invalid",
            Problem::Duplicate => "duplicate",
            Problem::Nul => "nul",
            Problem::TooLarge => "too_large",
            Problem::NotJson => "not_json",
            Problem::NotAnObject => "not_an_object",
            Problem::Unsupported => "unsupported",
        }
    }

    /// An error for serde that carries this problem through to [`explain`].
    pub(super) fn error<E: serde::de::Error>(self, says: impl fmt::Display) -> E {
        E::custom(format_args!("{MARK}{}{MARK}{says}{MARK}", self.name()))
    }
}

/// Stands around the parts of our own messages. serde writes strings from the input escaped, so no
/// message of its own begins with it.
const MARK: char = '\u{1}';

/// The fields that an event has, by whatever parent: what a code may name.
pub const FIELDS: &[&str] = &[
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "traceparent",
    "datacontenttype",
    "data",
    "data_base64",
    "product_id",
    "price_id",
    "discount_id",
    "review_id",
    "version",
    "name",
    "slug",
    "description",
    "status",
    "brand",
    "categories",
    "path",
    "attributes",
    "tags",
    "images",
    "url",
    "alt",
    "released_at",
    "variants",
    "sku",
    "options",
    "market",
    "currency",
    "amount",
    "group",
    "valid_from",
    "valid_until",
    "available",
    "location",
    "kind",
    "value",
    "scope",
    "all",
    "products",
    "skus",
    "brands",
    "starts_at",
    "ends_at",
    "priority",
    "stackable",
    "active",
    "rating",
    "title",
    "body",
    "author",
    "helpful",
    "created_at",
];

/// The fields whose members' names are the publisher's own.
const OPEN: &[&str] = &["name", "description", "alt", "attributes", "options"];

/// How many characters of a publisher's key or value a detail shows.
const SHOWN_CHARS: usize = 80;

/// From which length on a detail leaves out the rest of a path.
const SHOWN_PATH_BYTES: usize = 400;

/// A place in an event, as a code names it and as a detail shows it.
#[derive(Clone, Default)]
pub(super) struct Location {
    code: String,
    shown: String,
    /// The rest of the path is the publisher's own.
    closed: bool,
}

impl Location {
    /// The payload for `"data"`, the whole message for `""`.
    pub(super) fn root(name: &str) -> Location {
        Location { code: name.to_owned(), shown: name.to_owned(), closed: false }
    }

    pub(super) fn index(mut self, index: usize) -> Location {
        self.show(&format!("[{index}]"));
        self
    }

    pub(super) fn key(mut self, key: &str) -> Location {
        let known = !self.closed && FIELDS.contains(&key);
        if known {
            for path in [&mut self.code, &mut self.shown] {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
        } else {
            self.show(&format!("[{:?}]", cut(key)));
        }
        self.closed |= !known || OPEN.contains(&key);
        self
    }

    fn show(&mut self, step: &str) {
        if self.shown.len() < SHOWN_PATH_BYTES {
            self.shown.push_str(step);
        }
    }

    fn code(&self) -> &str {
        if self.code.is_empty() { "event" } else { &self.code }
    }

    fn shown(&self) -> &str {
        if self.shown.is_empty() { "event" } else { &self.shown }
    }
}

/// `text`, cut to what a detail shows.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Why `json` is no payload of this type: reads it once more, with a record of where it is.
#[cold]
#[inline(never)]
pub(super) fn explain(ty: EventType, json: &str, first: &serde_json::Error) -> Rejection {
    let (mut reader, mut track) = (serde_json::Deserializer::from_str(json), Track::new());
    // It only fails after the value: there is more behind it.
    let Err(error) =
        ty.deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track))
    else {
        return not_json(first);
    };
    let mut location = Location::root("data");
    let mut in_list = false;
    for segment in &track.path() {
        in_list = matches!(segment, Segment::Seq { .. });
        location = match segment {
            Segment::Seq { index } => location.index(*index),
            Segment::Map { key } => location.key(key),
            Segment::Enum { variant } => location.key(variant),
            Segment::Unknown => location,
        };
    }
    reason(location, in_list, &error)
}

fn not_json(error: &serde_json::Error) -> Rejection {
    let says = format_args!("is not JSON: {error}. Publish it as a JSON object in UTF-8");
    Rejection::new("data", Problem::NotJson, says)
}

/// Turns serde's message, or our own that it carries, into a problem.
fn reason(location: Location, in_list: bool, error: &serde_json::Error) -> Rejection {
    let message = error.to_string();
    if let Some((problem, says)) = marked(&message) {
        return Rejection::at(&location, problem, says);
    }
    let message = message.rsplit_once(" at line ").map_or(&*message, |(before, _)| before);
    if let Some(field) = quoted(message, "missing field `") {
        return Rejection::at(&location.key(field), Problem::Missing, "is required: name it");
    }
    if let Some(field) = quoted(message, "duplicate field `") {
        let says = "occurs twice in its object: name it once";
        return Rejection::at(&location.key(field), Problem::Duplicate, says);
    }
    if let Some(rest) = message.strip_prefix("invalid type: ") {
        let (found, expected) = rest.rsplit_once(", expected ").unwrap_or((rest, "another type"));
        if found == "null" && !in_list {
            let says = format_args!("is required and is null: it must be {expected}");
            return Rejection::at(&location, Problem::Missing, says);
        }
        let says = format_args!("is {}, and must be {expected}", json_name(found));
        return Rejection::at(&location, Problem::WrongType, says);
    }
    if message.starts_with("number out of range") {
        let says = "is a number beyond what 64 bits hold: use a smaller one";
        return Rejection::at(&location, Problem::OutOfRange, says);
    }
    if message.contains("hex escape") {
        let says = format_args!("is not Unicode ({message}): escape characters as UTF-16 pairs");
        return Rejection::at(&location, Problem::Invalid, says);
    }
    if error.is_syntax() || error.is_eof() {
        return not_json(error);
    }
    Rejection::at(&location, Problem::Invalid, format_args!("is not usable: {}", cut(message)))
}

fn marked(message: &str) -> Option<(Problem, &str)> {
    let mut parts = message.strip_prefix(MARK)?.splitn(3, MARK);
    let name = parts.next()?;
    let problem = Problem::ALL.into_iter().find(|problem| problem.name() == name)?;
    Some((problem, parts.next()?))
}

fn quoted<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message.strip_prefix(prefix)?.strip_suffix('`')
}

/// serde's word for what was found, in JSON's words.
fn json_name(found: &str) -> String {
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "an array".to_owned(),
        "null" => found.to_owned(),
        found => cut(&format!("the {}", found.replacen("floating point", "number", 1))),
    }
}
