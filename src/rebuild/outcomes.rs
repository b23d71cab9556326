//! What became of the messages.

use projections::fold::Outcome;
use serde::{Deserialize, Serialize};

use crate::decode::counted::WarningCounts;

/// Messages by what became of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Outcomes {
    applied: u64,
    repeated: u64,
    stale: u64,
    conflict: u64,
    unknown_type: u64,
    dead_letter: u64,
    #[serde(default)]
    warnings: WarningCounts,
}

impl Outcomes {
    pub fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Applied => &mut self.applied,
            Outcome::Repeated => &mut self.repeated,
            Outcome::Stale => &mut self.stale,
            Outcome::Conflict => &mut self.conflict,
        } += 1;
    }

    pub fn add_unknown_types(&mut self, count: u64) {
        self.unknown_type += count;
        self.warnings.add_unknown_types(count);
    }

    pub fn add_warnings(&mut self, warnings: &WarningCounts) {
        self.warnings.merge(warnings);
    }

    pub fn add_dead_letters(&mut self, count: u64) {
        self.dead_letter += count;
    }

    /// So many that were applied have become dead letters.
    pub fn refuse(&mut self, count: u64) {
        let count = count.min(self.applied);
        self.applied -= count;
        self.dead_letter += count;
    }

    pub fn sum(&self) -> u64 {
        self.named().iter().map(|(_, count)| count).sum()
    }

    /// As the store counts them, without the zeros.
    pub fn counted(&self) -> Vec<(&'static str, u64)> {
        let counted = self.named().into_iter().filter(|(_, count)| *count > 0);
        counted.chain(self.warnings.counted()).collect()
    }

    fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("applied", self.applied),
            ("repeated", self.repeated),
            ("stale", self.stale),
            ("conflict", self.conflict),
            ("unknown_type", self.unknown_type),
            ("dead_letter", self.dead_letter),
        ]
    }
}
