//! Entities by the product that they belong to, in the order of the products' ids.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;

use super::cores;
use super::entity::Entity;

/// Products of a part at most: what is computed, and then written in one transaction.
const PART_PRODUCTS: usize = 2_500;
/// Bytes of their entities at which a part ends, about, where there is so much memory.
const PART_BYTES: usize = 16 * 1024 * 1024;

/// What belongs to one product, which may not be there itself.
pub struct ProductEntities {
    pub product_id: String,
    pub entities: Vec<Entity>,
}

/// The products of a group, in the order of their ids.
#[derive(Default)]
pub struct Products {
    /// With the number of its entities; in descending order, so that the next one is the last.
    ids: Vec<(String, usize)>,
    pieces: Vec<Vec<Option<Entity>>>,
    /// Where the entities are, product by product.
    places: Vec<Place>,
    next: usize,
}

/// Which piece, and where in it.
type Place = (u32, u32);

/// A number for each product.
type Ranks<'e> = HashMap<&'e str, u32, ahash::RandomState>;

/// The products of some pieces, numbered as they come.
#[derive(Default)]
struct Numbered<'e> {
    numbers: Ranks<'e>,
    /// The number of the product of each entity, with the entity's place.
    places: Vec<(u32, Place)>,
}

impl<'e> Numbered<'e> {
    fn of(pieces: impl Iterator<Item = (u32, &'e Vec<Entity>)>) -> Numbered<'e> {
        let mut numbered = Numbered::default();
        for (piece, entities) in pieces {
            for (place, entity) in (0..).zip(entities) {
                let Some(id) = entity.product_id() else { continue };
                let next = numbered.numbers.len() as u32;
                let number = *numbered.numbers.entry(id).or_insert(next);
                numbered.places.push((number, (piece, place)));
            }
        }
        numbered
    }

    /// The places by these ranks of their products.
    fn ranked(self, ranks: &Ranks<'_>) -> Vec<(u32, Place)> {
        let Numbered { numbers, mut places } = self;
        let mut of_number = vec![0; numbers.len()];
        for (id, number) in numbers {
            if let (Some(of), Some(rank)) = (of_number.get_mut(number as usize), ranks.get(id)) {
                *of = *rank;
            }
        }
        for (number, _) in &mut places {
            *number = of_number.get(*number as usize).copied().unwrap_or_default();
        }
        places.sort_unstable();
        places
    }
}

impl Products {
    /// Of entities in pieces, which are looked at on all cores, as far as there are so many.
    pub fn of(pieces: Vec<Vec<Entity>>) -> Products {
        let shares = cores().clamp(1, pieces.len().max(1));
        let share = |n| (0..).zip(&pieces).skip(n).step_by(shares);
        let numbered = each((0..shares).map(share).map(|share| || Numbered::of(share)));
        let mut ids: Vec<&str> = numbered.iter().flat_map(|n| n.numbers.keys().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let ranks: Ranks<'_> = (0..).zip(&ids).map(|(rank, id)| (*id, rank)).collect();
        let ranked = each(numbered.into_iter().map(|numbered| || numbered.ranked(&ranks)));
        drop(ranks);
        let mut places = Vec::with_capacity(ranked.iter().map(Vec::len).sum());
        ranked.into_iter().for_each(|ranked| places.extend(ranked));
        // Of a few sorted stretches: they are merged.
        places.sort();
        let mut counts = vec![0_usize; ids.len()];
        for (rank, _) in &places {
            if let Some(count) = counts.get_mut(*rank as usize) {
                *count += 1;
            }
        }
        Products {
            ids: ids.into_iter().map(str::to_owned).zip(counts).rev().collect(),
            places: places.into_iter().map(|(_, place)| place).collect(),
            pieces: pieces.into_iter().map(|piece| piece.into_iter().map(Some).collect()).collect(),
            next: 0,
        }
    }

    /// Passes over products up to this one.
    pub fn skip_to(&mut self, after: &str) {
        while self.ids.last().is_some_and(|(id, _)| id.as_str() <= after) {
            self.next += self.ids.pop().map_or(0, |(_, count)| count);
        }
    }

    /// The products that come next, with so many bytes of entities, about; none at the end.
    pub fn part(&mut self, bytes_at_most: usize) -> Vec<ProductEntities> {
        let bytes_at_most = bytes_at_most.clamp(1, PART_BYTES);
        let (mut part, mut bytes) = (Vec::new(), 0);
        while part.len() < PART_PRODUCTS && bytes < bytes_at_most {
            let Some((product_id, count)) = self.ids.pop() else { break };
            let places = self.places.get(self.next..self.next + count).unwrap_or_default();
            let take = |(piece, place): &Place| {
                self.pieces.get_mut(*piece as usize)?.get_mut(*place as usize)?.take()
            };
            let entities: Vec<Entity> = places.iter().filter_map(take).collect();
            self.next += count;
            bytes += entities.iter().map(Entity::heap_bytes).sum::<usize>();
            part.push(ProductEntities { product_id, entities });
        }
        part
    }
}

/// What each of these comes to, on threads of their own.
fn each<T: Send, F: FnOnce() -> T + Send>(work: impl Iterator<Item = F>) -> Vec<T> {
    thread::scope(|scope| {
        let threads: Vec<_> = work.map(|work| scope.spawn(work)).collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.map(|ended| ended.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
