//! From the store into a writer: what a round of the follower reads, and what becomes of it.

use std::collections::BTreeSet;

use projections::index::discounts::ScopedDiscount;
use projections::index::part::IndexPart;
use projections::index::writer::Writer;
use serde::{Deserialize, Serialize};

use crate::store::feed::Change;
use crate::store::{Result, Snapshot};

/// Products that are read at a time.
pub const PRODUCTS_AT_ONCE: usize = 2_000;

/// What has to be read again.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Names {
    pub products: BTreeSet<String>,
    pub discounts: bool,
    /// Products of which the index forgets all that it knows, and then reads them.
    pub doubted: BTreeSet<String>,
    /// More than can be named.
    pub everything: bool,
}

impl Names {
    pub fn is_empty(&self) -> bool {
        *self == Names::default()
    }

    /// Discounts are read again, too: a product may be different for one of them.
    pub fn doubt(&mut self, products: BTreeSet<String>) {
        self.discounts |= !products.is_empty();
        self.doubted.extend(products);
    }

    pub fn add(&mut self, change: &Change) {
        self.everything |= change.everything;
        self.discounts |= !change.scopes.is_empty();
        self.products.extend(change.products.iter().cloned());
    }

    /// Whether something that is named may change this product.
    pub fn may_change(&self, product_id: &str) -> bool {
        self.everything || self.discounts || self.products.contains(product_id)
    }

    pub fn extend(&mut self, other: &Names) {
        self.everything |= other.everything;
        self.discounts |= other.discounts;
        self.products.extend(other.products.iter().cloned());
        self.doubted.extend(other.doubted.iter().cloned());
    }
}

/// What was read from one snapshot.
#[derive(Debug, Default)]
pub struct Read {
    /// What was looked for, and is gone where it is not in `parts`.
    asked: Vec<String>,
    parts: Vec<IndexPart>,
}

/// Reads these products.
pub async fn read(snapshot: &mut dyn Snapshot, asked: Vec<String>) -> Result<Read> {
    let parts = snapshot.index_parts(&asked).await?;
    Ok(Read { asked, parts })
}

/// The next products in id order, after one of them; `None` at the end.
pub async fn read_next(snapshot: &mut dyn Snapshot, after: &str) -> Result<Option<Read>> {
    let parts = snapshot.next_index_parts(after, PRODUCTS_AT_ONCE as u32).await?;
    let asked: Vec<String> = parts.iter().map(|part| part.product_id.clone()).collect();
    Ok((!asked.is_empty()).then_some(Read { asked, parts }))
}

impl Read {
    /// The last product that was looked for.
    pub fn last(&self) -> Option<&str> {
        self.asked.last().map(String::as_str)
    }

    pub fn ids(&self) -> &[String] {
        &self.asked
    }

    /// Writes it.
    pub fn apply(self, writer: &mut Writer) {
        let found: BTreeSet<&str> = self.parts.iter().map(|p| p.product_id.as_str()).collect();
        for id in self.asked.iter().filter(|id| !found.contains(id.as_str())) {
            writer.remove(id);
        }
        for part in &self.parts {
            writer.put(part);
        }
    }
}

/// Writes all discounts that there are.
pub fn put_discounts(writer: &mut Writer, discounts: Vec<ScopedDiscount>) {
    let known: BTreeSet<&str> = discounts.iter().map(|d| d.discount_id.as_str()).collect();
    let gone = writer.discount_ids().filter(|id| !known.contains(id));
    let gone: Vec<String> = gone.map(str::to_owned).collect();
    for id in gone {
        writer.remove_discount(&id);
    }
    for discount in discounts {
        writer.put_discount(discount);
    }
}
