//! Hot pages at a steady rate, alone and beside a crowd: clients who ask, one thing after the other, for listings that
//! nobody asked for before. See `benches/README.md`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::hot;
use crate::support::http::{self, Client, header};
use crate::support::load::{self, Answer, Load, Pace, Reader};
use crate::support::questions::{self, ALL, Asking};
use crate::support::serving::Serving;
use crate::support::shop::Catalogue;
use crate::support::stats::{Spread, percentile};

/// Asks for hot pages, alone and beside many who ask for pages that no cache has.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    catalogue: Catalogue,
    /// How often hot pages are asked for alone, and as often beside the clients (default: 3; quick: 1).
    #[arg(long, env = "BENCH_ROUNDS")]
    rounds: Option<usize>,
    /// How long each lasts (default: 10; quick: 1).
    #[arg(long)]
    seconds: Option<f64>,
    /// Requests for hot pages a second.
    #[arg(long, default_value_t = 2_000.0)]
    rate: f64,
    /// Connections that ask for hot pages.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Clients who ask for what is not in the cache.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Sets a configuration key of the service, as `vitrine --set` does.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// The clients ask for so long before anything counts.
const WARM_UP: Duration = Duration::from_millis(500);
/// The products of which one is looked for that does not change soon.
const LOOKED_AT: u64 = 100;
/// Brands and values that clients combine.
const MOST_OF_EACH: usize = 30;
/// A prime number: counted on by steps, each amount below it comes once before the first comes again.
const AMOUNTS: u64 = 1_000_003;
const STEP: u64 = 7_919;
const LEAST_AMOUNT: u64 = 1_000;
/// Hot answers that have to be hits: a page may be read anew meanwhile.
const HITS: f64 = 0.99;

const SORTS: [&str; 6] = ["price_asc", "newest", "price_desc", "discount", "rating", "reviews"];

/// p50 and p99, in milliseconds.
type Percentiles = [f64; 2];

fn percentiles(samples: &mut [f64]) -> Percentiles {
    [0.5, 0.99].map(|share| percentile(samples, share))
}

pub fn measure_all(args: Args) -> anyhow::Result<()> {
    let quick = args.catalogue.sizes.quick;
    let rounds = args.rounds.unwrap_or(if quick { 1 } else { 3 }).max(1);
    let seconds = args.seconds.unwrap_or(if quick { 1.0 } else { 10.0 });
    let temporary = tempfile::tempdir()?;
    let building = args.catalogue.shop_with(temporary.path(), "", &args.set);
    let shop = tokio::runtime::Runtime::new()?.block_on(building)?;
    let serving = Serving::start(&shop, None)?;
    let mut asking = Asking { client: serving.client()? };
    let unasked = Unasked::new(&mut asking)?;
    let pages = vec![product_page(&mut asking)?, unasked.listings[0].clone()];
    let load = Load {
        address: serving.address,
        connections: args.connections,
        pace: Pace::Gentle(args.rate),
        lasts: Duration::from_secs_f64(seconds),
    };
    let mut measured = Vec::new();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        let alone = || hot_pages(&load, &pages);
        let beside = || beside(&load, &pages, &unasked, args.clients);
        // Who begins alternates.
        let (alone, (beside, crowd)) = match round % 2 {
            0 => (alone()?, beside()?),
            _ => {
                let beside = beside()?;
                (alone()?, beside)
            }
        };
        measured.push(Round { alone, beside, crowd });
    }
    if args.json {
        println!("{}", as_json(&args, &measured));
    } else {
        print(&args, seconds, &measured);
    }
    Ok(())
}

struct Round {
    alone: Hot,
    beside: Hot,
    crowd: Crowd,
}

/// A product page that stays as it is for long, of those that are first.
fn product_page(asking: &mut Asking) -> anyhow::Result<String> {
    let mut best = None;
    for n in 1..=LOOKED_AT {
        let path = format!("/api/v1/products/p-{n}");
        let answer = asking.client.get(&path, "")?;
        if answer.status == 200 {
            let changes_at = hot::changes_at(&serde_json::from_slice(&answer.body)?);
            best = best.max(Some((changes_at, path)));
        }
    }
    Ok(best.context("no products")?.1)
}

/// What came of asking for hot pages.
struct Hot {
    percentiles: Percentiles,
    answers: usize,
    hits: usize,
}

/// Asks for the hot pages in turns.
struct Asked<'a> {
    pages: &'a [String],
    next: usize,
    hits: usize,
}

impl Reader for Asked<'_> {
    fn ask(&mut self, _: usize, request: &mut Vec<u8>) {
        self.next = (self.next + 1) % self.pages.len();
        request.extend_from_slice(&http::request(&self.pages[self.next], ""));
    }

    fn answered(&mut self, _: usize, answer: &Answer<'_>) -> anyhow::Result<()> {
        ensure!(answer.status == 200, "a hot page: {}", answer.status);
        self.hits += usize::from(header(answer.head, "vitrine-cache") == Some("hit"));
        Ok(())
    }
}

fn hot_pages(load: &Load, pages: &[String]) -> anyhow::Result<Hot> {
    let mut client = Client::connect(load.address)?;
    for page in pages {
        hot::of_vitrine(&mut client, page, "")?;
    }
    let mut asked = Asked { pages, next: 0, hits: 0 };
    let mut outcome = load::run(load, &mut asked)?;
    let (answers, hits) = (outcome.answers, asked.hits);
    ensure!(hits as f64 >= answers as f64 * HITS, "{hits} hits of {answers} hot answers");
    outcome.microseconds.iter_mut().for_each(|time| *time /= 1e3);
    Ok(Hot { percentiles: percentiles(&mut outcome.microseconds), answers, hits })
}

/// Listings under filters that nobody asked for before: each has an amount of its own.
struct Unasked {
    /// A large category, and everything.
    listings: [String; 2],
    /// Filters, one of which is none.
    brands: Vec<String>,
    values: Vec<String>,
    next: AtomicU64,
}

impl Unasked {
    fn new(asking: &mut Asking) -> anyhow::Result<Unasked> {
        let products = asking.total(&format!("{ALL}?limit=1"))?;
        let category = questions::nearest(&asking.categories()?, products, 1.0 / 7.0)?.path();
        let none = || std::iter::once(String::new());
        let brands = asking.brands(&category)?.into_iter().map(|brand| format!("&brand={brand}"));
        let brands = none().chain(brands.take(MOST_OF_EACH)).collect();
        let mut values = asking.values(&category)?;
        values.sort_by(|a, b| b.share.total_cmp(&a.share));
        let values = values.iter().map(|value| format!("&{}", value.filter()));
        let values = none().chain(values.take(MOST_OF_EACH)).collect();
        Ok(Unasked {
            listings: [category, ALL.to_owned()],
            brands,
            values,
            next: AtomicU64::new(0),
        })
    }

    fn path(&self) -> String {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let n = next as usize;
        let listing = &self.listings[n % 2];
        let facets = (n / 2).is_multiple_of(2);
        let in_stock = (n / 4).is_multiple_of(2);
        let sort = SORTS[n / 8 % SORTS.len()];
        // Half of them with a brand, half of them with a value.
        let draw = |of: &[String], n: usize| if n.is_multiple_of(2) { 0 } else { n / 2 % of.len() };
        let brand = &self.brands[draw(&self.brands, n / 3)];
        let value = &self.values[draw(&self.values, n / 5)];
        let most = LEAST_AMOUNT + next * STEP % AMOUNTS;
        format!(
            "{listing}?limit=24&sort={sort}&facets={facets}&in_stock={in_stock}&max_price={most}{brand}{value}"
        )
    }
}

/// What came of the clients' questions.
#[derive(Default)]
struct Crowd {
    milliseconds: Vec<f64>,
    /// 503.
    turned_away: usize,
    seconds: f64,
}

impl Crowd {
    fn a_second(&self) -> f64 {
        self.milliseconds.len() as f64 / self.seconds
    }
}

/// Asks for hot pages while the clients ask.
fn beside(
    load: &Load,
    pages: &[String],
    unasked: &Unasked,
    clients: usize,
) -> anyhow::Result<(Hot, Crowd)> {
    let (counts, over) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let client = |_| scope.spawn(|| ask(load.address, unasked, &counts, &over));
        let clients: Vec<_> = (0..clients).map(client).collect();
        std::thread::sleep(WARM_UP);
        counts.store(true, Ordering::Relaxed);
        let began = Instant::now();
        let hot = hot_pages(load, pages);
        let mut crowd = Crowd { seconds: began.elapsed().as_secs_f64(), ..Crowd::default() };
        over.store(true, Ordering::Relaxed);
        for client in clients {
            let of_client = client.join().ok().context("a thread has panicked")??;
            crowd.milliseconds.extend(of_client.milliseconds);
            crowd.turned_away += of_client.turned_away;
        }
        Ok((hot?, crowd))
    })
}

/// One client. What it began before it counts, and what ends later, is not counted.
fn ask(
    address: SocketAddr,
    unasked: &Unasked,
    counts: &AtomicBool,
    over: &AtomicBool,
) -> anyhow::Result<Crowd> {
    let (mut client, mut crowd) = (Client::connect(address)?, Crowd::default());
    while !over.load(Ordering::Relaxed) {
        let (path, counted) = (unasked.path(), counts.load(Ordering::Relaxed));
        let began = Instant::now();
        let answer = client.get(&path, "")?;
        let took = began.elapsed().as_secs_f64() * 1e3;
        match answer.status {
            200 => {
                let kept = answer.header("vitrine-cache");
                ensure!(kept == Some("miss"), "{path} is a {kept:?}: somebody has asked for it");
            }
            503 => {}
            status => bail!("{path}: {status} {}", String::from_utf8_lossy(&answer.body)),
        }
        if counted && !over.load(Ordering::Relaxed) {
            match answer.status {
                503 => crowd.turned_away += 1,
                _ => crowd.milliseconds.push(took),
            }
        }
    }
    Ok(crowd)
}

/// Medians of the rounds.
struct Medians {
    alone: Percentiles,
    beside: Percentiles,
    /// p99 beside the clients by p99 alone, each round for itself.
    ratio: Spread,
    a_second: Spread,
    crowd: Percentiles,
    turned_away: usize,
    /// Hot answers that were no hits.
    no_hits: usize,
}

impl Medians {
    fn of(rounds: &[Round]) -> Medians {
        let median = |of: &dyn Fn(&Round) -> Percentiles| {
            [0, 1].map(|n: usize| Spread::of(rounds.iter().map(|round| of(round)[n])).median)
        };
        let spread = |of: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(of));
        let no_hits = |hot: &Hot| hot.answers - hot.hits;
        Medians {
            alone: median(&|round| round.alone.percentiles),
            beside: median(&|round| round.beside.percentiles),
            ratio: spread(&|round| round.beside.percentiles[1] / round.alone.percentiles[1]),
            a_second: spread(&|round| round.crowd.a_second()),
            crowd: median(&|round| percentiles(&mut round.crowd.milliseconds.clone())),
            turned_away: rounds.iter().map(|round| round.crowd.turned_away).sum(),
            no_hits: rounds
                .iter()
                .map(|round| no_hits(&round.alone) + no_hits(&round.beside))
                .sum(),
        }
    }
}

fn print(args: &Args, seconds: f64, rounds: &[Round]) {
    let all = Medians::of(rounds);
    let (rate, clients) = (args.rate, args.clients);
    println!("medians of {} rounds of {seconds} s; {rate} requests/s for hot pages", rounds.len());
    println!("{:<40} {:>8} {:>8}", "", "p50 ms", "p99 ms");
    println!("{:<40} {:>8.2} {:>8.2}", "hot pages alone", all.alone[0], all.alone[1]);
    let beside = format!("hot pages beside {clients} clients");
    println!("{beside:<40} {:>8.2} {:>8.2}", all.beside[0], all.beside[1]);
    println!("{:<40} {:>8.2} {:>8.2}", "the clients' listings", all.crowd[0], all.crowd[1]);
    println!(
        "p99 beside by p99 alone: {:.2} ({:.2} to {:.2}); hot answers that were no hits: {}",
        all.ratio.median, all.ratio.low, all.ratio.high, all.no_hits
    );
    println!(
        "the clients' listings: {:.0} a second ({:.0} to {:.0}); turned away (503): {}",
        all.a_second.median, all.a_second.low, all.a_second.high, all.turned_away
    );
}

fn as_json(args: &Args, rounds: &[Round]) -> Value {
    let all = Medians::of(rounds);
    let times = |[p50, p99]: Percentiles| json!({"p50_ms": p50, "p99_ms": p99});
    json!({"bench": "crowd", "rounds": rounds.len(), "rate": args.rate, "clients": args.clients,
        "alone": times(all.alone), "beside": times(all.beside), "p99_ratio": all.ratio,
        "hot_no_hits": all.no_hits, "listings": times(all.crowd), "listings_a_second": all.a_second,
        "turned_away": all.turned_away})
}
