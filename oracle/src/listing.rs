//! Listings: every product looked at, every order by the contract's words.

use std::cmp::{Ordering, Reverse};

use projections::instant::Instant;
use projections::listing::{Filters, Sort};
use projections::product::Product;
use serde_json::Value;

use crate::text::localized;
use crate::{Asked, Oracle};

/// A product in a listing, with what orders and filters look at.
struct Listed<'a> {
    id: &'a str,
    released_at: Instant,
    final_amount: i64,
    regular: i64,
    discount_bp: i64,
    hundredths: u64,
    reviews: u64,
    card: Value,
}

/// Whether the listing of this kind (`all`, `category`, `brand`) and id can hold the product.
fn is_in(product: &Product, kind: &str, id: &str) -> bool {
    match kind {
        "all" => true,
        "category" => product.categories.iter().any(|c| c.path.iter().any(|step| step == id)),
        "brand" => product.brand.as_ref().is_some_and(|b| b.id == id),
        _ => false,
    }
}

impl Listed<'_> {
    fn passes(&self, product: &Product, filters: &Filters) -> bool {
        let state = &self.card["stock"]["state"];
        let brand = product.brand.as_ref().map(|b| &b.id);
        (filters.brands.is_empty() || filters.brands.iter().any(|b| Some(b) == brand))
            && filters.min_price.is_none_or(|min| self.final_amount >= min)
            && filters.max_price.is_none_or(|max| self.final_amount <= max)
            && (!filters.in_stock || state == "in_stock" || state == "low_stock")
            && (!filters.on_sale || self.final_amount < self.regular)
            && filters.min_rating_hundredths.is_none_or(|min| self.hundredths as i64 >= min)
    }
}

fn order(sort: Sort, a: &Listed<'_>, b: &Listed<'_>) -> Ordering {
    let by_sort = match sort {
        Sort::Newest => b.released_at.cmp(&a.released_at),
        Sort::PriceAsc => a.final_amount.cmp(&b.final_amount),
        Sort::PriceDesc => b.final_amount.cmp(&a.final_amount),
        Sort::Discount => b.discount_bp.cmp(&a.discount_bp),
        Sort::Rating => (b.hundredths, b.reviews).cmp(&(a.hundredths, a.reviews)),
        Sort::Reviews => b.reviews.cmp(&a.reviews),
    };
    by_sort.then_with(|| a.id.as_bytes().cmp(b.id.as_bytes()))
}

impl Oracle {
    /// The whole listing, in order, as cards. `kind` is `all`, `category` or `brand`; `id` is not
    /// looked at for `all`.
    pub fn listing(
        &self,
        kind: &str,
        id: &str,
        asked: Asked<'_>,
        sort: Sort,
        filters: &Filters,
    ) -> Vec<Value> {
        let mut listed: Vec<Listed<'_>> = self
            .products()
            .filter(|(_, _, product)| is_in(product, kind, id))
            .filter_map(|(product_id, _, product)| {
                let card = self.card(product_id, asked)?;
                let (price, _) = self.product_price(product_id, asked)?;
                let reviews = self.published(product_id);
                let listed = Listed {
                    id: product_id,
                    released_at: product.released_at,
                    final_amount: price.final_amount,
                    regular: price.regular,
                    discount_bp: price.discount_bp(),
                    hundredths: reviews.hundredths().unwrap_or(0),
                    reviews: reviews.count(),
                    card,
                };
                listed.passes(product, filters).then_some(listed)
            })
            .collect();
        listed.sort_by(|a, b| order(sort, a, b));
        listed.into_iter().map(|l| l.card).collect()
    }

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
