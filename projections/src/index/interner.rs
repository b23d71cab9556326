//! Contents that many products share, each with a number.

use std::hash::Hash;
use std::sync::Arc;

use super::chunks::Chunks;
use super::lookup::{Lookup, hash_of};
use super::packed::{CHUNK, place};

/// Contents of one chunk of numbers.
pub type Entries<T> = Vec<Option<Arc<T>>>;

/// The contents of one version, by number.
#[derive(Debug)]
pub struct Interned<T> {
    entries: Chunks<Entries<T>>,
    lookup: Lookup,
}

impl<T> Clone for Interned<T> {
    fn clone(&self) -> Interned<T> {
        Interned { entries: self.entries.clone(), lookup: self.lookup.clone() }
    }
}

impl<T> Default for Interned<T> {
    fn default() -> Interned<T> {
        Interned { entries: Chunks::default(), lookup: Lookup::default() }
    }
}

impl<T> Interned<T> {
    pub fn get(&self, number: u32) -> Option<&Arc<T>> {
        let (chunk, at) = place(number);
        self.entries.get(chunk)?.get(at)?.as_ref()
    }

    /// Numbers are below this.
    pub fn end(&self) -> usize {
        self.entries.len() * CHUNK
    }

    /// Every content with its number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Arc<T>)> {
        let all = self.entries.iter().flat_map(|chunk| chunk.iter());
        (0..).zip(all).filter_map(|(number, entry)| Some((number, entry.as_ref()?)))
    }

    /// The number of a content: `hash` is its [`hash_of`], `is` tells it from others with that
    /// hash.
    pub fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<u32> {
        self.lookup.get(hash).find(|number| self.get(*number).is_some_and(|entry| is(entry)))
    }

    /// The contents in chunks, by number.
    pub fn entries(&self) -> &Chunks<Entries<T>> {
        &self.entries
    }

    /// Bytes in memory, without what the contents own.
    pub fn bytes(&self) -> usize {
        self.lookup.bytes() + self.end() * (size_of::<usize>() + size_of::<T>() + 16)
    }
}

impl<T: Hash + Eq> Interned<T> {
    pub fn number_of(&self, content: &T) -> Option<u32> {
        self.find(hash_of(content), |other| other == content)
    }
}

/// Gives contents their numbers, and takes them back when nothing uses them any more.
#[derive(Debug)]
pub struct Interner<T> {
    pub shared: Interned<T>,
    uses: Vec<u32>,
    free: Vec<u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner { shared: Interned::default(), uses: Vec::new(), free: Vec::new() }
    }
}

impl<T: Hash + Eq> Interner<T> {
    /// Of contents that stand somewhere already: nothing uses them until they are counted.
    pub fn restore(entries: Chunks<Entries<T>>) -> Interner<T> {
        let mut shared = Interned { entries, lookup: Lookup::default() };
        let hashes = shared.iter().map(|(number, content)| (hash_of(content.as_ref()), number));
        let lookup: Lookup = hashes.collect();
        let end = shared.iter().last().map_or(0, |(number, _)| number + 1);
        let free = (0..end).filter(|number| shared.get(*number).is_none()).collect();
        shared.lookup = lookup;
        Interner { shared, uses: vec![0; end as usize], free }
    }

    /// So many uses more of a content that has a number.
    pub fn count(&mut self, number: u32, uses: u32) {
        if let Some(all) = self.uses.get_mut(number as usize) {
            *all += uses;
        }
    }

    /// One more use of a content; whether it is new.
    pub fn take(&mut self, content: T) -> (u32, bool) {
        match self.shared.number_of(&content) {
            Some(number) => {
                self.take_again(number);
                (number, false)
            }
            None => (self.add(content), true),
        }
    }

    /// One more use of a content that has a number.
    pub fn take_again(&mut self, number: u32) {
        self.uses[number as usize] += 1;
    }

    /// The first use of a content that has no number yet.
    pub fn add(&mut self, content: T) -> u32 {
        let number = self.free.pop().unwrap_or(self.uses.len() as u32);
        self.add_as(number, content);
        number
    }

    /// The same with a number that nothing has, which the caller gives.
    pub fn add_as(&mut self, number: u32, content: T) {
        if self.uses.len() <= number as usize {
            self.uses.resize(number as usize + 1, 0);
        }
        self.uses[number as usize] = 1;
        self.shared.lookup.insert(hash_of(&content), number);
        self.put(number, Some(Arc::new(content)));
    }

    /// One use less; the content, if that was the last. Its number may become another content's.
    pub fn give_back(&mut self, number: u32) -> Option<Arc<T>> {
        let content = self.give_back_as(number)?;
        self.free.push(number);
        Some(content)
    }

    /// The same for a number that the caller gave: it is the caller's again.
    pub fn give_back_as(&mut self, number: u32) -> Option<Arc<T>> {
        let uses = self.uses.get_mut(number as usize)?;
        *uses = uses.saturating_sub(1);
        if *uses > 0 {
            return None;
        }
        let content = self.shared.get(number).cloned()?;
        self.shared.lookup.remove(hash_of(content.as_ref()), number);
        self.put(number, None);
        Some(content)
    }

    fn put(&mut self, number: u32, content: Option<Arc<T>>) {
        let (chunk, at) = place(number);
        self.shared.entries.get_or_push(chunk, || vec![None; CHUNK])[at] = content;
    }
}
