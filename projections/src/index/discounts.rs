//! All discounts, and which of them reach which products: those that share brand and categories are
//! reached by the same ones, but for discounts that name products or SKUs.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::categories::CategorySet;
use crate::discount::{Discount, DiscountKind, Scope};
use crate::facts::{DiscountFact, Reach, ReachingDiscount, discount_order};
use crate::instant::{Instant, Window};
use crate::pricing::{self, Audience};

/// A discount's position in [`discount_order`] among all discounts.
pub type Rank = u32;

/// Every live discount, in [`discount_order`], and the ranks by what scopes name.
#[derive(Debug, Default)]
pub struct Discounts {
    facts: Vec<Arc<DiscountFact>>,
    all: Vec<Rank>,
    by_category: HashMap<String, Vec<Rank>>,
    by_brand: HashMap<String, Vec<Rank>>,
    by_product: HashMap<String, Vec<Rank>>,
    by_sku: HashMap<String, Vec<Rank>>,
    /// Those that some discount is for.
    groups: HashSet<String>,
}

/// A discount as the index is told of it.
#[derive(Clone, PartialEq, Debug)]
pub struct ScopedDiscount {
    pub discount_id: String,
    /// Of the discount's latest event.
    pub time: Instant,
    pub discount: Discount,
}

impl Discounts {
    /// Of all live discounts, in any order.
    pub fn new<'a>(discounts: impl IntoIterator<Item = &'a ScopedDiscount>) -> Discounts {
        let mut scoped: Vec<(ReachingDiscount, &Scope)> = discounts
            .into_iter()
            .map(|ScopedDiscount { discount_id, time, discount }| {
                let (discount_id, terms) = (discount_id.clone(), discount.terms.clone());
                let fact = Arc::new(DiscountFact { discount_id, time: *time, terms });
                (ReachingDiscount { fact, reach: Reach::Whole }, &discount.scope)
            })
            .collect();
        scoped.sort_by(|(a, _), (b, _)| discount_order(a, b));
        let mut table = Discounts::default();
        for (rank, (discount, scope)) in (0..).zip(scoped) {
            table.groups.extend(discount.fact.terms.group.clone());
            table.facts.push(discount.fact);
            if scope.all {
                table.all.push(rank);
            }
            for (named, ranks) in [
                (&scope.categories, &mut table.by_category),
                (&scope.brands, &mut table.by_brand),
                (&scope.products, &mut table.by_product),
                (&scope.skus, &mut table.by_sku),
            ] {
                for id in named {
                    let ranks = ranks.entry(id.clone()).or_default();
                    // A scope may name one twice.
                    if ranks.last() != Some(&rank) {
                        ranks.push(rank);
                    }
                }
            }
        }
        table
    }

    pub fn fact(&self, rank: Rank) -> Option<&Arc<DiscountFact>> {
        self.facts.get(rank as usize)
    }

    /// Whether the same discounts stand in the same order, and reach the same.
    pub fn is_placed_as(&self, other: &Discounts) -> bool {
        self.all == other.all
            && self.by_category == other.by_category
            && self.by_brand == other.by_brand
            && self.by_product == other.by_product
            && self.by_sku == other.by_sku
            && self.facts.len() == other.facts.len()
            && self.facts.iter().zip(&other.facts).all(|(a, b)| a.discount_id == b.discount_id)
    }

    /// Whether any discount is for this group.
    pub fn single_out(&self, group: &str) -> bool {
        self.groups.contains(group)
    }

    /// The ranks of the discounts with these ids.
    pub fn ranks_of(&self, ids: &BTreeSet<String>) -> BTreeSet<Rank> {
        let with_rank = (0..).zip(&self.facts);
        with_rank
            .filter(|(_, fact)| ids.contains(&fact.discount_id))
            .map(|(rank, _)| rank)
            .collect()
    }

    /// Those that reach every product of this brand in these categories.
    pub fn of_family(&self, brand: Option<&str>, categories: Option<&CategorySet>) -> Vec<Rank> {
        let mut ranks = self.all.clone();
        ranks.extend(brand.and_then(|id| self.by_brand.get(id)).into_iter().flatten());
        if !self.by_category.is_empty() {
            let ids = categories.into_iter().flat_map(CategorySet::ids);
            ranks.extend(ids.filter_map(|id| self.by_category.get(id)).flatten());
        }
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }

    /// Those that name the product or one of its SKUs; `None` where none does.
    pub fn direct<'a>(
        &self,
        product_id: &str,
        skus: impl Iterator<Item = &'a str>,
    ) -> Option<DirectDiscounts> {
        if self.by_product.is_empty() && self.by_sku.is_empty() {
            return None;
        }
        let mut direct = DirectDiscounts::default();
        direct.product.extend(self.by_product.get(product_id).into_iter().flatten());
        for (variant, sku) in (0..).zip(skus) {
            let ranks = self.by_sku.get(sku).into_iter().flatten();
            direct.variants.extend(ranks.map(|rank| (*rank, variant)));
        }
        let none = direct.product.is_empty() && direct.variants.is_empty();
        (!none).then_some(direct)
    }

    /// The ids of all products, and of all SKUs, that a scope names.
    pub fn named(&self) -> (impl Iterator<Item = &str>, impl Iterator<Item = &str>) {
        (self.by_product.keys().map(String::as_str), self.by_sku.keys().map(String::as_str))
    }

    /// Which of these an audience gets at an instant, and between which edges that is so.
    pub fn effective(&self, ranks: &[Rank], audience: Audience<'_>, at: Instant) -> Effective {
        let mut effective = Effective { discounts: Vec::new(), window: Window::ALWAYS };
        for rank in ranks {
            let Some(terms) = self.fact(*rank).map(|fact| &fact.terms) else { continue };
            if !pricing::discount_is_for(terms, audience) || terms.window.is_empty() {
                continue;
            }
            effective.window = effective.window.between_edges(terms.window, at);
            if terms.window.holds(at) {
                effective.discounts.push((terms.kind, terms.stackable));
            }
        }
        effective
    }
}

/// Discounts that name a product, or some of its SKUs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectDiscounts {
    product: Vec<Rank>,
    /// With the variant's position.
    variants: Vec<(Rank, u16)>,
}

impl DirectDiscounts {
    /// Its ranks for any variant.
    pub fn all(&self) -> Vec<Rank> {
        let of_variants = self.variants.iter().map(|(rank, _)| *rank);
        let mut ranks: Vec<Rank> = self.product.iter().copied().chain(of_variants).collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }

    /// Its ranks for one variant, and those of the product's family, in their order.
    pub fn with_family(&self, family: &[Rank], variant: usize) -> Vec<Rank> {
        let of_variant = self.variants.iter().filter(|(_, v)| usize::from(*v) == variant);
        let mut ranks: Vec<Rank> = family
            .iter()
            .chain(&self.product)
            .copied()
            .chain(of_variant.map(|(rank, _)| *rank))
            .collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }
}

/// The discounts that hold for an audience, in [`discount_order`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effective {
    /// What each does, and whether it is stackable.
    discounts: Vec<(DiscountKind, bool)>,
    /// Between the last edge of a discount for the audience, and the next one.
    pub window: Window,
}

impl Effective {
    /// What an amount comes down to.
    pub fn reduce(&self, base: i64) -> i64 {
        pricing::reduced(base, self.discounts.iter().copied())
    }
}
