//! Whether what was published is projected at all, also where no service has noticed yet that it is not.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::standings::standings;
use crate::config::Config;
use crate::log::kafka::KafkaLog;
use crate::log::position::Position;
use crate::log::{Log, gap};
use crate::projector::kafka::marks;
use crate::stack::Stack;
use crate::store::Standing;

/// The partitions that were written to and of which nothing more is projected, each with the reason. Empty if that
/// cannot be found out within so long, or if there is no store yet.
pub async fn stopped(config: &Config, positions: &[Position], within: Duration) -> Vec<String> {
    match tokio::time::timeout(within, look(config, positions)).await {
        Ok(Ok(stopped)) => stopped,
        Ok(Err(error)) => {
            tracing::debug!(%error, "whether partitions are stopped cannot be found out");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

async fn look(config: &Config, positions: &[Position]) -> anyhow::Result<Vec<String>> {
    let stack = Stack::open_existing(config).await?;
    let standings = standings(&stack.log, stack.store.as_ref()).await;
    let log = stack.log.clone();
    // After the standings: a projector goes on meanwhile.
    let extents = log.events().extents().await;
    stack.close().await;
    let is_written = |standing: &Standing| {
        let of = &standing.partition;
        positions.iter().any(|p| p.topic == of.topic && p.partition == of.partition)
    };
    let mut standings: Vec<Standing> = standings?.into_iter().filter(is_written).collect();
    for extent in extents? {
        let of = standings.iter_mut().find(|standing| standing.partition == extent.partition);
        let is_beyond = |s: &&mut Standing| s.stopped.is_none() && s.next > extent.next;
        if let Some(standing) = of.filter(is_beyond) {
            standing.stopped = gap(&extent, standing.next);
        }
    }
    if let Log::Kafka(log) = log {
        look_for_new_topics(log, &mut standings).await?;
    }
    let told = standings.into_iter().filter_map(|standing| {
        let why = standing.stopped?;
        Some(format!("{}: {why}", standing.partition.stopped_subject()))
    });
    Ok(told.collect())
}

/// Reads the last projected events again: they are other ones in a topic that was made anew.
async fn look_for_new_topics(log: Arc<KafkaLog>, standings: &mut [Standing]) -> anyhow::Result<()> {
    let running = standings.iter().filter(|standing| standing.stopped.is_none());
    let known = running.filter_map(|standing| Some((standing.partition.clone(), standing.last?)));
    let known: Vec<_> = known.collect();
    let read = tokio::task::spawn_blocking(move || marks::changed(&log, &known));
    for (partition, mark) in read.await.context("reading last events ended")?? {
        let of = standings.iter_mut().find(|standing| standing.partition == partition);
        if let Some(standing) = of {
            standing.stopped = Some(marks::made_anew(mark));
        }
    }
    Ok(())
}
