//! A new generation built from the first event of the log (`vitrine rebuild`, without the comparison), beside what the
//! same machine needs at least to read the same events and throw them away, and to write the same rows. See
//! `benches/README.md`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::child::{cpu_seconds_of, peak_bytes_of};
use crate::support::filled::{copy_postgres, copy_sqlite};
use crate::support::production::{Production, consume};
use crate::support::shape;
use crate::support::shop::{Shop, Sizes};
use crate::support::stats::{Spread, count, mebibytes};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vitrine::config::{Config, Overrides};
use vitrine::generate::{DEFAULT_START, Options};
use vitrine::log::embedded::EmbeddedLog;
use vitrine::rebuild::progress::{Phase, Progress};
use vitrine::rebuild::{self, Job};
use vitrine::stack::{self, Absent, Stack};

/// Builds a new generation, and times it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sizes: Sizes,
    /// How often all of it (default: 3; quick: 1).
    #[arg(long, env = "BENCH_RUNS")]
    runs: Option<usize>,
    /// From Kafka into PostgreSQL (`scripts/services`) instead of the embedded log into SQLite.
    #[arg(long)]
    kafka: bool,
    /// Partitions of each of Kafka's topics.
    #[arg(long, default_value_t = 6)]
    partitions: u32,
    /// Projects the catalogue too, as an empty store does that starts to follow the log.
    #[arg(long)]
    project: bool,
    /// Dates that end about now, so that most windows are open: much more to write for each product.
    #[arg(long)]
    around_now: bool,
    /// Sets a configuration key of the service, as `vitrine --set` does.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Builds a generation and says what it took: a process of its own, so that its memory is its own.
    #[arg(long, hide = true, value_name = "CONFIG")]
    build: Option<PathBuf>,
}

/// What building a generation took.
#[derive(Serialize, Deserialize)]
struct Built {
    /// Its schema or file.
    place: String,
    reading_seconds: f64,
    writing_seconds: f64,
    indexing_seconds: f64,
    cpu_seconds: f64,
    peak_bytes: f64,
}

impl Built {
    fn seconds(&self) -> f64 {
        self.reading_seconds + self.writing_seconds + self.indexing_seconds
    }
}

/// What one run measured.
#[derive(Serialize)]
struct Run {
    /// All events, read and thrown away.
    discard_seconds: f64,
    /// All rows, into tables without indexes.
    rows_seconds: f64,
    rows: u64,
    project_seconds: Option<f64>,
    built: Built,
}

#[tokio::main]
pub async fn measure_all(args: Args) -> anyhow::Result<()> {
    if let Some(config) = &args.build {
        println!("{}", serde_json::to_string(&build(config).await?)?);
        return Ok(());
    }
    let mut options = args.sizes.options();
    if !args.around_now {
        options.start = DEFAULT_START;
    }
    shape::announce(&options);
    let runs = args.runs.unwrap_or(if args.sizes.quick { 1 } else { 3 }).max(1);
    let mut measured = Vec::new();
    for number in 1..=runs {
        eprintln!(
            "run {number} of {runs}: {} products, {} events, seed {}",
            options.products, options.events, options.seed
        );
        let dir = tempfile::tempdir()?;
        measured.push(match args.kafka {
            true => run_production(&args, options, dir.path()).await?,
            false => run_embedded(&args, options, dir.path()).await?,
        });
    }
    if args.json {
        let result = serde_json::json!({
            "bench": "rebuild",
            "products": options.products,
            "events": options.events,
            "seed": options.seed,
            "kafka": args.kafka,
            "runs": measured,
        });
        println!("{result}");
    } else {
        print(options.events as f64, &measured);
    }
    Ok(())
}

async fn run_embedded(args: &Args, options: Options, dir: &Path) -> anyhow::Result<Run> {
    let shop = Shop::with(dir, "", &args.set)?;
    shop.generate(options)?;
    shop.publish()?;
    std::fs::remove_file(shop.events_file())?;
    let discard_seconds = read_and_discard(&shop.config).await?;
    let project_seconds = project(args, &shop).await?;
    let built = build_apart(&shop)?;
    let (rows, rows_seconds) = copy_sqlite(&shop.config.data_dir.join(&built.place)).await?;
    Ok(Run { discard_seconds, rows_seconds, rows, project_seconds, built })
}

async fn run_production(args: &Args, options: Options, dir: &Path) -> anyhow::Result<Run> {
    let production = Production::new(dir, args.partitions, &args.set).await?;
    let shop = &production.shop;
    shop.generate(options)?;
    shop.publish()?;
    std::fs::remove_file(shop.events_file())?;
    let discard_seconds = consume(&production).await?.as_secs_f64();
    let project_seconds = project(args, shop).await?;
    let built = build_apart(shop)?;
    let url = shop.config.store.url.reveal();
    let (rows, rows_seconds) = copy_postgres(url, &built.place).await?;
    production.drop().await?;
    Ok(Run { discard_seconds, rows_seconds, rows, project_seconds, built })
}

async fn project(args: &Args, shop: &Shop) -> anyhow::Result<Option<f64>> {
    match args.project {
        true => Ok(Some(shop.project().await?.seconds)),
        false => Ok(None),
    }
}

/// Only reading: all events of the embedded log, taken and thrown away.
async fn read_and_discard(config: &Config) -> anyhow::Result<f64> {
    const RECORDS_AT_ONCE: usize = 50_000;
    let busy = Duration::from_millis(config.store.busy_timeout_ms);
    let log = EmbeddedLog::open(&config.data_dir, config.log.topics.clone(), busy).await?;
    let started = Instant::now();
    let (mut after, mut bytes) = (0, 0);
    loop {
        let records = log.read_after(after, RECORDS_AT_ONCE, usize::MAX).await?;
        let Some(last) = records.last() else { break };
        after = last.seq;
        bytes += records.iter().map(|record| record.payload.len()).sum::<usize>();
    }
    std::hint::black_box(bytes);
    Ok(started.elapsed().as_secs_f64())
}

/// This program again, which builds a generation of the shop.
fn build_apart(shop: &Shop) -> anyhow::Result<Built> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["rebuild", "--build"])
        .arg(shop.config_file())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output()?;
    anyhow::ensure!(output.status.success(), "building ended with {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What `vitrine rebuild` does before it compares.
async fn build(config: &Path) -> anyhow::Result<Built> {
    let config = Config::load(Some(config), std::iter::empty(), &Overrides::default())?;
    let stack = Stack::open_control(&config, Absent::Made).await?;
    let catalogue = stack.stores.catalogue();
    let generation = catalogue.create().await?;
    let progress = Arc::new(watch::Sender::new(Progress::default()));
    let phases = tokio::spawn(phases(progress.subscribe()));
    let job = Job {
        log: stack.log.clone(),
        store: catalogue.open(&generation).await?,
        markets: stack::markets(&config),
        options: rebuild::Options {
            memory_bytes: config.rebuild.memory_bytes,
            directory: config.data_dir.join("rebuild").join(&generation.place),
            checkpoint: Duration::from_millis(config.rebuild.checkpoint_ms),
        },
        progress,
        stop: CancellationToken::new(),
    };
    rebuild::fill(job).await?;
    let phases = phases.await?;
    let of = |phase: Phase| phases.iter().filter(|p| p.0 == phase).map(|p| p.1).sum::<f64>();
    Ok(Built {
        place: generation.place,
        reading_seconds: of(Phase::Starting) + of(Phase::Reading),
        writing_seconds: of(Phase::Writing),
        indexing_seconds: of(Phase::Indexing),
        cpu_seconds: cpu_seconds_of("self").context("no CPU time in /proc")?,
        peak_bytes: peak_bytes_of("self").context("no VmHWM in /proc")?,
    })
}

/// How long each phase lasts, until it is done or nobody tells of it any more.
async fn phases(mut progress: watch::Receiver<Progress>) -> Vec<(Phase, f64)> {
    let mut phases = Vec::new();
    let (mut at, mut since) = (progress.borrow_and_update().phase, Instant::now());
    loop {
        let told = progress.changed().await;
        let phase = progress.borrow_and_update().phase;
        if phase != at || told.is_err() {
            phases.push((at, since.elapsed().as_secs_f64()));
            (at, since) = (phase, Instant::now());
        }
        if told.is_err() || phase == Phase::Done {
            return phases;
        }
    }
}

fn print(events: f64, runs: &[Run]) {
    let of = |value: fn(&Run) -> f64| Spread::of(runs.iter().map(value));
    let slower = of(|r| r.discard_seconds.max(r.rows_seconds)).median;
    println!(
        "{:<38} {:>9} {:>21} {:>13} {:>9}",
        "", "events/s", "lowest to highest", "of the slower", "seconds"
    );
    let rate = |name: &str, seconds: Spread| {
        println!(
            "{name:<38} {:>9} {:>21} {:>13.2} {:>9.2}",
            count(events / seconds.median),
            format!("{} to {}", count(events / seconds.high), count(events / seconds.low)),
            slower / seconds.median,
            seconds.median,
        );
    };
    rate("yardstick: read and discard", of(|r| r.discard_seconds));
    rate("yardstick: the rows, in plain tables", of(|r| r.rows_seconds));
    if runs.iter().all(|run| run.project_seconds.is_some()) {
        rate("project, until the view reflects all", of(|r| r.project_seconds.unwrap_or_default()));
    }
    rate("rebuild", of(|r| r.built.seconds()));
    println!();
    let line = |name: &str, value: String| println!("{name:<38} {value:>9}");
    line("seconds of reading", format!("{:.2}", of(|r| r.built.reading_seconds).median));
    line("seconds of writing", format!("{:.2}", of(|r| r.built.writing_seconds).median));
    line("seconds of indexing", format!("{:.2}", of(|r| r.built.indexing_seconds).median));
    line("CPU seconds of rebuilding", format!("{:.2}", of(|r| r.built.cpu_seconds).median));
    line("peak memory of rebuilding", mebibytes(of(|r| r.built.peak_bytes).median));
    line("rows", count(of(|r| r.rows as f64).median));
}
