//! The reference of all keys, generated from what the structs say.

use std::fmt::Write as _;

use serde_json::Value;

use super::keys::{KEYS, Key, Shape, variable};
use super::{Config, show};

const HEAD: &str = "\
<!-- Generated: `vitrine config show --reference > docs/configuration.md` -->

# Configuration

Settings come from four places, each over the one before it: the defaults below, a TOML file
(`--config FILE`, or the variable `VITRINE_CONFIG`), environment variables, and flags (`--listen`,
`--data-dir`, and `--set key=value` for any key). A key that does not exist is refused by name,
wherever it is said. `vitrine config check` checks a configuration and `vitrine config show` prints
what holds, with secrets left out.

The variable of a key is `VITRINE_` and the key in capitals, with two underscores between a table
and its key. What a string key takes is taken as it stands; lists and tables are given as a TOML or
JSON value:

```sh
VITRINE_HTTP__LISTEN=0.0.0.0:80
VITRINE_STORE__REPLICAS='[\"postgres://vitrine@replica/shop\"]'
VITRINE_MARKET='[{id=\"us\", currency=\"USD\", locale=\"en\"}]'
```

A list is replaced as a whole by a later source; tables merge key by key. Variables such as
`VITRINE_PORT=tcp://...`, which Kubernetes sets for a Service of that name, are passed over.
";

/// All keys as Markdown.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    let (tables, top): (Vec<&Key>, Vec<&Key>) = KEYS.iter().partition(|key| is_table(key));
    page.push_str("\n## Top level\n\n");
    rows(&top, "", true, &mut page);
    for key in tables {
        table(key, &key.name, &mut page);
    }
    page.push_str("\n## All defaults\n\n```toml\n");
    page.push_str(&show(&Config::default()));
    page.push_str("```\n");
    page
}

/// Whether a key has a part of its own: it is a table, or a list of tables.
fn is_table(key: &Key) -> bool {
    match &key.shape {
        Shape::Section(_) => true,
        Shape::List { items, .. } => matches!(**items, Shape::Section(_)),
        _ => false,
    }
}

fn table(key: &Key, path: &str, page: &mut String) {
    let (keys, heading, in_list) = match &key.shape {
        Shape::Section(keys) => (keys, format!("[{path}]"), false),
        Shape::List { items, .. } => match &**items {
            Shape::Section(keys) => (keys, format!("[[{path}]]"), true),
            _ => return,
        },
        _ => return,
    };
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## `{heading}`\n\n{}\n", key.description);
    if in_list {
        let (variable, takes) = (variable(path), key.shape.takes());
        let _ = writeln!(page, "\nAs a whole: `{path}`, {takes}; environment: `{variable}`.");
    }
    let (tables, plain): (Vec<&Key>, Vec<&Key>) = keys.iter().partition(|key| is_table(key));
    if !plain.is_empty() {
        page.push('\n');
        rows(&plain, &format!("{path}."), !in_list, page);
    }
    for key in tables {
        table(key, &format!("{path}.{}", key.name), page);
    }
}

fn rows(keys: &[&Key], prefix: &str, has_variable: bool, page: &mut String) {
    let environment = if has_variable { ["| Environment ", "| --- "] } else { ["", ""] };
    let [title, rule] = environment;
    let _ = writeln!(page, "| Key | Type | Default {title}| Description |");
    let _ = writeln!(page, "| --- | --- | --- {rule}| --- |");
    for key in keys {
        let path = format!("{prefix}{}", key.name);
        let variable = match has_variable {
            true => format!("| `{}` ", variable(&path)),
            false => String::new(),
        };
        let (name, takes, default) = (&key.name, key.shape.takes(), default(key));
        let description = key.description.replace('|', "\\|");
        let _ = writeln!(page, "| `{name}` | {takes} | {default} {variable}| {description} |");
    }
}

fn default(key: &Key) -> String {
    match &key.default {
        None => "required".to_owned(),
        Some(Value::Null) => "not set".to_owned(),
        Some(Value::Object(empty)) if empty.is_empty() => "`{}`".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}
