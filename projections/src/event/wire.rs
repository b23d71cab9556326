//! The payloads of product, price, stock and review events, and the way from bytes to a change.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeSeed;

use super::fields::{
    Choice, Currency, Free, FreeRule, Id, Integer, List, Localized, LongRule, MAX_AMOUNT,
    MAX_SAFE_INTEGER, Members, Moment, Named, Object, Scalar, ShortRule, Worded,
};
use super::nul::refuse_nul;
use super::rejection::{Location, Problem, Rejection, explain};
use super::{Change, EventType};
use crate::instant::{Instant, Window};
use crate::price::Price;
use crate::product::{Brand, Category, Image, Product, Variant};
use crate::review::Review;
use crate::stock::Stock;

/// The most characters of a product's, brand's, category's or discount's name, in each locale.
pub const MAX_NAME_CHARS: usize = 500;

/// The most bytes of UTF-8 of a description, in each locale, and of a review's body: 64 KiB.
pub const MAX_LONG_TEXT_BYTES: usize = 64 * 1024;

/// The most categories of a product.
pub const MAX_CATEGORIES: usize = 50;

/// The most steps of a category's path, the category itself included.
pub const MAX_PATH_STEPS: usize = 20;

/// The most variants of a product.
pub const MAX_VARIANTS: usize = 200;

/// Where a stock level is that names no location.
const DEFAULT_LOCATION: &str = "default";

/// What an event's payload says.
#[derive(Clone, PartialEq, Debug)]
pub struct Data {
    /// 1 to 2^53 - 1.
    pub version: u64,
    pub change: Change,
    /// Whether there are members, at any depth, that events of its type do not have.
    /// [`unknown_members`](super::unknown_members) names them.
    pub has_unknown_members: bool,
}

/// Reads and checks `json`, the payload (CloudEvents `data`) of an event of type `ty` that happened
/// at `time`. `time` is what a release or a review's creation falls back to.
///
/// An optional member that is absent or null has its default; a null attribute, option or locale
/// is as if it were absent; unknown members are ignored. A product without variants gets one
/// whose sku is the product's id; a window without a start or an end gets [`Instant::MIN`] or
/// [`Instant::MAX`]. A window whose end is not after its start is no error: it is never valid.
///
/// # Errors
/// A [`Rejection`] with the code `data.<field>.<problem>` for the first thing that is wrong:
///
/// - any required field: `missing`; any field: `wrong_type`, `duplicate`, `nul`;
/// - ids (`product_id`, `price_id`, `discount_id`, `review_id`, `sku`, `location`, `market`,
///   `group`, `brand.id`, `categories.id`, `categories.path`, `variants.sku`, and `products`,
///   `skus`, `categories`, `brands` in `scope`): `empty`, `too_long` (128 bytes), `invalid`;
/// - `version`: `out_of_range` (1 to 2^53 - 1);
/// - `name`, `brand.name`, `categories.name`: `empty`, `too_long` (500 characters a locale);
/// - `description`, `body`: `too_long` (64 KiB, a locale); any text by locale: `empty`;
/// - `categories`: `too_many` (50); `categories.path`: `too_many` (20), `invalid` where it does
///   not end with the category's own id;
/// - `variants`: `too_many` (200); `variants.sku`: `duplicate`;
/// - `attributes`: `out_of_range` for a number beyond 64 bits;
/// - `amount`: `negative`, `out_of_range` (10^12 minor units); `available`: `negative`,
///   `out_of_range` (2^53 - 1); `rating`: `out_of_range` (1 to 5);
/// - `value`: `out_of_range` (1 to 10000 for a percentage, else 10^12), `negative`;
/// - `priority`, `helpful`: `out_of_range` (2^53 - 1 either way);
/// - `currency`: `invalid`, and `missing` where a discount is not a percentage;
/// - `status`, `kind`: `not_allowed`;
/// - `released_at`, `created_at`, `valid_from`, `valid_until`, `starts_at`, `ends_at`: `invalid`;
/// - `data.not_json` where `json` is not JSON in UTF-8, `data.wrong_type` where it is no object.
///
/// ```
/// use vitrine_projections::event::{decode_data, EventType};
/// use vitrine_projections::instant::Instant;
/// let json = br#"{"sku": "mug", "product_id": "mug", "version": 1, "available": -1}"#;
/// let rejection = decode_data(EventType::StockSet, Instant(0), json).unwrap_err();
/// assert_eq!(rejection.code, "data.available.negative");
/// ```
pub fn decode_data(ty: EventType, time: Instant, json: &[u8]) -> Result<Data, Rejection> {
    let json = std::str::from_utf8(json).map_err(|error| {
        Rejection::new("data", Problem::NotJson, format_args!("is not in UTF-8: {error}"))
    })?;
    refuse_nul("data", json.as_bytes())?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = ty.deserialize(&mut reader).and_then(|payload| reader.end().map(|()| payload));
    read.map_err(|error| explain(ty, json, &error))?.check(time)
}

pub(super) type Version = Integer<1, MAX_SAFE_INTEGER>;
pub(super) type Name = Localized<ShortRule<MAX_NAME_CHARS>>;
pub(super) type Signed = Integer<{ -MAX_SAFE_INTEGER }, MAX_SAFE_INTEGER>;
type Description = Localized<LongRule<MAX_LONG_TEXT_BYTES>>;
type Body = Worded<LongRule<MAX_LONG_TEXT_BYTES>>;
type Caption = Localized<FreeRule>;

impl Data {
    pub(super) fn new(version: Version, change: Change) -> Data {
        Data { version: version.0.unsigned_abs(), change, has_unknown_members: false }
    }
}

/// The window from two members that may be absent or null.
pub(super) fn window(from: Option<Moment>, until: Option<Moment>) -> Window {
    Window {
        from: from.map_or(Instant::MIN, |from| from.0),
        until: until.map_or(Instant::MAX, |until| until.0),
    }
}

pub(super) fn ids(list: List<Id>) -> Vec<String> {
    list.0.into_iter().map(|id| id.0).collect()
}

/// A product's status: whether it is active.
#[derive(Clone, Copy)]
struct ProductShown(bool);

impl Named for ProductShown {
    const NAMES: &'static [(&'static str, Self)] =
        &[("active", ProductShown(true)), ("hidden", ProductShown(false))];
}

/// A review's status: whether it is published.
#[derive(Clone, Copy)]
struct ReviewShown(bool);

impl Named for ReviewShown {
    const NAMES: &'static [(&'static str, Self)] =
        &[("published", ReviewShown(true)), ("hidden", ReviewShown(false))];
}

#[derive(Deserialize)]
pub(super) struct ProductUpserted {
    product_id: Id,
    version: Version,
    name: Name,
    slug: Option<Free>,
    description: Option<Description>,
    status: Option<Choice<ProductShown>>,
    brand: Option<Object<BrandData>>,
    categories: Option<List<Object<CategoryData>, MAX_CATEGORIES>>,
    attributes: Option<Members<Scalar>>,
    tags: Option<List<Free>>,
    images: Option<List<Object<ImageData>>>,
    released_at: Option<Moment>,
    variants: Option<List<Object<VariantData>, MAX_VARIANTS>>,
}

#[derive(Deserialize)]
struct BrandData {
    id: Id,
    name: Name,
}

#[derive(Deserialize)]
struct CategoryData {
    id: Id,
    name: Name,
    path: List<Id, MAX_PATH_STEPS>,
}

#[derive(Deserialize)]
struct ImageData {
    url: Free,
    alt: Option<Caption>,
}

#[derive(Deserialize)]
struct VariantData {
    sku: Id,
    options: Option<Members<Free>>,
}

impl ProductUpserted {
    pub(super) fn checked(self, time: Instant) -> Result<Data, Rejection> {
        let product_id = self.product_id.0;
        let state = Product {
            name: self.name.0,
            slug: self.slug.map(|slug| slug.0).unwrap_or_default(),
            description: self.description.map(|text| text.0).unwrap_or_default(),
            active: self.status.is_none_or(|status| status.0.0),
            brand: self.brand.map(|Object(brand)| Brand { id: brand.id.0, name: brand.name.0 }),
            categories: categories(self.categories.unwrap_or_default().0)?,
            attributes: self
                .attributes
                .unwrap_or_default()
                .0
                .into_iter()
                .map(|(key, value)| (key, value.0))
                .collect(),
            tags: self.tags.unwrap_or_default().0.into_iter().map(|tag| tag.0).collect(),
            images: self.images.unwrap_or_default().0.into_iter().map(image).collect(),
            released_at: self.released_at.map_or(time, |at| at.0),
            variants: variants(&product_id, self.variants.unwrap_or_default().0)?,
        };
        Ok(Data::new(self.version, Change::Product { product_id, state: Some(state) }))
    }
}

fn categories(list: Vec<Object<CategoryData>>) -> Result<Vec<Category>, Rejection> {
    list.into_iter()
        .enumerate()
        .map(|(index, Object(category))| {
            let CategoryData { id: Worded(id), name, path } = category;
            if path.0.last().is_none_or(|last| last.0 != id) {
                let location = Location::root("data").key("categories").index(index).key("path");
                let says = format_args!(
                    "must run from the root category to this one, and end with its id {id:?}"
                );
                return Err(Rejection::at(&location, Problem::Invalid, says));
            }
            let path = path.0.into_iter().map(|step| step.0).collect();
            Ok(Category { id, name: name.0, path })
        })
        .collect()
}

fn image(Object(image): Object<ImageData>) -> Image {
    Image { url: image.url.0, alt: image.alt.map(|alt| alt.0).unwrap_or_default() }
}

fn variants(product_id: &str, list: Vec<Object<VariantData>>) -> Result<Vec<Variant>, Rejection> {
    let mut seen = HashSet::with_capacity(list.len());
    for (index, Object(variant)) in list.iter().enumerate() {
        let sku = variant.sku.0.as_str();
        if !seen.insert(sku) {
            let location = Location::root("data").key("variants").index(index).key("sku");
            let says = format_args!("is {sku:?}, as that of a variant before it: name it once");
            return Err(Rejection::at(&location, Problem::Duplicate, says));
        }
    }
    if list.is_empty() {
        return Ok(vec![Variant { sku: product_id.to_owned(), options: Default::default() }]);
    }
    Ok(list
        .into_iter()
        .map(|Object(variant)| Variant {
            sku: variant.sku.0,
            options: variant
                .options
                .unwrap_or_default()
                .0
                .into_iter()
                .map(|(key, value)| (key, value.0))
                .collect(),
        })
        .collect())
}

#[derive(Deserialize)]
pub(super) struct ProductDeleted {
    product_id: Id,
    version: Version,
}

impl From<ProductDeleted> for Data {
    fn from(wire: ProductDeleted) -> Data {
        let change = Change::Product { product_id: wire.product_id.0, state: None };
        Data::new(wire.version, change)
    }
}

#[derive(Deserialize)]
pub(super) struct PriceSet {
    price_id: Id,
    product_id: Id,
    version: Version,
    market: Id,
    currency: Currency,
    amount: Integer<0, MAX_AMOUNT>,
    sku: Option<Id>,
    group: Option<Id>,
    valid_from: Option<Moment>,
    valid_until: Option<Moment>,
}

impl From<PriceSet> for Data {
    fn from(wire: PriceSet) -> Data {
        let product_id = wire.product_id.0;
        let state = Price {
            product_id: product_id.clone(),
            sku: wire.sku.map(|sku| sku.0),
            market: wire.market.0,
            currency: wire.currency.0,
            amount: wire.amount.0,
            group: wire.group.map(|group| group.0),
            window: window(wire.valid_from, wire.valid_until),
        };
        let change = Change::Price { price_id: wire.price_id.0, product_id, state: Some(state) };
        Data::new(wire.version, change)
    }
}

#[derive(Deserialize)]
pub(super) struct PriceRemoved {
    price_id: Id,
    product_id: Id,
    version: Version,
}

impl From<PriceRemoved> for Data {
    fn from(wire: PriceRemoved) -> Data {
        let (price_id, product_id) = (wire.price_id.0, wire.product_id.0);
        Data::new(wire.version, Change::Price { price_id, product_id, state: None })
    }
}

#[derive(Deserialize)]
pub(super) struct StockSet {
    sku: Id,
    product_id: Id,
    version: Version,
    available: Integer<0, MAX_SAFE_INTEGER>,
    location: Option<Id>,
}

impl From<StockSet> for Data {
    fn from(wire: StockSet) -> Data {
        let location = wire.location.map_or_else(|| DEFAULT_LOCATION.to_owned(), |id| id.0);
        let state = Stock { product_id: wire.product_id.0, available: wire.available.0 };
        Data::new(wire.version, Change::Stock { sku: wire.sku.0, location, state })
    }
}

#[derive(Deserialize)]
pub(super) struct ReviewUpserted {
    review_id: Id,
    product_id: Id,
    version: Version,
    rating: Integer<1, 5>,
    title: Option<Free>,
    body: Option<Body>,
    author: Option<Free>,
    status: Option<Choice<ReviewShown>>,
    helpful: Option<Signed>,
    created_at: Option<Moment>,
}

impl ReviewUpserted {
    pub(super) fn data(self, time: Instant) -> Data {
        let product_id = self.product_id.0;
        let state = Review {
            product_id: product_id.clone(),
            rating: u8::try_from(self.rating.0).unwrap_or(u8::MAX),
            title: self.title.map(|title| title.0).unwrap_or_default(),
            body: self.body.map(|body| body.0).unwrap_or_default(),
            author: self.author.map(|author| author.0).unwrap_or_default(),
            published: self.status.is_none_or(|status| status.0.0),
            helpful: self.helpful.map_or(0, |helpful| helpful.0),
            created_at: self.created_at.map_or(time, |at| at.0),
        };
        let change = Change::Review { review_id: self.review_id.0, product_id, state: Some(state) };
        Data::new(self.version, change)
    }
}

#[derive(Deserialize)]
pub(super) struct ReviewRemoved {
    review_id: Id,
    product_id: Id,
    version: Version,
}

impl From<ReviewRemoved> for Data {
    fn from(wire: ReviewRemoved) -> Data {
        let (review_id, product_id) = (wire.review_id.0, wire.product_id.0);
        Data::new(wire.version, Change::Review { review_id, product_id, state: None })
    }
}
