//! Two answers compared member by member.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};

/// What stands for a member that one of the answers does not have.
pub const MISSING: &str = "(missing)";

/// What names an element of a list among others: the first of these that all elements have.
const NAMES: [&str; 4] = ["id", "sku", "discount_id", "url"];

/// A member that is not the same in two answers.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FieldDifference {
    /// Steps from the root, joined by dots; an element of a list is `[]`, as in `variants[].price.final`. Empty: the
    /// whole answer.
    pub path: String,
    /// The same with the element's own name or its index, as in `variants[mug-red].price.final`.
    pub field: String,
    pub live: Value,
    pub new: Value,
}

/// The members that differ, in the order of the live answer's.
///
/// Elements of lists that have names (`id`, `sku`, `discount_id`, `url`) are compared by name, so that one more is one
/// difference; another order of the same ones is a difference of the list itself. Lists of plain values are compared
/// as a whole, others by index. A member that is missing is another one than `null`: [`MISSING`] stands for it.
pub fn differences(live: &Value, new: &Value) -> Vec<FieldDifference> {
    let mut found = Vec::new();
    Walk { path: String::new(), field: String::new() }.compare(live, new, &mut found);
    found
}

/// Where the walk is.
struct Walk {
    path: String,
    field: String,
}

impl Walk {
    fn member(&self, name: &str) -> Walk {
        let join = |base: &str| match base {
            "" => name.to_owned(),
            base => format!("{base}.{name}"),
        };
        Walk { path: join(&self.path), field: join(&self.field) }
    }

    fn element(&self, name: impl std::fmt::Display) -> Walk {
        Walk { path: format!("{}[]", self.path), field: format!("{}[{name}]", self.field) }
    }

    fn report(&self, live: Value, new: Value, found: &mut Vec<FieldDifference>) {
        let (path, field) = (self.path.clone(), self.field.clone());
        found.push(FieldDifference { path, field, live, new });
    }

    fn compare(&self, live: &Value, new: &Value, found: &mut Vec<FieldDifference>) {
        match (live, new) {
            (Value::Object(live), Value::Object(new)) => self.objects(live, new, found),
            (Value::Array(live), Value::Array(new)) => self.lists(live, new, found),
            _ if live == new => {}
            _ => self.report(live.clone(), new.clone(), found),
        }
    }

    /// Two that may not be there.
    fn optional(
        &self,
        live: Option<&Value>,
        new: Option<&Value>,
        found: &mut Vec<FieldDifference>,
    ) {
        let shown = |value: Option<&Value>| value.cloned().unwrap_or_else(|| MISSING.into());
        match (live, new) {
            (Some(live), Some(new)) => self.compare(live, new, found),
            _ => self.report(shown(live), shown(new), found),
        }
    }

    fn objects(
        &self,
        live: &Map<String, Value>,
        new: &Map<String, Value>,
        found: &mut Vec<FieldDifference>,
    ) {
        for (name, value) in live {
            self.member(name).optional(Some(value), new.get(name), found);
        }
        for (name, value) in new.iter().filter(|(name, _)| !live.contains_key(*name)) {
            self.member(name).optional(None, Some(value), found);
        }
    }

    fn lists(&self, live: &[Value], new: &[Value], found: &mut Vec<FieldDifference>) {
        if live == new {
            return;
        }
        if let Some((live, new)) = named(live, new) {
            return self.named_lists(&live, &new, found);
        }
        if live.iter().chain(new).all(|v| !v.is_object() && !v.is_array()) {
            return self.report(Value::from(live.to_vec()), Value::from(new.to_vec()), found);
        }
        for i in 0..live.len().max(new.len()) {
            self.element(i).optional(live.get(i), new.get(i), found);
        }
    }

    fn named_lists(&self, live: &[Named<'_>], new: &[Named<'_>], found: &mut Vec<FieldDifference>) {
        let of_live: HashMap<&str, &Value> = live.iter().copied().collect();
        let of_new: HashMap<&str, &Value> = new.iter().copied().collect();
        let common = |list: &[Named<'_>]| -> Vec<Value> {
            let both = |name: &str| of_live.contains_key(name) && of_new.contains_key(name);
            list.iter().filter(|(n, _)| both(n)).map(|(n, _)| Value::from(*n)).collect()
        };
        let (in_live, in_new) = (common(live), common(new));
        if in_live != in_new {
            self.report(in_live.into(), in_new.into(), found);
        }
        for (name, value) in live {
            self.element(name).optional(Some(value), of_new.get(name).copied(), found);
        }
        for (name, value) in new.iter().filter(|(name, _)| !of_live.contains_key(name)) {
            self.element(name).optional(None, Some(value), found);
        }
    }
}

type Named<'a> = (&'a str, &'a Value);

/// Both lists with the names of their elements, if all have one and none has it twice.
fn named<'a>(live: &'a [Value], new: &'a [Value]) -> Option<(Vec<Named<'a>>, Vec<Named<'a>>)> {
    let by = |list: &'a [Value], member: &str| -> Option<Vec<Named<'a>>> {
        let named: Option<Vec<Named<'a>>> =
            list.iter().map(|v| Some((v.get(member)?.as_str()?, v))).collect();
        let named = named?;
        let names: HashSet<&str> = named.iter().map(|(name, _)| *name).collect();
        (names.len() == named.len()).then_some(named)
    };
    NAMES.into_iter().find_map(|member| Some((by(live, member)?, by(new, member)?)))
}

/// A value as it is shown in an example: at most so many characters of text.
pub(crate) fn shortened(value: Value) -> Value {
    const SHOWN_CHARS: usize = 160;
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => value.to_string(),
        _ => return value,
    };
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => Value::from(format!("{}...", &text[..end])),
        None => value,
    }
}
