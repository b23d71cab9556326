//! Arrows run one way: a room of `src/`, which is a file or a folder there, imports what stands before
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rooms from the ground up, and why each group stands where it does. Rooms of a group may import
/// one another, as long as that makes no circle.
const ORDER: [(&[&str], &str); 16] = [
    (
        &["backoff", "clock", "nearest", "schedule", "tasks", "waits"],
        "tools: they know nothing of what Vitrine is about",
    ),
    (&["config", "sqlite"], "what is configured, and how files of SQLite are opened"),
    (&["log"], "where events come from; the embedded log is a file of SQLite"),
    (&["decode"], "what a log's messages say"),
    (&["store"], "what is kept of decoded messages, and from which position of the log"),
    (&["catalogue", "changes"], "which stores there are, and how a store's feed is followed"),
    (&["index"], "listings in memory, which follow a store"),
    (&["cache", "telemetry"], "finished answers, and metrics of all that stands before"),
    (&["projector"], "writes what a log says into a store, and counts it"),
    (
        &["api", "rebuild", "stack", "verdict"],
        "answers from a store, fills one, opens what is configured, compares two",
    ),
    (&["warm"], "has the API make pages before anybody asks"),
    (&["generations"], "runs all of it for each generation, and switches between them"),
    (&["admin"], "endpoints that have generations rebuilt and caches warmed"),
    (&["service"], "starts and stops all of it"),
    (&["demo"], "a storefront on top of a service"),
    (&["cli"], "the commands"),
];

/// The files at the top: they import any room, and no room imports them.
const TOP: [&str; 2] = ["lib.rs", "main.rs"];

/// Names of the crate that are other crates.
const CRATES: [&str; 1] = ["generate"];

const ADVICE: &str = "Move what is needed into a room below both (often it is a type, a trait or a \
                      constant), let the caller hand it in (a value, a closure), or move the code \
                      that needs it up. `ORDER` in tests/arrows.rs has all rooms.";

/// A file of `src/`: its path from there, and what is in it.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many `super::` lead from it to the crate.
    fn depth(&self) -> usize {
        let path = self.path.strip_suffix("/mod.rs").unwrap_or(&self.path);
        path.split('/').count()
    }

    /// The crate's names that it imports or links to, each with its line.
    fn imports(&self) -> Vec<(usize, &str)> {
        let from_here = "super::".repeat(self.depth());
        let mut found = Vec::new();
        for root in ["crate::", from_here.as_str()] {
            for (at, _) in self.text.match_indices(root) {
                let before = &self.text[..at];
                let is_part = before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
                    || before.ends_with("super::");
                if is_part {
                    continue;
                }
                let line = before.matches('\n').count() + 1;
                let names = first_names(&self.text[at + root.len()..]);
                found.extend(names.into_iter().map(|name| (line, name)));
            }
        }
        found.retain(|(_, name)| *name != "super");
        found
    }
}

/// The first name of a path, or of each path in braces.
fn first_names(path: &str) -> Vec<&str> {
    let name = |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_');
    let Some(braced) = path.strip_prefix('{') else {
        return vec![&path[..name(path).unwrap_or(path.len())]];
    };
    let (mut names, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in braced.char_indices() {
        let ends = depth == 0 && (c == ',' || c == '}');
        if ends {
            let path = braced[from..at].trim_start();
            names.push(&path[..name(path).unwrap_or(path.len())]);
            from = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// At which place of the order a room stands.
fn place(room: &str) -> Option<usize> {
    ORDER.iter().position(|(rooms, _)| rooms.contains(&room))
}

/// What is wrong, a paragraph each.
fn wrong(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    for room in rooms.iter().filter(|room| place(room).is_none()) {
        wrong.push(format!(
            "src/{room} is not in the order of the rooms: give it a place in `ORDER` of tests/arrows.rs, after all that it \
             imports, and say why it stands there"
        ));
    }
    // Between rooms of one group.
    let mut beside: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for source in sources {
        let room = source.room();
        let Some(here) = place(room) else { continue };
        for (line, name) in source.imports() {
            if name == room || CRATES.contains(&name) {
                continue;
            }
            let file = format!("src/{}:{line}", source.path);
            match place(name) {
                None => wrong.push(format!(
                    "{file} imports crate::{name}, which is no room in `ORDER` of tests/arrows.rs"
                )),
                Some(there) if there > here => wrong.push(format!(
                    "{file} imports crate::{name}, which stands above `{room}` ({name}: {}; {room}: {}). {ADVICE}",
                    ORDER[there].1, ORDER[here].1
                )),
                Some(there) if there == here => {
                    beside.entry(room).or_default().entry(name).or_insert(file);
                }
                Some(_) => {}
            }
        }
    }
    wrong.extend(circles(&beside));
    wrong
}

/// An import of a room by another one of its group: both, and where it is.
type Step<'a> = (&'a str, &'a str, &'a str);

/// Circles of rooms in one group. Without one, no files of different rooms import one another in a
/// circle either: all other imports run down.
fn circles(imports: &BTreeMap<&str, BTreeMap<&str, String>>) -> Vec<String> {
    let mut found = Vec::new();
    for (room, imported) in imports {
        for (other, file) in imported {
            let Some(back) = way(imports, other, room, &mut BTreeSet::new()) else { continue };
            // A circle is told of once: from the first of its rooms.
            if back.iter().all(|(from, ..)| *from > *room) {
                let steps = std::iter::once((*room, *other, file.as_str())).chain(back);
                let steps: Vec<String> = steps
                    .map(|(from, to, file)| format!("`{from}` imports `{to}` ({file})"))
                    .collect();
                found.push(format!("a circle: {}. {ADVICE}", steps.join(", ")));
            }
        }
    }
    found
}

/// The imports that lead from one room to another one.
fn way<'a>(
    imports: &'a BTreeMap<&str, BTreeMap<&str, String>>,
    from: &'a str,
    to: &str,
    seen: &mut BTreeSet<&'a str>,
) -> Option<Vec<Step<'a>>> {
    if from == to {
        return Some(Vec::new());
    }
    if !seen.insert(from) {
        return None;
    }
    imports.get(from)?.iter().find_map(|(next, file)| {
        let rest = way(imports, next, to, seen)?;
        Some(std::iter::once((from, *next, file.as_str())).chain(rest).collect())
    })
}

/// Reads all files under a folder of `src/`.
fn read(folder: &Path, within: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{within}{name}");
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{path}/"), sources);
        } else if name.ends_with(".rs") && !TOP.contains(&path.as_str()) {
            sources.push(Source { path, text: fs::read_to_string(entry.path()).unwrap() });
        }
    }
}

#[test]
fn imports_run_down() {
    let mut sources = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let wrong = wrong(&sources);
    assert!(wrong.is_empty(), "\n\n{}\n", wrong.join("\n\n"));
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    for room in ORDER.iter().flat_map(|(rooms, _)| *rooms) {
        assert!(
            rooms.contains(room),
            "src/{room} is gone: take it out of `ORDER` of tests/arrows.rs"
        );
    }
}

/// What is wrong with files that hold these texts.
fn wrong_with(files: &[(&str, &str)]) -> Vec<String> {
    let source =
        |(path, text): &(&str, &str)| Source { path: (*path).into(), text: (*text).into() };
    wrong(&files.iter().map(source).collect::<Vec<_>>())
}

#[test]
fn an_import_upward_is_found_however_it_is_written() {
    for (path, text) in [
        ("cache/key.rs", "use crate::warm::stored;"),
        ("cache/key.rs", "use crate::{clock, config::{Config, Role}, warm::{self, stored}};"),
        ("cache/key.rs", "use crate::{\n    clock,\n    warm,\n};"),
        ("cache/key.rs", "fn key() -> crate::warm::Key { todo!() }"),
        ("cache/key.rs", "/// See [`crate::warm`]."),
        ("cache/key.rs", "use super::super::warm::stored;"),
        ("cache/mod.rs", "pub use super::warm;"),
        ("cache/key.rs", "use super::super::{clock, warm};"),
        ("clock.rs", "use super::warm;"),
    ] {
        let wrong = wrong_with(&[(path, text)]);
        let [only] = wrong.as_slice() else { panic!("{text}: {wrong:?}") };
        assert!(only.starts_with(&format!("src/{path}:")), "{text}: {only}");
        assert!(only.contains("imports crate::warm, which stands above"), "{text}: {only}");
    }
}

#[test]
fn imports_that_run_down_or_stay_are_fine() {
    let files = [
        ("warm/mod.rs", "use crate::{api::ApiState, cache, generate};\nuse super::cache;"),
        ("warm/stored.rs", "use super::mod_of_warm;\nuse crate::warm::popularity;"),
        ("stack.rs", "use crate::api::Page;"),
        ("api/mod.rs", "pub(crate) fn superb() {}\npub(super) fn page() {}"),
    ];
    assert_eq!(wrong_with(&files), Vec::<String>::new());
}

#[test]
fn a_circle_in_a_group_is_found() {
    let wrong = wrong_with(&[
        ("stack.rs", "use crate::api::Page;"),
        ("api/path.rs", "use super::mapped;\nuse crate::verdict::Verdict;"),
        ("verdict/walk.rs", "use crate::stack;"),
    ]);
    let [only] = wrong.as_slice() else { panic!("{wrong:?}") };
    let circle = "a circle: `api` imports `verdict` (src/api/path.rs:2), `verdict` imports `stack` \
                  (src/verdict/walk.rs:1), `stack` imports `api` (src/stack.rs:1). ";
    assert!(only.starts_with(circle), "{only}");
}

#[test]
fn a_room_without_a_place_is_found() {
    let wrong = wrong_with(&[("attic.rs", "use crate::clock;"), ("clock.rs", "use crate::attic;")]);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].starts_with("src/attic is not in the order of the rooms"), "{wrong:?}");
    assert!(
        wrong[1].starts_with("src/clock.rs:1 imports crate::attic, which is no room"),
        "{wrong:?}"
    );
}
