//! A product's row, from what is known of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::part::IndexPart;
use super::products::{OwnValue, Row};
use super::values::{ValueNumbers, is_counted};
use crate::facts::ReviewCounts;
use crate::product::{Image, Variant};
use crate::text::Text;

/// What a card says that no scan looks at.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackedCard {
    pub name: Text,
    pub slug: String,
    pub image: Option<Image>,
    pub tags: Vec<String>,
    pub variants: Vec<Variant>,
    pub reviews: ReviewCounts,
}

pub fn packed_card(part: &IndexPart) -> PackedCard {
    PackedCard {
        name: part.name.clone(),
        slug: part.slug.clone(),
        image: part.image.clone(),
        tags: part.tags.clone(),
        variants: part.variants.clone(),
        reviews: part.reviews,
    }
}

/// Units of each variant over all locations; -1 where nothing is known.
pub fn stock(part: &IndexPart) -> Vec<i64> {
    let of_variant = |variant: &Variant| {
        let levels = part.stock.iter().filter(|level| level.sku == variant.sku);
        levels.map(|level| level.available).reduce(|a, b| a.saturating_add(b)).unwrap_or(-1)
    };
    part.variants.iter().map(of_variant).collect()
}

/// A product's attribute values by number.
pub struct RowValues {
    shared: Vec<u32>,
    own: Vec<OwnValue>,
}

/// A variant's value for a name is that of its options, else that of the product's attributes.
pub fn values(part: &IndexPart, numbers: &mut ValueNumbers) -> RowValues {
    let mut of_name: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    let variants = part.variants.len();
    for (name, value) in &part.attributes {
        of_name.insert(name, vec![Some(value); variants]);
    }
    for (position, variant) in part.variants.iter().enumerate() {
        for (name, value) in &variant.options {
            let values = of_name.entry(name).or_insert_with(|| vec![None; variants]);
            values[position] = Some(value);
        }
    }
    let mut row = RowValues { shared: Vec::new(), own: Vec::new() };
    for (name, values) in of_name {
        let counted = |value: &Option<&str>| value.is_some_and(|value| is_counted(name, value));
        let first = values.first().copied().flatten();
        if values.iter().all(|value| *value == first) {
            row.shared.extend(first.filter(|v| is_counted(name, v)).map(|v| numbers.take(name, v)));
            continue;
        }
        for (position, value) in values.iter().enumerate().filter(|(_, value)| counted(value)) {
            row.own.extend(value.map(|value| numbers.take(name, value)).map(|value| OwnValue {
                name: numbers.name_of(value),
                value,
                variant: position as u16,
            }));
        }
    }
    row.shared.sort_unstable();
    row.own.sort_unstable();
    row
}

pub fn row<'a>(
    part: &'a IndexPart,
    document: u64,
    (brand, brand_text, categories, family): (u32, u32, u32, u32),
    values: &'a RowValues,
) -> Row<'a> {
    Row {
        id: &part.product_id,
        document,
        time: part.time.millis(),
        visible_from: if part.active { part.released_at.millis() } else { i64::MAX },
        brand,
        brand_text,
        categories,
        family,
        rating: part.reviews.average_hundredths().unwrap_or(0) as u16,
        reviews: part.reviews.count().try_into().unwrap_or(u32::MAX),
        shared: &values.shared,
        own: &values.own,
    }
}
