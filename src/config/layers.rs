//! Sources laid one over another: every value is checked against its key's shape where it is
//! said, and remembers who said it.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Config;
use super::error::{ConfigError, Findings, Origin, Problem};
use super::keys::{self, Key, Shape};
use crate::nearest::nearest;

/// The sources read so far: what they say, who said it, and what was wrong.
#[derive(Default)]
pub(super) struct Layers {
    merged: Table,
    /// By dotted path; only of values, not of tables.
    origins: BTreeMap<String, Origin>,
    problems: Vec<Problem>,
}

/// Tells where a dotted path was said, within one source.
pub(super) type Locate<'a> = &'a dyn Fn(&str) -> Origin;

impl Layers {
    /// Lays a whole table over what there is.
    pub fn table(&mut self, table: Table, locate: Locate) {
        self.section(&keys::KEYS, table, &[], locate);
    }

    /// Lays one value over what there is.
    pub fn value(&mut self, shape: &Shape, path: &[String], value: Value, locate: Locate) {
        let dotted = path.join(".");
        match (shape, value) {
            (Shape::Section(keys), Value::Table(table)) => self.section(keys, table, path, locate),
            (Shape::Map, Value::Table(table)) => self.map(table, path, locate),
            (_, value) => {
                let before = self.problems.len();
                // The value replaces all of the old one, and so do the places of its parts.
                self.origins.retain(|known, _| !is_under(known, &dotted));
                self.conforms(shape, &value, &dotted, locate);
                if self.problems.len() == before {
                    put(&mut self.merged, path, value);
                }
            }
        }
    }

    /// Notes something wrong.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Notes a key that does not exist.
    pub fn unknown(&mut self, path: &str, origin: Origin) {
        let advice = match (keys::nearest(path), &origin) {
            (Some(near), Origin::Environment(_)) => {
                format!("did you mean {}?", keys::variable(&near))
            }
            (Some(near), _) if near == path => {
                format!("write {near} without quotes, or under its [table]")
            }
            (Some(near), _) => format!("did you mean {near}?"),
            (None, _) => "`vitrine config show --reference` lists the keys".to_owned(),
        };
        self.wrong(path, "unknown key", &advice, origin);
    }

    fn section(&mut self, keys: &[Key], table: Table, path: &[String], locate: Locate) {
        for (name, value) in table {
            let path = [path, std::slice::from_ref(&name)].concat();
            match keys.iter().find(|key| key.name == name) {
                Some(key) => self.value(&key.shape, &path, value, locate),
                None => {
                    let dotted = path.join(".");
                    self.unknown(&dotted, locate(&dotted));
                }
            }
        }
    }

    /// Free keys add up over the sources. `a.b = "c"` without quotes is a table to TOML, and means
    /// the key `a.b`; numbers and booleans are taken as their text.
    fn map(&mut self, table: Table, path: &[String], locate: Locate) {
        for (name, value) in flatten(table) {
            let path = [path, &[name]].concat();
            let text = match value {
                Value::Integer(number) => Value::String(number.to_string()),
                Value::Boolean(truth) => Value::String(truth.to_string()),
                value => value,
            };
            self.value(&Shape::String { one_of: Vec::new() }, &path, text, locate);
        }
    }

    /// Checks that a value is what its key takes, noting what is wrong and where it was said.
    fn conforms(&mut self, shape: &Shape, value: &Value, path: &str, locate: Locate) {
        self.origins.insert(path.to_owned(), locate(path));
        match (shape, value) {
            (Shape::Boolean, Value::Boolean(_)) => {}
            (Shape::String { one_of }, Value::String(text)) => {
                if !one_of.is_empty() && !one_of.contains(text) {
                    let what = format!("`{text}` is none of its values");
                    self.wrong(path, &what, &format!("it takes {}", shape.takes()), locate(path));
                }
            }
            (Shape::Integer { min, max }, Value::Integer(number)) => {
                if !(min..=max).contains(&number) {
                    let what = format!("{number} is out of bounds");
                    self.wrong(path, &what, &format!("it takes {}", shape.takes()), locate(path));
                }
            }
            (Shape::Text, Value::String(_)) => {}
            (Shape::Text, Value::Table(texts)) if texts.values().all(Value::is_str) => {}
            (Shape::List { items, max }, Value::Array(values)) => {
                if max.is_some_and(|max| values.len() > max) {
                    let what = format!("{} entries are too many", values.len());
                    self.wrong(path, &what, &format!("it takes {}", shape.takes()), locate(path));
                }
                for (index, value) in values.iter().enumerate() {
                    self.conforms(items, value, &format!("{path}[{index}]"), locate);
                }
            }
            (Shape::Section(keys), Value::Table(table)) => {
                self.entry(keys, table, path, locate);
            }
            (shape, value) => {
                let what = format!("has the wrong type, {}", value.type_str());
                self.wrong(path, &what, &format!("it takes {}", shape.takes()), locate(path));
            }
        }
    }

    /// Checks a table in a list: nothing merges there.
    fn entry(&mut self, keys: &[Key], table: &Table, path: &str, locate: Locate) {
        for (name, value) in table {
            let inner = format!("{path}.{name}");
            if let Some(key) = keys.iter().find(|key| key.name == *name) {
                self.conforms(&key.shape, value, &inner, locate);
                continue;
            }
            let names: Vec<&str> = keys.iter().map(|key| &*key.name).collect();
            let advice = match nearest(names.iter().copied(), name) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("its keys are {}", names.join(", ")),
            };
            self.wrong(&inner, "unknown key", &advice, locate(&inner));
        }
        for key in keys {
            if key.default.is_none() && !table.contains_key(&key.name) {
                let inner = format!("{path}.{}", key.name);
                self.wrong(&inner, "is missing", "add it; it has no default", locate(path));
            }
        }
    }

    fn wrong(&mut self, path: &str, what: &str, advice: &str, origin: Origin) {
        self.problem(Problem {
            key: Some(path.to_owned()),
            origin,
            what: what.to_owned(),
            advice: advice.to_owned(),
        });
    }

    /// The configuration that the sources make together, or all that is wrong with it.
    pub fn finish(mut self) -> Result<Config, ConfigError> {
        if self.problems.is_empty() {
            match self.decode() {
                Ok(config) => {
                    let mut findings = Findings::default();
                    config.check_values(&mut findings);
                    for finding in findings.0 {
                        let origin = self.origin(&finding.key);
                        self.wrong(&finding.key, &finding.what, &finding.advice, origin);
                    }
                    if self.problems.is_empty() {
                        return Ok(config);
                    }
                }
                Err(problem) => self.problem(problem),
            }
        }
        Err(ConfigError { problems: self.problems })
    }

    fn decode(&self) -> Result<Config, Problem> {
        let table = Value::Table(self.merged.clone());
        serde_path_to_error::deserialize(table).map_err(|error| {
            let key = error.path().to_string();
            Problem {
                origin: self.origin(&key),
                what: error.inner().message().to_owned(),
                advice: "`vitrine config show --reference` says what it takes".to_owned(),
                key: Some(key),
            }
        })
    }

    /// Where a path was said, or else the nearest list or table around it.
    fn origin(&self, path: &str) -> Origin {
        let around = self.origins.iter().filter(|(known, _)| is_under(path, known));
        let nearest = around.max_by_key(|(known, _)| known.len());
        nearest.map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}

impl Shape {
    /// What it takes, in words.
    pub fn takes(&self) -> String {
        match self {
            Shape::Section(_) => "a table".to_owned(),
            Shape::Map => "a table of strings".to_owned(),
            Shape::Text => "a string, or a table of strings by locale".to_owned(),
            Shape::String { one_of } if one_of.is_empty() => "a string".to_owned(),
            Shape::String { one_of } => {
                let quoted: Vec<String> = one_of.iter().map(|text| format!("\"{text}\"")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Shape::Integer { min, max: i64::MAX } => format!("a whole number from {min}"),
            Shape::Integer { min, max } => format!("a whole number, {min} to {max}"),
            Shape::Boolean => "true or false".to_owned(),
            Shape::List { items, max } => {
                let items = match **items {
                    Shape::Section(_) => "tables",
                    _ => "strings",
                };
                let most = max.map(|max| format!(", at most {max}")).unwrap_or_default();
                format!("a list of {items}{most}")
            }
        }
    }
}

/// Whether `path` is `root`, or lies in it.
fn is_under(path: &str, root: &str) -> bool {
    let rest = path.strip_prefix(root);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn flatten(table: Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => flat.extend(
                flatten(inner).into_iter().map(|(rest, value)| (format!("{name}.{rest}"), value)),
            ),
            value => flat.push((name, value)),
        }
    }
    flat
}

fn put(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            table.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let slot = table.entry(name.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = slot {
                put(inner, rest, value);
            }
        }
    }
}
