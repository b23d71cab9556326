//! Listings over HTTP, each made anew: every order, filters alone and in pairs, facets, and the end
//! of a walk; a product page and 24 cards beside them.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::support::host::resident_bytes;
use crate::support::questions::{self, ALL, Asking};
use crate::support::random::Random;
use crate::support::serving::Serving;
use crate::support::shop::Catalogue;
use crate::support::stats::{mebibytes, percentile};

/// Times listings that no cache holds.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    catalogue: Catalogue,
    /// Rounds; each asks for everything once, in random order (default: 100; quick: 3).
    #[arg(long, env = "BENCH_ROUNDS")]
    rounds: Option<usize>,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

const SORTS: [&str; 6] = ["newest", "price_asc", "price_desc", "discount", "rating", "reviews"];
/// Shares of a listing that filters select.
const SHARES: [f64; 3] = [0.01, 0.1, 0.9];

/// One question, or several that are alike.
struct Probe {
    name: String,
    urls: Vec<String>,
    /// Of the first answer; none where it is no listing.
    total: Option<u64>,
    milliseconds: Vec<f64>,
}

/// A filter, as a query says it.
type Filter = (String, String);

pub fn measure_all(args: Args) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let building = args.catalogue.shop(temporary.path(), "\n[cache]\nmax_bytes = 0\n");
    let shop = actix_web::rt::System::new().block_on(building)?;
    let began = Instant::now();
    let serving = Serving::start(&shop, None)?;
    let ready = began.elapsed().as_secs_f64();
    let memory = resident_bytes(serving.process_id())?;
    let asking = Asking { client: serving.client()? };
    let mut probing = Probing { asking, random: Random::default() };
    let mut probes = probing.probes()?;
    let rounds = args.rounds.unwrap_or(if args.catalogue.sizes.quick { 3 } else { 100 }).max(1);
    probing.measure(&mut probes, rounds)?;
    if args.json {
        println!("{}", as_json(ready, memory, probes));
    } else {
        println!("ready after {ready:.2} s, {} in memory", mebibytes(memory));
        print(probes);
    }
    Ok(())
}

/// Asks for everything there is to measure.
struct Probing {
    asking: Asking,
    random: Random,
}

impl Probing {
    /// Everything that is asked.
    fn probes(&mut self) -> anyhow::Result<Vec<Probe>> {
        let products = self.asking.total(&format!("{ALL}?limit=1"))?;
        ensure!(products >= 1_000, "the catalogue is too small");
        let categories = self.asking.categories()?;
        let nearest = |share| questions::nearest(&categories, products, share);
        let (large, small) = (nearest(1.0 / 7.0)?, nearest(0.014)?);
        let mut probes = self.of_listing("large", &large.path())?;
        probes.extend(self.of_listing("small", &small.path())?);
        for sort in ["newest", "price_asc"] {
            for facets in [false, true] {
                probes.push(self.probe("everything", ALL, sort, &[], facets)?);
            }
        }
        probes.extend(self.single_pages(ALL)?);
        Ok(probes)
    }

    fn of_listing(&mut self, name: &str, listing: &str) -> anyhow::Result<Vec<Probe>> {
        let mut probes = Vec::new();
        for sort in SORTS {
            probes.push(self.probe(name, listing, sort, &[], false)?);
        }
        for sort in ["newest", "price_asc"] {
            probes.push(self.last_page(name, listing, sort)?);
            probes.push(self.probe(name, listing, sort, &[], true)?);
        }
        let filters = self.filters(listing)?;
        for (at, filter) in filters.iter().enumerate() {
            for facets in [false, true] {
                probes.push(self.probe(name, listing, "price_asc", &[filter], facets)?);
            }
            let key = |filter: &Filter| filter.1.split('=').next().map(str::to_owned);
            for other in filters[at + 1..].iter().filter(|other| key(other) != key(filter)) {
                probes.push(self.probe(name, listing, "price_asc", &[filter, other], false)?);
                probes.push(self.probe(name, listing, "newest", &[filter, other], true)?);
            }
        }
        Ok(probes)
    }

    fn probe(
        &mut self,
        of: &str,
        listing: &str,
        sort: &str,
        filters: &[&Filter],
        facets: bool,
    ) -> anyhow::Result<Probe> {
        let named: Vec<&str> = filters.iter().map(|filter| filter.0.as_str()).collect();
        let query: String = filters.iter().map(|filter| format!("&{}", filter.1)).collect();
        let url = format!("{listing}?limit=24&sort={sort}{query}&facets={facets}");
        let name = [&[of, sort][..], &named, if facets { &["facets"] } else { &[] }].concat();
        let total = Some(self.asking.total(&url)?);
        Ok(Probe { name: name.join(", "), urls: vec![url], total, milliseconds: Vec::new() })
    }

    /// The last page of a walk.
    fn last_page(&mut self, of: &str, listing: &str, sort: &str) -> anyhow::Result<Probe> {
        let mut url = format!("{listing}?limit=24&sort={sort}");
        let total = Some(self.asking.total(&url)?);
        let mut page = self.asking.get(&format!("{listing}?limit=100&sort={sort}"))?;
        while let Some(cursor) = page["next_cursor"].as_str() {
            let walk = format!("{listing}?sort={sort}&cursor={cursor}");
            page = self.asking.get(&format!("{walk}&limit=100"))?;
            url = format!("{walk}&limit=24");
        }
        let name = format!("{of}, {sort}, the last page");
        Ok(Probe { name, urls: vec![url], total, milliseconds: Vec::new() })
    }

    /// Flags, ratings, a brand, and what selects about so much of the listing by price and by attribute.
    fn filters(&mut self, listing: &str) -> anyhow::Result<Vec<Filter>> {
        let mut filters: Vec<Filter> = [
            ("in stock", "in_stock=true"),
            ("on sale", "on_sale=true"),
            ("rating", "min_rating=4.5"),
        ]
        .map(|(name, query)| (name.to_owned(), query.to_owned()))
        .into();
        let brands = self.asking.brands(listing)?;
        let brand = brands.first().context("no brands")?;
        filters.push(("brand".to_owned(), format!("brand={brand}")));
        let values = self.asking.values(listing)?;
        for share in SHARES {
            let off = |value: &questions::ValueShare| (value.share - share).abs();
            let nearest = values.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
            let value = nearest.context("no attributes")?;
            filters.push((format!("attribute {:.0} %", share * 100.0), value.filter()));
            let most = self.asking.price_of(listing, share)?;
            filters.push((format!("price {:.0} %", share * 100.0), format!("max_price={most}")));
        }
        filters.dedup_by(|a, b| a.1 == b.1);
        Ok(filters)
    }

    /// Product pages, and 24 cards at a time.
    fn single_pages(&mut self, all: &str) -> anyhow::Result<Vec<Probe>> {
        let (mut ids, mut url) = (Vec::new(), format!("{all}?limit=100&sort=newest"));
        for _ in 0..10 {
            let page = self.asking.get(&url)?;
            let of_page = page["items"].as_array().into_iter().flatten();
            ids.extend(of_page.filter_map(|item| item["id"].as_str().map(str::to_owned)));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            url = format!("{all}?limit=100&sort=newest&cursor={cursor}");
        }
        self.random.shuffle(&mut ids);
        let several = ids.chunks_exact(24);
        let cards = several.map(|ids| format!("/api/v1/products?ids={}", ids.join(",")));
        let pages = ids.iter().map(|id| format!("/api/v1/products/{id}"));
        let probe = |name: &str, urls: Vec<String>| Probe {
            name: name.to_owned(),
            urls,
            total: None,
            milliseconds: Vec::new(),
        };
        Ok(vec![probe("product page", pages.collect()), probe("24 cards", cards.collect())])
    }

    fn measure(&mut self, probes: &mut [Probe], rounds: usize) -> anyhow::Result<()> {
        for round in 0..rounds {
            let mut order: Vec<usize> = (0..probes.len()).collect();
            self.random.shuffle(&mut order);
            for probe in order {
                let probe = &mut probes[probe];
                let url = &probe.urls[round % probe.urls.len()];
                let began = Instant::now();
                self.asking.client.get(url, "")?.ok(url)?;
                probe.milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(())
    }
}

/// Name, total, reads, median and 99th percentile in milliseconds.
type Line = (String, Option<u64>, usize, f64, f64);

fn lines(probes: Vec<Probe>) -> Vec<Line> {
    let line = |mut probe: Probe| {
        let reads = probe.milliseconds.len();
        let p50 = percentile(&mut probe.milliseconds, 0.5);
        let p99 = percentile(&mut probe.milliseconds, 0.99);
        (probe.name, probe.total, reads, p50, p99)
    };
    probes.into_iter().map(line).collect()
}

fn print(probes: Vec<Probe>) {
    println!("{:<64} {:>8} {:>6} {:>8} {:>8}", "", "total", "reads", "p50 ms", "p99 ms");
    for (name, total, reads, p50, p99) in lines(probes) {
        let total = total.map(|total| total.to_string()).unwrap_or_default();
        println!("{name:<64} {total:>8} {reads:>6} {p50:>8.2} {p99:>8.2}");
    }
}

fn as_json(ready: f64, memory: f64, probes: Vec<Probe>) -> Value {
    let page = |(name, total, reads, p50, p99): Line| json!({"page": name, "total": total, "reads": reads, "p50_ms": p50, "p99_ms": p99});
    let pages: Vec<Value> = lines(probes).into_iter().map(page).collect();
    json!({"bench": "listings", "ready_seconds": ready, "memory_bytes": memory, "pages": pages})
}
