//! What scans read of products that does not depend on who asks: columns, in chunks.

use serde::{Deserialize, Serialize};

use super::chunk_values::{ChunkValues, OwnValue};
use super::mask::Mask;
use super::packed::{CHUNK, Packed};
use super::sets::NumberSets;

/// In place of a number: there is none.
pub const NOTHING: u32 = u32::MAX;

/// Facets count averages from so many stars on.
pub const STARS: usize = 4;

/// One product's row.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub id: &'a str,
    /// Of the product's latest event.
    pub version: u64,
    pub time: i64,
    /// From when on the product is visible, in milliseconds; `i64::MAX` if never.
    pub visible_from: i64,
    /// The number of its brand's listing.
    pub brand: u32,
    /// The number of what the brand is called.
    pub brand_text: u32,
    pub categories: u32,
    pub family: u32,
    /// The average in hundredths, 0 without reviews.
    pub rating: u16,
    pub reviews: u32,
    /// The numbers of the attribute values that all variants have, in their order.
    pub shared: &'a [u32],
    /// Those that only some variants have, in their order.
    pub own: &'a [OwnValue],
}

/// The rows of [`CHUNK`] products.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductChunk {
    ids: Packed<u8>,
    pub version: Vec<u64>,
    pub time: Vec<i64>,
    pub visible_from: Vec<i64>,
    pub brand: Vec<u32>,
    pub brand_text: Vec<u32>,
    pub categories: Vec<u32>,
    pub family: Vec<u32>,
    rating: Vec<u16>,
    pub reviews: Vec<u32>,
    /// Products by brand and by set of categories: the columns of the same names once more.
    pub of_brand: NumberSets,
    pub of_categories: NumberSets,
    /// Those whose average is at least one star, two, three and four.
    pub stars: [Mask; STARS],
    pub values: ChunkValues,
}

impl Default for ProductChunk {
    fn default() -> ProductChunk {
        ProductChunk {
            ids: Packed::default(),
            // Versions are positive.
            version: vec![0; CHUNK],
            time: vec![0; CHUNK],
            visible_from: vec![i64::MAX; CHUNK],
            brand: vec![NOTHING; CHUNK],
            brand_text: vec![NOTHING; CHUNK],
            categories: vec![NOTHING; CHUNK],
            family: vec![NOTHING; CHUNK],
            rating: vec![0; CHUNK],
            reviews: vec![0; CHUNK],
            of_brand: NumberSets::default(),
            of_categories: NumberSets::default(),
            stars: [Mask::default(); STARS],
            values: ChunkValues::default(),
        }
    }
}

impl ProductChunk {
    /// The id at a position; empty where there is no product.
    pub fn id(&self, at: usize) -> &str {
        std::str::from_utf8(self.ids.get(at)).unwrap_or_default()
    }

    /// Whether a row says what stands at a position, but for the version and the time of its event.
    pub fn is_same(&self, at: usize, row: &Row<'_>) -> bool {
        self.ids.get(at) == row.id.as_bytes()
            && self.visible_from[at] == row.visible_from
            && self.brand[at] == row.brand
            && self.brand_text[at] == row.brand_text
            && self.categories[at] == row.categories
            && self.rating[at] == row.rating
            && self.reviews[at] == row.reviews
            && self.values.shared.of(at) == row.shared
            && self.values.own_of(at) == row.own
    }

    pub fn set(&mut self, at: usize, row: &Row<'_>) {
        self.ids.set(at, row.id.as_bytes());
        self.version[at] = row.version;
        self.time[at] = row.time;
        self.visible_from[at] = row.visible_from;
        self.brand[at] = row.brand;
        self.brand_text[at] = row.brand_text;
        self.categories[at] = row.categories;
        self.family[at] = row.family;
        self.set_reviews(at, row.rating, row.reviews);
        self.of_brand.set(at, numbers_of(&row.brand));
        self.of_categories.set(at, numbers_of(&row.categories));
        self.values.set(at, row.shared, row.own);
    }

    /// The average in hundredths, 0 without reviews.
    pub fn rating(&self, at: usize) -> u16 {
        self.rating[at]
    }

    pub fn set_reviews(&mut self, at: usize, rating: u16, reviews: u32) {
        (self.rating[at], self.reviews[at]) = (rating, reviews);
        for (stars, products) in (1u16..).zip(&mut self.stars) {
            products.put(at, rating >= stars * 100);
        }
    }

    /// Whether each column has as many as a chunk.
    pub fn is_whole(&self) -> bool {
        [self.version.len(), self.time.len(), self.visible_from.len(), self.brand.len()]
            == [CHUNK; 4]
            && [self.brand_text.len(), self.categories.len(), self.family.len()] == [CHUNK; 3]
            && [self.rating.len(), self.reviews.len()] == [CHUNK; 2]
    }

    /// There is no product any more.
    pub fn clear(&mut self, at: usize) {
        let nothing = Row {
            id: "",
            version: 0,
            time: 0,
            visible_from: i64::MAX,
            brand: NOTHING,
            brand_text: NOTHING,
            categories: NOTHING,
            family: NOTHING,
            rating: 0,
            reviews: 0,
            shared: &[],
            own: &[],
        };
        self.set(at, &nothing);
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        let sets = self.of_brand.bytes() + self.of_categories.bytes();
        CHUNK * 50 + sets + self.ids.bytes() + self.values.bytes()
    }
}

/// As a list: none or one.
fn numbers_of(number: &u32) -> &[u32] {
    if *number == NOTHING { &[] } else { std::slice::from_ref(number) }
}
