//! `vitrine rebuild`: a new generation beside the live one.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Context, generations, output};
use crate::generations::outcome::{Asked, RebuildFailed, Rebuilt};
use crate::generations::rebuild::Rebuild;
use crate::rebuild::RebuildError;
use crate::rebuild::progress::{Phase, Progress};
use crate::stack::{Absent, Stack};
use crate::verdict::{Allow, VerdictError};

/// How often the progress bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub struct Args {
    /// Makes the new generation the live one, if it answers as the live one does.
    #[arg(long)]
    promote: bool,
    /// A difference from the live generation that is wanted, such as product.price.* (a step), reviews.** (all of
    /// reviews); may be repeated.
    #[arg(long, value_name = "PATH")]
    allow: Vec<Allow>,
    /// Begins anew, where an earlier rebuild was stopped.
    #[arg(long)]
    fresh: bool,
    /// With --promote: promotes although the live generation is of another build, or is stopped since its log was made
    /// anew, so that the two cannot be compared.
    #[arg(long)]
    uncompared: bool,
}

pub async fn run(context: Context, args: Args) -> anyhow::Result<()> {
    let asked = Asked {
        fresh: args.fresh,
        promote: args.promote,
        allow: args.allow,
        uncompared: args.uncompared,
        only_if_empty: false,
    };
    let promote = asked.promote;
    let stack = Arc::new(Stack::open_control(&context.config, Absent::Made).await?);
    let stop = CancellationToken::new();
    let progress = Arc::new(watch::Sender::default());
    let rebuild = Rebuild {
        config: context.config.clone(),
        stack: Arc::clone(&stack),
        asked,
        progress: Arc::clone(&progress),
        is_projected: false,
        stop: stop.clone(),
    };
    let drawing = (!context.json).then(|| tokio::spawn(draw(progress.subscribe())));
    let interrupted = tokio::spawn(async move {
        if crate::service::terminated().await.is_ok() {
            stop.cancel();
        }
    });
    let done = rebuild.run().await;
    interrupted.abort();
    if let Some(drawing) = drawing {
        drawing.abort();
    }
    stack.close().await;
    told(&context, done, promote)
}

/// The exit status is 0 only where all that was asked for was done.
fn told(
    context: &Context,
    done: Result<Rebuilt, RebuildFailed>,
    promote: bool,
) -> anyhow::Result<()> {
    let rebuilt = match done {
        Ok(rebuilt) => rebuilt,
        Err(
            RebuildFailed::Rebuild(RebuildError::Stopped)
            | RebuildFailed::Verdict(VerdictError::Stopped),
        ) => {
            bail!(
                "the rebuild was stopped; run `vitrine rebuild` again, and it goes on where it was"
            )
        }
        Err(error) if error.is_passing() => {
            return Err(error).context(
                "the rebuild has failed; run `vitrine rebuild` again, and it goes on where it was",
            );
        }
        Err(error) => return Err(error).context("the rebuild has failed"),
    };
    output::answer(context.json, &rebuilt, || text(&rebuilt, promote));
    let (generation, judged) = (rebuilt.generation, &rebuilt.judged);
    let why = match judged.refused.len() {
        0 if judged.untold => {
            "differs from the live one in more ways than are told apart".to_owned()
        }
        0 if judged.inconclusive => {
            "could not be compared with the live one well enough".to_owned()
        }
        refused => format!("differs from the live one in {refused} ways that no --allow names"),
    };
    if !judged.passes() {
        bail!(
            "generation {generation} {why}: it was not promoted, and is kept up to date; look at it, then `vitrine \
             generations promote {generation}` or `vitrine generations drop {generation}`"
        );
    }
    Ok(())
}

fn text(rebuilt: &Rebuilt, promote: bool) -> String {
    let Rebuilt { generation, events, products, filled_seconds, .. } = rebuilt;
    let mut text = format!(
        "generation {generation}: {} events, {} products in {filled_seconds:.1} s\n",
        HumanCount(*events),
        HumanCount(*products),
    );
    if let Some(verdict) = &rebuilt.verdict {
        // Writing into text does not fail.
        let _ = verdict.report(&rebuilt.judged, &mut text);
    } else {
        text.push_str("it was not compared with the live generation, which is empty, stopped, or of another build\n");
    }
    match &rebuilt.promoted {
        Some(promoted) => text.push_str(&generations::text(promoted)),
        None if promote => {}
        None => {
            let _ = write!(
                text,
                "it is kept up to date beside the live one: `vitrine generations promote {generation}` makes it live"
            );
        }
    }
    text
}

async fn draw(mut progress: watch::Receiver<Progress>) {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{prefix:12} {bar:30} {percent:>3} % {msg} {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    // A phase's beginning: the first look at which it is known how much there is to be done.
    let mut before: Option<(Phase, u64, tokio::time::Instant)> = None;
    loop {
        let now = progress.borrow_and_update().clone();
        let (done, total) = match now.phase {
            Phase::Reading => (now.events, now.events_total),
            _ => (now.products, now.products_total),
        };
        let began = match before {
            Some((phase, done, at)) if phase == now.phase => (phase, done, at),
            _ => (now.phase, done, tokio::time::Instant::now()),
        };
        before = (total > 0).then_some(began);
        let seconds = began.2.elapsed().as_secs_f64().max(0.001);
        let rate = done.saturating_sub(began.1) as f64 / seconds;
        bar.set_prefix(name(now.phase));
        bar.set_length(total.max(1));
        bar.set_position(done);
        bar.set_message(message(&now, done, total, rate));
        tokio::time::sleep(DRAW_EVERY).await;
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Reading => "reading",
        Phase::Writing => "writing",
        Phase::Indexing => "indexing",
        Phase::CatchingUp => "catching up",
        Phase::Comparing => "comparing",
        Phase::Promoting => "promoting",
        Phase::Done => "done",
    }
}

fn message(now: &Progress, done: u64, total: u64, rate: f64) -> String {
    let unit = if now.phase == Phase::Reading { "events" } else { "products" };
    let mut message = format!("{}/{} {unit}, {rate:.0}/s", HumanCount(done), HumanCount(total));
    if rate > 0.0 && total > done {
        let _ = write!(message, ", {:.0} s left", (total - done) as f64 / rate);
    }
    let _ = write!(message, ", {} in memory", HumanBytes(now.memory_bytes));
    if now.spilled_bytes > 0 {
        let _ = write!(message, ", {} on disk", HumanBytes(now.spilled_bytes));
    }
    let behind = now.partitions.iter().filter(|p| p.next < p.end).max_by_key(|p| p.end - p.next);
    if let Some(last) = behind.filter(|_| now.phase == Phase::Reading) {
        let at = &last.partition;
        let _ = write!(message, ", {}:{} at {} of {}", at.topic, at.partition, last.next, last.end);
    }
    message
}
