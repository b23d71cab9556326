//! How librdkafka's clients are set up.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::topics::MAX_MESSAGE_BYTES;
use crate::config::{Properties, Topics};
use crate::log::LogError;

/// Where Kafka is, and how to speak to it.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// `host:port,host:port`
    pub brokers: String,
    /// How the names of the consumer groups begin that share the partitions out.
    pub group: String,
    pub topics: Topics,
    /// Further librdkafka settings; they win over ours.
    pub properties: Properties,
    /// How long an event may take until all in-sync replicas have it.
    pub delivery_timeout: Duration,
    /// Where dead letters go too.
    pub dead_letter_topic: Option<String>,
}

/// What a client is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    Produce,
    /// Consumes as a member of the group.
    Consume,
    /// Reads partitions to their end, without the group.
    Replay,
    /// Asks for metadata and offsets, and reads single events; never joins the group.
    Look,
}

impl KafkaSettings {
    /// Each generation of the read store is projected by a consumer group of its own, which has its number behind the
    /// configured name.
    pub fn of_generation(&self, generation: i64) -> KafkaSettings {
        KafkaSettings { group: format!("{}-{generation}", self.group), ..self.clone() }
    }

    fn client(&self, purpose: Purpose) -> ClientConfig {
        let mut config = ClientConfig::new();
        // With `debug`, librdkafka tells of its contexts; `telemetry.log_filter` has to let it.
        let debug = self.properties.0.contains_key("debug");
        config.set_log_level(match debug {
            true => RDKafkaLogLevel::Debug,
            false => RDKafkaLogLevel::Warning,
        });
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "vitrine")
            // Brokers that come and go are looked for often: a shop waits for them.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "2000")
            .set("socket.keepalive.enable", "true")
            // New partitions and new topics are seen after this long.
            .set("topic.metadata.refresh.interval.ms", "5000");
        match purpose {
            Purpose::Produce => self.set_producer(&mut config),
            Purpose::Consume => self.set_consumer(&mut config),
            Purpose::Replay => {
                self.set_consumer(&mut config);
                config.set("group.id", format!("{}-rebuild", self.group));
                config.set("enable.partition.eof", "true");
                // There is one for each topic, and reading waits for none of them.
                config.set("queued.max.messages.kbytes", "4096");
            }
            Purpose::Look => {
                config.set("group.id", format!("{}-status", self.group));
                config.set("enable.auto.commit", "false");
                config.set("isolation.level", "read_committed");
                // It looks at what is there: never elsewhere, and to the end.
                config.set("auto.offset.reset", "error");
                config.set("enable.partition.eof", "true");
                config.set("fetch.wait.max.ms", "100");
            }
        }
        for (name, value) in self.properties.0.iter().filter(|(name, _)| belongs(name, purpose)) {
            config.set(name, value);
        }
        config
    }

    fn set_producer(&self, config: &mut ClientConfig) {
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", self.delivery_timeout.as_millis().to_string())
            .set("linger.ms", "2")
            .set("compression.type", "lz4")
            .set("message.max.bytes", MAX_MESSAGE_BYTES)
            // As Kafka's own clients do it: whoever else writes an entity meets the same partition.
            .set("partitioner", "murmur2_random");
    }

    fn set_consumer(&self, config: &mut ClientConfig) {
        config
            .set("group.id", &self.group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // The store knows the positions: where one is not in the log, nothing is skipped.
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("allow.auto.create.topics", "false")
            .set("session.timeout.ms", "10000")
            // Members hear by it that partitions are shared anew; those that change hands stand still for as long.
            .set("heartbeat.interval.ms", "500")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.error.backoff.ms", "100")
            .set("queued.max.messages.kbytes", "32768")
            // Once that is full, fetching goes on as soon as there is room: by default a second later.
            .set("fetch.queue.backoff.ms", "10");
    }

    /// Whether librdkafka has all settings, also those of clients that are made later.
    ///
    /// # Errors
    /// [`LogError::Refused`] where one is wrong.
    pub fn check(&self) -> Result<(), LogError> {
        let purposes = [Purpose::Produce, Purpose::Consume, Purpose::Replay, Purpose::Look];
        purposes.into_iter().try_for_each(|purpose| {
            self.client(purpose).create_native_config().map(|_| ()).map_err(|e| wrong(&e))
        })
    }

    /// A client for that purpose.
    ///
    /// # Errors
    /// [`LogError::Refused`] where a setting is wrong; no broker is asked yet.
    pub fn create<C, T>(&self, purpose: Purpose, context: C) -> Result<T, LogError>
    where
        C: rdkafka::ClientContext,
        T: FromClientConfigAndContext<C>,
    {
        self.client(purpose).create_with_context(context).map_err(|error| wrong(&error))
    }
}

/// Without the value of a setting: it may be a secret, also where the name is misspelled.
fn wrong(error: &KafkaError) -> LogError {
    let why = match error {
        KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, name, _) => {
            format!("librdkafka has no setting `{name}`")
        }
        KafkaError::ClientConfig(_, _, name, _) => format!("the value of `{name}` is not allowed"),
        error => error.to_string(),
    };
    LogError::Refused(format!("a setting of Kafka is wrong (log.properties): {why}"))
}

/// Settings of producers are not given to consumers, nor the other way round: librdkafka would warn.
fn belongs(name: &str, purpose: Purpose) -> bool {
    const PRODUCER: [&str; 12] = [
        "acks",
        "request.required.acks",
        "compression.",
        "linger.ms",
        "queue.buffering.",
        "batch.",
        "partitioner",
        "sticky.partitioning.",
        "message.timeout.ms",
        "delivery.timeout.ms",
        "retries",
        "transaction",
    ];
    const CONSUMER: [&str; 10] = [
        "group.",
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "max.poll.interval.ms",
        "fetch.",
        "queued.",
        "max.partition.fetch.bytes",
        "isolation.level",
        "check.crcs",
        "client.rack",
    ];
    let named = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match purpose {
        Purpose::Produce => !named(&CONSUMER),
        Purpose::Consume => !named(&PRODUCER),
        // It is no member of the group. A follower may end before the leader does, which says where all is read.
        Purpose::Replay => !named(&PRODUCER) && !named(&["group.", "client.rack"]),
        Purpose::Look => !named(&PRODUCER) && !named(&CONSUMER),
    }
}
