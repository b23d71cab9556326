//! A generation is rebuilt and promoted, rolled back, promoted again, and the old one dropped, by the commands that one
//! would type, while pages are read and products change: is every answer right, and how slow is the second after each
//! switch? See `benches/README.md`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::changing::{self, Changing};
use crate::support::child::Vitrine;
use crate::support::http::header;
use crate::support::known::{Known, Listing};
use crate::support::load::{self, Answer, Load, Pace, Reader};
use crate::support::production::Production;
use crate::support::reading::{Checked, Reading, Target};
use crate::support::serving::Serving;
use crate::support::shop::Shop;
use crate::support::switches::{self, Around, Seen, Step, Window, clock};
use crate::support::truth::Truth;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vitrine::stack::{Absent, Stack};

/// Reads pages while generations are promoted, and checks every answer.
#[derive(clap::Args, Clone)]
pub struct Args {
    /// Products in the catalogue (quick: 500).
    #[arg(long, env = "BENCH_PRODUCTS", default_value_t = 20_000)]
    products: usize,
    /// Changes of products a second.
    #[arg(long, default_value_t = 200)]
    rate: u64,
    /// Requests a second over all instances, whatever the answers do.
    #[arg(long, default_value_t = 500.0)]
    reads: f64,
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Of 100 requests so many are for a customer group's page, which the cache seldom has.
    #[arg(long, default_value_t = 10)]
    of_groups: usize,
    /// The n-th most popular page is read as often as 1 / n to the power of this.
    #[arg(long, default_value_t = 1.0)]
    zipf: f64,
    /// Readers read, and products change, for so long before the first command (quick: 3).
    #[arg(long, default_value_t = 30)]
    warm_up_seconds: u64,
    /// And between two commands (quick: 3).
    #[arg(long, default_value_t = 8)]
    calm_seconds: u64,
    /// An answer is wrong that is older than what was seen in the live generation so long before it was asked
    /// for, in milliseconds (quick: 10,000, since a busy machine is no fault of the service).
    #[arg(long, default_value_t = 100)]
    grace_ms: u64,
    /// On Kafka and PostgreSQL (`scripts/services`), with two instances, instead of the embedded log and store.
    #[arg(long)]
    kafka: bool,
    /// Partitions of each topic of Kafka.
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Sets a configuration key of the service, as `vitrine --set` does.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
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

/// Longer than all commands take: then it is over.
const AT_MOST: Duration = Duration::from_secs(1_800);
/// What is asked for before the first command, of which the steady state is told, in microseconds.
const STEADY: i64 = 5_000_000;
/// Violations that are shown.
const EXAMPLES: usize = 10;
const P99_TARGET: f64 = 2.0;
const SWITCH_TARGET_MS: f64 = 200.0;

pub fn measure_all(mut args: Args) -> anyhow::Result<ExitCode> {
    if args.quick {
        (args.products, args.warm_up_seconds, args.calm_seconds) = (500, 3, 3);
        args.grace_ms = 10_000;
    }
    let dir = tempfile::tempdir()?;
    let runtime = Runtime::new()?;
    let outcome = if args.kafka {
        let production = Production::new(dir.path(), args.partitions, &args.set);
        let production = runtime.block_on(production)?;
        let outcome = measure(&args, &runtime, &production.shop, 2);
        runtime.block_on(production.drop())?;
        outcome?
    } else {
        measure(&args, &runtime, &Shop::with(dir.path(), "", &args.set)?, 1)?
    };
    if args.json {
        println!("{}", outcome.as_json(&args));
    } else {
        outcome.print(&args);
    }
    Ok(if outcome.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(
    args: &Args,
    runtime: &Runtime,
    shop: &Shop,
    instances: usize,
) -> anyhow::Result<Outcome> {
    let time = projections::instant::Instant(vitrine::clock::now().millis() - 24 * 60 * 60 * 1000);
    let known = Known { products: args.products, departments: 8, categories: 48, brands: 27, time };
    eprintln!("building {} products", args.products);
    known.write(&shop.events_file())?;
    shop.publish()?;
    runtime.block_on(shop.project())?;
    let start = |_| Serving::start(shop, None);
    let servings = (0..instances).map(start).collect::<anyhow::Result<Vec<Serving>>>()?;
    let truth = Mutex::new(Truth::new(known, Duration::from_millis(args.grace_ms)));
    changing::settle(&shop.config, &known, &truth)?;
    let first = runtime.block_on(live(shop))?.0;

    let over = Over(Arc::default());
    let begun = Instant::now();
    let until = begun + AT_MOST;
    let changing = Changing {
        known,
        rate: args.rate,
        zipf: None,
        counted_from: begun,
        until,
        over: over.flag(),
    };
    let (read, changed, steps) = std::thread::scope(|scope| {
        let read = |serving| {
            let (truth, over) = (&truth, over.flag());
            scope.spawn(move || read(args, serving, instances, known, truth, over))
        };
        let reading: Vec<_> = servings.iter().map(read).collect();
        let changes = scope.spawn(|| changing::run(&shop.config, &changing, &truth));
        let steps = operate(args, runtime, shop);
        drop(over);
        let join = |thread: std::thread::ScopedJoinHandle<'_, anyhow::Result<Answers>>| {
            thread.join().ok().context("a reader has panicked")?
        };
        let read = reading.into_iter().map(join).collect::<anyhow::Result<Vec<Answers>>>()?;
        anyhow::Ok((read, changes.join().ok().context("a thread has panicked")??, steps?))
    })?;
    let not_seen = changed.not_seen;
    ensure!(not_seen == 0, "{not_seen} changes did not come into the live generation");
    Ok(Outcome::of(first, changed.counted.len(), changed.slowest, steps, read))
}

/// Ends all threads, also where something fails.
struct Over(Arc<AtomicBool>);

impl Over {
    fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs the commands one after the other.
fn operate(args: &Args, runtime: &Runtime, shop: &Shop) -> anyhow::Result<Vec<Step>> {
    std::thread::sleep(Duration::from_secs(args.warm_up_seconds));
    let first = runtime.block_on(live(shop))?.0;
    let mut steps: Vec<Step> = Vec::new();
    let mut run = |command: String, switches: bool| {
        eprintln!("vitrine {command}");
        let began = clock();
        let arguments: Vec<&str> = ["--json"].into_iter().chain(command.split(' ')).collect();
        Vitrine::start(&shop.config_file(), &arguments)?.wait().context(command.clone())?;
        let ended = clock();
        let live = runtime.block_on(live(shop))?;
        steps.push(Step { command, began, ended, switched: switches.then_some(live) });
        std::thread::sleep(Duration::from_secs(args.calm_seconds));
        anyhow::Ok(live.0)
    };
    let new = run("rebuild --promote".to_owned(), true)?;
    let back = run("generations rollback".to_owned(), true)?;
    ensure!(new != first && back == first, "{new} was promoted, {back} is live after the rollback");
    let again = run(format!("generations promote {new}"), true)?;
    ensure!(again == new, "{again} is live, not {new}");
    run(format!("generations drop {first}"), false)?;
    Ok(steps)
}

/// The live generation, and when it became so, in microseconds since 1970.
async fn live(shop: &Shop) -> anyhow::Result<(i64, i64)> {
    let stack = Stack::open_control(&shop.config, Absent::Made).await?;
    let known = stack.stores.catalogue().list().await?;
    stack.close().await;
    let live = known.into_iter().find(|g| g.live).context("no generation is live")?;
    let promoted = live.promoted_at.map_or(0, |at| at.millis() * 1000);
    Ok((live.number, promoted))
}

/// What readers of one instance were answered.
struct Answers {
    seen: Vec<Seen>,
    failed: usize,
    torn: usize,
    examples: Vec<String>,
    checked: Checked,
}

fn read(
    args: &Args,
    serving: &Serving,
    instances: usize,
    known: Known,
    truth: &Mutex<Truth>,
    over: Arc<AtomicBool>,
) -> anyhow::Result<Answers> {
    let connections = (args.connections / instances).max(1);
    let targets = first_pages(&known);
    let from = Instant::now();
    let mut reading = Reading::new(known, truth, &targets, args.zipf, connections, from);
    reading.of_groups = args.of_groups;
    let mut checking =
        Checking { reading, over, seen: Vec::new(), failed: 0, torn: 0, examples: Vec::new() };
    let load = Load {
        address: serving.address,
        connections,
        pace: Pace::Gentle(args.reads / instances as f64),
        lasts: AT_MOST,
    };
    load::run(&load, &mut checking)?;
    let Checking { reading, seen, failed, torn, examples, .. } = checking;
    Ok(Answers { seen, failed, torn, examples, checked: reading.checked })
}

/// Everything, departments and categories, by each sort.
fn first_pages(known: &Known) -> Vec<Target> {
    let departments = (0..known.departments).map(Listing::Department);
    let categories = (0..known.categories).map(Listing::Category);
    let listings = [Listing::All].into_iter().chain(departments).chain(categories);
    listings.flat_map(|listing| Target::SORTS.map(|sort| Target { listing, sort })).collect()
}

/// Keeps when which generation answered; what pages hold is checked as ever.
struct Checking<'a> {
    reading: Reading<'a>,
    over: Arc<AtomicBool>,
    seen: Vec<Seen>,
    /// Answers that were not 200, or did not say of which generation they are.
    failed: usize,
    /// Bodies that are no page.
    torn: usize,
    examples: Vec<String>,
}

impl Checking<'_> {
    fn tell(&mut self, what: String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(what);
        }
    }
}

impl Reader for Checking<'_> {
    fn ask(&mut self, connection: usize, request: &mut Vec<u8>) {
        self.reading.ask(connection, request);
    }

    fn answered(&mut self, connection: usize, answer: &Answer<'_>) -> anyhow::Result<()> {
        let generation = header(answer.head, "vitrine-generation").and_then(|g| g.parse().ok());
        let Some(generation) = generation.filter(|_| answer.status == 200) else {
            self.failed += 1;
            self.tell(format!("{}: {}", answer.status, String::from_utf8_lossy(answer.body)));
            return Ok(());
        };
        let now = clock();
        let ago = |at: Instant| i64::try_from(at.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.seen.push(Seen {
            sent: now - ago(answer.sent),
            received: now - ago(answer.received),
            milliseconds: answer.latency.as_secs_f64() * 1e3,
            generation,
            hit: header(answer.head, "vitrine-cache") == Some("hit"),
        });
        if let Err(error) = self.reading.answered(connection, answer) {
            self.torn += 1;
            self.tell(format!("torn: {error:#}"));
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

struct Outcome {
    changes: usize,
    /// From publishing a change until it was seen in the live generation.
    slowest: Duration,
    steady: Window,
    steps: Vec<(Step, Around)>,
    answers: usize,
    failed: usize,
    torn: usize,
    wrong: usize,
    stalest: Duration,
    examples: Vec<String>,
}

impl Outcome {
    fn of(
        first: i64,
        changes: usize,
        slowest: Duration,
        steps: Vec<Step>,
        read: Vec<Answers>,
    ) -> Outcome {
        let total = |of: fn(&Answers) -> usize| read.iter().map(of).sum::<usize>();
        let (failed, torn) = (total(|a| a.failed), total(|a| a.torn));
        let wrong = total(|a| a.checked.wrong);
        let stalest = read.iter().map(|a| a.checked.stalest).max().unwrap_or_default();
        let mut examples: Vec<String> = read
            .iter()
            .flat_map(|a| a.examples.iter().chain(&a.checked.examples))
            .cloned()
            .collect();
        let seen: Vec<Vec<Seen>> = read.into_iter().map(|answers| answers.seen).collect();
        let other = switches::of_no_live_generation(&steps, first, &seen);
        let told = |s: &Seen| format!("generation {} at {}: it was not live", s.generation, s.sent);
        examples.extend(other.iter().take(EXAMPLES).map(told));
        let began = steps.first().map_or(0, |step| step.began);
        Outcome {
            changes,
            slowest,
            steady: Window::between(&seen, began - STEADY, began),
            answers: seen.iter().map(Vec::len).sum::<usize>() + failed,
            failed,
            torn,
            wrong: wrong + other.len(),
            stalest,
            examples,
            steps: steps
                .into_iter()
                .map(|step| (Around::of(&step, &seen), step))
                .map(|(a, s)| (s, a))
                .collect(),
        }
    }

    fn is_right(&self) -> bool {
        self.failed + self.torn + self.wrong == 0
    }

    fn print(&self, args: &Args) {
        println!(
            "{} products, {} requests/s ({} % of groups), {} changes/s",
            args.products, args.reads, args.of_groups, args.rate
        );
        println!("{}", switches::head());
        println!("{}", self.steady.row("steady, 5 s"));
        for (step, around) in &self.steps {
            let after = if step.switched.is_some() { "1 s after it" } else { "until 1 s after it" };
            println!("{}", around.before.row(&format!("5 s before {}", step.command)));
            println!("{}", around.after.row(after));
        }
        println!(
            "\np99 after by before (target <= {P99_TARGET}), and instances from the switch on \
             (target <= {SWITCH_TARGET_MS} ms):"
        );
        for (step, around) in &self.steps {
            let seconds = (step.ended - step.began) as f64 / 1e6;
            print!("{:<34} {:.2}; it took {seconds:.1} s", step.command, around.ratio());
            for (first, last) in &around.instances {
                print!("; new from {first:.0} ms, old asked for until {last:.0} ms");
            }
            println!();
        }
        println!(
            "\n{} answers checked: {} failed, {} torn, {} wrong (older than {} ms, never so, or of a generation \
             that was not live); the oldest {:.1} ms behind",
            self.answers,
            self.failed,
            self.torn,
            self.wrong,
            args.grace_ms,
            self.stalest.as_secs_f64() * 1e3
        );
        println!(
            "{} changes, seen in the live generation after {:.0} ms at the latest",
            self.changes,
            self.slowest.as_secs_f64() * 1e3
        );
        for example in &self.examples {
            println!("  WRONG: {example}");
        }
    }

    fn as_json(&self, args: &Args) -> Value {
        let steps = self.steps.iter().map(|(step, around)| around.as_json(step));
        json!({"bench": "promotion", "products": args.products, "rate": args.rate, "reads": args.reads,
            "kafka": args.kafka, "steady": self.steady.as_json(), "steps": steps.collect::<Vec<_>>(),
            "answers": self.answers, "failed": self.failed, "torn": self.torn, "wrong": self.wrong,
            "grace_ms": args.grace_ms, "stalest_ms": self.stalest.as_secs_f64() * 1e3,
            "changes": self.changes, "slowest_ms": self.slowest.as_secs_f64() * 1e3,
            "p99_target": P99_TARGET, "switch_target_ms": SWITCH_TARGET_MS, "examples": self.examples})
    }
}
