//! What a new generation may be seeded from: the facts of another one.

use std::path::PathBuf;

/// The setting that says, once facts were taken from another generation, from which.
pub const SEEDED_FROM: &str = "seeded_from";

/// Another generation of the same kind of store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seed {
    /// Its schema in the same PostgreSQL database.
    Schema(String),
    /// Its SQLite file.
    File(PathBuf),
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Seed::Schema(schema) => f.write_str(schema),
            Seed::File(file) => file.display().fmt(f),
        }
    }
}

/// Tables of facts, and of what is known beside them, in every store: all else is computed from these.
/// What is left to be done is not among them, since every view is computed anew; nor are settings, which
/// speak of views that are stored.
pub(super) const FACT_TABLES: [&str; 10] = [
    "product",
    "price",
    "stock",
    "discount",
    "discount_scope",
    "review",
    "review_count",
    "dead_letter",
    "outcome_count",
    "position",
];
