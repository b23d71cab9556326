//! Events into topics: idempotent, and acknowledged by all in-sync replicas.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::future_producer::{Delivery, DeliveryFuture, OwnedDeliveryResult};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use super::settings::{KafkaSettings, Purpose};
use super::{Broker, log_error};
use crate::log::position::{Partition, Position};
use crate::log::{Appended, LogError};

/// How long to wait for room in the producer's queue before trying again.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(5);

/// What is sent.
pub struct Outgoing<'a> {
    pub topic: &'a str,
    pub key: Option<Vec<u8>>,
    pub headers: OwnedHeaders,
    pub value: Option<&'a [u8]>,
}

/// The header that says of a value that it is a whole CloudEvent.
pub fn structured_headers() -> OwnedHeaders {
    OwnedHeaders::new_with_capacity(1).insert(Header {
        key: "content-type",
        value: Some("application/cloudevents+json; charset=UTF-8"),
    })
}

/// One producer for all topics; made anew after an error that it cannot get over.
pub struct Sender {
    settings: KafkaSettings,
    broker: Broker,
    producer: std::sync::Mutex<Option<FutureProducer<Broker>>>,
}

impl Sender {
    pub fn new(settings: KafkaSettings, broker: Broker) -> Sender {
        Sender { settings, broker, producer: std::sync::Mutex::default() }
    }

    fn producer(&self) -> Result<FutureProducer<Broker>, LogError> {
        let mut slot = self.producer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(producer) = slot.as_ref().filter(|p| p.client().fatal_error().is_none()) {
            return Ok(producer.clone());
        }
        let producer: FutureProducer<Broker> =
            self.settings.create(Purpose::Produce, self.broker.clone())?;
        Ok(slot.insert(producer).clone())
    }

    /// Sends all of them; answers what became of them once all are acknowledged or refused.
    pub async fn send(
        &self,
        records: impl Iterator<Item = Outgoing<'_>>,
    ) -> Result<Appended, LogError> {
        let mut last: BTreeMap<Partition, i64> = BTreeMap::new();
        let mut refused = Vec::new();
        for (index, sent) in self.send_each(records).await?.into_iter().enumerate() {
            match sent {
                Ok(Position { topic, partition, offset }) => {
                    let known = last.entry(Partition { topic, partition }).or_insert(offset);
                    *known = offset.max(*known);
                }
                Err(error @ LogError::TooLarge(_)) => refused.push((index, error)),
                Err(error) => return Err(error),
            }
        }
        let position =
            |(Partition { topic, partition }, offset)| Position { topic, partition, offset };
        Ok(Appended { positions: last.into_iter().map(position).collect(), refused })
    }

    /// Sends all of them; answers where each stands once all are acknowledged or refused.
    pub async fn send_each(
        &self,
        records: impl Iterator<Item = Outgoing<'_>>,
    ) -> Result<Vec<Result<Position, LogError>>, LogError> {
        let producer = self.producer()?;
        let records: Vec<Outgoing<'_>> = records.collect();
        let mut sending = Vec::with_capacity(records.len());
        for record in &records {
            let enqueued = enqueue(&producer, record).await;
            sending.push(async move { delivered(record, enqueued?).await });
        }
        let mut sent = join_all(sending).await;
        // A broker refuses a batch as a whole: which of its messages is too large shows one by one.
        if records.len() > 1 {
            for (record, sent) in records.iter().zip(&mut sent) {
                if matches!(sent, Err(LogError::TooLarge(_))) {
                    *sent = match enqueue(&producer, record).await {
                        Ok(enqueued) => delivered(record, enqueued).await,
                        Err(error) => Err(error),
                    };
                }
            }
        }
        let explained = |sent: Result<Position, LogError>| sent.map_err(|e| self.broker.explain(e));
        Ok(sent.into_iter().map(explained).collect())
    }

    /// Gives what is under way a moment to arrive.
    pub fn flush(&self, within: Duration) {
        let slot = self.producer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(producer) = slot.as_ref()
            && let Err(error) = producer.flush(within)
        {
            tracing::warn!(%error, "not all that was sent to Kafka has arrived");
        }
    }
}

async fn enqueue(
    producer: &FutureProducer<Broker>,
    outgoing: &Outgoing<'_>,
) -> Result<DeliveryFuture, LogError> {
    loop {
        let mut record: FutureRecord<'_, [u8], [u8]> =
            FutureRecord::to(outgoing.topic).headers(outgoing.headers.clone());
        record.key = outgoing.key.as_deref();
        record.payload = outgoing.value;
        match producer.send_result(record) {
            Ok(delivery) => return Ok(delivery),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                tokio::time::sleep(QUEUE_FULL_PAUSE).await;
            }
            Err((error, _)) => return Err(log_error(&error)),
        }
    }
}

/// Where a message stands, once it is acknowledged.
async fn delivered(record: &Outgoing<'_>, delivery: DeliveryFuture) -> Result<Position, LogError> {
    let Delivery { partition, offset, .. } = outcome(delivery.await)?;
    Ok(Position { topic: record.topic.to_owned(), partition, offset })
}

fn outcome<E>(delivered: Result<OwnedDeliveryResult, E>) -> Result<Delivery, LogError> {
    match delivered {
        Ok(Ok(delivery)) => Ok(delivery),
        Ok(Err((error, _))) => Err(log_error(&error)),
        Err(_) => Err(LogError::Unavailable("the producer was closed".to_owned())),
    }
}
