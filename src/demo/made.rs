//! What the catalogue in the demo's folder was made of: live changes fit no other one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use projections::instant::Instant;
use serde::{Deserialize, Serialize};

use crate::generate::{Options, VERSION};

/// In the demo's folder.
pub const FILE: &str = "catalogue.json";

/// The file: it is there before the first event is, and says when the last one was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Made {
    /// [`VERSION`] of the generator.
    pub generator: u32,
    pub products: u64,
    pub events: u64,
    pub seed: u64,
    /// RFC 3339.
    pub start: String,
    /// All events are in the log.
    pub complete: bool,
}

impl Made {
    /// Of these options, nothing published yet.
    pub fn of(options: &Options) -> Made {
        let Options { products, events, seed, start } = *options;
        let start = start.to_string();
        Made { generator: VERSION, products, events, seed, start, complete: false }
    }

    /// With everything published.
    pub fn complete(self) -> Made {
        Made { complete: true, ..self }
    }

    /// What the folder says; `None` where it says nothing that can be read.
    pub fn read(folder: &Path) -> anyhow::Result<Option<Made>> {
        let file = path(folder);
        match fs::read(&file) {
            Ok(json) => Ok(serde_json::from_slice(&json).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Replaces the file: whatever happens, the old one or the new one is there, whole.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let (file, new) = (path(folder), folder.join("catalogue.json.new"));
        let json = serde_json::to_vec_pretty(self)?;
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut out = File::create(&new)?;
            out.write_all(&json)?;
            out.sync_all()?;
            fs::rename(&new, &file)?;
            File::open(folder)?.sync_all()
        };
        write().with_context(|| format!("cannot write {}", file.display()))
    }

    fn options(&self) -> Option<Options> {
        let start = Instant::parse(&self.start)?;
        let Made { products, events, seed, .. } = *self;
        Some(Options { products, events, seed, start })
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// How to go on with a log that has events already.
#[derive(Debug)]
pub enum GoOn {
    /// With changes to this catalogue.
    Live(Options),
    /// Without, and why.
    Still(&'static str),
}

/// `made`: what the folder says; `asked`: the products that were asked for, if any.
pub fn go_on(made: Option<&Made>, asked: Option<u64>, folder: &Path) -> anyhow::Result<GoOn> {
    let Some(made) = made else {
        return Ok(GoOn::Still("does not say what it was made of"));
    };
    if let Some(asked) = asked.filter(|asked| *asked != made.products) {
        bail!(
            "the catalogue in {} has {} products, and --products asks for {asked}: remove that \
             folder to make another catalogue, or leave --products out",
            folder.display(),
            made.products
        );
    }
    Ok(match made.options() {
        _ if !made.complete => GoOn::Still("was not published to its end"),
        _ if made.generator != VERSION => GoOn::Still("was made by another version of vitrine"),
        Some(options) => GoOn::Live(options),
        None => GoOn::Still("does not say when it begins"),
    })
}
