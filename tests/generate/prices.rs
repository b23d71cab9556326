//! Prices and discounts: whatever meets, a price is left.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use projections::discount::Discount;
use projections::event::{Change, Event};
use projections::facts::{
    DiscountFact, PriceFact, ProductFacts, ReachingDiscount, ReviewCounts, discount_order,
};
use projections::instant::Instant;
use projections::market::Market;
use projections::pricing::{Audience, Quote, quote_at};
use projections::product::Product;
use projections::timeline::VariantTimelines;
use vitrine::decode::{Decoded, structured};
use vitrine::generate::{DEFAULT_START, LiveChanges, Options};

use super::support::{DAY_MS, options, stream};

/// The latest version of each product, price and discount.
#[derive(Default)]
struct Shop {
    versions: HashMap<String, u64>,
    products: BTreeMap<String, Product>,
    prices: BTreeMap<String, PriceFact>,
    discounts: BTreeMap<String, Discount>,
}

impl Shop {
    fn hear(&mut self, line: &str) {
        let Ok(Decoded::Event { event, .. }) = structured(line.as_bytes()) else {
            panic!("{line}");
        };
        let key = format!("{} {}", event.kind().name(), event.entity_key());
        let newest = self.versions.entry(key).or_default();
        if event.version > *newest {
            *newest = event.version;
            self.take(event);
        }
    }

    fn take(&mut self, event: Event) {
        let time = event.time;
        match event.change {
            Change::Product { product_id, state } => put(&mut self.products, product_id, state),
            Change::Price { price_id, state, .. } => {
                let fact = state.map(|price| PriceFact { price_id: price_id.clone(), time, price });
                put(&mut self.prices, price_id, fact);
            }
            Change::Discount { discount_id, state } => put(&mut self.discounts, discount_id, state),
            Change::Stock { .. } | Change::Review { .. } => {}
        }
    }

    fn facts(&self) -> Vec<ProductFacts> {
        let mut prices: HashMap<&str, Vec<PriceFact>> = HashMap::new();
        for fact in self.prices.values() {
            prices.entry(&fact.price.product_id).or_default().push(fact.clone());
        }
        let facts = |(id, product): (&String, &Product)| ProductFacts {
            version: 1,
            product_id: id.clone(),
            time: DEFAULT_START,
            prices: prices.remove(id.as_str()).unwrap_or_default(),
            stock: Vec::new(),
            discounts: self.reaching(id, product),
            product: product.clone(),
            reviews: ReviewCounts::default(),
        };
        self.products.iter().map(facts).collect()
    }

    fn reaching(&self, id: &str, product: &Product) -> Vec<ReachingDiscount> {
        let mut reaching: Vec<ReachingDiscount> = self
            .discounts
            .iter()
            .filter_map(|(discount_id, discount)| {
                let reach = discount.scope.reach(id, product)?;
                let (discount_id, terms) = (discount_id.clone(), discount.terms.clone());
                let fact = DiscountFact { discount_id, time: DEFAULT_START, terms };
                Some(ReachingDiscount { fact: Arc::new(fact), reach })
            })
            .collect();
        reaching.sort_by(discount_order);
        reaching
    }
}

fn put<T>(entities: &mut BTreeMap<String, T>, id: String, state: Option<T>) {
    match state {
        Some(state) => drop(entities.insert(id, state)),
        None => drop(entities.remove(&id)),
    }
}

fn markets() -> [Market; 2] {
    [("default", "USD"), ("eu", "EUR")].map(|(id, currency)| Market {
        id: id.to_owned(),
        currency: currency.to_owned(),
        locale: "en".to_owned(),
    })
}

const GROUPS: [Option<&str>; 4] = [None, Some("members"), Some("vip"), Some("trade")];

/// What was seen of quotes.
#[derive(Default)]
struct Seen {
    quotes: u64,
    reduced: u64,
    stacked: u64,
    /// The lowest final in 1,000 of its regular price.
    lowest: i64,
}

impl Seen {
    fn see(&mut self, facts: &ProductFacts, quote: &Quote) {
        let share = quote.final_amount * 1_000 / quote.regular;
        assert!(quote.final_amount > 0 && share >= 250, "{}: {quote:?}", facts.product_id);
        self.lowest = if self.quotes == 0 { share } else { self.lowest.min(share) };
        self.quotes += 1;
        self.reduced += u64::from(quote.final_amount < quote.regular);
        self.stacked += u64::from(quote.applied.len() > 1);
    }
}

/// At every instant: timelines have all steps.
fn look(shop: &Shop, seen: &mut Seen) {
    let markets = markets();
    for facts in shop.facts() {
        for market in &markets {
            for group in GROUPS {
                let timelines = VariantTimelines::compute(&facts, Audience { market, group });
                for step in timelines.distinct.iter().flatten() {
                    if let Some(quote) = &step.value {
                        seen.see(&facts, quote);
                    }
                }
            }
        }
    }
}

#[test]
fn no_discount_leaves_nothing_at_any_instant() {
    for Options { products, events, seed, .. } in
        [options(2_000, 30_000, 1), options(300, 20_000, 2), options(12, 6_000, 3)]
    {
        let options = options(products, events, seed);
        let (mut shop, mut seen) = (Shop::default(), Seen::default());
        let stream = stream(options);
        let middle = events as usize * 3 / 4;
        for (n, line) in stream.lines().enumerate() {
            shop.hear(line);
            if n == middle {
                look(&shop, &mut seen);
            }
        }
        look(&shop, &mut seen);
        let mut live = LiveChanges::new(&options);
        let mut lines = Vec::new();
        for i in 0..4_000 {
            live.write_next(Instant(DEFAULT_START.millis() + 31 * DAY_MS + i * 50), &mut lines);
        }
        String::from_utf8(lines).unwrap().lines().for_each(|line| shop.hear(line));
        look(&shop, &mut seen);
        assert!(seen.reduced * 10 > seen.quotes, "{} of {}", seen.reduced, seen.quotes);
        assert!(seen.stacked > 0 && seen.lowest < 800, "{products}: lowest {}", seen.lowest);
    }
}

/// The direct rules say the same as the timelines, at instants of their own.
#[test]
fn no_final_is_nothing_at_many_instants() {
    let (mut shop, mut seen) = (Shop::default(), Seen::default());
    stream(options(400, 9_000, 5)).lines().for_each(|line| shop.hear(line));
    let markets = markets();
    for facts in shop.facts() {
        for (n, variant) in (0..).zip(&facts.product.variants) {
            for step in 0..40 {
                let at = Instant(DEFAULT_START.millis() + (step * 2 - 20) * DAY_MS + n * 3_600_000);
                for market in &markets {
                    let audience = Audience { market, group: GROUPS[step as usize % 4] };
                    if let Some(quote) = quote_at(&facts, &variant.sku, audience, at) {
                        seen.see(&facts, &quote);
                    }
                }
            }
        }
    }
    assert!(seen.quotes > 20_000, "{}", seen.quotes);
}

/// In sales, seasons and flash sales, and while prices change.
#[test]
fn no_group_pays_more_than_everyone() {
    let options = options(2_000, 30_000, 1);
    let mut shop = Shop::default();
    stream(options).lines().for_each(|line| shop.hear(line));
    let mut compared = (0..100).step_by(5).map(|day| compare(&shop, day - 40)).sum::<u64>();
    let mut live = LiveChanges::new(&options);
    for round in 0..4 {
        let mut lines = Vec::new();
        for i in 0..3_000 {
            let now = DEFAULT_START.millis() + (31 + round) * DAY_MS + i * 50;
            live.write_next(Instant(now), &mut lines);
        }
        String::from_utf8(lines).unwrap().lines().for_each(|line| shop.hear(line));
        compared += compare(&shop, 31 + round);
    }
    assert!(compared > 10_000, "{compared}");
}

/// How many times a group paid less.
fn compare(shop: &Shop, day: i64) -> u64 {
    let at = Instant(DEFAULT_START.millis() + day * DAY_MS + 180_000);
    let (markets, mut less) = (markets(), 0);
    for facts in shop.facts() {
        // Of what is made to measure, a few sizes.
        let step = if facts.product.variants.len() == 200 { 23 } else { 1 };
        for variant in facts.product.variants.iter().step_by(step) {
            for market in &markets {
                let quote = |group| quote_at(&facts, &variant.sku, Audience { market, group }, at);
                let Some(everyone) = quote(None) else { continue };
                for group in [Some("members"), Some("vip"), Some("trade")] {
                    let theirs = quote(group).unwrap().final_amount;
                    let all = everyone.final_amount;
                    assert!(theirs <= all, "{} day {day} {group:?}: {theirs} > {all}", variant.sku);
                    less += u64::from(theirs < all);
                }
            }
        }
    }
    less
}

#[test]
fn prices_of_the_markets_stay_together() {
    let options = options(1_000, 40_000, 3);
    let mut shop = Shop::default();
    stream(options).lines().for_each(|line| shop.hear(line));
    let mut live = LiveChanges::new(&options);
    let mut lines = Vec::new();
    for i in 0..10_000 {
        live.write_next(Instant(DEFAULT_START.millis() + 31 * DAY_MS + i * 50), &mut lines);
    }
    String::from_utf8(lines).unwrap().lines().for_each(|line| shop.hear(line));
    let mut compared = 0;
    for (id, fact) in &shop.prices {
        let usual = id.split('-').count() == 3;
        let Some(us) = id.strip_suffix("-us").filter(|_| usual && fact.price.amount > 5_000) else {
            continue;
        };
        if let Some(eu) = shop.prices.get(&format!("{us}-eu")) {
            let share = eu.price.amount * 1_000 / fact.price.amount;
            assert!((840..1_000).contains(&share), "{id}: {share}");
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn members_always_have_their_discount() {
    for options in [options(1, 400, 1), options(60, 3_000, 2), options(2_000, 26_000, 3)] {
        let mut shop = Shop::default();
        stream(options).lines().for_each(|line| shop.hear(line));
        let terms = &shop.discounts["d-0"].terms;
        assert_eq!(terms.group.as_deref(), Some("members"));
        assert!(terms.active && terms.stackable && terms.window.is_undated());
        assert!(shop.discounts["d-0"].scope.all);
        let flash = shop.discounts.get("d-4").map(|discount| discount.scope.all);
        assert!(flash.unwrap_or(true));
    }
}

/// A sale of everything begins at the full hour, and ends after hours.
#[test]
fn sales_of_everything_last_for_hours() {
    const HOUR_MS: i64 = 3_600_000;
    let mut sales = 0;
    for line in stream(options(400, 60_000, 4)).lines().filter(|l| l.contains(r#""all":true"#)) {
        let Ok(Decoded::Event { event, .. }) = structured(line.as_bytes()) else {
            panic!("{line}")
        };
        let Change::Discount { discount_id, state: Some(discount) } = event.change else {
            panic!("{line}");
        };
        let window = discount.terms.window;
        if discount_id != "d-0" {
            assert_eq!(window.from.millis() % HOUR_MS, 0, "{line}");
            let hours = (window.until.millis() - window.from.millis()) / HOUR_MS;
            assert!((1..=6).contains(&hours), "{line}");
            sales += 1;
        }
    }
    assert!(sales > 4, "{sales}");
}

#[test]
fn what_is_made_to_measure_has_some_thousand_prices() {
    let mut shop = Shop::default();
    stream(options(2_000, 30_000, 1)).lines().for_each(|line| shop.hear(line));
    let facts = shop.facts();
    let measured: Vec<&ProductFacts> =
        facts.iter().filter(|facts| facts.product.variants.len() == 200).collect();
    let [measured] = measured.as_slice() else { panic!("{} of them", measured.len()) };
    assert!((2_000..10_000).contains(&measured.prices.len()), "{}", measured.prices.len());
    let windowed = measured.prices.iter().filter(|fact| !fact.price.window.is_undated()).count();
    assert!(windowed > 1_000, "{windowed}");
    // The larger, the dearer; and every variant can be bought.
    let market = &markets()[0];
    let price = |n: usize| {
        let sku = &measured.product.variants[n].sku;
        let audience = Audience { market, group: None };
        quote_at(measured, sku, audience, DEFAULT_START).unwrap().regular
    };
    assert!((0..200).all(|n| price(n) > 0) && price(0) < price(199));
    // A smaller catalogue has none.
    let mut small = Shop::default();
    stream(options(1_999, 8_000, 1)).lines().for_each(|line| small.hear(line));
    assert!(small.products.values().all(|product| product.variants.len() <= 12));
}

#[test]
fn products_have_about_five_prices() {
    let mut shop = Shop::default();
    stream(options(3_000, 40_000, 6)).lines().for_each(|line| shop.hear(line));
    let mean = shop.prices.len() as f64 / shop.products.len() as f64;
    assert!((5.0..7.0).contains(&mean), "{mean}");
    let for_groups = shop.prices.values().filter(|fact| fact.price.group.is_some()).count();
    assert!(for_groups > 1_500, "{for_groups}");
}
