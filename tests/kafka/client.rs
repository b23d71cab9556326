//! A plain client of Kafka beside the service: messages in, messages out, topics.

use std::time::{Duration, Instant as Clock};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, OwnedHeaders, OwnedMessage};
use rdkafka::producer::future_producer::Delivery;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

use crate::harness::production::server;
use crate::harness::{PATIENCE, eventually};

/// How long the broker may take for one request.
pub const WITHIN: Duration = PATIENCE;

/// A message to be sent; without a value it is a tombstone.
#[derive(Clone, Default)]
pub struct Message {
    pub topic: String,
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub headers: Vec<(&'static str, Option<String>)>,
    pub value: Option<Vec<u8>>,
}

impl Message {
    pub fn of(topic: &str, key: &str, value: impl Into<Vec<u8>>) -> Message {
        Message { value: Some(value.into()), ..Message::tombstone(topic, key) }
    }

    pub fn tombstone(topic: &str, key: &str) -> Message {
        let (topic, key) = (topic.to_owned(), Some(key.as_bytes().to_vec()));
        Message { topic, key, ..Message::default() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Message {
        self.headers.push((name, Some(value.into())));
        self
    }

    /// A header that is there and has no value.
    pub fn null_header(mut self, name: &'static str) -> Message {
        self.headers.push((name, None));
        self
    }

    pub fn in_partition(mut self, partition: i32) -> Message {
        self.partition = Some(partition);
        self
    }
}

pub fn config() -> ClientConfig {
    let url = server("TEST_KAFKA_URL");
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", url.strip_prefix("kafka://").unwrap());
    config
}

pub fn producer(settings: &[(&str, &str)]) -> FutureProducer {
    let mut config = config();
    config.set("partitioner", "murmur2_random").set("message.max.bytes", "2100000");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create().unwrap()
}

pub fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// Sends them in order; answers the position of each once it is written.
#[track_caller]
pub fn send_with(producer: &FutureProducer, messages: &[Message]) -> Vec<String> {
    let enqueued: Vec<_> = messages
        .iter()
        .map(|message| {
            let mut headers = OwnedHeaders::new();
            for (key, value) in &message.headers {
                headers = headers.insert(Header { key, value: value.as_ref() });
            }
            let mut record: FutureRecord<'_, [u8], [u8]> =
                FutureRecord::to(&message.topic).headers(headers);
            record.partition = message.partition;
            record.key = message.key.as_deref();
            record.payload = message.value.as_deref();
            producer.send_result(record).map_err(|(error, _)| error).unwrap()
        })
        .collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sent = enqueued.into_iter().zip(messages).map(|(delivery, message)| {
        let Delivery { partition, offset, .. } = runtime.block_on(delivery).unwrap().unwrap();
        format!("{}:{partition}:{offset}", message.topic)
    });
    sent.collect()
}

#[track_caller]
pub fn send(messages: &[Message]) -> Vec<String> {
    send_with(&producer(&[]), messages)
}

/// A busy broker takes its time.
fn patient() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE))
}

/// Creates a topic with these settings.
#[track_caller]
pub fn create_topic(name: &str, partitions: i32, settings: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> = config().create().unwrap();
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    let topic = settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value));
    for done in block(admin.create_topics([&topic], &patient())).unwrap() {
        done.unwrap();
    }
}

/// Deletes a topic, and waits until it is gone.
pub fn delete_topic(name: &str) {
    let admin: AdminClient<DefaultClientContext> = config().create().unwrap();
    for done in block(admin.delete_topics(&[name], &patient())).unwrap() {
        done.unwrap();
    }
    let started = Clock::now();
    while partitions(name) > 0 {
        assert!(started.elapsed() < PATIENCE, "{name} is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Deletes what is in a partition, as retention does.
#[track_caller]
pub fn delete_records(topic: &str, partition: i32) {
    let admin: AdminClient<DefaultClientContext> = config().create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::End).unwrap();
    block(admin.delete_records(&list, &patient())).unwrap();
}

/// How many partitions a topic has; none where it does not exist.
pub fn partitions(topic: &str) -> usize {
    let consumer: BaseConsumer = config().create().unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), WITHIN).unwrap();
    metadata.topics().iter().find(|t| t.name() == topic).map_or(0, |t| t.partitions().len())
}

/// The first offset of a partition, and the one after its last.
pub fn extent(topic: &str, partition: i32) -> (i64, i64) {
    let consumer: BaseConsumer = config().create().unwrap();
    consumer.fetch_watermarks(topic, partition, WITHIN).unwrap()
}

/// All messages of a topic that a consumer sees now.
pub fn read(topic: &str) -> Vec<OwnedMessage> {
    let consumer: BaseConsumer = config()
        .set("group.id", "reader")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    let partitions = partitions(topic);
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition as i32, Offset::Beginning).unwrap();
    }
    consumer.assign(&list).unwrap();
    let (mut messages, mut ended) = (Vec::new(), 0);
    let started = Clock::now();
    while ended < partitions {
        assert!(started.elapsed() < PATIENCE, "{topic} cannot be read to its end");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => messages.push(message.detach()),
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => panic!("{topic}: {error}"),
            None => {}
        }
    }
    messages
}

/// A header's text.
pub fn header(message: &OwnedMessage, name: &str) -> Option<String> {
    let headers = message.headers()?;
    let header = headers.iter().find(|header| header.key == name)?;
    Some(String::from_utf8(header.value?.to_vec()).unwrap())
}

/// How many consumers are members of a group.
pub fn members(group: &str) -> usize {
    let consumer: BaseConsumer = config().create().unwrap();
    // A busy broker may not answer in time.
    let groups =
        eventually("groups are told", || consumer.fetch_group_list(Some(group), WITHIN).ok());
    groups.groups().iter().map(|group| group.members().len()).sum()
}
