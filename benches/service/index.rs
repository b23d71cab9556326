//! The listing index alone, in process: what scans take, versions, and a discount on everything.

use std::hint::black_box;
use std::time::Instant as Clock;

use anyhow::Context;
use projections::discount::{Discount, DiscountKind, Scope, Terms};
use projections::index::Index;
use projections::index::discounts::ScopedDiscount;
use projections::index::part::IndexPart;
use projections::index::query::Query;
use projections::index::query::filters::Filters;
use projections::index::writer::Writer;
use projections::instant::{Instant, Window};
use projections::listing::{ListingKey, Sort};
use projections::text::Text;

use crate::support::parts::index_parts;
use crate::support::shape;
use crate::support::shop::{Shop, Sizes};
use crate::support::stats::percentile;

/// Times the listing index.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sizes: Sizes,
    /// Of each question, and versions of each kind (default: 31; quick: 3).
    #[arg(long, env = "BENCH_ROUNDS")]
    rounds: Option<usize>,
}

/// Products whose prices change.
const CHANGING: usize = 4_000;

pub fn measure_all(args: Args) -> anyhow::Result<()> {
    let options = args.sizes.options();
    shape::announce(&options);
    let rounds = args.rounds.unwrap_or(if args.sizes.quick { 3 } else { 31 }).max(1);
    let temporary = tempfile::tempdir()?;
    let shop = Shop::new(temporary.path())?;
    let mut writer = Writer::new(vitrine::stack::markets(&shop.config));
    let (mut parts, discounts) = index_parts(options);
    discounts.into_iter().for_each(|discount| writer.put_discount(discount));
    let began = Clock::now();
    parts.iter().for_each(|part| writer.put(part));
    let index = writer.publish(vitrine::clock::now());
    let seconds = began.elapsed().as_secs_f64();
    println!("{} products put in {seconds:.1} s; bytes by part: {:?}", index.len(), index.bytes());
    scans(&index, rounds)?;
    parts.truncate(CHANGING);
    versions(&mut writer, parts, rounds);
    wide(&mut writer, rounds);
    Ok(())
}

/// The median of so many runs, in milliseconds.
fn median(rounds: usize, mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let began = Clock::now();
        run();
        began.elapsed().as_secs_f64() * 1e3
    };
    percentile(&mut (0..rounds).map(time).collect::<Vec<f64>>(), 0.5)
}

fn scans(index: &Index, rounds: usize) -> anyhow::Result<()> {
    let seventh = (index.len() / 7) as i64;
    let size = |key: &&ListingKey| index.products_of(key).map_or(0, |products| products.len());
    let categories = index.listings().filter(|key| matches!(key, ListingKey::Category(_)));
    let category = categories.min_by_key(|key| (size(key) as i64 - seventh).abs());
    let category = category.context("no categories")?.clone();
    let filters = |change: fn(&mut Filters)| {
        let mut filters = Filters::default();
        change(&mut filters);
        filters
    };
    let questions = [
        ("no filter", filters(|_| ())),
        ("in stock", filters(|f| f.in_stock = true)),
        ("in stock, on sale", filters(|f| (f.in_stock, f.on_sale) = (true, true))),
        ("rating", filters(|f| f.min_rating_hundredths = Some(450))),
        ("price", filters(|f| f.max_price = Some(5_000))),
    ];
    println!("{:<34} {:>9} {:>9} {:>9} {:>13}", "", "products", "ms", "ns each", "two threads");
    for (name, listing) in [("seventh", &category), ("everything", &ListingKey::All)] {
        for (filter, filters) in &questions {
            for facets in [false, true] {
                let query = Query {
                    listing,
                    market: 0,
                    group: None,
                    locale: None,
                    at: index.evaluated_at(),
                    sort: Sort::PriceAsc,
                    filters,
                    after: None,
                    limit: 24,
                    facets,
                };
                let [one, two] = [1, 2].map(|threads| {
                    median(rounds, || drop(black_box(index.query_by(&query, threads))))
                });
                let products = size(&listing);
                let each = one * 1e6 / products as f64;
                let what = format!("{name}, {filter}{}", if facets { ", facets" } else { "" });
                println!("{what:<34} {products:>9} {one:>9.2} {each:>9.1} {two:>10.2} ms");
            }
        }
    }
    Ok(())
}

/// A version after another, while the last two are held: some prices have changed.
fn versions(writer: &mut Writer, mut parts: Vec<IndexPart>, rounds: usize) {
    let (mut held, mut next) = (Vec::new(), 0);
    for changes in [1, 20, 100] {
        let took = median(rounds, || {
            for _ in 0..changes {
                next = (next + 37) % parts.len();
                let part = &mut parts[next];
                if let Some(fact) = part.prices.first_mut() {
                    fact.price.amount += 1;
                }
                writer.put(part);
            }
            held.push(writer.publish(vitrine::clock::now()));
            black_box(writer.take_changed());
            if held.len() > 2 {
                held.remove(0);
            }
        });
        println!("a version with {changes} changed prices: {took:.2} ms");
    }
}

/// A discount on everything, by another percentage each time.
fn wide(writer: &mut Writer, rounds: usize) {
    let mut basis_points = 500;
    let took = median(rounds, || {
        basis_points += 1;
        writer.put_discount(everything_less(basis_points));
        drop(writer.publish(vitrine::clock::now()));
        black_box(writer.take_changed());
    });
    println!("a version with another discount on everything: {took:.2} ms");
}

fn everything_less(basis_points: i64) -> ScopedDiscount {
    let terms = Terms {
        name: Text::Plain("Everything".to_owned()),
        kind: DiscountKind::Percentage(basis_points),
        currency: None,
        market: None,
        group: None,
        window: Window::ALWAYS,
        priority: 1,
        stackable: true,
        active: true,
    };
    let scope = Scope { all: true, ..Scope::default() };
    let discount = Discount { scope, terms };
    ScopedDiscount { discount_id: "everything".to_owned(), time: Instant(0), discount }
}
