//! Which pages are asked for most: a count of each that halves in an hour.
//!
//! A count that decays would have to be written anew all the time. Kept instead is its *rank*: the binary
//! logarithm of the count, plus the time in half-lives since 1970. Between two pages that nobody asks for it
//! never changes; it is the same in all processes and after any time, so that the higher of two is the truth.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use projections::instant::Instant;

use crate::cache::PageKey;
use crate::store::popular::MAX_POPULAR_PAGES;

/// After this time a page counts half as much. Stored ranks depend on it: with another one,
/// [`super::stored::VERSION`] has to be another one too.
pub const HALF_LIFE: Duration = Duration::from_secs(3600);

/// Ranks further ahead of now than this are no ranks: no page is asked for 2^64 times, but a clock can be wrong.
const MOST_AHEAD: f64 = 64.0;

/// The pages that are asked for most, at most [`MAX_POPULAR_PAGES`].
#[derive(Default)]
pub struct Popularity {
    pages: Mutex<HashMap<PageKey, Known, ahash::RandomState>>,
}

struct Known {
    rank: f64,
    saved: bool,
    /// It was asked for more than once: what was asked for once may never be again, and is not worth a load.
    again: bool,
}

fn half_lives(at: Instant) -> f64 {
    at.millis() as f64 / HALF_LIFE.as_millis() as f64
}

/// The rank of a page that was asked for so often, all of it now.
fn rank_of(count: f64, at: Instant) -> f64 {
    count.log2() + half_lives(at)
}

/// What a rank comes to at this time.
fn count_of(rank: f64, at: Instant) -> f64 {
    (rank - half_lives(at)).exp2()
}

impl Popularity {
    /// Pages were asked for, each so often.
    pub fn count(&self, asked: &[(PageKey, u32)], at: Instant) {
        let mut pages = self.lock();
        for (key, count) in asked {
            let (more, again) = (f64::from(*count), *count > 1);
            match pages.get_mut(key) {
                Some(known) => {
                    let rank = rank_of(count_of(known.rank, at) + more, at);
                    *known = Known { rank, saved: false, again: true };
                }
                None => {
                    let known = Known { rank: rank_of(more, at), saved: false, again };
                    pages.insert(key.clone(), known);
                }
            }
        }
        keep_most_popular(&mut pages);
    }

    /// Ranks that were stored; those that cannot be right are passed over.
    pub fn learn(&self, ranks: impl IntoIterator<Item = (PageKey, f64)>, now: Instant) {
        let most = half_lives(now) + MOST_AHEAD;
        let mut pages = self.lock();
        for (key, rank) in ranks.into_iter().filter(|(_, rank)| rank.is_finite() && *rank <= most) {
            let known = pages.entry(key).or_insert(Known { rank, saved: true, again: true });
            known.rank = known.rank.max(rank);
            known.again = true;
        }
        keep_most_popular(&mut pages);
    }

    /// The most popular pages that were asked for more than once, the first one most of all; only those that count so
    /// much now.
    pub fn most_popular(&self, limit: usize, at_least: f64, now: Instant) -> Vec<PageKey> {
        let least = if at_least > 0.0 { rank_of(at_least, now) } else { f64::NEG_INFINITY };
        let pages = self.lock();
        let mut ranked: Vec<(&PageKey, f64)> = pages
            .iter()
            .filter(|(_, known)| known.again && known.rank >= least)
            .map(|(key, known)| (key, known.rank))
            .collect();
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        ranked.into_iter().take(limit).map(|(key, _)| key.clone()).collect()
    }

    /// What was asked for more than once and has not been saved. It counts as saved from now on, unless [`Popularity::was_not_saved`] says
    /// otherwise.
    pub fn take_unsaved(&self) -> Vec<(PageKey, f64)> {
        let mut pages = self.lock();
        let unsaved = pages.iter_mut().filter(|(_, known)| known.again && !known.saved);
        unsaved
            .map(|(key, known)| {
                known.saved = true;
                (key.clone(), known.rank)
            })
            .collect()
    }

    pub fn was_not_saved(&self, taken: &[(PageKey, f64)]) {
        let mut pages = self.lock();
        for (key, _) in taken {
            if let Some(known) = pages.get_mut(key) {
                known.saved = false;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PageKey, Known, ahash::RandomState>> {
        // No step leaves the table half changed.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep_most_popular(pages: &mut HashMap<PageKey, Known, ahash::RandomState>) {
    let Some(over) = pages.len().checked_sub(MAX_POPULAR_PAGES).filter(|over| *over > 0) else {
        return;
    };
    let mut ranks: Vec<f64> = pages.values().map(|known| known.rank).collect();
    let (_, lowest_kept, _) = ranks.select_nth_unstable_by(over, f64::total_cmp);
    let lowest_kept = *lowest_kept;
    // Of equal ones as many go as have to.
    let mut left = over;
    pages.retain(|_, known| {
        let goes = left > 0 && known.rank < lowest_kept;
        left -= usize::from(goes);
        !goes
    });
    pages.retain(|_, known| {
        let goes = left > 0 && known.rank <= lowest_kept;
        left -= usize::from(goes);
        !goes
    });
}
