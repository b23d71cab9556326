//! `vitrine migrate`: brings the store's schema up to date.

use super::{Context, output};
use crate::embedded::Embedded;

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
    if args.topics && args.partitions != 1 {
        tracing::info!("the embedded log has every topic, each with one partition");
    }
    // Opening brings the schema up to date.
    let embedded = Embedded::open(&context.config).await?;
    embedded.close().await;
    let folder = context.config.data_dir.display().to_string();
    output::answer(context.json, &serde_json::json!({ "migrated": folder }), || {
        format!("the schema in {folder} is up to date")
    });
    Ok(())
}
