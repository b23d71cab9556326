//! `[index]`: the listing index.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::index::scans::ScanLimits;

/// The listing index, which every process that answers pages holds in memory.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IndexConfig {
    /// Large listings that are looked through at the same time, each by a thread of its own.
    #[schemars(range(min = 1, max = 1_024))]
    pub scans: usize,
    /// Requests that wait for that; further ones are a 503 at once.
    #[schemars(range(max = 1_000_000))]
    pub max_waiting_scans: usize,
}

impl Default for IndexConfig {
    fn default() -> Self {
        Self { scans: 2, max_waiting_scans: 1024 }
    }
}

impl IndexConfig {
    pub fn limits(&self) -> ScanLimits {
        ScanLimits { at_once: self.scans, waiting: self.max_waiting_scans }
    }
}
