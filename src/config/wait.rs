//! `[wait]`: how long commands wait for others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Waiting for others to get on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WaitConfig {
    /// How long `vitrine publish` waits for a log that is away, and `--wait` sees no progress of the
    /// view, before it fails, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub publish_stall_seconds: u64,
}

impl Default for WaitConfig {
    fn default() -> Self {
        Self { publish_stall_seconds: 30 }
    }
}
