//! Entities, merged over all runs, in groups by the products that they belong to, in the order of the products' ids:
//! neighbours in the store are written together.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use projections::event::Kind;
use tokio_util::sync::CancellationToken;

use super::RebuildError;
use super::entity::Entity;
use super::letters::Subjects;
use super::manifest::{Folder, GROUP};
use super::products::Products;
use super::read::Folded;
use super::run_file::{RunFile, damaged, parse, put_entity};
use super::table::{SECTIONS, Table};
use crate::log::position::Partition;
use crate::store::dead_letter::NewDeadLetter;

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
    /// All of them, in pieces.
    Memory(Vec<Vec<Entity>>),
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
            let entities = taken.sift(table);
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
            entities.extend(taken.sift(merged(&runs, folder, section, stop)?));
        }
        Groups::Memory(entities)
    } else {
        // A third of the memory: one group is loaded, from its file as a whole, while the one before it is computed.
        let count = bytes.div_ceil((memory_bytes / 3).max(1)).min(MAX_GROUPS);
        let mut files = GroupFiles::create(folder, bounds(&runs, folder, count, stop)?)?;
        for section in 0..SECTIONS {
            for entity in taken.sift(merged(&runs, folder, section, stop)?).iter().flatten() {
                files.put(entity)?;
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

    /// Meets all entities, and answers those that belong to products. These stay where they are: there are millions.
    fn sift(&mut self, table: Table) -> Vec<Vec<Entity>> {
        let mut pieces = table.into_pieces();
        for piece in &mut pieces {
            let others: Vec<Entity> =
                piece.extract_if(.., |entity| !self.is_of_product(entity)).collect();
            // Discounts, and entities of which only tombstones speak: of these nothing is stored.
            self.discounts.extend(others.into_iter().filter(|entity| entity.run.head().is_some()));
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    fn is_of_product(&mut self, entity: &Entity) -> bool {
        if entity.run.head().is_none() {
            return false;
        }
        self.subjects.meet(entity, self.partitions);
        self.products += u64::from(entity.kind == Kind::Product && entity.run.is_live());
        entity.kind != Kind::Discount
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

/// The first product of each group but the first, so that each has about as many bytes. A section is a sample of all
/// entities: it says how they are spread.
fn bounds(
    runs: &[RunFile],
    folder: &Folder,
    count: u64,
    stop: &CancellationToken,
) -> Result<Vec<String>, RebuildError> {
    let sample = merged(runs, folder, 0, stop)?;
    let mut ids: Vec<(String, u64)> = sample
        .into_pieces()
        .into_iter()
        .flatten()
        .filter_map(|e| {
            Some((e.product_id()?.to_owned(), (size_of::<Entity>() + e.heap_bytes()) as u64))
        })
        .collect();
    ids.sort_unstable();
    let bytes: u64 = ids.iter().map(|(_, bytes)| bytes).sum();
    let share = bytes.div_ceil(count.max(1)).max(1);
    let (mut bounds, mut before, mut full) = (Vec::new(), 0, share);
    for (id, bytes) in ids {
        if before >= full && bounds.last() != Some(&id) {
            bounds.push(id);
            full = before + share;
        }
        before += bytes;
    }
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
            Groups::Memory(pieces) => std::mem::take(pieces),
            Groups::Files(files) => {
                let Some(path) = files.get(group) else { return Ok(Products::default()) };
                let bytes = fs::read(path).map_err(|error| RebuildError::file(path, &error))?;
                vec![parse(&bytes).ok_or_else(|| damaged(path))?]
            }
        };
        Ok(Products::of(entities))
    }
}
