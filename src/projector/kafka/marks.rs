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
use crate::log::kafka::{Broker, KafkaLog, Purpose, log_error};
use crate::log::position::Partition;
use crate::log::{LogError, REBUILD_FROM_IT};
use crate::projector::drive::ProjectorError;
use crate::store::{Mark, ReadStore};

/// How often the last events of all partitions are read again.
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// How soon those of a partition that was never checked.
const CHECK_NEW_EVERY: Duration = Duration::from_secs(2);
/// How long reading those of one topic may take.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Those of the marks whose event is another one now. An event that is gone, as compaction and retention
/// have it, says nothing.
///
/// # Errors
/// Where the brokers do not answer in time.
pub fn changed(
    log: &KafkaLog,
    marks: &[(Partition, Mark)],
) -> Result<Vec<(Partition, Mark)>, LogError> {
    let mut by_topic: BTreeMap<&str, BTreeMap<i32, Mark>> = BTreeMap::new();
    for (Partition { topic, partition }, mark) in marks {
        by_topic.entry(topic).or_default().insert(*partition, *mark);
    }
    let mut changed = Vec::new();
    for (topic, marks) in by_topic {
        // An end of a partition that is told of names no topic: each has a consumer of its own.
        for (partition, mark) in changed_in(log, topic, marks)? {
            changed.push((Partition { topic: topic.to_owned(), partition }, mark));
        }
    }
    Ok(changed)
}

/// Why nothing more is projected of a partition whose event at a mark is another one.
pub fn made_anew(mark: Mark) -> String {
    let offset = mark.offset;
    format!(
        "event {offset} is not the one that was projected: the topic was made anew. {REBUILD_FROM_IT}"
    )
}

fn changed_in(
    log: &KafkaLog,
    topic: &str,
    mut marks: BTreeMap<i32, Mark>,
) -> Result<Vec<(i32, Mark)>, LogError> {
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
                    changed.push((message.partition(), mark));
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

/// What a check came to.
struct Checked {
    /// Partitions of topics that were made anew, each with the last event that is known to be of the topic before.
    changed: Vec<(Partition, Mark)>,
    /// The last events that are known to be of the topic that is projected; `None` where nothing was.
    seen: BTreeMap<Partition, Option<Mark>>,
}

/// Checks all partitions now and then, beside the thread that polls.
pub struct Checking {
    log: Arc<KafkaLog>,
    store: Arc<dyn ReadStore>,
    runtime: Handle,
    /// The last events as the last check found them. A topic may be made anew and filled so fast that events of it are
    /// projected before anybody looks: these are of the topic before.
    seen: BTreeMap<Partition, Option<Mark>>,
    looked_at: Instant,
    checked_at: Instant,
    task: Option<JoinHandle<Result<Checked, ProjectorError>>>,
}

impl Checking {
    pub fn new(log: Arc<KafkaLog>, store: Arc<dyn ReadStore>, runtime: Handle) -> Checking {
        let (seen, now) = (BTreeMap::new(), Instant::now());
        Checking { log, store, runtime, seen, looked_at: now, checked_at: now, task: None }
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
                Ok(Ok(Checked { changed, seen })) => {
                    let known = seen.values().flatten().count();
                    tracing::debug!(known, "last events were read again");
                    self.seen = seen;
                    let mut assignment = assignment.lock().unwrap_or_else(PoisonError::into_inner);
                    assignment.begin_again(consumer, &changed)?;
                }
                Ok(Err(error)) => tracing::debug!(%error, "last events cannot be read again"),
                Err(ended) => tracing::error!(%ended, "reading last events again has ended"),
            }
        }
        if self.task.is_none() && self.looked_at.elapsed() >= CHECK_NEW_EVERY {
            self.looked_at = Instant::now();
            let active = assignment.lock().unwrap_or_else(PoisonError::into_inner).active();
            let all_seen = active.iter().all(|partition| self.seen.contains_key(partition));
            if !all_seen || self.checked_at.elapsed() >= CHECK_EVERY {
                self.checked_at = Instant::now();
                let (log, store) = (Arc::clone(&self.log), Arc::clone(&self.store));
                self.task = Some(self.runtime.spawn(check(log, store, active, self.seen.clone())));
            }
        }
        Ok(())
    }
}

async fn check(
    log: Arc<KafkaLog>,
    store: Arc<dyn ReadStore>,
    active: Vec<Partition>,
    mut before: BTreeMap<Partition, Option<Mark>>,
) -> Result<Checked, ProjectorError> {
    before.retain(|partition, _| active.contains(partition));
    // First where the store stands: what is found of the marks before holds for these, too.
    let mut seen: BTreeMap<Partition, Option<Mark>> =
        active.into_iter().map(|partition| (partition, None)).collect();
    for standing in store.snapshot_fresh().await?.standings().await? {
        if let Some(mark) = seen.get_mut(&standing.partition) {
            *mark = standing.last;
        }
    }
    let read = tokio::task::spawn_blocking(move || {
        let mut changed_ones = changed(&log, &of_events(&before))?;
        seen.retain(|partition, _| !changed_ones.iter().any(|(changed, _)| changed == partition));
        let newer = seen.iter().filter(|(partition, mark)| before.get(partition) != Some(mark));
        let newer = newer.map(|(partition, mark)| (partition.clone(), *mark)).collect();
        changed_ones.extend(changed(&log, &of_events(&newer))?);
        // A partition that cannot be stopped now is found again by the next check.
        seen.extend(changed_ones.iter().map(|(partition, mark)| (partition.clone(), Some(*mark))));
        Ok::<Checked, LogError>(Checked { changed: changed_ones, seen })
    });
    let read = read.await;
    Ok(read.map_err(|e| LogError::Refused(format!("reading last events ended: {e}")))??)
}

fn of_events(marks: &BTreeMap<Partition, Option<Mark>>) -> Vec<(Partition, Mark)> {
    marks.iter().filter_map(|(partition, mark)| Some((partition.clone(), (*mark)?))).collect()
}
