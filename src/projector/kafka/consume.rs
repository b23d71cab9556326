//! The thread that polls the consumer.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use projections::event::Kind;
use projections::instant::Instant as Time;
use rdkafka::bindings::rd_kafka_resp_err_t as RespErr;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{ClientContext, Message};

use super::assignment::Assignment;
use super::eventless::Looking;
use super::group::Works;
use super::marks::Checking;
use crate::log::LogError;
use crate::log::kafka::{Broker, KafkaLog, Purpose, TOPIC_MISSING};
use crate::log::record::Record;
use crate::projector::drive::ProjectorError;
use crate::waits::Waits;

/// Events taken in a row before tasks are looked after.
const TAKEN_IN_A_ROW: usize = 1_000;
/// The subject of waits for brokers; a message or an assignment ends it.
pub const CONSUMING: &str = "consuming from Kafka waits";
/// The subject of waits for topics; an assignment ends it.
pub const MISSING: &str = "a topic is waited for";

/// What rebalances change.
struct Member {
    broker: Broker,
    assignment: Arc<Mutex<Assignment>>,
    drain: Duration,
}

fn lock(assignment: &Mutex<Assignment>) -> MutexGuard<'_, Assignment> {
    assignment.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.broker.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.broker.error(error, reason);
    }
}

impl ConsumerContext for Member {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RespErr,
        list: &mut TopicPartitionList,
    ) {
        let done = if what == RespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            // They are consumed once the store has said from where: see `assignment`.
            lock(&self.assignment).assigned(list);
            consumer.incremental_assign(&TopicPartitionList::new())
        } else {
            // Partitions that are lost may be another's already: there is nothing to wait for.
            let deadline = if consumer.assignment_lost() { Duration::ZERO } else { self.drain };
            let consumed = lock(&self.assignment).revoked(list, deadline);
            consumer.incremental_unassign(&consumed)
        };
        if let Err(error) = done {
            tracing::error!(%error, "a change of the assignment was not taken");
        }
    }
}

/// Polls until told to stop.
pub fn run(log: Arc<KafkaLog>, works: Works) -> Result<(), ProjectorError> {
    let stop = works.stop.clone();
    let generation = works.projector.store().generation();
    let looking = Looking::new(Arc::clone(&log), works.runtime.clone());
    let store = Arc::clone(works.projector.store());
    let checking = Checking::new(Arc::clone(&log), store, works.runtime.clone());
    let topics: Vec<String> =
        Kind::ALL.into_iter().map(|kind| works.options.topics.of(kind).to_owned()).collect();
    let (drain, waits) = (works.options.drain, works.projector.waits().clone());
    let assignment = Arc::new(Mutex::new(Assignment::new(works, Arc::clone(&log))));
    let member =
        Member { broker: log.broker().clone(), assignment: Arc::clone(&assignment), drain };
    let settings = log.settings().of_generation(generation);
    let consumer: BaseConsumer<Member> = settings.create(Purpose::Consume, member)?;
    let broker = log.broker().clone();
    let mut poller = Poller { consumer, topics, assignment, broker, waits, looking, checking };
    poller.subscribe()?;
    let mut ended = Ok(());
    while !stop.is_cancelled() && ended.is_ok() {
        ended = poller.turn();
    }
    lock(&poller.assignment).end();
    ended
}

struct Poller {
    consumer: BaseConsumer<Member>,
    topics: Vec<String>,
    assignment: Arc<Mutex<Assignment>>,
    broker: Broker,
    waits: Waits,
    looking: Looking,
    checking: Checking,
}

impl Poller {
    fn subscribe(&self) -> Result<(), LogError> {
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        self.consumer.subscribe(&topics).map_err(|error| LogError::Refused(error.to_string()))
    }

    /// Takes what has come, and sees to what is due.
    fn turn(&mut self) -> Result<(), ProjectorError> {
        let mut wait = lock(&self.assignment).due_in();
        let mut heard = false;
        for _ in 0..TAKEN_IN_A_ROW {
            // Not under the lock: a rebalance takes it.
            let Some(polled) = self.consumer.poll(wait) else { break };
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    self.broker.heard();
                    heard = true;
                    let record = record(&message);
                    let mut assignment = lock(&self.assignment);
                    assignment.take(message.topic(), message.partition(), message.offset(), record);
                    if assignment.is_full() {
                        break;
                    }
                }
                Err(error) => {
                    self.failed(&error)?;
                    break;
                }
            }
        }
        if heard {
            self.waits.over(CONSUMING);
        }
        lock(&self.assignment).tend(&self.consumer)?;
        self.looking.turn(&self.assignment);
        self.checking.turn(&self.assignment, &self.consumer)
    }

    /// Most errors pass by themselves: librdkafka tries again.
    fn failed(&mut self, error: &KafkaError) -> Result<(), ProjectorError> {
        use RDKafkaErrorCode as Code;
        if let KafkaError::MessageConsumptionFatal(code) = error {
            return Err(
                LogError::Refused(format!("Kafka has put this consumer out: {code}")).into()
            );
        }
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                lock(&self.assignment).look_for_gaps(&self.consumer)?;
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => {
                self.waits.wait(MISSING, TOPIC_MISSING);
            }
            // The client's context has heard of it, with the reason.
            Some(
                Code::AllBrokersDown
                | Code::BrokerTransportFailure
                | Code::Resolve
                | Code::Authentication
                | Code::SSL,
            ) => {}
            _ => self.waits.wait(CONSUMING, error),
        }
        Ok(())
    }
}

/// A message as it came.
pub fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map(|headers| {
        // A header that is null is absent, not empty.
        headers.iter().filter_map(|h| Some(header(h.key, h.value?))).collect()
    });
    Record {
        key: message.key().map(Bytes::copy_from_slice),
        headers: headers.unwrap_or_default(),
        value: message.payload().map(Bytes::copy_from_slice),
        timestamp: message.timestamp().to_millis().map(Time),
    }
}

/// What nearly every message says of itself takes no memory of its own.
fn header(name: &str, value: &[u8]) -> (Cow<'static, str>, Bytes) {
    const CONTENT_TYPE: &str = "content-type";
    const CLOUDEVENT: &[u8] = b"application/cloudevents+json";
    const CLOUDEVENT_IN_UTF_8: &[u8] = b"application/cloudevents+json; charset=UTF-8";
    let name = if name == CONTENT_TYPE { CONTENT_TYPE.into() } else { name.to_owned().into() };
    let value = match value {
        CLOUDEVENT => Bytes::from_static(CLOUDEVENT),
        CLOUDEVENT_IN_UTF_8 => Bytes::from_static(CLOUDEVENT_IN_UTF_8),
        _ => Bytes::copy_from_slice(value),
    };
    (name, value)
}
