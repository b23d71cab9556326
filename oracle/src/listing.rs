//! What listings are called.

use std::cmp::Reverse;

use crate::text::localized;
use crate::{Asked, Oracle};

impl Oracle {
    /// What the visible product with the newest event (then the smaller id) that itself carries this
    /// category or brand calls it.
    pub fn listing_name(&self, kind: &str, id: &str, asked: Asked<'_>) -> Option<String> {
        let market = self.market(asked.market)?;
        let (_, name) = self
            .products()
            .filter(|(_, _, product)| product.active && product.released_at <= asked.at)
            .filter_map(|(product_id, time, product)| {
                let category = product.categories.iter().find(|c| c.id == id).map(|c| &c.name);
                let brand = product.brand.as_ref().filter(|b| b.id == id).map(|b| &b.name);
                let name = match kind {
                    "category" => category,
                    "brand" => brand,
                    _ => None,
                }?;
                Some(((Reverse(time), product_id.as_bytes()), name))
            })
            .min_by_key(|(newest, _)| *newest)?;
        Some(localized(name, asked.locale, &market.locale).to_owned())
    }
}
