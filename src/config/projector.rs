//! `[projector]`: how events are applied to the store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The projector, which applies events to the store.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectorConfig {
    /// The events applied in one transaction at most.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub batch_max_events: usize,
    /// The bytes of events read for one transaction at most, in bytes. The lower bound is the size
    /// that a single event may have.
    #[schemars(range(min = 1_048_576, max = 1_073_741_824))]
    pub batch_max_bytes: usize,
    /// The events of Kafka applied in one transaction at most while they come as they happen: few, so
    /// that none waits long for the others. With a backlog (5,000 events fetched and waiting, or
    /// events that were written 10 s ago) it is `batch_max_events`.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub live_batch_max_events: usize,
    /// Tasks that apply Kafka's events, each in order for its own partitions (a partition's number
    /// says which). More than one works off a backlog sooner; events as they come show sooner with
    /// one, since two wait for each other's rows.
    #[schemars(range(min = 1, max = 64))]
    pub partition_groups: usize,
    /// How long a batch may take to be finished when its Kafka partitions go to another instance, in
    /// milliseconds. Keep it below Kafka's `session.timeout.ms` (10,000 here).
    #[schemars(range(max = 300_000))]
    pub drain_ms: u64,
    /// How often the embedded log is looked at, in milliseconds, should its file's change
    /// notification not come.
    #[schemars(range(min = 10, max = 60_000))]
    pub poll_interval_ms: u64,
}

impl Default for ProjectorConfig {
    fn default() -> Self {
        Self {
            batch_max_events: 50_000,
            batch_max_bytes: 32 * 1024 * 1024,
            live_batch_max_events: 300,
            partition_groups: 1,
            drain_ms: 5_000,
            poll_interval_ms: 1000,
        }
    }
}
