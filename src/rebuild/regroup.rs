//! Entities, merged over all runs, put together by the product that they belong to, in the order of the products' ids:
//! neighbours in the store are written together.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use projections::event::Kind;
use tokio_util::sync::CancellationToken;

use super::RebuildError;
use super::entity::Entity;
use super::letters::Subjects;
use super::manifest::{Folder, GROUP};
use super::read::Folded;
use super::run_file::{RunFile, SECTIONS, damaged, parse, put_entity};
use super::table::Table;
use crate::log::position::Partition;
use crate::store::dead_letter::NewDeadLetter;

/// Products of a part at most: what is computed, and then written in one transaction.
const PART_PRODUCTS: usize = 2_500;
/// Bytes of their entities at which a part ends, about, where there is so much memory.
const PART_BYTES: usize = 16 * 1024 * 1024;
/// Group files at most: all are open at once.
const MAX_GROUPS: u64 = 256;
/// Bytes that a group file gathers before it writes them.
const WRITE_BYTES: usize = 64 * 1024;
/// What a file's byte takes in memory, about: an entity is less dense there.
const MEMORY_A_FILE_BYTE: u64 = 2;

/// All that the log comes to.
pub struct Regrouped {
    pub discounts: Vec<Entity>,
    pub subjects: Subjects,
    /// Products that are live.
    pub products: u64,
    pub groups: Groups,
    pub letters: Letters,
}

/// Entities of products; each group has the ids that come after those of the group before it.
pub enum Groups {
    Memory(Vec<Entity>),
    Files(Vec<PathBuf>),
}

/// Dead letters, in the order in which they were read.
pub enum Letters {
    Memory(Vec<NewDeadLetter>),
    Files(Vec<RunFile>),
}

/// Puts together what was read. `memory_bytes` bounds what of it is in memory at once, as far as single products allow.
pub fn regroup(
    folded: Folded,
    partitions: &[Partition],
    folder: &Folder,
    memory_bytes: u64,
    stop: &CancellationToken,
) -> Result<Regrouped, RebuildError> {
    let mut taken = Taken::of(partitions);
    let runs = match folded {
        Folded::Memory { table, letters } => {
            letters.iter().for_each(|letter| taken.subjects.add(letter));
            let entities = table.into_iter().filter_map(|entity| taken.take(entity)).collect();
            return Ok(taken.regrouped(Groups::Memory(entities), Letters::Memory(letters)));
        }
        Folded::Files(runs) => runs,
    };
    for run in &runs {
        run.letters(&folder.path)?.iter().for_each(|letter| taken.subjects.add(letter));
    }
    let bytes = runs.iter().map(RunFile::bytes).sum::<u64>().saturating_mul(MEMORY_A_FILE_BYTE);
    let groups = if bytes <= memory_bytes {
        let mut entities = Vec::new();
        for section in 0..SECTIONS {
            let merged = merged(&runs, folder, section, stop)?;
            entities.extend(merged.into_iter().filter_map(|entity| taken.take(entity)));
        }
        Groups::Memory(entities)
    } else {
        // A third of the memory: one group is loaded, from its file as a whole, while the one before it is computed.
        let count = bytes.div_ceil((memory_bytes / 3).max(1)).min(MAX_GROUPS);
        let mut files = GroupFiles::create(folder, bounds(&runs, folder, count, stop)?)?;
        for section in 0..SECTIONS {
            for entity in merged(&runs, folder, section, stop)? {
                if let Some(entity) = taken.take(entity) {
                    files.put(&entity)?;
                }
            }
        }
        Groups::Files(files.finish()?)
    };
    Ok(taken.regrouped(groups, Letters::Files(runs)))
}

/// What is kept in memory of all entities.
struct Taken<'a> {
    partitions: &'a [Partition],
    discounts: Vec<Entity>,
    subjects: Subjects,
    products: u64,
}

impl<'a> Taken<'a> {
    fn of(partitions: &'a [Partition]) -> Taken<'a> {
        Taken { partitions, discounts: Vec::new(), subjects: Subjects::default(), products: 0 }
    }

    /// The entity where it belongs to a product.
    fn take(&mut self, entity: Entity) -> Option<Entity> {
        // Only tombstones speak of it: nothing is stored.
        entity.run.head()?;
        self.subjects.meet(&entity, self.partitions);
        match entity.kind {
            Kind::Discount => {
                self.discounts.push(entity);
                return None;
            }
            Kind::Product => self.products += u64::from(entity.run.is_live()),
            Kind::Price | Kind::Stock | Kind::Review => {}
        }
        Some(entity)
    }

    fn regrouped(self, groups: Groups, letters: Letters) -> Regrouped {
        let Taken { mut discounts, subjects, products, .. } = self;
        discounts.sort_by_cached_key(Entity::key);
        Regrouped { discounts, subjects, products, groups, letters }
    }
}

/// A section of all runs, merged in their order.
fn merged(
    runs: &[RunFile],
    folder: &Folder,
    section: usize,
    stop: &CancellationToken,
) -> Result<Table, RebuildError> {
    let mut table = Table::default();
    for run in runs {
        if stop.is_cancelled() {
            return Err(RebuildError::Stopped);
        }
        for entity in run.read(&folder.path, section)? {
            table.merge(entity);
        }
    }
    Ok(table)
}

/// The first product of each group but the first. A section is a sample of all entities: it says how they are spread.
fn bounds(
    runs: &[RunFile],
    folder: &Folder,
    count: u64,
    stop: &CancellationToken,
) -> Result<Vec<String>, RebuildError> {
    let sample = merged(runs, folder, 0, stop)?;
    let mut ids: Vec<String> =
        sample.into_iter().filter_map(|e| e.product_id().map(str::to_owned)).collect();
    ids.sort_unstable();
    let step = ids.len().div_ceil(usize::try_from(count).unwrap_or(usize::MAX)).max(1);
    let mut bounds: Vec<String> = ids.into_iter().step_by(step).skip(1).collect();
    bounds.dedup();
    Ok(bounds)
}

/// Group files as they are written.
struct GroupFiles {
    bounds: Vec<String>,
    files: Vec<(PathBuf, BufWriter<File>)>,
    buffer: Vec<u8>,
}

impl GroupFiles {
    fn create(folder: &Folder, bounds: Vec<String>) -> Result<GroupFiles, RebuildError> {
        let create = |number: usize| {
            let path = folder.path.join(format!("{GROUP}{number:04}"));
            let file = File::create(&path).map_err(|error| RebuildError::file(&path, &error))?;
            Ok((path, BufWriter::with_capacity(WRITE_BYTES, file)))
        };
        let files = (0..=bounds.len()).map(create).collect::<Result<_, RebuildError>>()?;
        Ok(GroupFiles { bounds, files, buffer: Vec::new() })
    }

    fn put(&mut self, entity: &Entity) -> Result<(), RebuildError> {
        let Some(id) = entity.product_id() else { return Ok(()) };
        let group = self.bounds.partition_point(|bound| bound.as_str() <= id);
        let Some((path, file)) = self.files.get_mut(group) else { return Ok(()) };
        self.buffer.clear();
        put_entity(&mut self.buffer, entity);
        file.write_all(&self.buffer).map_err(|error| RebuildError::file(path, &error))
    }

    fn finish(self) -> Result<Vec<PathBuf>, RebuildError> {
        let finish = |(path, mut file): (PathBuf, BufWriter<File>)| {
            file.flush().map_err(|error| RebuildError::file(&path, &error))?;
            Ok(path)
        };
        self.files.into_iter().map(finish).collect()
    }
}

impl Groups {
    pub fn count(&self) -> usize {
        match self {
            Groups::Memory(_) => 1,
            Groups::Files(files) => files.len(),
        }
    }

    /// The products of a group; each group is taken once.
    pub fn take(&mut self, group: usize) -> Result<Products, RebuildError> {
        let entities = match self {
            Groups::Memory(entities) => std::mem::take(entities),
            Groups::Files(files) => {
                let Some(path) = files.get(group) else { return Ok(Products::default()) };
                let bytes = fs::read(path).map_err(|error| RebuildError::file(path, &error))?;
                parse(&bytes).ok_or_else(|| damaged(path))?
            }
        };
        Ok(Products::of(entities))
    }
}

/// What belongs to one product, which may not be there itself.
pub struct ProductEntities {
    pub product_id: String,
    pub entities: Vec<Entity>,
}

/// The products of a group, in the order of their ids.
#[derive(Default)]
pub struct Products {
    /// In descending order, so that the next one is the last.
    ids: Vec<(String, usize)>,
    entities: Vec<Option<Entity>>,
    /// Places in `entities`, product by product.
    order: Vec<u32>,
    next: usize,
}

impl Products {
    fn of(entities: Vec<Entity>) -> Products {
        let mut numbers: HashMap<&str, u32, ahash::RandomState> = HashMap::default();
        // The number of the product of each entity, with the entity's place.
        let mut order: Vec<(u32, u32)> = Vec::with_capacity(entities.len());
        for (place, entity) in (0..).zip(&entities) {
            let Some(id) = entity.product_id() else { continue };
            let number = numbers.len() as u32;
            order.push((*numbers.entry(id).or_insert(number), place));
        }
        let mut ids: Vec<(&str, u32)> = numbers.into_iter().collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let mut ranks = vec![0; ids.len()];
        let mut counts = vec![0_usize; ids.len()];
        for (rank, (_, number)) in (0_u32..).zip(ids.iter().rev()) {
            if let Some(of) = ranks.get_mut(*number as usize) {
                *of = rank;
            }
        }
        for (number, _) in &mut order {
            if let Some(count) = counts.get_mut(*number as usize) {
                *count += 1;
            }
            *number = ranks.get(*number as usize).copied().unwrap_or_default();
        }
        order.sort_unstable();
        let counted = |(id, number): (&str, u32)| {
            (id.to_owned(), counts.get(number as usize).copied().unwrap_or_default())
        };
        Products {
            ids: ids.into_iter().map(counted).collect(),
            order: order.into_iter().map(|(_, place)| place).collect(),
            entities: entities.into_iter().map(Some).collect(),
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
            let places = self.order.get(self.next..self.next + count).unwrap_or_default();
            let take = |place: &u32| self.entities.get_mut(*place as usize)?.take();
            let entities: Vec<Entity> = places.iter().filter_map(take).collect();
            self.next += count;
            bytes += entities.iter().map(Entity::heap_bytes).sum::<usize>();
            part.push(ProductEntities { product_id, entities });
        }
        part
    }
}
