//! How fast a hot page is answered, over a socket: beside a bare handler with the same bytes, nginx and
//! Varnish. Each server on one core, who asks on another. See `benches/README.md`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::host::{self, MOST_STOLEN, Ticks};
use crate::support::http::{self, Client, Got};
use crate::support::load::{self, Answer, Load, Outcome, Pace, Reader};
use crate::support::rivals::{self, Rival};
use crate::support::serving::Serving;
use crate::support::shop::{Shop, ending_now};
use crate::support::stats::{Spread, percentile};
use anyhow::{Context, bail, ensure};
use projections::instant::Instant;
use serde_json::{Value, json};

/// Times hot pages over a socket.
#[derive(clap::Args)]
pub struct Args {
    /// Products in the catalogue (quick: 500).
    #[arg(long, env = "BENCH_PRODUCTS", default_value_t = 2_000)]
    products: u64,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How often each server takes its turn with each page (quick: 1).
    #[arg(long, env = "BENCH_ROUNDS", default_value_t = 5)]
    rounds: usize,
    /// How long a turn lasts (quick: 0.3).
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Requests a second at which latencies are measured (quick: 1,000).
    #[arg(long, default_value_t = 20_000.0)]
    rate: f64,
    /// Only pages whose names hold this, such as `listing` or `br`.
    #[arg(long)]
    only: Option<String>,
    /// Fails where nginx or Varnish is not on the machine; they are left out otherwise.
    #[arg(long)]
    require_all: bool,
    /// Small: to see that it works, not to measure.
    #[arg(long, env = "BENCH_QUICK")]
    quick: bool,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    /// This process is the bare handler, and listens here.
    #[arg(long, hide = true, requires = "serve_answer")]
    serve_bare: Option<String>,
    /// The answer that it gives.
    #[arg(long, hide = true)]
    serve_answer: Option<PathBuf>,
}

/// Before each turn, unmeasured: connections and caches are warm then.
const WARM_UP: Duration = Duration::from_millis(200);
/// How often a turn is taken at most where the host steals time.
const ATTEMPTS: usize = 3;
/// How often a page is asked for until it is a hit.
const HIT_WITHIN: usize = 100;
/// Where not even that many requests a second are answered, this part of what is stands in.
const PART_OF_MOST: f64 = 0.6;

const VITRINE: &str = "vitrine";
const BARE: &str = "bare actix-web handler";
const NGINX: &str = "nginx proxy_cache";
const VARNISH: &str = "Varnish";

/// Vitrine's requests a second by each one's, at least.
fn target(server: &str) -> Option<f64> {
    match server {
        BARE => Some(0.95),
        NGINX => Some(1.35),
        VARNISH => Some(2.0),
        _ => None,
    }
}
/// Vitrine's p99 by the bare handler's, at most.
const P99_TARGET: f64 = 1.3;

/// A page in a coding.
struct Page {
    name: String,
    path: String,
    headers: &'static str,
    /// As Vitrine gives it from its cache.
    answer: Got,
}

/// Somebody who answers it.
struct Server {
    name: &'static str,
    address: SocketAddr,
}

/// All that was measured of a page.
struct Measured {
    page: usize,
    servers: Vec<&'static str>,
    /// One for each round; in it one for each server.
    turns: Vec<Turn>,
    steady: Vec<Steady>,
}

struct Turn {
    a_second: Vec<f64>,
    /// How busy the asking thread was.
    busy: Vec<f64>,
    stolen: f64,
}

/// At a rate: p50, p99, p99.9 in microseconds of each round.
struct Steady {
    server: &'static str,
    rate: f64,
    percentiles: Vec<[f64; 3]>,
    stolen: f64,
}

pub fn measure_all(mut args: Args) -> anyhow::Result<()> {
    if let (Some(address), Some(answer)) = (&args.serve_bare, &args.serve_answer) {
        return rivals::serve_bare(address, answer);
    }
    if args.quick {
        (args.products, args.rounds, args.seconds, args.rate) = (500, 1, 0.3, 1_000.0);
    }
    args.rounds = args.rounds.max(1);
    let cores = host::cores()?;
    let [server_core, client_core, ..] = cores[..] else {
        bail!("one core is not enough: servers have one, and who asks has another");
    };
    let temporary = tempfile::tempdir()?;
    let shop = Shop::with(&temporary.path().join("shop"), "", &["http.workers = 1".to_owned()])?;
    let options = ending_now(args.products, args.products * 10, 1);
    tokio::runtime::Runtime::new()?.block_on(shop.build(options))?;
    eprintln!("{}", shop.shape()?);
    let serving = Serving::start(&shop, Some(server_core))?;
    host::pin_self(client_core)?;

    let mut pages = pages(&serving)?;
    pages.retain(|page| args.only.as_ref().is_none_or(|only| page.name.contains(only)));
    ensure!(!pages.is_empty(), "no page is called so");
    let caches = caches(&args, server_core, serving.address, temporary.path())?;
    let mut measured = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let bare = rivals::bare(server_core, &page.answer, &temporary.path().join("answer"))?;
        let mut servers = vec![
            Server { name: VITRINE, address: serving.address },
            Server { name: BARE, address: bare.address },
        ];
        servers.extend(caches.iter().map(|(name, rival)| Server { name, address: rival.address }));
        let of = measure(&args, number, page, &servers)?;
        if !args.json {
            print(&args, page, &of);
        }
        measured.push(of);
    }
    if args.json {
        println!("{}", as_json(&pages, &measured));
    }
    Ok(())
}

/// The caches that are on the machine; what is not is said.
fn caches(
    args: &Args,
    core: usize,
    origin: SocketAddr,
    dir: &Path,
) -> anyhow::Result<Vec<(&'static str, Rival)>> {
    type Start = fn(usize, SocketAddr, &Path) -> anyhow::Result<Rival>;
    let all: [(&str, &str, &str, Start); 2] = [
        (NGINX, "nginx", "nginx", rivals::nginx),
        (VARNISH, "varnishd", "varnish", rivals::varnish),
    ];
    let mut there = Vec::new();
    for (name, program, package, start) in all {
        if rivals::program(program).is_some() {
            there.push((name, start(core, origin, &dir.join(program))?));
        } else {
            let missing =
                format!("{name} NOT MEASURED: no {program} here (apt-get install {package})");
            ensure!(!args.require_all, "{missing}");
            eprintln!("!!! {missing}");
        }
    }
    Ok(there)
}

/// A product page of middling size and a category's first page, as they are and compressed: of those
/// that do not change soon.
fn pages(serving: &Serving) -> anyhow::Result<Vec<Page>> {
    const LOOKED_AT: u64 = 100;
    let mut client = serving.client()?;
    let (mut products, mut listings) = (Vec::new(), Vec::new());
    for n in 1..=LOOKED_AT {
        let path = format!("/api/v1/products/p-{n}");
        let answer = client.get(&path, "")?;
        if answer.status != 200 {
            continue;
        }
        let body: Value = serde_json::from_slice(&answer.body)?;
        for category in body["product"]["categories"].as_array().into_iter().flatten() {
            let id = category["id"].as_str().context("a category without an id")?;
            let path = format!("/api/v1/categories/{id}/products");
            let answer = client.get(&path, "")?.ok(&path)?;
            let listing: Value = serde_json::from_slice(&answer.body)?;
            let cards = listing["items"].as_array().map_or(0, Vec::len);
            listings.push((cards, changes_at(&listing), answer.body.len(), path));
        }
        products.push((changes_at(&body), answer.body.len(), path));
    }
    let furthest = products.iter().map(|product| product.0).max().context("no products")?;
    products.retain(|product| product.0 == furthest);
    products.sort_by_key(|product| product.1);
    let product = products.swap_remove(products.len() / 2).2;
    let listing = listings.into_iter().max().context("no listings")?.3;
    let mut pages = Vec::new();
    for (kind, path) in [("product page", product), ("first page of a listing", listing)] {
        for (coding, headers) in [("identity", ""), ("br", "Accept-Encoding: br\r\n")] {
            let answer = of_vitrine(&mut client, &path, headers)?;
            let name = format!("{kind}, {coding}, {} bytes", answer.body.len());
            pages.push(Page { name, path: path.clone(), headers, answer });
        }
    }
    Ok(pages)
}

pub fn changes_at(body: &Value) -> Instant {
    let at = body["meta"]["next_change_at"].as_str().and_then(Instant::parse);
    at.unwrap_or(Instant::MAX)
}

/// The page from Vitrine's own cache.
pub fn of_vitrine(client: &mut Client, path: &str, headers: &str) -> anyhow::Result<Got> {
    // Beyond its time to live a page is answered once more, while it is read anew.
    for _ in 0..HIT_WITHIN {
        let answer = client.get(path, headers)?.ok(path)?;
        if answer.header("vitrine-cache") == Some("hit") {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("{path} is not cached")
}

fn measure(
    args: &Args,
    number: usize,
    page: &Page,
    servers: &[Server],
) -> anyhow::Result<Measured> {
    for server in servers {
        check(server, page)?;
    }
    let lasts = Duration::from_secs_f64(args.seconds);
    let mut turns = Vec::new();
    for round in 1..=args.rounds {
        eprintln!("{}: round {round} of {}", page.name, args.rounds);
        turns.push(turn(args, page, servers, round, lasts)?);
    }
    let most = |server: usize| Spread::of(turns.iter().map(|turn| turn.a_second[server])).median;
    let slowest = most(0).min(most(1));
    let mut rate = args.rate;
    if slowest < args.rate {
        rate = (slowest * PART_OF_MOST).floor();
        eprintln!(
            "!!! {}: no {} requests/s here, {slowest:.0} at most; measured at {rate}",
            page.name, args.rate
        );
    }
    let mut steady = Vec::new();
    for server in servers.iter().take(2) {
        let (server, percentiles) = (server.name, Vec::new());
        steady.push(Steady { server, rate, percentiles, stolen: 0.0 });
    }
    for round in 0..args.rounds {
        for place in 0..steady.len() {
            let n = (place + round) % steady.len();
            let (mut outcome, stolen) =
                undisturbed(|| ask(args, page, servers[n].address, Pace::Rate(rate), lasts))?;
            let share = |share, samples: &mut Vec<f64>| percentile(samples, share);
            let samples = &mut outcome.microseconds;
            steady[n].percentiles.push([0.5, 0.99, 0.999].map(|of| share(of, samples)));
            steady[n].stolen = steady[n].stolen.max(stolen);
        }
    }
    for server in servers {
        check(server, page)?;
    }
    let servers = servers.iter().map(|server| server.name).collect();
    Ok(Measured { page: number, servers, turns, steady })
}

/// Whoever answers has it cached, and gives what Vitrine gives.
fn check(server: &Server, page: &Page) -> anyhow::Result<()> {
    let answer = match server.name {
        VITRINE => of_vitrine(&mut Client::connect(server.address)?, &page.path, page.headers)?,
        BARE => Client::connect(server.address)?.get(&page.path, page.headers)?.ok(&page.path)?,
        _ => rivals::cached(server.address, &page.path, page.headers)?,
    };
    let same = answer.body == page.answer.body
        && answer.header("content-encoding") == page.answer.header("content-encoding");
    ensure!(same, "{} answers {} otherwise: did it change meanwhile?", server.name, page.path);
    Ok(())
}

/// All servers, one after the other; who begins alternates.
fn turn(
    args: &Args,
    page: &Page,
    servers: &[Server],
    round: usize,
    lasts: Duration,
) -> anyhow::Result<Turn> {
    let (all, stolen) = undisturbed(|| {
        let mut all: Vec<Option<Outcome>> = servers.iter().map(|_| None).collect();
        for place in 0..servers.len() {
            let n = (place + round) % servers.len();
            all[n] = Some(ask(args, page, servers[n].address, Pace::Closed, lasts)?);
        }
        Ok(all)
    })?;
    let all: Vec<Outcome> = all.into_iter().flatten().collect();
    Ok(Turn {
        a_second: all.iter().map(Outcome::a_second).collect(),
        busy: all.iter().map(|outcome| outcome.busy).collect(),
        stolen,
    })
}

/// Again where the host stole time, a few times; with what it stole in the end.
fn undisturbed<T>(mut measure: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<(T, f64)> {
    let mut attempt = 1;
    loop {
        let ticks = Ticks::now()?;
        let measured = measure()?;
        let stolen = ticks.stolen_since()?;
        if stolen <= MOST_STOLEN || attempt == ATTEMPTS {
            return Ok((measured, stolen));
        }
        eprintln!("the host took {:.0} % of the time: once more", stolen * 100.0);
        attempt += 1;
    }
}

fn ask(
    args: &Args,
    page: &Page,
    address: SocketAddr,
    pace: Pace,
    lasts: Duration,
) -> anyhow::Result<Outcome> {
    let mut hot = Hot {
        request: http::request(&page.path, page.headers),
        body_bytes: page.answer.body.len(),
    };
    let load = Load { address, connections: args.connections, pace, lasts: WARM_UP };
    load::run(&load, &mut hot)?;
    load::run(&Load { lasts, ..load }, &mut hot)
}

/// Asks for the one page.
struct Hot {
    request: Vec<u8>,
    body_bytes: usize,
}

impl Reader for Hot {
    fn ask(&mut self, _: usize, request: &mut Vec<u8>) {
        request.extend_from_slice(&self.request);
    }

    fn answered(&mut self, _: usize, answer: &Answer<'_>) -> anyhow::Result<()> {
        let (status, bytes) = (answer.status, answer.body.len());
        ensure!(status == 200 && bytes == self.body_bytes, "{status}, {bytes} bytes");
        Ok(())
    }
}

impl Measured {
    fn a_second(&self, server: usize) -> Spread {
        Spread::of(self.turns.iter().map(|turn| turn.a_second[server]))
    }

    /// Vitrine's by this one's, each round for itself.
    fn ratio(&self, server: usize) -> Spread {
        Spread::of(self.turns.iter().map(|turn| turn.a_second[0] / turn.a_second[server]))
    }

    fn busy(&self, server: usize) -> f64 {
        Spread::of(self.turns.iter().map(|turn| turn.busy[server])).median
    }

    fn disturbed(&self) -> usize {
        self.turns.iter().filter(|turn| turn.stolen > MOST_STOLEN).count()
    }

    fn p99_ratio(&self) -> f64 {
        let [ours, theirs] = [0, 1].map(|server: usize| self.steady[server].medians()[1]);
        ours / theirs
    }
}

impl Steady {
    fn medians(&self) -> [f64; 3] {
        [0, 1, 2].map(|n: usize| Spread::of(self.percentiles.iter().map(|p| p[n])).median)
    }
}

fn print(args: &Args, page: &Page, of: &Measured) {
    println!("\n{} connections; medians of {} rounds", args.connections, args.rounds);
    println!(
        "{:<44} {:>10} {:>20} {:>13} {:>8} {:>12}",
        page.name, "requests/s", "lowest to highest", "vitrine by it", "target", "asking, busy"
    );
    for (n, server) in of.servers.iter().enumerate() {
        let (spread, target) = (of.a_second(n), target(server));
        println!(
            "{server:<44} {:>10.0} {:>20} {:>13.2} {:>8} {:>11.0}%",
            spread.median,
            format!("{:.0} to {:.0}", spread.low, spread.high),
            of.ratio(n).median,
            target.map_or(String::new(), |target| format!(">= {target}")),
            of.busy(n) * 100.0,
        );
    }
    println!("{:<44} {:>10} {:>20} {:>13}", "", "p50 us", "p99 us", "p99.9 us");
    for steady in &of.steady {
        let name = format!("{}, at {} requests/s", steady.server, steady.rate);
        let [p50, p99, p999] = steady.medians();
        println!("{name:<44} {p50:>10.0} {p99:>20.0} {p999:>13.0}");
    }
    let ratio = of.p99_ratio();
    println!("{:<44} {:>10} {ratio:>20.2} (target <= {P99_TARGET})", "p99, vitrine by it", "");
    let disturbed = of.disturbed();
    if disturbed > 0 {
        println!("!!! the host took time in {disturbed} rounds: measure again");
    }
    if of.steady.iter().any(|steady| steady.stolen > MOST_STOLEN) {
        println!("!!! the host took time while latencies were measured: measure again");
    }
}

fn as_json(pages: &[Page], measured: &[Measured]) -> Value {
    let page = |of: &Measured| {
        let servers = of.servers.iter().enumerate().map(|(n, server)| {
            json!({"server": server, "requests_a_second": of.a_second(n), "vitrine_by_it": of.ratio(n),
                "target": target(server), "asking_busy": of.busy(n)})
        });
        let steady = of.steady.iter().map(|steady| {
            let [p50, p99, p999] = steady.medians();
            json!({"server": steady.server, "rate": steady.rate, "p50_us": p50, "p99_us": p99,
                "p999_us": p999, "stolen": steady.stolen})
        });
        let stolen: Vec<f64> = of.turns.iter().map(|turn| turn.stolen).collect();
        json!({"page": pages[of.page].name, "path": pages[of.page].path,
            "servers": servers.collect::<Vec<_>>(), "stolen": stolen,
            "steady": steady.collect::<Vec<_>>(), "p99_by_bare": of.p99_ratio(),
            "p99_target": P99_TARGET})
    };
    json!({"bench": "hot", "pages": measured.iter().map(page).collect::<Vec<_>>()})
}
