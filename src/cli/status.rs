//! `vitrine status`: how far the view is, and what waits.

use std::collections::HashMap;

use serde::Serialize;

use super::standings::standings;
use super::{Context, output};
use crate::catalogue::{Generation, State};
use crate::clock;
use crate::log::position::Partition;
use crate::log::{self, Extent};
use crate::stack::{Stack, open_log};
use crate::store::{Standing, StoreError, StoreStatus};

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
    /// All generations; `generation` is the one that this build answers from.
    generations: Vec<Generation>,
    /// Partitions of which nothing more is projected into another generation.
    stopped_beside: Vec<StoppedBeside>,
}

#[derive(Serialize)]
struct StoppedBeside {
    generation: i64,
    topic: String,
    partition: i32,
    problem: String,
}

#[derive(Serialize)]
struct PartitionStatus {
    topic: String,
    partition: i32,
    /// The offset that is projected next.
    next_offset: i64,
    /// The offset that is written next.
    head: i64,
    /// Why nothing more of it is projected.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

pub async fn run(context: Context) -> anyhow::Result<()> {
    let config = &context.config;
    let stack = match Stack::open_existing(config).await {
        Ok(stack) => stack,
        Err(error) => match error.downcast_ref::<StoreError>() {
            Some(StoreError::Absent(_)) => return before_the_first_generation(&context).await,
            _ => return Err(error),
        },
    };
    let log = stack.log.events();
    let extents = log.extents().await?;
    let live = standings(&stack.log, stack.store.as_ref()).await?;
    let known: Vec<(Partition, i64)> = live.iter().map(|s| (s.partition.clone(), s.next)).collect();
    let mut stopped_beside = Vec::new();
    for store in stack.followers().await? {
        for Standing { partition, stopped, .. } in standings(&stack.log, store.as_ref()).await? {
            let Partition { topic, partition } = partition;
            stopped_beside.extend(stopped.map(|problem| StoppedBeside {
                generation: store.generation(),
                topic,
                partition,
                problem,
            }));
        }
    }
    let lag = log.lag(&extents, &known).await?;
    let status = Status {
        log: config.log.url.redacted(),
        store: stack.store.status().await?,
        positions: extents.iter().map(|extent| PartitionStatus::of(extent, &live)).collect(),
        lag_events: lag.events,
        generations: stack.stores.catalogue().list().await?,
        stopped_beside,
        lag_ms: lag.since.map_or(0, |at| (clock::now().millis() - at.millis()).max(0)),
    };
    stack.close().await;
    output::answer(context.json, &status, || status.text());
    Ok(())
}

/// The status of a log from which nothing was made yet: all of it waits.
async fn before_the_first_generation(context: &Context) -> anyhow::Result<()> {
    let log = open_log(&context.config).await?.events();
    let extents = log.extents().await?;
    let lag = log.lag(&extents, &[]).await?;
    let status = Status {
        log: context.config.log.url.redacted(),
        store: StoreStatus::default(),
        positions: extents.iter().map(|extent| PartitionStatus::of(extent, &[])).collect(),
        lag_events: lag.events,
        generations: Vec::new(),
        stopped_beside: Vec::new(),
        lag_ms: lag.since.map_or(0, |at| (clock::now().millis() - at.millis()).max(0)),
    };
    log.close().await;
    output::answer(context.json, &status, || status.text());
    Ok(())
}

impl PartitionStatus {
    fn of(extent: &Extent, standings: &[Standing]) -> PartitionStatus {
        let Partition { topic, partition } = extent.partition.clone();
        let stored = standings.iter().find(|standing| standing.partition == extent.partition);
        let next_offset = stored.map_or(0, |standing| standing.next);
        let stopped = stored.and_then(|standing| standing.stopped.clone());
        let problem = stopped.or_else(|| log::gap(extent, next_offset));
        PartitionStatus { topic, partition, next_offset, head: extent.next, problem }
    }
}

impl Status {
    /// Which other generations there are.
    fn beside(&self) -> String {
        let stopped = |number| self.stopped_beside.iter().any(|s| s.generation == number);
        let others = self.generations.iter().filter(|g| g.number != self.store.generation);
        let words: Vec<String> = others
            .map(|g| match (g.live, g.state) {
                (true, _) => format!("{} (live, of another build)", g.number),
                (_, State::Building) => format!("{} (being built)", g.number),
                (_, State::Following) if stopped(g.number) => format!("{} (STOPPED)", g.number),
                (_, State::Following) => format!("{} (kept up to date)", g.number),
                (_, State::Dropped) => format!("{} (dropped)", g.number),
            })
            .collect();
        if words.is_empty() { "no other generation".to_owned() } else { words.join(", ") }
    }

    fn text(&self) -> String {
        let store = &self.store;
        let mut lines = vec![
            format!("log           {}", self.log),
            match store.generation {
                0 => "generation    none yet: `vitrine serve` makes it from the log".to_owned(),
                number => format!(
                    "generation    {number} (projection version {})",
                    store.projection_version
                ),
            },
            format!("beside it     {}", self.beside()),
            format!("products      {}", store.products),
            format!("store         {} MiB", store.store_bytes >> 20),
            format!(
                "lag           {} events, the oldest waits for {:.1} s",
                self.lag_events,
                self.lag_ms as f64 / 1000.0
            ),
            format!("dead letters  {} open", store.dead_letters_open),
        ];
        lines.push(format!("events        {}", counts(&store.outcomes)));
        if !store.warnings.is_empty() {
            lines.push(format!("warnings      {}", counts(&store.warnings)));
        }
        lines.extend(self.positions.iter().map(|p| {
            format!(
                "position      {}:{} next {} of {}",
                p.topic, p.partition, p.next_offset, p.head
            )
        }));
        let stopped = self.positions.iter().filter_map(|p| Some((p, p.problem.as_ref()?)));
        lines.extend(
            stopped.map(|(p, why)| format!("STOPPED       {}:{}: {why}", p.topic, p.partition)),
        );
        lines.extend(self.stopped_beside.iter().map(|s| {
            format!(
                "STOPPED       generation {}, {}:{}: {}",
                s.generation, s.topic, s.partition, s.problem
            )
        }));
        if self.positions.is_empty() {
            lines.push("position      none: no topic of the configuration exists".to_owned());
        }
        lines.join("\n")
    }
}

/// Counts in the order of their names.
fn counts(counts: &HashMap<String, u64>) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_unstable();
    let counts: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
    counts.join(", ")
}
