//! The projector of Kafka's topics.
//!
//! The consumer group only says which instance has which partitions. Where each stands is in the
//! store: a partition is consumed from there, and its position moves in the transaction that applies
//! its events, by compare-and-set. So whatever happens to a consumer, no event counts twice or not at
//! all: an instance that was away too long finds the positions moved, and drops what it had.
//!
//! One thread polls the consumer, since a rebalance has to be answered there. Each partition group has
//! one task that applies its batches in order. Between them is room for one batch; while it is
//! taken and the next one is full, the group's partitions are paused.

mod assignment;
mod consume;
mod eventless;
mod forward;
mod group;
pub mod marks;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Projector;
use super::drive::{ProjectorError, prune_changes};
use crate::catalogue::live::Live;
use crate::config::Topics;
use crate::log::LogError;
use crate::log::kafka::KafkaLog;
pub(crate) use consume::record;
use group::Works;

/// How the topics are consumed.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    pub topics: Topics,
    pub batch_max_events: usize,
    pub batch_max_bytes: usize,
    /// And while there is no backlog.
    pub live_batch_max_events: usize,
    /// Tasks that apply events, each for its own partitions.
    pub partition_groups: usize,
    /// How long a batch may take to be finished when its partitions go to another instance.
    pub drain: Duration,
    /// Go on where events are no longer in the log, instead of stopping the partition.
    pub accept_missing_events: bool,
}

/// Projects until told to stop; ends earlier only for what does not pass by itself.
pub async fn run(
    projector: Arc<Projector>,
    log: Arc<KafkaLog>,
    options: KafkaOptions,
    live: Live,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    let mut beside = Beside { tasks: JoinSet::new(), stop: stop.clone() };
    if let Some(topic) = log.settings().dead_letter_topic.clone() {
        let (projector, log, live) = (Arc::clone(&projector), Arc::clone(&log), live.clone());
        let stop = stop.clone();
        beside.start(async move { forward::run(&projector, &log, &topic, &live, &stop).await });
    }
    let runtime = tokio::runtime::Handle::current();
    let (pruning, until) = (Arc::clone(&projector), stop.clone());
    beside.start(async move {
        match until.run_until_cancelled(prune_changes(&pruning)).await {
            Some(never) => match never {},
            None => Ok(()),
        }
    });
    let works = Works { projector, options, live, runtime, stop: stop.clone() };
    let polled = tokio::task::spawn_blocking(move || consume::run(log, works)).await;
    // The others hear of the same stop, which comes with every end.
    stop.cancel();
    let others = beside.end().await;
    polled.map_err(|error| ended("consuming", &error))?.and(others)
}

/// Tasks beside the one that polls. However one of them ends, the whole projector does.
struct Beside {
    tasks: JoinSet<Result<(), ProjectorError>>,
    stop: CancellationToken,
}

impl Beside {
    fn start<T>(&mut self, task: T)
    where
        T: Future<Output = Result<(), ProjectorError>> + Send + 'static,
    {
        let stop = self.stop.clone().drop_guard();
        self.tasks.spawn(async move {
            // Also where it panics.
            let _stop = stop;
            task.await
        });
    }

    /// Waits for all of them; answers the first failure.
    async fn end(mut self) -> Result<(), ProjectorError> {
        let mut first = Ok(());
        while let Some(task) = self.tasks.join_next().await {
            let ended = task.unwrap_or_else(|e| Err(ended("a task of the projector", &e).into()));
            first = first.and(ended);
        }
        first
    }
}

fn ended(what: &str, error: &tokio::task::JoinError) -> LogError {
    LogError::Refused(format!("{what} ended: {error}"))
}
