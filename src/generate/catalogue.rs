//! What product `n` is: every fact is drawn from a hash of the seed and `n`, so nothing is kept.

use projections::instant::Instant;

use super::Options;
use super::prng::{Domain, Rng, Scatter};
use super::words::{DEPARTMENTS, Department, Family, GROUPS, Lang, PLACES_OF_STOCK, Qualifier};

/// Milliseconds.
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// How long the events of a stream are spread over.
const SPAN_MS: i64 = 30 * DAY_MS;

/// The sizes of a catalogue and the means to draw its facts.
pub struct Catalogue {
    pub seed: u64,
    pub products: u64,
    pub events: u64,
    pub start: Instant,
    pub tree: Tree,
    pub brands: u64,
    pub discounts: u64,
    scatter: Scatter,
    /// Moves the most popular brand and category, so that seeds differ in them.
    turn: u64,
}

impl Catalogue {
    /// At least one product, and no more of products or events than versions can count.
    pub fn new(options: &Options) -> Catalogue {
        let products = options.products.clamp(1, MAX_VERSION);
        let mut rng = Rng::of(options.seed, Domain::Shape, 0);
        Catalogue {
            seed: options.seed,
            products,
            events: options.events.min(MAX_VERSION),
            start: options.start,
            tree: Tree::new(products),
            brands: (products / 250).clamp(10, 2_000),
            discounts: (products / 200).clamp(5, 2_000),
            scatter: Scatter::new(products, rng.bits()),
            turn: rng.below(1 << 32),
        }
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

    /// When the event at `sequence` (from 1) happens: spread evenly over the span.
    pub fn time_of(&self, sequence: u64) -> Instant {
        let passed = u128::from(sequence.saturating_sub(1)) * SPAN_MS as u128;
        self.after_start((passed / u128::from(self.events.max(1))) as i64)
    }

    /// `millis` after (before, where negative) the start.
    pub fn after_start(&self, millis: i64) -> Instant {
        Instant(self.start.millis().saturating_add(millis))
    }

    /// A leaf of the category tree; sizes are skewed.
    pub fn leaf(&self, rng: &mut Rng) -> u64 {
        (rng.skewed(self.tree.leaves) + self.turn) % self.tree.leaves
    }

    /// A brand's number in the tables of names; sizes are skewed.
    pub fn brand(&self, rng: &mut Rng) -> u64 {
        (rng.skewed(self.brands) + self.turn) % 2_000
    }

    /// The facts about product `n`.
    pub fn product(&self, n: u64) -> Product {
        let mut rng = self.rng(Domain::Product, n);
        let rank = self.scatter.rank(n);
        let leaf = self.leaf(&mut rng);
        let variants = variants(&mut rng);
        let (markets, first_market) = match rng.below(1000) {
            0..20 => (1, 0),
            20..40 => (1, 1),
            _ => (2, 0),
        };
        let own_prices = if rng.per_mille(150) { rng.between(1, 2).min(variants) } else { 0 };
        let places = if rng.per_mille(220) { 2 } else { 1 };
        let place = rng.below(PLACES_OF_STOCK.len() as u64);
        let sale = rng.per_mille(120);
        let group = rng.per_mille(50).then(|| rng.below(GROUPS.len() as u64) as usize);
        let cents = self.cents(&mut rng, leaf);
        Product {
            n,
            rank,
            leaf,
            variants,
            plain: variants == 1 && rng.per_mille(60),
            brand: rng.per_mille(970).then(|| self.brand(&mut rng)),
            markets,
            first_market,
            own_prices,
            sale,
            group,
            cents,
            places,
            place,
            reviews: self.first_reviews(&mut rng, rank),
            released: self.released(&mut rng),
            hidden: rng.per_mille(10),
            leaving: rank > self.products / 2 && rng.per_mille(40),
            poor: rng.per_mille(120),
        }
    }

    fn cents(&self, rng: &mut Rng, leaf: u64) -> u64 {
        let (low, high) =
            self.tree.category(leaf).department.map_or((999, 9_999), |department| department.cents);
        low + rng.steep(high - low)
    }

    /// Released before the start, most not long before; 2 % in the weeks after it, on the hour.
    fn released(&self, rng: &mut Rng) -> Instant {
        if rng.per_mille(20) {
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

    /// What stands at one place for one variant before any change.
    pub fn stock_level(&self, product: &Product, variant: u64, place: u64) -> u64 {
        let index = product.n.wrapping_mul(64) + variant * 2 + place;
        let mut rng = self.rng(Domain::Stock, index);
        if rng.per_mille(60) {
            return 0;
        }
        let level = 2 + rng.skewed(300);
        if product.rank * 100 < self.products { level * 10 } else { level }
    }
}

/// The highest version an event may carry.
pub const MAX_VERSION: u64 = (1 << 53) - 1;

/// One to four variants for most.
fn variants(rng: &mut Rng) -> u64 {
    match rng.below(100) {
        0..62 => 1,
        62..80 => 2,
        80..90 => 3,
        90..97 => 4,
        _ => rng.between(5, 9),
    }
}

/// What all events of a product rest on.
pub struct Product {
    pub n: u64,
    /// Of its popularity: 0 is the most popular.
    pub rank: u64,
    pub leaf: u64,
    /// How many variants it has, at least 1.
    pub variants: u64,
    /// Its event lists no variants: its one SKU is its id.
    pub plain: bool,
    pub brand: Option<u64>,
    /// How many markets it is sold in, and the first of them.
    markets: u64,
    first_market: u64,
    /// How many variants have prices of their own.
    own_prices: u64,
    sale: bool,
    group: Option<usize>,
    /// Its usual price in US cents.
    cents: u64,
    /// At how many places it is in stock, and the first of them.
    pub places: u64,
    place: u64,
    /// How many reviews the first catalogue has of it.
    pub reviews: u64,
    pub released: Instant,
    pub hidden: bool,
    /// It may be deleted in the course of the stream.
    pub leaving: bool,
    /// Reviewers do not like it.
    pub poor: bool,
}

/// Why a product has a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    Usual,
    Variant(u64),
    Sale,
    Group(usize),
}

/// One of the prices that a product may have.
pub struct PriceSlot {
    pub reason: Reason,
    /// Index in [`MARKETS`].
    pub market: usize,
}

/// Name, currency, suffix of ids.
pub static MARKETS: [(&str, &str, &str); 2] = [("default", "USD", "-us"), ("eu", "EUR", "-eu")];

impl Product {
    /// How many prices its first catalogue entry has.
    pub fn prices(&self) -> u64 {
        let reasons = 1 + self.own_prices + u64::from(self.sale) + u64::from(self.group.is_some());
        reasons * self.markets
    }

    /// The `i`th of them, from 0; the usual prices come first.
    pub fn price(&self, i: u64) -> PriceSlot {
        let market = (self.first_market + i % self.markets) as usize % MARKETS.len();
        let reason = match i / self.markets {
            0 => Reason::Usual,
            at if at <= self.own_prices => Reason::Variant(at - 1),
            at if self.sale && at == self.own_prices + 1 => Reason::Sale,
            _ => self.group.map_or(Reason::Usual, Reason::Group),
        };
        PriceSlot { reason, market }
    }

    /// The sale price in the market of the `i`th price, also where the catalogue starts without.
    pub fn sale_price(&self, i: u64) -> PriceSlot {
        PriceSlot { reason: Reason::Sale, market: self.price(i).market }
    }

    /// Minor units for a slot: `per_mille` of what is usual, rounded as shops do.
    pub fn amount(&self, slot: &PriceSlot, per_mille: u64) -> u64 {
        let share = match slot.reason {
            Reason::Usual => 1_000,
            Reason::Variant(variant) => 1_060 + variant % 4 * 45,
            Reason::Sale => 780,
            Reason::Group(_) => 900,
        };
        let in_market = if slot.market == 0 { self.cents } else { self.cents * 92 / 100 };
        let amount = in_market * share / 1_000 * per_mille / 1_000;
        if amount >= 1_000 { amount / 100 * 100 + 99 } else { amount / 10 * 10 + 9 }
    }

    /// The name of the `i`th place it is in stock at.
    pub fn place(&self, i: u64) -> &'static str {
        let at = (self.place + i) as usize % PLACES_OF_STOCK.len();
        PLACES_OF_STOCK.get(at).copied().unwrap_or("default")
    }
}

/// A category tree of depth 3: departments, families, leaves.
pub struct Tree {
    departments: u64,
    families: u64,
    pub leaves: u64,
}

/// A leaf's way from the root; a `None` does not occur, as [`Tree`] keeps within its tables.
#[derive(Clone, Copy)]
pub struct Category {
    pub department: Option<&'static Department>,
    pub family: Option<&'static Family>,
    pub qualifier: Option<&'static Qualifier>,
}

impl Tree {
    /// About 50 products a leaf on average, up to 300 leaves, 60 families and 12 departments.
    fn new(products: u64) -> Tree {
        let leaves = (products / 50).clamp(1, 300);
        let departments = (leaves / 8).clamp(1, 12);
        let families = (leaves / 3).clamp(departments, departments * 5);
        Tree { departments, families, leaves }
    }

    /// The leaf with this number. Neighbours lie in different families and departments.
    pub fn category(&self, leaf: u64) -> Category {
        let family = leaf % self.families;
        let department = DEPARTMENTS.get((family % self.departments) as usize);
        Category {
            department,
            family: department.and_then(|d| d.families.get((family / self.departments) as usize)),
            qualifier: department.and_then(|d| d.qualifiers.get((leaf / self.families) as usize)),
        }
    }
}

/// The languages a product's texts are given in.
#[derive(Clone, Copy)]
pub enum Langs {
    /// A plain string, in English.
    Plain,
    Some(&'static [Lang]),
}

impl Langs {
    pub fn draw(rng: &mut Rng) -> Langs {
        match rng.below(100) {
            0..48 => Langs::Plain,
            48..84 => Langs::Some(&[Lang::En, Lang::De]),
            84..90 => Langs::Some(&[Lang::De, Lang::En, Lang::Fr]),
            90..95 => Langs::Some(&[Lang::En, Lang::Ko]),
            95..98 => Langs::Some(&[Lang::De]),
            _ => Langs::Some(&Lang::ALL),
        }
    }
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
    fn every_leaf_has_a_way_of_its_own() {
        for products in [1, 60, 100, 400, 1_000, 2_000, 5_000, 12_345, 1_000_000] {
            let tree = catalogue(products).tree;
            let ways: HashSet<_> = (0..tree.leaves)
                .map(|leaf| {
                    let category = tree.category(leaf);
                    (
                        category.department.unwrap().id,
                        category.family.unwrap().id,
                        category.qualifier.unwrap().id,
                    )
                })
                .collect();
            assert_eq!(ways.len() as u64, tree.leaves, "{products} products");
        }
    }

    #[test]
    fn even_the_smallest_leaf_of_a_small_catalogue_is_worth_a_page() {
        let catalogue = catalogue(2_000);
        let mut sizes = vec![0; catalogue.tree.leaves as usize];
        for n in 0..2_000 {
            sizes[catalogue.product(n).leaf as usize] += 1;
        }
        assert!(sizes.iter().all(|size| *size >= 12), "{sizes:?}");
        assert!(sizes.iter().max().unwrap() > &200, "{sizes:?}");
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
        assert_eq!(catalogue.time_of(501), Instant(15 * DAY_MS));
        assert!(catalogue.time_of(1_000) < Instant(SPAN_MS));
    }
}
