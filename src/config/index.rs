//! `[index]`: the listing index.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The listing index, which every process that answers pages holds in memory.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IndexConfig {
    /// Threads for large listings; one of 20,000 products or more takes two where none waits.
    #[schemars(range(min = 1, max = 1_024))]
    pub scans: usize,
    /// Requests that wait for that; further ones are a 503 at once.
    #[schemars(range(max = 1_000_000))]
    pub max_waiting_scans: usize,
    /// The memory that the listing index may take, in bytes; 0: any. About 1.0 GB a million products
    /// with two markets and three locales. At a start that would take more it is not loaded, which
    /// the log and `/readyz` say with how much it would take; while running, changes are followed
    /// beyond it, and both say so.
    #[schemars(range(max = 1_099_511_627_776_u64))]
    pub max_bytes: u64,
    /// The number of products that one audit (`schedule.audit`) compares with the store, drawn by chance;
    /// 0: none.
    #[schemars(range(max = 100_000))]
    pub audit_products: usize,
    /// The time between two images of the index, in seconds; 0: none. An image is a file in `data_dir`,
    /// `index-N.image` for generation N, about as large as the index: a process that starts again goes on
    /// from it and reads only what was changed since. One more is written when the process stops. It is
    /// not used where the store has not kept all changes since (they are kept for ten minutes while
    /// something is projected): then all products are read.
    #[schemars(range(max = 86_400))]
    pub image_seconds: u64,
}

impl Default for IndexConfig {
    fn default() -> Self {
        Self {
            scans: 2,
            max_waiting_scans: 1024,
            max_bytes: 8 << 30,
            image_seconds: 300,
            audit_products: 100,
        }
    }
}
