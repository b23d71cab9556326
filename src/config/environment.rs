//! Environment variables and flags: one key each, as text.

use toml::Value;

use super::error::{ConfigError, Origin, Problem};
use super::keys::{self, Shape};
use super::layers::Layers;

/// What the name of every variable starts with.
pub(super) const PREFIX: &str = "VITRINE_";

/// The variable that names the configuration file. It is no key.
pub(super) const FILE: &str = "VITRINE_CONFIG";

/// What flags say over everything else.
#[derive(Clone, Default, Debug)]
pub struct Overrides {
    /// `--set key=value`, in order; a later one wins.
    pub set: Vec<String>,
    /// `--listen`: `http.listen`. It wins over `--set`.
    pub listen: Option<String>,
    /// `--data-dir`: `data_dir`. It wins over `--set`.
    pub data_dir: Option<String>,
}

/// The environment variables of this process that [`Config::load`](super::Config::load) takes.
///
/// # Errors
///
/// Where the value of a `VITRINE_` variable is no UTF-8.
pub fn environment() -> Result<Vec<(String, String)>, ConfigError> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        if !name.starts_with(PREFIX) {
            continue;
        }
        match value.into_string() {
            Ok(value) => variables.push((name, value)),
            Err(_) => {
                return Err(ConfigError::from(Problem {
                    key: None,
                    origin: Origin::Environment(name),
                    what: "its value is not UTF-8".to_owned(),
                    advice: "correct or unset it".to_owned(),
                }));
            }
        }
    }
    Ok(variables)
}

/// Lays the variables over what there is, a table before the keys in it.
pub(super) fn variables(mut variables: Vec<(String, String)>, layers: &mut Layers) {
    variables.sort();
    for (name, value) in variables {
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        if name == FILE || is_service_link(&name, &value) {
            continue;
        }
        let segments = key.split("__").map(str::to_lowercase).collect();
        // The names of librdkafka's settings have dots, which a variable's name cannot have.
        let entry = |rest: &[String]| rest.join(".").replace('_', ".");
        lay(segments, entry, &value, Origin::Environment(name), layers);
    }
}

/// Lays what flags say over what there is.
pub(super) fn flags(overrides: &Overrides, layers: &mut Layers) {
    let entry = |rest: &[String]| rest.join(".");
    let segments = |key: &str| key.split('.').map(str::to_owned).collect();
    for set in &overrides.set {
        let origin = Origin::Flag(format!("--set {}", set.split('=').next().unwrap_or(set).trim()));
        let Some((key, value)) = set.split_once('=') else {
            layers.problem(Problem {
                key: None,
                origin,
                what: "it sets nothing".to_owned(),
                advice: "write --set key=value, such as --set http.workers=4".to_owned(),
            });
            continue;
        };
        lay(segments(key.trim()), entry, value, origin, layers);
    }
    let dedicated = [
        ("--listen", "http.listen", &overrides.listen),
        ("--data-dir", "data_dir", &overrides.data_dir),
    ];
    for (flag, key, value) in dedicated {
        if let Some(value) = value {
            lay(segments(key), entry, value, Origin::Flag(flag.to_owned()), layers);
        }
    }
}

/// Lays one key's text over what there is; `entry` names a free key by what follows its table.
fn lay(
    mut path: Vec<String>,
    entry: impl Fn(&[String]) -> String,
    text: &str,
    origin: Origin,
    layers: &mut Layers,
) {
    let free = Shape::String { one_of: Vec::new() };
    let shape = match keys::find(&path) {
        Some((shape, 0)) => shape,
        Some((Shape::Map, left)) => {
            let rest = path.split_off(path.len() - left);
            path.push(entry(&rest));
            &free
        }
        Some((Shape::List { .. }, left)) => {
            let list = path.iter().take(path.len() - left).cloned().collect::<Vec<_>>().join(".");
            return layers.problem(Problem {
                key: Some(path.join(".")),
                origin,
                what: "a list is set as a whole".to_owned(),
                advice: format!("give {list} a value such as [...]"),
            });
        }
        _ => return layers.unknown(&path.join("."), origin),
    };
    match parse(shape, text) {
        Ok(value) => layers.value(shape, &path, value, &|_| origin.clone()),
        Err(what) => layers.problem(Problem {
            key: Some(path.join(".")),
            origin,
            what,
            advice: format!("it takes {}{}", shape.takes(), example(shape)),
        }),
    }
}

/// The value that `text` is for a key of this shape. What a string key takes is never interpreted.
fn parse(shape: &Shape, text: &str) -> Result<Value, String> {
    match shape {
        Shape::String { .. } => Ok(Value::String(text.to_owned())),
        Shape::Integer { .. } => {
            let number = text.trim().replace('_', "").parse();
            number.map(Value::Integer).map_err(|_| format!("`{text}` is no whole number"))
        }
        Shape::Boolean => {
            let truth = text.trim().parse();
            truth.map(Value::Boolean).map_err(|_| format!("`{text}` is neither true nor false"))
        }
        // Not quoted in the message: it may hold a password.
        _ => text
            .trim()
            .parse()
            .or_else(|_| serde_json::from_str(text))
            .map_err(|_| "is neither a TOML nor a JSON value".to_owned()),
    }
}

fn example(shape: &Shape) -> &'static str {
    match shape {
        Shape::List { items, .. } if matches!(**items, Shape::Section(_)) => {
            ", such as [{id=\"us\", ...}]"
        }
        Shape::List { .. } => ", such as [\"a\", \"b\"]",
        Shape::Section(_) | Shape::Map => ", such as {a=\"b\"}",
        _ => "",
    }
}

/// Whether Kubernetes set this variable for a Service whose name starts with `vitrine`, as it
/// does in every pod of the namespace. Nobody has configured anything by it.
fn is_service_link(name: &str, value: &str) -> bool {
    if name.contains("__") {
        return false;
    }
    let port = |text: &str| text.parse::<u16>().is_ok();
    let url = |text: &str| ["tcp://", "udp://", "sctp://"].iter().any(|s| text.starts_with(s));
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<std::net::IpAddr>().is_ok();
    }
    if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return port(value);
    }
    // VITRINE_PORT, VITRINE_PORT_80_TCP and VITRINE_PORT_80_TCP_{PROTO,PORT,ADDR}
    let Some((_, rest)) = name.split_once("_PORT") else { return false };
    let mut parts = rest.split('_').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => url(value),
        (Some(number), Some("TCP" | "UDP" | "SCTP"), _) => port(number),
        _ => false,
    }
}
