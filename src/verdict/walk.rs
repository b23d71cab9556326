//! The ids of all products that one of the generations has, in byte order; and a sample of them.

use std::collections::BinaryHeap;

use async_trait::async_trait;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::VerdictError;
use super::moments::{Pair, Read};
use crate::store::{Result, Snapshot};

/// Ids that are read at once.
const IDS_AT_ONCE: u32 = 2_000;

/// Walks over the ids that are drawn.
pub(super) struct Walk {
    after: String,
    done: bool,
    drawn: Drawn,
    left: usize,
}

/// Which ids are drawn: those with the lowest hashes.
#[derive(Clone, Copy)]
struct Drawn {
    seed: u64,
    highest: u64,
}

impl Drawn {
    fn hash(self, id: &str) -> u64 {
        xxh3_64_with_seed(id.as_bytes(), self.seed)
    }
}

impl Walk {
    /// Begins a walk over at most `most` products. Where there are more it draws so many: each is as likely as every
    /// other, and the same seed draws the same. The flag says whether it does.
    pub async fn begin(
        pair: &Pair<'_>,
        seed: u64,
        most: usize,
        known: u64,
    ) -> Result<(Walk, bool), VerdictError> {
        let mut drawn = Drawn { seed, highest: u64::MAX };
        let sampled = known > most as u64 && {
            let highest = highest(pair, drawn, most).await?;
            drawn.highest = highest.unwrap_or(u64::MAX);
            highest.is_some()
        };
        Ok((Walk { after: String::new(), done: false, drawn, left: most }, sampled))
    }

    /// The next ones, about `at_least` while there are as many; none at the end.
    pub async fn next(
        &mut self,
        pair: &Pair<'_>,
        at_least: usize,
    ) -> Result<Vec<String>, VerdictError> {
        let mut ids: Vec<String> = Vec::new();
        while !self.done && ids.len() < at_least && self.left > 0 {
            let (merged, done) = ids_after(pair, &self.after).await?;
            self.done = done;
            if let Some(last) = merged.last() {
                self.after.clone_from(last);
            }
            let drawn = merged.into_iter().filter(|id| self.drawn.hash(id) <= self.drawn.highest);
            let before = ids.len();
            // More may have come since they were drawn.
            ids.extend(drawn.take(self.left));
            self.left -= ids.len() - before;
        }
        Ok(ids)
    }
}

/// The highest hash of the `most` lowest; `None` where there are no more than so many.
async fn highest(pair: &Pair<'_>, drawn: Drawn, most: usize) -> Result<Option<u64>, VerdictError> {
    let mut lowest: BinaryHeap<u64> = BinaryHeap::new();
    let (mut after, mut more) = (String::new(), false);
    loop {
        let (ids, done) = ids_after(pair, &after).await?;
        for id in &ids {
            lowest.push(drawn.hash(id));
            if lowest.len() > most {
                lowest.pop();
                more = true;
            }
        }
        match ids.into_iter().next_back() {
            Some(last) => after = last,
            None if done => {}
            None => return Ok(None),
        }
        if done {
            return Ok(lowest.peek().copied().filter(|_| more));
        }
    }
}

/// Ids after one, of both merged, and whether these are the last.
async fn ids_after(pair: &Pair<'_>, after: &str) -> Result<(Vec<String>, bool), VerdictError> {
    let (mut live, mut new) = pair.read_both(&Ids { after }).await?;
    let full = |ids: &[String]| ids.len() >= IDS_AT_ONCE as usize;
    // What a full answer does not reach is left to the next one.
    let ends = [&live, &new].into_iter().filter(|ids| full(ids)).filter_map(|ids| ids.last());
    let end = ends.min().cloned();
    live.append(&mut new);
    live.sort_unstable();
    live.dedup();
    if let Some(end) = &end {
        live.truncate(live.partition_point(|id| id <= end));
    }
    Ok((live, end.is_none()))
}

struct Ids<'a> {
    after: &'a str,
}

#[async_trait]
impl Read for Ids<'_> {
    type Answer = Vec<String>;

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<Vec<String>> {
        snapshot.product_ids(self.after, IDS_AT_ONCE).await
    }
}
