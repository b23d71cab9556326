//! `[rebuild]`: how a new generation of the read store is built.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a new generation of the read store is built beside the live one, and compared with it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RebuildConfig {
    /// Bytes of memory that folded events may take; what is more goes to `rebuild.directory`. The process takes
    /// some 500 MB besides, for what is being read and written; with millions of products also some 40 bytes for each
    /// entity that is in memory and 150 for each product, while they are put together.
    #[schemars(range(min = 16_777_216, max = 1_099_511_627_776_u64))]
    pub memory_bytes: u64,
    /// Where a rebuild keeps what does not fit into memory, and how far it has come; empty is `rebuild` in
    /// `data_dir`. It needs about as many bytes as the latest versions of all entities have. A rebuild that
    /// was stopped goes on where it was only if it finds its files there; else it begins anew.
    pub directory: String,
    /// Milliseconds between two marks of how far a rebuild has read: so much a kill may cost. At each, what is in
    /// memory goes to `rebuild.directory`, from where it is read again in the end; a log that is read sooner, and fits,
    /// stays in memory.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub checkpoint_ms: u64,
    /// Products that are compared with the live generation before a promotion; of more, so many are drawn by
    /// chance.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub compare_max_products: usize,
    /// Seconds that a promotion waits for the running instances to be ready for the new generation, with warm
    /// page caches. Those that are not follow when they are.
    #[schemars(range(max = 3_600))]
    pub promote_wait_seconds: u64,
    /// Of 1,000 pages that are asked for, so many are made from the newest generation that is not live too, and
    /// compared with the live one's: `vitrine_shadow_reads_total` counts what came of it, and the log names pages
    /// that differ. Whoever asks waits for none of it; it costs the store some reads for each page. Pages are
    /// not compared that are asked for with `at`, a cursor or a position; 0: none are.
    #[schemars(range(max = 1_000))]
    pub shadow_reads_per_mille: u32,
    /// Generations that are kept beside the live one: among them the new one while it is built, and the one that
    /// `vitrine generations rollback` goes back to. A rebuild that begins another generation drops what is beyond that
    /// first: those that were never promoted, the oldest first, then those that were promoted longest ago. With 1,
    /// nothing is left to go back to while a rebuild runs.
    #[schemars(range(min = 1, max = 1_000))]
    pub keep: usize,
    /// Where nothing was ever projected, and the log holds so many events at least, a process that projects fills
    /// the store in bulk first, as a rebuild does, which takes a fraction of the time; of several processes one does
    /// so. 0: never. The log has to hold everything for that; where it does not, events are projected one after the
    /// other.
    pub first_start_events: u64,
}

impl Default for RebuildConfig {
    fn default() -> Self {
        Self {
            memory_bytes: 512 * 1024 * 1024,
            directory: String::new(),
            checkpoint_ms: 30_000,
            compare_max_products: 200_000,
            promote_wait_seconds: 60,
            shadow_reads_per_mille: 0,
            keep: 2,
            first_start_events: 500_000,
        }
    }
}
