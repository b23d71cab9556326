//! Which pages are asked for most: kept for caches that start empty.

use serde::{Deserialize, Serialize};

/// Pages that are remembered. Each takes some hundred bytes.
pub const MAX_POPULAR_PAGES: usize = 10_000;

/// A page, and how much it is asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PopularPage {
    /// Which page it is, as whoever asks for it writes it: to a store these are bytes to be compared.
    pub page: Vec<u8>,
    /// The higher, the more popular; a number that is finite.
    pub rank: f64,
}

/// Each page once, with its highest rank; the most popular first, and no more than are remembered.
pub fn ranked(pages: impl IntoIterator<Item = PopularPage>) -> Vec<PopularPage> {
    let mut pages: Vec<PopularPage> = pages.into_iter().filter(|p| p.rank.is_finite()).collect();
    pages.sort_unstable_by(|a, b| a.page.cmp(&b.page).then(b.rank.total_cmp(&a.rank)));
    pages.dedup_by(|later, first| later.page == first.page);
    pages.sort_unstable_by(|a, b| b.rank.total_cmp(&a.rank).then_with(|| a.page.cmp(&b.page)));
    pages.truncate(MAX_POPULAR_PAGES);
    pages
}
