//! How soon a published event shows: from handing it to the producer until a page that is asked for
//! with its position is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use projections::event::Kind;
use vitrine::decode::envelope_kind;
use vitrine::generate::{LiveChanges, Options};
use vitrine::log::position::join_positions;
use vitrine::log::{EventLog, NewRecord};
use vitrine::stack;

use super::production::Production;
use super::serving::Serving;

/// How often changes are handed to the producer.
const TICK: Duration = Duration::from_millis(5);
/// One tick in so many is followed to its page.
const FOLLOWED_EVERY: u64 = 10;
/// One event in so many of those that are followed is so to the listings, however long that takes.
const LISTED_EVERY: u64 = 20;
const SHOWN_WITHIN: Duration = Duration::from_secs(900);
/// Before a request that the service had no time for is made again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Not counted: after a start, statements are prepared and pages come into memory, and what piles up
/// meanwhile is worked off.
const WARM_UP: Duration = Duration::from_secs(10);

/// What was seen.
#[derive(Default, serde::Serialize)]
pub struct Latency {
    /// Of events about one product: until its page shows them.
    pub milliseconds: Vec<f64>,
    /// Of some of them: until its cards and listings do.
    pub listed: Vec<f64>,
    /// Of discounts: until a product page shows them.
    pub discounts: Vec<f64>,
    /// Of some of them, which may reach much of the catalogue: until all cards and listings do.
    pub discounts_listed: Vec<f64>,
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
    let service = Serving::start(&production.shop, None)?;
    let base = format!("http://{}", service.address);
    let client = reqwest::Client::new();
    let log = stack::open_log(&production.shop.config).await?.events();
    let shop = Asked { log: Arc::clone(&log), client, base };
    let mut tick = tokio::time::interval(TICK);
    let each = (a_second * TICK.as_millis() as u64 / 1000).max(1);
    // The consumer group gives no partitions in its first seconds: what piles up until then is no
    // steady rate.
    for kind in [Kind::Product, Kind::Price, Kind::Stock, Kind::Review] {
        let record = std::iter::repeat_with(|| changing.next(mix)).find(|r| r.kind == kind);
        let record = record.context("no change of that kind comes")?;
        shop.follow(record, false).await?;
    }
    let (started, mut latency) = (Instant::now(), Latency::default());
    let mut following = Vec::new();
    let mut publishing = tokio::task::JoinSet::new();
    let (mut ticks, mut followed) = (0u64, 0u64);
    while started.elapsed() < WARM_UP + Duration::from_secs(seconds) {
        tick.tick().await;
        let counted = started.elapsed() > WARM_UP;
        latency.published += if counted { each } else { 0 };
        let mut follows = counted && ticks.is_multiple_of(FOLLOWED_EVERY);
        ticks += 1;
        let mut together = Vec::new();
        for record in (0..each).map(|_| changing.next(mix)) {
            // Discounts are few: each is followed.
            let discount = record.kind == Kind::Discount;
            if (counted && discount) || std::mem::take(&mut follows) {
                followed += 1;
                let listed = followed.is_multiple_of(LISTED_EVERY);
                let shop = shop.clone();
                following.push(tokio::spawn(async move { shop.follow(record, listed).await }));
            } else {
                together.push(record);
            }
        }
        let log = log.clone();
        publishing.spawn(async move { log.append(&together).await.map(|_| ()) });
        while let Some(done) = publishing.try_join_next() {
            done??;
        }
    }
    latency.seconds = started.elapsed().as_secs_f64() - WARM_UP.as_secs_f64();
    while let Some(done) = publishing.join_next().await {
        done??;
    }
    let millis = |took: Duration| took.as_secs_f64() * 1e3;
    for followed in following {
        let Followed { kind, page, listings } = followed.await??;
        let discount = kind == Kind::Discount;
        let (of, listed) = match discount {
            true => (&mut latency.discounts, &mut latency.discounts_listed),
            false => (&mut latency.milliseconds, &mut latency.listed),
        };
        of.push(millis(page));
        listed.extend(listings.map(millis));
    }
    log.close().await;
    Ok(latency)
}

/// What is published to, and asked.
#[derive(Clone)]
struct Asked {
    log: Arc<dyn EventLog>,
    client: reqwest::Client,
    base: String,
}

/// How long it took from handing an event to the producer until an answer that reflects it.
struct Followed {
    kind: Kind,
    page: Duration,
    listings: Option<Duration>,
}

impl Asked {
    /// Publishes, and asks for a product page with the position; then for cards, where it is to be listed.
    async fn follow(&self, record: NewRecord, listed: bool) -> anyhow::Result<Followed> {
        let data: serde_json::Value = serde_json::from_slice(&record.payload)?;
        let product = data["data"]["product_id"].as_str().unwrap_or("p-1");
        let started = Instant::now();
        let positions = self.log.append(std::slice::from_ref(&record)).await?.whole()?;
        let position = join_positions(&positions);
        // What takes longer than may be waited for is counted as that long.
        self.ask(&format!("products/{product}"), &position).await?;
        let page = started.elapsed();
        let mut listings = None;
        while listed && listings.is_none() {
            ensure!(started.elapsed() < SHOWN_WITHIN, "listings do not show {position}");
            let shows = self.ask("products?ids=p-1", &position).await?;
            listings = shows.then(|| started.elapsed());
        }
        Ok(Followed { kind: record.kind, page, listings })
    }

    /// Whether the answer reflects the position. A service that is too busy is asked again: that takes its time, too.
    async fn ask(&self, path: &str, position: &str) -> anyhow::Result<bool> {
        let started = Instant::now();
        loop {
            let answer = self
                .client
                .get(format!("{}/api/v1/{path}", self.base))
                .header("Vitrine-Min-Position", position)
                .header("Vitrine-Wait-Ms", "5000")
                .send()
                .await?;
            let status = answer.status().as_u16();
            let body = answer.text().await?;
            if status == 503 && started.elapsed() < SHOWN_WITHIN {
                eprintln!("asked again: {body}");
                tokio::time::sleep(AGAIN_AFTER).await;
                continue;
            }
            ensure!(matches!(status, 200 | 404 | 412), "{status}: {body}");
            return Ok(status != 412);
        }
    }
}
