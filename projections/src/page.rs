//! The answers: product page, listing, reviews and home, assembled from facts and an instant.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::facts::{ProductFacts, ReviewCounts, ReviewFact};
use crate::index::basket::BasketVariantBody;
use crate::index::card::CardBody;
use crate::index::query::facets::Facets;
use crate::instant::Instant;
use crate::market::Market;
use crate::pricing::{self, Applied, Audience, Quote};
use crate::product::{Attribute, Brand, Category, Image};
use crate::text::Text;
use crate::timeline::{VariantTimelines, step_at};

/// For whom, in which language and for when a page is.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub market: &'a Market,
    pub group: Option<&'a str>,
    pub locale: Option<&'a str>,
    pub at: Instant,
    /// Up to this many units are `low_stock`.
    pub low_stock_threshold: i64,
}

impl<'a> Reader<'a> {
    fn audience(&self) -> Audience<'a> {
        Audience { market: self.market, group: self.group }
    }

    pub(crate) fn text<'t>(&self, text: &'t Text) -> &'t str {
        text.localized(self.locale, &self.market.locale)
    }
}

/// An amount of stock and what it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct StockBody {
    /// Units; `null` where nothing is known.
    pub available: Option<i64>,
    pub state: StockState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StockState {
    Unknown,
    OutOfStock,
    LowStock,
    InStock,
}

impl StockBody {
    /// 0 is `out_of_stock`, up to the threshold `low_stock`, above it `in_stock`.
    pub fn new(available: Option<i64>, low_stock_threshold: i64) -> StockBody {
        let state = match available {
            None => StockState::Unknown,
            Some(n) if n <= 0 => StockState::OutOfStock,
            Some(n) if n <= low_stock_threshold => StockState::LowStock,
            Some(_) => StockState::InStock,
        };
        StockBody { available, state }
    }
}

/// A price in minor units.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PriceBody<'a> {
    pub currency: &'a str,
    pub regular: i64,
    pub base: i64,
    #[serde(rename = "final")]
    pub final_amount: i64,
    pub discount_bp: i64,
    /// On the product's price only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub varies: Option<bool>,
    /// The highest final among the product's variants; on the product's price only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_max: Option<i64>,
    pub applied: Vec<AppliedBody<'a>>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AppliedBody<'a> {
    pub discount_id: &'a str,
    pub name: &'a str,
    pub off: i64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BrandBody<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ImageBody<'a> {
    pub url: &'a str,
    pub alt: &'a str,
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct CardReviews {
    pub count: u64,
    pub average: Option<f64>,
}

/// When an answer changes with no event, at the latest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Meta {
    pub next_change_at: Option<Instant>,
}

fn applied<'a>(
    applied: &[Applied],
    reader: &Reader<'a>,
    label: impl Fn(usize) -> Option<(&'a str, &'a Text)>,
) -> Vec<AppliedBody<'a>> {
    applied
        .iter()
        .filter_map(|a| {
            let (discount_id, name) = label(a.discount as usize)?;
            Some(AppliedBody { discount_id, name: reader.text(name), off: a.off })
        })
        .collect()
}

pub(crate) fn brand<'a>(brand: &'a Brand, reader: &Reader<'a>) -> BrandBody<'a> {
    BrandBody { id: &brand.id, name: reader.text(&brand.name) }
}

pub(crate) fn image<'a>(image: &'a Image, reader: &Reader<'a>) -> ImageBody<'a> {
    ImageBody { url: &image.url, alt: reader.text(&image.alt) }
}

pub(crate) fn average(reviews: ReviewCounts) -> Option<f64> {
    reviews.average_hundredths().map(|h| h as f64 / 100.0)
}

/// A whole product page.
#[derive(Clone, Debug, Serialize)]
pub struct ProductPage<'a> {
    pub product: ProductBody<'a>,
    pub price: Option<PriceBody<'a>>,
    pub stock: StockBody,
    pub variants: Vec<VariantBody<'a>>,
    pub reviews: ReviewsBody<'a>,
    pub meta: ProductMeta,
}

#[derive(Clone, Debug, Serialize)]
pub struct ProductBody<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub slug: &'a str,
    pub description: &'a str,
    pub brand: Option<BrandBody<'a>>,
    pub categories: Vec<CategoryBody<'a>>,
    pub attributes: BTreeMap<&'a str, AttributeBody<'a>>,
    pub tags: &'a [String],
    pub images: Vec<ImageBody<'a>>,
    pub released_at: Instant,
}

#[derive(Clone, Debug, Serialize)]
pub struct CategoryBody<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub path: &'a [String],
}

/// An attribute's value as plain JSON.
#[derive(Clone, Copy, Debug)]
pub struct AttributeBody<'a>(&'a Attribute);

impl Serialize for AttributeBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Attribute::Text(text) => serializer.serialize_str(text),
            Attribute::Bool(value) => serializer.serialize_bool(*value),
            Attribute::Integer(value) => serializer.serialize_i64(*value),
            Attribute::Unsigned(value) => serializer.serialize_u64(*value),
            Attribute::Float(value) => serializer.serialize_f64(*value),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct VariantBody<'a> {
    pub sku: &'a str,
    pub options: &'a BTreeMap<String, String>,
    pub price: Option<PriceBody<'a>>,
    pub stock: StockBody,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReviewsBody<'a> {
    pub count: u64,
    pub average: Option<f64>,
    pub histogram: BTreeMap<&'static str, u64>,
    /// The first of the newest.
    pub latest: Vec<ReviewBody<'a>>,
    /// Where the reviews go on after `latest`; `null` where that is all.
    pub next_cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReviewBody<'a> {
    pub id: &'a str,
    pub rating: u8,
    pub title: &'a str,
    pub body: &'a str,
    pub author: &'a str,
    pub helpful: i64,
    pub created_at: Instant,
}

impl<'a> ReviewBody<'a> {
    pub fn new(fact: &'a ReviewFact) -> ReviewBody<'a> {
        let review = &fact.review;
        ReviewBody {
            id: &fact.review_id,
            rating: review.rating,
            title: &review.title,
            body: &review.body,
            author: &review.author,
            helpful: review.helpful,
            created_at: review.created_at,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ProductMeta {
    pub next_change_at: Option<Instant>,
    pub as_of: AsOf,
}

/// The newest `time` among the live entities of each kind that belong to the product.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AsOf {
    pub product: Option<Instant>,
    pub price: Option<Instant>,
    pub stock: Option<Instant>,
    pub discount: Option<Instant>,
    pub review: Option<Instant>,
}

/// How many reviews a product page shows.
pub const LATEST_REVIEWS: usize = 5;

/// The reviews that a product page shows, and when the newest event among all of them was.
#[derive(Clone, Debug, Default)]
pub struct LatestReviews {
    /// At most [`LATEST_REVIEWS`], newest first.
    pub latest: Vec<ReviewFact>,
    /// The newest `time` among the product's live reviews, hidden ones included.
    pub newest_time: Option<Instant>,
    /// Opaque: where to go on after them.
    pub next_cursor: Option<String>,
}

/// The product's page at the reader's instant, or `None` where it is hidden or not yet released.
pub fn product_page<'a>(
    facts: &'a ProductFacts,
    reviews: &'a LatestReviews,
    reader: &Reader<'a>,
) -> Option<ProductPage<'a>> {
    let product = &facts.product;
    if !product.active || product.released_at > reader.at {
        return None;
    }
    let timelines = VariantTimelines::compute(facts, reader.audience());
    let now: Vec<Option<&Quote>> = timelines
        .of_variant
        .iter()
        .map(|&i| step_at(&timelines.distinct[i], reader.at).and_then(|s| s.value.as_ref()))
        .collect();
    let next_change_at = timelines
        .distinct
        .iter()
        .filter_map(|steps| step_at(steps, reader.at).map(|s| s.until))
        .filter(|until| until.is_finite())
        .min();
    let variants = product
        .variants
        .iter()
        .zip(&now)
        .map(|(variant, quote)| VariantBody {
            sku: &variant.sku,
            options: &variant.options,
            price: quote.map(|q| price_body(q, facts, reader)),
            stock: StockBody::new(available(facts, &variant.sku), reader.low_stock_threshold),
        })
        .collect();
    Some(ProductPage {
        product: product_body(facts, reader),
        price: pricing::cheapest(now.iter().copied()).map(|(quote, varies)| PriceBody {
            varies: Some(varies),
            final_max: now.iter().flatten().map(|quote| quote.final_amount).max(),
            ..price_body(quote, facts, reader)
        }),
        stock: StockBody::new(facts.available(), reader.low_stock_threshold),
        variants,
        reviews: reviews_body(facts.reviews, reviews),
        meta: ProductMeta { next_change_at, as_of: as_of(facts, reviews) },
    })
}

fn available(facts: &ProductFacts, sku: &str) -> Option<i64> {
    let levels = facts.stock.iter().filter(|s| s.sku == sku).map(|s| s.available);
    levels.reduce(|a, b| a.saturating_add(b))
}

fn price_body<'a>(quote: &Quote, facts: &'a ProductFacts, reader: &Reader<'a>) -> PriceBody<'a> {
    PriceBody {
        currency: &reader.market.currency,
        regular: quote.regular,
        base: quote.base,
        final_amount: quote.final_amount,
        discount_bp: quote.discount_bp(),
        varies: None,
        final_max: None,
        applied: applied(&quote.applied, reader, |i| {
            facts.discounts.get(i).map(|d| (d.fact.discount_id.as_str(), &d.fact.terms.name))
        }),
    }
}

fn product_body<'a>(facts: &'a ProductFacts, reader: &Reader<'a>) -> ProductBody<'a> {
    let product = &facts.product;
    ProductBody {
        id: &facts.product_id,
        name: reader.text(&product.name),
        slug: &product.slug,
        description: reader.text(&product.description),
        brand: product.brand.as_ref().map(|b| brand(b, reader)),
        categories: product.categories.iter().map(|c| category_body(c, reader)).collect(),
        attributes: product
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), AttributeBody(value)))
            .collect(),
        tags: &product.tags,
        images: product.images.iter().map(|i| image(i, reader)).collect(),
        released_at: product.released_at,
    }
}

fn category_body<'a>(category: &'a Category, reader: &Reader<'a>) -> CategoryBody<'a> {
    CategoryBody { id: &category.id, name: reader.text(&category.name), path: &category.path }
}

fn reviews_body(counts: ReviewCounts, reviews: &LatestReviews) -> ReviewsBody<'_> {
    ReviewsBody {
        count: counts.count(),
        average: average(counts),
        histogram: ["1", "2", "3", "4", "5"].into_iter().zip(counts.0).collect(),
        latest: reviews.latest.iter().map(ReviewBody::new).collect(),
        next_cursor: reviews.next_cursor.clone(),
    }
}

fn as_of(facts: &ProductFacts, reviews: &LatestReviews) -> AsOf {
    AsOf {
        product: Some(facts.time),
        price: facts.prices.iter().map(|p| p.time).max(),
        stock: facts.stock.iter().map(|s| s.time).max(),
        discount: facts.discounts.iter().map(|d| d.fact.time).max(),
        review: reviews.newest_time,
    }
}

/// What every listing answer says.
#[derive(Clone, Debug, Serialize)]
pub struct ListingPage<'a> {
    pub listing: ListingBody<'a>,
    pub sort: &'static str,
    /// Products in the listing under the filters.
    pub total: u64,
    pub items: Vec<CardBody<'a>>,
    pub next_cursor: Option<String>,
    /// Where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
    pub meta: Meta,
}

#[derive(Clone, Debug, Serialize)]
pub struct ListingBody<'a> {
    pub kind: &'static str,
    /// `null` for the listing of everything.
    pub id: Option<&'a str>,
    pub name: Option<&'a str>,
}

/// One page of a product's reviews.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewsPage<'a> {
    pub items: Vec<ReviewBody<'a>>,
    pub total: u64,
    pub next_cursor: Option<String>,
    pub meta: Meta,
}

/// Cards by `ids`.
#[derive(Clone, Debug, Serialize)]
pub struct ProductsPage<'a, T> {
    pub items: Vec<T>,
    pub missing: Vec<&'a str>,
    pub meta: Meta,
}

/// Variants by `skus`.
#[derive(Clone, Debug, Serialize)]
pub struct VariantsPage<'a> {
    pub items: Vec<BasketVariantBody<'a>>,
    pub missing: Vec<&'a str>,
    pub meta: Meta,
}

/// The home page.
#[derive(Clone, Debug, Serialize)]
pub struct HomePage<'a> {
    pub sections: Vec<HomeSection<'a>>,
    pub meta: Meta,
}

#[derive(Clone, Debug, Serialize)]
pub struct HomeSection<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub items: Vec<CardBody<'a>>,
}
