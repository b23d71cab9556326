//! The configuration file.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use toml::Table;
use toml::de::{DeTable, DeValue};

use super::error::{Origin, Problem};
use super::layers::Layers;

/// Lays the file at `path` over what there is.
pub(super) fn read(path: &Path, layers: &mut Layers) {
    let name = path.display().to_string();
    let problem = |line, what: String, advice: &str| Problem {
        key: None,
        origin: Origin::File { path: name.clone(), line },
        what,
        advice: advice.to_owned(),
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let what = format!("the configuration file cannot be read: {error}");
            let advice = "check the path given by --config or VITRINE_CONFIG";
            return layers.problem(problem(None, what, advice));
        }
    };
    // The message alone: the whole error quotes the line, which may hold a secret.
    let (table, lines) = match text.parse::<Table>().and_then(|table| Ok((table, lines(&text)?))) {
        Ok(read) => read,
        Err(error) => {
            let line = error.span().map(|span| line_at(&text, span.start));
            let what = format!("the configuration file is not TOML: {}", error.message());
            return layers.problem(problem(line, what, "correct that line"));
        }
    };
    layers
        .table(table, &|path| Origin::File { path: name.clone(), line: lines.get(path).copied() });
}

/// The line of every key and list entry, by dotted path.
fn lines(text: &str) -> Result<HashMap<String, usize>, toml::de::Error> {
    fn table(table: &DeTable, prefix: &str, text: &str, into: &mut HashMap<String, usize>) {
        for (key, value) in table {
            let path = format!("{prefix}{}", key.get_ref());
            into.insert(path.clone(), line_at(text, key.span().start));
            nested(value.get_ref(), &path, text, into);
        }
    }
    fn nested(value: &DeValue, path: &str, text: &str, into: &mut HashMap<String, usize>) {
        match value {
            DeValue::Table(inner) => table(inner, &format!("{path}."), text, into),
            DeValue::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    into.insert(path.clone(), line_at(text, value.span().start));
                    nested(value.get_ref(), &path, text, into);
                }
            }
            _ => {}
        }
    }
    let mut into = HashMap::new();
    table(DeTable::parse(text)?.get_ref(), "", text, &mut into);
    Ok(into)
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}
