//! `vitrine demo`: the service on a sample catalogue, with live changes.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use projections::event::Kind;
use projections::instant::Instant;

use super::{Context, publish};
use crate::clock;
use crate::config::Config;
use crate::decode::envelope_kind;
use crate::demo;
use crate::generate::{Generator, LiveChanges, Options};
use crate::log::{EventLog, NewRecord};
use crate::service::{Role, Service};

#[derive(clap::Args)]
pub struct Args {
    /// Where the API listens (`http.listen`).
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// How many products.
    #[arg(long, value_name = "N", default_value_t = 2_000,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    products: u64,
    /// Live changes a second; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(..=10_000))]
    changes: u64,
}

/// The catalogue's events span about 30 days: it begins so long before now that most of its
/// windows are around now.
const BEFORE_NOW_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// The first catalogue takes about nine: the rest are changes.
const EVENTS_A_PRODUCT: u64 = 12;
const SEED: u64 = 1;

pub async fn run(context: Context, args: Args) -> anyhow::Result<()> {
    let config = demo_config(context.config)?;
    let options = Options {
        products: args.products,
        events: args.products * EVENTS_A_PRODUCT,
        seed: SEED,
        start: Instant(clock::now().millis() - BEFORE_NOW_MS),
    };
    let service = Service::start(&config, &[Role::Api, Role::Projector], demo::routes).await?;
    let log = service.stack.log.events();
    if log.extents().await?.iter().all(|extent| extent.next <= 1) {
        eprintln!("making a catalogue of {} products ...", args.products);
        let positions = publish_catalogue(log.as_ref(), options).await?;
        publish::wait_for(&config, &positions).await?;
    } else {
        eprintln!("going on with the catalogue in {}", config.data_dir.display());
    }
    let live = tokio::spawn(live(log, options, args.changes));
    if let Some(address) = service.address {
        eprintln!("{}", demo::welcome(&address.to_string()));
    }
    let ended = service.run().await;
    live.abort();
    ended
}

/// The demo has a folder, markets and a home page of its own; all else is as configured.
fn demo_config(config: Config) -> anyhow::Result<Config> {
    let data_dir = config.data_dir.join("demo");
    let shape: Config = toml::from_str(demo::CONFIG).context("the demo's configuration")?;
    Ok(Config { data_dir, markets: shape.markets, home: shape.home, ..config })
}

async fn publish_catalogue(
    log: &dyn EventLog,
    options: Options,
) -> anyhow::Result<Vec<crate::log::position::Position>> {
    const CHUNK_EVENTS: usize = 4_096;
    let mut generator = Generator::new(options);
    let mut positions = Vec::new();
    let mut records: Vec<NewRecord> = Vec::with_capacity(CHUNK_EVENTS);
    let mut line = Vec::new();
    loop {
        let more = generator.write_next(&mut line);
        if more {
            records.extend(record(&line));
            line.clear();
        }
        if records.len() == CHUNK_EVENTS || !more {
            publish::merge(&mut positions, log.append(&records).await?);
            records.clear();
        }
        if !more {
            return Ok(positions);
        }
    }
}

fn record(line: &[u8]) -> Option<NewRecord> {
    let line = line.trim_ascii();
    let kind: Kind = envelope_kind(line).ok().flatten()?;
    Some(NewRecord { kind, payload: Bytes::copy_from_slice(line) })
}

/// Appends changes as they would come, for ever.
async fn live(log: std::sync::Arc<dyn EventLog>, options: Options, a_second: u64) {
    if a_second == 0 {
        return;
    }
    let mut changes = LiveChanges::new(&options);
    let mut tick = tokio::time::interval(Duration::from_micros(1_000_000 / a_second));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut line = Vec::new();
    loop {
        tick.tick().await;
        line.clear();
        changes.write_next(clock::now(), &mut line);
        let records: Vec<NewRecord> = record(&line).into_iter().collect();
        if let Err(error) = log.append(&records).await {
            tracing::warn!(%error, "a live change was not appended");
        }
    }
}
