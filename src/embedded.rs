//! The embedded stack, opened: event log, current generation of the read store, projector.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use projections::market::Market;

use crate::config::{Config, LogKind, StoreKind};
use crate::log::embedded::EmbeddedLog;
use crate::projector::embedded::TailOptions;
use crate::projector::{Bounds, Projector};
use crate::store::ReadStore;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

/// Log and store in the data directory.
pub struct Embedded {
    pub log: Arc<EmbeddedLog>,
    pub store: Arc<SqliteStore>,
}

impl Embedded {
    /// Opens both, and creates or migrates what is not there yet.
    pub async fn open(config: &Config) -> anyhow::Result<Embedded> {
        let log = Arc::new(open_log(config).await?);
        if config.store_kind() != StoreKind::Sqlite {
            bail!("this build has no PostgreSQL store: set store.url to \"sqlite:\"");
        }
        let generation = log.current_generation().await?;
        let options = SqliteOptions {
            read_connections: config.store.read_connections,
            busy_timeout: Duration::from_millis(config.store.busy_timeout_ms),
        };
        let store = SqliteStore::open(&generation.path, generation.number, options)
            .await
            .with_context(|| format!("cannot open {}", generation.path.display()))?;
        Ok(Embedded { log, store: Arc::new(store) })
    }

    /// A projector for the store.
    pub fn projector(&self, config: &Config) -> Projector {
        let bounds = Bounds {
            inline_products: bounded(config.projector.fanout_inline_products),
            defer_products: bounded(config.projector.defer_products),
            chunk_products: bounded(config.projector.fanout_chunk_products),
            chunk_products_max: bounded(config.projector.fanout_chunk_products_max),
            past: Duration::from_secs(config.projector.steps_past_hours * 3600),
            ahead: Duration::from_secs(config.projector.steps_ahead_days * 24 * 3600),
        };
        let store: Arc<dyn ReadStore> = self.store.clone();
        Projector::new(store, markets(config), bounds)
    }

    /// Closes both.
    pub async fn close(&self) {
        self.store.close().await;
        self.log.close().await;
    }
}

/// Only the log: enough to publish.
pub async fn open_log(config: &Config) -> anyhow::Result<EmbeddedLog> {
    if config.log_kind() != LogKind::Embedded {
        bail!("this build has no Kafka log: set log.url to \"embedded:\"");
    }
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

/// How the log is read.
pub fn tail_options(config: &Config) -> TailOptions {
    TailOptions {
        batch_max_events: config.projector.batch_max_events,
        batch_max_bytes: config.projector.batch_max_bytes,
        poll_interval: Duration::from_millis(config.projector.poll_interval_ms),
        fanout_max_delay: Duration::from_millis(config.projector.fanout_max_delay_ms),
    }
}

fn bounded(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
