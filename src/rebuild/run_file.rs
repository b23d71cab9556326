//! Run files: what a stretch of the log comes to, by entity, in sections by the hash of the entity; so that the same
//! section of all runs can be merged in little memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use projections::event::Kind;
use projections::fold::Head;
use projections::instant::Instant;
use projections::run::{Mark, Run, Tombstones};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::RebuildError;
use super::entity::Entity;
use super::letters;
use super::table::{SECTIONS, section_of};
use crate::store::dead_letter::NewDeadLetter;

/// A run file, as the manifest names it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFile {
    pub name: String,
    sections: Vec<Section>,
    letters: Section,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Section {
    offset: u64,
    bytes: u64,
    /// Of the bytes.
    xxh3: u64,
}

impl RunFile {
    /// Writes entities, in the order of their hashes, and dead letters; they are on disk when it returns.
    pub fn write(
        folder: &Path,
        name: String,
        entities: &[&Entity],
        dead: &[NewDeadLetter],
    ) -> Result<RunFile, RebuildError> {
        let path = folder.join(&name);
        let write = || -> std::io::Result<RunFile> {
            let mut file = File::create(&path)?;
            let (mut offset, mut buffer) = (0, Vec::new());
            let mut put = |buffer: &mut Vec<u8>| {
                file.write_all(buffer)?;
                let bytes = buffer.len() as u64;
                let section = Section { offset, bytes, xxh3: xxh3_64(buffer) };
                offset += bytes;
                buffer.clear();
                Ok::<_, std::io::Error>(section)
            };
            let (mut sections, mut rest) = (Vec::with_capacity(SECTIONS), entities);
            for section in 0..SECTIONS {
                let of_section = rest.partition_point(|entity| section_of(entity.hash) <= section);
                let (these, others) = rest.split_at(of_section);
                these.iter().for_each(|entity| put_entity(&mut buffer, entity));
                sections.push(put(&mut buffer)?);
                rest = others;
            }
            dead.iter().for_each(|letter| letters::put(&mut buffer, letter));
            let letters = put(&mut buffer)?;
            file.sync_all()?;
            Ok(RunFile { name, sections, letters })
        };
        write().map_err(|error| RebuildError::file(&path, &error))
    }

    pub fn bytes(&self) -> u64 {
        self.letters.offset + self.letters.bytes
    }

    /// The entities of a section.
    pub fn read(&self, folder: &Path, section: usize) -> Result<Vec<Entity>, RebuildError> {
        let Some(section) = self.sections.get(section) else { return Ok(Vec::new()) };
        let path = folder.join(&self.name);
        parse(&self.section(&path, *section)?).ok_or_else(|| damaged(&path))
    }

    pub fn letters(&self, folder: &Path) -> Result<Vec<NewDeadLetter>, RebuildError> {
        let path = folder.join(&self.name);
        letters::parse(&self.section(&path, self.letters)?).ok_or_else(|| damaged(&path))
    }

    fn section(&self, path: &Path, section: Section) -> Result<Vec<u8>, RebuildError> {
        let mut bytes = vec![0; usize::try_from(section.bytes).unwrap_or(usize::MAX)];
        let mut read = || -> std::io::Result<()> {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(section.offset))?;
            file.read_exact(&mut bytes)
        };
        match read() {
            Ok(()) if xxh3_64(&bytes) == section.xxh3 => Ok(bytes),
            Ok(()) => Err(damaged(path)),
            Err(error) => Err(RebuildError::file(path, &error)),
        }
    }
}

/// What is in a file is not what was written to it.
pub fn damaged(path: &Path) -> RebuildError {
    let folder = path.parent().unwrap_or(path).display();
    RebuildError::Directory(format!(
        "{} is damaged: delete the folder {folder}, and the rebuild reads the log anew",
        path.display()
    ))
}

const STATES: u8 = 1;
const TOMBSTONES: u8 = 2;
const TOMBSTONE_AFTER: u8 = 4;

/// Appends an entity.
pub fn put_entity(to: &mut Vec<u8>, entity: &Entity) {
    let run = &entity.run;
    let tombstones = run.tombstones();
    let mut flags = if run.states() { STATES } else { 0 };
    if let Some(tombstones) = tombstones {
        flags |= TOMBSTONES;
        flags |= if tombstones.after.is_some() { TOMBSTONE_AFTER } else { 0 };
    }
    let head = run.head().unwrap_or(Head { version: 0, digest: 0 });
    let content = run.content();
    to.extend([entity.kind as u8, flags]);
    to.extend(entity.hash.to_le_bytes());
    to.extend(head.version.to_le_bytes());
    to.extend(head.digest.to_le_bytes());
    put_mark(to, run.mark());
    to.extend((content.len() as u32).to_le_bytes());
    to.extend_from_slice(content);
    if let Some(Tombstones { first, after }) = tombstones {
        put_mark(to, first);
        after.into_iter().for_each(|mark| put_mark(to, mark));
    }
}

fn put_mark(to: &mut Vec<u8>, mark: Mark) {
    to.extend(mark.time.millis().to_le_bytes());
    to.extend(mark.offset.to_le_bytes());
    to.extend(mark.partition.to_le_bytes());
}

/// The entities in these bytes, all of them; `None` where they are not what was written.
pub fn parse(bytes: &[u8]) -> Option<Vec<Entity>> {
    let (mut rest, mut entities) = (bytes, Vec::new());
    while !rest.is_empty() {
        entities.push(take_entity(&mut rest)?);
    }
    Some(entities)
}

fn take_entity(from: &mut &[u8]) -> Option<Entity> {
    let [kind, flags] = take(from)?;
    let kind = *Kind::ALL.get(usize::from(kind))?;
    let hash = u64::from_le_bytes(take(from)?);
    let version = u64::from_le_bytes(take(from)?);
    let head = Head { version, digest: u64::from_le_bytes(take(from)?) };
    let mark = take_mark(from)?;
    let length = u32::from_le_bytes(take(from)?);
    let (content, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
    *from = rest;
    let tombstones = match flags & TOMBSTONES {
        0 => None,
        _ => {
            let first = take_mark(from)?;
            let after = if flags & TOMBSTONE_AFTER == 0 { None } else { Some(take_mark(from)?) };
            Some(Tombstones { first, after })
        }
    };
    let run = Run::of_event(head, mark, flags & STATES != 0, Box::from(content));
    Some(Entity { hash, kind, run: run.with_tombstones(tombstones) })
}

fn take_mark(from: &mut &[u8]) -> Option<Mark> {
    let time = Instant(i64::from_le_bytes(take(from)?));
    let offset = i64::from_le_bytes(take(from)?);
    Some(Mark { time, offset, partition: u32::from_le_bytes(take(from)?) })
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*taken)
}
