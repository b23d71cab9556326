//! Follows the store: loads the first version of an index, and publishes the next ones.
//!
//! A version is one state of the store. A round opens a snapshot and reads the feed after that: all
//! that was committed before the snapshot is named then, and is read from it. What is named and was
//! committed after the snapshot is read again in the next round.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use projections::index::changed::Changed;
use projections::index::writer::Writer;
use projections::instant::Instant;
use projections::market::Market;
use tokio_util::sync::CancellationToken;

use super::images::{Images, Kept};
use super::load::read_all;
use super::rounds::{self, Names, PRODUCTS_AT_ONCE, Read};
use super::{IndexVersion, ListingIndex};
use crate::backoff::Backoff;
use crate::changes::follow::{Following, POLL};
use crate::clock;
use crate::log::position::Reflected;
use crate::store::feed::{Change, ChangeCursor, ChangeHints};
use crate::store::{ReadStore, Result, Snapshot, StoreError};
use crate::waits::Waits;

/// The subjects of waits.
const FOLLOWING: &str = "changes cannot be read";
pub const LOADING: &str = "the listing index cannot be loaded";
const LARGE: &str = "the listing index is larger than it may be";

/// How often it is looked how large it is.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// How long a round may take that is under way when the service stops.
const LAST_ROUND_WITHIN: Duration = Duration::from_secs(2);
/// How long before an instant at which many products step at once a version is prepared for it.
const PREPARE_WITHIN: Duration = Duration::from_secs(3);
/// So many products are many. Fewer are evaluated within milliseconds.
const PREPARE_FROM_PRODUCTS: u64 = 1_000;
/// The shortest pause between two versions.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Who keeps what is made from the store and from the index.
pub trait Told: Send + Sync {
    /// The store has changed. Pages that are made from it may differ; the index follows.
    fn changed(&self, change: &Change);

    /// The index has changed: `now` is what requests are answered from already.
    fn published(&self, before: &IndexVersion, now: &Arc<IndexVersion>, changed: &Changed);
}

/// Keeps an index on the state of its store.
pub struct Follower {
    pub store: Arc<dyn ReadStore>,
    pub markets: Vec<Market>,
    pub index: Arc<ListingIndex>,
    /// How far the feed is known.
    pub following: Arc<Following>,
    pub told: Option<Arc<dyn Told>>,
    /// Where it keeps an image to start again from, if it does.
    pub images: Option<Images>,
    pub waits: Waits,
}

/// How far the feed was read.
pub(super) struct Heard {
    pub cursor: ChangeCursor,
    /// What it names, and is yet to be read.
    pub pending: Names,
}

/// What was published, and what the next version is made with.
pub(super) struct Versions {
    pub writer: Arc<Mutex<Writer>>,
    pub last: Arc<IndexVersion>,
    /// Versions that some request may still hold: they are freed here.
    pub retired: Vec<Arc<IndexVersion>>,
    /// When the next version may be published.
    pub next: Clock,
    /// When it was last looked how large they are.
    pub measured: Clock,
    /// The instant that was last decided to be prepared for, or not.
    pub decided: Instant,
}

/// Where a follower stands.
pub(super) struct Feed {
    pub heard: Heard,
    pub versions: Versions,
    pub kept: Kept,
}

impl Follower {
    /// Follows until it is to stop. Without a store it tries again.
    pub async fn run(self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        let mut feed: Option<Feed> = None;
        let mut hints: Option<Box<dyn ChangeHints>> = None;
        while !stop.is_cancelled() {
            let subject = if feed.is_some() { FOLLOWING } else { LOADING };
            let began = Clock::now();
            let step = async {
                match &mut feed {
                    Some(feed) => Ok(self.follow(feed).await.map(|()| None)?),
                    None => self.load().await.map(Some),
                }
            };
            let done = tokio::select! {
                done = step => done,
                () = until_cut(&stop, subject == FOLLOWING) => break,
            };
            match done {
                Ok(loaded) => {
                    // Also a load: its snapshot was opened later.
                    self.following.known_at(began);
                    feed = loaded.or(feed);
                    self.waits.over(subject);
                    backoff = Backoff::default();
                    self.keep_image(feed.as_mut(), false).await;
                }
                Err(error) => {
                    self.waits.wait(subject, error);
                    hints = None;
                    backoff.wait(&stop).await;
                    continue;
                }
            }
            if hints.is_none() {
                hints = self.store.change_hints().await.ok();
            }
            self.pause(feed.as_ref(), hints.as_deref_mut(), &stop).await;
        }
        self.keep_image(feed.as_mut(), true).await;
        // Its generation may be dropped already, and nobody waits for it.
        self.waits.over(LOADING);
        self.waits.over(FOLLOWING);
        self.waits.over(LARGE);
    }

    /// Until there may be something to do.
    async fn pause(
        &self,
        feed: Option<&Feed>,
        hints: Option<&mut (dyn ChangeHints + 'static)>,
        stop: &CancellationToken,
    ) {
        let wait = async {
            let Some(feed) = feed else { return };
            let Versions { last, next, .. } = &feed.versions;
            tokio::time::sleep_until((*next).into()).await;
            if !feed.heard.pending.is_empty() {
                return;
            }
            let millis = last.holds_until.millis().saturating_sub(clock::now().millis());
            let edge = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
            match hints {
                Some(hints) => hints.wait(POLL.min(edge)).await,
                None => tokio::time::sleep(POLL.min(edge)).await,
            }
        };
        tokio::select! {
            () = wait => {}
            () = stop.cancelled() => {}
        }
    }

    /// Says where an index has outgrown its bounds: following it goes on.
    pub(super) fn measure(&self, version: &IndexVersion) {
        let bytes: usize = version.index.bytes().iter().map(|(_, bytes)| bytes).sum();
        match self.index.max_bytes {
            most if most > 0 && bytes as u64 > most => {
                let why = format!("it takes about {bytes} bytes, and index.max_bytes is {most}");
                self.waits.wait(LARGE, why);
            }
            _ => self.waits.over(LARGE),
        }
    }

    /// One round. The feed goes on being read meanwhile: pages from facts do not wait for the index.
    async fn follow(&self, feed: &mut Feed) -> Result<()> {
        let Feed { heard, versions, .. } = feed;
        self.look(heard).await?;
        heard.pending.doubt(self.index.take_doubted());
        let now = clock::now();
        let last = &versions.last;
        let is_due = last.holds_until <= now || now < last.index.evaluated_at();
        let is_prepared = !is_due && prepare(versions, now).await;
        if heard.pending.is_empty() && !is_due && !is_prepared {
            return Ok(());
        }
        let mut snapshot = self.store.snapshot_fresh().await?;
        // Its first read is what it is a state of: the feed is read after that.
        let reflected = snapshot.reflected().await?;
        let known = std::mem::take(&mut heard.pending);
        // What was committed before the snapshot, and perhaps after it.
        let looked = self.look(heard).await;
        let mut names = known;
        names.extend(&heard.pending);
        let done = match looked {
            Ok(()) => {
                let over = CancellationToken::new();
                let round = async {
                    let done = self.round((snapshot, reflected), versions, &names).await;
                    over.cancel();
                    done
                };
                tokio::join!(round, self.listen(heard, &over)).0
            }
            Err(error) => Err(error),
        };
        if done.is_err() {
            heard.pending.extend(&names);
        }
        done
    }

    /// Reads the feed until it is over.
    async fn listen(&self, heard: &mut Heard, over: &CancellationToken) {
        loop {
            tokio::select! {
                () = over.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            if let Err(error) = self.look(heard).await {
                tracing::debug!(%error, "changes cannot be read beside a round");
            }
        }
    }

    /// Reads what is named from a snapshot, and publishes the version that this makes.
    async fn round(
        &self,
        (mut snapshot, reflected): (Box<dyn Snapshot>, Reflected),
        versions: &mut Versions,
        names: &Names,
    ) -> Result<()> {
        let began = Clock::now();
        self.read(snapshot.as_mut(), &versions.writer, names).await?;
        drop(snapshot);
        self.publish(versions, reflected).await;
        self.index.rounds.took(began.elapsed());
        Ok(())
    }

    /// Reads the feed: what it names is pending from now on.
    pub(super) async fn look(&self, heard: &mut Heard) -> Result<()> {
        let read = self.store.changes(Some(&heard.cursor)).await?;
        if read.lost {
            tracing::warn!("changes were deleted before they were read: everything is read again");
            self.hear(heard, &Change::everything());
        }
        for change in &read.changes {
            self.hear(heard, change);
        }
        heard.cursor = read.cursor;
        Ok(())
    }

    fn hear(&self, heard: &mut Heard, change: &Change) {
        heard.pending.add(change);
        if let Some(told) = &self.told {
            told.changed(change);
        }
    }

    /// Reads what is named into the writer. After an error it may be there in part, and nothing is
    /// published before all of it is read again.
    pub(super) async fn read(
        &self,
        snapshot: &mut dyn Snapshot,
        writer: &Arc<Mutex<Writer>>,
        names: &Names,
    ) -> Result<()> {
        let mut rest = Names { everything: false, ..names.clone() };
        if names.everything {
            // Of the writer: it may hold what was never published.
            rest.products = lock(writer).ids().map(str::to_owned).collect();
            rest.discounts = true;
            let seen = |read: &Read, _| {
                for id in read.ids() {
                    rest.products.remove(id);
                }
                Ok::<(), StoreError>(())
            };
            read_all(snapshot, writer, seen).await?;
        }
        names.doubted.iter().for_each(|id| lock(writer).remove(id));
        rest.products.extend(rest.doubted);
        let mut products: Vec<String> = rest.products.into_iter().collect();
        while !products.is_empty() {
            let ids = products.split_off(products.len().saturating_sub(PRODUCTS_AT_ONCE));
            apply(writer, rounds::read(snapshot, ids).await?).await;
        }
        if rest.discounts {
            let discounts = snapshot.discounts().await?;
            rounds::put_discounts(&mut lock(writer), discounts);
        }
        Ok(())
    }

    /// Publishes the version that the writer holds.
    async fn publish(&self, versions: &mut Versions, reflected: Reflected) {
        let began = Clock::now();
        let (version, changed) =
            publish(&versions.writer, versions.last.number + 1, reflected).await;
        self.index.publish(Arc::clone(&version));
        let before = std::mem::replace(&mut versions.last, Arc::clone(&version));
        if let Some(told) = &self.told {
            let (told, before, now) = (Arc::clone(told), Arc::clone(&before), Arc::clone(&version));
            apart(move || told.published(&before, &now, &changed)).await;
        }
        self.index.wake(version.number);
        versions.retired.push(before);
        let retired = std::mem::take(&mut versions.retired);
        versions.retired = apart(move || {
            retired.into_iter().filter(|version| Arc::strong_count(version) > 1).collect()
        })
        .await;
        if versions.measured.elapsed() >= MEASURE_EVERY {
            versions.measured = Clock::now();
            self.measure(&versions.last);
        }
        self.index.held.store(versions.retired.len(), Ordering::Relaxed);
        versions.next = Clock::now() + began.elapsed().max(SHORTEST_PAUSE);
    }
}

/// Until what is under way is given up: a round is finished, so that there is an image of what it made.
async fn until_cut(stop: &CancellationToken, is_round: bool) {
    stop.cancelled().await;
    if is_round {
        tokio::time::sleep(LAST_ROUND_WITHIN).await;
    }
}

/// Runs what takes long off the threads that answer requests.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down: nothing comes of this task any more.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Prepares the writer for the next instant at which many products step at once, shortly before it.
/// True where a version has to be published that is prepared.
async fn prepare(versions: &mut Versions, now: Instant) -> bool {
    let next = versions.last.holds_until;
    let is_near = next.millis().saturating_sub(now.millis()) <= PREPARE_WITHIN.as_millis() as i64;
    if !is_near || versions.decided == next {
        return false;
    }
    versions.decided = next;
    let (version, writer) = (Arc::clone(&versions.last), Arc::clone(&versions.writer));
    apart(move || {
        let step_at_once = version.index.moving_at_once();
        if step_at_once < PREPARE_FROM_PRODUCTS {
            return false;
        }
        tracing::debug!(step_at_once, at = %next, "many products step at once: that is prepared");
        lock(&writer).prepare(next);
        true
    })
    .await
}

pub(super) async fn apply(writer: &Arc<Mutex<Writer>>, read: Read) {
    let writer = Arc::clone(writer);
    apart(move || read.apply(&mut lock(&writer))).await;
}

pub(super) async fn publish(
    writer: &Arc<Mutex<Writer>>,
    number: u64,
    reflected: Reflected,
) -> (Arc<IndexVersion>, Changed) {
    let writer = Arc::clone(writer);
    apart(move || {
        let mut writer = lock(&writer);
        let index = writer.publish(clock::now());
        let changed = writer.take_changed();
        let holds_until = index.holds_until();
        (Arc::new(IndexVersion { number, index, reflected, holds_until }), changed)
    })
    .await
}

pub(super) fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}
