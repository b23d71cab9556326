//! Some products: their facts as they are stored.

use std::collections::HashSet;
use std::sync::Arc;

use projections::event::Kind;
use projections::run::Mark;

use super::entity::Entity;
use super::products::ProductEntities;
use super::{RebuildError, blocking, cores};
use crate::projector::limits::MAX_PRICES;
use crate::store::facts::{FactWrites, Owner};

/// Products that are ready to be written, in the order of their ids.
#[derive(Default)]
pub struct Part {
    pub writes: FactWrites,
    pub review_counts: Vec<(String, [i64; 5])>,
    /// Products that are live.
    pub products: u64,
    /// Events of prices that their product had no room for.
    pub refused: Vec<Mark>,
    /// The last product, be it live or not.
    pub last: Option<String>,
}

impl Part {
    /// Puts a part together on all cores; `numbers` are the partitions' own, by those of the reader.
    pub async fn compute(
        mut products: Vec<ProductEntities>,
        numbers: &Arc<[i32]>,
    ) -> Result<Part, RebuildError> {
        let share = products.len().div_ceil(cores()).max(1);
        let mut shares = Vec::new();
        while !products.is_empty() {
            let rest = products.split_off(share.min(products.len()));
            let (these, numbers) = (std::mem::replace(&mut products, rest), Arc::clone(numbers));
            shares.push(blocking(move || Part::of(these, &numbers)));
        }
        let mut part = Part::default();
        for computed in futures_util::future::join_all(shares).await {
            part.append(computed?);
        }
        // Neighbouring rows meet the same page.
        part.writes.prices.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        part.writes.stock.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        part.writes.reviews.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(part)
    }

    fn of(products: Vec<ProductEntities>, numbers: &[i32]) -> Result<Part, RebuildError> {
        let mut part = Part::default();
        for product in products {
            part.add(product, numbers)?;
        }
        Ok(part)
    }

    fn append(&mut self, later: Part) {
        let Part { writes, review_counts, products, refused, last } = later;
        self.writes.products.extend(writes.products);
        self.writes.prices.extend(writes.prices);
        self.writes.stock.extend(writes.stock);
        self.writes.reviews.extend(writes.reviews);
        self.review_counts.extend(review_counts);
        self.products += products;
        self.refused.extend(refused);
        self.last = last.or(self.last.take());
    }

    fn add(&mut self, product: ProductEntities, numbers: &[i32]) -> Result<(), RebuildError> {
        let ProductEntities { product_id, mut entities } = product;
        self.refuse_prices(&mut entities);
        let mut counts = [0_i64; 5];
        for entity in &entities {
            let Some(head) = entity.run.head() else { continue };
            let stamp = entity.stamp(head, numbers);
            let owner = |product_id| Owner { product_id, moved: false };
            match entity.kind {
                Kind::Product => {
                    let (product_id, state) = entity.product()?;
                    self.products += u64::from(state.is_some());
                    self.writes.products.push((product_id, stamp, state));
                }
                Kind::Price => {
                    let (price_id, product_id, price) = entity.price()?;
                    self.writes.prices.push((price_id, stamp, owner(product_id), price));
                }
                Kind::Stock => {
                    let (key, product_id, available) = entity.stock()?;
                    self.writes.stock.push((key, stamp, owner(product_id), available));
                }
                Kind::Review => {
                    let (review_id, product_id, review) = entity.review()?;
                    if let Some(review) = review.as_ref().filter(|review| review.published)
                        && let Some(count) =
                            counts.get_mut(usize::from(review.rating).saturating_sub(1))
                    {
                        *count += 1;
                    }
                    self.writes.reviews.push((review_id, stamp, owner(product_id), review));
                }
                // They belong to no product.
                Kind::Discount => {}
            }
        }
        if counts != [0; 5] {
            self.review_counts.push((product_id.clone(), counts));
        }
        self.last = Some(product_id);
        Ok(())
    }

    /// Keeps the live prices that a product has room for: those whose latest events came first, as far as offsets say so.
    ///
    /// Event by event, a price is judged by how many there were when it came: one that was refused then is taken here if
    /// others have gone since, one that was taken then and changed later may be refused here, and of a refused one
    /// nothing stays, where event by event an older version of it may.
    fn refuse_prices(&mut self, entities: &mut Vec<Entity>) {
        let is_price = |entity: &Entity| entity.kind == Kind::Price && entity.run.is_live();
        let mut prices: Vec<(i64, u32)> = entities
            .iter()
            .filter(|entity| is_price(entity))
            .map(|entity| place(&entity.run.mark()))
            .collect();
        let room = usize::try_from(MAX_PRICES).unwrap_or(usize::MAX);
        if prices.len() <= room {
            return;
        }
        prices.sort_unstable();
        let kept: HashSet<(i64, u32)> = prices.into_iter().take(room).collect();
        entities.retain(|entity| {
            let mark = entity.run.mark();
            let keep = !is_price(entity) || kept.contains(&place(&mark));
            if !keep {
                self.refused.push(mark);
            }
            keep
        });
    }
}

fn place(mark: &Mark) -> (i64, u32) {
    (mark.offset, mark.partition)
}
