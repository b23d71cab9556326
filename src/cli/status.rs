//! `vitrine status`: how far the view is, and what waits.

use serde::Serialize;

use super::{Context, output};
use crate::clock;
use crate::embedded::Embedded;
use crate::log::EventLog;
use crate::log::position::Partition;
use crate::store::{ReadStore, StoreStatus};

#[derive(Serialize)]
struct Status {
    log: String,
    #[serde(flatten)]
    store: StoreStatus,
    /// By topic and partition.
    positions: Vec<PartitionStatus>,
    /// Events that are not projected yet.
    lag_events: i64,
    /// Since when the oldest of them waits; 0 where none does.
    lag_ms: i64,
}

#[derive(Serialize)]
struct PartitionStatus {
    topic: String,
    partition: i32,
    /// The offset that is projected next.
    next_offset: i64,
    /// The offset that is written next.
    head: i64,
}

pub async fn run(context: Context) -> anyhow::Result<()> {
    let embedded = Embedded::open(&context.config).await?;
    let heads = embedded.log.heads().await?;
    let mut snapshot = embedded.store.snapshot().await?;
    let known = snapshot.positions().await?;
    drop(snapshot);
    let next = |partition: &Partition| {
        known.iter().find(|(p, _)| p == partition).map_or(0, |(_, next)| *next)
    };
    let positions: Vec<PartitionStatus> = heads
        .iter()
        .map(|(partition, head)| PartitionStatus {
            topic: partition.topic.clone(),
            partition: partition.partition,
            next_offset: next(partition),
            head: *head,
        })
        .collect();
    // One sequence runs through all topics of the embedded log: the lag is not a sum over them.
    let lag_events = positions.iter().map(|p| p.head - p.next_offset.max(1)).max().unwrap_or(0);
    let first_waiting = positions.iter().map(|p| p.next_offset).min().unwrap_or(0);
    let waiting_since = embedded.log.appended_at(first_waiting).await?;
    let lag_ms = waiting_since.map_or(0, |at| (clock::now().millis() - at.millis()).max(0));
    let status = Status {
        log: context.config.log.url.redacted(),
        store: embedded.store.status().await?,
        positions,
        lag_events,
        lag_ms,
    };
    embedded.close().await;
    output::answer(context.json, &status, || status.text());
    Ok(())
}

impl Status {
    fn text(&self) -> String {
        let store = &self.store;
        let mut lines = vec![
            format!("log           {}", self.log),
            format!(
                "generation    {} (projection version {})",
                store.generation, store.projection_version
            ),
            format!("products      {}", store.products),
            format!("store         {} MiB", store.store_bytes >> 20),
            format!(
                "lag           {} events, the oldest waits for {:.1} s",
                self.lag_events,
                self.lag_ms as f64 / 1000.0
            ),
            format!(
                "fan-outs      {} tasks, {} products to compute",
                store.fanout_tasks, store.stale_products
            ),
            format!("dead letters  {} open", store.dead_letters_open),
        ];
        let mut outcomes: Vec<_> = store.outcomes.iter().collect();
        outcomes.sort_unstable();
        let outcomes: Vec<String> = outcomes.iter().map(|(o, n)| format!("{o} {n}")).collect();
        lines.push(format!("events        {}", outcomes.join(", ")));
        lines.extend(self.positions.iter().map(|p| {
            format!(
                "position      {}:{} next {} of {}",
                p.topic, p.partition, p.next_offset, p.head
            )
        }));
        lines.join("\n")
    }
}
