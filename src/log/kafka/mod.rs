//! Kafka as the event log: production of events, and what the topics hold. The projector consumes
//! them in `projector/kafka`.

mod produce;
mod settings;
mod topics;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use async_trait::async_trait;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use tokio_util::sync::CancellationToken;

use super::position::{Partition, Position};
use super::record::Record;
use super::{Appended, EventLog, Extent, Lag, LogError, NewRecord};
use crate::backoff::Backoff;
use produce::{Outgoing, Sender, structured_headers};
pub use settings::{KafkaSettings, Purpose};
pub use topics::{CreatedTopic, TOPIC_MISSING, extent};

/// How long a question to the brokers may take.
pub const ASK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take to tell why it was not answered.
const HEAR_WITHIN: Duration = Duration::from_millis(200);
/// How long an end waits for events that are under way.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// What librdkafka says of the brokers, for all clients of a process.
#[derive(Clone, Default)]
pub struct Broker(Arc<Mutex<Option<Trouble>>>);

/// What is wrong with the brokers.
#[derive(Clone)]
struct Trouble {
    why: String,
    /// They are there, and this client is not to their liking, or they to its: waiting does not help.
    refused: bool,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.refused { "Kafka is not entered" } else { "Kafka cannot be reached" };
        write!(f, "{what}: {}", self.why)
    }
}

impl Broker {
    /// What is wrong with the brokers, since they were last heard of.
    pub fn trouble(&self) -> Option<String> {
        self.known().as_ref().map(Trouble::to_string)
    }

    /// They answer.
    pub fn heard(&self) {
        if self.known().take().is_some() {
            tracing::info!("Kafka answers again");
        }
    }

    /// Why an error may have come, where that is known.
    fn explain(&self, error: LogError) -> LogError {
        match (error, self.known().clone()) {
            (LogError::Unavailable(_), Some(trouble)) if trouble.refused => {
                LogError::Denied(trouble.why)
            }
            (LogError::Unavailable(error), Some(Trouble { why, .. })) => {
                LogError::Unavailable(format!("{error}: {why}"))
            }
            (error, _) => error,
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told of once; attempts that fail in the same way follow by the second.
    fn learn(&self, why: &str, refused: bool) {
        let mut known = self.known();
        let trouble = Trouble { why: why.to_owned(), refused };
        if known.as_ref().is_none_or(|known| refused && !known.refused) {
            tracing::warn!("{trouble}");
        }
        // Connections of a client that is refused are closed too: the reason is to stay.
        if !known.as_ref().is_some_and(|known| known.refused && !refused) {
            *known = Some(trouble);
        }
    }
}

impl ClientContext for Broker {
    /// Each connection tells of each failure: what matters of it comes as an error too.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(?level, facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            // It does not say why: what has failed before it does.
            Some(Code::AllBrokersDown) if self.known().is_some() => {}
            Some(Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve) => {
                self.learn(reason, false);
            }
            Some(
                Code::Authentication
                | Code::SSL
                | Code::SaslAuthenticationFailed
                | Code::UnsupportedSASLMechanism,
            ) => self.learn(reason, true),
            // Asked for by whoever reads up to the end: no error.
            Some(Code::PartitionEOF) => {}
            // Whoever consumes tells of it.
            Some(RDKafkaErrorCode::UnknownTopicOrPartition) => tracing::debug!(%error, reason),
            _ => tracing::warn!(%error, reason, "Kafka"),
        }
    }
}

impl ConsumerContext for Broker {}

/// Finds the key of an event's entity in its bytes; `None` where no id can be read.
pub type KeyOf = fn(&[u8]) -> Option<Vec<u8>>;

/// Kafka's topics as the log.
pub struct KafkaLog {
    settings: KafkaSettings,
    key_of: KeyOf,
    broker: Broker,
    sender: Sender,
    /// For questions; it never joins the group.
    look: Arc<BaseConsumer<Broker>>,
}

impl KafkaLog {
    /// Sets up the clients. Brokers are not waited for: they may come later. `key_of` finds the key
    /// that an appended event is partitioned by.
    ///
    /// # Errors
    /// Where a setting is wrong.
    pub fn new(settings: KafkaSettings, key_of: KeyOf) -> Result<KafkaLog, LogError> {
        settings.check()?;
        let broker = Broker::default();
        let look = Arc::new(settings.create(Purpose::Look, broker.clone())?);
        let sender = Sender::new(settings.clone(), broker.clone());
        Ok(KafkaLog { settings, key_of, broker, sender, look })
    }

    pub fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    /// What is known of the brokers.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Sends dead letters, whole, with headers that say why they are dead; answers whether each has arrived.
    pub async fn send_dead_letters(
        &self,
        topic: &str,
        letters: &[(Record, Vec<(&'static str, String)>)],
    ) -> Result<Vec<Result<Position, LogError>>, LogError> {
        let outgoing = letters.iter().map(|(record, reasons)| {
            let mut headers = OwnedHeaders::new();
            for (name, value) in &record.headers {
                headers = headers.insert(Header { key: name, value: Some(value.as_ref()) });
            }
            for (name, value) in reasons {
                headers = headers.insert(Header { key: name, value: Some(value.as_bytes()) });
            }
            let key = record.key.as_ref().map(|key| key.to_vec());
            Outgoing { topic, key, headers, value: record.value.as_deref() }
        });
        self.sender.send_each(outgoing).await
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn append(&self, records: &[NewRecord]) -> Result<Appended, LogError> {
        let headers = structured_headers();
        let outgoing = records.iter().map(|record| Outgoing {
            topic: self.settings.topics.of(record.kind),
            // Who has no readable id becomes a dead letter, wherever it lies.
            key: (self.key_of)(&record.payload),
            headers: headers.clone(),
            value: Some(record.payload.as_ref()),
        });
        self.sender.send(outgoing).await
    }

    async fn extents(&self) -> Result<Vec<Extent>, LogError> {
        self.ask(topics::extents).await
    }

    async fn lag(&self, extents: &[Extent], next: &[(Partition, i64)]) -> Result<Lag, LogError> {
        let waiting = topics::waiting(extents, next);
        let events = waiting.iter().map(|w| w.events).sum();
        if waiting.is_empty() {
            return Ok(Lag::default());
        }
        let settings = self.settings.clone();
        let broker = self.broker.clone();
        let since = blocking(move || topics::oldest(&settings, broker, &waiting)).await?;
        Ok(Lag { events, since })
    }

    async fn close(&self) {
        self.sender.flush(FLUSH_TIMEOUT);
    }
}

impl KafkaLog {
    /// Of these positions, those before the end that consumers see, each with that end.
    pub async fn behind(
        &self,
        at: Vec<(Partition, i64)>,
    ) -> Result<Vec<(Partition, i64, i64)>, LogError> {
        self.ask(move |look, _| topics::behind(look, &at)).await
    }

    /// Asks the brokers, off the async threads.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl Fn(&BaseConsumer<Broker>, &KafkaSettings) -> Result<T, LogError>
        + Clone
        + Send
        + 'static,
    ) -> Result<T, LogError> {
        let started = Clock::now();
        let (mut backoff, never) = (Backoff::default(), CancellationToken::new());
        loop {
            let (look, settings) = (Arc::clone(&self.look), self.settings.clone());
            let (broker, question) = (self.broker.clone(), question.clone());
            let asked = move || answer(&broker, &look, || question(&look, &settings));
            match blocking(asked).await {
                // Such as a partition whose leader is being elected.
                Err(LogError::Unavailable(why)) if started.elapsed() < ASK_TIMEOUT => {
                    tracing::debug!(why, "Kafka is asked again");
                    backoff.wait(&never).await;
                }
                answered => return answered,
            }
        }
    }
}

/// An answer, or why there is none: what a client that consumes nothing has to say is only heard here.
fn answer<T>(
    broker: &Broker,
    look: &BaseConsumer<Broker>,
    question: impl FnOnce() -> Result<T, LogError>,
) -> Result<T, LogError> {
    let answer = question();
    if answer.is_ok() {
        broker.heard();
        return answer;
    }
    let started = Clock::now();
    while broker.known().is_none() && started.elapsed() < HEAR_WITHIN {
        look.poll(HEAR_WITHIN / 10);
    }
    answer.map_err(|error| broker.explain(error))
}

async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let asked = tokio::task::spawn_blocking(question).await;
    asked.map_err(|error| LogError::Refused(format!("asking Kafka ended: {error}")))?
}

/// What an error of librdkafka means to the caller.
pub fn log_error(error: &KafkaError) -> LogError {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
            LogError::TopicMissing(TOPIC_MISSING.to_owned())
        }
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => {
            LogError::TooLarge(error.to_string())
        }
        Some(
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism,
        ) => LogError::Denied(error.to_string()),
        Some(
            Code::PolicyViolation
            | Code::InvalidArgument
            | Code::InvalidRecord
            | Code::InvalidTopic
            | Code::InvalidConfig,
        ) => LogError::Refused(error.to_string()),
        _ => LogError::Unavailable(error.to_string()),
    }
}
