//! What a store counts.

use std::collections::HashMap;

use crate::decode::counted;

/// What `status` shows of the store.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct StoreStatus {
    pub generation: i64,
    pub projection_version: i64,
    pub products: u64,
    /// Events by outcome: applied, repeated, stale, conflict, unknown_type, dead_letter.
    pub outcomes: HashMap<String, u64>,
    /// Events that are accepted and hardly what was meant, by the code of the warning.
    pub warnings: HashMap<String, u64>,
    pub dead_letters_open: u64,
    /// Bytes of the generation on disk.
    pub store_bytes: u64,
}

impl StoreStatus {
    /// Takes up what was counted of events, by the names of [`Transaction::count_outcomes`](super::Transaction::count_outcomes).
    pub fn counted(&mut self, counts: impl IntoIterator<Item = (String, i64)>) {
        for (name, events) in counts {
            let events = u64::try_from(events).unwrap_or_default();
            match name.strip_prefix(counted::PREFIX) {
                Some(code) => self.warnings.insert(code.to_owned(), events),
                None => self.outcomes.insert(name, events),
            };
        }
    }
}
