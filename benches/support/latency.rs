//! How soon a published event shows: from handing it to the producer until a page that is asked for
//! with its position is answered.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use projections::event::Kind;
use vitrine::decode::envelope_kind;
use vitrine::generate::{LiveChanges, Options};
use vitrine::log::NewRecord;
use vitrine::log::position::join_positions;
use vitrine::stack::Log;

use super::child::Vitrine;
use super::production::Production;

/// How often changes are handed to the producer.
const TICK: Duration = Duration::from_millis(5);
/// One tick in so many is followed to its page.
const FOLLOWED_EVERY: u64 = 10;
/// Not counted: after a start, statements are prepared and pages come into memory, and what piles up
/// meanwhile is worked off.
const WARM_UP: Duration = Duration::from_secs(10);

/// What was seen.
#[derive(Default, serde::Serialize)]
pub struct Latency {
    /// Of events about one product.
    pub milliseconds: Vec<f64>,
    /// Of discounts, which may reach much of the catalogue: until all listings show them.
    pub discounts: Vec<f64>,
    pub published: u64,
    pub seconds: f64,
}

/// What changes at a steady rate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Products, prices, stock and reviews.
    WithoutDiscounts,
    /// One event in a hundred is a discount: at 2,000 a second they reach more products in each second than
    /// there are in most shops.
    WithDiscounts,
}

/// Changes of a catalogue that go on from one measure to the next.
pub struct Changing {
    changes: LiveChanges,
}

impl Changing {
    pub fn new(options: &Options) -> Changing {
        Changing { changes: LiveChanges::new(options) }
    }

    fn next(&mut self, mix: Mix) -> NewRecord {
        loop {
            let mut line = Vec::new();
            self.changes.write_next(vitrine::clock::now(), &mut line);
            let kind = envelope_kind(&line).ok().flatten();
            let passes = |kind: &Kind| mix == Mix::WithDiscounts || *kind != Kind::Discount;
            if let Some(kind) = kind.filter(passes) {
                return NewRecord { kind, payload: line.into() };
            }
        }
    }
}

/// With one instance that projects and answers, at a steady rate of changes.
pub async fn measure(
    production: &Production,
    changing: &mut Changing,
    mix: Mix,
    a_second: u64,
    seconds: u64,
) -> anyhow::Result<Latency> {
    let address = free_address()?;
    let config = production.shop.config_file();
    let mut service = Vitrine::start(&config, &["serve", "--listen", &address])?;
    let base = format!("http://{address}");
    let client = reqwest::Client::new();
    ready(&client, &base, &mut service).await?;
    let log = Log::open(&production.shop.config).await?.events();
    let mut tick = tokio::time::interval(TICK);
    let each = (a_second * TICK.as_millis() as u64 / 1000).max(1);
    // The consumer group gives no partitions in its first seconds: what piles up until then is no
    // steady rate.
    for kind in [Kind::Product, Kind::Price, Kind::Stock, Kind::Review] {
        let record = std::iter::repeat_with(|| changing.next(mix)).find(|r| r.kind == kind);
        let record = record.context("no change of that kind comes")?;
        follow(log.clone(), record, client.clone(), base.clone()).await?;
    }
    let (started, mut latency) = (Instant::now(), Latency::default());
    let mut following = Vec::new();
    let mut publishing = tokio::task::JoinSet::new();
    let mut ticks = 0u64;
    while started.elapsed() < WARM_UP + Duration::from_secs(seconds) {
        tick.tick().await;
        let mut records: Vec<NewRecord> = (0..each).map(|_| changing.next(mix)).collect();
        let counted = started.elapsed() > WARM_UP;
        latency.published += if counted { each } else { 0 };
        let (log, client, base) = (log.clone(), client.clone(), base.clone());
        let followed = counted && ticks.is_multiple_of(FOLLOWED_EVERY);
        ticks += 1;
        if let Some(record) = records.pop().filter(|_| followed) {
            let log = log.clone();
            following.push(tokio::spawn(async move { follow(log, record, client, base).await }));
        }
        publishing.spawn(async move { log.append(&records).await.map(|_| ()) });
        while let Some(done) = publishing.try_join_next() {
            done??;
        }
    }
    latency.seconds = started.elapsed().as_secs_f64() - WARM_UP.as_secs_f64();
    while let Some(done) = publishing.join_next().await {
        done??;
    }
    for followed in following {
        let (kind, took) = followed.await??;
        let discount = kind == Kind::Discount;
        let of = if discount { &mut latency.discounts } else { &mut latency.milliseconds };
        of.push(took.as_secs_f64() * 1e3);
    }
    log.close().await;
    Ok(latency)
}

/// Publishes, and asks for a product page with the positions.
async fn follow(
    log: std::sync::Arc<dyn vitrine::log::EventLog>,
    record: NewRecord,
    client: reqwest::Client,
    base: String,
) -> anyhow::Result<(Kind, Duration)> {
    let data: serde_json::Value = serde_json::from_slice(&record.payload)?;
    let product = data["data"]["product_id"].as_str().unwrap_or("p-1");
    let started = Instant::now();
    let positions = log.append(std::slice::from_ref(&record)).await?;
    let answer = client
        .get(format!("{base}/api/v1/products/{product}"))
        .header("Vitrine-Min-Position", join_positions(&positions))
        .header("Vitrine-Wait-Ms", "5000")
        .send()
        .await?;
    let status = answer.status().as_u16();
    let body = answer.text().await?;
    // 412: it took longer than may be waited for, which is what is counted.
    ensure!(matches!(status, 200 | 404 | 412), "{status}: {body}");
    Ok((record.kind, started.elapsed()))
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

async fn ready(client: &reqwest::Client, base: &str, service: &mut Vitrine) -> anyhow::Result<()> {
    for _ in 0..600 {
        ensure!(service.look()?, "the service ended");
        let answer = client.get(format!("{base}/readyz")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None.context("the service is not ready")
}
