//! Changes of known products, published at a steady rate, and seen in the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use vitrine::catalogue::find;
use vitrine::config::Config;
use vitrine::log::NewRecord;
use vitrine::log::position::Position;
use vitrine::stack::{self, Stack};
use vitrine::store::ReadStore;

use super::known::{Known, What};
use super::random::{Random, Zipf};
use super::truth::{Change, Truth};

/// How often changes are handed over; those of one time go together.
const TICK: Duration = Duration::from_millis(20);
/// How often it is looked which generation is live.
const LIVE_EVERY: Duration = Duration::from_millis(10);
/// How often the store is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long the first changes are waited for: a consumer group gives no partitions in its first seconds.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);
/// Changes that are made at first: enough for some of each kind in every partition.
const AT_FIRST: usize = 400;
/// How long the last changes are waited for.
const SEEN_WITHIN: Duration = Duration::from_secs(60);

/// What is changed, and when.
pub struct Changing {
    pub known: Known,
    /// Changes a second.
    pub rate: u64,
    /// Popular products more often, to this power; else all alike.
    pub zipf: Option<f64>,
    pub counted_from: Instant,
    pub until: Instant,
    /// Ends it earlier.
    pub over: Arc<AtomicBool>,
}

/// What was changed.
#[derive(Default)]
pub struct Changed {
    /// Those that were handed over after the warm-up.
    pub counted: Vec<Change>,
    pub not_seen: usize,
    /// From handing over until it was seen in the store.
    pub slowest: Duration,
}

/// Changes that were handed over together.
struct Batch {
    changes: Vec<Change>,
    positions: Vec<Position>,
    began: Instant,
}

/// Changes a few products and waits until that is in the store: what changes from then on is taken as it
/// comes, from every partition.
pub fn settle(config: &Config, known: &Known, truth: &Mutex<Truth>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut random = Random::default();
    let draw = |n: usize| change(known, n % known.products, &mut random, truth);
    let (changes, records): (Vec<Change>, Vec<NewRecord>) = (0..AT_FIRST).map(draw).unzip();
    runtime.block_on(async {
        let ours = Stack::open(config).await?;
        let positions = ours.log.events().append(&records).await?.whole()?;
        let began = Instant::now();
        while !ours.store.snapshot().await?.reflects(&positions).await? {
            ensure!(began.elapsed() < SETTLED_WITHIN, "changes do not come into the store");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        truth.lock().unwrap_or_else(PoisonError::into_inner).is_known(&changes, Instant::now());
        ours.close().await;
        Ok(())
    })
}

/// Publishes until the time is over, and tells the truth what is in the store.
pub fn run(config: &Config, changing: &Changing, truth: &Mutex<Truth>) -> anyhow::Result<Changed> {
    let (published, to_see) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let publishing = publish(config, changing, truth, published);
        let seeing = see(config, to_see, truth, changing.counted_from);
        let (counted, (not_seen, slowest)) = tokio::try_join!(publishing, seeing)?;
        Ok(Changed { counted, not_seen, slowest })
    })
}

async fn publish(
    config: &Config,
    changing: &Changing,
    truth: &Mutex<Truth>,
    published: mpsc::UnboundedSender<Batch>,
) -> anyhow::Result<Vec<Change>> {
    let Changing { known, rate, zipf, counted_from, until, ref over } = *changing;
    let log = stack::open_log(config).await?.events();
    let mut random = Random::default();
    let popular = zipf.map(|s| Zipf::new(known.products, s, &mut random));
    let started = Instant::now();
    let (mut handed_over, mut counted) = (0, Vec::new());
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while Instant::now() < until && !over.load(Ordering::Relaxed) {
        tick.tick().await;
        let due = (started.elapsed().as_secs_f64() * rate as f64) as u64;
        let (mut changes, mut records) = (Vec::new(), Vec::new());
        while handed_over < due {
            let product = match &popular {
                Some(popular) => popular.draw(&mut random),
                None => random.below(known.products),
            };
            let (change, record) = change(&known, product, &mut random, truth);
            changes.push(change);
            records.push(record);
            handed_over += 1;
        }
        if records.is_empty() {
            continue;
        }
        let began = Instant::now();
        let positions = log.append(&records).await?.whole()?;
        if began >= counted_from {
            counted.extend(changes.iter().copied());
        }
        published.send(Batch { changes, positions, began })?;
    }
    log.close().await;
    Ok(counted)
}

/// Half of them prices, most others stock.
fn change(
    known: &Known,
    product: usize,
    random: &mut Random,
    truth: &Mutex<Truth>,
) -> (Change, NewRecord) {
    let mut truth = truth.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let (what, value) = match random.below(10) {
            0..5 => (What::Price, 1_000 + random.below(5_000_000) as i64),
            5..9 => (What::Stock, random.below(1_000_000) as i64),
            _ => (What::Name, truth.newest(product, What::Name) + 1),
        };
        if let Some((change, version)) = truth.publish(product, what, value) {
            return (change, known.change(product, what, version, value));
        }
    }
}

/// The store of the live generation, whichever that is.
struct Live {
    stack: Stack,
    store: Arc<dyn ReadStore>,
    looked: Instant,
}

impl Live {
    async fn open(config: &Config) -> anyhow::Result<Live> {
        let stack = Stack::open(config).await?;
        Ok(Live { store: Arc::clone(&stack.store), stack, looked: Instant::now() })
    }

    async fn store(&mut self) -> anyhow::Result<&dyn ReadStore> {
        if self.looked.elapsed() >= LIVE_EVERY {
            self.looked = Instant::now();
            let catalogue = self.stack.stores.catalogue();
            let serving = catalogue.announced().await?.serving;
            if let Some(serving) = serving.filter(|serving| *serving != self.store.generation()) {
                let generation = find(catalogue.as_ref(), serving).await?;
                self.store = self.stack.stores.get(&generation).await?;
            }
        }
        Ok(self.store.as_ref())
    }
}

/// Looks at the live generation for what was published.
async fn see(
    config: &Config,
    mut published: mpsc::UnboundedReceiver<Batch>,
    truth: &Mutex<Truth>,
    counted_from: Instant,
) -> anyhow::Result<(usize, Duration)> {
    let mut ours = Live::open(config).await?;
    let (mut waiting, mut slowest) = (Vec::<Batch>::new(), Duration::ZERO);
    let mut closed = None;
    loop {
        loop {
            match published.try_recv() {
                Ok(batch) => waiting.push(batch),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    closed.get_or_insert_with(Instant::now);
                    break;
                }
            }
        }
        if !waiting.is_empty() {
            let reflected = ours.store().await?.snapshot().await?.reflected().await?;
            let now = Instant::now();
            waiting.retain(|batch| {
                if !reflected.holds(&batch.positions) {
                    return true;
                }
                let mut truth = truth.lock().unwrap_or_else(PoisonError::into_inner);
                truth.is_known(&batch.changes, now);
                if batch.began >= counted_from {
                    slowest = slowest.max(now.duration_since(batch.began));
                }
                false
            });
        }
        let over = closed.is_some_and(|at| at.elapsed() > SEEN_WITHIN || waiting.is_empty());
        if over {
            ours.stack.close().await;
            return Ok((waiting.iter().map(|batch| batch.changes.len()).sum(), slowest));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
