//! The sizes of a catalogue, and what product `n` is: every fact is drawn from a hash of the seed
//! and `n`, so nothing is kept.

use projections::instant::Instant;

use super::Options;
use super::kinds::Kind;
use super::ladder::Ladder;
use super::prng::{Domain, Rng, Scatter};
use super::product::{MARKETS, MOST_VARIANTS, Product};
use super::tree::{Leaf, Tree};
use super::words::PLACES_OF_STOCK;

/// Milliseconds.
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// How long the events of a stream are spread over.
const SPAN_MS: i64 = 30 * DAY_MS;

/// The highest version an event may carry.
pub const MAX_VERSION: u64 = (1 << 53) - 1;

/// How far a product's prices move, in 1,000 of what is usual: so little that no price for a group
/// is ever above everyone's and no small variant dearer than a large one, whenever each was set.
pub const PRICE_LEVELS: (u64, u64) = (970, 1_030);

/// A catalogue with fewer products has none that is made to measure.
const LEAST_FOR_MEASURED: u64 = 2_000;
/// So many of 100,000 products are made to measure.
const MEASURED_PER_100_000: u64 = 3;

/// The sizes of a catalogue and the means to draw its facts.
pub struct Catalogue {
    pub seed: u64,
    pub products: u64,
    pub events: u64,
    pub start: Instant,
    pub tree: Tree,
    pub brands: u64,
    pub discounts: u64,
    measured: Measured,
    scatter: Scatter,
    /// Moves the most popular brand, so that seeds differ in it.
    turn: u64,
}

/// Which products are made to measure: `count` of them, evenly spread.
struct Measured {
    count: u64,
    step: u64,
    first: u64,
}

impl Measured {
    fn new(products: u64, rng: &mut Rng) -> Measured {
        let share = u128::from(products) * u128::from(MEASURED_PER_100_000) / 100_000;
        let count = if products < LEAST_FOR_MEASURED { 0 } else { (share as u64).max(1) };
        let step = products / count.max(1);
        // In the second half, so that it is none of the products that stand for their leaf.
        Measured { count, step, first: step / 2 + rng.below(step.div_ceil(2)) }
    }

    /// The place of product `n` among them.
    fn index(&self, n: u64) -> Option<u64> {
        let after = n.checked_sub(self.first)?;
        let index = after / self.step.max(1);
        (index < self.count && after.is_multiple_of(self.step)).then_some(index)
    }
}

impl Catalogue {
    /// At least one product, and no more of products or events than versions can count.
    pub fn new(options: &Options) -> Catalogue {
        let products = options.products.clamp(1, MAX_VERSION);
        let mut rng = Rng::of(options.seed, Domain::Shape, 0);
        let scatter = Scatter::new(products, rng.bits());
        let turn = rng.below(1 << 32);
        let tree = Tree::new(products, turn);
        Catalogue {
            seed: options.seed,
            products,
            events: options.events.min(MAX_VERSION),
            start: options.start,
            brands: brands(products, tree.departments),
            discounts: (products / 200).clamp(8, 2_000),
            tree,
            measured: Measured::new(products, &mut rng),
            scatter,
            turn,
        }
    }

    /// How many events the import takes, about: enough for all of it.
    pub fn import_events(&self) -> u64 {
        const EVENTS_PER_PRODUCT: u64 = 9;
        const EVENTS_PER_MEASURED: u64 = 3_400;
        let most = self.products.saturating_mul(EVENTS_PER_PRODUCT);
        most.saturating_add(self.measured.count * EVENTS_PER_MEASURED)
    }

    /// The stream of random numbers of `index` in `domain`.
    pub fn rng(&self, domain: Domain, index: u64) -> Rng {
        Rng::of(self.seed, domain, index)
    }

    /// A product; the popular ones come more often.
    pub fn popular(&self, rng: &mut Rng) -> u64 {
        self.scatter.item(rng.steep(self.products))
    }

    /// The `i`th product of a list that `first` stands for: they differ while `i` is below the
    /// number of products.
    pub fn listed(&self, first: u64, i: u64) -> u64 {
        self.scatter.item((first % self.products + i) % self.products)
    }

    /// When the event at `sequence` (from 1) happens: spread evenly, the last at the end of the span.
    pub fn time_of(&self, sequence: u64) -> Instant {
        let passed = u128::from(sequence.saturating_sub(1)) * SPAN_MS as u128;
        let steps = self.events.saturating_sub(1).max(1);
        self.after_start((passed / u128::from(steps)) as i64)
    }

    /// `millis` after (before, where negative) the start.
    pub fn after_start(&self, millis: i64) -> Instant {
        Instant(self.start.millis().saturating_add(millis))
    }

    /// The number of the `i`th brand in the tables of names; the popular ones come first. Each
    /// brand belongs to one department: brands `i` and `i + departments` to the same.
    pub fn brand(&self, i: u64) -> u64 {
        (i % self.brands + self.turn) % 2_000
    }

    /// A brand of a department; sizes are skewed.
    fn brand_of(&self, rng: &mut Rng, department: u64) -> u64 {
        let departments = self.tree.departments.max(1);
        let count = (self.brands - department % departments).div_ceil(departments);
        self.brand(rng.skewed(count) * departments + department)
    }

    /// The leaf of the tree that a product is in.
    pub fn leaf(&self, product: &Product) -> &Leaf {
        self.tree.leaf(product.leaf)
    }

    /// The facts about product `n`.
    pub fn product(&self, n: u64) -> Product {
        let mut rng = self.rng(Domain::Product, n);
        let rank = self.scatter.rank(n);
        // One of these for each leaf: they stay, and tell what its categories are called.
        let staple = n < self.tree.count();
        let measured = self.measured.index(n);
        let drawn = self.tree.draw(&mut rng, n);
        let leaf = measured.map_or(drawn, |index| self.tree.measured(index));
        let kind = self.tree.leaf(leaf).kind;
        let drawn = variants(&mut rng, kind);
        let variants = if measured.is_some() { MOST_VARIANTS } else { drawn };
        let lasting = staple || measured.is_some();
        let (markets, first_market) = match rng.below(1000) {
            0..20 if !lasting => (1, 0),
            20..40 if !lasting => (1, 1),
            _ => (MARKETS.len() as u64, 0),
        };
        let ladder = Ladder::of(kind, measured.is_some());
        let own_prices = (0..variants).filter(|variant| ladder.place(*variant) > 0).count() as u64;
        let places = if rng.per_mille(220) { 2 } else { 1 };
        let place = rng.below(PLACES_OF_STOCK.len() as u64);
        let sales = match rng.below(100) {
            0..12 => 2,
            12..50 => 1,
            _ => 0,
        };
        Product {
            n,
            rank,
            leaf,
            staple,
            measured: measured.is_some(),
            variants,
            plain: variants == 1 && rng.per_mille(60),
            brand: rng
                .per_mille(970)
                .then(|| self.brand_of(&mut rng, self.tree.leaf(leaf).department_index)),
            tint: rng.below(kind.palette.len() as u64),
            markets,
            first_market,
            ladder,
            own_prices,
            sales,
            groups: [rng.per_mille(700), rng.per_mille(480)].map(|has| has && sales == 0),
            cents: kind.cents.0 + rng.steep(kind.cents.1 - kind.cents.0),
            places,
            place,
            reviews: self.first_reviews(&mut rng, rank),
            released: self.released(&mut rng, lasting),
            hidden: rng.per_mille(10) && !lasting,
            leaving: rank > self.products / 2 && rng.per_mille(40) && !lasting,
            poor: rng.per_mille(120),
        }
    }

    /// Released before the start, most not long before; 2 % in the weeks after it, on the hour.
    fn released(&self, rng: &mut Rng, before: bool) -> Instant {
        if rng.per_mille(20) && !before {
            return self.after_start(rng.between(6, 42 * 24) as i64 * HOUR_MS);
        }
        let minutes = 60 + rng.skewed(1_500 * 24 * 60);
        self.after_start(-(minutes as i64) * MINUTE_MS)
    }

    /// How many reviews a product starts with: many for the popular, none for most.
    fn first_reviews(&self, rng: &mut Rng, rank: u64) -> u64 {
        match (u128::from(rank) * 1_000 / u128::from(self.products)) as u64 {
            0 => rng.between(24, 40),
            1..10 => rng.between(8, 14),
            10..100 => rng.between(1, 3),
            _ => u64::from(rng.per_mille(130)),
        }
    }

    /// What a product's prices are at `now` in 1,000 of what is usual, for a `slice` of time: prices
    /// that are set within it, for whichever market or variant, move alike.
    pub fn price_level(&self, product: &Product, now: Instant, slice: i64) -> u64 {
        let slice = now.millis().div_euclid(slice.max(1)) as u64;
        let index = product.n.wrapping_mul(1 << 32) ^ slice;
        self.rng(Domain::PriceLevel, index).between(PRICE_LEVELS.0, PRICE_LEVELS.1)
    }

    /// What stands at one place for one variant before any change.
    pub fn stock_level(&self, product: &Product, variant: u64, place: u64) -> u64 {
        let index = product.n.wrapping_mul(512) + variant * 2 + place;
        let mut rng = self.rng(Domain::Stock, index);
        if rng.per_mille(60) {
            return 0;
        }
        let level = 2 + rng.skewed(300);
        if product.rank * 100 < self.products { level * 10 } else { level }
    }
}

/// About 250 products a brand, but 80 brands as soon as there is something for them to make. Each
/// department has one.
fn brands(products: u64, departments: u64) -> u64 {
    let few = (products / 25).min(80);
    (products / 250).max(few).clamp(departments.max(10), 2_000)
}

/// One to four variants for most, and never more than the kind's options tell apart.
fn variants(rng: &mut Rng, kind: &Kind) -> u64 {
    let drawn = match rng.below(100) {
        0..61 => 1,
        61..79 => 2,
        79..89 => 3,
        89..96 => 4,
        _ => rng.between(5, 12),
    };
    drawn.min(super::details::most_variants(kind))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::words::{BRAND_ENDS, BRAND_STARTS};
    use super::*;

    fn catalogue(products: u64) -> Catalogue {
        Catalogue::new(&Options { products, events: 10 * products, seed: 3, start: Instant(0) })
    }

    #[test]
    fn leaves_differ_in_size_and_none_is_empty() {
        let catalogue = catalogue(2_000);
        let mut sizes = vec![0; catalogue.tree.leaves.len()];
        for n in 0..2_000 {
            sizes[catalogue.product(n).leaf] += 1;
        }
        assert!(sizes.iter().all(|size| *size >= 2), "{sizes:?}");
        sizes.sort_unstable();
        let (median, most) = (sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
        assert!((median * 2 + 1..median * 5).contains(&most), "{sizes:?}");
    }

    #[test]
    fn some_products_of_a_large_catalogue_are_made_to_measure() {
        for (products, measured) in [(1, 0), (1_999, 0), (2_000, 1), (40_000, 1), (200_000, 6)] {
            let catalogue = catalogue(products);
            let found: Vec<u64> =
                (0..products).filter(|n| catalogue.product(*n).measured).collect();
            assert_eq!(found.len(), measured, "of {products}");
            assert!(found.iter().all(|n| *n >= catalogue.tree.count()));
        }
    }

    #[test]
    fn a_brand_makes_things_of_one_department() {
        let catalogue = catalogue(10_000);
        let mut departments = std::collections::HashMap::new();
        for n in 0..10_000 {
            let product = catalogue.product(n);
            let department = catalogue.leaf(&product).department.id;
            if let Some(brand) = product.brand {
                assert_eq!(*departments.entry(brand).or_insert(department), department);
            }
        }
        assert_eq!(departments.len() as u64, catalogue.brands);
    }

    #[test]
    fn brand_ids_differ() {
        let ids: HashSet<_> = BRAND_STARTS
            .iter()
            .flat_map(|(_, start)| BRAND_ENDS.iter().map(move |end| format!("{start}{end}")))
            .collect();
        assert_eq!(ids.len(), 2_000);
    }

    #[test]
    fn times_run_over_thirty_days() {
        let catalogue = catalogue(100);
        assert_eq!(catalogue.time_of(1), Instant(0));
        assert!((14 * DAY_MS..16 * DAY_MS).contains(&catalogue.time_of(501).millis()));
        assert_eq!(catalogue.time_of(1_000), Instant(SPAN_MS));
    }
}
