//! `vitrine dead-letters`: what could not be applied.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use clap::Subcommand;

use super::{Context, output};
use crate::config::Config;
use crate::decode::{self, Decoded};
use crate::log::position::Position;
use crate::projector::Incoming;
use crate::stack::{Stack, projector};
use crate::store::ReadStore;
use crate::store::dead_letter::{DeadLetter, DeadLetterFilter};

#[derive(Subcommand)]
pub enum Command {
    /// Lists them, oldest first.
    List {
        /// Settled, retried and discarded ones too.
        #[arg(long)]
        all: bool,
        /// At most this many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Only those after this id.
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
    /// Shows one, with its bytes as they came.
    Show { id: i64 },
    /// Applies some again, or all open ones, in all generations: for those that this version can read.
    Retry {
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Closes some without applying them, in all generations; they stay to be looked at.
    Discard {
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

pub async fn run(context: Context, command: Command) -> anyhow::Result<()> {
    let stack = Stack::open_existing(&context.config).await?;
    let done = match command {
        Command::List { all, limit, after } => list(&context, &stack, all, limit, after).await,
        Command::Show { id } => show(&context, &stack, id).await,
        Command::Retry { ids, all } => retry(&context, &stack, ids, all).await,
        Command::Discard { ids } => discard(&context, &stack, &ids).await,
    };
    stack.close().await;
    done
}

async fn list(
    context: &Context,
    stack: &Stack,
    all: bool,
    limit: u32,
    after: i64,
) -> anyhow::Result<()> {
    let filter = if all { DeadLetterFilter::All } else { DeadLetterFilter::Open };
    let letters = stack.store.dead_letters(filter, after, limit).await?;
    output::answer(context.json, &letters, || {
        if letters.is_empty() {
            return "no dead letters".to_owned();
        }
        let lines: Vec<String> = letters.iter().map(line).collect();
        lines.join("\n")
    });
    Ok(())
}

fn line(letter: &DeadLetter) -> String {
    let entity = match (&letter.kind, &letter.entity_key) {
        (Some(kind), Some(key)) => format!("{kind} {key}"),
        _ => "unknown entity".to_owned(),
    };
    format!(
        "{:>6}  {:<9} {}  {entity}  {}: {}",
        letter.id, letter.state, letter.position, letter.code, letter.detail
    )
}

async fn find(stack: &Stack, id: i64) -> anyhow::Result<DeadLetter> {
    let letter = stack.store.dead_letter(id).await?;
    letter.ok_or_else(|| {
        anyhow!("there is no dead letter {id}: `vitrine dead-letters list --all` shows them")
    })
}

async fn show(context: &Context, stack: &Stack, id: i64) -> anyhow::Result<()> {
    let letter = find(stack, id).await?;
    let payload = letter.record.value.as_deref().map(String::from_utf8_lossy);
    let key = letter.record.key.as_deref().map(String::from_utf8_lossy);
    let headers: Vec<(&str, Cow<'_, str>)> = letter
        .record
        .headers
        .iter()
        .map(|(name, value)| (name.as_ref(), String::from_utf8_lossy(value)))
        .collect();
    let mut value = serde_json::to_value(&letter)?;
    value["key"] = serde_json::to_value(&key)?;
    value["headers"] = serde_json::to_value(&headers)?;
    value["timestamp"] = serde_json::to_value(letter.record.timestamp)?;
    value["payload"] = serde_json::to_value(&payload)?;
    output::answer(context.json, &value, || {
        let mut lines = vec![line(&letter), format!("received {}", letter.received_at)];
        lines.extend(letter.record.timestamp.map(|at| format!("timestamp {at}")));
        lines.extend(key.map(|key| format!("key {key}")));
        lines.extend(headers.iter().map(|(name, value)| format!("header {name}: {value}")));
        lines.push(payload.map_or_else(|| "no value: a tombstone".to_owned(), Cow::into_owned));
        lines.join("\n")
    });
    Ok(())
}

async fn retry(context: &Context, stack: &Stack, ids: Vec<i64>, all: bool) -> anyhow::Result<()> {
    let ids = if all { open_ids(stack).await? } else { ids };
    let mut retried = Vec::new();
    let mut failed = Vec::new();
    for id in ids {
        let letter = find(stack, id).await?;
        match retry_one(&context.config, stack, &letter).await {
            Ok(()) => retried.push(id),
            Err(error) => failed.push((id, format!("{error:#}"))),
        }
    }
    let answer = serde_json::json!({
        "retried": retried,
        "failed": failed.iter().map(|(id, why)| serde_json::json!({"id": id, "why": why}))
            .collect::<Vec<_>>(),
    });
    output::answer(context.json, &answer, || {
        let mut lines = vec![format!("{} applied", retried.len())];
        lines.extend(failed.iter().map(|(id, why)| format!("{id} stays: {why}")));
        lines.join("\n")
    });
    if !failed.is_empty() {
        bail!("{} dead letters stay as they are", failed.len());
    }
    Ok(())
}

async fn open_ids(stack: &Stack) -> anyhow::Result<Vec<i64>> {
    const PAGE: u32 = 1_000;
    let mut ids: Vec<i64> = Vec::new();
    loop {
        let after = ids.last().copied().unwrap_or(0);
        let page = stack.store.dead_letters(DeadLetterFilter::Open, after, PAGE).await?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page.iter().map(|letter| letter.id));
    }
}

async fn retry_one(config: &Config, stack: &Stack, letter: &DeadLetter) -> anyhow::Result<()> {
    let open = open_everywhere(stack, letter).await?;
    if open.is_empty() {
        bail!("it is {}, not open", letter.state);
    }
    let position: Position = letter.position.parse()?;
    let Some(kind) = config.log.topics.kind(&position.topic) else {
        bail!("its topic {} is not configured in log.topics", position.topic);
    };
    let record = letter.record.clone();
    let incoming = match decode::record(kind, &record) {
        Ok(Decoded::Event { event, .. }) => Incoming::new(position, event, record),
        Ok(Decoded::Tombstone { key }) => Incoming::tombstone(position, key, record),
        Ok(Decoded::UnknownType { ce_type }) => bail!("its type {ce_type} is not known"),
        Err(rejection) => bail!("{}: {}", rejection.code, rejection.detail),
    };
    for (store, id) in open {
        let number = store.generation();
        let report = projector(config, store).retry(id, incoming.clone()).await?;
        if report.refused > 0 {
            bail!("it is refused again in generation {number}: {}", letter.detail);
        }
    }
    Ok(())
}

/// The generations in which the message of this dead letter is an open one, the one that pages are answered from first,
/// and its id there.
async fn open_everywhere(
    stack: &Stack,
    letter: &DeadLetter,
) -> anyhow::Result<Vec<(Arc<dyn ReadStore>, i64)>> {
    let position: Position = letter.position.parse()?;
    let mut found = Vec::new();
    if letter.state == "open" {
        found.push((Arc::clone(&stack.store), letter.id));
    }
    for store in stack.followers().await? {
        let there = store.dead_letter_at(&position).await?;
        found.extend(there.filter(|there| there.state == "open").map(|there| (store, there.id)));
    }
    Ok(found)
}

async fn discard(context: &Context, stack: &Stack, ids: &[i64]) -> anyhow::Result<()> {
    let mut open = Vec::new();
    for id in ids {
        let found = match stack.store.dead_letter(*id).await? {
            Some(letter) => open_everywhere(stack, &letter).await?,
            None => Vec::new(),
        };
        if found.is_empty() {
            bail!("there is no open dead letter {id}; nothing was discarded");
        }
        open.extend(found);
    }
    // One that somebody else closes meanwhile stays as that one left it. After a failure the rest is still open, and can
    // be discarded again.
    for (store, id) in open {
        let mut tx = store.begin().await?;
        tx.close_dead_letter(id, "discarded").await?;
        tx.commit().await?;
    }
    output::answer(context.json, &serde_json::json!({ "discarded": ids }), || {
        format!("{} discarded", ids.len())
    });
    Ok(())
}
