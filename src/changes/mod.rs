//! The feed of changes: what each transaction of a projector changed, for whoever keeps pages.
//!
//! A change is written in the transaction that it describes, so that nobody hears of what was not
//! committed, nor misses what was. Readers go on from a cursor of their own; the store forgets changes
//! after a while ([`KEEP`]), and tells whoever comes later that something is lost to it.

mod collect;
mod first_page;
pub mod follow;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use projections::discount::Scope;
use projections::text::Text;
use projections::view::ListingKey;
use serde::{Deserialize, Serialize};

pub use collect::Collector;
pub use first_page::FirstPage;

/// Products, and names in scopes, that one change tells of; beyond that it is of everything.
pub const MAX_PRODUCTS: usize = 5_000;
/// Rows of listings, and listings of products, that one change tells of; beyond that it is of everything.
pub const MAX_PLACES: usize = 50_000;
/// Changes that are read at once; where more wait, they count as lost.
pub const MAX_READ_CHANGES: u32 = 10_000;
/// Bytes, as stored, that are read at once; where more wait, they count as lost.
pub const MAX_READ_BYTES: i64 = 64 * 1024 * 1024;
/// How long changes are kept for those who have not read them.
pub const KEEP: Duration = Duration::from_secs(600);
/// Changes that one transaction of pruning deletes.
pub const PRUNED_AT_ONCE: u32 = 1_000;

/// What one transaction changed.
///
/// A page that is made from facts (a product's page, its reviews, a card at an instant that no stored
/// steps cover) goes by `products` and `scopes`. A card from stored steps goes by `cards`. A listing's
/// page goes by all of it: see [`Change::touches`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Change {
    /// More than can be told, or the markets: any page may differ. All else is empty then.
    pub everything: bool,
    /// Products whose facts, view, stock or reviews changed, in id order.
    pub products: Vec<String>,
    /// Indices into `products`, ascending, of those whose card may differ: its view or its stock changed.
    pub cards: Vec<u32>,
    /// What changed discounts reach, the old and the new scope together: pages that are made from facts
    /// differ at once, before any view does.
    pub scopes: Vec<Scope>,
    /// Listings whose members changed, or what one of them calls the listing, in order.
    pub listings: Vec<ListingKey>,
    /// A member has a newer event, and calls the listing what it did: only a page that calls it otherwise
    /// differs.
    pub names: Vec<(ListingKey, Text)>,
    pub places: Places,
}

/// What became of rows of listings. Listings and audiences are named once, and else told by index.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Places {
    pub listings: Vec<ListingKey>,
    pub audiences: Vec<Audience>,
    /// Of each product whose view changed, in the order of `product`.
    pub products: Vec<ProductPlaces>,
    /// What views no longer cover, and what they cover instead: from, until, in milliseconds. Only of
    /// views that do not cover all of time. A listing's `next_change_at` is not after any of their ends.
    pub covered: Vec<(i64, i64)>,
    pub covers: Vec<(i64, i64)>,
}

/// A market's readers: a group's, or everyone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Audience {
    pub market: String,
    pub group: Option<String>,
}

/// A product whose view changed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ProductPlaces {
    /// Index into [`Change::products`].
    pub product: u32,
    /// All listings that it was or is in, be its rows as they were: indices, ascending.
    pub listings: Vec<u32>,
    /// Audiences for which filters see something else: indices, ascending.
    pub offers: Vec<u32>,
    /// The rows that went and came, once for all listings in which the same happened.
    pub rows: Vec<RowsChange>,
}

/// What happened to a product's rows, in each of these listings.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RowsChange {
    /// Indices, ascending.
    pub listings: Vec<u32>,
    pub gone: Vec<Row>,
    pub come: Vec<Row>,
}

/// A row of a listing, as in [`projections::placement::Entry`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Index into [`Places::audiences`].
    pub audience: u32,
    /// The number of a sort that has rows, or [`BOUNDARY`](projections::placement::BOUNDARY).
    pub sort: i64,
    pub key: i64,
    pub from: i64,
    pub until: i64,
}

impl Change {
    /// Any page may differ.
    pub fn everything() -> Change {
        Change { everything: true, ..Change::default() }
    }

    /// Whether a card that was made from stored steps may be different.
    pub fn touches_card(&self, id: &str) -> bool {
        let index = self.products.binary_search_by(|product| product.as_str().cmp(id));
        let is_card = |index: usize| {
            u32::try_from(index).is_ok_and(|index| self.cards.binary_search(&index).is_ok())
        };
        self.everything || index.is_ok_and(is_card)
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
