//! `[projector]`: how events become the view.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The projector, which applies events to the view.
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
    /// one, since two wait for each other's products.
    #[schemars(range(min = 1, max = 64))]
    pub partition_groups: usize,
    /// Tasks that fan out beside them: while one computes, PostgreSQL writes for another.
    #[schemars(range(min = 1, max = 64))]
    pub fanout_tasks: usize,
    /// How long a batch may take to be finished when its Kafka partitions go to another instance, in
    /// milliseconds. Keep it below Kafka's `session.timeout.ms` (10,000 here).
    #[schemars(range(max = 300_000))]
    pub drain_ms: u64,
    /// How often an idle projector looks for what another one has left behind, in milliseconds.
    /// Only with PostgreSQL.
    #[schemars(range(min = 100, max = 600_000))]
    pub look_every_ms: u64,
    /// How often the embedded log is looked at, in milliseconds, should its file's change
    /// notification not come.
    #[schemars(range(min = 10, max = 60_000))]
    pub poll_interval_ms: u64,
    /// The number of products up to which a discount's change is applied in the transaction that
    /// takes its event; one that reaches more is fanned out in chunks after it. Without effect on
    /// PostgreSQL, where all are: batches then wait for no lock on discounts.
    #[schemars(range(max = 10_000))]
    pub fanout_inline_products: usize,
    /// The number of products up to which a batch's changes are applied to listings in its own
    /// transaction. A batch that touches more is a backlog: its listings follow once that is
    /// over, each product's once; product pages show it at once. So it is with fewer where events
    /// from Kafka would wait long for listings.
    #[schemars(range(max = 1_000_000))]
    pub defer_products: usize,
    /// The products of one chunk of a fan-out, each chunk a transaction of its own, as long as few
    /// products wait.
    #[schemars(range(min = 1, max = 100_000))]
    pub fanout_chunk_products: usize,
    /// Where many wait, a chunk is a quarter of them, up to this many products.
    #[schemars(range(min = 1, max = 100_000))]
    pub fanout_chunk_products_max: usize,
    /// How long a backlog of events may hold back fan-outs, in milliseconds; after that, a part
    /// of the time is theirs. Without a backlog they go on at once.
    #[schemars(range(max = 600_000))]
    pub fanout_max_delay_ms: u64,
    /// How far back from the start of today the steps of prices are stored, in hours. Pages for
    /// earlier instants (`at`) are evaluated from the facts: right, but slower.
    #[schemars(range(max = 87_600))]
    pub steps_past_hours: u64,
    /// How far ahead of the end of today the steps of prices are stored, in days; they are moved
    /// ahead in time. Pages for later instants (`at`) are evaluated from the facts: right, but slower.
    #[schemars(range(min = 2, max = 3_650))]
    pub steps_ahead_days: u64,
}

impl Default for ProjectorConfig {
    fn default() -> Self {
        Self {
            batch_max_events: 50_000,
            batch_max_bytes: 32 * 1024 * 1024,
            live_batch_max_events: 300,
            partition_groups: 1,
            fanout_tasks: 3,
            drain_ms: 5_000,
            look_every_ms: 1_000,
            poll_interval_ms: 1000,
            fanout_inline_products: 256,
            defer_products: 1000,
            fanout_chunk_products: 500,
            fanout_chunk_products_max: 10_000,
            fanout_max_delay_ms: 10_000,
            steps_past_hours: 24,
            steps_ahead_days: 30,
        }
    }
}
