//! `[schedule]`: jobs that run by the clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Findings;

/// Jobs that run by the clock.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// When page caches are filled ahead of requests: a cron expression that starts with seconds,
    /// in UTC; empty switches the job off. Accepted and checked; without effect in this version.
    pub warm: String,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { warm: "0 */5 * * * *".to_owned() }
    }
}

impl ScheduleConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        let fields = self.warm.split_whitespace().count();
        if !self.warm.is_empty() && fields != 6 && fields != 7 {
            findings.add(
                "schedule.warm",
                format!("`{}` has {fields} fields", self.warm),
                "write a cron expression of 6 or 7 fields that starts with seconds, such as \
                 0 */5 * * * *, or \"\" to switch the job off",
            );
        }
    }
}
