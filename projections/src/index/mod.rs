//! The listing index: all that listings, facets and cards look at, in memory, as immutable
//! versions.
//!
//! A [`Writer`](writer::Writer) takes products and discounts, and publishes an [`Index`]: one
//! version, in which every answer is of the same products at whatever instant is asked for.
//! Versions share what did not change between them.
//!
//! Products have dense numbers ([`numbering`]). Columns of them stand in chunks of
//! [`packed::CHUNK`]. What depends on the market are [`amounts`]: base, regular and final of each
//! variant for everyone, each column with the window in which it holds; at any other instant, and
//! where a group has prices of its own, a product is evaluated from its [`prices`] and its
//! [`discounts`]. No column is looked at by [`query::Answer::next_change_at`],
//! so that it is the same in every version of the same facts.

pub mod amounts;
pub mod audit;
pub mod basket;
pub mod card;
pub mod categories;
pub mod changed;
mod chunk_values;
mod chunks;
mod classes;
pub mod discounts;
mod groups;
pub mod image;
mod interner;
mod lookup;
mod mask;
mod members;
pub mod numbering;
mod numbers;
pub mod packed;
pub mod part;
pub mod prices;
mod products;
pub mod query;
mod row;
mod sets;
mod stock;
mod values;
pub mod writer;

use std::sync::Arc;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::instant::Instant;
use crate::listing::ListingKey;
use crate::text::Text;
use amounts::{Columns, PriceBook};
use chunks::{Chunks, record};
use interner::Interned;
use lookup::{Lookup, hash_of};
use members::Members;
use packed::Packed;
use row::PackedCard;
use values::Values;

pub use members::Heading;

/// What a listing is called, and until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListingTitle<'a> {
    pub name: Option<&'a str>,
    pub until: Instant,
}

/// Products of one brand in the same categories, by the numbers of both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
struct Family {
    brand: u32,
    categories: u32,
}

/// Columns that are evaluated for an instant to come, one a market.
#[derive(Clone, Debug)]
struct Prepared {
    /// Who asks for this instant or a later one reads these.
    from: Instant,
    columns: Vec<Columns>,
}

/// One version of the index.
#[derive(Clone, Debug)]
pub struct Index {
    /// The instant at which its columns were evaluated.
    at: Instant,
    book: PriceBook,
    members: Members,
    values: Values,
    families: Interned<Family>,
    /// One a market.
    columns: Vec<Columns>,
    prepared: Option<Prepared>,
    cards: Chunks<Packed<u8>>,
    ids: Lookup,
    skus: Lookup,
}

impl Index {
    fn empty(book: PriceBook) -> Index {
        Index {
            at: Instant::MIN,
            book,
            members: Members::default(),
            values: Values::default(),
            families: Interned::default(),
            columns: Vec::new(),
            prepared: None,
            cards: Chunks::default(),
            ids: Lookup::default(),
            skus: Lookup::default(),
        }
    }

    /// How many products there are, those that are not to be seen included.
    pub fn len(&self) -> u64 {
        self.members.everything.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.everything.is_empty()
    }

    /// The instant for which its columns were evaluated.
    pub fn evaluated_at(&self) -> Instant {
        self.at
    }

    /// The ids of all products, in the order of their numbers.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.members.everything.iter().map(|number| self.id(number))
    }

    /// The id of the product that comes after so many others in the order of numbers.
    pub fn nth(&self, nth: u64) -> Option<&str> {
        self.members.everything.select(nth as u32).map(|number| self.id(number))
    }

    /// The number of a product in this version.
    pub fn number_of(&self, product_id: &str) -> Option<u32> {
        self.ids.get(hash_of(product_id)).find(|number| self.id(*number) == product_id)
    }

    /// The id of a product by its number; empty where there is none.
    pub fn id(&self, number: u32) -> &str {
        self.book.chunk(number).map_or("", |(chunk, at)| chunk.id(at))
    }

    /// The products that may have a variant with this sku: others may share its hash.
    pub fn numbers_with_sku(&self, sku: &str) -> impl Iterator<Item = u32> {
        self.skus.get(hash_of(sku))
    }

    /// The category's or brand's name is what this product calls it.
    pub fn heading(&self, listing: &ListingKey, at: Instant) -> Option<Heading> {
        let number = self.members.number_of(listing)?;
        Some(self.members.heading(&self.book, number, at))
    }

    /// What a category or brand is called, in all languages, and until when.
    pub fn heading_text(&self, listing: &ListingKey, at: Instant) -> (Option<&Text>, Instant) {
        let heading = self.heading(listing, at).unwrap_or_default();
        let own = heading.product.and_then(|p| self.members.own_name(&self.book, p, listing));
        (own, heading.window.until)
    }

    /// Categories and brands that have products, listed or not, in no order.
    pub fn listings(&self) -> impl Iterator<Item = &ListingKey> {
        self.members.keys.iter().map(|(_, key)| key.as_ref())
    }

    /// The listings that a product is in, that of everything aside.
    pub fn listings_of(&self, number: u32) -> Vec<ListingKey> {
        let Some((chunk, at)) = self.book.chunk(number) else { return Vec::new() };
        let categories = self.members.categories.get(chunk.categories[at]);
        let brand = self.members.keys.get(chunk.brand[at]).map(|key| ListingKey::clone(key));
        categories.into_iter().flat_map(|set| set.listings()).chain(brand).collect()
    }

    /// What a category or brand is called.
    pub fn name(
        &self,
        listing: &ListingKey,
        market: usize,
        locale: Option<&str>,
        at: Instant,
    ) -> ListingTitle<'_> {
        let default = self.book.markets.get(market).map_or("", |market| market.locale.as_str());
        let (own, until) = self.heading_text(listing, at);
        ListingTitle { name: own.map(|t| t.localized(locale, default)), until }
    }

    /// All products of a listing, those that are not to be seen included.
    pub fn products_of(&self, listing: &ListingKey) -> Option<&RoaringBitmap> {
        self.members.products(listing)
    }

    /// The columns that are nearest to an instant.
    fn columns_at(&self, market: usize, at: Instant) -> Option<&Columns> {
        let prepared = self.prepared.as_ref().filter(|prepared| prepared.from <= at);
        prepared.map_or(&self.columns, |prepared| &prepared.columns).get(market)
    }

    /// The number of products, at least, whose amounts change at the first instant at which not all
    /// columns hold any more: the number in the market that has the most of them.
    pub fn moving_at_once(&self) -> u64 {
        let edge = self.holds_until();
        if !edge.is_finite() {
            return 0;
        }
        let moving = |(market, columns): (usize, &Columns)| {
            let mut moving = columns.with_prices_until(edge);
            if columns.discounts.until <= edge {
                let effective = self.book.effective(market, None, edge);
                let is_other = |class| columns.effective.of(class) != effective.of(class);
                moving = moving.max(self.book.count_in_classes(is_other));
            }
            moving
        };
        self.columns.iter().enumerate().map(moving).max().unwrap_or(0)
    }

    /// Until when all columns hold: the next version is due then.
    pub fn holds_until(&self) -> Instant {
        let of_chunks = |columns: &Columns| {
            let ends = columns.chunks.iter().map(|chunk| chunk.valid.until);
            ends.min().unwrap_or(Instant::MAX).min(columns.discounts.until)
        };
        self.columns.iter().map(of_chunks).min().unwrap_or(Instant::MAX)
    }

    fn card(&self, number: u32) -> Option<PackedCard> {
        codec::decode(record(&self.cards, number)).ok()
    }

    /// Bytes in memory, about, by part.
    pub fn bytes(&self) -> Vec<(&'static str, usize)> {
        fn sum<C>(chunks: &Chunks<C>, bytes: impl Fn(&C) -> usize) -> usize {
            chunks.iter().map(|chunk| bytes(Arc::as_ref(chunk))).sum()
        }
        let columns = |columns: &Columns| sum(&columns.chunks, amounts::AmountChunk::bytes);
        vec![
            ("products", sum(&self.book.products, products::ProductChunk::bytes)),
            ("stock", sum(&self.book.stock, stock::StockChunk::bytes)),
            ("prices", sum(&self.book.prices, Packed::bytes) + self.book.priced.bytes()),
            ("amounts", self.columns.iter().map(columns).sum()),
            ("cards", sum(&self.cards, Packed::bytes)),
            ("ids", self.ids.bytes() + self.skus.bytes()),
            ("values", self.values.bytes()),
            ("members", self.members.bytes()),
        ]
    }
}
