//! The folder of a rebuild: which run files there are, and how far into the log they reach.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::outcomes::Outcomes;
use super::run_file::RunFile;
use super::{RebuildError, blocking};
use crate::log::position::Partition;

/// Of the manifest and the run files: others are read by nobody, and the log is read anew.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const RUN: &str = "run-";
/// Entities by product, made anew by whoever writes.
pub const GROUP: &str = "group-";

/// How far a rebuild has read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Whose it is: the generation has the same id.
    pub id: String,
    /// In the order of the numbers that entities name them by, with the offset that comes next.
    pub partitions: Vec<(Partition, i64)>,
    pub outcomes: Outcomes,
    /// In their order.
    pub runs: Vec<RunFile>,
    /// Nothing is left to be read.
    pub read: bool,
}

impl Manifest {
    pub fn new(id: String) -> Manifest {
        Manifest {
            format: FORMAT,
            id,
            partitions: Vec::new(),
            outcomes: Outcomes::default(),
            runs: Vec::new(),
            read: false,
        }
    }

    pub fn spilled_bytes(&self) -> u64 {
        self.runs.iter().map(RunFile::bytes).sum()
    }

    /// A name for the run that comes next.
    pub fn next_run(&self) -> String {
        format!("{RUN}{:06}", self.runs.len() + 1)
    }
}

/// Where the files of one rebuild are.
#[derive(Clone, Debug)]
pub struct Folder {
    pub path: PathBuf,
}

impl Folder {
    /// Makes the folder if it is not there.
    pub async fn open(path: &Path) -> Result<Folder, RebuildError> {
        let path = path.to_owned();
        blocking(move || {
            fs::create_dir_all(&path).map_err(|error| RebuildError::file(&path, &error))?;
            Ok(Folder { path })
        })
        .await
    }

    /// What an earlier run has left of this rebuild. Whatever else is there of rebuilds is deleted.
    pub async fn load(&self, id: &str) -> Result<Option<Manifest>, RebuildError> {
        let (folder, id) = (self.clone(), id.to_owned());
        blocking(move || {
            let manifest = folder.manifest()?.filter(|manifest| manifest.id == id);
            let kept: Vec<&str> = manifest
                .iter()
                .flat_map(|manifest| manifest.runs.iter().map(|run| run.name.as_str()))
                .chain(manifest.is_some().then_some(MANIFEST))
                .collect();
            folder.delete(|name| !kept.contains(&name))?;
            Ok(manifest)
        })
        .await
    }

    /// `None` also for what another version has written.
    fn manifest(&self) -> Result<Option<Manifest>, RebuildError> {
        let path = self.path.join(MANIFEST);
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice::<Manifest>(&bytes)
                .ok()
                .filter(|manifest| manifest.format == FORMAT)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RebuildError::file(&path, &error)),
        }
    }

    /// Replaces the manifest: whatever happens, the old one or the new one is there, whole.
    pub fn save(&self, manifest: &Manifest) -> Result<(), RebuildError> {
        let (path, new) = (self.path.join(MANIFEST), self.path.join("manifest.new"));
        let json = serde_json::to_vec(manifest)
            .map_err(|error| RebuildError::Failed(error.to_string()))?;
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(&json)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            // The names of the run files as well as its own.
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|error| RebuildError::file(&path, &error))
    }

    /// Deletes what rebuilds have left, and the folder where nothing else is in it.
    pub async fn clear(&self) -> Result<(), RebuildError> {
        let folder = self.clone();
        blocking(move || {
            // Without it the runs are nothing.
            folder.delete(|name| name == MANIFEST)?;
            folder.delete(|_| true)?;
            // It may not be empty, or be the mount of a volume.
            let _ = fs::remove_dir(&folder.path);
            Ok(())
        })
        .await
    }

    /// Deletes files of rebuilds, and nobody else's.
    fn delete(&self, which: impl Fn(&str) -> bool) -> Result<(), RebuildError> {
        let delete = || -> std::io::Result<()> {
            for file in fs::read_dir(&self.path)? {
                let file = file?;
                let name = file.file_name();
                let Some(name) = name.to_str() else { continue };
                let ours = name.starts_with("manifest.")
                    || name.starts_with(RUN)
                    || name.starts_with(GROUP);
                if ours && which(name) {
                    fs::remove_file(file.path())?;
                }
            }
            Ok(())
        };
        delete().map_err(|error| RebuildError::file(&self.path, &error))
    }
}
