//! An index as bytes: a process that starts again goes on from them, and need not read every
//! product.
//!
//! An [`Image`] is one version. It is written in sections, each of which can be decoded by itself,
//! on any thread; [`Restoring`] puts them together. What follows from the rest in little time is not
//! written: who uses which number, which products a listing holds, and all that follows from
//! discounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::amounts::{AmountChunk, Columns};
use super::categories::CategorySet;
use super::chunks::{Chunks, record};
use super::interner::{Entries, Interner};
use super::lookup::{Lookup, hash_of};
use super::members::MemberNumbers;
use super::numbering::Numbering;
use super::packed::{CHUNK, Packed};
use super::products::ProductChunk;
use super::stock::StockChunk;
use super::values::{NamedValue, ValueNumbers};
use super::writer::Writer;
use super::{Family, Index};
use crate::codec::{self, CorruptDocument};
use crate::listing::ListingKey;
use crate::market::Market;
use crate::product::Brand;

/// The layout of sections: an image of another one cannot be read.
pub const LAYOUT: u32 = 1;

/// One version of an index, and the numbers that its products and values may get next.
#[derive(Debug)]
pub struct Image {
    pub(super) index: Index,
    pub(super) numbering: Numbering,
    pub(super) wide_numbers: Numbering,
}

/// What is neither a column nor a content.
#[derive(Serialize, Deserialize)]
struct Head {
    markets: Vec<Market>,
    /// The hash of [`PROBE`]: the table of SKUs is of such hashes.
    hash: u64,
    numbering: Numbering,
    wide_numbers: Numbering,
    skus: Vec<Vec<(u32, u32)>>,
}

/// Whose hash tells whether hashes are the same ones as in an image.
const PROBE: &str = "vitrine";

/// What a section is of.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Part {
    Head,
    Products,
    Stock,
    Prices,
    Cards,
    /// Of the market at this position.
    Amounts(u16),
    Names,
    Narrow,
    Wide,
    Keys,
    Brands,
    Categories,
    Families,
}

impl Image {
    /// The version that this is of.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Its sections, in any order; each is made when it is asked for.
    pub fn sections(&self) -> impl Iterator<Item = Vec<u8>> {
        let Index { book, members, values, families, columns, cards, .. } = &self.index;
        let (narrow, wide) = values.counted();
        let amounts = (0..).zip(columns);
        std::iter::once_with(|| self.head())
            .chain(groups(Part::Products, &book.products))
            .chain(groups(Part::Stock, &book.stock))
            .chain(groups(Part::Prices, &book.prices))
            .chain(groups(Part::Cards, cards))
            .chain(amounts.flat_map(|(nth, of)| groups(Part::Amounts(nth), &of.chunks)))
            .chain(groups(Part::Names, values.names.entries()))
            .chain(groups(Part::Narrow, narrow.entries()))
            .chain(groups(Part::Wide, wide.entries()))
            .chain(groups(Part::Keys, members.keys.entries()))
            .chain(groups(Part::Brands, members.brands.entries()))
            .chain(groups(Part::Categories, members.categories.entries()))
            .chain(groups(Part::Families, families.entries()))
    }

    fn head(&self) -> Vec<u8> {
        let head = Head {
            markets: self.index.book.markets.to_vec(),
            hash: hash_of(PROBE),
            numbering: self.numbering.clone(),
            wide_numbers: self.wide_numbers.clone(),
            skus: self.index.skus.shards().into_iter().map(<[_]>::to_vec).collect(),
        };
        codec::encode_into(&head, codec::encode(&(Part::Head, 0u32, 0u32)))
    }
}

/// A section for each group of chunks.
fn groups<C: Serialize>(part: Part, chunks: &Chunks<C>) -> impl Iterator<Item = Vec<u8>> {
    (0u32..).zip(chunks.groups()).map(move |(nth, group)| {
        let begin = codec::encode(&(part, nth, group.len() as u32));
        group.iter().fold(begin, |bytes, chunk| codec::encode_into(chunk.as_ref(), bytes))
    })
}

/// Groups of chunks, by their place.
type Groups<C> = BTreeMap<u32, Vec<Arc<C>>>;

/// An image that is being put together.
#[derive(Default)]
pub struct Restoring {
    head: Option<Head>,
    products: Groups<ProductChunk>,
    stock: Groups<StockChunk>,
    prices: Groups<Packed<u8>>,
    cards: Groups<Packed<u8>>,
    amounts: BTreeMap<u16, Groups<AmountChunk>>,
    names: Groups<Entries<String>>,
    narrow: Groups<Entries<NamedValue>>,
    wide: Groups<Entries<NamedValue>>,
    keys: Groups<Entries<ListingKey>>,
    brands: Groups<Entries<Brand>>,
    categories: Groups<Entries<CategorySet>>,
    families: Groups<Entries<Family>>,
}

/// A section, decoded.
pub struct Piece(Box<dyn FnOnce(&mut Restoring) + Send>);

impl Piece {
    /// Decodes a section.
    ///
    /// # Errors
    /// Where it is none of this layout.
    pub fn of(section: &[u8]) -> Result<Piece, CorruptDocument> {
        let ((part, nth, count), bytes) = take::<(Part, u32, u32)>(section)?;
        let at = (nth, count, bytes);
        match part {
            Part::Head => {
                let head: Head = codec::decode(bytes)?;
                Ok(Piece(Box::new(|to| to.head = Some(head))))
            }
            Part::Products => piece(at, |to| &mut to.products),
            Part::Stock => piece(at, |to| &mut to.stock),
            Part::Prices => piece(at, |to| &mut to.prices),
            Part::Cards => piece(at, |to| &mut to.cards),
            Part::Amounts(market) => piece(at, move |to| to.amounts.entry(market).or_default()),
            Part::Names => piece(at, |to| &mut to.names),
            Part::Narrow => piece(at, |to| &mut to.narrow),
            Part::Wide => piece(at, |to| &mut to.wide),
            Part::Keys => piece(at, |to| &mut to.keys),
            Part::Brands => piece(at, |to| &mut to.brands),
            Part::Categories => piece(at, |to| &mut to.categories),
            Part::Families => piece(at, |to| &mut to.families),
        }
    }
}

fn take<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), CorruptDocument> {
    postcard::take_from_bytes(bytes).map_err(|error| CorruptDocument(error.to_string()))
}

/// A group of chunks, and where it goes.
fn piece<C: DeserializeOwned + Send + Sync + 'static>(
    (nth, count, mut bytes): (u32, u32, &[u8]),
    place: impl FnOnce(&mut Restoring) -> &mut Groups<C> + Send + 'static,
) -> Result<Piece, CorruptDocument> {
    let mut chunks = Vec::new();
    for _ in 0..count {
        let (chunk, rest) = take(bytes)?;
        chunks.push(Arc::new(chunk));
        bytes = rest;
    }
    Ok(Piece(Box::new(move |to| {
        place(to).insert(nth, chunks);
    })))
}

fn chunks<C>(groups: Groups<C>) -> Chunks<C> {
    let mut all = Chunks::default();
    groups.into_values().flatten().for_each(|chunk| all.push(chunk));
    all
}

impl Restoring {
    pub fn add(&mut self, piece: Piece) {
        piece.0(self);
    }

    /// The writer that goes on from all pieces, for these markets. It knows no discount yet.
    ///
    /// # Errors
    /// Where the image is of other markets, or not whole.
    pub fn writer(self, markets: Vec<Market>) -> Result<Writer, CorruptDocument> {
        let corrupt = |why: &str| CorruptDocument(why.to_owned());
        let head = self.head.ok_or_else(|| corrupt("it has no head"))?;
        if head.markets != markets {
            return Err(corrupt("it is of other markets"));
        }
        if head.hash != hash_of(PROBE) {
            return Err(corrupt("it has other hashes"));
        }
        let mut writer = Writer::new(markets);
        writer.numbering = head.numbering;
        let index = &mut writer.index;
        index.skus = Lookup::of_shards(head.skus).ok_or_else(|| corrupt("its SKUs are not all"))?;
        index.cards = chunks(self.cards);
        index.book.products = chunks(self.products);
        index.book.stock = chunks(self.stock);
        index.book.prices = chunks(self.prices);
        for (market, amounts) in self.amounts {
            let columns = index.columns.get_mut(usize::from(market));
            columns.ok_or_else(|| corrupt("it has too many markets"))?.chunks = chunks(amounts);
        }
        let amounts = |columns: &Columns| columns.chunks.iter().all(|chunk| chunk.is_whole());
        let products = index.book.products.iter().all(|chunk| chunk.is_whole());
        if !products || !index.columns.iter().all(amounts) {
            return Err(corrupt("it has chunks of another length"));
        }
        let (names, narrow, wide) = (chunks(self.names), chunks(self.narrow), chunks(self.wide));
        writer.values = ValueNumbers::restore(names, (narrow, wide), head.wide_numbers);
        let (keys, brands) = (chunks(self.keys), chunks(self.brands));
        writer.members = MemberNumbers::restore(keys, brands, chunks(self.categories));
        writer.families = Interner::restore(chunks(self.families));
        count(&mut writer);
        Ok(writer)
    }
}

/// What follows from the rows of all products.
fn count(writer: &mut Writer) {
    let Writer { index, members, families, values, .. } = writer;
    let book = &mut index.book;
    for chunk in book.products.iter() {
        chunk.values.count(|value, uses| values.count(value, uses));
        chunk.family.iter().for_each(|family| families.count(*family, 1));
    }
    members.restore_products(&book.products);
    let all = || members.shared.everything.iter();
    let id = |number| book.chunk(number).map_or("", |(chunk, at)| chunk.id(at));
    index.ids = all().map(|number| (hash_of(id(number)), number)).collect();
    for number in all() {
        book.priced.replace(number, &[], record(&book.prices, number));
    }
    debug_assert!(writer.index.book.products.len() * CHUNK >= writer.len() as usize);
}
