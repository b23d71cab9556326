//! `[log]`: where the events come from.

use std::collections::BTreeMap;
use std::fmt;

use projections::event::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::error::Findings;
use super::http::{is_host_name, split_host_port};
use super::secret::{ConnectionUrl, SET, is_secret};

/// The log of events.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Where events come from: `embedded:` is a log of its own in `data_dir`;
    /// `kafka://host:9092,host:9092` names Kafka's brokers (9092 where no port is given).
    pub url: ConnectionUrl,
    /// The Kafka consumer group, which shares the partitions out among instances. Without effect on
    /// the embedded log.
    pub group: String,
    /// Further librdkafka settings (TLS, SASL, ...), such as `"security.protocol" = "SASL_SSL"`.
    /// One setting from the environment: `VITRINE_LOG__PROPERTIES__SASL_PASSWORD` is
    /// `sasl.password`. Settings of several sources add up. Without effect on the embedded log.
    pub properties: Properties,
    /// The topic of each kind of entity.
    pub topics: Topics,
    /// A Kafka topic that dead letters go to as well, whole, with headers that say why they are
    /// dead; empty for none. At least once each: one may come twice.
    pub dead_letter_topic: String,
    /// What to do where a partition no longer holds the events that come next (its retention has
    /// deleted them): `stop` projects nothing of it until the view is rebuilt, `accept` goes on
    /// with the first event that is there.
    pub missing_events: MissingEvents,
    /// How long an event that is posted or published may take until Kafka has it on all in-sync
    /// replicas, in milliseconds; then a request fails, and `publish` tries again.
    #[schemars(range(min = 1000, max = 600_000))]
    pub delivery_timeout_ms: u64,
}

/// What to do where events are no longer in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MissingEvents {
    /// Project nothing of that partition.
    #[default]
    Stop,
    /// Go on without them.
    Accept,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            url: "embedded:".into(),
            group: "vitrine".to_owned(),
            properties: Properties::default(),
            topics: Topics::default(),
            dead_letter_topic: String::new(),
            missing_events: MissingEvents::Stop,
            delivery_timeout_ms: 10_000,
        }
    }
}

/// Settings handed on to librdkafka. Secret ones print and serialize as `<set>`.
#[derive(Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, String>);

impl Properties {
    fn redacted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, if is_secret(name) { SET } else { value }))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.redacted()).finish()
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.redacted())
    }
}

/// The topic of each kind of entity. No two may be the same.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Topics {
    /// The topic of product events.
    pub product: String,
    /// The topic of price events.
    pub price: String,
    /// The topic of stock events.
    pub stock: String,
    /// The topic of discount events.
    pub discount: String,
    /// The topic of review events.
    pub review: String,
}

impl Default for Topics {
    fn default() -> Self {
        let topic = |kind: Kind| format!("catalog.{}", kind.name());
        Self {
            product: topic(Kind::Product),
            price: topic(Kind::Price),
            stock: topic(Kind::Stock),
            discount: topic(Kind::Discount),
            review: topic(Kind::Review),
        }
    }
}

impl Topics {
    /// The topic of a kind of entity.
    pub fn of(&self, kind: Kind) -> &str {
        match kind {
            Kind::Product => &self.product,
            Kind::Price => &self.price,
            Kind::Stock => &self.stock,
            Kind::Discount => &self.discount,
            Kind::Review => &self.review,
        }
    }

    /// The kind of entity that a topic carries.
    pub fn kind(&self, topic: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| self.of(*kind) == topic)
    }

    fn check(&self, findings: &mut Findings) {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            let (key, topic) = (format!("log.topics.{}", kind.name()), self.of(kind));
            if !is_topic(topic) {
                findings.add(
                    key,
                    format!("`{topic}` is no topic name"),
                    "use 1 to 249 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`",
                );
            } else if let Some(other) =
                Kind::ALL.into_iter().take(index).find(|other| self.of(*other) == topic)
            {
                findings.add(
                    key,
                    format!("`{topic}` is already the topic of {} events", other.name()),
                    "give each kind of entity a topic of its own",
                );
            }
        }
    }
}

fn is_topic(topic: &str) -> bool {
    (1..=249).contains(&topic.len())
        && !matches!(topic, "." | "..")
        && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Which log `log.url` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogKind {
    /// A log under `data_dir`.
    Embedded,
    /// Kafka.
    Kafka,
}

/// librdkafka settings that are not free, and what is set instead.
const RESERVED: [(&str, &str); 10] = [
    ("bootstrap.servers", "name the brokers in log.url"),
    ("metadata.broker.list", "name the brokers in log.url"),
    ("group.id", "set log.group"),
    ("enable.auto.commit", "leave it out: the store keeps the positions"),
    ("enable.auto.offset.store", "leave it out: the store keeps the positions"),
    ("auto.offset.reset", "leave it out: the store keeps the positions"),
    ("partition.assignment.strategy", "leave it out: instances share partitions cooperatively"),
    ("isolation.level", "leave it out: only committed events are read"),
    ("enable.idempotence", "leave it out: it is on"),
    ("acks", "leave it out: all in-sync replicas have an event before it is acknowledged"),
];

impl LogConfig {
    /// Which log the address asks for.
    pub fn kind(&self) -> LogKind {
        if self.url.scheme() == "kafka" { LogKind::Kafka } else { LogKind::Embedded }
    }

    /// Kafka's brokers as `host:port,host:port`; none for the embedded log.
    pub fn brokers(&self) -> Option<&str> {
        match self.kind() {
            LogKind::Kafka => self.url.after_slashes(),
            LogKind::Embedded => None,
        }
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        self.check_url(findings);
        if self.group.is_empty() || self.group.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            findings.add(
                "log.group",
                "is no name of a consumer group",
                "give it a name without spaces, such as vitrine",
            );
        }
        for (name, advice) in RESERVED {
            if self.properties.0.contains_key(name) {
                let key = format!("log.properties.{name}");
                findings.add(key, "is not a setting of its own here", advice);
            }
        }
        self.topics.check(findings);
        let dead = &self.dead_letter_topic;
        if !dead.is_empty() && (!is_topic(dead) || self.topics.kind(dead).is_some()) {
            findings.add(
                "log.dead_letter_topic",
                format!("`{dead}` cannot be the topic of dead letters"),
                "name a topic of its own, or leave it empty",
            );
        }
    }

    fn check_url(&self, findings: &mut Findings) {
        match self.url.scheme() {
            "embedded" if self.url.reveal() == "embedded:" => {}
            "embedded" => findings.add(
                "log.url",
                format!("`{}` names a place", self.url),
                "write `embedded:` alone; the log is kept in data_dir",
            ),
            "kafka" => {
                let brokers = self.url.after_slashes().unwrap_or("");
                if !brokers.split(',').all(is_broker) {
                    findings.add(
                        "log.url",
                        format!("`{}` does not name Kafka's brokers", self.url),
                        "write kafka://host:9092,host:9092; credentials go to log.properties",
                    );
                }
            }
            _ => findings.add(
                "log.url",
                format!("`{}` is no log", self.url),
                "write `embedded:` for the embedded log, or kafka://host:9092",
            ),
        }
    }
}

fn is_broker(broker: &str) -> bool {
    split_host_port(broker).is_some_and(|(_, port)| port > 0) || is_host_name(broker)
}
