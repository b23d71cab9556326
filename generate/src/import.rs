//! The first catalogue, as several systems export it at once: nearly in the order of products.

use std::cmp::Reverse;

use projections::instant::Window;

use super::catalogue::{Catalogue, DAY_MS};
use super::discounts::{self, Turn, after};
use super::events::{self, Moment};
use super::prng::{Domain, Rng};
use super::product::{Product, Reason};
use super::reviews::{self, Fate, Origin, Review};

/// So many products are mixed with each other: it bounds the disorder, and the memory.
const BLOCK_PRODUCTS: u64 = 64;

/// Which parts a walk over the products writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Everything,
    /// Products and their usual prices: with few events, these come before the rest of any.
    Essentials,
    /// Other prices, stock, reviews and discounts.
    Rest,
    Done,
}

/// One event to come.
#[derive(Clone, Copy)]
enum Part {
    Product,
    Price(u64),
    Stock(u64, u64),
    Review(u64),
    Discount,
}

/// `n`: the product's number, or the discount's.
struct Entry {
    key: i64,
    n: u64,
    part: Part,
}

/// Where the import has come to.
pub struct Import {
    walk: Walk,
    next_product: u64,
    next_discount: u64,
    /// The current block, sorted with the next event last.
    block: Vec<Entry>,
}

impl Import {
    pub fn new(catalogue: &Catalogue) -> Import {
        let enough = catalogue.events >= catalogue.import_events();
        Import {
            walk: if enough { Walk::Everything } else { Walk::Essentials },
            next_product: 0,
            next_discount: 0,
            block: Vec::new(),
        }
    }

    /// Appends the next event; false when the import is over.
    pub fn write_next(&mut self, out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment) -> bool {
        while self.block.is_empty() && self.walk != Walk::Done {
            self.fill(catalogue);
        }
        let Some(entry) = self.block.pop() else { return false };
        write(out, catalogue, moment, &entry);
        true
    }

    fn fill(&mut self, catalogue: &Catalogue) {
        if self.next_product >= catalogue.products {
            self.next_product = 0;
            self.walk = if self.walk == Walk::Essentials { Walk::Rest } else { Walk::Done };
            return;
        }
        let first = self.next_product;
        let end = first.saturating_add(BLOCK_PRODUCTS).min(catalogue.products);
        for n in first..end {
            let mut rng = catalogue.rng(Domain::Order, n);
            self.add(&catalogue.product(n), 1_000 * (n - first) as i64, &mut rng);
        }
        if self.walk != Walk::Essentials {
            self.add_discounts(catalogue, end);
        }
        self.next_product = end;
        // A stable sort: parts with equal keys have an order of their own, always the same.
        self.block.sort_by_key(|entry| Reverse(entry.key));
    }

    /// The parts of a product: `at` is its place, 1,000 from the next one's.
    fn add(&mut self, product: &Product, at: i64, rng: &mut Rng) {
        let walk = self.walk;
        let mut push = |part, early: u64, wait: u64, spread: u64| {
            let key = if rng.per_mille(early) {
                at - rng.below(3_000) as i64
            } else {
                at + (wait + rng.below(spread)) as i64
            };
            self.block.push(Entry { key, n: product.n, part });
        };
        if walk != Walk::Rest {
            push(Part::Product, 0, 0, 300);
            for i in 0..product.usual_prices() {
                push(Part::Price(i), 50, 200, 900);
            }
        }
        if walk != Walk::Essentials {
            for i in product.usual_prices()..product.prices() {
                push(Part::Price(i), 50, 200, 900);
            }
            for variant in 0..product.variants {
                for place in 0..product.places {
                    push(Part::Stock(variant, place), 40, 300, 3_500);
                }
            }
            for i in 0..product.reviews {
                push(Part::Review(i), 20, 1_000, 12_000);
            }
        }
    }

    /// The share of the discounts that belongs to the products before `end`.
    fn add_discounts(&mut self, catalogue: &Catalogue, end: u64) {
        let products = u128::from(catalogue.products);
        // The members' discount is there from the first block on.
        let due = (u128::from(catalogue.discounts) * u128::from(end) / products).max(1) as u64;
        for n in self.next_discount..due {
            let key = catalogue.rng(Domain::Order, !n).below(1_000 * BLOCK_PRODUCTS) as i64;
            self.block.push(Entry { key, n, part: Part::Discount });
        }
        self.next_discount = due;
    }
}

fn write(out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment, entry: &Entry) {
    let n = entry.n;
    match entry.part {
        Part::Discount => discounts::discount(out, catalogue, moment, n, Turn::First),
        Part::Product => events::product(out, catalogue, moment, &catalogue.product(n), 0),
        Part::Price(i) => price(out, catalogue, moment, &catalogue.product(n), i),
        Part::Stock(variant, place) => {
            let product = catalogue.product(n);
            let level = catalogue.stock_level(&product, variant, place);
            events::stock(out, catalogue, moment, &product, (variant, place), level);
        }
        Part::Review(i) => {
            let review = Review { n, origin: Origin::First(i) };
            let product = catalogue.product(n);
            reviews::review(out, catalogue, moment, &product, review, Fate::default());
        }
    }
}

fn price(out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment, product: &Product, i: u64) {
    let slot = product.price(i);
    let window = match slot.reason {
        Reason::Sale(sale) => sale_window(catalogue, product, sale),
        Reason::Season(_, season) => season_window(catalogue, season),
        _ => Window::ALWAYS,
    };
    let per_mille = match slot.reason {
        Reason::Sale(sale) => sale_rng(catalogue, product, sale).between(800, 1_150),
        _ => 1_000,
    };
    events::price(out, catalogue, moment, product, &slot, (per_mille, window));
}

/// A sale is the same one in every market.
fn sale_rng(catalogue: &Catalogue, product: &Product, sale: u64) -> Rng {
    catalogue.rng(Domain::Price, product.n.wrapping_mul(4_096) + sale)
}

/// Scheduled from ten days before the start to sixty after it, from midnight on; some windows are
/// open at one end.
fn sale_window(catalogue: &Catalogue, product: &Product, sale: u64) -> Window {
    let mut rng = catalogue.rng(Domain::Price, !(product.n.wrapping_mul(4_096) + sale));
    let from = catalogue.after_start((rng.below(57) as i64 - 10) * DAY_MS);
    let until = after(from, rng.between(1, 14) as i64 * DAY_MS);
    match rng.below(20) {
        0 => Window { from, until: Window::ALWAYS.until },
        1 => Window { from: Window::ALWAYS.from, until },
        _ => Window { from, until },
    }
}

/// When the prices of a season are in force: for three weeks, five weeks after those of the season
/// before. The second season's are when a stream begins.
pub fn season_window(catalogue: &Catalogue, season: u64) -> Window {
    let from = catalogue.after_start((season as i64 * 35 - 45) * DAY_MS);
    Window { from, until: after(from, 21 * DAY_MS) }
}
