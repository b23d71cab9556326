//! Filters that select variants, and facets: every product looked at for each question, by the
//! contract's words.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use projections::index::query::filters::Filters;
use projections::listing::Sort;
use projections::product::{Attribute, Product, Variant};
use serde_json::{Value, json};

use crate::price::SkuPrice;
use crate::{Asked, Oracle};

/// A listing's kind (`all`, `category`, `brand`) and its id.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    pub kind: &'a str,
    pub id: &'a str,
}

/// A product that is listed, with what filters look at.
struct Listed<'a> {
    id: &'a str,
    product: &'a Product,
    rating: (u64, u64),
    /// Those that have a price.
    variants: Vec<Offered<'a>>,
}

struct Offered<'a> {
    variant: &'a Variant,
    price: SkuPrice<'a>,
    available: i64,
}

impl<'a> Listed<'a> {
    /// `None` where no variant is selected.
    fn selected<'l>(&'l self, filters: &Filters) -> Option<Selected<'l, 'a>> {
        let passes = |offered: &&Offered<'_>| self.passes(offered, filters);
        let variants: Vec<&Offered<'_>> = self.variants.iter().filter(passes).collect();
        let cost = |offered: &&Offered<'_>| (offered.price.final_amount, offered.price.regular);
        // `min_by_key` gives the first of equal ones.
        let cheapest = variants.iter().copied().min_by_key(cost)?;
        Some(Selected { of: self, variants, cheapest })
    }

    fn passes(&self, offered: &Offered<'_>, filters: &Filters) -> bool {
        let Listed { product, rating, .. } = self;
        let Offered { variant, price, available } = offered;
        let brand = product.brand.as_ref().map(|brand| &brand.id);
        let attribute = |(name, values): (&String, &BTreeSet<String>)| {
            value_of(product, variant, name).is_some_and(|value| values.contains(&value))
        };
        (filters.brands.is_empty() || brand.is_some_and(|brand| filters.brands.contains(brand)))
            && filters.min_rating_hundredths.is_none_or(|min| rating.0 as i64 >= min)
            && filters.min_price.is_none_or(|min| price.final_amount >= min)
            && filters.max_price.is_none_or(|max| price.final_amount <= max)
            && (!filters.in_stock || *available > 0)
            && (!filters.on_sale || price.final_amount < price.regular)
            && filters.attributes.iter().all(attribute)
    }
}

/// A product with a selected variant.
struct Selected<'l, 'a> {
    of: &'l Listed<'a>,
    /// The selected variants, in the order of `variants`.
    variants: Vec<&'l Offered<'a>>,
    cheapest: &'l Offered<'a>,
}

/// The products that have a selected variant, in no order.
fn selected<'l, 'a>(listed: &'l [Listed<'a>], filters: &Filters) -> Vec<Selected<'l, 'a>> {
    listed.iter().filter_map(|listed| listed.selected(filters)).collect()
}

impl Listing<'_> {
    fn holds(&self, product: &Product) -> bool {
        match self.kind {
            "all" => true,
            "category" => product.categories.iter().any(|c| c.path.iter().any(|s| s == self.id)),
            "brand" => product.brand.as_ref().is_some_and(|b| b.id == self.id),
            _ => false,
        }
    }
}

fn written(value: &Attribute) -> String {
    match value {
        Attribute::Text(text) => text.clone(),
        Attribute::Bool(value) => json!(value).to_string(),
        Attribute::Integer(value) => json!(value).to_string(),
        Attribute::Unsigned(value) => json!(value).to_string(),
        Attribute::Float(value) => json!(value).to_string(),
    }
}

/// The variant's value for a name, if it can be filtered by.
fn value_of(product: &Product, variant: &Variant, name: &str) -> Option<String> {
    let option = variant.options.get(name).cloned();
    let value = option.or_else(|| product.attributes.get(name).map(written));
    value.filter(|value| (1..=128).contains(&name.len()) && value.len() <= 256)
}

impl Oracle {
    /// The products of a listing, each looked at once for a question, however it filters.
    fn listed<'a>(&'a self, listing: Listing<'_>, asked: Asked<'_>) -> Vec<Listed<'a>> {
        let listed = self.products().filter(|(_, _, product)| {
            listing.holds(product) && product.active && product.released_at <= asked.at
        });
        listed.map(|(id, _, product)| self.listed_product(id, product, asked)).collect()
    }

    fn listed_product<'a>(
        &'a self,
        id: &'a str,
        product: &'a Product,
        asked: Asked<'_>,
    ) -> Listed<'a> {
        let reviews = self.published(id);
        let offered = |variant: &'a Variant| {
            let levels = self.stock(id).filter(|(sku, _, _)| *sku == variant.sku);
            let available = levels.map(|(_, _, units)| units).sum();
            Some(Offered { variant, price: self.sku_price(id, &variant.sku, asked)?, available })
        };
        Listed {
            id,
            product,
            rating: (reviews.hundredths().unwrap_or(0), reviews.count()),
            variants: product.variants.iter().filter_map(offered).collect(),
        }
    }

    /// The whole listing, in order, as cards.
    pub fn select(
        &self,
        listing: Listing<'_>,
        asked: Asked<'_>,
        sort: Sort,
        filters: &Filters,
    ) -> Vec<Value> {
        let listed = self.listed(listing, asked);
        let mut selected = selected(&listed, filters);
        selected.sort_by(|a, b| order(sort, a, b));
        selected.iter().filter_map(|selected| self.selected_card(selected, asked)).collect()
    }

    /// The product's card, with the price of its cheapest variant.
    pub fn whole_card(&self, id: &str, asked: Asked<'_>) -> Option<Value> {
        let mut card = self.card(id, asked)?;
        let (_, product) = self.product(id)?;
        let listed = self.listed_product(id, product, asked);
        if let Some(all) = listed.selected(&Filters::default()) {
            return self.selected_card(&all, asked);
        }
        card["sku"] = Value::Null;
        Some(card)
    }

    fn selected_card(&self, selected: &Selected<'_, '_>, asked: Asked<'_>) -> Option<Value> {
        let mut card = self.card(selected.of.id, asked)?;
        let Offered { variant, price, .. } = selected.cheapest;
        let finals = selected.of.variants.iter().map(|offered| offered.price.final_amount);
        card["sku"] = json!(variant.sku);
        let mut of_variant = self.price_json(price, asked)?;
        of_variant["varies"] = card["price"]["varies"].clone();
        of_variant["final_max"] = json!(finals.max());
        card["price"] = of_variant;
        Some(card)
    }

    /// The facets of a listing under these filters.
    pub fn facets(&self, listing: Listing<'_>, asked: Asked<'_>, filters: &Filters) -> Value {
        let listed = self.listed(listing, asked);
        let count = |filters: Filters| selected(&listed, &filters).len();
        let rating = |stars: i64| {
            count(Filters { min_rating_hundredths: Some(stars * 100), ..filters.clone() })
        };
        let any_price = Filters { min_price: None, max_price: None, ..filters.clone() };
        let any_price = selected(&listed, &any_price);
        let finals = any_price.iter().flat_map(|s| s.variants.iter().map(|v| v.price.final_amount));
        let (min, max) = (finals.clone().min(), finals.max());
        json!({
            "brands": self.brand_facet(&listed, asked, filters),
            "categories": self.category_facet(&listed, listing, asked, filters),
            "price": min.map(|min| json!({"min": min, "max": max})),
            "in_stock": count(Filters { in_stock: true, ..filters.clone() }),
            "on_sale": count(Filters { on_sale: true, ..filters.clone() }),
            "rating": {"1": rating(1), "2": rating(2), "3": rating(3), "4": rating(4)},
            "attributes": attribute_facets(&listed, filters),
        })
    }

    fn brand_facet(&self, listed: &[Listed<'_>], asked: Asked<'_>, filters: &Filters) -> Value {
        let any_brand = Filters { brands: BTreeSet::new(), ..filters.clone() };
        let mut counts = BTreeMap::new();
        for selected in selected(listed, &any_brand) {
            if let Some(brand) = &selected.of.product.brand {
                *counts.entry(brand.id.clone()).or_insert(0) += 1;
            }
        }
        self.entries("brand", asked, in_order(counts, &filters.brands, 100))
    }

    fn category_facet(
        &self,
        listed: &[Listed<'_>],
        listing: Listing<'_>,
        asked: Asked<'_>,
        filters: &Filters,
    ) -> Value {
        let mut counts = BTreeMap::new();
        for selected in selected(listed, filters) {
            let mut below = BTreeSet::new();
            for category in &selected.of.product.categories {
                for (at, id) in category.path.iter().enumerate() {
                    let parent = at.checked_sub(1).map(|before| category.path[before].as_str());
                    let is_child = match listing.kind {
                        "category" => parent == Some(listing.id),
                        _ => parent.is_none(),
                    };
                    if is_child {
                        below.insert(id.clone());
                    }
                }
            }
            for id in below {
                *counts.entry(id).or_insert(0) += 1;
            }
        }
        self.entries("category", asked, in_order(counts, &BTreeSet::new(), 100))
    }

    fn entries(&self, kind: &str, asked: Asked<'_>, counts: Vec<(String, usize)>) -> Value {
        let entry = |(id, count): (String, usize)| json!({"id": id, "name": self.listing_name(kind, &id, asked), "count": count});
        counts.into_iter().map(entry).collect()
    }
}

fn order(sort: Sort, a: &Selected<'_, '_>, b: &Selected<'_, '_>) -> Ordering {
    let price = |selected: &Selected<'_, '_>| selected.cheapest.price.final_amount;
    let discount = |selected: &Selected<'_, '_>| selected.cheapest.price.discount_bp();
    let by_sort = match sort {
        Sort::Newest => b.of.product.released_at.cmp(&a.of.product.released_at),
        Sort::PriceAsc => price(a).cmp(&price(b)),
        Sort::PriceDesc => price(b).cmp(&price(a)),
        Sort::Discount => discount(b).cmp(&discount(a)),
        Sort::Rating => b.of.rating.cmp(&a.of.rating),
        Sort::Reviews => b.of.rating.1.cmp(&a.of.rating.1),
    };
    by_sort.then_with(|| a.of.id.as_bytes().cmp(b.of.id.as_bytes()))
}

/// Of the names that some product of the listing has, or that are filtered by.
fn attribute_facets(listed: &[Listed<'_>], filters: &Filters) -> Value {
    let of_products = listed.iter().flat_map(|Listed { product, .. }| {
        let options = product.variants.iter().flat_map(|variant| variant.options.keys());
        product.attributes.keys().chain(options)
    });
    let names: BTreeSet<&String> = of_products.chain(filters.attributes.keys()).collect();
    let (mut totals, mut of_name) = (BTreeMap::new(), BTreeMap::new());
    for name in names {
        let mut without = filters.clone();
        without.attributes.remove(name);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut total = 0;
        for selected in selected(listed, &without) {
            let variants = selected.variants.iter().map(|offered| offered.variant);
            let values: BTreeSet<String> =
                variants.filter_map(|v| value_of(selected.of.product, v, name)).collect();
            total += usize::from(!values.is_empty());
            for value in values {
                *counts.entry(value).or_insert(0) += 1;
            }
        }
        if total > 0 {
            totals.insert(name.clone(), total);
        }
        of_name.insert(name.clone(), counts);
    }
    let requested = filters.attributes.keys().cloned().collect();
    let facet = |(name, _): (String, usize)| {
        let requested = filters.attributes.get(&name).cloned().unwrap_or_default();
        let counts = of_name.get(&name).cloned().unwrap_or_default();
        let values = in_order(counts, &requested, 100).into_iter();
        let values: Vec<Value> =
            values.map(|(value, count)| json!({"value": value, "count": count})).collect();
        json!({"name": name, "values": values})
    };
    in_order(totals, &requested, 20).into_iter().map(facet).collect()
}

/// Most products first, then byte order; what was requested and is not there comes after it, in
/// byte order.
fn in_order(
    counts: BTreeMap<String, usize>,
    requested: &BTreeSet<String>,
    limit: usize,
) -> Vec<(String, usize)> {
    let mut listed: Vec<(String, usize)> = counts.clone().into_iter().collect();
    listed.sort_by_key(|(id, count)| (Reverse(*count), id.as_bytes().to_vec()));
    listed.truncate(limit);
    let missing: Vec<(String, usize)> = requested
        .iter()
        .filter(|id| !listed.iter().any(|(listed, _)| listed == *id))
        .map(|id| (id.clone(), counts.get(id).copied().unwrap_or(0)))
        .collect();
    listed.extend(missing);
    listed
}
