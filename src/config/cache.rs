//! `[cache]`: the page cache.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The page cache.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// The memory that cached pages may take, in bytes; 0 switches the cache off.
    #[schemars(range(max = 1_099_511_627_776_u64))]
    pub max_bytes: u64,
    /// How long a page is answered without asking the store again, in seconds. Changes drop it at once; this
    /// is the net under what nobody told of.
    #[schemars(range(min = 1, max = 86_400))]
    pub ttl_seconds: u64,
    /// How long pages are answered while the store is away, marked `stale`, in seconds since they were
    /// last known to be right.
    #[schemars(range(max = 604_800))]
    pub stale_if_error_seconds: u64,
    /// Pages that are read from the store at the same time, for the cache.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_loads: usize,
    /// Pages that wait for that; further ones are a 503 at once.
    #[schemars(range(max = 1_000_000))]
    pub max_waiting_loads: usize,
    /// Pages that one run of warming goes through: the most popular ones, then the home page and the first
    /// page of every listing in each market. 0 warms none.
    #[schemars(range(max = 1_000_000))]
    pub warm_max_pages: usize,
    /// How fast, in pages a second. Pages that users wait for go first.
    #[schemars(range(min = 1, max = 100_000))]
    pub warm_pages_per_second: u32,
    /// How long `/readyz` waits for the cache to be warm after a start, in seconds since pages can be read;
    /// then warming goes on beside requests. 0 does not wait.
    #[schemars(range(max = 3600))]
    pub warm_start_seconds: u64,
    /// Cached pages that one audit (`schedule.audit`) compares with the store, drawn by chance.
    #[schemars(range(min = 1, max = 100_000))]
    pub audit_pages: usize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024 * 1024,
            ttl_seconds: 600,
            stale_if_error_seconds: 300,
            max_loads: 32,
            max_waiting_loads: 1024,
            warm_max_pages: 10_000,
            warm_pages_per_second: 2_000,
            warm_start_seconds: 10,
            audit_pages: 100,
        }
    }
}
