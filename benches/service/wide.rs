//! A discount on everything: from posting it until listings show it.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::support::production::Production;
use crate::support::serving::Serving;
use crate::support::shop::{Catalogue, Shop};
use crate::support::stats::percentile;

/// Times a discount on everything until listings show it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    catalogue: Catalogue,
    /// Discounts, one after the other (default: 30; quick: 3).
    #[arg(long, env = "BENCH_RUNS")]
    runs: Option<usize>,
    /// From Kafka into PostgreSQL, instead of one process with files; nothing is kept then.
    #[arg(long)]
    kafka: bool,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// Partitions of each topic.
const PARTITIONS: u32 = 6;
const LISTING: &str = "/api/v1/listings/all?sort=price_desc&limit=1";

#[tokio::main]
pub async fn measure_all(args: Args) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let options = args.catalogue.sizes.options();
    let runs = args.runs.unwrap_or(if args.catalogue.sizes.quick { 3 } else { 30 }).max(1);
    let milliseconds = if args.kafka {
        let production = Production::new(temporary.path(), PARTITIONS, &[]).await?;
        production.shop.generate(options)?;
        production.shop.publish()?;
        production.shop.project().await?;
        production.settle().await?;
        let measured = measure(&production.shop, runs).await?;
        production.drop().await?;
        measured
    } else {
        let shop = args.catalogue.shop(temporary.path(), "").await?;
        measure(&shop, runs).await?
    };
    print(milliseconds, args.json);
    Ok(())
}

/// Posts discounts of 1 %, 2 % and so on, each in place of the one before.
async fn measure(shop: &Shop, runs: usize) -> anyhow::Result<Vec<f64>> {
    let serving = Serving::start(shop, None)?;
    let base = format!("http://{}", serving.address);
    let client = reqwest::Client::new();
    let version = vitrine::clock::now().millis();
    let mut milliseconds = Vec::new();
    // The first one is not counted: a consumer group gives no partitions in its first seconds.
    for run in 0..=runs {
        let off = 1 + run as i64 % 50;
        let event = json!({
            "specversion": "1.0", "id": "wide", "source": "/bench", "type": "discount.upserted.v1",
            "time": projections::instant::Instant(version + run as i64),
            "data": {
                "discount_id": "wide", "version": version + run as i64, "name": "wide",
                "kind": "percentage", "value": off * 100, "scope": {"all": true}, "stackable": true,
            },
        });
        let began = Instant::now();
        let posted = client
            .post(format!("{base}/api/v1/events"))
            .header("content-type", "application/cloudevents+json")
            .body(event.to_string())
            .send()
            .await?;
        let posted: Value = serde_json::from_str(&posted.text().await?)?;
        let position = posted["position"].as_str().with_context(|| posted.to_string())?.to_owned();
        loop {
            let answer = client
                .get(format!("{base}{LISTING}"))
                .header("Vitrine-Min-Position", &position)
                .header("Vitrine-Wait-Ms", "5000")
                .send()
                .await?;
            let status = answer.status().as_u16();
            let listing: Value = serde_json::from_str(&answer.text().await?)?;
            ensure!(matches!(status, 200 | 412), "{status}: {listing}");
            if status == 200 {
                let took = began.elapsed().as_secs_f64() * 1e3;
                if run > 0 {
                    milliseconds.push(took);
                }
                // The next one comes when all that follows from this one is done.
                tokio::time::sleep(began.elapsed() * 2).await;
                break;
            }
        }
    }
    Ok(milliseconds)
}

fn print(mut milliseconds: Vec<f64>, as_json: bool) {
    let runs = milliseconds.len();
    let mut of = |share| percentile(&mut milliseconds, share);
    let (p50, p99, highest) = (of(0.5), of(0.99), of(1.0));
    if as_json {
        let result = json!({"bench": "wide", "runs": runs, "p50_ms": p50, "p99_ms": p99, "highest_ms": highest});
        println!("{result}");
    } else {
        println!(
            "a discount on everything, posted to listed, in ms: p50 {p50:.1}, p99 {p99:.1}, highest {highest:.1}, \
             of {runs}"
        );
    }
}
