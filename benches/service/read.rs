//! How long pages take that are read from the store: through the API's own handlers, JSON and
//! `ETag` included, without a socket and without a cache of pages. See `benches/README.md`.

use std::sync::Arc;
use std::time::Instant;

use crate::support::random::Random;
use crate::support::shop::Catalogue;
use crate::support::stats::percentile;
use actix_web::body::to_bytes;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};
use anyhow::{Context, ensure};
use projections::index::Index;
use projections::index::query::Query;
use projections::index::query::filters::Filters;
use projections::instant::Instant as Time;
use projections::listing::{ListingKey, Sort};
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vitrine::api::current::Current;
use vitrine::api::{ApiState, Reached, configure};
use vitrine::catalogue::find;
use vitrine::changes::follow::Following;
use vitrine::config::Config;
use vitrine::generations::view::index_limits;
use vitrine::index::ListingIndex;
use vitrine::index::follow::Follower;
use vitrine::sqlite::SqliteOptions;
use vitrine::sqlite::connect::connect_options;
use vitrine::stack::{self, Stack};
use vitrine::telemetry::metrics::Metrics;
use vitrine::waits::Waits;

/// Times pages read from the store.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    catalogue: Catalogue,
    /// Rounds; each reads every page once, in random order (default: 500; quick: 20).
    #[arg(long, env = "BENCH_ROUNDS")]
    rounds: Option<usize>,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// Pages whose depth is compared; a walk that ends before gives its last whole page.
const DEPTHS: [usize; 4] = [1, 10, 100, 1000];
/// A third of the catalogue's span: columns of the index do not hold then.
const FAR_OFF_DAYS: i64 = 10;
/// Rounds that read a page which takes very long.
const SLOW_ROUNDS: usize = 3;

/// One page, or the yardstick.
struct Probe {
    name: String,
    what: What,
    /// In how many rounds at most.
    rounds: usize,
    microseconds: Vec<f64>,
    bytes: usize,
}

enum What {
    /// One of these, in turn.
    Page(Vec<String>),
    /// One of these products' rows, selected by its key.
    Row(Vec<String>),
}

impl Probe {
    fn pages(name: impl Into<String>, urls: Vec<String>) -> Probe {
        Probe::new(name.into(), What::Page(urls))
    }

    fn new(name: String, what: What) -> Probe {
        Probe { name, what, rounds: usize::MAX, microseconds: Vec::new(), bytes: 0 }
    }
}

#[actix_web::main]
pub async fn measure_all(args: Args) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let shop = args.catalogue.shop(temporary.path(), "").await?;
    let rounds = args.rounds.unwrap_or(if args.catalogue.sizes.quick { 20 } else { 500 }).max(1);
    let probes = measure(&shop.config, rounds).await?;
    if args.json {
        println!("{}", as_json(probes));
    } else {
        print(probes);
    }
    Ok(())
}

async fn measure(config: &Config, rounds: usize) -> anyhow::Result<Vec<Probe>> {
    let stack = Stack::open(config).await?;
    let stop = CancellationToken::new();
    let state = state(config, &stack, &stop).await?;
    let version = state.index.as_ref().and_then(|index| index.current());
    let index = version.context("the index is not loaded")?;
    let current = web::Data::new(Current::new(web::Data::new(state)));
    let app = init_service(App::new().app_data(current).configure(configure)).await;
    let get = async |url: &str| -> anyhow::Result<web::Bytes> {
        let answer = call_service(&app, TestRequest::get().uri(url).to_request()).await;
        let status = answer.status();
        let body = to_bytes(answer.into_body()).await;
        let body = body.map_err(|e| anyhow::anyhow!("{url}: {e}"))?;
        ensure!(status.is_success(), "{url}: {status} {}", String::from_utf8_lossy(&body));
        Ok(body)
    };
    let rows = rows(&stack, config).await?;
    let mut random = Random::default();
    let mut probes = single_pages(&index.index, &mut random, rounds)?;
    for (name, listing) in listings(&index.index)? {
        let mut at_depth = Vec::new();
        let (mut url, mut before) = (listing.clone(), None);
        for page in 1..=DEPTHS[DEPTHS.len() - 1] {
            let body: Value = serde_json::from_slice(&get(&url).await?)?;
            let Some(next) = body["next_cursor"].as_str() else {
                // The last page may be a short one.
                at_depth.extend(before.filter(|(page, _)| !DEPTHS.contains(page)));
                break;
            };
            if DEPTHS.contains(&page) {
                at_depth.push((page, url.clone()));
            }
            before = Some((page, url));
            url = format!("{listing}&cursor={next}");
        }
        probes.extend(
            at_depth
                .into_iter()
                .map(|(page, url)| Probe::pages(format!("{name}, page {page}"), vec![url])),
        );
    }
    // Connections and the files' pages are warm after two rounds, which do not count.
    for round in 0..rounds + 2 {
        let mut order: Vec<usize> = (0..probes.len()).collect();
        random.shuffle(&mut order);
        for probe in order {
            let probe = &mut probes[probe];
            if round >= probe.rounds {
                continue;
            }
            let (bytes, spent) = match &probe.what {
                What::Page(urls) => {
                    let url = &urls[round % urls.len()];
                    let started = Instant::now();
                    let body = get(url).await?;
                    (body.len(), started.elapsed())
                }
                What::Row(ids) => {
                    let started = Instant::now();
                    let doc = row(&rows, &ids[round % ids.len()]).await?;
                    (doc.len(), started.elapsed())
                }
            };
            if round >= 2 {
                probe.microseconds.push(spent.as_secs_f64() * 1e6);
                probe.bytes += bytes;
            }
        }
    }
    rows.close().await;
    stop.cancel();
    stack.close().await;
    Ok(probes)
}

/// As the service makes it, without a projector; once its index is loaded.
async fn state(
    config: &Config,
    stack: &Stack,
    stop: &CancellationToken,
) -> anyhow::Result<ApiState> {
    let following = Arc::new(Following::default());
    let index = Arc::new(ListingIndex::new(index_limits(&config.index)));
    let follower = Follower {
        store: stack.store.clone(),
        markets: stack::markets(config),
        index: Arc::clone(&index),
        following: Arc::clone(&following),
        told: None,
        images: None,
        waits: Waits::default(),
    };
    tokio::spawn(follower.run(stop.clone()));
    while following.behind().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // Nothing is projected meanwhile: that its sender is gone makes no difference.
    let (_, progress) = watch::channel(0);
    Ok(ApiState {
        demand: Default::default(),
        index: Some(index),
        following,
        stale_if_error: std::time::Duration::from_secs(3600),
        store: stack.store.clone(),
        log: stack.log.events(),
        markets: stack::markets(config),
        low_stock_threshold: i64::try_from(config.low_stock_threshold)?,
        sections: config.home.sections.clone().into(),
        admin_token: None,
        progress,
        reached: Reached::default(),
        pages: None,
        readiness: Arc::new(|| Ok(())),
        waits_for: Arc::new(Vec::new),
        topics: config.log.topics.clone(),
        request_body_max_bytes: config.http.request_body_max_bytes,
        request_body_within: std::time::Duration::from_secs(60),
        metrics: Arc::new(Metrics::new()?),
        successor: Default::default(),
        shadow: None,
    })
}

/// A pool as the store's own for reading.
async fn rows(stack: &Stack, config: &Config) -> anyhow::Result<SqlitePool> {
    let generation = find(stack.stores.catalogue().as_ref(), stack.store.generation()).await?;
    let file = config.data_dir.join(generation.place);
    let connect = connect_options(&file, SqliteOptions::default())
        .pragma("cache_size", "-16384")
        .pragma("query_only", "ON");
    let options = SqlitePoolOptions::new().max_connections(config.store.read_connections);
    Ok(options.connect_with(connect).await?)
}

async fn row(rows: &SqlitePool, id: &str) -> anyhow::Result<Vec<u8>> {
    let doc = sqlx::query_scalar("SELECT doc FROM product WHERE product_id = ?");
    Ok(doc.bind(id).fetch_one(rows).await?)
}

/// The yardstick, product pages, cards, and what is far off.
fn single_pages(index: &Index, random: &mut Random, rounds: usize) -> anyhow::Result<Vec<Probe>> {
    let far_off = vitrine::clock::now().millis() - FAR_OFF_DAYS * 24 * 60 * 60 * 1000;
    // These were out by then, and have a page.
    let none = Filters::default();
    let query = Query {
        listing: &ListingKey::All,
        market: 0,
        group: None,
        locale: None,
        at: Time(far_off),
        sort: Sort::Newest,
        filters: &none,
        after: None,
        limit: usize::MAX,
        facets: false,
    };
    let listed = index.query(&query).items;
    let mut ids: Vec<String> = listed.iter().map(|i| index.id(i.product).to_owned()).collect();
    ensure!(ids.len() >= 100, "the catalogue is too small");
    random.shuffle(&mut ids);
    let mut several: Vec<Vec<String>> = ids.chunks_exact(24).map(<[String]>::to_vec).collect();
    several.truncate(rounds + 2);
    ids.truncate(rounds + 2);
    let page = |suffix: &str| {
        ids.iter().map(|id| format!("/api/v1/products/{id}{suffix}")).collect::<Vec<_>>()
    };
    let cards = |suffix: &str| {
        let url = |ids: &Vec<String>| format!("/api/v1/products?ids={}{suffix}", ids.join(","));
        several.iter().map(url).collect::<Vec<_>>()
    };
    let at = format!("at={}", serde_json::to_value(Time(far_off))?);
    let at = at.replace('"', "");
    let small = category(index, false)?;
    Ok(vec![
        Probe::new("yardstick: SELECT one row by its key".to_owned(), What::Row(ids.clone())),
        Probe::pages("product", page("")),
        Probe::pages("product, for members", page("?group=members")),
        Probe::pages("product, far off", page(&format!("?{at}"))),
        Probe::pages("24 cards", cards("")),
        Probe::pages("24 cards, far off", cards(&format!("&{at}"))),
        Probe {
            rounds: 30,
            ..Probe::pages(
                format!("category of {}, far off", small.1),
                vec![format!("/api/v1/categories/{}/products?{at}", small.0)],
            )
        },
        Probe {
            rounds: SLOW_ROUNDS + 2,
            ..Probe::pages("all, far off", vec![format!("/api/v1/listings/all?{at}")])
        },
    ])
}

/// The listings that are walked, by name.
fn listings(index: &Index) -> anyhow::Result<Vec<(String, String)>> {
    let (big, members) = category(index, true)?;
    let all = "/api/v1/listings/all?limit=24";
    let named = |name: &str, suffix: &str| (name.to_owned(), format!("{all}&{suffix}"));
    Ok(vec![
        named("all, newest", "sort=newest"),
        named("all, price_asc", "sort=price_asc"),
        named("all, price_asc, for members", "sort=price_asc&group=members"),
        named("all, newest, in_stock", "sort=newest&in_stock=true"),
        named("all, newest, on_sale+max_price", "sort=newest&on_sale=true&max_price=5000"),
        (
            format!("category of {members}, newest"),
            format!("/api/v1/categories/{big}/products?limit=24&sort=newest"),
        ),
    ])
}

/// The category with the most products, or the one with the fewest that fill a page.
fn category(index: &Index, largest: bool) -> anyhow::Result<(String, u64)> {
    let categories = index.listings().filter(|key| matches!(key, ListingKey::Category(_)));
    let sized = categories.filter_map(|key| {
        let products = index.products_of(key)?.len();
        (products >= 24).then(|| (products, key.id().to_owned()))
    });
    let found = if largest { sized.max() } else { sized.min() };
    found.map(|(products, id)| (id, products)).context("no category fills a page")
}

/// Name, reads, median, 99th percentile (microseconds), mean body bytes.
type Line = (String, usize, f64, f64, usize);

fn lines(probes: Vec<Probe>) -> Vec<Line> {
    let line = |mut probe: Probe| {
        let reads = probe.microseconds.len();
        let p50 = percentile(&mut probe.microseconds, 0.5);
        let p99 = percentile(&mut probe.microseconds, 0.99);
        (probe.name, reads, p50, p99, probe.bytes / reads.max(1))
    };
    probes.into_iter().map(line).collect()
}

/// For each walk: its deepest page beside its first.
fn ratios(lines: &[Line]) -> Vec<(String, f64, f64)> {
    let first = |line: &Line| Some((line.0.strip_suffix(", page 1")?.to_owned(), line.2, line.3));
    let ratio = |(walk, p50, p99): (String, f64, f64)| {
        let start = format!("{walk}, page ");
        let deepest = lines.iter().rfind(|l| l.0.starts_with(&start))?;
        let page = deepest.0.strip_prefix(&start).filter(|page| *page != "1")?;
        Some((format!("{walk}: page {page} / page 1"), deepest.2 / p50, deepest.3 / p99))
    };
    lines.iter().filter_map(first).filter_map(ratio).collect()
}

fn print(probes: Vec<Probe>) {
    let lines = lines(probes);
    let yardstick = lines.first().map_or(1.0, |l| l.2);
    println!(
        "{:<46} {:>7} {:>10} {:>10} {:>10} {:>9}",
        "", "reads", "p50 us", "p99 us", "of SELECT", "bytes"
    );
    for (name, reads, p50, p99, bytes) in &lines {
        let of_select = p50 / yardstick;
        println!("{name:<46} {reads:>7} {p50:>10.0} {p99:>10.0} {of_select:>10.1} {bytes:>9}");
    }
    println!("\n{:<54} {:>10} {:>10}", "", "p50", "p99");
    for (walk, p50, p99) in ratios(&lines) {
        println!("{walk:<54} {p50:>10.2} {p99:>10.2}");
    }
}

fn as_json(probes: Vec<Probe>) -> Value {
    let lines = lines(probes);
    let ratios: Vec<Value> = ratios(&lines)
        .into_iter()
        .map(|(walk, p50, p99)| json!({"walk": walk, "p50": p50, "p99": p99}))
        .collect();
    let pages: Vec<Value> = lines
        .into_iter()
        .map(|(name, reads, p50, p99, bytes)| {
            json!({"page": name, "reads": reads, "p50_us": p50, "p99_us": p99, "bytes": bytes})
        })
        .collect();
    json!({"bench": "read", "pages": pages, "ratios": ratios})
}
