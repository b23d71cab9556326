//! Which products each group has prices of its own for: for all others it pays what everyone pays,
//! but for discounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::prices;

/// A market by its position, and a group.
type Key = (u16, Arc<str>);

/// The groups of one version.
#[derive(Clone, Debug, Default)]
pub struct GroupPrices(Arc<BTreeMap<Key, Arc<RoaringBitmap>>>);

impl GroupPrices {
    /// The products with prices for a group; `None` where there are none.
    pub fn of(&self, market: usize, group: &str) -> Option<&RoaringBitmap> {
        self.0.get(&(market as u16, Arc::from(group))).map(Arc::as_ref)
    }

    /// A product's prices are others now.
    pub fn replace(&mut self, number: u32, before: &[u8], after: &[u8]) {
        let of = |packed| prices::groups(packed).collect::<BTreeSet<(u16, &str)>>();
        let (before, after) = (of(before), of(after));
        if before == after {
            return;
        }
        let groups = Arc::make_mut(&mut self.0);
        for (market, group) in before.difference(&after) {
            let key = (*market, Arc::from(*group));
            let Some(products) = groups.get_mut(&key) else { continue };
            Arc::make_mut(products).remove(number);
            if products.is_empty() {
                groups.remove(&key);
            }
        }
        for (market, group) in after.difference(&before) {
            let products = groups.entry((*market, Arc::from(*group))).or_default();
            Arc::make_mut(products).insert(number);
        }
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        self.0
            .iter()
            .map(|((_, group), products)| group.len() + products.serialized_size() + 64)
            .sum()
    }
}
