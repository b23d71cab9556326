//! The product: what it is called, where it is listed, which variants it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::instant::Instant;
use crate::text::Text;

/// What a product's latest upsert says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Product {
    pub name: Text,
    pub slug: String,
    pub description: Text,
    /// `status` is `active`, not `hidden`.
    pub active: bool,
    pub brand: Option<Brand>,
    pub categories: Vec<Category>,
    pub attributes: BTreeMap<String, Attribute>,
    pub tags: Vec<String>,
    pub images: Vec<Image>,
    pub released_at: Instant,
    /// Never empty: a product without variants has one whose sku is the product's id.
    pub variants: Vec<Variant>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Brand {
    pub id: String,
    pub name: Text,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Category {
    pub id: String,
    pub name: Text,
    /// From the root to the category itself; ends with `id`.
    pub path: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Image {
    pub url: String,
    pub alt: Text,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Variant {
    pub sku: String,
    pub options: BTreeMap<String, String>,
}

/// An attribute's value, as it was written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Attribute {
    Text(String),
    Bool(bool),
    Integer(i64),
    /// An integer above `i64::MAX`.
    Unsigned(u64),
    Float(f64),
}

impl Attribute {
    /// As a page writes it: a number or truth value by its JSON.
    pub fn into_written(self) -> String {
        match self {
            Attribute::Text(text) => text,
            Attribute::Bool(value) => value.to_string(),
            Attribute::Integer(value) => value.to_string(),
            Attribute::Unsigned(value) => value.to_string(),
            // A float that JSON cannot write is `null` on a page.
            Attribute::Float(value) => {
                serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned())
            }
        }
    }
}
