//! Which categories a product is in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::listing::ListingKey;
use crate::product::{Brand, Category};
use crate::text::Text;

/// The categories that a product carries itself, and those that it is in by them. Products that
/// carry the same share one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CategorySet {
    /// As the product carries them.
    pub own: Vec<Category>,
}

impl CategorySet {
    /// Every category that the product is in, in byte order.
    pub fn ids(&self) -> BTreeSet<&str> {
        self.own.iter().flat_map(|c| c.path.iter().map(String::as_str)).collect()
    }

    /// Those whose parent is this one; with none, those that have no parent.
    pub fn children(&self, parent: Option<&str>) -> BTreeSet<&str> {
        let of_path = |path: &'_ [String]| -> Vec<usize> {
            match parent {
                None => (0..path.len().min(1)).collect(),
                Some(parent) => (1..path.len()).filter(|at| path[at - 1] == parent).collect(),
            }
        };
        self.own
            .iter()
            .flat_map(|c| of_path(&c.path).into_iter().map(|at| c.path[at].as_str()))
            .collect()
    }

    /// What the product calls a category that it carries itself.
    pub fn own_name(&self, id: &str) -> Option<&Text> {
        self.own.iter().find(|c| c.id == id).map(|c| &c.name)
    }

    /// The listings of all its categories.
    pub fn listings(&self) -> impl Iterator<Item = ListingKey> {
        self.ids().into_iter().map(|id| ListingKey::Category(id.to_owned()))
    }
}

/// What a product calls the listing's category or brand.
pub fn own_name<'a>(
    listing: &ListingKey,
    categories: Option<&'a CategorySet>,
    brand: Option<&'a Brand>,
) -> Option<&'a Text> {
    match listing {
        ListingKey::All => None,
        ListingKey::Category(id) => categories?.own_name(id),
        ListingKey::Brand(id) => brand.filter(|b| b.id == *id).map(|b| &b.name),
    }
}
