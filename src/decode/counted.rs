//! Warnings of what came by the log, counted by code: nobody is answered there.

use projections::event::Change;
use projections::market::Market;
use serde::{Deserialize, Serialize};

use super::warnings::{EMPTY_SCOPE, MISMATCH, UNKNOWN_MARKET, in_change};

/// What the names of counted warnings begin with, among what else the store counts of events.
pub const PREFIX: &str = "warning ";

/// How many messages had each [warning](super::Warning). Members that events of a type do not have count by message, as
/// `unknown_member`: their names are the publishers'.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WarningCounts {
    unknown_type: u64,
    unknown_market: u64,
    currency_mismatch: u64,
    empty_scope: u64,
    unknown_member: u64,
}

impl WarningCounts {
    /// An event of a known type.
    pub fn add(&mut self, change: &Change, has_unknown_members: bool, markets: &[Market]) {
        self.unknown_member += u64::from(has_unknown_members);
        for warning in in_change(change, markets) {
            match warning.code.as_str() {
                UNKNOWN_MARKET => self.unknown_market += 1,
                MISMATCH => self.currency_mismatch += 1,
                EMPTY_SCOPE => self.empty_scope += 1,
                _ => {}
            }
        }
    }

    pub fn add_unknown_types(&mut self, count: u64) {
        self.unknown_type += count;
    }

    pub fn merge(&mut self, other: &WarningCounts) {
        self.unknown_type += other.unknown_type;
        self.unknown_market += other.unknown_market;
        self.currency_mismatch += other.currency_mismatch;
        self.empty_scope += other.empty_scope;
        self.unknown_member += other.unknown_member;
    }

    /// By the names that the store counts them by, without the zeros.
    pub fn counted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("warning type.unknown", self.unknown_type),
            ("warning data.market.unknown", self.unknown_market),
            ("warning data.currency.mismatch", self.currency_mismatch),
            ("warning data.scope.empty", self.empty_scope),
            ("warning unknown_member", self.unknown_member),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
    }
}
