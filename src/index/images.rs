//! When an index keeps an image, and where.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as Clock};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::follow::{Feed, Follower, apart, lock};
use super::image::{self, Head, ImageError, Opened};
use super::load::FIRST;

/// How soon an image is tried again that could not be written.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// The subject of the wait while an image cannot be written.
const KEEPING: &str = "the image of the listing index cannot be kept";

/// Where images of a generation's index are kept.
pub struct Images {
    pub directory: PathBuf,
    pub generation: i64,
    /// The shortest time between two images.
    pub every: Duration,
    /// Cancelled when the process stops, and not only this index. One more image is written then.
    pub ending: CancellationToken,
}

/// The version that the image is of, as far as this process knows.
#[derive(Default)]
pub(super) struct Kept {
    version: u64,
    /// When the next one may be written; `None`: at once.
    due: Option<Clock>,
    writing: Option<JoinHandle<Result<(), String>>>,
}

impl Kept {
    /// After a start from an image. `is_same`: the first version is the one in the image.
    pub fn resumed(is_same: bool, every: Duration) -> Kept {
        Kept {
            version: if is_same { FIRST } else { 0 },
            due: Some(Clock::now() + every),
            writing: None,
        }
    }
}

fn file_name(generation: i64) -> String {
    format!("index-{generation}.image")
}

impl Images {
    pub fn path(&self) -> PathBuf {
        self.directory.join(file_name(self.generation))
    }

    /// Opens the image that there is.
    pub(super) fn opening(&self) -> impl FnOnce() -> Result<Option<Opened>, ImageError> + use<> {
        let path = self.path();
        move || Opened::open(&path)
    }
}

impl Follower {
    /// Writes an image in the background when one is due. With `last` it waits until the image is written.
    pub(super) async fn keep_image(&self, feed: Option<&mut Feed>, last: bool) {
        let (Some(images), Some(feed)) = (&self.images, feed) else { return };
        if last && !images.ending.is_cancelled() {
            return;
        }
        self.kept(&mut feed.kept, last).await;
        let Feed { heard, versions, kept } = feed;
        let is_new = versions.last.number != kept.version && !heard.pending.everything;
        let is_due = last || kept.due.is_none_or(|due| due <= Clock::now());
        if kept.writing.is_some() || !is_new || !is_due {
            return;
        }
        let writer = versions.writer.clone();
        // There is none after a round that failed: the writer then holds more than the last version.
        let Some(image) = apart(move || lock(&writer).image()).await else { return };
        (kept.version, kept.due) = (versions.last.number, Some(Clock::now() + images.every));
        let head = Head::new(random_token(), heard.cursor.clone(), heard.pending.clone());
        let (store, images) = (self.store.clone(), (images.path(), images.generation));
        kept.writing = Some(tokio::spawn(async move {
            store.note_image(&head.token).await.map_err(|error| error.to_string())?;
            apart(move || {
                let (path, generation) = images;
                let written = image::write(&path, &head, &image);
                written.map_err(|error| {
                    format!(
                        "{}: {error} (with index.image_seconds = 0 none is kept)",
                        path.display()
                    )
                })?;
                remove_older(&path, generation);
                Ok(())
            })
            .await
        }));
        if last {
            self.kept(kept, last).await;
        }
    }

    /// Takes note of an image that has been written. With `last` it waits for one that is being written.
    async fn kept(&self, kept: &mut Kept, last: bool) {
        let Some(writing) = kept.writing.take_if(|writing| last || writing.is_finished()) else {
            return;
        };
        let written = writing.await.unwrap_or_else(|ended| Err(ended.to_string()));
        match written {
            Ok(()) => self.waits.over(KEEPING),
            Err(why) => {
                self.waits.wait(KEEPING, why);
                // The same version is tried again.
                kept.version = 0;
                kept.due = kept.due.map(|due| due.min(Clock::now() + TRY_AGAIN));
            }
        }
    }
}

/// Removes images of generations before the one that a rollback goes back to.
fn remove_older(path: &Path, generation: i64) {
    let older = (1..generation - 1).rev().map(|older| path.with_file_name(file_name(older)));
    for file in older.take_while(|file| file.exists()) {
        if let Err(error) = std::fs::remove_file(&file) {
            tracing::warn!(%error, file = %file.display(), "an image that is of no use stays");
        }
    }
}

fn random_token() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
