//! How often pages are asked for.
//!
//! Each page has a count of its own, so that counting costs a request one relaxed add. Whoever wants
//! to know takes the counts now and then. They go over to the page that replaces another one; those of
//! an evicted page are lost, which is one that is seldom asked for.

use super::entry::Entry;
use super::key::PageKey;
use super::pages::PageCache;

impl<E> PageCache<E> {
    /// Takes how often each page was asked for since this was last called. It walks over all pages:
    /// not for a thread that answers requests.
    pub fn take_asked(&self, mut each: impl FnMut(&PageKey, &Entry, u32)) {
        self.each(|key, entry| {
            let asked = entry.take_asked();
            if asked > 0 {
                each(key, entry, asked);
            }
        });
    }
}
