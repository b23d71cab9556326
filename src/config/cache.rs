//! `[cache]`: the page cache.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The page cache.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// The memory that cached pages may take, in bytes. Accepted and checked; without effect as
    /// long as there is no cache in this build.
    #[schemars(range(max = 1_099_511_627_776_u64))]
    pub max_bytes: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { max_bytes: 256 * 1024 * 1024 }
    }
}
