//! Popular pages, in a small file beside the generations: what is lost of it costs no more than a
//! slower start, and a save does not wait for the projector's turn to write.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use crate::store::popular::{PopularPage, ranked};
use crate::store::{Result, StoreError};

const FILE: &str = "popular-pages.bin";
/// The layout of the file: another one is not read.
const LAYOUT: u8 = 1;
/// Bytes of the layout and of the checksum.
const HEAD: usize = 1 + size_of::<u64>();

/// Who saves reads first: one at a time in this process.
static SAVING: Mutex<()> = Mutex::new(());

pub async fn read(generation: &Path, limit: u32) -> Result<Vec<PopularPage>> {
    let file = generation.with_file_name(FILE);
    let mut pages = blocking(move || Ok(kept(&file))).await?;
    pages.truncate(limit as usize);
    Ok(pages)
}

pub async fn save(generation: &Path, pages: &[PopularPage]) -> Result<()> {
    let (file, pages) = (generation.with_file_name(FILE), pages.to_vec());
    blocking(move || {
        let _saving = SAVING.lock().unwrap_or_else(PoisonError::into_inner);
        let pages = ranked(kept(&file).into_iter().chain(pages));
        write(&file, &pages).map_err(|error| {
            StoreError::Database(format!("{} cannot be written: {error}", file.display()))
        })
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
}

/// What the file has. One that is missing or damaged has nothing.
fn kept(file: &Path) -> Vec<PopularPage> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                tracing::warn!(%error, file = %file.display(), "popular pages cannot be read");
            }
            return Vec::new();
        }
    };
    let pages = decoded(&bytes);
    if pages.is_none() {
        tracing::warn!(file = %file.display(), "the file of popular pages is damaged: it is not used");
    }
    ranked(pages.unwrap_or_default())
}

fn decoded(bytes: &[u8]) -> Option<Vec<PopularPage>> {
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let (layout, checksum) = head.split_first()?;
    let whole = *layout == LAYOUT && checksum == xxh3_64(body).to_le_bytes();
    whole.then(|| postcard::from_bytes(body).ok())?
}

/// All of it or nothing: a file of its own takes the place of the old one.
fn write(file: &Path, pages: &[PopularPage]) -> std::io::Result<()> {
    let body = postcard::to_allocvec(pages).map_err(std::io::Error::other)?;
    // Another process may save at the same time.
    let beside = PathBuf::from(format!("{}.{}", file.display(), std::process::id()));
    let mut new = File::create(&beside)?;
    new.write_all(&[LAYOUT])?;
    new.write_all(&xxh3_64(&body).to_le_bytes())?;
    new.write_all(&body)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)
}
