//! Kafka's topics: one consumer each, since librdkafka does not say of which topic a partition has ended.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use projections::event::Kind;
use rdkafka::Message;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{BATCH_EVENTS, Span, gone};
use crate::log::kafka::{ASK_TIMEOUT, Broker, KafkaLog, Purpose, log_error};
use crate::log::position::Partition;
use crate::log::record::Record;
use crate::log::{EventLog, Extent, LogError};
use crate::projector::kafka::record;
use crate::rebuild::decode::{Raw, RawRecord};
use crate::rebuild::{RebuildError, blocking};

/// How long a poll waits for an event.
const POLL: Duration = Duration::from_millis(100);
/// Messages that are taken, where they are there, before it is looked whether a batch is full, or all is read.
const POLLS: usize = 64;
/// A batch is handed over after this long even if it is not full.
const BATCH_FOR: Duration = Duration::from_millis(200);
/// How long single messages are looked for.
const AGAIN_WITHIN: Duration = Duration::from_secs(30);

pub async fn spans(log: &KafkaLog) -> Result<Vec<Span>, RebuildError> {
    let extents = log.extents().await?;
    let topics = &log.settings().topics;
    for topic in Kind::ALL.map(|kind| topics.of(kind)) {
        if !extents.iter().any(|extent| extent.partition.topic == topic) {
            return Err(RebuildError::Incomplete(format!(
                "the topic {topic} does not exist: create it, or run `vitrine migrate --topics`"
            )));
        }
    }
    check_whole(log, &extents).await?;
    // What consumers see ends before a transaction that is open.
    let all = extents.iter().map(|extent| (extent.partition.clone(), extent.first)).collect();
    let ends = log.behind(all).await?;
    let spans = extents.into_iter().filter_map(|Extent { partition, first, .. }| {
        let kind = topics.kind(&partition.topic)?;
        let end = ends.iter().find(|(p, ..)| *p == partition).map_or(first, |(_, _, end)| *end);
        Some(Span { partition, kind, first, next: first, end })
    });
    Ok(spans.collect())
}

/// A topic whose first events are gone has the last version of every entity only if it is compacted, and nothing but
/// that deletes events.
async fn check_whole(log: &KafkaLog, extents: &[Extent]) -> Result<(), RebuildError> {
    let mut cut: Vec<&Extent> = extents.iter().filter(|extent| extent.first > 0).collect();
    cut.dedup_by(|a, b| a.partition.topic == b.partition.topic);
    if cut.is_empty() {
        return Ok(());
    }
    let admin: AdminClient<Broker> = log.settings().create(Purpose::Look, log.broker().clone())?;
    let asked: Vec<ResourceSpecifier<'_>> =
        cut.iter().map(|extent| ResourceSpecifier::Topic(&extent.partition.topic)).collect();
    let options = AdminOptions::new().request_timeout(Some(ASK_TIMEOUT));
    let told = admin.describe_configs(&asked, &options).await.map_err(|e| log_error(&e))?;
    for (extent, told) in cut.into_iter().zip(told) {
        let Extent { partition: Partition { topic, partition }, first, .. } = extent;
        let config = told.map_err(|code| {
            RebuildError::Incomplete(format!(
                "{topic}:{partition} begins at offset {first}, and the brokers do not tell whether the topic is \
                 compacted ({code}): allow DescribeConfigs on the topic {topic}"
            ))
        })?;
        let value = |name| config.get(name).and_then(|e| e.value.as_deref()).unwrap_or_default();
        let policy = value("cleanup.policy");
        let forever = value("retention.ms") == "-1" && value("retention.bytes") == "-1";
        if !policy.contains("compact") || policy.contains("delete") && !forever {
            return Err(RebuildError::Incomplete(format!(
                "{topic}:{partition} begins at offset {first}: retention has deleted the events before it \
                 (cleanup.policy = {policy}), and a view built without them would lack entities. Publish everything \
                 again into a new topic with retention.ms = -1 or cleanup.policy = compact, and rebuild from that"
            )));
        }
    }
    Ok(())
}

pub async fn read(
    log: Arc<KafkaLog>,
    spans: Vec<Span>,
    batch_bytes: usize,
    batches: mpsc::Sender<Raw>,
    stop: CancellationToken,
) -> Result<(), RebuildError> {
    let mut topics: Vec<(String, Vec<(u32, Span)>)> = Vec::new();
    for (number, span) in (0..).zip(spans).filter(|(_, span)| !span.is_read()) {
        match topics.iter_mut().find(|(topic, _)| *topic == span.partition.topic) {
            Some((_, of_topic)) => of_topic.push((number, span)),
            None => topics.push((span.partition.topic.clone(), vec![(number, span)])),
        }
    }
    // One that fails ends the others.
    let ends = stop.child_token();
    let readers: Vec<_> = topics
        .into_iter()
        .map(|(_, spans)| {
            let (log, batches, ends) = (Arc::clone(&log), batches.clone(), ends.clone());
            blocking(move || {
                let read =
                    Topic::new(&log, spans, batch_bytes).and_then(|mut t| t.read(&batches, &ends));
                if read.is_err() {
                    ends.cancel();
                }
                read
            })
        })
        .collect();
    drop(batches);
    futures_util::future::join_all(readers).await.into_iter().collect()
}

/// The partitions of one topic, as they are read.
struct Topic {
    consumer: BaseConsumer<Broker>,
    broker: Broker,
    spans: Vec<(u32, Span)>,
    records: Vec<RawRecord>,
    bytes: usize,
    batch_bytes: usize,
}

impl Topic {
    fn new(
        log: &KafkaLog,
        spans: Vec<(u32, Span)>,
        batch_bytes: usize,
    ) -> Result<Topic, RebuildError> {
        let broker = log.broker().clone();
        let consumer: BaseConsumer<Broker> =
            log.settings().create(Purpose::Replay, broker.clone())?;
        let mut list = TopicPartitionList::with_capacity(spans.len());
        for (_, span) in &spans {
            let Partition { topic, partition } = &span.partition;
            list.add_partition_offset(topic, *partition, Offset::Offset(span.next))
                .map_err(|error| log_error(&error))?;
        }
        consumer.assign(&list).map_err(|error| log_error(&error))?;
        Ok(Topic { consumer, broker, spans, records: Vec::new(), bytes: 0, batch_bytes })
    }

    fn read(
        &mut self,
        batches: &mpsc::Sender<Raw>,
        stop: &CancellationToken,
    ) -> Result<(), RebuildError> {
        let mut begun = Clock::now();
        while !stop.is_cancelled() && self.spans.iter().any(|(_, span)| !span.is_read()) {
            let mut wait = POLL;
            for _ in 0..POLLS {
                if !self.poll(wait)? {
                    break;
                }
                wait = Duration::ZERO;
            }
            let full = self.records.len() >= BATCH_EVENTS || self.bytes >= self.batch_bytes;
            if full || begun.elapsed() >= BATCH_FOR {
                begun = Clock::now();
                if !self.hand_over(batches) {
                    return Ok(());
                }
            }
        }
        self.hand_over(batches);
        Ok(())
    }

    /// Takes the next message. Whether another one may be taken at once.
    fn poll(&mut self, wait: Duration) -> Result<bool, RebuildError> {
        match self.consumer.poll(wait) {
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let record = record(&message);
                drop(message);
                let more = self.take(partition, offset, record)?;
                return Ok(more && self.bytes < self.batch_bytes);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => self.ended(partition)?,
            Some(Err(error)) => self.failed(&error)?,
            None => {}
        }
        Ok(false)
    }

    /// Whether more of its partition is to come.
    fn take(&mut self, partition: i32, offset: i64, record: Record) -> Result<bool, RebuildError> {
        let Some((number, span)) = self.span(partition) else { return Ok(true) };
        if offset < span.next || span.is_read() {
            return Ok(true);
        }
        if offset >= span.end {
            // What lies between holds no event.
            return self.ended(partition).map(|()| false);
        }
        span.next = offset + 1;
        let (number, read) = (*number, span.is_read());
        self.bytes += record.bytes();
        self.records.push(RawRecord { partition: number, offset, record });
        if read {
            self.pause(partition)?;
        }
        Ok(!read)
    }

    /// Everything before its end has come: also where that are the marks of transactions.
    fn ended(&mut self, partition: i32) -> Result<(), RebuildError> {
        let Some((_, span)) = self.span(partition) else { return Ok(()) };
        span.next = span.next.max(span.end);
        self.pause(partition)
    }

    /// Nothing more of it is fetched.
    fn pause(&mut self, partition: i32) -> Result<(), RebuildError> {
        let Some((_, span)) = self.span(partition) else { return Ok(()) };
        let mut list = TopicPartitionList::new();
        list.add_partition(&span.partition.topic, partition);
        Ok(self.consumer.pause(&list).map_err(|error| log_error(&error))?)
    }

    fn span(&mut self, partition: i32) -> Option<&mut (u32, Span)> {
        self.spans.iter_mut().find(|(_, span)| span.partition.partition == partition)
    }

    /// False: nobody takes it any more.
    fn hand_over(&mut self, batches: &mpsc::Sender<Raw>) -> bool {
        let next = self.spans.iter().map(|(number, span)| (*number, span.next)).collect();
        self.bytes = 0;
        let records = std::mem::replace(&mut self.records, Vec::with_capacity(BATCH_EVENTS));
        if !records.is_empty() {
            self.broker.heard();
        }
        batches.blocking_send(Raw { records, next }).is_ok()
    }

    /// Most errors pass by themselves: librdkafka tries again, for as long as it takes.
    fn failed(&self, error: &KafkaError) -> Result<(), RebuildError> {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                let topic = self.spans.first().map(|(_, span)| span.partition.topic.as_str());
                Err(RebuildError::Incomplete(format!(
                    "events of {} were deleted while it was read: a view built without them would lack entities. \
                     Keep them longer (retention.ms), and rebuild again",
                    topic.unwrap_or("a topic")
                )))
            }
            Some(
                Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::TopicAuthorizationFailed
                | Code::Authentication
                | Code::SaslAuthenticationFailed
                | Code::UnsupportedSASLMechanism,
            ) => Err(log_error(error).into()),
            _ if matches!(error, KafkaError::MessageConsumptionFatal(_)) => {
                Err(LogError::Refused(error.to_string()).into())
            }
            _ => {
                tracing::debug!(%error, "reading from Kafka");
                Ok(())
            }
        }
    }
}

pub async fn again(
    log: Arc<KafkaLog>,
    partition: Partition,
    offsets: Vec<i64>,
) -> Result<Vec<Record>, RebuildError> {
    blocking(move || {
        let consumer: BaseConsumer<Broker> =
            log.settings().create(Purpose::Look, log.broker().clone())?;
        let mut records = Vec::with_capacity(offsets.len());
        let mut at = None;
        for offset in offsets {
            // Neighbours come by themselves.
            if at.is_none_or(|at| offset - at > BATCH_EVENTS as i64) {
                let mut list = TopicPartitionList::new();
                let Partition { topic, partition } = &partition;
                list.add_partition_offset(topic, *partition, Offset::Offset(offset))
                    .map_err(|error| log_error(&error))?;
                consumer.assign(&list).map_err(|error| log_error(&error))?;
            }
            records.push(one(&consumer, &partition, offset)?);
            at = Some(offset);
        }
        Ok(records)
    })
    .await
}

/// The message at this offset, which is to come.
fn one(
    consumer: &BaseConsumer<Broker>,
    partition: &Partition,
    offset: i64,
) -> Result<Record, RebuildError> {
    let started = Clock::now();
    while started.elapsed() < AGAIN_WITHIN {
        match consumer.poll(POLL) {
            Some(Ok(message)) if message.offset() == offset => return Ok(record(&message)),
            Some(Ok(message)) if message.offset() > offset => return Err(gone(partition, offset)),
            Some(Err(KafkaError::PartitionEOF(_))) => return Err(gone(partition, offset)),
            _ => {}
        }
    }
    Err(LogError::Unavailable(format!("{partition:?} is not read to offset {offset}")).into())
}
