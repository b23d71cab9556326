//! The keys there are: read from the JSON schema of [`Config`], so that the structs alone say
//! which keys exist, what they take, what they default to and what they mean.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;
use crate::nearest::best;

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub name: String,
    pub shape: Shape,
    pub description: String,
    /// None where it has to be said.
    pub default: Option<Value>,
}

/// What a key takes.
#[derive(Debug)]
pub(super) enum Shape {
    /// A table of these keys.
    Section(Vec<Key>),
    /// A table of free keys, each with a string.
    Map,
    /// A list.
    List { items: Box<Shape>, max: Option<usize> },
    /// A string, or a table of strings by locale.
    Text,
    /// A string; one of these, where there are any.
    String { one_of: Vec<String> },
    /// A whole number.
    Integer { min: i64, max: i64 },
    /// `true` or `false`.
    Boolean,
}

/// Every key, from the top.
pub(super) static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Config>();
    section(schema.as_value())
});

fn section(schema: &Value) -> Vec<Key> {
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let required = |name: &str| {
        let names = schema["required"].as_array();
        names.is_some_and(|names| names.iter().any(|required| required == name))
    };
    let key = |(name, schema): (&String, &Value)| Key {
        name: name.clone(),
        shape: shape(schema),
        description: schema["description"].as_str().unwrap_or("").replace('\n', " "),
        default: (!required(name)).then(|| schema["default"].clone()),
    };
    properties.iter().map(key).collect()
}

/// The shape that a schema describes; of what `Config` is made of, and no more.
fn shape(schema: &Value) -> Shape {
    if let Some(variants) = schema["oneOf"].as_array() {
        // Variants with a description each have a schema each, of one constant.
        let one_of = variants.iter().flat_map(strings).collect();
        return Shape::String { one_of };
    }
    if schema.get("anyOf").is_some() {
        return Shape::Text;
    }
    let kind = match &schema["type"] {
        // An optional value: its own type, then null.
        Value::Array(types) => types.first().unwrap_or(&Value::Null),
        kind => kind,
    };
    match kind.as_str() {
        Some("object") if schema["properties"].is_object() => Shape::Section(section(schema)),
        Some("object") => Shape::Map,
        Some("array") => Shape::List {
            items: Box::new(shape(&schema["items"])),
            max: schema["maxItems"].as_u64().and_then(|max| usize::try_from(max).ok()),
        },
        Some("integer") => Shape::Integer {
            min: schema["minimum"].as_i64().unwrap_or(0),
            max: schema["maximum"].as_i64().unwrap_or(i64::MAX),
        },
        Some("boolean") => Shape::Boolean,
        _ => Shape::String { one_of: strings(schema) },
    }
}

/// The strings that a schema allows: one of its `enum`, or its `const`.
fn strings(schema: &Value) -> Vec<String> {
    let values = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The shape found along `segments`, and how many of them are left over behind it.
pub(super) fn find(segments: &[String]) -> Option<(&'static Shape, usize)> {
    let mut keys = &*KEYS;
    let mut left = segments.len();
    for segment in segments {
        let key = keys.iter().find(|key| key.name == *segment)?;
        left -= 1;
        match &key.shape {
            Shape::Section(inner) if left > 0 => keys = inner,
            shape => return Some((shape, left)),
        }
    }
    None
}

/// The dotted paths of all keys, tables included.
pub(super) fn paths() -> Vec<String> {
    fn collect(keys: &[Key], prefix: &str, into: &mut Vec<String>) {
        for key in keys {
            let path = format!("{prefix}{}", key.name);
            if let Shape::Section(inner) = &key.shape {
                collect(inner, &format!("{path}."), into);
            }
            into.push(path);
        }
    }
    let mut paths = Vec::new();
    collect(&KEYS, "", &mut paths);
    paths
}

/// The key most likely meant by an unknown one, if any is near.
pub(super) fn nearest(unknown: &str) -> Option<String> {
    // A wrong separator is no other letter, and a key in the wrong table is nearer than it looks.
    let plain = |path: &str| path.to_lowercase().replace("__", ".").replace('_', ".");
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let score = |path: &str| {
        let moved = if last(path) == last(unknown) { 0.9 } else { 0.0 };
        strsim::normalized_damerau_levenshtein(&plain(path), &plain(unknown)).max(moved)
    };
    best(paths(), score)
}

/// The environment variable of a dotted path.
pub(super) fn variable(path: &str) -> String {
    format!("{}{}", super::environment::PREFIX, path.replace('.', "__").to_uppercase())
}
