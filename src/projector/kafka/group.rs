//! One partition group: partitions whose events are applied by one task, in order.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use projections::event::Kind;
use projections::instant::Instant;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::KafkaOptions;
use crate::backoff::Backoff;
use crate::catalogue::live::Live;
use crate::clock;
use crate::log::position::{Partition, Position};
use crate::log::record::Record;
use crate::projector::drive::{PROJECTING, ProjectorError, apply_all};
use crate::projector::{Batch, Projector};
use crate::store::{Advance, Mark};

/// What is known of a partition that the group has given to this instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Not consumed: its position is yet to be read from the store.
    Awaiting,
    /// Consumed.
    Active {
        /// The offset that the store will stand at once all that was handed over is applied.
        handed: i64,
        /// The offset after the last event that was taken.
        next: i64,
    },
    /// Not consumed: events are missing.
    Stopped { since: Clock },
}

/// A partition of a kind's topic.
pub type PartitionKey = (Kind, i32);

/// An event that was polled.
struct Taken {
    key: PartitionKey,
    offset: i64,
    record: Record,
    at: Clock,
}

/// So many events that are taken and not handed over are a backlog.
const BACKLOG_EVENTS: usize = 5_000;
/// And so is one that was written so long ago.
const BACKLOG_AGE_MS: i64 = 10_000;

/// For so long events of a generation that nobody waits for are gathered: a transaction costs much the same whether it
/// has one of them or ten, and the live generation's go first.
const LINGER: Duration = Duration::from_millis(50);

/// How long a poll waits for an event when there is nothing else to do; while events wait to be handed over; and while
/// they are gathered.
pub const DUE_IDLE: Duration = Duration::from_millis(50);
const DUE_BUSY: Duration = Duration::from_millis(2);
const DUE_GATHERING: Duration = Duration::from_millis(10);

/// The task that applies, and the way to it.
struct Run {
    sender: mpsc::Sender<Batch>,
    task: JoinHandle<Result<(), ProjectorError>>,
    started: Clock,
}

/// What every group works with.
#[derive(Clone)]
pub struct Works {
    pub projector: Arc<Projector>,
    pub options: KafkaOptions,
    pub live: Live,
    pub runtime: Handle,
    pub stop: CancellationToken,
}

/// Partitions with one ordered task.
///
/// Any failure ends the task; the partitions then start anew from where the store stands.
pub struct PartitionGroup {
    works: Works,
    pub partitions: HashMap<PartitionKey, State>,
    /// Events that are not handed over yet, in the order in which they came.
    taken: VecDeque<Taken>,
    taken_bytes: usize,
    run: Option<Run>,
    /// The consumer does not fetch for the group: its buffer is full.
    pub paused: bool,
    backoff: Backoff,
    /// After a failure: when to go on.
    not_before: Clock,
}

/// A run that lasted this long ends a row of failures.
const GOOD_RUN: Duration = Duration::from_secs(10);

impl PartitionGroup {
    pub fn new(works: Works) -> PartitionGroup {
        PartitionGroup {
            works,
            partitions: HashMap::new(),
            taken: VecDeque::new(),
            taken_bytes: 0,
            run: None,
            paused: false,
            backoff: Backoff::default(),
            not_before: Clock::now(),
        }
    }

    /// Takes up an event, if it is the partition's turn.
    pub fn take(&mut self, key: PartitionKey, offset: i64, record: Record) {
        let Some(State::Active { next, .. }) = self.partitions.get_mut(&key) else { return };
        if offset < *next {
            return;
        }
        *next = offset + 1;
        self.taken_bytes += record.bytes();
        self.taken.push_back(Taken { key, offset, record, at: Clock::now() });
    }

    /// Whether no more is to be taken until the task has taken what there is.
    pub fn is_full(&self) -> bool {
        self.taken.len() >= self.works.options.batch_max_events
            || self.taken_bytes >= self.works.options.batch_max_bytes
    }

    /// How soon it may have something to hand over, if no more events come.
    pub fn due_in(&self) -> Duration {
        match (self.taken.is_empty(), self.is_waited_for()) {
            (true, _) => DUE_IDLE,
            (false, true) => DUE_BUSY,
            (false, false) => DUE_GATHERING,
        }
    }

    /// Partitions that are consumed.
    pub fn active(&self) -> Vec<PartitionKey> {
        let is_active = |(key, state): (&PartitionKey, &State)| {
            matches!(state, State::Active { .. }).then_some(*key)
        };
        self.partitions.iter().filter_map(is_active).collect()
    }

    /// Partitions that are consumed, with the offset that comes next.
    pub fn active_from(&self) -> Vec<(PartitionKey, i64)> {
        let from = |(key, state): (&PartitionKey, &State)| match state {
            State::Active { next, .. } => Some((*key, *next)),
            _ => None,
        };
        self.partitions.iter().filter_map(from).collect()
    }

    /// Partitions that wait for their position, once a pause after a failure is over.
    pub fn awaiting(&self) -> Vec<PartitionKey> {
        if Clock::now() < self.not_before {
            return Vec::new();
        }
        let awaits =
            |(key, state): (&PartitionKey, &State)| (*state == State::Awaiting).then_some(*key);
        self.partitions.iter().filter_map(awaits).collect()
    }

    /// The partition goes on from `next`; the store stands at `stored`.
    pub fn activate(&mut self, key: PartitionKey, stored: i64, next: i64) {
        self.partitions.insert(key, State::Active { handed: stored, next });
        if self.run.is_none() {
            self.start();
        }
    }

    fn start(&mut self) {
        // One batch waits while one is applied; more would only take memory.
        let (sender, mut batches) = mpsc::channel(1);
        let Works { projector, stop, .. } = self.works.clone();
        let task = self
            .works
            .runtime
            .spawn(async move { apply_all(&projector, &mut batches, &stop).await });
        self.run = Some(Run { sender, task, started: Clock::now() });
    }

    /// Hands over the next batch, if the task has room for it. It is decoded here, while the one before
    /// it is applied.
    pub fn hand_over(&mut self) {
        let Some(run) = &self.run else { return };
        let Ok(permit) = run.sender.try_reserve() else { return };
        if !self.is_waited_for() {
            let oldest = self.taken.front();
            let gathering = oldest.is_some_and(|oldest| oldest.at.elapsed() < LINGER);
            let few = self.taken.len() < self.works.options.live_batch_max_events;
            if gathering && few && !self.is_full() {
                return;
            }
        }
        let mut batch = Batch::default();
        let mut moved: HashMap<PartitionKey, i64> = HashMap::new();
        let at_once = self.at_once();
        let ends: HashMap<PartitionKey, i64> =
            self.taken.iter().take(at_once).map(|taken| (taken.key, taken.offset)).collect();
        let mut marks: HashMap<PartitionKey, Mark> = HashMap::new();
        for Taken { key, offset, record, .. } in self.taken.drain(..at_once) {
            self.taken_bytes -= record.bytes();
            moved.insert(key, offset + 1);
            let topic = self.works.options.topics.of(key.0).to_owned();
            if ends.get(&key) == Some(&offset) {
                marks.insert(key, Mark { offset, fingerprint: record.fingerprint() });
            }
            batch.push(Position { topic, partition: key.1, offset }, key.0, record);
        }
        if self.taken.is_empty() {
            // With what was passed over since.
            moved.extend(self.active_from());
        }
        for (key, to) in moved {
            let Some(State::Active { handed, .. }) = self.partitions.get_mut(&key) else {
                continue;
            };
            let expected = std::mem::replace(handed, to);
            if expected != to {
                let topic = self.works.options.topics.of(key.0).to_owned();
                let partition = Partition { topic, partition: key.1 };
                let last = marks.get(&key).copied();
                batch.moves.push(Advance { partition, expected, next: to, last });
            }
        }
        if !batch.moves.is_empty() {
            batch.moves.sort_unstable_by(|a, b| a.partition.cmp(&b.partition));
            permit.send(batch);
        }
    }

    fn is_waited_for(&self) -> bool {
        self.works.live.is_waited_for(self.works.projector.store().generation())
    }

    /// How many events the next batch takes: few while they come as they happen, so that none waits long
    /// for the others; as many as there are once there is a backlog.
    fn at_once(&self) -> usize {
        let old = |taken: &Taken| {
            let written = taken.record.timestamp.map_or(i64::MAX, Instant::millis);
            clock::now().millis().saturating_sub(BACKLOG_AGE_MS) > written
        };
        let backlog = self.taken.len() >= BACKLOG_EVENTS || self.taken.front().is_some_and(old);
        match backlog {
            true => self.taken.len(),
            false => self.taken.len().min(self.works.options.live_batch_max_events),
        }
    }

    /// Looks whether the task has ended. A failure that passes puts all partitions back to where the
    /// store stands, after a pause; answers those that are no longer to be consumed.
    ///
    /// # Errors
    /// What does not pass.
    pub fn reap(&mut self) -> Result<Vec<PartitionKey>, ProjectorError> {
        if !self.run.as_ref().is_some_and(|run| run.task.is_finished()) {
            return Ok(Vec::new());
        }
        let Some(run) = self.run.take() else { return Ok(Vec::new()) };
        let ended = self.works.runtime.block_on(run.task);
        let consumed = self.start_over();
        match ended {
            Ok(Ok(())) => Ok(consumed),
            Ok(Err(error)) if error.is_passing() => {
                self.works.projector.waits().wait(PROJECTING, error);
                if run.started.elapsed() > GOOD_RUN {
                    self.backoff = Backoff::default();
                }
                self.pause();
                Ok(consumed)
            }
            Ok(Err(error)) => Err(error),
            Err(ended) => {
                tracing::error!(%ended, "the task that applies events has ended");
                self.pause();
                Ok(consumed)
            }
        }
    }

    /// Waits a while before the awaiting partitions are looked at.
    pub fn pause(&mut self) {
        self.not_before = Clock::now() + self.backoff.next_pause();
    }

    /// What was taken and not handed over is dropped: it comes again, from the store's positions.
    /// Answers the partitions that are no longer to be consumed.
    fn start_over(&mut self) -> Vec<PartitionKey> {
        self.taken.clear();
        self.taken_bytes = 0;
        self.paused = false;
        let active = self.active();
        for key in &active {
            self.partitions.insert(*key, State::Awaiting);
        }
        active
    }

    /// Lets go of partitions. What the task has is finished first, but for `deadline`. Answers the
    /// partitions that are no longer to be consumed; those that stay start over.
    pub fn revoke(&mut self, keys: &[PartitionKey], deadline: Duration) -> Vec<PartitionKey> {
        if !self.partitions.keys().any(|key| keys.contains(key)) {
            return Vec::new();
        }
        let consumed = self.restart(deadline);
        self.partitions.retain(|key, _| !keys.contains(key));
        consumed
    }

    /// Finishes what the task has; then all partitions start over from where the store stands. Answers
    /// those that are no longer to be consumed.
    pub fn restart(&mut self, deadline: Duration) -> Vec<PartitionKey> {
        self.end_run(deadline);
        self.start_over()
    }

    /// Waits until the task has finished what it has; past the deadline it is stopped, and its
    /// transaction undone.
    pub fn end_run(&mut self, deadline: Duration) {
        let Some(Run { sender, mut task, .. }) = self.run.take() else { return };
        drop(sender);
        let ended = self.works.runtime.block_on(async {
            let drained = tokio::time::timeout(deadline, &mut task).await;
            if drained.is_err() {
                tracing::warn!(?deadline, "a batch was not done in time: it is given up");
                task.abort();
                // Its transaction is undone, and its connection ended where it was cut off while it copied.
                let _ended = tokio::time::timeout(deadline, &mut task).await;
            }
            drained
        });
        if let Ok(Ok(Err(error))) = ended {
            tracing::warn!(%error, "the last batch of revoked partitions was not applied");
        }
    }
}
