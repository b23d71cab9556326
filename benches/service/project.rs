//! From nothing to a view that answers: generating, publishing and projecting a catalogue, beside
//! what the same machine needs at least to decode the same lines and to put the same bytes into
//! SQLite. See `benches/README.md`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::child::Usage;
use crate::support::shape;
use crate::support::shop::{Shop, Sizes};
use crate::support::stats::{Spread, count, mebibytes};
use sqlx::Arguments;
use sqlx::sqlite::{SqliteArguments, SqlitePoolOptions, SqliteSynchronous};
use vitrine::decode::structured;
use vitrine::sqlite::SqliteOptions;
use vitrine::sqlite::connect::connect_options;

/// Generates, publishes and projects a catalogue, and times each.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sizes: Sizes,
    /// How often all of it (default: 3; quick: 1).
    #[arg(long, env = "BENCH_RUNS")]
    runs: Option<usize>,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// What one run measured.
#[derive(serde::Serialize)]
struct Run {
    generate_seconds: f64,
    decode_seconds: f64,
    publish: Usage,
    sqlite_seconds: f64,
    project: Usage,
    log_bytes: f64,
    store_bytes: f64,
    event_bytes: f64,
}

#[tokio::main(flavor = "current_thread")]
pub async fn measure_all(args: Args) -> anyhow::Result<()> {
    let options = args.sizes.options();
    shape::announce(&options);
    let runs = args.runs.unwrap_or(if args.sizes.quick { 1 } else { 3 }).max(1);
    let mut measured = Vec::new();
    for number in 1..=runs {
        eprintln!(
            "run {number} of {runs}: {} products, {} events, seed {}",
            options.products, options.events, options.seed
        );
        let dir = tempfile::tempdir()?;
        let shop = Shop::new(dir.path())?;
        let generate_seconds = shop.generate(options)?.as_secs_f64();
        let decode_seconds = decode(&shop.events_file())?.as_secs_f64();
        let publish = shop.publish()?;
        let rows_file = dir.path().join("rows.db");
        let rows_a_commit = shop.config.projector.batch_max_events;
        let sqlite = insert(&shop.events_file(), &rows_file, rows_a_commit).await?;
        let projected = shop.project().await?;
        let (log_bytes, store_bytes) = shop.sizes().await?;
        measured.push(Run {
            generate_seconds,
            decode_seconds,
            publish,
            sqlite_seconds: sqlite.as_secs_f64(),
            project: projected,
            log_bytes,
            store_bytes,
            event_bytes: std::fs::metadata(shop.events_file())?.len() as f64,
        });
    }
    if args.json {
        let result = serde_json::json!({
            "bench": "project",
            "products": options.products,
            "events": options.events,
            "seed": options.seed,
            "runs": measured,
        });
        println!("{result}");
    } else {
        print(options.events as f64, &measured);
    }
    Ok(())
}

/// Only decoding, on one core; reading the file is not counted.
fn decode(file: &Path) -> anyhow::Result<Duration> {
    let mut spent = Duration::ZERO;
    for_chunks(file, |lines| {
        let started = Instant::now();
        for line in lines {
            std::hint::black_box(structured(line)).map_err(|e| anyhow::anyhow!("{}", e.detail))?;
        }
        spent += started.elapsed();
        Ok(())
    })?;
    Ok(spent)
}

/// Lines of a file, without their ends, some at a time.
fn for_chunks(
    file: &Path,
    mut each: impl FnMut(&[Vec<u8>]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut lines = BufReader::with_capacity(1 << 20, File::open(file)?).split(b'\n');
    loop {
        let chunk: Vec<Vec<u8>> = lines.by_ref().take(16_384).collect::<Result<_, _>>()?;
        if chunk.is_empty() {
            return Ok(());
        }
        each(&chunk)?;
    }
}

/// Only writing: the lines as rows of one table in a file that is opened as the store's is.
async fn insert(lines: &Path, database: &Path, rows_a_commit: usize) -> anyhow::Result<Duration> {
    const ROWS_A_STATEMENT: usize = 256;
    let connect = connect_options(database, SqliteOptions::default())
        .synchronous(SqliteSynchronous::Normal)
        .pragma("cache_size", "-262144")
        .pragma("wal_autocheckpoint", "16384");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(connect).await?;
    sqlx::query("CREATE TABLE row (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)")
        .execute(&pool)
        .await?;
    let mut lines = BufReader::with_capacity(1 << 20, File::open(lines)?).split(b'\n');
    let mut spent = Duration::ZERO;
    loop {
        // What a commit takes is read before the clock runs.
        let rows: Vec<Vec<u8>> = lines.by_ref().take(rows_a_commit).collect::<Result<_, _>>()?;
        if rows.is_empty() {
            pool.close().await;
            return Ok(spent);
        }
        let started = Instant::now();
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
        for chunk in rows.chunks(ROWS_A_STATEMENT) {
            let mut values = SqliteArguments::default();
            for row in chunk {
                values.add(row.as_slice()).map_err(sqlx::Error::Encode)?;
            }
            let places = vec!["(?)"; chunk.len()].join(",");
            let sql = format!("INSERT INTO row (payload) VALUES {places}");
            sqlx::query_with(&sql, values).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        spent += started.elapsed();
    }
}

fn print(events: f64, runs: &[Run]) {
    let of = |value: fn(&Run) -> f64| Spread::of(runs.iter().map(value));
    let sqlite = of(|r| r.sqlite_seconds).median;
    println!(
        "{:<38} {:>9} {:>21} {:>11} {:>9}",
        "", "events/s", "lowest to highest", "of SQLite's", "seconds"
    );
    let rate = |name: &str, seconds: Spread| {
        println!(
            "{name:<38} {:>9} {:>21} {:>11.2} {:>9.2}",
            count(events / seconds.median),
            format!("{} to {}", count(events / seconds.high), count(events / seconds.low)),
            sqlite / seconds.median,
            seconds.median,
        );
    };
    rate("yardstick: SQLite, one plain table", of(|r| r.sqlite_seconds));
    rate("yardstick: decoding alone", of(|r| r.decode_seconds));
    rate("generate to a file", of(|r| r.generate_seconds));
    rate("publish", of(|r| r.publish.seconds));
    rate("project, until the view reflects all", of(|r| r.project.seconds));
    println!();
    let line = |name: &str, value: String| println!("{name:<38} {value:>9}");
    line("CPU seconds of publishing", format!("{:.2}", of(|r| r.publish.cpu_seconds).median));
    line("CPU seconds of projecting", format!("{:.2}", of(|r| r.project.cpu_seconds).median));
    line("peak memory of publishing", mebibytes(of(|r| r.publish.peak_bytes).median));
    line("peak memory of projecting", mebibytes(of(|r| r.project.peak_bytes).median));
    line("events as lines", mebibytes(of(|r| r.event_bytes).median));
    line("log on disk", mebibytes(of(|r| r.log_bytes).median));
    line("store on disk", mebibytes(of(|r| r.store_bytes).median));
}
