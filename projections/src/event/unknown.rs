//! Members of a payload that events of its type do not have: most likely a slip of the pen.

use serde::de::DeserializeSeed;
use serde_ignored::Path;

use super::EventType;
use super::rejection::cut;

/// A member that no event of its type has. It is ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownMember {
    /// The code's path of what it stands in: `data`, `data.categories`.
    pub parent: String,
    /// The member's own name, cut.
    pub name: String,
    /// Where exactly: `data.categories[0].nam`.
    pub shown: String,
}

/// The first `limit` unknown members of a payload, at any depth but in texts, attributes and options, whose names are the
/// publisher's own. A payload that is refused has none.
pub fn unknown_members(ty: EventType, json: &[u8], limit: usize) -> Vec<UnknownMember> {
    let mut unknown = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let mut note = |path: Path<'_>| {
        if unknown.len() < limit {
            unknown.push(UnknownMember::at(&path));
        }
    };
    match ty.deserialize(serde_ignored::Deserializer::new(&mut reader, &mut note)) {
        Ok(_) => unknown,
        Err(_) => Vec::new(),
    }
}

impl UnknownMember {
    fn at(path: &Path<'_>) -> UnknownMember {
        let (mut parent, mut shown) = ("data".to_owned(), "data".to_owned());
        let mut name = String::new();
        let mut steps = Vec::new();
        collect(path, &mut steps);
        let last = steps.len().saturating_sub(1);
        for (i, step) in steps.iter().enumerate() {
            match step {
                Step::Index(index) => shown.push_str(&format!("[{index}]")),
                Step::Key(key) => {
                    let key = cut(key);
                    shown.push('.');
                    shown.push_str(&key);
                    if i == last {
                        name = key;
                    } else {
                        parent.push('.');
                        parent.push_str(&key);
                    }
                }
            }
        }
        UnknownMember { parent, name, shown }
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn collect<'a>(path: &'a Path<'a>, steps: &mut Vec<Step<'a>>) {
    match path {
        Path::Root => {}
        Path::Seq { parent, index } => {
            collect(parent, steps);
            steps.push(Step::Index(*index));
        }
        Path::Map { parent, key } => {
            collect(parent, steps);
            steps.push(Step::Key(key));
        }
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => collect(parent, steps),
    }
}
