//! A product's row, from what is known of it.

use serde::{Deserialize, Serialize};

use super::chunk_values::OwnValue;
use super::part::IndexPart;
use super::products::Row;
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

/// The bytes of a product's [`PackedCard`].
pub fn packed_card(part: &IndexPart) -> Vec<u8> {
    // Its members in their order: they are encoded one behind the other.
    crate::codec::encode(&(
        &part.name,
        &part.slug,
        &part.image,
        &part.tags,
        &part.variants,
        part.reviews,
    ))
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

/// A value for a name: of the product, or of one of its variants.
struct Given<'a> {
    name: &'a str,
    /// The variant's position.
    variant: Option<usize>,
    value: &'a str,
}

/// A variant's value for a name is that of its options, else that of the product's attributes.
pub fn values(part: &IndexPart, category: Option<u32>, numbers: &mut ValueNumbers) -> RowValues {
    let mut take = |name: &str, value: &str| numbers.take(name, value, category);
    let of_product =
        part.attributes.iter().map(|(name, value)| Given { name, variant: None, value });
    let of_variants = part.variants.iter().enumerate().flat_map(|(position, variant)| {
        let options = variant.options.iter();
        options.map(move |(name, value)| Given { name, variant: Some(position), value })
    });
    let mut given: Vec<Given<'_>> = of_product.chain(of_variants).collect();
    given.sort_unstable_by_key(|given| (given.name, given.variant));
    let mut row = RowValues { shared: Vec::new(), own: Vec::new() };
    let mut values: Vec<Option<&str>> = Vec::new();
    for of_name in given.chunk_by(|a, b| a.name == b.name) {
        let name = of_name[0].name;
        let of_product = of_name[0].variant.is_none().then_some(of_name[0].value);
        values.clear();
        values.resize(part.variants.len(), of_product);
        for given in of_name {
            if let Some(value) = given.variant.and_then(|position| values.get_mut(position)) {
                *value = Some(given.value);
            }
        }
        let counted = |value: &Option<&str>| value.is_some_and(|value| is_counted(name, value));
        let first = values.first().copied().flatten();
        if values.iter().all(|value| *value == first) {
            row.shared.extend(first.filter(|v| is_counted(name, v)).map(|v| take(name, v)));
            continue;
        }
        for (position, value) in values.iter().enumerate().filter(|(_, value)| counted(value)) {
            row.own.extend(value.map(|value| take(name, value)).map(|value| OwnValue {
                name: 0,
                value,
                product: 0,
                variant: position as u16,
            }));
        }
    }
    for own in &mut row.own {
        own.name = numbers.name_of(own.value);
    }
    row.shared.sort_unstable();
    row.own.sort_unstable();
    row
}

/// The average in hundredths, 0 without reviews.
pub fn rating(counts: ReviewCounts) -> u16 {
    counts.average_hundredths().unwrap_or(0) as u16
}

pub fn reviews(counts: ReviewCounts) -> u32 {
    counts.count().try_into().unwrap_or(u32::MAX)
}

pub fn row<'a>(
    part: &'a IndexPart,
    (brand, brand_text, categories, family): (u32, u32, u32, u32),
    values: &'a RowValues,
) -> Row<'a> {
    Row {
        id: &part.product_id,
        version: part.version,
        time: part.time.millis(),
        visible_from: if part.active { part.released_at.millis() } else { i64::MAX },
        brand,
        brand_text,
        categories,
        family,
        rating: rating(part.reviews),
        reviews: reviews(part.reviews),
        shared: &values.shared,
        own: &values.own,
    }
}
