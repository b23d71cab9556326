//! From a hash to the numbers that have it: a table of which every version shares what did not
//! change.

use std::hash::Hash;
use std::sync::Arc;

use ahash::RandomState;

/// Parts of the table: an insertion copies one of them.
const SHARDS: usize = 1024;

/// Any: hashes are of one process.
const SEEDS: RandomState = RandomState::with_seeds(1, 2, 3, 4);

/// A key's hash.
pub fn hash_of<T: Hash + ?Sized>(key: &T) -> u64 {
    SEEDS.hash_one(key)
}

/// The lower half of a hash with a number, in order.
type Shard = Vec<(u32, u32)>;

/// Numbers by hash. Two keys may have one hash: the caller compares.
#[derive(Clone, Debug)]
pub struct Lookup {
    shards: Arc<Vec<Arc<Shard>>>,
}

impl Default for Lookup {
    fn default() -> Lookup {
        Lookup { shards: Arc::new(vec![Arc::default(); SHARDS]) }
    }
}

fn split(hash: u64) -> (usize, u32) {
    ((hash >> 32) as usize % SHARDS, hash as u32)
}

impl FromIterator<(u64, u32)> for Lookup {
    /// Of hashes with their numbers.
    fn from_iter<I: IntoIterator<Item = (u64, u32)>>(entries: I) -> Lookup {
        let mut shards = vec![Shard::new(); SHARDS];
        for (hash, number) in entries {
            let (shard, tag) = split(hash);
            shards[shard].push((tag, number));
        }
        shards.iter_mut().for_each(|shard| {
            shard.sort_unstable();
            shard.shrink_to_fit();
        });
        Lookup { shards: Arc::new(shards.into_iter().map(Arc::new).collect()) }
    }
}

impl Lookup {
    /// All hashes, as far as they are kept, with their numbers.
    pub fn shards(&self) -> Vec<&[(u32, u32)]> {
        self.shards.iter().map(|shard| shard.as_slice()).collect()
    }

    /// What [`Lookup::shards`] gave, of the same hashes; `None` where it is none.
    pub fn of_shards(shards: Vec<Vec<(u32, u32)>>) -> Option<Lookup> {
        let shards: Vec<Arc<Shard>> = shards.into_iter().map(Arc::new).collect();
        (shards.len() == SHARDS).then(|| Lookup { shards: Arc::new(shards) })
    }

    pub fn insert(&mut self, hash: u64, number: u32) {
        let (shard, tag) = split(hash);
        let shard = Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[shard]);
        let at = shard.partition_point(|entry| *entry < (tag, number));
        shard.insert(at, (tag, number));
    }

    pub fn remove(&mut self, hash: u64, number: u32) {
        let (shard, tag) = split(hash);
        let shard = Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[shard]);
        if let Ok(at) = shard.binary_search(&(tag, number)) {
            shard.remove(at);
        }
    }

    /// The numbers with this hash, in their order.
    pub fn get(&self, hash: u64) -> impl Iterator<Item = u32> {
        let (shard, tag) = split(hash);
        let shard = &self.shards[shard];
        let first = shard.partition_point(|(other, _)| *other < tag);
        shard[first..].iter().take_while(move |(other, _)| *other == tag).map(|(_, number)| *number)
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.capacity() * 8 + 40).sum()
    }
}
