//! The feed of changes, as the store keeps it: what each transaction of a projector changed.
//!
//! A change is written in the transaction that it describes, so that nobody hears of what was not
//! committed, nor misses what was. Readers go on from a cursor of their own; the store forgets changes
//! after a while ([`KEEP`]), and tells whoever comes later that something is lost to it.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use projections::discount::Scope;
use serde::{Deserialize, Serialize};

/// Products, and names in scopes, that one change tells of; beyond that it is of everything.
pub const MAX_NAMES: usize = 100_000;
/// Changes that are read at once; where more wait, they count as lost.
pub const MAX_READ_CHANGES: u32 = 10_000;
/// Bytes, as stored, that are read at once; where more wait, they count as lost.
pub const MAX_READ_BYTES: i64 = 64 * 1024 * 1024;
/// How long changes are kept for those who have not read them.
pub const KEEP: Duration = Duration::from_secs(600);
/// How long it is noted that an image of the index was made.
pub const KEEP_NOTES: Duration = Duration::from_secs(30 * 24 * 3600);
/// What keys of such notes begin with; the image's token follows.
pub const NOTE: &str = "index_image.";
/// Changes that one transaction of pruning deletes.
pub const PRUNED_AT_ONCE: u32 = 1_000;

/// What one transaction changed: of facts, from which all else follows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Change {
    /// More than can be told: any page may differ. All else is empty then.
    pub everything: bool,
    /// Products with other facts, in id order: themselves, their prices, stock or reviews.
    pub products: Vec<String>,
    /// What changed discounts reach, the old and the new scope together.
    pub scopes: Vec<Scope>,
}

impl Change {
    /// Any page may differ.
    pub fn everything() -> Change {
        Change { everything: true, ..Change::default() }
    }

    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Change::default()
    }
}

/// Up to where a reader has read, as the store writes it: good for the store that gave it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ChangeCursor(String);

impl ChangeCursor {
    /// From its text.
    pub fn new(text: impl Into<String>) -> ChangeCursor {
        ChangeCursor(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChangeCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was committed after a cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changes {
    /// To go on from.
    pub cursor: ChangeCursor,
    /// In no particular order: each says what may differ, not what it is now.
    pub changes: Vec<Change>,
    /// Something after the cursor cannot be told any more: any page may differ, and `changes` is empty.
    pub lost: bool,
}

/// Tells when there may be something to read. Only a hint: whoever waits reads anyway.
#[async_trait]
pub trait ChangeHints: Send {
    /// Waits for the next hint, but no longer than this.
    async fn wait(&mut self, at_most: Duration);
}
