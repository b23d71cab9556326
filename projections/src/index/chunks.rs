//! Columns in chunks that versions share.

use std::sync::Arc;

use super::packed::{Packed, place};

/// Chunks in one group.
const GROUP: usize = 64;

type Group<C> = Vec<Arc<C>>;

/// Chunks of any kind, of which versions share those that did not change. They stand in groups: a
/// version costs a count of references for each group, and does not touch each chunk.
#[derive(Debug)]
pub struct Chunks<C> {
    /// All but the last one are full.
    groups: Vec<Arc<Group<C>>>,
}

impl<C> Clone for Chunks<C> {
    fn clone(&self) -> Chunks<C> {
        Chunks { groups: self.groups.clone() }
    }
}

impl<C> Default for Chunks<C> {
    fn default() -> Chunks<C> {
        Chunks { groups: Vec::new() }
    }
}

impl<C> Chunks<C> {
    pub fn get(&self, nth: usize) -> Option<&Arc<C>> {
        self.groups.get(nth / GROUP)?.get(nth % GROUP)
    }

    pub fn len(&self) -> usize {
        self.groups.last().map_or(0, |last| (self.groups.len() - 1) * GROUP + last.len())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<C>> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// Chunks in groups, each but the last of as many.
    pub fn groups(&self) -> impl Iterator<Item = &[Arc<C>]> {
        self.groups.iter().map(|group| group.as_slice())
    }

    pub fn push(&mut self, chunk: Arc<C>) {
        match self.groups.last_mut().filter(|last| last.len() < GROUP) {
            Some(last) => Arc::make_mut(last).push(chunk),
            None => self.groups.push(Arc::new(vec![chunk])),
        }
    }
}

impl<C: Clone> Chunks<C> {
    /// A chunk, to be written: it is copied where another version has it, too.
    pub fn get_mut(&mut self, nth: usize) -> Option<&mut C> {
        let group = Arc::make_mut(self.groups.get_mut(nth / GROUP)?);
        group.get_mut(nth % GROUP).map(Arc::make_mut)
    }

    /// The same; chunks up to it are made where there are none.
    pub fn get_or_push(&mut self, nth: usize, new: impl Fn() -> C) -> &mut C {
        while self.len() <= nth {
            self.push(Arc::new(new()));
        }
        let group = Arc::make_mut(&mut self.groups[nth / GROUP]);
        Arc::make_mut(&mut group[nth % GROUP])
    }
}

/// The record of a product; empty where there is none.
pub fn record<T: Copy>(chunks: &Chunks<Packed<T>>, number: u32) -> &[T] {
    let (chunk, at) = place(number);
    chunks.get(chunk).map_or(&[], |chunk| chunk.get(at))
}

/// The chunk of a product, to be written.
pub fn chunk_mut<C: Clone + Default>(chunks: &mut Chunks<C>, number: u32) -> (&mut C, usize) {
    let (chunk, at) = place(number);
    (chunks.get_or_push(chunk, C::default), at)
}
