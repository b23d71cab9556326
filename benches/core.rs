//! The parts of the pure core that every event or page goes through, one by one. See
//! `benches/README.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that fails says where")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use projections::facts::{PriceFact, ProductFacts};
use projections::instant::{Instant, Window};
use projections::market::Market;
use projections::page::{LatestReviews, Reader, product_page};
use projections::price::Price;
use projections::pricing::Audience;
use projections::timeline::VariantTimelines;
use support::facts::{Catalogue, lines};
use vitrine::decode::structured;
use vitrine::generate::DEFAULT_START;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Ten days into the catalogue.
const NOW: Instant = Instant(DEFAULT_START.0 + 10 * DAY_MS);

fn markets() -> Vec<Market> {
    [("default", "USD", "en"), ("eu", "EUR", "de")]
        .map(|(id, currency, locale)| Market {
            id: id.to_owned(),
            currency: currency.to_owned(),
            locale: locale.to_owned(),
        })
        .into()
}

fn decoding(c: &mut Criterion) {
    let lines = lines();
    let mut group = c.benchmark_group("decode");
    for kind in ["price.set.v1", "stock.set.v1", "product.upserted.v1", "review.upserted.v1"] {
        let name = format!("\"{kind}\"");
        let of_kind = |line: &&Vec<u8>| String::from_utf8_lossy(line).contains(&name);
        let line = lines.iter().find(of_kind).expect("a line of every kind");
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(kind, |b| b.iter(|| structured(black_box(line))));
    }
    group.finish();
}

/// A product with this many windowed prices besides an undated one.
fn with_prices(mut facts: ProductFacts, prices: i64) -> ProductFacts {
    let price = |n: i64, window: Window| PriceFact {
        price_id: format!("price-{n:04}"),
        time: Instant(0),
        price: Price {
            product_id: facts.product_id.clone(),
            sku: None,
            market: "default".to_owned(),
            currency: "USD".to_owned(),
            amount: 1_000 + n % 37,
            group: None,
            window,
        },
    };
    // Each overlaps with some before it.
    let windows = (1..prices).map(|n| {
        let from = NOW.0 + n * DAY_MS / 8;
        let window = Window { from: Instant(from), until: Instant(from + DAY_MS) };
        price(n, window)
    });
    let prices = [price(0, Window::ALWAYS)].into_iter().chain(windows).collect();
    facts.prices = prices;
    facts
}

fn computing(c: &mut Criterion) {
    let typical = Catalogue::of(&lines()).typical();
    let markets = markets();
    let many = with_prices(typical, 200);
    let everyone = Audience { market: &markets[0], group: None };
    c.bench_function("VariantTimelines::compute, 200 prices", |b| {
        b.iter(|| VariantTimelines::compute(black_box(&many), everyone));
    });
}

fn serving(c: &mut Criterion) {
    let catalogue = Catalogue::of(&lines());
    let facts = catalogue.typical();
    let mut latest = catalogue.reviews_of(&facts.product_id);
    latest.truncate(projections::page::LATEST_REVIEWS);
    let reviews = LatestReviews { latest, newest_time: Some(NOW), next_cursor: None };
    let markets = markets();
    let market = &markets[0];
    let reader = Reader { market, group: None, locale: None, at: NOW, low_stock_threshold: 5 };
    assert!(product_page(&facts, &reviews, &reader).is_some(), "the page is no 404");
    c.bench_function("product_page", |b| {
        b.iter(|| product_page(black_box(&facts), &reviews, &reader).map(|page| page.meta));
    });
    c.bench_function("product_page, to JSON", |b| {
        b.iter(|| serde_json::to_vec(&product_page(black_box(&facts), &reviews, &reader)));
    });
}

criterion_group!(benches, decoding, computing, serving);
criterion_main!(benches);
