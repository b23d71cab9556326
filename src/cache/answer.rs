//! Finished answers: bodies with their `ETag`s and compressed forms.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, OnceLock};

use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use projections::instant::Instant;
use xxhash_rust::xxh3::xxh3_128;

use super::coding::Coding;

/// Smaller bodies are not compressed: a packet is sent either way.
pub const MIN_COMPRESSED_BYTES: usize = 256;

const GZIP_LEVEL: u32 = 6;
const BROTLI_QUALITY: i32 = 5;
const LEAST_BROTLI_WINDOW: i32 = 17;
const MOST_BROTLI_WINDOW: i32 = 22;
const ZSTD_LEVEL: i32 = 3;

/// A page as it is answered: all of it that is the same for everybody who asks.
///
/// Compressed forms are made when they are first asked for, once.
pub struct Finished {
    body: Bytes,
    /// In two halves: one number would have to begin at a multiple of 16 bytes.
    hash: [u64; 2],
    /// [`Instant::MAX`] for never.
    next_change_at: Instant,
    /// Most pages of a large shop are never asked for in most codings. Shared with later loads
    /// of the page that bring the same.
    forms: OnceLock<Arc<Forms>>,
    status: u16,
}

/// None where a form would not be smaller than the body.
#[derive(Default)]
struct Forms {
    gzip: OnceLock<Option<Bytes>>,
    zstd: OnceLock<Option<Bytes>>,
    brotli: OnceLock<Option<Bytes>>,
}

impl Forms {
    fn of(&self, coding: Coding) -> Option<&OnceLock<Option<Bytes>>> {
        match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(&self.gzip),
            Coding::Zstd => Some(&self.zstd),
            Coding::Brotli => Some(&self.brotli),
        }
    }
}

impl Finished {
    /// An answer with this status (200, or 404 for what is known not to be there) and body;
    /// `next_change_at` is when it changes with no event.
    pub fn new(status: u16, body: Vec<u8>, next_change_at: Option<Instant>) -> Self {
        let hash = xxh3_128(&body);
        Finished {
            body: shrunk(body),
            hash: [(hash >> 64) as u64, hash as u64],
            next_change_at: next_change_at.unwrap_or(Instant::MAX),
            forms: OnceLock::new(),
            status,
        }
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body as it is. A clone shares the bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    pub fn next_change_at(&self) -> Option<Instant> {
        Some(self.next_change_at).filter(|at| *at != Instant::MAX)
    }

    /// The strong `ETag` of the body in this coding.
    pub fn etag(&self, coding: Coding) -> EntityTag {
        let [high, low] = self.hash;
        EntityTag::new(u128::from(high) << 64 | u128::from(low), coding)
    }

    /// The body in this coding, or as it is where that is not larger, and which of them it is.
    ///
    /// The first call for a coding compresses, on this thread: brotli takes some 20 ms a megabyte.
    pub fn form(&self, coding: Coding) -> (Coding, Bytes) {
        if coding == Coding::Identity || self.body.len() < MIN_COMPRESSED_BYTES {
            return (Coding::Identity, self.body.clone());
        }
        let form = self.forms.get_or_init(Arc::default).of(coding);
        let made = form.and_then(|form| form.get_or_init(|| self.compressed(coding)).clone());
        match made {
            Some(bytes) => (coding, bytes),
            None => (Coding::Identity, self.body.clone()),
        }
    }

    /// Whether [`Finished::form`] has nothing left to compress for this coding.
    pub fn is_made(&self, coding: Coding) -> bool {
        self.body.len() < MIN_COMPRESSED_BYTES
            || coding == Coding::Identity
            || self.made(coding).is_some()
    }

    /// Makes all forms, for pages that are warmed.
    pub fn compress_all(&self) {
        for coding in Coding::COMPRESSED {
            self.form(coding);
        }
    }

    /// Bytes held now besides `self`: body and forms, and the parts that hold them.
    pub fn held_bytes(&self) -> usize {
        let forms = self.forms.get().map_or(0, |_| size_of::<Forms>() + 2 * size_of::<usize>());
        let made = Coding::COMPRESSED.into_iter().filter_map(|coding| self.made(coding)?.as_ref());
        let compressed: usize = made.map(|form| form.len() + SHARED_BYTES).sum();
        self.body.len() + SHARED_BYTES + forms + compressed
    }

    /// Body and forms alone, in bytes.
    pub fn content_bytes(&self) -> usize {
        let made = Coding::COMPRESSED.into_iter().filter_map(|coding| self.made(coding)?.as_ref());
        self.body.len() + made.map(Bytes::len).sum::<usize>()
    }

    /// Takes over the bytes and forms of the other one, if they are of the same body.
    pub fn share(&mut self, other: &Finished) {
        if self.hash == other.hash && self.body == other.body {
            self.body = other.body.clone();
            self.forms = other.forms.clone();
        }
    }

    /// Whether both hold the same bytes, and not only equal ones.
    pub fn shares_bytes(&self, other: &Finished) -> bool {
        self.body.as_ptr() == other.body.as_ptr() && self.body.len() == other.body.len()
    }

    fn made(&self, coding: Coding) -> Option<&Option<Bytes>> {
        self.forms.get()?.of(coding)?.get()
    }

    fn compressed(&self, coding: Coding) -> Option<Bytes> {
        let made = match coding {
            Coding::Identity => return None,
            Coding::Gzip => gzip(&self.body),
            Coding::Zstd => zstd::bulk::compress(&self.body, ZSTD_LEVEL),
            Coding::Brotli => brotli(&self.body),
        };
        match made {
            Ok(bytes) => (bytes.len() < self.body.len()).then(|| shrunk(bytes)),
            Err(error) => {
                // Only for want of memory: the body as it is does as well.
                tracing::warn!(%error, coding = coding.name(), "a page cannot be compressed");
                None
            }
        }
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.status, self.etag(Coding::Identity), self.body.len())
    }
}

/// What `Bytes` adds to bytes that are shared: pointer, capacity, counter.
const SHARED_BYTES: usize = 3 * size_of::<usize>();

/// Without the capacity that the writer left over.
fn shrunk(bytes: Vec<u8>) -> Bytes {
    Bytes::from(bytes.into_boxed_slice())
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
    encoder.write_all(body)?;
    encoder.finish()
}

fn brotli(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        size_hint: body.len(),
        lgwin: brotli_window(body.len()),
        ..BrotliEncoderParams::default()
    };
    let mut made = Vec::new();
    brotli::BrotliCompress(&mut &*body, &mut made, &params)?;
    Ok(made)
}

/// The smallest window that holds the body, as a power of two: what is compressed is the same as with the largest, and the
/// encoder makes buffers of half the size. Up to 16 it would take another way of looking for matches, which is slower here.
fn brotli_window(bytes: usize) -> i32 {
    // The format keeps 16 bytes of the window for itself.
    let holds = (bytes + 16).next_power_of_two().trailing_zeros();
    i32::try_from(holds)
        .unwrap_or(MOST_BROTLI_WINDOW)
        .clamp(LEAST_BROTLI_WINDOW, MOST_BROTLI_WINDOW)
}

/// A strong `ETag` with its quotes, as text; it holds no memory besides itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EntityTag {
    text: [u8; EntityTag::MAX],
    length: u8,
}

impl EntityTag {
    /// Two quotes, 32 digits, the longest suffix.
    const MAX: usize = 2 + 32 + 5;

    fn new(hash: u128, coding: Coding) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let hex = (0..32).map(|place| DIGITS[(hash >> (124 - 4 * place)) as usize & 15]);
        let (dash, name) = match coding {
            Coding::Identity => (None, ""),
            coding => (Some(b'-'), coding.name()),
        };
        let quote = std::iter::once(b'"');
        let all = quote.clone().chain(hex).chain(dash).chain(name.bytes()).chain(quote);
        let (mut text, mut length) = ([0; EntityTag::MAX], 0);
        for (to, byte) in text.iter_mut().zip(all) {
            *to = byte;
            length += 1;
        }
        EntityTag { text, length }
    }

    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.length)).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
