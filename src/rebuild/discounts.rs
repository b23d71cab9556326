//! All discounts, and which of them reach a product.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use projections::codec::CorruptDocument;
use projections::discount::{Discount, Scope};
use projections::facts::{DiscountFact, Reach, ReachingDiscount, discount_order};
use projections::product::Product;

use super::entity::Entity;
use crate::store::facts::DiscountWrite;

/// The discounts that name a target, by their places.
type Named = HashMap<String, Vec<usize>, ahash::RandomState>;

/// The live discounts, by what they name.
#[derive(Default)]
pub struct Discounts {
    facts: Vec<Arc<DiscountFact>>,
    all: Vec<usize>,
    products: Named,
    skus: Named,
    categories: Named,
    brands: Named,
}

impl Discounts {
    /// Of these entities, with what is to be stored of each.
    pub fn of(
        entities: &[Entity],
        numbers: &[i32],
    ) -> Result<(Discounts, Vec<DiscountWrite>), CorruptDocument> {
        let mut discounts = Discounts::default();
        let mut writes = Vec::with_capacity(entities.len());
        for entity in entities {
            let Some(head) = entity.run.head() else { continue };
            let (discount_id, state) = entity.discount()?;
            let stamp = entity.stamp(head, numbers);
            if let Some(Discount { terms, scope }) = &state {
                let place = discounts.facts.len();
                let (discount_id, terms) = (discount_id.clone(), terms.clone());
                let fact = DiscountFact { discount_id, time: stamp.time, terms };
                discounts.facts.push(Arc::new(fact));
                discounts.enter(place, scope);
            }
            writes.push((discount_id, stamp, state.map(|d| (d.terms, d.scope))));
        }
        Ok((discounts, writes))
    }

    fn enter(&mut self, place: usize, scope: &Scope) {
        if scope.all {
            self.all.push(place);
        }
        for (named, ids) in [
            (&mut self.products, &scope.products),
            (&mut self.skus, &scope.skus),
            (&mut self.categories, &scope.categories),
            (&mut self.brands, &scope.brands),
        ] {
            for id in ids {
                named.entry(id.clone()).or_default().push(place);
            }
        }
    }

    /// Those that reach a product, as a store tells them.
    pub fn reaching(&self, product_id: &str, product: &Product) -> Vec<ReachingDiscount> {
        let mut reaches: BTreeMap<usize, Reach> = BTreeMap::new();
        // A scope may name a target twice: it reaches a SKU once all the same.
        for variant in product.variants.iter().filter(|_| !self.skus.is_empty()) {
            for place in at(&self.skus, &variant.sku) {
                match reaches.entry(*place).or_insert_with(|| Reach::Skus(Vec::new())) {
                    Reach::Skus(skus) if skus.last() != Some(&variant.sku) => {
                        skus.push(variant.sku.clone());
                    }
                    Reach::Skus(_) | Reach::Whole => {}
                }
            }
        }
        let brand = product.brand.iter().flat_map(|brand| at(&self.brands, &brand.id));
        let categories = product.category_ids().into_iter();
        let whole = self.all.iter().chain(at(&self.products, product_id)).chain(brand);
        for place in whole.chain(categories.flat_map(|id| at(&self.categories, id))) {
            reaches.insert(*place, Reach::Whole);
        }
        let mut reaching: Vec<ReachingDiscount> = reaches
            .into_iter()
            .filter_map(|(place, reach)| {
                Some(ReachingDiscount { fact: Arc::clone(self.facts.get(place)?), reach })
            })
            .collect();
        reaching.sort_unstable_by(discount_order);
        reaching
    }
}

fn at<'a>(named: &'a Named, id: &str) -> &'a [usize] {
    named.get(id).map(Vec::as_slice).unwrap_or_default()
}
