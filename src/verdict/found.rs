//! Differences gathered by path, with a few examples of each.

use std::collections::BTreeMap;

use projections::instant::Instant;
use serde::Serialize;
use serde_json::Value;

use super::fields::shortened;

/// Examples that are kept of a path.
pub const MAX_EXAMPLES: usize = 10;
/// Paths that are told apart; what differs at further ones is only counted.
pub const MAX_PATHS: usize = 200;

/// A field that differs, with where that was seen.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Difference {
    /// The kind of page and the steps to the field, as in `product.variants[].price.final`.
    pub path: String,
    /// Answers in which it differs.
    pub answers: u64,
    /// The first ones, at most [`MAX_EXAMPLES`].
    pub examples: Vec<Example>,
}

/// One answer in which a field differs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Example {
    /// The product's or the discount's id, or what is counted.
    pub subject: String,
    /// The path with the names of elements, as in `variants[mug-red].price.final`.
    pub field: String,
    pub market: Option<String>,
    /// `null`: everyone.
    pub group: Option<String>,
    /// The instant that was asked for.
    pub at: Option<Instant>,
    pub live: Value,
    pub new: Value,
}

/// What tells one difference from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    pub subject: String,
    pub path: String,
}

/// A field that differs in one or more answers about one subject; the first is the example.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Found {
    pub path: String,
    pub answers: u64,
    pub example: Example,
}

impl Found {
    pub fn key(&self) -> Key {
        Key { subject: self.example.subject.clone(), path: self.path.clone() }
    }

    /// The same values in the same answer.
    pub fn same_values(&self, other: &Found) -> bool {
        self.example == other.example
    }
}

/// All that was found, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Findings {
    by_path: BTreeMap<String, Difference>,
    others: u64,
}

impl Findings {
    pub fn add(&mut self, found: Found) {
        let Found { path, answers, mut example } = found;
        if !self.by_path.contains_key(&path) && self.by_path.len() >= MAX_PATHS {
            self.others += answers;
            return;
        }
        let difference = self.by_path.entry(path).or_insert_with_key(|path| Difference {
            path: path.clone(),
            answers: 0,
            examples: Vec::new(),
        });
        difference.answers += answers;
        if difference.examples.len() < MAX_EXAMPLES {
            example.live = shortened(example.live);
            example.new = shortened(example.new);
            difference.examples.push(example);
        }
    }

    /// The differences in the order of their paths, and answers that differ beyond those.
    pub fn finish(self) -> (Vec<Difference>, u64) {
        (self.by_path.into_values().collect(), self.others)
    }
}
