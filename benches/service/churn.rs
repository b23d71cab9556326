//! Pages that are read while products change: how many come from the cache, and is any of them older
//! than it may be? See `benches/README.md`.

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::changing::{self, Changing};
use crate::support::known::{Known, Listing};
use crate::support::load::{self, Load, Pace};
use crate::support::production::Production;
use crate::support::reading::{Checked, Counts, Reading, Target};
use crate::support::serving::{LOADS, Serving};
use crate::support::shop::Shop;
use crate::support::truth::{Change, Truth};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// Reads pages while products change, and checks every answer.
#[derive(clap::Args, Clone)]
pub struct Args {
    /// Products in the catalogue (quick: 1,000).
    #[arg(long, env = "BENCH_PRODUCTS", default_value_t = 100_000)]
    products: usize,
    /// Changes of products a second.
    #[arg(long, default_value_t = 200)]
    rate: u64,
    /// How long it is measured (quick: 3).
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Readers read, and products change, for so long before that (quick: 2).
    #[arg(long, default_value_t = 30)]
    warm_up_seconds: u64,
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Requests a second; 0: each connection asks again as soon as it is answered.
    #[arg(long, default_value_t = 0.0)]
    reads: f64,
    /// The n-th most popular page is read as often as 1 / n to the power of this.
    #[arg(long, default_value_t = 1.0)]
    zipf: f64,
    /// Popular products change as often as they are read, instead of all alike.
    #[arg(long)]
    popular_change: bool,
    /// An answer is wrong that is older than what was seen in the store so long before it was asked for,
    /// in milliseconds (quick: 2,000, since a busy machine is no fault of the service).
    #[arg(long, default_value_t = 100)]
    grace_ms: u64,
    /// On Kafka and PostgreSQL (`scripts/services`) instead of the embedded log and store.
    #[arg(long)]
    kafka: bool,
    /// Partitions of each topic of Kafka.
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Sets a configuration key of the service, as `vitrine --set` does.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Small: to see that it works, not to measure.
    #[arg(long, env = "BENCH_QUICK")]
    quick: bool,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// First pages that are read.
const FIRST_PAGES: usize = 500;
const HIT_RATE_TARGET: f64 = 0.95;

pub fn measure_all(mut args: Args) -> anyhow::Result<ExitCode> {
    if args.quick {
        (args.products, args.seconds, args.warm_up_seconds) = (1_000, 3, 2);
        args.grace_ms = 10_000;
    }
    let dir = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = if args.kafka {
        let production = Production::new(dir.path(), args.partitions, &args.set);
        let production = runtime.block_on(production)?;
        let outcome = measure(&args, &runtime, &production.shop);
        runtime.block_on(production.drop())?;
        outcome?
    } else {
        measure(&args, &runtime, &Shop::with(dir.path(), "", &args.set)?)?
    };
    if args.json {
        println!("{}", outcome.as_json(&args));
    } else {
        outcome.print(&args);
    }
    Ok(if outcome.checked.wrong > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn measure(args: &Args, runtime: &tokio::runtime::Runtime, shop: &Shop) -> anyhow::Result<Outcome> {
    let time = projections::instant::Instant(vitrine::clock::now().millis() - 24 * 60 * 60 * 1000);
    let known = Known { products: args.products, departments: 8, categories: 48, brands: 27, time };
    eprintln!("building {} products", args.products);
    known.write(&shop.events_file())?;
    shop.publish()?;
    runtime.block_on(shop.project())?;
    let serving = Serving::start(shop, None)?;
    let truth = Mutex::new(Truth::new(known, Duration::from_millis(args.grace_ms)));
    changing::settle(&shop.config, &known, &truth)?;
    let first_pages = first_pages(&known);

    let warm_up = Duration::from_secs(args.warm_up_seconds);
    let lasts = warm_up + Duration::from_secs(args.seconds);
    eprintln!("warming up for {} s, measuring for {} s", warm_up.as_secs(), args.seconds);
    let begun = Instant::now();
    let counted_from = begun + warm_up;
    let changing = Changing {
        known,
        rate: args.rate,
        zipf: args.popular_change.then_some(args.zipf),
        counted_from,
        until: begun + lasts,
        over: Arc::default(),
    };
    let load = Load {
        address: serving.address,
        connections: args.connections,
        pace: if args.reads > 0.0 { Pace::Rate(args.reads) } else { Pace::Closed },
        lasts,
    };
    let connections = args.connections;
    let mut reading =
        Reading::new(known, &truth, &first_pages, args.zipf, connections, counted_from);
    let (before, changed) = std::thread::scope(|scope| {
        let changes = scope.spawn(|| changing::run(&shop.config, &changing, &truth));
        let metrics = scope.spawn(|| {
            std::thread::sleep(counted_from.saturating_duration_since(Instant::now()));
            serving.metrics()
        });
        load::run(&load, &mut reading)?;
        let before = metrics.join().ok().context("a thread has panicked")??;
        anyhow::Ok((before, changes.join().ok().context("a thread has panicked")??))
    })?;
    let after = serving.metrics()?;
    let not_seen = changed.not_seen;
    ensure!(
        not_seen == 0,
        "{not_seen} changes did not come into the store: nothing is known of them"
    );
    let since = |name: &str| after.sum(name) - before.sum(name);
    Ok(Outcome {
        flushed: flushed(&known, &first_pages, &changed.counted),
        changes: changed.counted.len(),
        slowest: changed.slowest,
        loads: since(LOADS),
        evictions: since("vitrine_cache_evictions_total"),
        products: reading.products,
        listings: reading.listings,
        checked: reading.checked,
    })
}

/// How many first pages a cache would drop that knows of a product only which listings it is in.
fn flushed(known: &Known, first_pages: &[Target], changes: &[Change]) -> usize {
    let of_one = |change: &Change| {
        let listings = known.listings_of(change.product);
        first_pages.iter().filter(|page| listings.contains(&page.listing)).count()
    };
    changes.iter().map(of_one).sum()
}

/// Categories, brands and everything, by each sort, up to as many as are read.
fn first_pages(known: &Known) -> Vec<Target> {
    let categories = (0..known.categories).map(Listing::Category);
    let departments = (0..known.departments).map(Listing::Department);
    let brands = (0..known.brands).map(Listing::Brand);
    let listings: Vec<Listing> =
        [Listing::All].into_iter().chain(departments).chain(categories).chain(brands).collect();
    let of = |listing: Listing| Target::SORTS.map(|sort| Target { listing, sort });
    let mut pages: Vec<Target> = listings.into_iter().flat_map(of).collect();
    pages.truncate(FIRST_PAGES);
    pages
}

struct Outcome {
    changes: usize,
    /// From publishing a change until it was seen in the store.
    slowest: Duration,
    flushed: usize,
    loads: f64,
    evictions: f64,
    products: Counts,
    listings: Counts,
    checked: Checked,
}

impl Outcome {
    fn all(&self) -> Counts {
        let mut all = self.products.clone();
        all.add(&self.listings);
        all
    }

    /// First pages that were read from the store, a change.
    fn refreshed(&self) -> f64 {
        self.listings.loaded as f64 / self.changes.max(1) as f64
    }

    fn flushed(&self) -> f64 {
        self.flushed as f64 / self.changes.max(1) as f64
    }

    fn print(&self, args: &Args) {
        println!(
            "{} products, {} changes in {} s, {} connections, after {} s of the same",
            args.products, self.changes, args.seconds, args.connections, args.warm_up_seconds
        );
        println!(
            "{:<16} {:>9} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "", "answers", "answers/s", "hits", "misses", "of new", "stale", "p50 ms", "p99 ms"
        );
        let all = self.all();
        let rows =
            [("product pages", &self.products), ("first pages", &self.listings), ("all", &all)];
        for (name, counts) in rows {
            let [p50, p99] = counts.percentiles();
            println!(
                "{name:<16} {:>9} {:>10.0} {:>8.2}% {:>8.2}% {:>8.2}% {:>8.2}% {p50:>9.2} {p99:>9.2}",
                counts.answers(),
                counts.answers() as f64 / args.seconds as f64,
                counts.part(counts.hits) * 100.0,
                counts.part(counts.misses) * 100.0,
                counts.part(counts.first) * 100.0,
                counts.part(counts.stale) * 100.0,
            );
        }
        println!(
            "target: hits of all >= {:.0} %; `of new`: misses of pages that nobody had asked for before",
            HIT_RATE_TARGET * 100.0
        );
        if all.turned_away > 0 {
            println!("!!! {} requests were turned away (503)", all.turned_away);
        }
        println!(
            "\nfirst pages that were missed, a change: {:.2}; flushing all that the product is in: {:.2}",
            self.refreshed(),
            self.flushed()
        );
        println!(
            "loads from the store, of all pages: {:.0}; pages evicted for want of room: {:.0}",
            self.loads, self.evictions
        );
        println!(
            "changes were seen in the store {:.0} ms after they were handed over at the latest",
            self.slowest.as_secs_f64() * 1e3
        );
        let checked = &self.checked;
        println!(
            "\n{} answers with {} products on them checked; largest staleness {:.1} ms; {} wrong \
             (older than {} ms, or never so)",
            checked.answers,
            checked.cards,
            checked.stalest.as_secs_f64() * 1e3,
            checked.wrong,
            args.grace_ms
        );
        for example in &checked.examples {
            println!("  WRONG: {example}");
        }
    }

    fn as_json(&self, args: &Args) -> Value {
        let counts = |counts: &Counts| {
            let [p50, p99] = counts.percentiles();
            json!({"answers": counts.answers(), "hits": counts.hits, "misses": counts.misses, "of_new": counts.first,
                "stale": counts.stale, "turned_away": counts.turned_away, "p50_ms": p50, "p99_ms": p99})
        };
        let all = self.all();
        json!({"bench": "churn", "products": args.products, "rate": args.rate, "seconds": args.seconds,
            "warm_up_seconds": args.warm_up_seconds, "connections": args.connections,
            "kafka": args.kafka, "changes": self.changes, "slowest_ms": self.slowest.as_secs_f64() * 1e3,
            "product_pages": counts(&self.products), "first_pages": counts(&self.listings),
            "hit_rate": all.part(all.hits), "hit_rate_target": HIT_RATE_TARGET,
            "first_pages_missed_a_change": self.refreshed(), "flushed_a_change": self.flushed(),
            "loads": self.loads, "evictions": self.evictions, "checked": self.checked.answers,
            "cards_checked": self.checked.cards, "wrong": self.checked.wrong, "grace_ms": args.grace_ms,
            "stalest_ms": self.checked.stalest.as_secs_f64() * 1e3,
            "examples": self.checked.examples})
    }
}
