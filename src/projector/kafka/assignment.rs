//! Which partitions this instance has, and what becomes of each.
//!
//! librdkafka's assignment has only partitions that are consumed, each begun at an offset that the
//! store has named. It is never given a logical offset, such as the end, to be sought away from later: an
//! answer that is under way may win over the seek, and events would be passed over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::consume::{CONSUMING, MISSING};
use super::eventless::Eventless;
use super::group::{DUE_IDLE, PartitionGroup, PartitionKey, State, Works};
use super::marks;
use crate::log::kafka::{KafkaLog, extent, log_error};
use crate::log::position::Partition;
use crate::log::record::Record;
use crate::log::{Extent, LogError, gap};
use crate::projector::drive::ProjectorError;
use crate::store::{Advance, Mark, Standing, StoreError};
use crate::waits::Waits;

/// How long the store may take to say where partitions stand.
const POSITIONS_WITHIN: Duration = Duration::from_secs(5);
/// A stopped partition is looked at again after this long.
const LOOK_AT_STOPPED_EVERY: Duration = Duration::from_secs(30);

/// All partitions of this instance, in their groups.
pub struct Assignment {
    works: Works,
    log: Arc<KafkaLog>,
    groups: Vec<PartitionGroup>,
}

impl Assignment {
    pub fn new(works: Works, log: Arc<KafkaLog>) -> Assignment {
        let groups = works.options.partition_groups.max(1);
        let groups = (0..groups).map(|_| PartitionGroup::new(works.clone())).collect();
        Assignment { works, log, groups }
    }

    /// Partitions of one number stand together: with one key for all topics, so do a product's events.
    fn group(&mut self, key: PartitionKey) -> Option<&mut PartitionGroup> {
        let index = usize::try_from(key.1).unwrap_or(0) % self.groups.len().max(1);
        self.groups.get_mut(index)
    }

    fn waits(&self) -> &Waits {
        self.works.projector.waits()
    }

    fn partition(&self, (kind, partition): PartitionKey) -> Partition {
        Partition { topic: self.works.options.topics.of(kind).to_owned(), partition }
    }

    fn key(&self, topic: &str, partition: i32) -> Option<PartitionKey> {
        Some((self.works.options.topics.kind(topic)?, partition))
    }

    fn keys(&self, list: &TopicPartitionList) -> Vec<PartitionKey> {
        list.elements().iter().filter_map(|e| self.key(e.topic(), e.partition())).collect()
    }

    /// The group gave us these.
    pub fn assigned(&mut self, list: &TopicPartitionList) {
        let keys = self.keys(list);
        tracing::info!(partitions = keys.len(), "partitions assigned");
        for key in keys {
            if let Some(group) = self.group(key) {
                group.partitions.insert(key, State::Awaiting);
            }
        }
    }

    /// The group gives these to another instance: what is under way is finished first. Answers the
    /// partitions that are no longer to be consumed.
    pub fn revoked(&mut self, list: &TopicPartitionList, deadline: Duration) -> TopicPartitionList {
        let keys = self.keys(list);
        tracing::info!(partitions = keys.len(), "partitions revoked");
        let until = Instant::now() + deadline;
        let mut consumed = Vec::new();
        for group in &mut self.groups {
            let left = until.saturating_duration_since(Instant::now());
            consumed.extend(group.revoke(&keys, left));
        }
        for key in keys {
            self.waits().over(&self.partition(key).stopped_subject());
        }
        self.list_of(&consumed)
    }

    /// An event that was polled.
    pub fn take(&mut self, topic: &str, partition: i32, offset: i64, record: Record) {
        let Some(key) = self.key(topic, partition) else { return };
        if let Some(group) = self.group(key) {
            group.take(key, offset, record);
        }
    }

    /// Whether a group has no room for more.
    pub fn is_full(&self) -> bool {
        self.groups.iter().any(PartitionGroup::is_full)
    }

    /// How soon there may be something to hand over, if no more events come.
    pub fn due_in(&self) -> Duration {
        self.groups.iter().map(PartitionGroup::due_in).min().unwrap_or(DUE_IDLE)
    }

    /// Sees to everything that is due: ended tasks, partitions that await their position, batches to be
    /// handed over, and pauses.
    ///
    /// # Errors
    /// What does not pass.
    pub fn tend<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
    ) -> Result<(), ProjectorError> {
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index) else { continue };
            look_at_stopped(group);
            let consumed = group.reap()?;
            self.unassign(consumer, &consumed)?;
            self.activate(index, consumer)?;
            let Some(group) = self.groups.get_mut(index) else { continue };
            group.hand_over();
            if group.paused != group.is_full() {
                group.paused = !group.paused;
                let (pause, active) = (group.paused, group.active());
                let list = self.list_of(&active);
                let done = if pause { consumer.pause(&list) } else { consumer.resume(&list) };
                done.map_err(|error| log_error(&error))?;
            }
        }
        Ok(())
    }

    fn list_of(&self, keys: &[PartitionKey]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(keys.len());
        for (kind, partition) in keys {
            list.add_partition(self.works.options.topics.of(*kind), *partition);
        }
        list
    }

    fn unassign<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        keys: &[PartitionKey],
    ) -> Result<(), LogError> {
        if keys.is_empty() {
            return Ok(());
        }
        consumer.incremental_unassign(&self.list_of(keys)).map_err(|error| log_error(&error))
    }

    /// Has all partitions of a group that await it consumed from where the store stands.
    fn activate<C: ConsumerContext>(
        &mut self,
        index: usize,
        consumer: &BaseConsumer<C>,
    ) -> Result<(), ProjectorError> {
        let Some(group) = self.groups.get(index) else { return Ok(()) };
        let awaiting = group.awaiting();
        if awaiting.is_empty() {
            return Ok(());
        }
        let activated = self.standings().and_then(|mut standings| {
            let starts = awaiting.iter().map(|key| {
                let partition = self.partition(*key);
                let extent = extent(consumer, partition.clone())?;
                Ok(Start {
                    key: *key,
                    standing: standings.remove(&partition),
                    extent,
                    another: false,
                })
            });
            let mut starts: Vec<Start> = starts.collect::<Result<_, LogError>>()?;
            let changed = marks::changed(
                &self.log,
                &starts.iter().filter_map(Start::mark).collect::<Vec<_>>(),
            )?;
            for start in &mut starts {
                start.another = changed.iter().any(|(of, _)| *of == start.extent.partition);
            }
            self.start(index, consumer, starts)
        });
        match activated {
            Ok(()) => {
                self.waits().over(CONSUMING);
                self.waits().over(MISSING);
                Ok(())
            }
            Err(error) if error.is_passing() => {
                self.waits().wait(CONSUMING, error);
                if let Some(group) = self.groups.get_mut(index) {
                    group.pause();
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Starts to consume partitions of a group, each from where the store stands.
    fn start<C: ConsumerContext>(
        &mut self,
        index: usize,
        consumer: &BaseConsumer<C>,
        starts: Vec<Start>,
    ) -> Result<(), ProjectorError> {
        let mut list = TopicPartitionList::new();
        let mut from = Vec::new();
        for start in starts {
            let Some(next) = self.first_offset(&start)? else { continue };
            let Partition { topic, partition } = &start.extent.partition;
            list.add_partition_offset(topic, *partition, Offset::Offset(next))
                .map_err(|error| log_error(&error))?;
            from.push((start.key, start.stored(), next));
        }
        if from.is_empty() {
            return Ok(());
        }
        consumer.incremental_assign(&list).map_err(|error| log_error(&error))?;
        let Some(group) = self.groups.get_mut(index) else { return Ok(()) };
        for (key, stored, next) in from {
            group.activate(key, stored, next);
        }
        // A pause outlasts an assignment: all are resumed, until the group is seen to be full.
        group.paused = false;
        let active = group.active();
        consumer.resume(&self.list_of(&active)).map_err(|error| log_error(&error))?;
        Ok(())
    }

    /// Where a partition goes on; `None` where it is stopped, since events are missing or are others.
    fn first_offset(&mut self, start: &Start) -> Result<Option<i64>, ProjectorError> {
        let (stored, extent) = (start.stored(), &start.extent);
        let Some(why) = start.problem() else {
            self.goes_on(start)?;
            return Ok(Some(stored));
        };
        let Partition { topic, partition } = &extent.partition;
        if self.works.options.accept_missing_events && stored < extent.first {
            tracing::warn!(
                topic,
                partition,
                from = stored,
                to = extent.first,
                "events are missing, and gone on without"
            );
            self.goes_on(start)?;
            return Ok(Some(extent.first));
        }
        self.stop(start, why)?;
        Ok(None)
    }

    /// Nothing more of a partition is consumed, until it is looked at again. The store has it, for all who ask.
    fn stop(&mut self, start: &Start, why: String) -> Result<(), ProjectorError> {
        let partition = &start.extent.partition;
        if start.stopped() != Some(why.as_str()) {
            self.save(partition, Some(&why))?;
        }
        self.waits().wait(&partition.stopped_subject(), why);
        if let Some(group) = self.group(start.key) {
            group.partitions.insert(start.key, State::Stopped { since: Instant::now() });
        }
        Ok(())
    }

    fn goes_on(&self, start: &Start) -> Result<(), ProjectorError> {
        if start.stopped().is_some() {
            self.save(&start.extent.partition, None)?;
        }
        self.waits().over(&start.extent.partition.stopped_subject());
        Ok(())
    }

    fn save(&self, partition: &Partition, why: Option<&str>) -> Result<(), ProjectorError> {
        let store = self.works.projector.store();
        self.works.runtime.block_on(async {
            let mut tx = store.begin().await?;
            tx.stop(std::slice::from_ref(partition), why).await?;
            Ok(tx.commit().await?)
        })
    }

    /// Where the store stands.
    fn standings(&self) -> Result<HashMap<Partition, Standing>, ProjectorError> {
        let store = self.works.projector.store();
        let standings = self.works.runtime.block_on(async {
            // Not of a replica that may be behind.
            let read = async { store.snapshot_fresh().await?.standings().await };
            tokio::time::timeout(POSITIONS_WITHIN, read).await
        });
        let standings = standings.map_err(|_| {
            StoreError::Unavailable("it does not say where partitions stand".into())
        })?;
        Ok(standings?.into_iter().map(|s| (s.partition.clone(), s)).collect())
    }

    /// Partitions that are consumed.
    pub fn active(&self) -> Vec<Partition> {
        let keys = self.groups.iter().flat_map(PartitionGroup::active);
        keys.map(|key| self.partition(key)).collect()
    }

    /// Has the groups of partitions start over from where the store stands, whose topic was made anew. The store gets back
    /// the last event that is known to be of the topic before, so that everybody who looks finds another one.
    ///
    /// # Errors
    /// What does not pass.
    pub fn begin_again<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        changed: &[(Partition, Mark)],
    ) -> Result<(), ProjectorError> {
        let drain = self.works.options.drain;
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get(index) else { continue };
            let active: Vec<Partition> =
                group.active().into_iter().map(|key| self.partition(key)).collect();
            let its: Vec<_> = changed.iter().filter(|(of, _)| active.contains(of)).collect();
            let Some(group) = self.groups.get_mut(index).filter(|_| !its.is_empty()) else {
                continue;
            };
            let consumed = group.restart(drain);
            self.unassign(consumer, &consumed)?;
            match self.save_marks(&its) {
                // The next check finds it again.
                Err(error) if error.is_passing() => self.waits().wait(CONSUMING, error),
                saved => saved?,
            }
        }
        Ok(())
    }

    fn save_marks(&self, marks: &[&(Partition, Mark)]) -> Result<(), ProjectorError> {
        let standings = self.standings()?;
        let moves = marks.iter().filter_map(|(partition, mark)| {
            let next = standings.get(partition)?.next;
            let (partition, last) = (partition.clone(), Some(*mark));
            Some(Advance { partition, expected: next, next, last })
        });
        let moves: Vec<Advance> = moves.collect();
        let store = self.works.projector.store();
        self.works.runtime.block_on(async {
            let mut tx = store.begin().await?;
            tx.advance(&moves).await?;
            Ok(tx.commit().await?)
        })
    }

    /// The consumer has found an offset that is not in the log, and does not say of which partition:
    /// each is looked at. One with a gap has its group start over, where the gap is seen again; the
    /// others are gone on with, since librdkafka has given up one of them.
    ///
    /// # Errors
    /// What does not pass.
    pub fn look_for_gaps<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
    ) -> Result<(), ProjectorError> {
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get(index) else { continue };
            let looked: Result<Vec<(Extent, i64)>, LogError> = group
                .active_from()
                .into_iter()
                .map(|(key, next)| Ok((extent(consumer, self.partition(key))?, next)))
                .collect();
            let whole = looked
                .ok()
                .filter(|looked| looked.iter().all(|(extent, next)| gap(extent, *next).is_none()));
            match whole {
                Some(looked) => self.put_back(index, consumer, &looked)?,
                None => {
                    let drain = self.works.options.drain;
                    let Some(group) = self.groups.get_mut(index) else { continue };
                    let consumed = group.restart(drain);
                    self.unassign(consumer, &consumed)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the consumer back to where each partition of a group was.
    fn put_back<C: ConsumerContext>(
        &mut self,
        index: usize,
        consumer: &BaseConsumer<C>,
        at: &[(Extent, i64)],
    ) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        for (Extent { partition, .. }, next) in at {
            list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(*next))
                .map_err(|error| log_error(&error))?;
        }
        let Some(group) = self.groups.get_mut(index) else { return Ok(()) };
        group.paused = false;
        let active = group.active();
        self.unassign(consumer, &active)?;
        consumer.incremental_assign(&list).map_err(|error| log_error(&error))?;
        // A pause outlasts an assignment.
        consumer.resume(&list).map_err(|error| log_error(&error))
    }

    /// Where partitions stand of which everything that has come is handed over.
    pub fn standing(&self) -> Vec<(Partition, i64)> {
        let states = self.groups.iter().flat_map(|group| &group.partitions);
        let standing = states.filter_map(|(key, state)| match state {
            State::Active { handed, next } if handed == next => Some((self.partition(*key), *next)),
            _ => None,
        });
        standing.collect()
    }

    /// Moves a partition on over offsets without an event, if it still stands there.
    pub fn pass(&mut self, (partition, from, to): &Eventless) {
        let Some(key) = self.key(&partition.topic, partition.partition) else { return };
        if let Some(group) = self.group(key)
            && let Some(State::Active { next, .. }) = group.partitions.get_mut(&key)
            && next == from
        {
            *next = *to;
        }
    }

    /// Finishes what is under way.
    pub fn end(&mut self) {
        let until = Instant::now() + self.works.options.drain;
        for group in &mut self.groups {
            group.end_run(until.saturating_duration_since(Instant::now()));
        }
    }
}

/// A partition that is to be consumed.
struct Start {
    key: PartitionKey,
    /// `None`: nothing of it was projected.
    standing: Option<Standing>,
    extent: Extent,
    /// The last event that was projected is another one now.
    another: bool,
}

impl Start {
    fn stored(&self) -> i64 {
        self.standing.as_ref().map_or(0, |standing| standing.next)
    }

    fn stopped(&self) -> Option<&str> {
        self.standing.as_ref()?.stopped.as_deref()
    }

    /// The last event that was projected, if it can still be there.
    fn mark(&self) -> Option<(Partition, Mark)> {
        let mark = self.standing.as_ref()?.last?;
        let is_there = (self.extent.first..self.extent.next).contains(&mark.offset);
        is_there.then(|| (self.extent.partition.clone(), mark))
    }

    /// Why it cannot be consumed, if it cannot.
    fn problem(&self) -> Option<String> {
        gap(&self.extent, self.stored()).or_else(|| {
            let mark = self.standing.as_ref()?.last?;
            self.another.then(|| marks::made_anew(mark))
        })
    }
}

fn look_at_stopped(group: &mut PartitionGroup) {
    for state in group.partitions.values_mut() {
        if matches!(state, State::Stopped { since } if since.elapsed() > LOOK_AT_STOPPED_EVERY) {
            *state = State::Awaiting;
        }
    }
}
