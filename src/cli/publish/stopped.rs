//! Whether what was published is projected at all.

use std::time::Duration;

use crate::cli::standings::standings;
use crate::config::Config;
use crate::log::position::Position;
use crate::stack::Stack;

/// How long it is looked: events are published whether or not that is known.
const LOOK_WITHIN: Duration = Duration::from_secs(2);

/// Partitions that were written to and of which nothing more is projected, each with why. None where the store cannot be
/// looked at, or is not there yet.
pub async fn stopped(config: &Config, positions: &[Position]) -> Vec<String> {
    let look = async {
        let stack = Stack::open_existing(config).await?;
        let standings = standings(&stack.log, stack.store.as_ref()).await;
        stack.close().await;
        standings
    };
    let standings = match tokio::time::timeout(LOOK_WITHIN, look).await {
        Ok(Ok(standings)) => standings,
        Ok(Err(error)) => {
            tracing::debug!(%error, "whether partitions are stopped cannot be seen");
            return Vec::new();
        }
        Err(_) => return Vec::new(),
    };
    let told = standings.into_iter().filter_map(|standing| {
        let (of, why) = (standing.partition, standing.stopped?);
        let is_it = |p: &Position| p.topic == of.topic && p.partition == of.partition;
        positions.iter().any(is_it).then(|| format!("{}: {why}", of.stopped_subject()))
    });
    told.collect()
}
