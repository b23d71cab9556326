//! From Kafka into PostgreSQL: projecting a catalogue with one instance, beside what the same machine
//! needs to consume the same messages and throw them away, and to `COPY` the same bytes as rows of
//! one plain table; then how soon a published event shows. Broker, database and service share the
//! machine. See `benches/README.md`.

use crate::support::child::Usage;
use crate::support::latency::{self, Changing, Latency, Mix};
use crate::support::production::{Production, consume, copy};
use crate::support::shape;
use crate::support::shop::Sizes;
use crate::support::stats::{Spread, count, mebibytes, percentile};
use vitrine::generate::DEFAULT_START;

/// Projects a catalogue from Kafka into PostgreSQL, and times it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sizes: Sizes,
    /// How often all of it (default: 3; quick: 1).
    #[arg(long, env = "BENCH_RUNS")]
    runs: Option<usize>,
    /// Events a second while it is measured how soon one shows (quick: 200).
    #[arg(long, env = "BENCH_RATE", default_value_t = 2_000)]
    rate: u64,
    /// For so many seconds (quick: 3).
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Partitions of each topic.
    #[arg(long, default_value_t = 6)]
    partitions: u32,
    /// Dates that end about now, so that most windows are open: much more to write for each product.
    /// Without it they are those that `vitrine generate` gives if it is not told.
    #[arg(long)]
    around_now: bool,
    /// Sets a configuration key of the service, as `vitrine --set` does.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One line of JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// What one run measured.
#[derive(serde::Serialize)]
struct Run {
    publish: Usage,
    consume_seconds: f64,
    copy_seconds: f64,
    project: Usage,
    store_bytes: f64,
    without_discounts: Latency,
    latency: Latency,
}

#[tokio::main]
pub async fn measure_all(args: Args) -> anyhow::Result<()> {
    let mut options = args.sizes.options();
    if !args.around_now {
        options.start = DEFAULT_START;
    }
    shape::announce(&options);
    let quick = args.sizes.quick;
    let runs = args.runs.unwrap_or(if quick { 1 } else { 3 }).max(1);
    let (rate, seconds) = if quick { (200, 3) } else { (args.rate, args.seconds) };
    let mut measured = Vec::new();
    for number in 1..=runs {
        eprintln!(
            "run {number} of {runs}: {} products, {} events, seed {}",
            options.products, options.events, options.seed
        );
        let dir = tempfile::tempdir()?;
        let production = Production::new(dir.path(), args.partitions, &args.set).await?;
        production.shop.generate(options)?;
        let publish = production.shop.publish()?;
        let consume_seconds = consume(&production).await?.as_secs_f64();
        let copy_seconds = copy(&production).await?.as_secs_f64();
        let projected = production.shop.project().await?;
        let store_bytes = production.store_bytes().await?;
        production.settle().await?;
        let mut changing = Changing::new(&options);
        let mut measure =
            async |mix| latency::measure(&production, &mut changing, mix, rate, seconds).await;
        let without_discounts = measure(Mix::WithoutDiscounts).await?;
        let latency = measure(Mix::WithDiscounts).await?;
        production.drop().await?;
        measured.push(Run {
            publish,
            consume_seconds,
            copy_seconds,
            project: projected,
            store_bytes,
            without_discounts,
            latency,
        });
    }
    if args.json {
        let result = serde_json::json!({
            "bench": "kafka",
            "products": options.products,
            "events": options.events,
            "seed": options.seed,
            "runs": measured,
        });
        println!("{result}");
    } else {
        print(options.events as f64, rate, &mut measured);
    }
    Ok(())
}

fn print(events: f64, rate: u64, runs: &mut [Run]) {
    let of = |value: fn(&Run) -> f64| Spread::of(runs.iter().map(value));
    let copy = of(|r| r.copy_seconds).median;
    println!(
        "{:<38} {:>9} {:>21} {:>10} {:>9}",
        "", "events/s", "lowest to highest", "of COPY's", "seconds"
    );
    let line = |name: &str, seconds: Spread| {
        println!(
            "{name:<38} {:>9} {:>21} {:>10.2} {:>9.2}",
            count(events / seconds.median),
            format!("{} to {}", count(events / seconds.high), count(events / seconds.low)),
            copy / seconds.median,
            seconds.median,
        );
    };
    line("yardstick: consume and discard", of(|r| r.consume_seconds));
    line("yardstick: COPY, one plain table", of(|r| r.copy_seconds));
    line("publish", of(|r| r.publish.seconds));
    line("project, until the view reflects all", of(|r| r.project.seconds));
    println!();
    let line = |name: &str, value: String| println!("{name:<38} {value:>9}");
    line("CPU seconds of projecting", format!("{:.2}", of(|r| r.project.cpu_seconds).median));
    line("peak memory of projecting", mebibytes(of(|r| r.project.peak_bytes).median));
    line("store on disk", mebibytes(of(|r| r.store_bytes).median));
    println!();
    println!("published to shown by Vitrine-Min-Position, at {rate} events/s, in ms:");
    for (i, run) in runs.iter_mut().enumerate() {
        let (without, with) = (&mut run.without_discounts, &mut run.latency);
        let rate = with.published as f64 / with.seconds;
        for (what, of) in [
            ("no discounts change: product pages", &mut without.milliseconds),
            ("no discounts change: listings", &mut without.listed),
            ("discounts change too: product pages", &mut with.milliseconds),
            ("discounts change too: listings", &mut with.listed),
            ("discounts: product pages", &mut with.discounts),
            ("discounts: listings", &mut with.discounts_listed),
        ] {
            println!(
                "run {}, {what:<36} p50 {:.1}, p99 {:.1}, highest {:.1}, of {} ({rate:.0} events/s)",
                i + 1,
                percentile(of, 0.5),
                percentile(of, 0.99),
                percentile(of, 1.0),
                of.len(),
            );
        }
    }
}
