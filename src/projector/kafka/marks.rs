//! Whether topics still hold what was projected: offsets do not tell a topic from one of the same name that was made anew.
//! The last event of each partition is read again, when the partition is begun with and now and then, and compared with
//! the fingerprint that the store has.
//!
//! Kafka gives topics ids, but librdkafka's safe bindings do not tell them. A fingerprint has the message's timestamp in it, so
//! that the same events in a new topic are another log, too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::assignment::Assignment;
use super::consume::record;
use crate::log::LogError;
use crate::log::kafka::{Broker, KafkaLog, Purpose, log_error};
use crate::log::position::Partition;
use crate::projector::drive::ProjectorError;
use crate::store::{Mark, ReadStore};

/// How often the last events of all partitions are read again.
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// How long reading those of one topic may take.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Those of the partitions whose event at the mark is another one now. An event that is gone, as compaction and retention
/// have it, says nothing.
///
/// # Errors
/// Where the brokers do not answer in time.
pub fn changed(log: &KafkaLog, marks: &[(Partition, Mark)]) -> Result<Vec<Partition>, LogError> {
    let mut by_topic: BTreeMap<&str, BTreeMap<i32, Mark>> = BTreeMap::new();
    for (Partition { topic, partition }, mark) in marks {
        by_topic.entry(topic).or_default().insert(*partition, *mark);
    }
    let mut changed = Vec::new();
    for (topic, marks) in by_topic {
        // An end of a partition that is told of names no topic: each has a consumer of its own.
        for partition in changed_in(log, topic, marks)? {
            changed.push(Partition { topic: topic.to_owned(), partition });
        }
    }
    Ok(changed)
}

fn changed_in(
    log: &KafkaLog,
    topic: &str,
    mut marks: BTreeMap<i32, Mark>,
) -> Result<Vec<i32>, LogError> {
    let consumer: BaseConsumer<Broker> =
        log.settings().create(Purpose::Look, log.broker().clone())?;
    let mut list = TopicPartitionList::new();
    for (partition, mark) in &marks {
        list.add_partition_offset(topic, *partition, Offset::Offset(mark.offset))
            .map_err(|error| log_error(&error))?;
    }
    consumer.assign(&list).map_err(|error| log_error(&error))?;
    let (started, mut changed) = (Instant::now(), Vec::new());
    while !marks.is_empty() {
        if started.elapsed() >= READ_WITHIN {
            return Err(LogError::Unavailable(format!(
                "the last events of {topic} cannot be read again within {READ_WITHIN:?}"
            )));
        }
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let Some(mark) = marks.remove(&message.partition()) else { continue };
                let is_it = message.offset() == mark.offset;
                if is_it && record(&message).fingerprint() != mark.fingerprint {
                    changed.push(message.partition());
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                marks.remove(&partition);
            }
            Some(Err(error)) => return Err(log_error(&error)),
            None => {}
        }
    }
    Ok(changed)
}

/// Checks all partitions now and then, beside the thread that polls.
pub struct Checking {
    log: Arc<KafkaLog>,
    store: Arc<dyn ReadStore>,
    runtime: Handle,
    checked_at: Instant,
    task: Option<JoinHandle<Result<Vec<Partition>, ProjectorError>>>,
}

impl Checking {
    pub fn new(log: Arc<KafkaLog>, store: Arc<dyn ReadStore>, runtime: Handle) -> Checking {
        Checking { log, store, runtime, checked_at: Instant::now(), task: None }
    }

    /// Takes up what was found, and checks again when it is time.
    ///
    /// # Errors
    /// What does not pass.
    pub fn turn<C: ConsumerContext>(
        &mut self,
        assignment: &Mutex<Assignment>,
        consumer: &BaseConsumer<C>,
    ) -> Result<(), ProjectorError> {
        if let Some(task) = self.task.take_if(|task| task.is_finished()) {
            match self.runtime.block_on(task) {
                Ok(Ok(changed)) if changed.is_empty() => {}
                Ok(Ok(changed)) => {
                    let mut assignment = assignment.lock().unwrap_or_else(PoisonError::into_inner);
                    assignment.begin_again(consumer, &changed)?;
                }
                Ok(Err(error)) => tracing::debug!(%error, "last events cannot be read again"),
                Err(ended) => tracing::error!(%ended, "reading last events again has ended"),
            }
        }
        if self.task.is_none() && self.checked_at.elapsed() >= CHECK_EVERY {
            self.checked_at = Instant::now();
            let active = assignment.lock().unwrap_or_else(PoisonError::into_inner).active();
            let (log, store) = (Arc::clone(&self.log), Arc::clone(&self.store));
            self.task = Some(self.runtime.spawn(check(log, store, active)));
        }
        Ok(())
    }
}

async fn check(
    log: Arc<KafkaLog>,
    store: Arc<dyn ReadStore>,
    active: Vec<Partition>,
) -> Result<Vec<Partition>, ProjectorError> {
    let standings = store.snapshot_fresh().await?.standings().await?;
    let marks: Vec<(Partition, Mark)> = standings
        .into_iter()
        .filter(|standing| active.contains(&standing.partition))
        .filter_map(|standing| Some((standing.partition, standing.last?)))
        .collect();
    let read = tokio::task::spawn_blocking(move || changed(&log, &marks)).await;
    let read = read.map_err(|e| LogError::Refused(format!("reading last events ended: {e}")))?;
    Ok(read?)
}
