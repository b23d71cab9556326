//! Filling a new generation of the read store: the facts of a catalogue, folded before the clock runs, written as
//! a rebuild writes them and as a projector does, beside what the same machine needs at least to write the same
//! rows. See `benches/README.md`.

use std::sync::Arc;
use std::time::Instant;

use crate::support::filled::{Place, PostgresPlace, SqlitePlace};
use crate::support::parts::{Part, parts};
use crate::support::shape;
use crate::support::shop::Sizes;
use crate::support::stats::{Spread, count, mebibytes};
use vitrine::generate::DEFAULT_START;
use vitrine::store::ReadStore;

/// Fills a new generation, and times it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sizes: Sizes,
    /// How often all of it (default: 3; quick: 1).
    #[arg(long, env = "BENCH_RUNS")]
    runs: Option<usize>,
    /// Products a transaction.
    #[arg(long, default_value_t = 10_000)]
    part: usize,
    /// In PostgreSQL (`scripts/services`) instead of SQLite.
    #[arg(long)]
    postgres: bool,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// What one run measured, in seconds.
#[derive(serde::Serialize)]
struct Run {
    /// The same rows into tables without indexes.
    rows_seconds: f64,
    project_seconds: f64,
    /// Until all rows are there.
    writing_seconds: f64,
    /// Until they are found, after that.
    indexing_seconds: f64,
    projected_bytes: f64,
    filled_bytes: f64,
}

#[tokio::main]
pub async fn measure_all(args: Args) -> anyhow::Result<()> {
    let mut options = args.sizes.options();
    options.start = DEFAULT_START;
    shape::announce(&options);
    let parts = parts(options, args.part.max(1));
    let runs = args.runs.unwrap_or(if args.sizes.quick { 1 } else { 3 }).max(1);
    let mut measured = Vec::new();
    let mut rows = 0;
    for number in 1..=runs {
        eprintln!(
            "run {number} of {runs}: {} products, {} events, seed {}",
            options.products, options.events, options.seed
        );
        let run = match args.postgres {
            true => run::<PostgresPlace>(&parts, number % 2 == 0).await?,
            false => run::<SqlitePlace>(&parts, number % 2 == 0).await?,
        };
        rows = run.1;
        measured.push(run.0);
    }
    if args.json {
        let result = serde_json::json!({
            "bench": "fill",
            "products": options.products,
            "events": options.events,
            "seed": options.seed,
            "postgres": args.postgres,
            "rows": rows,
            "runs": measured,
        });
        println!("{result}");
    } else {
        print(rows as f64, &measured);
    }
    Ok(())
}

async fn run<P: Place>(parts: &[Part], fill_first: bool) -> anyhow::Result<(Run, u64)> {
    let (mut filled, mut projected) = (None, None);
    for fill in [fill_first, !fill_first] {
        let place = P::new().await?;
        let store = place.open().await?;
        if fill {
            let seconds = fill_all(&store, parts).await?;
            filled = Some((seconds, store.status().await?.store_bytes, place));
        } else {
            let started = Instant::now();
            for part in parts {
                part.write(&store).await?;
            }
            let seconds = started.elapsed().as_secs_f64();
            projected = Some((seconds, store.status().await?.store_bytes));
            place.drop().await?;
        }
        store.close().await;
    }
    let ((writing_seconds, indexing_seconds), filled_bytes, place) = filled.unwrap();
    let (project_seconds, projected_bytes) = projected.unwrap();
    let (rows, rows_seconds) = place.copy_rows().await?;
    place.drop().await?;
    let run = Run {
        rows_seconds,
        project_seconds,
        writing_seconds,
        indexing_seconds,
        projected_bytes: projected_bytes as f64,
        filled_bytes: filled_bytes as f64,
    };
    Ok((run, rows))
}

/// Seconds of writing and of what comes after it.
async fn fill_all(store: &Arc<dyn ReadStore>, parts: &[Part]) -> anyhow::Result<(f64, f64)> {
    let started = Instant::now();
    store.begin_filling().await?;
    for part in parts {
        part.fill(store).await?;
    }
    let writing = started.elapsed().as_secs_f64();
    store.end_filling().await?;
    Ok((writing, started.elapsed().as_secs_f64() - writing))
}

fn print(rows: f64, runs: &[Run]) {
    let of = |value: fn(&Run) -> f64| Spread::of(runs.iter().map(value));
    let copied = of(|r| r.rows_seconds).median;
    println!(
        "{:<38} {:>9} {:>21} {:>11} {:>9}",
        "", "rows/s", "lowest to highest", "of the rows'", "seconds"
    );
    let rate = |name: &str, seconds: Spread| {
        println!(
            "{name:<38} {:>9} {:>21} {:>11.2} {:>9.2}",
            count(rows / seconds.median),
            format!("{} to {}", count(rows / seconds.high), count(rows / seconds.low)),
            copied / seconds.median,
            seconds.median,
        );
    };
    rate("yardstick: the rows, in plain tables", of(|r| r.rows_seconds));
    rate("as a projector writes", of(|r| r.project_seconds));
    rate("as a rebuild writes", of(|r| r.writing_seconds));
    rate("as a rebuild writes, with indexes", of(|r| r.writing_seconds + r.indexing_seconds));
    println!();
    let line = |name: &str, value: String| println!("{name:<38} {value:>9}");
    line("rows", count(rows));
    line("on disk, projected", mebibytes(of(|r| r.projected_bytes).median));
    line("on disk, filled", mebibytes(of(|r| r.filled_bytes).median));
}
