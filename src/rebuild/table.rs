//! What the messages of each entity come to, in memory.

use hashbrown::HashTable;
use projections::fold::Outcome;
use projections::run::Run;

use super::decode::{Message, Messages};
use super::entity::Entity;
use super::outcomes::Outcomes;

/// Sections of a table and of a run file, by the first bits of the hash.
pub const SECTIONS: usize = 64;

/// Entities of a piece.
const PIECE: usize = 256;

/// Entities by kind and key, in sections: what is put anew as one of them grows is little.
pub struct Table {
    sections: Box<[Section; SECTIONS]>,
    heap_bytes: usize,
}

#[derive(Default)]
struct Section {
    /// All but the last are full: an entity stays where it is, however many come.
    pieces: Vec<Vec<Entity>>,
    places: HashTable<Place>,
}

/// Where an entity of a section is. Most that are another one's are told from the hash, without a look at the entity.
struct Place {
    within: u32,
    number: u32,
}

impl Default for Table {
    fn default() -> Table {
        let sections = Box::new(std::array::from_fn(|_| Section::default()));
        Table { sections, heap_bytes: 0 }
    }
}

impl Table {
    /// Folds messages in their order.
    pub fn fold(&mut self, messages: &Messages, outcomes: &mut Outcomes) {
        for message in &messages.messages {
            let key = messages.key(message);
            let is = |e: &Entity| e.hash == message.hash && e.kind == message.kind && is_of(e, key);
            let content = || Box::from(messages.content(message));
            let section = &mut self.sections[section_of(message.hash)];
            outcomes.add(match section.get_mut(message.hash, is) {
                Some(known) => {
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
                None => {
                    let (entity, outcome) = first(message, content());
                    self.heap_bytes += entity.heap_bytes();
                    section.add(entity);
                    outcome
                }
            });
        }
    }

    /// Adds what later messages of an entity come to.
    pub fn merge(&mut self, later: Entity) {
        let is = |e: &Entity| e.hash == later.hash && e.kind == later.kind && same_key(e, &later);
        let section = &mut self.sections[section_of(later.hash)];
        match section.get_mut(later.hash, is) {
            Some(known) => {
                let before = known.heap_bytes();
                known.run.merge(later.run);
                self.heap_bytes = self.heap_bytes + known.heap_bytes() - before;
            }
            None => {
                self.heap_bytes += later.heap_bytes();
                section.add(later);
            }
        }
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        self.sections.iter().map(Section::bytes).sum::<usize>() + self.heap_bytes
    }

    pub fn is_empty(&self) -> bool {
        self.sections.iter().all(|section| section.pieces.is_empty())
    }

    /// All of them, in the order of their hashes.
    pub fn by_hash(&self) -> Vec<&Entity> {
        let mut entities = Vec::with_capacity(self.sections.iter().map(|s| s.places.len()).sum());
        for section in self.sections.iter() {
            let first = entities.len();
            entities.extend(section.pieces.iter().flatten());
            entities[first..].sort_unstable_by_key(|entity: &&Entity| entity.hash);
        }
        entities
    }

    /// All of them, in pieces.
    pub fn into_pieces(self) -> Vec<Vec<Entity>> {
        (*self.sections).into_iter().flat_map(|section| section.pieces).collect()
    }
}

impl Section {
    fn get_mut(&mut self, hash: u64, is: impl Fn(&Entity) -> bool) -> Option<&mut Entity> {
        let within = within(hash);
        let there = |place: &Place| {
            place.within == within && at(&self.pieces, place.number as usize).is_some_and(&is)
        };
        let number = self.places.find(spread(within), there)?.number as usize;
        self.pieces.get_mut(number / PIECE)?.get_mut(number % PIECE)
    }

    /// Adds an entity that is not there.
    fn add(&mut self, entity: Entity) {
        let place = Place { within: within(entity.hash), number: self.places.len() as u32 };
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push(entity),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(entity);
                self.pieces.push(piece);
            }
        }
        self.places.insert_unique(spread(place.within), place, |place| spread(place.within));
    }

    fn bytes(&self) -> usize {
        self.pieces.len() * PIECE * size_of::<Entity>() + self.places.allocation_size()
    }
}

fn at(pieces: &[Vec<Entity>], number: usize) -> Option<&Entity> {
    pieces.get(number / PIECE)?.get(number % PIECE)
}

/// What the first message of an entity comes to.
fn first(message: &Message, content: Box<[u8]>) -> (Entity, Outcome) {
    let (run, outcome) = match message.event {
        Some((head, states)) => {
            (Run::of_event(head, message.mark, states, content), Outcome::Applied)
        }
        None => (Run::of_tombstone(message.mark, content), Outcome::Repeated),
    };
    (Entity { hash: message.hash, kind: message.kind, run }, outcome)
}

/// The section of entities with this hash.
pub fn section_of(hash: u64) -> usize {
    (hash >> (u64::BITS - SECTIONS.ilog2())) as usize
}

/// The bits of the hash that come after those which all of a section share.
fn within(hash: u64) -> u32 {
    (hash << SECTIONS.ilog2() >> u32::BITS) as u32
}

/// As a table takes it, which looks at the first bits and at the last ones.
fn spread(within: u32) -> u64 {
    u64::from(within) << u32::BITS | u64::from(within)
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
