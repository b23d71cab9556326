//! A sale of a whole category opens while its pages are read: is it on every page from that instant on,
//! and on none before, and what does the opening cost? See `benches/README.md`.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::http::{self, header};
use crate::support::known::{Known, Listing, Shown, What};
use crate::support::load::{self, Answer, Load, Pace, Reader};
use crate::support::random::Random;
use crate::support::serving::{LOADS, Metrics, Serving};
use crate::support::shop::Shop;
use crate::support::stats::percentile;
use anyhow::{Context, ensure};
use projections::instant::Instant;
use serde_json::{Value, json};
use vitrine::log::position::join_positions;
use vitrine::stack;

/// Reads the pages of a category while a sale of it opens.
#[derive(clap::Args)]
pub struct Args {
    /// Products of the category (quick: 200).
    #[arg(long, default_value_t = 2_000)]
    products: usize,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Requests a second, whatever the answers do (quick: 500).
    #[arg(long, default_value_t = 4_000.0)]
    rate: f64,
    /// From publishing the sale until it opens; all pages are read once meanwhile. Twice as long where
    /// that is too short (quick: 15).
    #[arg(long, default_value_t = 12)]
    lead_seconds: u64,
    /// How long pages are read before it opens (quick: 2).
    #[arg(long, default_value_t = 4)]
    before_seconds: u64,
    /// And from then on (quick: 2).
    #[arg(long, default_value_t = 6)]
    after_seconds: u64,
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

const PER_CENT_OFF: i64 = 20;
/// A request sent so long after the opening has to see the sale.
const LATE_AFTER: Duration = Duration::from_millis(50);
/// How long before the opening the loads are counted that come after it: time for the question.
const COUNTED_BEFORE: Duration = Duration::from_millis(200);
/// Of 100 requests so many are for product pages, the others for first pages.
const PRODUCT_PAGES: usize = 70;
/// Violations that are shown.
const EXAMPLES: usize = 10;
const SORTS: [&str; 6] = ["newest", "price_asc", "price_desc", "discount", "rating", "reviews"];

/// Microseconds since 1970, on the clock that the service goes by too.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

pub fn measure_all(mut args: Args) -> anyhow::Result<ExitCode> {
    if args.quick {
        (args.products, args.rate) = (200, 500.0);
        (args.lead_seconds, args.before_seconds, args.after_seconds) = (15, 2, 2);
    }
    let dir = tempfile::tempdir()?;
    let shop = Shop::with(dir.path(), "", &args.set)?;
    let time = Instant(vitrine::clock::now().millis() - 24 * 60 * 60 * 1000);
    let known = Known { products: args.products, departments: 1, categories: 1, brands: 5, time };
    known.write(&shop.events_file())?;
    shop.publish()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(shop.project())?;
    let serving = Serving::start(&shop, None)?;

    let pages = Pages::of(&known);
    pages.warm(&serving)?;
    let mut lead = args.lead_seconds as i64;
    let opens = loop {
        let opens = Instant(vitrine::clock::now().millis() + 1000 * lead);
        let published = runtime.block_on(publish(&shop, &known, opens))?;
        reflected(&serving, &published)?;
        // The sale itself has changed all pages: they say when it opens.
        pages.warm(&serving)?;
        if clock() < begin(&args, opens.millis() * 1000) {
            break opens;
        }
        // A slow machine: a later sale takes its place.
        lead *= 2;
    };
    let result = open(&args, &serving, &known, pages, opens.millis() * 1000)?;
    if args.json {
        println!("{}", result.as_json(&args));
    } else {
        result.print(&args);
    }
    Ok(if result.sale.wrong > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn publish(shop: &Shop, known: &Known, opens: Instant) -> anyhow::Result<String> {
    let log = stack::open_log(&shop.config).await?.events();
    let positions = log.append(&[known.sale(0, PER_CENT_OFF, opens)]).await?.whole()?;
    log.close().await;
    Ok(join_positions(&positions))
}

/// Waits until listings show it too.
fn reflected(serving: &Serving, positions: &str) -> anyhow::Result<()> {
    let headers = format!("Vitrine-Min-Position: {positions}\r\nVitrine-Wait-Ms: 5000\r\n");
    let path = Listing::Category(0).path();
    loop {
        let answer = serving.client()?.get(&path, &headers)?;
        // 412: it takes longer than may be waited for.
        if answer.status != 412 {
            return answer.ok(&path).map(drop);
        }
    }
}

/// All that is read: a product's page each, then the first pages.
struct Pages {
    paths: Vec<String>,
    products: usize,
}

impl Pages {
    fn of(known: &Known) -> Pages {
        let products = (0..known.products).map(|n| format!("/api/v1/products/{}", Known::id(n)));
        let listing = Listing::Category(0).path();
        let listings = SORTS.iter().map(|sort| format!("{listing}?sort={sort}"));
        Pages { paths: products.chain(listings).collect(), products: known.products }
    }

    fn warm(&self, serving: &Serving) -> anyhow::Result<()> {
        let mut client = serving.client()?;
        for path in &self.paths {
            client.get(path, "")?.ok(path)?;
        }
        Ok(())
    }

    fn draw(&self, random: &mut Random) -> usize {
        match random.below(100) < PRODUCT_PAGES {
            true => random.below(self.products),
            false => self.products + random.below(self.paths.len() - self.products),
        }
    }
}

/// When reading begins, in microseconds.
fn begin(args: &Args, opens: i64) -> i64 {
    opens - 1_000_000 * args.before_seconds as i64
}

/// Reads around the opening.
fn open(
    args: &Args,
    serving: &Serving,
    known: &Known,
    pages: Pages,
    opens: i64,
) -> anyhow::Result<Outcome> {
    let begin = begin(args, opens);
    let sleep_until = |at: i64| {
        std::thread::sleep(Duration::from_micros(u64::try_from(at - clock()).unwrap_or(0)));
    };
    sleep_until(begin);
    let at_first = serving.metrics()?;
    let load = Load {
        address: serving.address,
        connections: args.connections,
        pace: Pace::Rate(args.rate),
        lasts: Duration::from_secs(args.before_seconds + args.after_seconds),
    };
    let mut sale = Sale::new(known, pages, opens, args.connections);
    let before_opening = std::thread::scope(|scope| {
        let metrics = scope.spawn(|| {
            sleep_until(opens - COUNTED_BEFORE.as_micros() as i64);
            serving.metrics()
        });
        load::run(&load, &mut sale)?;
        metrics.join().ok().context("a thread has panicked")?
    })?;
    let (begun, opened, over) = (at_first, before_opening, serving.metrics()?);
    Ok(Outcome { sale: sale.seen, loads: Loads { begun, opened, over } })
}

struct Loads {
    begun: Metrics,
    opened: Metrics,
    over: Metrics,
}

struct Outcome {
    sale: Seen,
    loads: Loads,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    seconds: Vec<Second>,
    /// Pages that were read after the opening.
    pages: HashSet<usize>,
    checked: usize,
    wrong: usize,
    examples: Vec<String>,
    /// The last answer that lacked the sale: when it was asked for, in microseconds from the opening.
    last_without: Option<i64>,
}

/// Requests that were sent in one second, counted from the opening.
#[derive(Default, Clone)]
struct Second {
    second: i64,
    hits: usize,
    misses: usize,
    stale: usize,
    milliseconds: Vec<f64>,
}

/// Reads and checks.
struct Sale<'a> {
    known: &'a Known,
    pages: Pages,
    opens: i64,
    random: Random,
    /// For each connection: what was asked, and when.
    asked: Vec<(usize, i64)>,
    seen: Seen,
}

impl<'a> Sale<'a> {
    fn new(known: &'a Known, pages: Pages, opens: i64, connections: usize) -> Sale<'a> {
        let asked = vec![(0, 0); connections];
        let (random, seen) = (Random::default(), Seen::default());
        Sale { known, pages, opens, random, asked, seen }
    }

    /// What is wrong with these cards, if anything.
    fn judge(&mut self, cards: &[Shown], asked: i64, received: i64) -> Option<String> {
        let full = |card: &Shown| self.known.first(card.product, What::Price);
        let on_sale = |card: &Shown| full(card) * (100 - PER_CENT_OFF) / 100;
        let [mut with, mut without] = [0, 0];
        for card in cards {
            match card.price {
                price if price == on_sale(card) => with += 1,
                price if price == full(card) => without += 1,
                price => return Some(format!("{} costs {price}", Known::id(card.product))),
            }
        }
        if without > 0 {
            let asked = asked - self.opens;
            self.seen.last_without = self.seen.last_without.max(Some(asked));
        }
        let late = asked > self.opens + LATE_AFTER.as_micros() as i64;
        match (with, without) {
            (0, 0) => Some("nothing on it".to_owned()),
            (1.., 1..) => Some(format!("{with} with the sale, {without} without")),
            (1.., _) if received < self.opens => Some("the sale before it opens".to_owned()),
            (_, 1..) if late => Some("no sale after it has opened".to_owned()),
            _ => None,
        }
    }
}

impl Reader for Sale<'_> {
    fn ask(&mut self, connection: usize, request: &mut Vec<u8>) {
        let page = self.pages.draw(&mut self.random);
        request.extend_from_slice(&http::request(&self.pages.paths[page], ""));
        self.asked[connection] = (page, clock());
    }

    fn answered(&mut self, connection: usize, answer: &Answer<'_>) -> anyhow::Result<()> {
        let received = clock();
        let (page, asked) = self.asked[connection];
        let path = &self.pages.paths[page];
        ensure!(answer.status == 200, "{path}: {}", answer.status);
        let cards = match page < self.pages.products {
            true => vec![self.known.on_page(answer.body)?],
            false => self.known.on_listing(answer.body)?,
        };
        let kept = header(answer.head, "vitrine-cache").unwrap_or_default();
        self.seen.checked += 1;
        if let Some(wrong) = self.judge(&cards, asked, received) {
            self.seen.wrong += 1;
            if self.seen.examples.len() < EXAMPLES {
                let from = |at: i64| (at - self.opens) as f64 / 1e3;
                self.seen.examples.push(format!(
                    "{}: {wrong}; asked {:.1} ms, answered {:.1} ms from the opening, {kept}",
                    self.pages.paths[page],
                    from(asked),
                    from(received),
                ));
            }
        }
        if asked >= self.opens {
            self.seen.pages.insert(page);
        }
        self.seen.second((asked - self.opens).div_euclid(1_000_000)).count(kept, answer.latency);
        Ok(())
    }
}

impl Seen {
    fn second(&mut self, second: i64) -> &mut Second {
        let place = self.seconds.partition_point(|there| there.second < second);
        if self.seconds.get(place).is_none_or(|there| there.second != second) {
            self.seconds.insert(place, Second { second, ..Second::default() });
        }
        &mut self.seconds[place]
    }
}

impl Second {
    fn count(&mut self, kept: &str, latency: Duration) {
        match kept {
            "hit" => self.hits += 1,
            "stale" => self.stale += 1,
            _ => self.misses += 1,
        }
        self.milliseconds.push(latency.as_secs_f64() * 1e3);
    }

    fn percentiles(&self) -> [f64; 3] {
        let mut samples = self.milliseconds.clone();
        [0.5, 0.99, 1.0].map(|share| percentile(&mut samples, share))
    }
}

impl Outcome {
    /// Before the opening while pages were read, and after it.
    fn loads(&self) -> [f64; 2] {
        let Loads { begun, opened, over } = &self.loads;
        let [begun, opened, over] = [begun, opened, over].map(|metrics| metrics.sum(LOADS));
        [opened - begun, over - opened]
    }

    fn print(&self, args: &Args) {
        println!(
            "{} products, {} requests/s, by second from the opening",
            args.products, args.rate
        );
        println!(
            "{:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "second", "answers", "hits", "misses", "stale", "p50 ms", "p99 ms", "most ms"
        );
        for of in &self.sale.seconds {
            let [p50, p99, most] = of.percentiles();
            println!(
                "{:>7} {:>8} {:>8} {:>8} {:>8} {p50:>8.2} {p99:>8.2} {most:>8.2}",
                of.second,
                of.milliseconds.len(),
                of.hits,
                of.misses,
                of.stale
            );
        }
        let [before, after] = self.loads();
        let pages = self.sale.pages.len();
        println!(
            "\nloads from the store: {before:.0} before, {after:.0} from {} ms before the opening on; \
             {pages} pages were read then: {:.2} loads a page (target <= 1)",
            COUNTED_BEFORE.as_millis(),
            after / pages.max(1) as f64
        );
        let last = self.sale.last_without.map_or(f64::NAN, |last| last as f64 / 1e3);
        println!(
            "the last request that was answered without the sale was sent {last:.1} ms from the opening"
        );
        println!(
            "{} answers checked, {} wrong (early, later than {} ms, or mixed)",
            self.sale.checked,
            self.sale.wrong,
            LATE_AFTER.as_millis()
        );
        for example in &self.sale.examples {
            println!("  WRONG: {example}");
        }
    }

    fn as_json(&self, args: &Args) -> Value {
        let seconds = self.sale.seconds.iter().map(|of| {
            let [p50, p99, most] = of.percentiles();
            json!({"second": of.second, "answers": of.milliseconds.len(), "hits": of.hits,
                "misses": of.misses, "stale": of.stale, "p50_ms": p50, "p99_ms": p99, "most_ms": most})
        });
        let [before, after] = self.loads();
        json!({"bench": "flash_sale", "products": args.products, "rate": args.rate,
            "seconds": seconds.collect::<Vec<_>>(), "loads_before": before, "loads_after": after,
            "pages_after": self.sale.pages.len(), "checked": self.sale.checked,
            "wrong": self.sale.wrong, "examples": self.sale.examples,
            "last_without_ms": self.sale.last_without.map(|last| last as f64 / 1e3)})
    }
}
