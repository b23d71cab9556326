//! The first few of many, in some order.

use std::cmp::Ordering;

/// Keeps the first `limit` of what is pushed, and little more meanwhile.
pub struct TopK<T, F> {
    limit: usize,
    kept: Vec<T>,
    compare: F,
    /// What does not come before this is not among the first.
    last: Option<usize>,
}

impl<T, F: Fn(&T, &T) -> Ordering> TopK<T, F> {
    pub fn new(limit: usize, compare: F) -> TopK<T, F> {
        TopK { limit, kept: Vec::new(), compare, last: None }
    }

    /// What does not come before this is not among the first; none while there are too few.
    #[inline]
    pub fn last(&self) -> Option<&T> {
        self.kept.get(self.last?)
    }

    pub fn push(&mut self, item: T) {
        if let Some(last) = self.last()
            && (self.compare)(&item, last) == Ordering::Greater
        {
            return;
        }
        self.kept.push(item);
        if self.kept.len() > self.limit.saturating_mul(2).saturating_add(64) {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.limit == 0 {
            self.kept.clear();
        } else if self.kept.len() > self.limit {
            let last = self.limit - 1;
            self.kept.select_nth_unstable_by(last, &self.compare);
            self.kept.truncate(self.limit);
            self.last = Some(last);
        }
    }

    /// The first ones, in order.
    pub fn into_sorted(mut self) -> Vec<T> {
        self.prune();
        self.kept.sort_unstable_by(&self.compare);
        self.kept
    }
}
