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

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Projector;
use super::drive::{ProjectorError, Traffic, Turns, fan_out, prepare};
use crate::config::Topics;
use crate::generations::Live;
use crate::log::LogError;
use crate::log::kafka::KafkaLog;
use crate::log::position::Partition;
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
    /// Tasks that fan out beside them.
    pub fanout_tasks: usize,
    pub fanout_max_delay: Duration,
    /// How often an idle projector looks for what others have left behind.
    pub look_every: Duration,
    /// How long a batch may take to be finished when its partitions go to another instance.
    pub drain: Duration,
    /// Go on where events are no longer in the log, instead of stopping the partition.
    pub accept_missing_events: bool,
}

/// What keeps a projector from going on, for those who look.
#[derive(Clone, Default)]
pub struct Consumption(Arc<Mutex<Troubles>>);

#[derive(Default)]
struct Troubles {
    /// Something that is waited for.
    waits_for: Option<String>,
    /// Partitions that are not consumed, and why.
    stopped: Vec<(Partition, String)>,
}

impl Consumption {
    /// What is waited for, and which partitions have stopped.
    pub fn troubles(&self) -> Vec<String> {
        let troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = troubles
            .stopped
            .iter()
            .map(|(p, why)| format!("partition {}:{} is stopped: {why}", p.topic, p.partition));
        troubles.waits_for.iter().cloned().chain(stopped).collect()
    }

    fn wait_for(&self, what: Option<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).waits_for = what;
    }

    fn stop(&self, partition: Partition, why: String) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.stopped.retain(|(p, _)| *p != partition);
        troubles.stopped.push((partition, why));
    }

    fn go_on(&self, partition: &Partition) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.stopped.retain(|(p, _)| p != partition);
    }
}

/// Projects until told to stop; ends earlier only for what does not pass by itself.
pub async fn run(
    projector: Arc<Projector>,
    log: Arc<KafkaLog>,
    options: KafkaOptions,
    consumption: Consumption,
    live: Live,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    prepare(&projector, &stop).await?;
    let forwarding = log.settings().dead_letter_topic.clone().map(|topic| {
        let (store, log, live) = (Arc::clone(projector.store()), Arc::clone(&log), live.clone());
        tokio::spawn(forward::run(store, log, topic, live, stop.clone()))
    });
    let runtime = tokio::runtime::Handle::current();
    let traffic = Arc::new(Traffic::default());
    let turns =
        Turns { fanout_max_delay: options.fanout_max_delay, look_every: options.look_every };
    let mut fanning_out = JoinSet::new();
    for task in 0..options.fanout_tasks.max(1) {
        let (projector, traffic) = (Arc::clone(&projector), Arc::clone(&traffic));
        let stop = stop.clone();
        fanning_out.spawn(async move {
            let ended = fan_out(&projector, turns, &traffic, task == 0, &stop).await;
            // An error that does not pass ends the whole projector.
            stop.cancel();
            ended
        });
    }
    let works = Works { projector, options, traffic, live, runtime, stop: stop.clone() };
    let polling = tokio::task::spawn_blocking(move || consume::run(log, works, consumption));
    let polled = polling.await.map_err(|error| ended("consuming", &error))?;
    // The others hear of the same stop, which comes with every end.
    stop.cancel();
    while let Some(fanned_out) = fanning_out.join_next().await {
        fanned_out.map_err(|error| ended("fanning out", &error))??;
    }
    if let Some(forwarding) = forwarding {
        forwarding.await.map_err(|error| ended("forwarding dead letters", &error))??;
    }
    polled
}

fn ended(what: &str, error: &tokio::task::JoinError) -> LogError {
    LogError::Refused(format!("{what} ended: {error}"))
}
