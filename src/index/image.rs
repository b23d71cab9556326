//! The image of an index is a file. A process that starts again goes on from it, and does not read
//! every product.
//!
//! The file is a sequence of frames: length, checksum, bytes. The first frame is the [`Head`]. The last
//! frame is empty, and has the number of all others in place of its checksum. A new file replaces the
//! one before in one step.

use std::fs::{File, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use projections::codec::{self, CorruptDocument};
use projections::index::image::{Image, LAYOUT, Piece, Restoring};
use projections::index::writer::Writer;
use projections::market::Market;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::rounds::Names;
use crate::store::PROJECTION_VERSION;
use crate::store::feed::ChangeCursor;

/// What a file begins with.
const MAGIC: &[u8; 8] = b"vitrine\n";
/// The longest frame that is read, in bytes. A section has the rows of 16,384 products.
const MAX_FRAME_BYTES: u32 = 1 << 30;
/// The most threads that decode one image.
const MAX_THREADS: usize = 4;

/// The state of the store that an image was made of. A change of what is encoded here raises [`LAYOUT`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    layout: (u32, i64),
    /// The store has a note with this token: see [`ReadStore::note_image`](crate::store::ReadStore::note_image).
    pub token: String,
    /// The follower goes on reading the feed from here.
    pub cursor: ChangeCursor,
    /// The feed names this before the cursor, and the index has not read it yet.
    pub pending: Names,
}

impl Head {
    pub fn new(token: String, cursor: ChangeCursor, pending: Names) -> Head {
        Head { layout: (LAYOUT, PROJECTION_VERSION), token, cursor, pending }
    }
}

/// Why an image is not used.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is damaged, or of another build")]
    Damaged,
    #[error("it cannot be used: {0}")]
    Corrupt(#[from] CorruptDocument),
}

/// Writes a file, and replaces the one before. Writes nothing while another process writes it.
pub fn write(path: &Path, head: &Head, image: &Image) -> io::Result<()> {
    let unfinished = path.with_extension("image.tmp");
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    // It is truncated once it is locked: another process may be writing it.
    let file = File::options().create(true).truncate(false).write(true).open(&unfinished)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Another process may have put the file that is open in its place meanwhile.
    if std::fs::metadata(&unfinished)?.ino() != file.metadata()?.ino() {
        return Ok(());
    }
    let written = frames(&file, head, image).and_then(|()| std::fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

fn frames(file: &File, head: &Head, image: &Image) -> io::Result<()> {
    file.set_len(0)?;
    let mut to = BufWriter::with_capacity(1 << 20, file);
    to.write_all(MAGIC)?;
    let head = std::iter::once_with(|| codec::encode(head));
    let mut count: u64 = 0;
    for frame in head.chain(image.sections()) {
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        to.write_all(&length.to_le_bytes())?;
        to.write_all(&xxh3_64(&frame).to_le_bytes())?;
        to.write_all(&frame)?;
        count += 1;
    }
    to.write_all(&0_u32.to_le_bytes())?;
    to.write_all(&count.to_le_bytes())?;
    to.flush()?;
    drop(to);
    file.sync_all()
}

/// A file that is being read.
pub struct Opened {
    pub head: Head,
    frames: Frames,
}

/// The frames that have not been read yet.
struct Frames {
    from: BufReader<File>,
    /// The number of those that have.
    read: u64,
}

impl Opened {
    /// Opens a file and reads its head; `None` if there is no file.
    ///
    /// # Errors
    /// Where it is damaged or of another build.
    pub fn open(path: &Path) -> Result<Option<Opened>, ImageError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut frames = Frames { from: BufReader::with_capacity(1 << 20, file), read: 0 };
        let mut magic = [0; MAGIC.len()];
        frames.from.read_exact(&mut magic)?;
        if magic != *MAGIC {
            return Err(ImageError::Damaged);
        }
        let head: Head = codec::decode(&frames.next()?)?;
        match head.layout == (LAYOUT, PROJECTION_VERSION) {
            true => Ok(Some(Opened { head, frames })),
            false => Err(ImageError::Damaged),
        }
    }

    /// Decodes the file on several threads, and makes the writer that goes on from it for these markets.
    ///
    /// # Errors
    /// Where it is damaged, or of other markets.
    pub fn writer(self, markets: Vec<Market>) -> Result<Writer, ImageError> {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let frames = Mutex::new(Some(self.frames));
        let restoring = Mutex::new(Restoring::default());
        std::thread::scope(|scope| {
            let work = || decode(&frames, &restoring);
            let others: Vec<_> = (1..threads.min(MAX_THREADS)).map(|_| scope.spawn(work)).collect();
            let own = decode(&frames, &restoring);
            let ended = others.into_iter().map(|other| other.join());
            ended.fold(own, |all, ended| all.and(ended.unwrap_or(Err(ImageError::Damaged))))
        })?;
        let restoring = restoring.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(restoring.writer(markets)?)
    }
}

/// Decodes frames until there are no more, or one cannot be.
fn decode(frames: &Mutex<Option<Frames>>, restoring: &Mutex<Restoring>) -> Result<(), ImageError> {
    loop {
        let bytes = {
            let mut frames = frames.lock().unwrap_or_else(PoisonError::into_inner);
            // The reader is put back after a good frame. After an error the other threads end, too.
            let Some(mut open) = frames.take() else { return Ok(()) };
            let bytes = open.next()?;
            if bytes.is_empty() {
                return Ok(());
            }
            *frames = Some(open);
            bytes
        };
        let piece = Piece::of(&bytes)?;
        restoring.lock().unwrap_or_else(PoisonError::into_inner).add(piece);
    }
}

impl Frames {
    /// The bytes of the next frame; none at the end.
    fn next(&mut self) -> Result<Vec<u8>, ImageError> {
        let (mut length, mut sum) = ([0; 4], [0; 8]);
        self.from.read_exact(&mut length)?;
        self.from.read_exact(&mut sum)?;
        let (length, sum) = (u32::from_le_bytes(length), u64::from_le_bytes(sum));
        if length > MAX_FRAME_BYTES {
            return Err(ImageError::Damaged);
        }
        let mut bytes = Vec::new();
        let read = self.from.by_ref().take(length.into()).read_to_end(&mut bytes)?;
        let is_good = match length {
            0 => sum == self.read,
            _ => read == length as usize && xxh3_64(&bytes) == sum,
        };
        self.read += 1;
        if is_good { Ok(bytes) } else { Err(ImageError::Damaged) }
    }
}
