//! `vitrine publish`: NDJSON CloudEvents into the log.

mod lines;
mod stopped;
mod wait;

use std::fs::File;
use std::io::{BufReader, Read};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Context, output};
use crate::backoff::Backoff;
use crate::config::Config;
use crate::log::position::{Position, join_positions};
use crate::log::{Appended, EventLog, LogError, NewRecord};
use crate::stack::{self, Stack};
use crate::waits::Waits;
use lines::{Chunk, PassedOver};

#[derive(clap::Args)]
pub struct Args {
    /// The file with one CloudEvent a line; `-` is standard input.
    file: String,
    /// Returns once the view reflects them all.
    #[arg(long)]
    wait: bool,
    /// Succeeds although lines were passed over that are no CloudEvents of a known type.
    #[arg(long)]
    skip_unusable: bool,
}

/// What was published.
#[derive(Default, Serialize)]
struct Summary {
    published: u64,
    /// Lines that are no CloudEvents of a known type.
    passed_over: u64,
    /// The first of them.
    examples: Vec<PassedOver>,
    /// The last position in each topic; absent where nothing was published.
    position: Option<String>,
    /// Partitions among them of which nothing is projected, and why; empty where that cannot be seen.
    stopped: Vec<String>,
    seconds: f64,
    /// The view reflects them all.
    reflected: bool,
}

/// How long `publish` looks for stopped partitions without `--wait`: the events are published in any case.
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// Lines that were passed over and are shown one by one.
const SHOWN: usize = 20;

pub async fn run(context: Context, args: Args) -> anyhow::Result<()> {
    let config = &context.config;
    Stack::refuse_lost_log(config)?;
    let log = stack::open_log(config).await?.events();
    let started = std::time::Instant::now();
    let bar = if context.json { ProgressBar::hidden() } else { bar(&args.file)? };
    let (sender, mut chunks) = mpsc::channel::<Chunk>(2);
    let file = args.file.clone();
    let reading = tokio::task::spawn_blocking(move || {
        lines::read(open(&file)?, &sender).with_context(|| format!("reading {file} ended"))
    });

    let stall = Duration::from_secs(config.wait.publish_stall_seconds);
    let mut summary = Summary::default();
    let mut last: Vec<Position> = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        let Appended { positions, refused } = append(log.as_ref(), &chunk.records, &stall)
            .await
            .map_err(|e| anyhow!("{e}; {} events were published before this", summary.published))?;
        merge(&mut last, positions);
        summary.published += (chunk.records.len() - refused.len()) as u64;
        let refused = refused.into_iter().filter_map(|(index, error)| {
            Some(PassedOver::refused(*chunk.lines.get(index)?, &error))
        });
        for passed_over in chunk.passed_over.into_iter().chain(refused) {
            summary.passed_over += 1;
            if summary.examples.len() < SHOWN {
                bar.suspend(|| output::say(format!("passed over: {passed_over}")));
                summary.examples.push(passed_over);
            }
        }
        bar.inc(chunk.bytes);
        bar.set_message(format!("{} events", summary.published));
    }
    reading.await.map_err(|e| anyhow!("reading ended: {e}"))??;
    bar.finish_and_clear();
    summary.position = (!last.is_empty()).then(|| join_positions(&last));
    if !last.is_empty() {
        let within = if args.wait { stall } else { LOOK_WITHIN };
        summary.stopped = stopped::stopped(config, &last, within).await;
    }
    if args.wait && !last.is_empty() {
        if let Some(stopped) = summary.stopped.first() {
            bail!("the events are published, but {stopped}");
        }
        wait::reflected(config, &last, stall, context.json).await?;
        summary.reflected = true;
    }
    log.close().await;
    summary.seconds = started.elapsed().as_secs_f64();
    output::answer(context.json, &summary, || summary.text());
    if summary.passed_over > 0 && !args.skip_unusable {
        bail!(
            "{} lines were passed over, and all others published: mend them and publish them alone, or \
             take no notice of them with --skip-unusable",
            summary.passed_over
        );
    }
    Ok(())
}

/// A log that is away is waited for, as long as the view would be. What part of the events is
/// written twice then does no harm: their versions are known.
async fn append(
    log: &dyn EventLog,
    records: &[NewRecord],
    patience: &Duration,
) -> Result<Appended, LogError> {
    let started = std::time::Instant::now();
    let (mut backoff, never) = (Backoff::default(), CancellationToken::new());
    let waits = Waits::default();
    loop {
        match log.append(records).await {
            Err(error) if error.is_away() && started.elapsed() < *patience => {
                waits.wait("publishing waits", error);
                backoff.wait(&never).await;
            }
            Ok(appended) => {
                waits.over("publishing waits");
                return Ok(appended);
            }
            Err(error) => return Err(error),
        }
    }
}

impl Summary {
    fn text(&self) -> String {
        let rate = self.published as f64 / self.seconds.max(1e-9);
        let mut text = format!(
            "published {} events in {:.2} s ({rate:.0} events/s)",
            self.published, self.seconds
        );
        if self.reflected {
            text.push_str(", and the view reflects them");
        }
        if self.passed_over > 0 {
            text.push_str(&format!(
                "\npassed over {} lines that are no CloudEvents of a known type",
                self.passed_over
            ));
        }
        for stopped in &self.stopped {
            text.push_str(&format!("\nNOT PROJECTED: {stopped}"));
        }
        if let Some(position) = &self.position {
            text.push_str(&format!("\nposition {position}"));
        }
        text
    }
}

fn open(file: &str) -> anyhow::Result<Box<dyn std::io::BufRead>> {
    const BUFFER_BYTES: usize = 1 << 20;
    let reader: Box<dyn Read> = if file == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot read {file}"))?)
    };
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, reader)))
}

/// Returns once the view reflects these positions.
pub async fn wait_for(config: &Config, positions: &[Position]) -> anyhow::Result<()> {
    let stall = Duration::from_secs(config.wait.publish_stall_seconds);
    wait::reflected(config, positions, stall, false).await
}

/// Keeps the last position of each topic.
pub fn merge(last: &mut Vec<Position>, newer: Vec<Position>) {
    for position in newer {
        let same = |p: &Position| p.topic == position.topic && p.partition == position.partition;
        last.retain(|p| !same(p));
        last.push(position);
    }
    last.sort_unstable();
}

/// With the whole in view where its size is known.
fn bar(file: &str) -> anyhow::Result<ProgressBar> {
    let bytes = if file == "-" { None } else { std::fs::metadata(file).ok().map(|m| m.len()) };
    let (bar, template) = match bytes {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "publishing {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg} ETA {eta}",
        ),
        None => (
            ProgressBar::new_spinner(),
            "publishing {spinner} {bytes} {bytes_per_sec} {msg} {elapsed}",
        ),
    };
    bar.set_style(ProgressStyle::with_template(template)?);
    Ok(bar)
}
