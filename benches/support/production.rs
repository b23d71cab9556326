//! A shop on Kafka and PostgreSQL, and the yardsticks beside it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use projections::event::Kind;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, Message};
use sqlx::{Connection, PgConnection};
use vitrine::stack::Stack;

use super::child::Vitrine;
use super::shop::Shop;

/// How long a broker may take for an answer: where tests run beside a benchmark, it has little of the machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A database and topics of its own on the servers that `scripts/services` has started.
pub struct Production {
    pub shop: Shop,
    database: String,
}

pub(super) fn server(variable: &str) -> anyhow::Result<String> {
    std::env::var(variable).with_context(|| {
        format!(
            "{variable} is not set: `scripts/services up`, then `eval \"$(scripts/services env)\"`"
        )
    })
}

pub(super) async fn sql(url: &str, statement: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(statement).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

impl Production {
    pub async fn new(dir: &Path, partitions: u32, set: &[String]) -> anyhow::Result<Production> {
        let (kafka, postgres) = (server("TEST_KAFKA_URL")?, server("TEST_POSTGRES_URL")?);
        let database = format!("bench{}_{}", vitrine::clock::now().millis(), std::process::id());
        sql(&postgres, &format!("CREATE DATABASE {database}")).await?;
        let (server, _) = postgres.rsplit_once('/').context("the address names no database")?;
        let mut toml = format!(
            "\n[store]\nurl = \"{server}/{database}\"\n[log]\nurl = \"{kafka}\"\n\
             group = \"{database}\"\ndelivery_timeout_ms = {}\n[log.topics]\n",
            PATIENCE.as_millis()
        );
        for kind in Kind::ALL {
            toml.push_str(&format!("{0} = \"{database}.{0}\"\n", kind.name()));
        }
        let shop = Shop::with(dir, &toml, set)?;
        let partitions = partitions.to_string();
        let migrate = ["migrate", "--topics", "--partitions", &partitions];
        let started = Instant::now();
        while let Err(error) = Vitrine::start(&shop.config_file(), &migrate)?.wait() {
            anyhow::ensure!(started.elapsed() < PATIENCE, error);
        }
        Ok(Production { shop, database })
    }

    pub async fn store_bytes(&self) -> anyhow::Result<f64> {
        let stack = Stack::open(&self.shop.config).await?;
        let bytes = stack.store.status().await?.store_bytes;
        stack.close().await;
        Ok(bytes as f64)
    }

    /// What a bulk load leaves to be done (vacuuming, statistics) is done before a steady rate is measured.
    pub async fn settle(&self) -> anyhow::Result<()> {
        sql(self.shop.config.store.url.reveal(), "VACUUM (ANALYZE)").await
    }

    /// The database goes; the topics stay with their servers.
    pub async fn drop(self) -> anyhow::Result<()> {
        sql(&server("TEST_POSTGRES_URL")?, &format!("DROP DATABASE {} WITH (FORCE)", self.database))
            .await
    }
}

/// Only consuming: all messages of all topics, taken and thrown away.
pub async fn consume(production: &Production) -> anyhow::Result<Duration> {
    let stack = Stack::open(&production.shop.config).await?;
    let log = stack.log.events();
    let started = Instant::now();
    let extents = loop {
        match log.extents().await {
            Err(error) if error.is_transient() && started.elapsed() < PATIENCE => {}
            extents => break extents?,
        }
    };
    stack.close().await;
    let brokers = production.shop.config.log.brokers().context("no brokers")?.to_owned();
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", "yardstick")
            .set("enable.auto.commit", "false")
            // As the service does: without it a queue that was full once is looked at a second later.
            .set("fetch.queue.backoff.ms", "10")
            .create()?;
        let mut all = TopicPartitionList::new();
        let mut left: i64 = 0;
        for extent in &extents {
            let (topic, partition) = (&extent.partition.topic, extent.partition.partition);
            all.add_partition_offset(topic, partition, Offset::Beginning)?;
            left += extent.next - extent.first;
        }
        let started = Instant::now();
        consumer.assign(&all)?;
        let mut bytes = 0;
        while left > 0 {
            let message = consumer.poll(PATIENCE).context("no more messages")??;
            bytes += message.payload().map_or(0, <[u8]>::len);
            left -= 1;
        }
        std::hint::black_box(bytes);
        Ok(started.elapsed())
    })
    .await?
}

/// Only writing: the events' bytes by `COPY` into one plain table with a key.
pub async fn copy(production: &Production) -> anyhow::Result<Duration> {
    const BUFFER_BYTES: usize = 1 << 20;
    let mut connection = PgConnection::connect(production.shop.config.store.url.reveal()).await?;
    sqlx::raw_sql("CREATE TABLE yardstick (id bigint PRIMARY KEY, payload bytea NOT NULL)")
        .execute(&mut connection)
        .await?;
    let mut lines = BufReader::with_capacity(1 << 20, File::open(production.shop.events_file())?)
        .split(b'\n')
        .enumerate();
    let mut spent = Duration::ZERO;
    let mut copy = connection.copy_in_raw("COPY yardstick FROM STDIN WITH (FORMAT binary)").await?;
    let mut buffer = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    loop {
        let line = lines.next();
        if let Some((id, line)) = &line {
            let line = line.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
            buffer.extend(2i16.to_be_bytes());
            buffer.extend(8i32.to_be_bytes());
            buffer.extend((*id as i64).to_be_bytes());
            buffer.extend((line.len() as i32).to_be_bytes());
            buffer.extend(line);
        } else {
            buffer.extend((-1i16).to_be_bytes());
        }
        if buffer.len() >= BUFFER_BYTES || line.is_none() {
            // Reading the file is not counted.
            let started = Instant::now();
            copy.send(buffer.as_slice()).await?;
            spent += started.elapsed();
            buffer.clear();
        }
        if line.is_none() {
            break;
        }
    }
    let started = Instant::now();
    copy.finish().await?;
    spent += started.elapsed();
    sqlx::raw_sql("DROP TABLE yardstick").execute(&mut connection).await?;
    connection.close().await?;
    Ok(spent)
}
