//! `vitrine generations`: which generations there are, and which one is live.

use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use super::{Context, output};
use crate::catalogue::Generation;
use crate::config::Config;
use crate::generations::promote::{self, Promoted};
use crate::generations::rebuild;
use crate::stack::{Absent, Stack};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Lists them.
    List,
    /// Makes a generation the live one: all instances switch to it, without a gap. It is not compared with the live
    /// one first: `vitrine rebuild --promote` does that.
    Promote {
        /// Its number.
        generation: i64,
    },
    /// Goes back to the generation that was live before.
    Rollback,
    /// Deletes a generation that is not live, with all that it holds.
    Drop {
        /// Its number.
        generation: i64,
    },
}

pub async fn run(context: Context, command: Command) -> anyhow::Result<()> {
    let stack = Stack::open_control(&context.config, Absent::Refused).await?;
    let done = dispatch(&context, &stack, command).await;
    stack.close().await;
    done
}

async fn dispatch(context: &Context, stack: &Stack, command: Command) -> anyhow::Result<()> {
    let stores = stack.stores.as_ref();
    match command {
        Command::List => {
            let known = stores.catalogue().list().await?;
            output::answer(context.json, &known, || list(&known));
        }
        Command::Promote { generation } => {
            let promoted = promote(context, stack, generation).await?;
            output::answer(context.json, &promoted, || text(&promoted));
        }
        Command::Rollback => {
            let before = promote::before_live(stores).await?;
            let promoted = promote(context, stack, before.number).await?;
            output::answer(context.json, &promoted, || text(&promoted));
        }
        Command::Drop { generation } => {
            let dropped = promote::drop(stores, generation).await?;
            // What a rebuild of it was to go on with, if that was on this machine.
            let _ = tokio::fs::remove_dir_all(rebuild::directory(&context.config, &dropped)).await;
            output::answer(context.json, &dropped, || {
                format!("generation {} is dropped", dropped.number)
            });
        }
    }
    Ok(())
}

async fn promote(context: &Context, stack: &Stack, number: i64) -> anyhow::Result<Promoted> {
    let bar = if context.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    bar.set_message(format!("generation {number}: instances make ready for it"));
    bar.enable_steady_tick(Duration::from_millis(100));
    let (stop, wait) = (CancellationToken::new(), wait(&context.config));
    let stopping = stop.clone();
    let interrupted = tokio::spawn(async move {
        if crate::service::terminated().await.is_ok() {
            stopping.cancel();
        }
    });
    let promoted = promote::promote(&stack.stores, number, None, wait, &stop).await;
    interrupted.abort();
    bar.finish_and_clear();
    promoted.with_context(|| format!("generation {number} was not promoted"))
}

/// How long instances have to be ready.
pub fn wait(config: &Config) -> Duration {
    Duration::from_secs(config.rebuild.promote_wait_seconds)
}

/// What a promotion came to, in words.
pub fn text(promoted: &Promoted) -> String {
    let Promoted { generation, before, ready, not_ready, of_another_build } = promoted;
    let mut lines = vec![format!(
        "generation {generation} is live{}; {ready} instances were ready for it",
        before.map(|before| format!(" in place of {before}")).unwrap_or_default()
    )];
    if !not_ready.is_empty() {
        lines.push(format!(
            "{} instances were not ready in time, and follow when they are: their logs say why",
            not_ready.len()
        ));
    }
    if let Some(before) = before
        && *of_another_build
    {
        lines.push(format!(
            "instances of another build answer from generation {before} until they are replaced: keep it until then"
        ));
    } else if let Some(before) = before {
        lines.push(format!(
            "go back with `vitrine generations rollback`, or `vitrine generations drop {before}`"
        ));
    }
    lines.join("\n")
}

fn list(known: &[Generation]) -> String {
    let mut lines = vec![format!(
        "{:>10}  {:<10} {:<9} {:<24} {:<24} place",
        "generation", "state", "version", "created", "promoted"
    )];
    lines.extend(known.iter().map(|generation| {
        let state = match (generation.live, generation.state) {
            (true, _) => "live",
            (_, state) => state.name(),
        };
        let promoted =
            generation.promoted_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        format!(
            "{:>10}  {state:<10} {:<9} {:<24} {promoted:<24} {}",
            generation.number,
            generation.projection_version,
            generation.created_at.to_string(),
            generation.place
        )
    }));
    lines.join("\n")
}
