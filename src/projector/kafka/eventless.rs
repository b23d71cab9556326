//! Offsets without an event: the marks at the ends of transactions, and what was undone with one. The
//! consumer says nothing of them, so a view would seem to lag behind for ever where a log ends with
//! them. Where a partition stands still before the log's end, it is looked at whether an event is in
//! between; where none is, the position moves on.
//!
//! What is found out stays true: offsets before the end that consumers see are final. So it does not
//! matter what became of the partition meanwhile, as long as it stands where it was looked at.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::assignment::Assignment;
use crate::log::LogError;
use crate::log::kafka::{Broker, KafkaLog, Purpose, log_error};
use crate::log::position::Partition;

/// How often partitions are looked at that stand still.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long one may take.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// Those that are read at a time; each takes a connection of its own.
const READ_AT_ONCE: usize = 16;

/// Offsets from the first up to the second hold no event.
pub type Eventless = (Partition, i64, i64);

/// Looks at partitions that stand still, beside the thread that polls.
pub struct Looking {
    log: Arc<KafkaLog>,
    runtime: Handle,
    /// Where partitions stood at the last look.
    stood: Vec<(Partition, i64)>,
    looked_at: Instant,
    task: Option<JoinHandle<Result<Vec<Eventless>, LogError>>>,
}

impl Looking {
    pub fn new(log: Arc<KafkaLog>, runtime: Handle) -> Looking {
        Looking { log, runtime, stood: Vec::new(), looked_at: Instant::now(), task: None }
    }

    /// Takes up what was found out, and looks again when it is time.
    pub fn turn(&mut self, assignment: &Mutex<Assignment>) {
        if let Some(task) = self.task.take_if(|task| task.is_finished()) {
            match self.runtime.block_on(task) {
                Ok(Ok(found)) => {
                    let mut assignment = assignment.lock().unwrap_or_else(PoisonError::into_inner);
                    for eventless in found {
                        assignment.pass(&eventless);
                    }
                }
                Ok(Err(error)) => tracing::debug!(%error, "ends of partitions cannot be looked at"),
                Err(ended) => tracing::error!(%ended, "looking at ends of partitions has ended"),
            }
        }
        if self.task.is_some() || self.looked_at.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked_at = Instant::now();
        let standing = assignment.lock().unwrap_or_else(PoisonError::into_inner).standing();
        let still = standing.iter().filter(|s| self.stood.contains(s)).cloned().collect::<Vec<_>>();
        self.stood = standing;
        if !still.is_empty() {
            self.task = Some(self.runtime.spawn(look(Arc::clone(&self.log), still)));
        }
    }
}

async fn look(
    log: Arc<KafkaLog>,
    still: Vec<(Partition, i64)>,
) -> Result<Vec<Eventless>, LogError> {
    let mut behind = log.behind(still).await?;
    behind.truncate(READ_AT_ONCE);
    let read = move || {
        let found =
            behind.into_iter().filter_map(|eventless| match is_eventless(&log, &eventless) {
                Ok(true) => Some(eventless),
                Ok(false) => None,
                Err(error) => {
                    tracing::debug!(%error, "a partition's end cannot be read");
                    None
                }
            });
        found.collect()
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.map_err(|error| LogError::Refused(format!("reading ended: {error}")))
}

/// Whether a consumer comes to the end without an event. Each has a consumer of its own: an end that
/// is told of names no topic.
fn is_eventless(log: &KafkaLog, (partition, from, to): &Eventless) -> Result<bool, LogError> {
    let settings = log.settings();
    let consumer: BaseConsumer<Broker> = settings.create(Purpose::Look, log.broker().clone())?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(*from))
        .map_err(|error| log_error(&error))?;
    consumer.assign(&list).map_err(|error| log_error(&error))?;
    let started = Instant::now();
    while started.elapsed() < READ_WITHIN {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => return Ok(message.offset() >= *to),
            // The end that is told of is no earlier than the one that was asked for before.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(true),
            Some(Err(error)) => return Err(log_error(&error)),
            None => {}
        }
    }
    Ok(false)
}
