//! Cards from the index.

use std::sync::Arc;

use serde::Serialize;

use super::Index;
use super::amounts::PriceBook;
use super::prices::{Amounts, cheapest};
use super::query::AudienceView;
use super::row::PackedCard;
use crate::facts::DiscountFact;
use crate::page::{
    AppliedBody, BrandBody, CardReviews, ImageBody, PriceBody, Reader, StockBody, average, brand,
    image,
};
use crate::pricing::{self, Applied, discount_bp};
use crate::product::Brand;

/// What a card says of a product at one instant, for one audience.
#[derive(Debug)]
pub struct CardFacts<'a> {
    id: &'a str,
    packed: PackedCard,
    brand: Option<&'a Brand>,
    available: Option<i64>,
    price: Option<CardPrice>,
}

/// Discounts, with what each takes off.
pub(super) type AppliedDiscounts = Vec<(Arc<DiscountFact>, Applied)>;

/// The price of one of a product's variants, beside those of the others.
#[derive(Debug)]
struct CardPrice {
    variant: usize,
    amounts: Amounts,
    varies: bool,
    final_max: i64,
    applied: AppliedDiscounts,
}

/// A product among others: in listings, on the home page, by `ids`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CardBody<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub slug: &'a str,
    pub brand: Option<BrandBody<'a>>,
    pub image: Option<ImageBody<'a>>,
    /// The variant that the price is of; `null` where no variant has one.
    pub sku: Option<&'a str>,
    pub price: Option<PriceBody<'a>>,
    pub stock: StockBody,
    pub reviews: CardReviews,
    pub tags: &'a [String],
}

impl Index {
    /// A product's card at the instant of a view, or `None` where its page would be a 404. The
    /// price is that of the `selected` variant, else of the cheapest one.
    pub fn card_facts(
        &self,
        view: &AudienceView<'_>,
        number: u32,
        selected: Option<usize>,
    ) -> Option<CardFacts<'_>> {
        let (chunk, at) = self.book.chunk(number)?;
        if chunk.visible_from[at] > view.at.millis() {
            return None;
        }
        let mut scratch = Vec::new();
        let (amounts, _) = view.amounts(number, &mut scratch);
        let levels = self.book.stock_of(number).iter().copied().filter(|level| *level >= 0);
        Some(CardFacts {
            id: chunk.id(at),
            packed: self.card(number)?,
            brand: self.members.brands.get(chunk.brand_text[at]).map(Arc::as_ref),
            available: levels.reduce(|a, b| a.saturating_add(b)),
            price: selected
                .or_else(|| cheapest(amounts))
                .and_then(|variant| card_price(&self.book, view, number, amounts, variant)),
        })
    }
}

fn card_price(
    book: &PriceBook,
    view: &AudienceView<'_>,
    number: u32,
    amounts: &[Amounts],
    variant: usize,
) -> Option<CardPrice> {
    let of_variant = *amounts.get(variant).filter(|amounts| amounts.is_some())?;
    let applied = applied(book, view, number, of_variant, variant)?;
    let priced = || amounts.iter().filter(|amounts| amounts.is_some());
    Some(CardPrice {
        variant,
        amounts: of_variant,
        varies: amounts.iter().any(|a| a.final_amount != of_variant.final_amount),
        final_max: priced().map(|a| a.final_amount).max().unwrap_or(of_variant.final_amount),
        applied,
    })
}

/// The discounts that a variant's price is reduced by.
pub(super) fn applied(
    book: &PriceBook,
    view: &AudienceView<'_>,
    number: u32,
    amounts: Amounts,
    variant: usize,
) -> Option<AppliedDiscounts> {
    let audience = book.audience(view.market, view.group)?;
    let ranks = book.ranks_of(number, variant);
    let effective: Vec<(u32, &Arc<DiscountFact>)> = ranks
        .iter()
        .filter_map(|rank| Some((*rank, book.discounts.fact(*rank)?)))
        .filter(|(_, fact)| {
            pricing::discount_is_for(&fact.terms, audience) && fact.terms.window.holds(view.at)
        })
        .collect();
    let terms = effective.iter().map(|(rank, fact)| (*rank, &fact.terms));
    let (_, applied) = pricing::apply(amounts.base, terms);
    let with_fact = |applied: Applied| Some((book.discounts.fact(applied.discount)?, applied));
    let applied = applied.into_iter().filter_map(with_fact);
    Some(applied.map(|(fact, applied)| (Arc::clone(fact), applied)).collect())
}

/// A variant's price as it is answered.
pub(super) fn price_body<'b>(
    amounts: Amounts,
    applied: &'b AppliedDiscounts,
    reader: &Reader<'b>,
) -> PriceBody<'b> {
    let Amounts { base, regular, final_amount } = amounts;
    let applied = applied.iter().map(|(fact, applied)| AppliedBody {
        discount_id: &fact.discount_id,
        name: reader.text(&fact.terms.name),
        off: applied.off,
    });
    PriceBody {
        currency: &reader.market.currency,
        regular,
        base,
        final_amount,
        discount_bp: discount_bp(regular, final_amount),
        varies: None,
        final_max: None,
        applied: applied.collect(),
    }
}

impl CardFacts<'_> {
    /// Whether both are answered alike, in every language.
    pub fn is_as(&self, other: &CardFacts<'_>) -> bool {
        let price = match (&self.price, &other.price) {
            (Some(a), Some(b)) => a.is_as(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        price
            && self.id == other.id
            && self.packed == other.packed
            && self.brand == other.brand
            && self.available == other.available
    }

    /// As it is answered.
    pub fn body<'b>(&'b self, reader: &Reader<'b>) -> CardBody<'b> {
        let packed = &self.packed;
        let of_variant = |price: &CardPrice| packed.variants.get(price.variant);
        CardBody {
            id: self.id,
            name: reader.text(&packed.name),
            slug: &packed.slug,
            brand: self.brand.map(|b| brand(b, reader)),
            image: packed.image.as_ref().map(|i| image(i, reader)),
            sku: self.price.as_ref().and_then(of_variant).map(|variant| variant.sku.as_str()),
            price: self.price.as_ref().map(|price| price.body(reader)),
            stock: StockBody::new(self.available, reader.low_stock_threshold),
            reviews: CardReviews {
                count: packed.reviews.count(),
                average: average(packed.reviews),
            },
            tags: &packed.tags,
        }
    }
}

impl CardPrice {
    fn is_as(&self, other: &CardPrice) -> bool {
        let of = |price: &CardPrice| (price.variant, price.amounts, price.varies, price.final_max);
        let shown = |(fact, applied): &(Arc<DiscountFact>, Applied)| {
            (fact.discount_id.clone(), fact.terms.name.clone(), applied.off)
        };
        of(self) == of(other) && self.applied.iter().map(shown).eq(other.applied.iter().map(shown))
    }

    fn body<'b>(&'b self, reader: &Reader<'b>) -> PriceBody<'b> {
        PriceBody {
            varies: Some(self.varies),
            final_max: Some(self.final_max),
            ..price_body(self.amounts, &self.applied, reader)
        }
    }
}
