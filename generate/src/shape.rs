//! The shape of a catalogue: what its stream comes to after the last event, counted from the events
//! themselves. Live entities count. Memory grows with the catalogue.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use projections::discount::{Discount, DiscountKind};
use projections::event::{Change, Event, Kind};
use projections::price::Price;
use projections::product::Product;
use serde::Serialize;

use super::catalogue::Catalogue;
use super::{Generator, Options, details};

/// A count over products.
#[derive(Clone, Copy, Default, PartialEq, Debug, Serialize)]
pub struct Spread {
    pub min: u64,
    pub mean: f64,
    pub max: u64,
}

impl Spread {
    fn of(counts: &[u64]) -> Spread {
        let sum: u64 = counts.iter().sum();
        Spread {
            min: counts.iter().copied().min().unwrap_or_default(),
            mean: if counts.is_empty() { 0.0 } else { sum as f64 / counts.len() as f64 },
            max: counts.iter().copied().max().unwrap_or_default(),
        }
    }
}

/// The figures.
#[derive(Debug, Serialize)]
pub struct Shape {
    pub products: u64,
    pub events: BTreeMap<String, u64>,
    pub events_total: u64,
    pub bytes_an_event: f64,
    /// Events that do not decode. There are none.
    pub undecoded: u64,
    pub attributes_and_options: Spread,
    pub attribute_names: u64,
    pub variants: Spread,
    pub products_with_200_variants: u64,
    pub live_prices: Spread,
    pub products_with_group_prices: u64,
    pub discounts: u64,
    pub discounts_by_kind: BTreeMap<String, u64>,
    pub discounts_by_scope: BTreeMap<String, u64>,
    pub discounts_by_group: BTreeMap<String, u64>,
    /// How many discounts have a scope that a product is in.
    pub discounts_reaching: Spread,
    /// From the root on.
    pub categories_by_depth: Vec<u64>,
    pub largest_categories: Vec<Share>,
}

/// A category's share of all products.
#[derive(Debug, Serialize)]
pub struct Share {
    pub id: String,
    pub share: f64,
}

/// What is live of a stream, by id.
#[derive(Default)]
struct Live {
    versions: HashMap<(Kind, String), u64>,
    products: BTreeMap<String, Product>,
    prices: HashMap<String, Price>,
    discounts: BTreeMap<String, Discount>,
}

impl Live {
    fn take(&mut self, event: Event) {
        let version = self.versions.entry((event.kind(), event.entity_key())).or_default();
        if *version >= event.version {
            return;
        }
        *version = event.version;
        match event.change {
            Change::Product { product_id, state } => match state {
                Some(product) => drop(self.products.insert(product_id, product)),
                None => drop(self.products.remove(&product_id)),
            },
            Change::Price { price_id, state, .. } => match state {
                Some(price) => drop(self.prices.insert(price_id, price)),
                None => drop(self.prices.remove(&price_id)),
            },
            Change::Discount { discount_id, state } => match state {
                Some(discount) => drop(self.discounts.insert(discount_id, discount)),
                None => drop(self.discounts.remove(&discount_id)),
            },
            Change::Stock { .. } | Change::Review { .. } => {}
        }
    }
}

impl Shape {
    /// Of the stream that these options give, whose lines `decode` reads.
    pub fn of(options: Options, decode: impl Fn(&[u8]) -> Option<Event>) -> Shape {
        let mut generator = Generator::new(options);
        let (mut live, mut events, mut bytes, mut undecoded) =
            (Live::default(), BTreeMap::<String, u64>::new(), 0, 0);
        let mut line = Vec::new();
        while generator.write_next(&mut line) {
            bytes += line.len() as u64;
            if let Some(event) = decode(line.trim_ascii()) {
                *events.entry(event.kind().name().to_owned()).or_default() += 1;
                live.take(event);
            } else {
                undecoded += 1;
            }
            line.clear();
        }
        let total = events.values().sum::<u64>() + undecoded;
        let mut shape = Shape::of_live(&live);
        shape.bytes_an_event = bytes as f64 / total.max(1) as f64;
        (shape.events, shape.events_total, shape.undecoded) = (events, total, undecoded);
        shape
    }

    fn of_live(live: &Live) -> Shape {
        let products: Vec<(&String, &Product)> = live.products.iter().collect();
        let names: Vec<HashSet<&str>> = products.iter().map(|(_, p)| names_of(p)).collect();
        let all_names: HashSet<&str> = names.iter().flatten().copied().collect();
        let variants: Vec<u64> = products.iter().map(|(_, p)| p.variants.len() as u64).collect();
        let prices = Prices::of(live);
        let reaching = Reaching::of(&live.discounts);
        let counted = |count: &dyn Fn(&str, &Product) -> u64| -> Vec<u64> {
            products.iter().map(|(id, product)| count(id, product)).collect()
        };
        let (categories_by_depth, largest_categories) = categories(&products);
        let named = |name: &dyn Fn(&Discount) -> String| {
            let mut counts = BTreeMap::new();
            for discount in live.discounts.values() {
                *counts.entry(name(discount)).or_default() += 1;
            }
            counts
        };
        Shape {
            products: products.len() as u64,
            events: BTreeMap::new(),
            events_total: 0,
            bytes_an_event: 0.0,
            undecoded: 0,
            attributes_and_options: Spread::of(
                &names.iter().map(|names| names.len() as u64).collect::<Vec<_>>(),
            ),
            attribute_names: all_names.len() as u64,
            variants: Spread::of(&variants),
            products_with_200_variants: variants.iter().filter(|n| **n == 200).count() as u64,
            live_prices: Spread::of(&counted(&|id, _| prices.counts.get(id).copied().unwrap_or(0))),
            products_with_group_prices: prices.with_groups.len() as u64,
            discounts: live.discounts.len() as u64,
            discounts_by_kind: named(&|discount| kind_of(discount).to_owned()),
            discounts_by_scope: named(&|discount| scope_of(discount).to_owned()),
            discounts_by_group: named(&|d| d.terms.group.clone().unwrap_or("everyone".to_owned())),
            discounts_reaching: Spread::of(&counted(&|id, product| reaching.count(id, product))),
            categories_by_depth,
            largest_categories,
        }
    }
}

/// The names of a product's attributes and options.
fn names_of(product: &Product) -> HashSet<&str> {
    let options = product.variants.iter().flat_map(|variant| variant.options.keys());
    product.attributes.keys().chain(options).map(String::as_str).collect()
}

/// The prices of products that are live.
struct Prices<'a> {
    counts: HashMap<&'a str, u64>,
    with_groups: HashSet<&'a str>,
}

impl Prices<'_> {
    fn of(live: &Live) -> Prices<'_> {
        let mut prices = Prices { counts: HashMap::new(), with_groups: HashSet::new() };
        for price in live.prices.values() {
            let id = price.product_id.as_str();
            if live.products.contains_key(id) {
                *prices.counts.entry(id).or_default() += 1;
                if price.group.is_some() {
                    prices.with_groups.insert(id);
                }
            }
        }
        prices
    }
}

fn kind_of(discount: &Discount) -> &'static str {
    match discount.terms.kind {
        DiscountKind::Percentage(_) => "percentage",
        DiscountKind::Amount(_) => "amount",
        DiscountKind::FixedPrice(_) => "fixed_price",
    }
}

fn scope_of(discount: &Discount) -> &'static str {
    let scope = &discount.scope;
    let named = [
        (scope.all, "all"),
        (!scope.categories.is_empty(), "categories"),
        (!scope.brands.is_empty(), "brands"),
        (!scope.products.is_empty(), "products"),
        (!scope.skus.is_empty(), "skus"),
    ];
    named.iter().find(|(has, _)| *has).map_or("nothing", |(_, name)| name)
}

/// Which discounts name what: by the numbers of the discounts.
#[derive(Default)]
struct Reaching<'a> {
    all: Vec<usize>,
    named: HashMap<(&'static str, &'a str), Vec<usize>>,
}

impl<'a> Reaching<'a> {
    fn of(discounts: &'a BTreeMap<String, Discount>) -> Reaching<'a> {
        let mut reaching = Reaching::default();
        for (n, discount) in discounts.values().enumerate() {
            let scope = &discount.scope;
            if scope.all {
                reaching.all.push(n);
            }
            for (what, ids) in [
                ("category", &scope.categories),
                ("brand", &scope.brands),
                ("product", &scope.products),
                ("sku", &scope.skus),
            ] {
                for id in ids {
                    reaching.named.entry((what, id)).or_default().push(n);
                }
            }
        }
        reaching
    }

    fn count(&self, id: &str, product: &Product) -> u64 {
        let ids = product.category_ids();
        let categories = ids.iter().map(|id| ("category", *id));
        let brand = product.brand.iter().map(|brand| ("brand", brand.id.as_str()));
        let skus = product.variants.iter().map(|variant| ("sku", variant.sku.as_str()));
        let keys = categories.chain(brand).chain(skus).chain([("product", id)]);
        let named = keys.filter_map(|key| self.named.get(&key)).flatten();
        named.chain(&self.all).collect::<HashSet<_>>().len() as u64
    }
}

/// How many categories there are of each depth, and the ten with the most products.
fn categories(products: &[(&String, &Product)]) -> (Vec<u64>, Vec<Share>) {
    let mut sizes: HashMap<&str, u64> = HashMap::new();
    let mut depths: BTreeMap<usize, HashSet<&str>> = BTreeMap::new();
    for (_, product) in products {
        for category in &product.categories {
            for (depth, id) in category.path.iter().enumerate() {
                depths.entry(depth).or_default().insert(id);
            }
        }
        product.category_ids().into_iter().for_each(|id| *sizes.entry(id).or_default() += 1);
    }
    let mut sizes: Vec<(&str, u64)> = sizes.into_iter().collect();
    sizes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let share = |(id, size): &(&str, u64)| Share {
        id: (*id).to_owned(),
        share: *size as f64 / products.len().max(1) as f64,
    };
    let depths = depths.values().map(|ids| ids.len() as u64).collect();
    (depths, sizes.iter().take(10).map(share).collect())
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {:.2} / {}", self.min, self.mean, self.max)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<String, u64>| -> String {
            let parts: Vec<String> = counts.iter().map(|(k, n)| format!("{k} {n}")).collect();
            parts.join(", ")
        };
        let mut row = |name: &str, value: String| writeln!(f, "{name:<42}{value}");
        row("events", format!("{} ({})", self.events_total, list(&self.events)))?;
        row("bytes an event", format!("{:.0}", self.bytes_an_event))?;
        row("events that do not decode", self.undecoded.to_string())?;
        row("live products", self.products.to_string())?;
        let spread = self.attributes_and_options.to_string();
        row("attributes and options (min / mean / max)", spread)?;
        row("distinct attribute and option names", self.attribute_names.to_string())?;
        row("variants (min / mean / max)", self.variants.to_string())?;
        row("products with 200 variants", self.products_with_200_variants.to_string())?;
        row("live prices (min / mean / max)", self.live_prices.to_string())?;
        row("products with prices for groups", self.products_with_group_prices.to_string())?;
        row("live discounts", self.discounts.to_string())?;
        if self.discounts > 0 {
            row("  by kind", list(&self.discounts_by_kind))?;
            row("  by scope", list(&self.discounts_by_scope))?;
            row("  by group", list(&self.discounts_by_group))?;
            row("discounts a product (min / mean / max)", self.discounts_reaching.to_string())?;
        }
        let depths: Vec<String> = self.categories_by_depth.iter().map(u64::to_string).collect();
        if !depths.is_empty() {
            row("categories by depth", depths.join(", "))?;
        }
        for (n, category) in self.largest_categories.iter().enumerate() {
            let name = if n == 0 { "largest categories" } else { "" };
            row(name, format!("{:>5.1} %  {}", category.share * 100.0, category.id))?;
        }
        Ok(())
    }
}

/// The means of a first catalogue: cheap enough to be told before each measurement.
pub struct Means {
    pub options: Options,
    pub variants: f64,
    pub prices: f64,
    pub attributes: f64,
}

impl Means {
    /// Over all products, or over 100,000 of them that are evenly spread.
    pub fn of(options: &Options) -> Means {
        const SAMPLE: u64 = 100_000;
        let catalogue = Catalogue::new(options);
        let (mut variants, mut prices, mut attributes, mut count) = (0, 0, 0, 0);
        let step = catalogue.products.div_ceil(SAMPLE);
        for n in (0..catalogue.products).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let product = catalogue.product(n);
            variants += product.variants;
            prices += product.prices();
            attributes += details::count(&catalogue, &product);
            count += 1;
        }
        let mean = |sum: u64| sum as f64 / f64::from(count.max(1));
        Means {
            options: *options,
            variants: mean(variants),
            prices: mean(prices),
            attributes: mean(attributes),
        }
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { products, events, seed, .. } = self.options;
        write!(
            f,
            "catalogue: {} products, {} events, {:.1} variants, {:.1} prices, {:.1} attributes and \
             options a product, seed {seed}",
            thousands(products),
            thousands(events),
            self.variants,
            self.prices,
            self.attributes
        )
    }
}

/// With a comma before each three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_have_about_five_prices() {
        for (products, seed) in [(2_000, 1), (20_000, 2)] {
            let start = super::super::DEFAULT_START;
            let means = Means::of(&Options { products, events: 1, seed, start });
            let measured = if products == 2_000 { 1.4 } else { 0.14 };
            assert!((5.0..5.6).contains(&(means.prices - measured)), "{}", means.prices);
        }
    }

    /// With nothing to count there is no row that says nothing.
    #[test]
    fn no_row_is_empty() {
        let shape = Shape::of_live(&Live::default()).to_string();
        assert!(!shape.contains("by kind") && shape.contains("live discounts"), "{shape}");
        let blank = |row: &&str| row.get(42..).is_none_or(str::is_empty);
        assert_eq!(shape.lines().filter(blank).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn large_numbers_have_commas() {
        assert_eq!(
            ["7", "100", "1,000", "123,456,789"],
            [7, 100, 1_000, 123_456_789].map(thousands)
        );
    }
}
