//! Single variants by their sku: what a basket needs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Index;
use super::card::{AppliedDiscounts, applied, price_body};
use super::prices::Amounts;
use super::query::AudienceView;
use super::row::PackedCard;
use crate::instant::Instant;
use crate::page::{ImageBody, PriceBody, Reader, StockBody, image};
use crate::product::Variant;

/// A variant at one instant, for one audience.
#[derive(Debug)]
pub struct VariantFacts<'a> {
    product_id: &'a str,
    packed: PackedCard,
    variant: Variant,
    available: Option<i64>,
    price: Option<(Amounts, AppliedDiscounts)>,
}

/// A variant by its sku.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BasketVariantBody<'a> {
    pub sku: &'a str,
    pub options: &'a BTreeMap<String, String>,
    pub price: Option<PriceBody<'a>>,
    /// Of this variant alone.
    pub stock: StockBody,
    pub product: BasketProductBody<'a>,
}

/// The product that a variant is of.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BasketProductBody<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub slug: &'a str,
    pub image: Option<ImageBody<'a>>,
}

impl Index {
    /// The variant with this sku, of the visible product with the smallest id that has it, and when
    /// that may be another one with no event.
    pub fn variant_facts(
        &self,
        view: &AudienceView<'_>,
        sku: &str,
    ) -> (Option<VariantFacts<'_>>, Instant) {
        let mut changes_at = Instant::MAX;
        let mut best: Option<(&str, u32, usize, PackedCard)> = None;
        for number in self.numbers_with_sku(sku) {
            let Some((chunk, at)) = self.book.chunk(number) else { continue };
            let Some(card) = self.card(number) else { continue };
            let Some(variant) = card.variants.iter().position(|v| v.sku == sku) else { continue };
            changes_at = changes_at.min(view.changes_at(number));
            let is_visible = chunk.visible_from[at] <= view.at.millis();
            if is_visible && best.as_ref().is_none_or(|(id, ..)| chunk.id(at) < *id) {
                best = Some((chunk.id(at), number, variant, card));
            }
        }
        let facts = best.and_then(|(product_id, number, variant, packed)| {
            let mut scratch = Vec::new();
            let (amounts, _) = view.amounts(number, &mut scratch);
            let amounts = amounts.get(variant).copied().filter(|amounts| amounts.is_some());
            let price = amounts.and_then(|amounts| {
                Some((amounts, applied(&self.book, view, number, amounts, variant)?))
            });
            let level = self.book.stock_of(number).get(variant).copied();
            let available = level.filter(|level| *level >= 0);
            let variant = packed.variants.get(variant)?.clone();
            Some(VariantFacts { product_id, packed, variant, available, price })
        });
        (facts, changes_at)
    }
}

impl VariantFacts<'_> {
    /// As it is answered.
    pub fn body<'b>(&'b self, reader: &Reader<'b>) -> BasketVariantBody<'b> {
        let (packed, price) = (&self.packed, self.price.as_ref());
        BasketVariantBody {
            sku: &self.variant.sku,
            options: &self.variant.options,
            price: price.map(|(amounts, applied)| price_body(*amounts, applied, reader)),
            stock: StockBody::new(self.available, reader.low_stock_threshold),
            product: BasketProductBody {
                id: self.product_id,
                name: reader.text(&packed.name),
                slug: &packed.slug,
                image: packed.image.as_ref().map(|i| image(i, reader)),
            },
        }
    }
}
