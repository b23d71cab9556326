//! Readers of single members: each type holds nothing but what the contract allows for it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::rejection::{Problem, cut};
use crate::instant::Instant;
use crate::product::Attribute;
use crate::text::Text;

/// The largest integer that every JSON reader keeps exact: 2^53 - 1.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// The largest amount of money, in minor units.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// The longest id, in bytes of UTF-8.
const MAX_ID_BYTES: usize = 128;

/// Whether `id` is one: 1 to 128 bytes of UTF-8 with no whitespace and no control characters, and
/// neither `.` nor `..`.
///
/// ```
/// use vitrine_projections::event::valid_id;
/// assert!(valid_id("mug/blue@1") && valid_id("Tasse-größer"));
/// assert!(!valid_id("") && !valid_id("a b") && !valid_id(".."));
/// ```
pub fn valid_id(id: &str) -> bool {
    id_problem(id).is_none()
}

/// Whether a version is one: 1 to 2^53 - 1.
pub fn valid_version(version: u64) -> bool {
    (1..=MAX_SAFE_INTEGER.unsigned_abs()).contains(&version)
}

fn id_problem(id: &str) -> Option<Problem> {
    match id {
        "" => Some(Problem::Empty),
        "." | ".." => Some(Problem::Invalid),
        _ if id.len() > MAX_ID_BYTES => Some(Problem::TooLong),
        _ if id.bytes().all(|byte| byte.is_ascii_graphic()) => None,
        _ if id.chars().any(|c| c.is_whitespace() || c.is_control()) => Some(Problem::Invalid),
        _ => None,
    }
}

/// A JSON object read as `T`. Without it serde would take an array of `T`'s fields as well.
pub(super) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

/// What a string must be like, and how it is kept.
pub(super) trait Rule {
    /// What a reader of the detail is told to write.
    const EXPECTED: &'static str;
    type Kept;
    fn keep<E: Error>(text: &str) -> Result<Self::Kept, E>;
}

/// A string that follows the rule `R`.
pub(super) struct Worded<R: Rule>(pub R::Kept);

impl<'de, R: Rule> Deserialize<'de> for Worded<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<R>(PhantomData<R>);
        impl<R: Rule> Visitor<'_> for Reader<R> {
            type Value = Worded<R>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(R::EXPECTED)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                R::keep(text).map(Worded)
            }
        }
        deserializer.deserialize_str(Reader(PhantomData))
    }
}

/// An entity's, market's, group's, brand's or category's id.
pub(super) enum IdRule {}
pub(super) type Id = Worded<IdRule>;

impl Rule for IdRule {
    const EXPECTED: &'static str = "an id, as a string";
    type Kept = String;
    fn keep<E: Error>(text: &str) -> Result<String, E> {
        let Some(problem) = id_problem(text) else { return Ok(text.to_owned()) };
        let says = format_args!(
            "is {:?}, and must be an id: 1 to {MAX_ID_BYTES} bytes of UTF-8 with no whitespace and \
             no control characters, and not `.` or `..`",
            cut(text)
        );
        Err(problem.error(says))
    }
}

/// An instant in RFC 3339.
pub(super) enum MomentRule {}
pub(super) type Moment = Worded<MomentRule>;

impl Rule for MomentRule {
    const EXPECTED: &'static str = "an instant in RFC 3339, as a string";
    type Kept = Instant;
    fn keep<E: Error>(text: &str) -> Result<Instant, E> {
        Instant::parse(text).ok_or_else(|| {
            let text = cut(text);
            Problem::Invalid.error(format_args!(
                "is {text:?}, and must be an instant in RFC 3339, such as 2026-01-31T08:00:00Z"
            ))
        })
    }
}

/// A currency's code.
pub(super) enum CurrencyRule {}
pub(super) type Currency = Worded<CurrencyRule>;

impl Rule for CurrencyRule {
    const EXPECTED: &'static str = "a currency's ISO 4217 code, as a string";
    type Kept = String;
    fn keep<E: Error>(text: &str) -> Result<String, E> {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(text.to_owned());
        }
        let text = cut(text);
        Err(Problem::Invalid.error(format_args!(
            "is {text:?}, and must be an ISO 4217 code of three capital letters, such as EUR"
        )))
    }
}

/// Any string.
pub(super) enum FreeRule {}
pub(super) type Free = Worded<FreeRule>;

impl Rule for FreeRule {
    const EXPECTED: &'static str = "a string";
    type Kept = String;
    fn keep<E: Error>(text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

/// A text of 1 to `MAX` characters.
pub(super) enum ShortRule<const MAX: usize> {}

impl<const MAX: usize> Rule for ShortRule<MAX> {
    const EXPECTED: &'static str = "a string";
    type Kept = String;
    fn keep<E: Error>(text: &str) -> Result<String, E> {
        if text.is_empty() {
            let says = format_args!("is empty, and must have 1 to {MAX} characters");
            return Err(Problem::Empty.error(says));
        }
        // A character has at least one byte: most texts need no count.
        if text.len() > MAX && text.chars().nth(MAX).is_some() {
            let chars = text.chars().count();
            let says = format_args!("has {chars} characters, and may have {MAX}: shorten it");
            return Err(Problem::TooLong.error(says));
        }
        Ok(text.to_owned())
    }
}

/// A text of at most `MAX` bytes of UTF-8.
pub(super) enum LongRule<const MAX: usize> {}

impl<const MAX: usize> Rule for LongRule<MAX> {
    const EXPECTED: &'static str = "a string";
    type Kept = String;
    fn keep<E: Error>(text: &str) -> Result<String, E> {
        if text.len() > MAX {
            let bytes = text.len();
            let says = format_args!("has {bytes} bytes of UTF-8, and may have {MAX}: shorten it");
            return Err(Problem::TooLong.error(says));
        }
        Ok(text.to_owned())
    }
}

/// A [`Text`] that follows the rule `R` in every locale.
pub(super) struct Localized<R>(pub Text, PhantomData<R>);

impl<'de, R: Rule<Kept = String>> Deserialize<'de> for Localized<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<R>(PhantomData<R>);
        impl<'de, R: Rule<Kept = String>> Visitor<'de> for Reader<R> {
            type Value = Localized<R>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or an object with a string a locale")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Localized(Text::Plain(R::keep(text)?), PhantomData))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let by_locale: BTreeMap<_, _> = members(map, |text: Worded<R>| text.0)?;
                if by_locale.is_empty() {
                    let says = "names no locale, and must have at least one with a text";
                    return Err(Problem::Empty.error(says));
                }
                Ok(Localized(Text::ByLocale(by_locale), PhantomData))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// An object whose keys are the publisher's own. A null member is as if it were absent.
pub(super) struct Members<T>(pub BTreeMap<String, T>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Members(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Members<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                members(map, |member: T| member).map(Members)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

fn members<'de, A: MapAccess<'de>, T: Deserialize<'de>, U>(
    mut map: A,
    keep: impl Fn(T) -> U,
) -> Result<BTreeMap<String, U>, A::Error> {
    let mut members: BTreeMap<String, U> = BTreeMap::new();
    while let Some(key) = map.next_key::<String>()? {
        let Some(member) = map.next_value::<Option<T>>()? else { continue };
        if members.contains_key(&key) {
            let says = format_args!("names {:?} twice: name it once", cut(&key));
            return Err(Problem::Duplicate.error(says));
        }
        members.insert(key, keep(member));
    }
    Ok(members)
}

/// An integer from `MIN` to `MAX`, written without fraction and exponent.
pub(super) struct Integer<const MIN: i64, const MAX: i64>(pub i64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Integer<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<const MIN: i64, const MAX: i64>;
        impl<const MIN: i64, const MAX: i64> Visitor<'_> for Reader<MIN, MAX> {
            type Value = Integer<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an integer from {MIN} to {MAX}")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                if (MIN..=MAX).contains(&value) {
                    return Ok(Integer(value));
                }
                let below = MIN == 0 && value < 0;
                let problem = if below { Problem::Negative } else { Problem::OutOfRange };
                Err(outside::<E, MIN, MAX>(problem, value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                match i64::try_from(value) {
                    Ok(value) => self.visit_i64(value),
                    Err(_) => Err(outside::<E, MIN, MAX>(Problem::OutOfRange, value)),
                }
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
                // serde_json reads `-0`, and integers beyond 64 bits, as floats.
                if value == 0.0 && value.is_sign_negative() {
                    return self.visit_i64(0);
                }
                if value.abs() < i64::MAX as f64 {
                    return Err(E::invalid_type(serde::de::Unexpected::Float(value), &self));
                }
                let below = MIN == 0 && value < 0.0;
                let problem = if below { Problem::Negative } else { Problem::OutOfRange };
                Err(outside::<E, MIN, MAX>(problem, value))
            }
        }
        deserializer.deserialize_any(Reader::<MIN, MAX>)
    }
}

#[cold]
fn outside<E: Error, const MIN: i64, const MAX: i64>(
    problem: Problem,
    value: impl fmt::Display,
) -> E {
    problem.error(format_args!("is {value}, and must be an integer from {MIN} to {MAX}"))
}

/// A list of at most `MAX` entries.
pub(super) struct List<T, const MAX: usize = { usize::MAX }>(pub Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Reader<T, MAX> {
            type Value = List<T, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < MAX {
                    match seq.next_element()? {
                        Some(entry) => entries.push(entry),
                        None => return Ok(List(entries)),
                    }
                }
                match seq.next_element::<IgnoredAny>()? {
                    Some(_) => Err(Problem::TooMany
                        .error(format_args!("has more than {MAX} entries: leave some out"))),
                    None => Ok(List(entries)),
                }
            }
        }
        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

/// An enum that is written as one of a few names.
pub(super) trait Named: Copy + 'static {
    const NAMES: &'static [(&'static str, Self)];
}

/// One of the names of `T`.
pub(super) struct Choice<T>(pub T);

impl<'de, T: Named> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<T: Named> Visitor<'_> for Reader<T> {
            type Value = Choice<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&names::<T>())
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let found = T::NAMES.iter().find(|(name, _)| *name == text);
                found.map(|(_, value)| Choice(*value)).ok_or_else(|| {
                    let (text, names) = (cut(text), names::<T>());
                    Problem::NotAllowed.error(format_args!("is {text:?}, and must be {names}"))
                })
            }
        }
        deserializer.deserialize_str(Reader(PhantomData))
    }
}

fn names<T: Named>() -> String {
    T::NAMES.iter().map(|(name, _)| format!("{name:?}")).collect::<Vec<_>>().join(" or ")
}

/// An attribute's value.
pub(super) struct Scalar(pub Attribute);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or a boolean")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(Attribute::Text(text.to_owned())))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(Attribute::Bool(value)))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(Attribute::Integer(value)))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                let attribute = i64::try_from(value);
                Ok(Scalar(attribute.map_or(Attribute::Unsigned(value), Attribute::Integer)))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(Attribute::Float(value)))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
