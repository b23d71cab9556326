//! How far a rebuild has come, for those who look.

use serde::Serialize;

use crate::log::position::Partition;

/// What a rebuild is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looks what there is to go on with.
    #[default]
    Starting,
    /// Reads and folds the events of the log.
    Reading,
    /// Puts products together and writes them.
    Writing,
    /// Makes indexes.
    Indexing,
    /// Projects what has come meanwhile.
    CatchingUp,
    /// Compares with the live generation.
    Comparing,
    /// Waits for the instances to be ready, and switches.
    Promoting,
    Done,
}

/// How far a rebuild has come.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Progress {
    /// The new generation's number; 0 before there is one.
    pub generation: i64,
    pub phase: Phase,
    /// Events read, of about so many.
    pub events: u64,
    pub events_total: u64,
    /// Products written, of so many that are known of.
    pub products: u64,
    pub products_total: u64,
    /// Bytes that folded events take in memory, about.
    pub memory_bytes: u64,
    /// And on disk.
    pub spilled_bytes: u64,
    /// The offset that comes next, and the one where reading ends, by partition.
    pub partitions: Vec<PartitionProgress>,
    /// It went on from an earlier run.
    pub resumed: bool,
}

/// How far a partition has been read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PartitionProgress {
    pub partition: Partition,
    pub next: i64,
    pub end: i64,
}
