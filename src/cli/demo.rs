//! `vitrine demo`: the service on a sample catalogue, with live changes.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use projections::event::Kind;
use projections::instant::Instant;

use super::{Context, output, publish};
use crate::clock;
use crate::config::{Config, Role};
use crate::decode::envelope_kind;
use crate::demo;
use crate::demo::made::{GoOn, Made, go_on};
use crate::generate::{Generator, LiveChanges, Options};
use crate::log::{Appended, EventLog, NewRecord};
use crate::service::Service;

#[derive(clap::Args)]
pub struct Args {
    /// Where the API listens (`http.listen`).
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// How many products a new catalogue has; 2000 if not given.
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    products: Option<u64>,
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
const PRODUCTS: u64 = 2_000;

pub async fn run(context: Context, args: Args) -> anyhow::Result<()> {
    let config = demo_config(context.config)?;
    let folder = config.data_dir.as_path();
    let service = Service::start(&config, &[Role::Api, Role::Projector], demo::routes).await?;
    let log = service.stack.log.events();
    let options = if log.extents().await?.iter().all(|extent| extent.next <= 1) {
        Some(make(&config, log.as_ref(), args.products.unwrap_or(PRODUCTS)).await?)
    } else {
        let going_on = go_on(Made::read(folder)?.as_ref(), args.products, folder)?;
        told(going_on, folder)
    };
    let live = tokio::spawn(live(log, options, args.changes));
    if let Some(address) = service.address {
        output::say(demo::welcome(&address.to_string()));
    }
    let ended = service.run().await;
    live.abort();
    ended
}

/// A new catalogue, wholly published and reflected.
async fn make(config: &Config, log: &dyn EventLog, products: u64) -> anyhow::Result<Options> {
    output::say(format!("making a catalogue of {products} products ..."));
    let options = Options {
        products,
        events: products * EVENTS_A_PRODUCT,
        seed: SEED,
        start: Instant(clock::now().millis() - BEFORE_NOW_MS),
    };
    let made = Made::of(&options);
    made.write(&config.data_dir)?;
    let positions = publish_catalogue(log, options).await?;
    made.complete().write(&config.data_dir)?;
    publish::wait_for(config, &positions).await?;
    Ok(options)
}

/// Says how it goes on; the catalogue that changes are for, if any.
fn told(going_on: GoOn, folder: &Path) -> Option<Options> {
    let folder = folder.display();
    match going_on {
        GoOn::Live(options) => {
            let products = options.products;
            output::say(format!("going on with the catalogue of {products} products in {folder}"));
            Some(options)
        }
        GoOn::Still(why) => {
            output::say(format!(
                "going on with the catalogue in {folder}, without live changes: it {why}. Remove \
                 that folder to make a new one."
            ));
            None
        }
    }
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
            publish::merge(&mut positions, log.append(&records).await?.whole()?);
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

/// Appends changes to the catalogue of these options as they would come, for ever.
async fn live(log: std::sync::Arc<dyn EventLog>, options: Option<Options>, a_second: u64) {
    let Some(options) = options.filter(|_| a_second > 0) else { return };
    let mut changes = LiveChanges::new(&options);
    let mut tick = tokio::time::interval(Duration::from_micros(1_000_000 / a_second));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut line = Vec::new();
    loop {
        tick.tick().await;
        line.clear();
        changes.write_next(clock::now(), &mut line);
        let records: Vec<NewRecord> = record(&line).into_iter().collect();
        if let Err(error) = log.append(&records).await.and_then(Appended::whole) {
            tracing::warn!(%error, "a live change was not appended");
        }
    }
}
