//! `vitrine migrate`: brings the store's schema up to date.

use super::{Context, output};
use crate::config::StoreKind;
use crate::log::Log;
use crate::stack::Stack;

#[derive(clap::Args)]
pub struct Args {
    /// Creates missing topics too (Kafka only; the embedded log always has them).
    #[arg(long)]
    topics: bool,
    /// Partitions of a topic that is created.
    #[arg(long, requires = "topics", value_name = "N", default_value_t = 6,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    partitions: u32,
}

pub async fn run(context: Context, args: Args) -> anyhow::Result<()> {
    let config = &context.config;
    // Opening brings the schema up to date.
    let stack = Stack::open(config).await?;
    let topics = match &stack.log {
        Log::Kafka(log) if args.topics => {
            let partitions = i32::try_from(args.partitions).unwrap_or(i32::MAX);
            log.create_topics(partitions).await?
        }
        Log::Embedded(_) if args.topics && args.partitions != 1 => {
            tracing::info!("the embedded log has every topic, each with one partition");
            Vec::new()
        }
        _ => Vec::new(),
    };
    stack.close().await;
    let migrated = match config.store_kind() {
        StoreKind::Sqlite => config.data_dir.display().to_string(),
        StoreKind::Postgres => config.store.url.redacted(),
    };
    let answer = serde_json::json!({ "migrated": migrated, "topics": topics });
    output::answer(context.json, &answer, || {
        let mut lines = vec![format!("the schema in {migrated} is up to date")];
        lines.extend(topics.iter().map(|t| {
            let what = if t.created { "created" } else { "was there" };
            format!("topic {} {what}", t.topic)
        }));
        lines.join("\n")
    });
    Ok(())
}
