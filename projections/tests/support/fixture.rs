//! Facts by hand: each builder makes the plainest thing there is, and a closure makes it special.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vitrine_projections as projections;

use projections::discount::{DiscountKind, Scope, Terms};
use projections::facts::{
    DiscountFact, PriceFact, ProductFacts, ReachingDiscount, ReviewCounts, StockFact,
    discount_order,
};
use projections::instant::{Instant, Window};
use projections::market::Market;
use projections::page::{LatestReviews, Reader, product_page};
use projections::price::Price;
use projections::pricing::{Audience, Quote, quote_at};
use projections::product::{Brand, Category, Product, Variant};
use projections::text::Text;
use projections::timeline::{VariantTimelines, step_at};
use serde_json::Value;

/// The instant at which most examples are evaluated.
pub const NOW: Instant = Instant(1_000);

pub fn text(text: &str) -> Text {
    Text::Plain(text.to_owned())
}

pub fn market() -> Market {
    Market { id: "default".into(), currency: "USD".into(), locale: "en".into() }
}

pub fn window(from: impl Into<Option<i64>>, until: impl Into<Option<i64>>) -> Window {
    Window {
        from: from.into().map_or(Instant::MIN, Instant),
        until: until.into().map_or(Instant::MAX, Instant),
    }
}

/// An active product, long released, with these variants.
pub fn product(skus: &[&str]) -> Product {
    let variant = |sku: &&str| Variant { sku: (*sku).to_owned(), options: Default::default() };
    Product {
        name: text("Mug"),
        slug: "mug".into(),
        description: Text::default(),
        active: true,
        brand: None,
        categories: Vec::new(),
        attributes: Default::default(),
        tags: Vec::new(),
        images: Vec::new(),
        released_at: Instant(0),
        variants: skus.iter().map(variant).collect(),
    }
}

pub fn brand(id: &str) -> Brand {
    Brand { id: id.to_owned(), name: text(id) }
}

/// A category by its path; the last step is the category itself.
pub fn category(path: &[&str]) -> Category {
    let id = path.last().copied().unwrap_or_default();
    let path = path.iter().map(|step| (*step).to_owned()).collect();
    Category { id: id.to_owned(), name: text(id), path }
}

/// The product `mug` with these variants, and nothing else known.
/// Each of an event of its own.
pub fn facts(skus: &[&str]) -> ProductFacts {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    ProductFacts {
        product_id: "mug".into(),
        version: VERSION.fetch_add(1, Ordering::Relaxed),
        time: Instant(0),
        product: product(skus),
        prices: Vec::new(),
        stock: Vec::new(),
        discounts: Vec::new(),
        reviews: ReviewCounts::default(),
    }
}

/// An undated price of every SKU for everyone.
pub fn price(id: &str, amount: i64, special: impl FnOnce(&mut Price)) -> PriceFact {
    let mut price = Price {
        product_id: "mug".into(),
        sku: None,
        market: "default".into(),
        currency: "USD".into(),
        amount,
        group: None,
        window: Window::ALWAYS,
    };
    special(&mut price);
    PriceFact { price_id: id.to_owned(), time: Instant(0), price }
}

pub fn plain(amount: i64) -> PriceFact {
    price("plain", amount, |_| ())
}

pub fn stock(sku: &str, available: i64) -> StockFact {
    StockFact { sku: sku.to_owned(), time: Instant(0), available }
}

/// A discount on everything for everyone at all times, not stackable.
pub struct NewDiscount {
    pub id: String,
    pub terms: Terms,
    pub scope: Scope,
}

pub fn discount(
    id: &str,
    kind: DiscountKind,
    special: impl FnOnce(&mut NewDiscount),
) -> NewDiscount {
    let currency = match kind {
        DiscountKind::Percentage(_) => None,
        DiscountKind::Amount(_) | DiscountKind::FixedPrice(_) => Some("USD".to_owned()),
    };
    let terms = Terms {
        name: text(id),
        kind,
        currency,
        market: None,
        group: None,
        window: Window::ALWAYS,
        priority: 0,
        stackable: false,
        active: true,
    };
    let scope = Scope { all: true, ..Scope::default() };
    let mut discount = NewDiscount { id: id.to_owned(), terms, scope };
    special(&mut discount);
    discount
}

/// Adds those discounts whose scope matches, as a store does.
pub fn with_discounts(
    mut facts: ProductFacts,
    discounts: impl IntoIterator<Item = NewDiscount>,
) -> ProductFacts {
    for NewDiscount { id, terms, scope } in discounts {
        if let Some(reach) = scope.reach(&facts.product_id, &facts.product) {
            let fact = DiscountFact { discount_id: id, time: Instant(0), terms };
            facts.discounts.push(ReachingDiscount { fact: Arc::new(fact), reach });
        }
    }
    facts.discounts.sort_by(discount_order);
    facts
}

pub fn reader(market: &Market) -> Reader<'_> {
    Reader { market, group: None, locale: None, at: NOW, low_stock_threshold: 5 }
}

/// The price of a SKU, evaluated directly and looked up in its timeline: they must agree.
pub fn quote(facts: &ProductFacts, sku: &str, group: Option<&str>, at: Instant) -> Option<Quote> {
    let market = market();
    let audience = Audience { market: &market, group };
    let direct = quote_at(facts, sku, audience, at);
    let timelines = VariantTimelines::compute(facts, audience);
    let index = facts.product.variants.iter().position(|v| v.sku == sku).expect("a variant");
    let steps = &timelines.distinct[timelines.of_variant[index]];
    let step = step_at(steps, at).expect("steps cover all time");
    assert_eq!(step.value, direct, "the timeline and the direct evaluation");
    direct
}

/// The base price of the first variant now.
pub fn base(facts: &ProductFacts, group: Option<&str>) -> Option<i64> {
    quote(facts, &facts.product.variants[0].sku, group, NOW).map(|q| q.base)
}

/// The final price of the first variant now, and what was applied to it.
pub fn discounted(facts: &ProductFacts) -> (i64, Vec<(String, i64)>) {
    let quote = quote(facts, &facts.product.variants[0].sku, None, NOW).expect("a price");
    let id = |i: u32| facts.discounts[i as usize].fact.discount_id.clone();
    (quote.final_amount, quote.applied.iter().map(|a| (id(a.discount), a.off)).collect())
}

/// The product page without reviews, as JSON.
pub fn page(facts: &ProductFacts, reader: &Reader<'_>) -> Option<Value> {
    let reviews = LatestReviews::default();
    let page = product_page(facts, &reviews, reader)?;
    Some(serde_json::to_value(page).expect("a page is JSON"))
}
