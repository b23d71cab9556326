//! What the messages of each entity come to, in memory.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use projections::fold::Outcome;
use projections::run::Run;

use super::decode::Messages;
use super::entity::Entity;
use super::outcomes::Outcomes;

/// Entities by kind and key.
#[derive(Default)]
pub struct Table {
    entities: HashTable<Entity>,
    heap_bytes: usize,
}

impl Table {
    /// Folds messages in their order.
    pub fn fold(&mut self, messages: &Messages, outcomes: &mut Outcomes) {
        for message in &messages.messages {
            let key = messages.key(message);
            let is = |e: &Entity| e.hash == message.hash && e.kind == message.kind && is_of(e, key);
            let content = || Box::from(messages.content(message));
            outcomes.add(match self.entities.entry(message.hash, is, |e| e.hash) {
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    let before = known.heap_bytes();
                    let outcome = match message.event {
                        Some((head, states)) => {
                            known.run.event(head, message.mark, states, content)
                        }
                        None => known.run.tombstone(message.mark),
                    };
                    self.heap_bytes = self.heap_bytes + known.heap_bytes() - before;
                    outcome
                }
                Entry::Vacant(vacant) => {
                    let (run, outcome) = match message.event {
                        Some((head, states)) => {
                            let run = Run::of_event(head, message.mark, states, content());
                            (run, Outcome::Applied)
                        }
                        None => (Run::of_tombstone(message.mark, content()), Outcome::Repeated),
                    };
                    let entity = Entity { hash: message.hash, kind: message.kind, run };
                    self.heap_bytes += entity.heap_bytes();
                    vacant.insert(entity);
                    outcome
                }
            });
        }
    }

    /// Adds what later messages of an entity come to.
    pub fn merge(&mut self, later: Entity) {
        let is = |e: &Entity| e.hash == later.hash && e.kind == later.kind && same_key(e, &later);
        match self.entities.entry(later.hash, is, |e| e.hash) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                let before = known.heap_bytes();
                known.run.merge(later.run);
                self.heap_bytes = self.heap_bytes + known.heap_bytes() - before;
            }
            Entry::Vacant(vacant) => {
                self.heap_bytes += later.heap_bytes();
                vacant.insert(later);
            }
        }
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        self.entities.allocation_size() + self.heap_bytes
    }

    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// All of them, in the order of their hashes.
    pub fn by_hash(&self) -> Vec<&Entity> {
        let mut entities: Vec<&Entity> = self.entities.iter().collect();
        entities.sort_unstable_by_key(|entity| entity.hash);
        entities
    }
}

impl IntoIterator for Table {
    type Item = Entity;
    type IntoIter = hashbrown::hash_table::IntoIter<Entity>;

    fn into_iter(self) -> Self::IntoIter {
        self.entities.into_iter()
    }
}

/// Each string of a key is led by its length: no key begins as another one does.
fn is_of(entity: &Entity, key: &[u8]) -> bool {
    entity.run.content().starts_with(key)
}

fn same_key(entity: &Entity, other: &Entity) -> bool {
    let strings = super::entity::key_strings(other.kind);
    let content = other.run.content();
    let bytes = projections::codec::leading_bytes(content, strings).unwrap_or(content.len());
    is_of(entity, content.get(..bytes).unwrap_or_default())
}
