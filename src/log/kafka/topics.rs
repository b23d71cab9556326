//! What the topics hold, and topics made anew.

use std::collections::HashMap;
use std::time::{Duration, Instant as Clock};

use projections::event::Kind;
use projections::instant::Instant;
use rdkafka::Message;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::{ASK_TIMEOUT, Broker, KafkaLog, KafkaSettings, Purpose, log_error};
use crate::backoff::Backoff;
use crate::log::position::Partition;
use crate::log::{EventLog, Extent, LogError};

pub const TOPIC_MISSING: &str =
    "a topic of the configuration does not exist: create it, or run `vitrine migrate --topics`";

/// How long the oldest waiting events are looked for.
const LOOK_FOR_OLDEST: Duration = Duration::from_secs(3);

/// What all partitions of the topics hold.
pub fn extents(
    look: &BaseConsumer<Broker>,
    settings: &KafkaSettings,
) -> Result<Vec<Extent>, LogError> {
    let mut extents = Vec::new();
    for kind in Kind::ALL {
        for partition in partitions(look, settings.topics.of(kind))? {
            extents.push(extent(look, partition)?);
        }
    }
    Ok(extents)
}

/// A topic's partitions; none where it does not exist.
fn partitions(look: &BaseConsumer<Broker>, topic: &str) -> Result<Vec<Partition>, LogError> {
    let metadata = look.fetch_metadata(Some(topic), ASK_TIMEOUT).map_err(|e| log_error(&e))?;
    let partitions = metadata.topics().iter().filter(|t| t.name() == topic).flat_map(|t| {
        t.partitions().iter().map(|p| Partition { topic: topic.to_owned(), partition: p.id() })
    });
    Ok(partitions.collect())
}

/// What a partition holds.
pub fn extent<C: rdkafka::consumer::ConsumerContext>(
    look: &BaseConsumer<C>,
    partition: Partition,
) -> Result<Extent, LogError> {
    let (first, next) = look
        .fetch_watermarks(&partition.topic, partition.partition, ASK_TIMEOUT)
        .map_err(|error| log_error(&error))?;
    Ok(Extent { partition, first, next })
}

/// Of these positions, those before the end that consumers see, each with that end.
pub fn behind(
    look: &BaseConsumer<Broker>,
    at: &[(Partition, i64)],
) -> Result<Vec<(Partition, i64, i64)>, LogError> {
    let mut list = TopicPartitionList::new();
    for (partition, _) in at {
        list.add_partition_offset(&partition.topic, partition.partition, Offset::End)
            .map_err(|error| log_error(&error))?;
    }
    let ends = look.offsets_for_times(list, ASK_TIMEOUT).map_err(|error| log_error(&error))?;
    let end = |partition: &Partition| {
        let end = ends.find_partition(&partition.topic, partition.partition)?;
        end.error().ok()?;
        end.offset().to_raw()
    };
    let behind = at.iter().filter_map(|(partition, next)| {
        let end = end(partition).filter(|end| end > next)?;
        Some((partition.clone(), *next, end))
    });
    Ok(behind.collect())
}

/// A partition with events that are not projected yet.
pub struct Waiting {
    partition: Partition,
    from: i64,
    pub events: i64,
}

pub fn waiting(extents: &[Extent], next: &[(Partition, i64)]) -> Vec<Waiting> {
    let next: HashMap<&Partition, i64> = next.iter().map(|(p, next)| (p, *next)).collect();
    let waiting = |extent: &Extent| {
        let from = next.get(&extent.partition).copied().unwrap_or(0).max(extent.first);
        let events = extent.next - from;
        (events > 0).then(|| Waiting { partition: extent.partition.clone(), from, events })
    };
    extents.iter().filter_map(waiting).collect()
}

/// When the oldest of the waiting events was written: the first of each partition is read.
/// `None` where only offsets wait that hold no event, such as a transaction's end.
pub fn oldest(
    settings: &KafkaSettings,
    broker: Broker,
    waiting: &[Waiting],
) -> Result<Option<Instant>, LogError> {
    let consumer: BaseConsumer<Broker> = settings.create(Purpose::Look, broker)?;
    let mut list = TopicPartitionList::new();
    for Waiting { partition, from, .. } in waiting {
        list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(*from))
            .map_err(|error| log_error(&error))?;
    }
    consumer.assign(&list).map_err(|error| log_error(&error))?;
    let deadline = Clock::now() + LOOK_FOR_OLDEST;
    let mut first: HashMap<(String, i32), i64> = HashMap::new();
    while first.len() < waiting.len() && Clock::now() < deadline {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            let at = message.timestamp().to_millis().unwrap_or(i64::MAX);
            first.entry((message.topic().to_owned(), message.partition())).or_insert(at);
        }
    }
    Ok(first.into_values().filter(|at| *at != i64::MAX).min().map(Instant))
}

/// What became of a topic that was to be created.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CreatedTopic {
    pub topic: String,
    /// False: it was there already.
    pub created: bool,
}

/// What a topic that is created takes: an event of 1 MiB beside its key and headers, which is more than brokers take by
/// default, and a dead letter that is larger.
pub const MAX_MESSAGE_BYTES: &str = "2097152";

/// How long all brokers may take to know of new topics.
const TOPICS_WITHIN: Duration = Duration::from_secs(60);

impl KafkaLog {
    /// Creates the topics that are missing, with as many replicas as the brokers have as default.
    pub async fn create_topics(&self, partitions: i32) -> Result<Vec<CreatedTopic>, LogError> {
        // Brokers that do not answer are told of sooner, and with the reason. A topic that another command has just made
        // may not be known to all of them.
        match self.extents().await {
            Ok(_) | Err(LogError::TopicMissing(_)) => {}
            Err(error) => return Err(error),
        }
        let admin: AdminClient<Broker> =
            self.settings().create(Purpose::Look, self.broker().clone())?;
        let topics = &self.settings().topics;
        let mut names: Vec<&str> = Kind::ALL.into_iter().map(|kind| topics.of(kind)).collect();
        names.extend(self.settings().dead_letter_topic.as_deref());
        let new: Vec<NewTopic<'_>> = names
            .iter()
            .map(|name| {
                NewTopic::new(name, partitions, TopicReplication::Fixed(-1))
                    .set("max.message.bytes", MAX_MESSAGE_BYTES)
            })
            .collect();
        let options = AdminOptions::new()
            .request_timeout(Some(ASK_TIMEOUT * 4))
            .operation_timeout(Some(ASK_TIMEOUT * 4));
        let results =
            admin.create_topics(&new, &options).await.map_err(|error| log_error(&error))?;
        let created = results.into_iter().map(|result| match result {
            Ok(topic) => Ok(CreatedTopic { topic, created: true }),
            Err((topic, RDKafkaErrorCode::TopicAlreadyExists)) => {
                Ok(CreatedTopic { topic, created: false })
            }
            Err((topic, code)) => {
                Err(LogError::Refused(format!("topic {topic} cannot be created: {code}")))
            }
        });
        let created = created.collect::<Result<Vec<_>, _>>()?;
        self.wait_for_topics().await?;
        Ok(created)
    }

    /// Brokers know of a new topic a little later; where they are busy, much later.
    async fn wait_for_topics(&self) -> Result<(), LogError> {
        let started = Clock::now();
        let (mut backoff, never) = (Backoff::default(), CancellationToken::new());
        loop {
            let error = match self.ask(all_there).await {
                Ok(true) => return Ok(()),
                Ok(false) => LogError::Unavailable("new topics are not there yet".to_owned()),
                Err(error) => error,
            };
            let passes = error.is_away() || matches!(error, LogError::TopicMissing(_));
            if !passes || started.elapsed() > TOPICS_WITHIN {
                return Err(error);
            }
            backoff.wait(&never).await;
        }
    }
}

/// Whether every topic of the configuration has partitions, and each of these a leader.
fn all_there(look: &BaseConsumer<Broker>, settings: &KafkaSettings) -> Result<bool, LogError> {
    let of_kind = |kind| Ok(!partitions(look, settings.topics.of(kind))?.is_empty());
    let there = Kind::ALL.into_iter().map(of_kind).collect::<Result<Vec<_>, LogError>>()?;
    Ok(there.into_iter().all(|there| there) && extents(look, settings).is_ok())
}
