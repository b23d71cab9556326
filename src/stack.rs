//! Log, read store and projector, opened as the configuration asks for them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use projections::market::Market;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::catalogue::live::Live;
use crate::catalogue::postgres::PostgresCatalogue;
use crate::catalogue::sqlite::SqliteCatalogue;
use crate::catalogue::stores::Stores;
use crate::catalogue::{Catalogue, State};
use crate::config::{Config, LogKind, MissingEvents, StoreKind};
use crate::decode;
use crate::log::Log;
use crate::log::embedded::{self, EmbeddedLog};
use crate::log::kafka::{KafkaLog, KafkaSettings};
use crate::projector::drive::Run;
use crate::projector::embedded::TailOptions;
use crate::projector::kafka::KafkaOptions;
use crate::projector::{self, Projector};
use crate::sqlite::SqliteOptions;
use crate::store::late::LateStore;
use crate::store::postgres::{PostgresOptions, PostgresStore};
use crate::store::{ReadStore, StoreError};
use crate::tasks::Tasks;
use crate::telemetry::projector::ProjectorMetrics;
use crate::waits::Waits;

/// How long a start waits for the database before it goes on without.
const FIRST_ATTEMPT: Duration = Duration::from_secs(2);

/// What becomes of generations that are not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    Made,
    Refused,
}

/// Log and read store.
pub struct Stack {
    pub log: Log,
    /// The generation that pages are answered from as it is opened.
    pub store: Arc<dyn ReadStore>,
    /// All generations.
    pub stores: Arc<Stores>,
}

impl Stack {
    /// Opens both, and creates or migrates what is not there yet.
    pub async fn open(config: &Config) -> anyhow::Result<Stack> {
        Stack::open_with(config, Absent::Made).await
    }

    async fn open_with(config: &Config, absent: Absent) -> anyhow::Result<Stack> {
        let log = open_log(config).await?;
        let (store, catalogue) = match config.store_kind() {
            StoreKind::Sqlite => open_sqlite(config, absent).await?,
            StoreKind::Postgres => (open_postgres(config).await?, postgres_catalogue(config)?),
        };
        let stores = Arc::new(Stores::new(catalogue));
        let store = stores.adopt(store).await;
        Ok(Stack { log, store, stores })
    }

    /// As [`Stack::open`], for whoever only looks: where there is nothing, nothing is made.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub async fn open_existing(config: &Config) -> anyhow::Result<Stack> {
        Stack::refuse_nothing(config).await?;
        Stack::open_with(config, Absent::Refused).await
    }

    /// Refuses to make a log in the place of one that a generation was made from.
    ///
    /// # Errors
    /// That it is missing, and what to do.
    pub fn refuse_lost_log(config: &Config) -> anyhow::Result<()> {
        let embedded = config.log_kind() == LogKind::Embedded;
        if !embedded || embedded::file(&config.data_dir).exists() {
            return Ok(());
        }
        let generations = std::fs::read_dir(&config.data_dir).is_ok_and(|mut entries| {
            entries.any(|e| e.is_ok_and(|e| is_generation(&e.file_name().to_string_lossy())))
        });
        if generations {
            bail!(
                "{} has a generation, but no log/events.db: put the log of a backup there, or move the generations \
                 away to begin anew",
                config.data_dir.display()
            );
        }
        Ok(())
    }

    /// Refuses where there is nothing yet.
    async fn refuse_nothing(config: &Config) -> anyhow::Result<()> {
        if config.log_kind() == LogKind::Kafka {
            // Settings that are wrong are told of first.
            open_log(config).await?;
        }
        let data_dir = config.data_dir.display();
        let needs_folder =
            config.store_kind() == StoreKind::Sqlite || config.log_kind() == LogKind::Embedded;
        if needs_folder && !embedded::file(&config.data_dir).exists() {
            Stack::refuse_lost_log(config)?;
            bail!(
                "there is nothing in {data_dir}: `vitrine serve` and `vitrine publish` make what they need; is \
                 data_dir the folder that was meant?"
            );
        }
        if config.store_kind() == StoreKind::Postgres {
            let (url, schema) = (config.store.url.reveal(), &config.store.schema);
            if !PostgresStore::exists(url, schema, FIRST_ATTEMPT * 5).await? {
                bail!(
                    "there is no schema {schema:?} in {}: `vitrine migrate` and `vitrine serve` make it; is store.url \
                     the database that was meant?",
                    config.store.url.redacted()
                );
            }
        }
        Ok(())
    }

    /// As [`Stack::open`], for whoever works on generations: where this build can read none of those that were promoted,
    /// the store is one that never comes. Where there is not even a log, nothing is made.
    pub async fn open_control(config: &Config, absent: Absent) -> anyhow::Result<Stack> {
        Stack::refuse_nothing(config).await?;
        let why = match Stack::open_with(config, absent).await {
            Ok(stack) => return Ok(stack),
            Err(error) => match error.downcast_ref::<StoreError>() {
                Some(StoreError::Incompatible(why) | StoreError::Absent(why)) => why.clone(),
                _ => return Err(error),
            },
        };
        let catalogue: Arc<dyn Catalogue> = match config.store_kind() {
            StoreKind::Sqlite => Arc::new(open_sqlite_catalogue(config, absent).await?),
            StoreKind::Postgres => postgres_catalogue(config)?,
        };
        let late = LateStore::default();
        late.delay(why);
        let (log, stores) = (open_log(config).await?, Arc::new(Stores::new(catalogue)));
        Ok(Stack { log, store: Arc::new(late), stores })
    }

    /// As [`Stack::open`], but a database that is away is waited for in the background: until it comes
    /// the store is unavailable. What does not pass stops the service; `waiting` then has the error.
    pub async fn start(config: &Config, tasks: &Tasks, waits: &Waits) -> anyhow::Result<Starting> {
        if config.store_kind() == StoreKind::Sqlite {
            return Ok(Starting { stack: Stack::open(config).await?, waiting: None });
        }
        let log = open_log(config).await?;
        let stores = Arc::new(Stores::new(postgres_catalogue(config)?));
        let first = tokio::time::timeout(FIRST_ATTEMPT, open_postgres(config)).await;
        let why = match first {
            Ok(Ok(store)) => {
                let store = stores.adopt(store).await;
                return Ok(Starting { stack: Stack { log, store, stores }, waiting: None });
            }
            Ok(Err(error)) if !is_away(&error) => return Err(error),
            Ok(Err(error)) => reason(&error),
            Err(_) => format!("{} does not answer", config.store.url.redacted()),
        };
        waits.wait(WAITING, &why);
        let late = Arc::new(LateStore::default());
        late.delay(why);
        let (config, stop, waits) = (config.clone(), tasks.stop().clone(), waits.clone());
        let arriving = Arriving { late: Arc::clone(&late), stores: Arc::clone(&stores), waits };
        let runtime = tokio::runtime::Handle::current();
        // On a thread of its own: what sqlx migrates with cannot be sent between threads.
        let waiting = tasks.start("waiting for the read store", async move {
            let wait = move || runtime.block_on(wait_for_store(&config, &arriving, &stop));
            tokio::task::spawn_blocking(wait).await?
        });
        Ok(Starting { stack: Stack { log, store: late, stores }, waiting: Some(waiting) })
    }

    /// The stores of the other generations that are projected.
    pub async fn followers(&self) -> crate::store::Result<Vec<Arc<dyn ReadStore>>> {
        let mut stores = Vec::new();
        for generation in self.stores.catalogue().list().await? {
            let other = generation.number != self.store.generation();
            if other && generation.is_ours() && generation.state == State::Following {
                stores.push(self.stores.get(&generation).await?);
            }
        }
        Ok(stores)
    }

    /// Closes all of it.
    pub async fn close(&self) {
        self.store.close().await;
        self.stores.close().await;
        self.log.events().close().await;
    }
}

/// A projector for the store of any generation.
pub fn projector(config: &Config, store: Arc<dyn ReadStore>) -> Projector {
    Projector::new(store, markets(config))
}

/// How a generation is projected from the configured log.
pub fn run_projector(
    config: &Config,
    stack: &Stack,
    metrics: Option<ProjectorMetrics>,
    live: Live,
    waits: &Waits,
) -> Run {
    let (log, stores) = (stack.log.clone(), Arc::clone(&stack.stores));
    let markets = markets(config);
    let (tail, options) = (tail_options(config), kafka_options(config));
    let waits = waits.clone();
    Arc::new(move |store, stop| {
        let waits = waits.of_generation(store.generation());
        let progress = stores.progress(store.generation());
        let projector = Projector::new(store, markets.clone())
            .with_progress(progress)
            .with_waits(waits.clone());
        let projector = Arc::new(match metrics.clone() {
            Some(metrics) => projector.with_metrics(metrics),
            None => projector,
        });
        let (log, options, live) = (log.clone(), options.clone(), live.clone());
        Box::pin(async move {
            let ended = match log {
                Log::Embedded(log) => projector::embedded::run(projector, log, tail, stop).await,
                Log::Kafka(log) => projector::kafka::run(projector, log, options, live, stop).await,
            };
            waits.end();
            ended
        })
    })
}

/// Whether a file's name is that of a generation.
fn is_generation(name: &str) -> bool {
    name.strip_prefix("generation-").and_then(|rest| rest.strip_suffix(".db")).is_some()
}

/// A stack whose store may be on its way.
pub struct Starting {
    pub stack: Stack,
    pub waiting: Option<tokio::task::JoinHandle<()>>,
}

/// Where a store is waited for.
struct Arriving {
    late: Arc<LateStore>,
    stores: Arc<Stores>,
    waits: Waits,
}

/// The subject of waiting for the database.
const WAITING: &str = "the service waits for its read store";

async fn wait_for_store(
    config: &Config,
    Arriving { late, stores, waits }: &Arriving,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        match open_postgres(config).await {
            Ok(store) => {
                late.arrive(stores.adopt(store).await);
                waits.over(WAITING);
                return Ok(());
            }
            Err(error) if is_away(&error) => {
                let why = reason(&error);
                waits.wait(WAITING, &why);
                late.delay(why);
                backoff.wait(stop).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Why it is away, without saying twice that it is.
fn reason(error: &anyhow::Error) -> String {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Unavailable(why)) => why.clone(),
        _ => format!("{error:#}"),
    }
}

fn is_away(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::is_transient)
}

type Opened = (Arc<dyn ReadStore>, Arc<dyn Catalogue>);

/// The catalogue stands beside the embedded log, whichever log is used.
async fn open_sqlite(config: &Config, absent: Absent) -> anyhow::Result<Opened> {
    let catalogue = open_sqlite_catalogue(config, absent).await?;
    let store = catalogue.open_serving().await?;
    Ok((store, Arc::new(catalogue)))
}

async fn open_sqlite_catalogue(config: &Config, absent: Absent) -> anyhow::Result<SqliteCatalogue> {
    let options = SqliteOptions {
        read_connections: config.store.read_connections,
        busy_timeout: Duration::from_millis(config.store.busy_timeout_ms),
    };
    let opened = match absent {
        Absent::Made => SqliteCatalogue::open(&config.data_dir, options).await,
        Absent::Refused => SqliteCatalogue::look(&config.data_dir, options).await,
    };
    opened.with_context(|| {
        format!("cannot open the catalogue of generations in {}", config.data_dir.display())
    })
}

async fn open_postgres(config: &Config) -> anyhow::Result<Arc<dyn ReadStore>> {
    let options = postgres_options(config);
    Ok(Arc::new(PostgresStore::open(config.store.url.reveal(), options).await?))
}

fn postgres_catalogue(config: &Config) -> anyhow::Result<Arc<dyn Catalogue>> {
    let url = config.store.url.reveal();
    Ok(Arc::new(PostgresCatalogue::new(url, postgres_options(config))?))
}

fn postgres_options(config: &Config) -> PostgresOptions {
    PostgresOptions {
        read_connections: config.store.read_connections,
        write_connections: config.store.write_connections,
        statement_timeout: Duration::from_millis(config.store.statement_timeout_ms),
        lock_timeout: Duration::from_millis(config.store.busy_timeout_ms),
        schema: config.store.schema.clone(),
        replicas: config.store.replicas.iter().map(|url| url.reveal().to_owned()).collect(),
        replica_max_lag: Duration::from_millis(config.store.replica_max_lag_ms),
        ..PostgresOptions::default()
    }
}

/// Opens the configured log. Kafka's brokers are not waited for.
///
/// # Errors
/// Where it cannot be opened, or a setting is wrong.
pub async fn open_log(config: &Config) -> anyhow::Result<Log> {
    match config.log_kind() {
        LogKind::Embedded => Ok(Log::Embedded(Arc::new(open_embedded_log(config).await?))),
        LogKind::Kafka => {
            let log = KafkaLog::new(kafka_settings(config), decode::key_of)?;
            Ok(Log::Kafka(Arc::new(log)))
        }
    }
}

async fn open_embedded_log(config: &Config) -> anyhow::Result<EmbeddedLog> {
    let busy_timeout = Duration::from_millis(config.store.busy_timeout_ms);
    EmbeddedLog::open(&config.data_dir, config.log.topics.clone(), busy_timeout)
        .await
        .with_context(|| format!("cannot open the event log in {}", config.data_dir.display()))
}

/// The configured markets; the first is the default.
pub fn markets(config: &Config) -> Vec<Market> {
    config
        .markets
        .iter()
        .map(|m| Market {
            id: m.id.clone(),
            currency: m.currency.clone(),
            locale: m.locale.clone(),
        })
        .collect()
}

/// How the embedded log is read.
pub fn tail_options(config: &Config) -> TailOptions {
    TailOptions {
        batch_max_events: config.projector.batch_max_events,
        batch_max_bytes: config.projector.batch_max_bytes,
        poll_interval: Duration::from_millis(config.projector.poll_interval_ms),
    }
}

/// How Kafka's topics are consumed.
pub fn kafka_options(config: &Config) -> KafkaOptions {
    KafkaOptions {
        topics: config.log.topics.clone(),
        batch_max_events: config.projector.batch_max_events,
        batch_max_bytes: config.projector.batch_max_bytes,
        live_batch_max_events: config.projector.live_batch_max_events,
        partition_groups: config.projector.partition_groups,
        drain: Duration::from_millis(config.projector.drain_ms),
        accept_missing_events: config.log.missing_events == MissingEvents::Accept,
    }
}

fn kafka_settings(config: &Config) -> KafkaSettings {
    let dead = &config.log.dead_letter_topic;
    KafkaSettings {
        brokers: config.log.brokers().unwrap_or_default().to_owned(),
        group: config.log.group.clone(),
        topics: config.log.topics.clone(),
        properties: config.log.properties.clone(),
        delivery_timeout: Duration::from_millis(config.log.delivery_timeout_ms),
        dead_letter_topic: (!dead.is_empty()).then(|| dead.clone()),
    }
}
