//! Listings over HTTP, each made anew: every order, filters alone and in pairs, facets, and the end
//! of a walk; a product page and 24 cards beside them.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::support::host::resident_bytes;
use crate::support::http::Client;
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
    let mut asking = Asking { client: serving.client()?, random: Random::default() };
    let mut probes = asking.probes()?;
    let rounds = args.rounds.unwrap_or(if args.catalogue.sizes.quick { 3 } else { 100 }).max(1);
    asking.measure(&mut probes, rounds)?;
    if args.json {
        println!("{}", as_json(ready, memory, probes));
    } else {
        println!("ready after {ready:.2} s, {} in memory", mebibytes(memory));
        print(probes);
    }
    Ok(())
}

/// One connection, one question after the other.
struct Asking {
    client: Client,
    random: Random,
}

impl Asking {
    fn get(&mut self, url: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.client.get(url, "")?.ok(url)?.body)?)
    }

    fn total(&mut self, url: &str) -> anyhow::Result<u64> {
        self.get(url)?["total"].as_u64().context("no listing")
    }

    /// Everything that is asked.
    fn probes(&mut self) -> anyhow::Result<Vec<Probe>> {
        let all = "/api/v1/listings/all".to_owned();
        let products = self.total(&format!("{all}?limit=1"))?;
        ensure!(products >= 1_000, "the catalogue is too small");
        let categories = self.categories(&all)?;
        let nearest = |share: f64| {
            let off = |count: u64| (count as f64 / products as f64 - share).abs();
            categories.iter().min_by(|a, b| off(a.1).total_cmp(&off(b.1))).cloned()
        };
        let large = nearest(1.0 / 7.0).context("no categories")?;
        let small = nearest(0.014).context("no categories")?;
        let mut probes =
            self.of_listing("large", &format!("/api/v1/categories/{}/products", large.0))?;
        probes
            .extend(self.of_listing("small", &format!("/api/v1/categories/{}/products", small.0))?);
        for sort in ["newest", "price_asc"] {
            for facets in [false, true] {
                probes.push(self.probe("everything", &all, sort, &[], facets)?);
            }
        }
        probes.extend(self.single_pages(&all)?);
        Ok(probes)
    }

    /// Categories below which there is something, with their products.
    fn categories(&mut self, all: &str) -> anyhow::Result<Vec<(String, u64)>> {
        let (mut found, mut next) = (Vec::new(), vec![all.to_owned()]);
        while let Some(listing) = next.pop() {
            let facets = self.get(&format!("{listing}?limit=1&facets=true"))?["facets"].take();
            for category in facets["categories"].as_array().into_iter().flatten() {
                let id = category["id"].as_str().context("a category without an id")?;
                found.push((id.to_owned(), category["count"].as_u64().unwrap_or_default()));
                next.push(format!("/api/v1/categories/{id}/products"));
            }
        }
        Ok(found)
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
        let total = Some(self.total(&url)?);
        Ok(Probe { name: name.join(", "), urls: vec![url], total, milliseconds: Vec::new() })
    }

    /// The last page of a walk.
    fn last_page(&mut self, of: &str, listing: &str, sort: &str) -> anyhow::Result<Probe> {
        let mut url = format!("{listing}?limit=24&sort={sort}");
        let total = Some(self.total(&url)?);
        let mut page = self.get(&format!("{listing}?limit=100&sort={sort}"))?;
        while let Some(cursor) = page["next_cursor"].as_str() {
            let walk = format!("{listing}?sort={sort}&cursor={cursor}");
            page = self.get(&format!("{walk}&limit=100"))?;
            url = format!("{walk}&limit=24");
        }
        let name = format!("{of}, {sort}, the last page");
        Ok(Probe { name, urls: vec![url], total, milliseconds: Vec::new() })
    }

    /// Flags, ratings, a brand, and what selects about so much of the listing by price and by attribute.
    fn filters(&mut self, listing: &str) -> anyhow::Result<Vec<Filter>> {
        let page = self.get(&format!("{listing}?limit=1&facets=true"))?;
        let total = page["total"].as_u64().context("no listing")? as f64;
        let mut filters: Vec<Filter> = [
            ("in stock", "in_stock=true"),
            ("on sale", "on_sale=true"),
            ("rating", "min_rating=4.5"),
        ]
        .map(|(name, query)| (name.to_owned(), query.to_owned()))
        .into();
        let brands = page["facets"]["brands"].as_array();
        let brand = brands.and_then(|brands| brands.first()).context("no brands")?;
        filters.push((
            "brand".to_owned(),
            format!("brand={}", brand["id"].as_str().unwrap_or_default()),
        ));
        let mut values = Vec::new();
        for attribute in page["facets"]["attributes"].as_array().into_iter().flatten() {
            for value in attribute["values"].as_array().into_iter().flatten() {
                let of = |text: &Value| text.as_str().unwrap_or_default().to_owned();
                let count = value["count"].as_u64().unwrap_or_default() as f64;
                values.push((count / total, of(&attribute["name"]), of(&value["value"])));
            }
        }
        for share in SHARES {
            let off = |value: &(f64, String, String)| (value.0 - share).abs();
            let nearest = values.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
            let (_, name, value) = nearest.context("no attributes")?;
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            filters.push((
                format!("attribute {:.0} %", share * 100.0),
                format!("attr.{name}={value}"),
            ));
            let most = self.price_of(listing, share)?;
            filters.push((format!("price {:.0} %", share * 100.0), format!("max_price={most}")));
        }
        filters.dedup_by(|a, b| a.1 == b.1);
        Ok(filters)
    }

    /// The amount up to which this share of a listing costs.
    fn price_of(&mut self, listing: &str, share: f64) -> anyhow::Result<u64> {
        let total = self.total(&format!("{listing}?limit=1"))? as f64;
        let (mut low, mut high) = (0, 100_000_000);
        while low < high {
            let middle = (low + high) / 2;
            let found = self.total(&format!("{listing}?limit=1&max_price={middle}"))? as f64;
            if found >= total * share { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }

    /// Product pages, and 24 cards at a time.
    fn single_pages(&mut self, all: &str) -> anyhow::Result<Vec<Probe>> {
        let (mut ids, mut url) = (Vec::new(), format!("{all}?limit=100&sort=newest"));
        for _ in 0..10 {
            let page = self.get(&url)?;
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
                self.client.get(url, "")?.ok(url)?;
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
