//! All discounts, as they are stored.

use projections::codec::CorruptDocument;

use super::entity::Entity;
use crate::store::facts::DiscountWrite;

/// What is to be stored of these entities; `numbers` are the partitions' own, by those of the reader.
pub fn writes(entities: &[Entity], numbers: &[i32]) -> Result<Vec<DiscountWrite>, CorruptDocument> {
    let mut writes = Vec::with_capacity(entities.len());
    for entity in entities {
        let Some(head) = entity.run.head() else { continue };
        let (discount_id, state) = entity.discount()?;
        let stamp = entity.stamp(head, numbers);
        writes.push((discount_id, stamp, state.map(|d| (d.terms, d.scope))));
    }
    Ok(writes)
}
