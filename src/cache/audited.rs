//! Pages that are taken as a sample, to be compared with what the store says.

use std::collections::BinaryHeap;
use std::sync::Arc;

use moka::ops::compute::Op;

use super::entry::{Entry, State};
use super::key::PageKey;
use super::pages::PageCache;

/// A page of the sample: of all pages, those whose keys have the lowest hashes, with a seed of their own each time.
struct Drawn {
    hash: u64,
    key: PageKey,
    entry: Arc<Entry>,
}

impl PartialEq for Drawn {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Drawn {}

impl PartialOrd for Drawn {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Drawn {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.hash.cmp(&other.hash)
    }
}

impl<E> PageCache<E> {
    /// At most so many of the pages that count as valid, by chance. It walks over all pages: not for a
    /// thread that answers requests.
    pub fn sample(&self, most: usize) -> Vec<(PageKey, Arc<Entry>)> {
        let seed = ahash::RandomState::new();
        let mut drawn: BinaryHeap<Drawn> = BinaryHeap::with_capacity(most + 1);
        self.each(|key, entry| {
            let hash = seed.hash_one(key);
            let is_full = drawn.len() >= most;
            if is_full && drawn.peek().is_none_or(|highest| highest.hash <= hash) {
                return;
            }
            if entry.state(&self.stamps, &self.now(), self.limits.ttl) == State::Outdated {
                return;
            }
            drawn.push(Drawn { hash, key: key.clone(), entry: Arc::clone(entry) });
            if is_full {
                drawn.pop();
            }
        });
        drawn.into_iter().map(|drawn| (drawn.key, drawn.entry)).collect()
    }

    /// Whether this page is still what is answered: it is there, and counts as valid.
    pub fn is_answered(&self, key: &PageKey, entry: &Entry) -> bool {
        let there = self.find(&key.as_ref());
        there.is_some_and(|there| there.answer().shares_bytes(entry.answer()))
            && entry.is_valid(&self.stamps, &self.now())
    }

    /// Takes a page away that is wrong although no change says so; not one that has replaced it.
    pub fn discard(&self, key: &PageKey, entry: &Entry) {
        self.held(entry).entry(key.clone()).and_compute_with(|there| {
            match there.map(moka::Entry::into_value) {
                Some(there) if there.answer().shares_bytes(entry.answer()) => Op::Remove,
                _ => Op::Nop,
            }
        });
    }
}
