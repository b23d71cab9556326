//! Which partitions this instance has, and what becomes of each.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use projections::event::Kind;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::Consumption;
use super::eventless::Eventless;
use super::group::{PartitionGroup, PartitionKey, State, Works};
use crate::log::kafka::{ASK_TIMEOUT, extent, log_error};
use crate::log::position::Partition;
use crate::log::record::Record;
use crate::log::{LogError, gap};
use crate::projector::drive::ProjectorError;
use crate::store::StoreError;

/// How long the store may take to say where partitions stand.
const POSITIONS_WITHIN: Duration = Duration::from_secs(5);
/// A stopped partition is looked at again after this long.
const LOOK_AT_STOPPED_EVERY: Duration = Duration::from_secs(30);

/// A partition that has just been assigned cannot be seeked for a moment. One that librdkafka has given
/// up, since its offset was not in the log, never can again.
const STUCK_AFTER: Duration = Duration::from_secs(5);

/// All partitions of this instance, in their groups.
pub struct Assignment {
    works: Works,
    groups: Vec<PartitionGroup>,
    consumption: Consumption,
    /// Since when a seek fails.
    unseekable_since: Option<Instant>,
}

impl Assignment {
    pub fn new(works: Works, consumption: Consumption) -> Assignment {
        let groups = works.options.partition_groups.max(1);
        let groups = (0..groups).map(|_| PartitionGroup::new(works.clone())).collect();
        Assignment { works, groups, consumption, unseekable_since: None }
    }

    /// Partitions of one number stand together: with one key for all topics, so do a product's events.
    fn group(&mut self, key: PartitionKey) -> Option<&mut PartitionGroup> {
        let index = usize::try_from(key.1).unwrap_or(0) % self.groups.len().max(1);
        self.groups.get_mut(index)
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

    /// The group gives these to another instance: what is under way is finished first.
    pub fn revoked(&mut self, list: &TopicPartitionList, deadline: Duration) {
        let keys = self.keys(list);
        self.unseekable_since = None;
        tracing::info!(partitions = keys.len(), "partitions revoked");
        let until = Instant::now() + deadline;
        for group in &mut self.groups {
            group.revoke(&keys, until.saturating_duration_since(Instant::now()));
        }
        for key in keys {
            self.consumption.go_on(&self.partition(key));
        }
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

    /// Whether everything that was taken is handed over.
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(PartitionGroup::is_empty)
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
        for group in &mut self.groups {
            group.reap()?;
            look_at_stopped(group);
        }
        for index in 0..self.groups.len() {
            self.activate(index, consumer)?;
        }
        for group in &mut self.groups {
            group.hand_over();
            if group.paused != group.is_full() {
                group.paused = !group.paused;
                let list = list_of(&self.works, group, group.paused);
                let done =
                    if group.paused { consumer.pause(&list) } else { consumer.resume(&list) };
                if let Err(error) = done {
                    tracing::debug!(%error, "a pause of partitions was not taken");
                }
            }
        }
        Ok(())
    }

    /// Puts the consumer where the store stands, for all partitions of a group that await it.
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
        let activated = self.positions().and_then(|positions| {
            awaiting.iter().try_for_each(|key| {
                let stored = positions.get(&self.partition(*key)).copied();
                self.activate_one(consumer, *key, stored.unwrap_or(0))
            })
        });
        match activated {
            Ok(()) => {
                self.consumption.wait_for(None);
                Ok(())
            }
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "partitions wait for their position");
                self.consumption.wait_for(Some(error.to_string()));
                if let Some(group) = self.groups.get_mut(index) {
                    group.pause();
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn activate_one<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        key: PartitionKey,
        stored: i64,
    ) -> Result<(), ProjectorError> {
        let partition = self.partition(key);
        let extent = extent(consumer, partition.clone())?;
        let mut next = stored;
        if let Some(why) = gap(&extent, stored) {
            if !self.works.options.accept_missing_events || stored > extent.next {
                tracing::error!(
                    topic = partition.topic,
                    partition = partition.partition,
                    "partition stopped: {why}"
                );
                self.consumption.stop(partition, why);
                if let Some(group) = self.group(key) {
                    group.partitions.insert(key, State::Stopped { since: Instant::now() });
                }
                return Ok(());
            }
            next = extent.first;
            tracing::warn!(
                topic = partition.topic,
                partition = partition.partition,
                from = stored,
                to = next,
                "events are missing, and gone on without"
            );
        }
        if let Err(error) = seek(consumer, &partition, next) {
            self.unseekable_since.get_or_insert_with(Instant::now);
            return Err(error.into());
        }
        self.unseekable_since = None;
        self.consumption.go_on(&partition);
        if let Some(group) = self.group(key) {
            group.activate(key, stored, next);
        }
        Ok(())
    }

    /// Where the store stands.
    fn positions(&self) -> Result<HashMap<Partition, i64>, ProjectorError> {
        let store = self.works.projector.store();
        let positions = self.works.runtime.block_on(async {
            // A transaction: a snapshot may be of a replica that is behind.
            let read = async { store.begin().await?.positions().await };
            tokio::time::timeout(POSITIONS_WITHIN, read).await
        });
        let positions = positions.map_err(|_| {
            StoreError::Unavailable("it does not say where partitions stand".into())
        })?;
        Ok(positions?.into_iter().collect())
    }

    /// The consumer has found an offset that is not in the log: every partition is looked at.
    pub fn look_for_gaps<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) {
        let active: Vec<(PartitionKey, i64)> = self
            .groups
            .iter()
            .flat_map(|group| &group.partitions)
            .filter_map(|(key, state)| match state {
                State::Active { next, .. } => Some((*key, *next)),
                _ => None,
            })
            .collect();
        let drain = self.works.options.drain;
        for (key, next) in active {
            let partition = self.partition(key);
            // Where the consumer has only lost its place, it is put there again. Else the group starts
            // anew, and what is missing is found as at every start.
            let sought = extent(consumer, partition.clone()).and_then(|extent| {
                let gap = gap(&extent, next).map_or(Ok(()), |why| Err(LogError::Refused(why)));
                gap.and_then(|()| seek(consumer, &partition, next))
            });
            let Some(group) = self.group(key) else { continue };
            // Another of the group may have had it start anew.
            if !matches!(group.partitions.get(&key), Some(State::Active { .. })) {
                continue;
            }
            match sought {
                Ok(()) => group.paused = false,
                Err(error) => {
                    tracing::warn!(%error, "partitions start anew from where the store stands");
                    group.restart(drain);
                }
            }
        }
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

    /// Whether partitions cannot be put where the store stands, for so long that it will not pass.
    pub fn is_stuck(&self) -> bool {
        self.unseekable_since.is_some_and(|since| since.elapsed() > STUCK_AFTER)
    }

    /// The group is left and joined again: what is assigned then can be seeked.
    pub fn begin_anew(&mut self) {
        self.unseekable_since = None;
    }

    /// Finishes what is under way.
    pub fn end(&mut self) {
        let until = Instant::now() + self.works.options.drain;
        for group in &mut self.groups {
            group.end_run(until.saturating_duration_since(Instant::now()));
        }
    }
}

fn look_at_stopped(group: &mut PartitionGroup) {
    for state in group.partitions.values_mut() {
        if matches!(state, State::Stopped { since } if since.elapsed() > LOOK_AT_STOPPED_EVERY) {
            *state = State::Awaiting;
        }
    }
}

/// The group's partitions; to be resumed, only those that are consumed.
fn list_of(works: &Works, group: &PartitionGroup, all: bool) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for ((kind, partition), state) in &group.partitions {
        if all || matches!(state, State::Active { .. }) {
            list.add_partition(topic(works, *kind), *partition);
        }
    }
    list
}

fn topic(works: &Works, kind: Kind) -> &str {
    works.options.topics.of(kind)
}

/// Lets a partition be fetched from there. In this order: a seek overrides the offset that a pause has
/// remembered, and nothing is fetched from anywhere else in between.
fn seek<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partition: &Partition,
    next: i64,
) -> Result<(), LogError> {
    let (topic, number) = (&partition.topic, partition.partition);
    consumer
        .seek(topic, number, Offset::Offset(next), ASK_TIMEOUT)
        .map_err(|error| LogError::Unavailable(format!("{topic}:{number}: {error}")))?;
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, number);
    consumer.resume(&list).map_err(|error| log_error(&error))
}
