//! What a cached page takes in memory: by the cache's own account, and by what the process grows. See
//! `benches/README.md`.

use crate::support::host::resident_bytes;
use crate::support::http::Client;
use crate::support::serving::Serving;
use crate::support::shop::{Shop, ending_now};
use crate::support::stats::mebibytes;
use anyhow::ensure;
use serde_json::json;
use vitrine::log::position::Position;
use vitrine::log::position::join_positions;
use vitrine::stack;

/// Fills the page cache with all products in all codings.
#[derive(clap::Args)]
pub struct Args {
    /// Products in the catalogue (quick: 300).
    #[arg(long, env = "BENCH_PRODUCTS", default_value_t = 10_000)]
    products: u64,
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

const CODINGS: [&str; 4] = ["identity", "br", "gzip", "zstd"];
/// A page may take so much more than its body and forms, and so many bytes besides.
const TARGET: (f64, f64) = (1.3, 512.0);

pub fn measure_all(mut args: Args) -> anyhow::Result<()> {
    if args.quick {
        args.products = 300;
    }
    let dir = tempfile::tempdir()?;
    // Nothing is dropped for want of room, nor loaded again, and nothing comes in that was not asked for.
    let settings = [
        "cache.max_bytes = 1099511627776",
        "cache.ttl_seconds = 86400",
        "cache.warm_max_pages = 0",
    ];
    let shop = Shop::with(dir.path(), "", &settings.map(str::to_owned))?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(shop.build(ending_now(args.products, args.products * 10, 1)))?;
    eprintln!("{}", shop.shape()?);
    let position = runtime.block_on(newest(&shop))?;
    let serving = Serving::start(&shop, None)?;
    let mut client = serving.client()?;
    // With a position, pages are read past the cache: what reading and compressing take by themselves
    // is there before it is filled.
    let uncached = format!("Vitrine-Min-Position: {position}\r\n");
    let mut products: Vec<u64> = (1..=args.products).collect();
    for _ in 0..2 {
        products = read(&mut client, &products, &uncached)?.products;
    }
    let (before, at_first) = (resident_bytes(serving.process_id())?, serving.metrics()?);
    ensure!(at_first.get("vitrine_cache_pages")? == 0.0, "the cache is not empty");
    let received = read(&mut client, &products, "")?;
    let (after, filled) = (resident_bytes(serving.process_id())?, serving.metrics()?);
    let pages = filled.get("vitrine_cache_pages")?;
    ensure!(pages == products.len() as f64, "{pages} pages are kept of {}", products.len());
    let a_page = |bytes: f64| bytes / pages;
    let accounted = a_page(filled.get("vitrine_cache_bytes")?);
    let grown = a_page(after - before);
    let (content, body) = (a_page(received.content), a_page(received.bodies));
    let target = content * TARGET.0 + TARGET.1;
    if args.json {
        let result = json!({
            "bench": "memory", "products": args.products, "pages": pages,
            "body_bytes": body, "content_bytes": content, "accounted_bytes": accounted,
            "grown_bytes": grown, "target_bytes": target, "resident_before": before,
            "resident_after": after,
        });
        println!("{result}");
        return Ok(());
    }
    println!("{pages} product pages, each in {}", CODINGS.join(", "));
    let line = |name: &str, bytes: f64| {
        println!("{name:<44} {bytes:>8.0} {:>10.2}", (bytes - TARGET.1) / content);
    };
    println!("{:<44} {:>8} {:>10}", "bytes a page", "", "less 512, by content");
    println!("{:<44} {body:>8.0}", "the body as it is");
    println!("{:<44} {content:>8.0}", "content: body and compressed forms");
    line("held, by the cache's account", accounted);
    line("held, by what the process grew", grown);
    println!("{:<44} {target:>8.0} {:>10.2}", "target, at most", TARGET.0);
    println!("the process: {} before, {} after", mebibytes(before), mebibytes(after));
    Ok(())
}

async fn newest(shop: &Shop) -> anyhow::Result<String> {
    let log = stack::open_log(&shop.config).await?.events();
    let extents = log.extents().await?;
    log.close().await;
    let positions: Vec<Position> = extents
        .into_iter()
        .filter(|extent| extent.next > 0)
        .map(|extent| Position {
            topic: extent.partition.topic,
            partition: extent.partition.partition,
            offset: extent.next - 1,
        })
        .collect();
    Ok(join_positions(&positions))
}

/// What came, in bytes.
#[derive(Default)]
struct Received {
    /// Those that have a page.
    products: Vec<u64>,
    bodies: f64,
    /// Bodies and compressed forms.
    content: f64,
}

/// Every product's page in every coding; products that have none are passed over.
fn read(client: &mut Client, products: &[u64], headers: &str) -> anyhow::Result<Received> {
    let mut received = Received::default();
    for product in products {
        let path = format!("/api/v1/products/p-{product}");
        for coding in CODINGS {
            let answer = client.get(&path, &format!("Accept-Encoding: {coding}\r\n{headers}"))?;
            if answer.status == 404 {
                break;
            }
            let answer = answer.ok(&path)?;
            let bytes = answer.body.len() as f64;
            let compressed = answer.header("content-encoding").is_some();
            if coding == "identity" {
                received.products.push(*product);
                received.bodies += bytes;
            }
            // A form that would not be smaller is not kept: then the body comes.
            if compressed || coding == "identity" {
                received.content += bytes;
            }
        }
    }
    Ok(received)
}
