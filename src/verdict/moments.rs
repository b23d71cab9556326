//! Differences told from moments: both generations are read at slightly different times, while events come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::counts::counted;
use super::found::{Found, Key};
use super::{Counts, VerdictError};
use crate::log::position::{Partition, Position};
use crate::store::{ReadStore, Result, Snapshot, is_stopped};

/// Times that what differs is looked at again.
const LOOKS: usize = 6;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(25);
/// Looks that have to show a difference of something that stood still meanwhile.
const CONFIRMED: usize = 2;
/// How often a generation is asked whether it has followed: at first, and at most.
const ASK_FIRST: Duration = Duration::from_millis(5);
const ASK_MOST: Duration = Duration::from_millis(200);

/// What is read of a generation.
#[async_trait]
pub(super) trait Read: Sync {
    type Answer: Send;

    /// Reads it from one state.
    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<Self::Answer>;
}

/// What is read and compared, and looked at again where it differs.
pub(super) trait Compare: Read {
    /// What differs.
    fn differ(&self, live: &Self::Answer, new: &Self::Answer) -> Vec<Found>;

    /// Before a look: what is in doubt, so that it can be watched.
    fn watch(&mut self, doubts: &BTreeSet<&Key>);

    /// Whether what a difference is about stood still between two states of the live generation.
    fn stood(&self, key: &Key, before: &Self::Answer, after: &Self::Answer) -> Stood;
}

/// Whether something stood still.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stood {
    Still,
    Moved,
    /// Nothing tells; the value is the same, but it may have been another one in between.
    Perhaps,
}

/// What is left of differences after more looks.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub differences: Vec<Found>,
    /// Subjects that went on changing, so that nothing can be said.
    pub unsettled: u64,
}

/// How far a snapshot reflects the log.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Standing {
    /// Where the next event comes, without partitions that had none.
    next: BTreeMap<Partition, i64>,
}

impl Standing {
    async fn of(snapshot: &mut dyn Snapshot) -> Result<Standing> {
        let next: BTreeMap<Partition, i64> =
            snapshot.positions().await?.into_iter().filter(|(_, next)| *next > 0).collect();
        Ok(Standing { next })
    }

    /// The last event of each partition.
    fn last(&self) -> Vec<Position> {
        let last = |(partition, next): (&Partition, &i64)| Position {
            topic: partition.topic.clone(),
            partition: partition.partition,
            offset: next - 1,
        };
        self.next.iter().map(last).collect()
    }
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Live,
    New,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Side::Live => "live",
            Side::New => "new",
        })
    }
}

/// The new generation between two states of the live one: the first is not ahead of it, the second not behind.
struct Look<T> {
    before: T,
    new: T,
    after: T,
    /// All three reflect the same events: what differs, differs.
    exact: bool,
}

/// The two generations.
pub(super) struct Pair<'a> {
    pub live: &'a Arc<dyn ReadStore>,
    pub new: &'a Arc<dyn ReadStore>,
    /// How long one may take to reflect what the other does.
    pub within: Duration,
    pub stop: &'a CancellationToken,
}

impl Pair<'_> {
    fn store(&self, side: Side) -> &Arc<dyn ReadStore> {
        match side {
            Side::Live => self.live,
            Side::New => self.new,
        }
    }

    /// What a generation counts. Counts are not of one state with anything else.
    pub async fn counts(&self, side: Side) -> Result<Counts, VerdictError> {
        let mut patience = Patience::new(self, side, &[]);
        let status = loop {
            let attempt = self.store(side).status().await;
            if let Some(status) = patience.take(attempt.map(Some)).await? {
                break status;
            }
        };
        Ok(Counts {
            generation: status.generation,
            products: status.products,
            dead_letters_open: status.dead_letters_open,
        })
    }

    /// Counts again what differs. Other events may be in each count, so that only what is the same in all of them
    /// is sure.
    pub async fn settle_counts(&self, first: &[Found]) -> Result<Settled, VerdictError> {
        let mut doubts = Doubts::of(first);
        for turn in 0..LOOKS {
            if doubts.open.is_empty() {
                break;
            }
            if turn > 0 {
                self.pause(PAUSE).await;
            }
            let (_, earlier) = self.read(Side::Live, &[], &Nothing).await?;
            let live = self.counts(Side::Live).await?;
            let (_, between) = self.read(Side::New, &earlier.last(), &Nothing).await?;
            let new = self.counts(Side::New).await?;
            let (_, ahead) = self.read(Side::New, &[], &Nothing).await?;
            let (_, later) = self.read(Side::Live, &ahead.last(), &Nothing).await?;
            let standings = [&between, &ahead, &later];
            if standings.into_iter().all(|standing| *standing == earlier) {
                return Ok(doubts.end_with(counted(live, new)));
            }
            let later = self.counts(Side::Live).await?;
            doubts.narrow(counted(live, new), &counted(later, new), |_| Stood::Perhaps);
        }
        Ok(doubts.end())
    }

    /// Waits until the new generation reflects all that the live one does now.
    pub async fn caught_up(&self) -> Result<(), VerdictError> {
        let (_, standing) = self.read(Side::Live, &[], &Nothing).await?;
        self.read(Side::New, &standing.last(), &Nothing).await.map(|_| ())
    }

    /// Reads both as they are at about this moment.
    pub async fn read_both<R: Read>(
        &self,
        read: &R,
    ) -> Result<(R::Answer, R::Answer), VerdictError> {
        tokio::try_join!(self.read_now(Side::Live, read), self.read_now(Side::New, read))
    }

    async fn read_now<R: Read>(&self, side: Side, read: &R) -> Result<R::Answer, VerdictError> {
        let mut patience = Patience::new(self, side, &[]);
        loop {
            let attempt = now(self.store(side), read).await;
            if let Some(answer) = patience.take(attempt.map(Some)).await? {
                return Ok(answer);
            }
        }
    }

    /// Reads one side once it reflects these events.
    async fn read<R: Read>(
        &self,
        side: Side,
        after: &[Position],
        read: &R,
    ) -> Result<(R::Answer, Standing), VerdictError> {
        let mut patience = Patience::new(self, side, after);
        loop {
            let attempt = once_reflected(self.store(side), after, read).await;
            if let Some(answer) = patience.take(attempt).await? {
                return Ok(answer);
            }
        }
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stop.cancelled() => {}
        }
    }

    async fn look<R: Read>(&self, read: &R) -> Result<Look<R::Answer>, VerdictError> {
        let (before, earlier) = self.read(Side::Live, &[], read).await?;
        let (new, between) = self.read(Side::New, &earlier.last(), read).await?;
        let (after, later) = self.read(Side::Live, &between.last(), read).await?;
        let exact = earlier == between && between == later;
        Ok(Look { before, new, after, exact })
    }

    /// Looks again at what differs, until it is the same or surely not.
    pub async fn settle<C: Compare>(
        &self,
        comparison: &mut C,
        first: &[Found],
    ) -> Result<Settled, VerdictError> {
        let mut doubts = Doubts::of(first);
        for turn in 0..LOOKS {
            if doubts.open.is_empty() {
                break;
            }
            if turn > 0 {
                self.pause(PAUSE).await;
            }
            comparison.watch(&doubts.open.keys().collect());
            let look = self.look(comparison).await?;
            let before = comparison.differ(&look.before, &look.new);
            if look.exact {
                return Ok(doubts.end_with(before));
            }
            let after = comparison.differ(&look.after, &look.new);
            doubts.narrow(before, &after, |key| comparison.stood(key, &look.before, &look.after));
            if doubts.are_settled() {
                break;
            }
        }
        Ok(doubts.end())
    }
}

async fn now<R: Read>(store: &Arc<dyn ReadStore>, read: &R) -> Result<R::Answer> {
    let mut snapshot = store.snapshot().await?;
    read.read(snapshot.as_mut()).await
}

/// `None`: not yet.
async fn once_reflected<R: Read>(
    store: &Arc<dyn ReadStore>,
    after: &[Position],
    read: &R,
) -> Result<Option<(R::Answer, Standing)>> {
    let mut snapshot = store.snapshot_fresh().await?;
    if !snapshot.reflects(after).await? {
        return Ok(None);
    }
    let standing = Standing::of(snapshot.as_mut()).await?;
    Ok(Some((read.read(snapshot.as_mut()).await?, standing)))
}

/// Which of these events are not reflected.
async fn missing(store: &Arc<dyn ReadStore>, after: &[Position]) -> Result<Vec<Position>> {
    let reflected = store.snapshot_fresh().await?.reflected().await?;
    let is_missing = |position: &&Position| !reflected.holds(std::slice::from_ref(*position));
    Ok(after.iter().filter(is_missing).cloned().collect())
}

/// Tries until there is an answer; what passes is tried again.
struct Patience<'a> {
    pair: &'a Pair<'a>,
    side: Side,
    after: &'a [Position],
    started: Clock,
    pause: Duration,
}

impl<'a> Patience<'a> {
    fn new(pair: &'a Pair<'a>, side: Side, after: &'a [Position]) -> Patience<'a> {
        Patience { pair, side, after, started: Clock::now(), pause: ASK_FIRST }
    }

    /// The answer of an attempt; `None` after a pause, to try again.
    async fn take<T>(&mut self, attempt: Result<Option<T>>) -> Result<Option<T>, VerdictError> {
        if self.pair.stop.is_cancelled() {
            return Err(VerdictError::Stopped);
        }
        let (side, waited) = (self.side, self.pair.within);
        let late = self.started.elapsed() >= waited;
        match attempt {
            Ok(Some(answer)) => return Ok(Some(answer)),
            Ok(None) if late => {
                let at = missing(self.pair.store(side), self.after).await;
                let at = at.map_err(|error| VerdictError::Store { side, error })?;
                return Err(VerdictError::Behind { side, waited, at });
            }
            Err(error) if error.is_transient() && !late => {}
            Err(error) => return Err(VerdictError::Store { side, error }),
            // It would be waited for in vain.
            Ok(None) => {
                let stopped = is_stopped(self.pair.store(side).as_ref()).await;
                if stopped.map_err(|error| VerdictError::Store { side, error })? {
                    return Err(VerdictError::PartitionStopped { side });
                }
            }
        }
        self.pair.pause(self.pause).await;
        self.pause = (self.pause * 2).min(ASK_MOST);
        Ok(None)
    }
}

/// Only where a generation stands.
struct Nothing;

#[async_trait]
impl Read for Nothing {
    type Answer = ();

    async fn read(&self, _: &mut dyn Snapshot) -> Result<()> {
        Ok(())
    }
}

/// Differences that may be of the moment.
struct Doubts {
    open: BTreeMap<Key, Doubt>,
}

#[derive(Default)]
struct Doubt {
    /// As it was seen last.
    found: Option<Found>,
    /// Looks in which it was about something that stood still.
    confirmed: usize,
    /// Looks in which the value was the same before and after.
    repeated: usize,
}

impl Doubt {
    fn is_sure(&self) -> bool {
        self.confirmed >= CONFIRMED || self.repeated >= LOOKS
    }
}

impl Doubts {
    fn of(first: &[Found]) -> Doubts {
        Doubts { open: first.iter().map(|found| (found.key(), Doubt::default())).collect() }
    }

    /// Only what differs from the live generation both before and after is still in doubt.
    fn narrow(&mut self, before: Vec<Found>, after: &[Found], stood: impl Fn(&Key) -> Stood) {
        let after: BTreeMap<Key, &Found> = after.iter().map(|found| (found.key(), found)).collect();
        let mut left = BTreeMap::new();
        for found in before {
            let key = found.key();
            let (Some(later), Some(mut doubt)) = (after.get(&key), self.open.remove(&key)) else {
                continue;
            };
            if found.same_values(later) {
                match stood(&key) {
                    Stood::Still => doubt.confirmed += 1,
                    Stood::Perhaps => doubt.repeated += 1,
                    Stood::Moved => {}
                }
            }
            doubt.found = Some(found);
            left.insert(key, doubt);
        }
        self.open = left;
    }

    fn are_settled(&self) -> bool {
        self.open.values().all(Doubt::is_sure)
    }

    /// Both reflect the same events: what differs now differs, and nothing else does.
    fn end_with(self, exact: Vec<Found>) -> Settled {
        let subjects: BTreeSet<String> = self.open.into_keys().map(|key| key.subject).collect();
        let differences =
            exact.into_iter().filter(|found| subjects.contains(&found.example.subject)).collect();
        Settled { differences, unsettled: 0 }
    }

    fn end(self) -> Settled {
        let (mut differences, mut unsettled) = (Vec::new(), BTreeSet::new());
        let mut sure = BTreeSet::new();
        for (key, doubt) in self.open {
            let is_sure = doubt.is_sure();
            match doubt.found {
                Some(found) if is_sure => {
                    sure.insert(key.subject);
                    differences.push(found);
                }
                _ => drop(unsettled.insert(key.subject)),
            }
        }
        let unsettled = unsettled.difference(&sure).count() as u64;
        Settled { differences, unsettled }
    }
}
