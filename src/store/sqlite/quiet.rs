//! Whether the file was written since it was read last, without asking SQLite: the feed of changes is looked at many times
//! a second, and nearly always nothing has come.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::store::feed::ChangeCursor;

/// Times of files go by steps of some milliseconds: of a file that was written so recently, the next write may not show.
pub const SETTLED: Duration = Duration::from_millis(50);
/// SQLite is asked so often in any case: a process that stands still between writing the log and showing it to others leaves
/// no mark on the file when it goes on.
pub const ASK_EVERY: Duration = Duration::from_millis(250);

/// Every commit appends to the write-ahead log, whichever process it is of. Those of this process are counted as well.
pub struct Quiet {
    log: PathBuf,
    known: Mutex<Option<Known>>,
}

/// Nothing came after the cursor when the log was like this.
struct Known {
    look: Look,
    cursor: String,
    asked: Instant,
}

/// The log as it was before SQLite was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Look {
    written: SystemTime,
    bytes: u64,
    told: u64,
}

impl Quiet {
    pub fn of(file: &Path) -> Quiet {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        Quiet { log: log.into(), known: Mutex::default() }
    }

    /// `told` counts the commits of this process. `None` where nothing can be told by the log.
    pub fn look(&self, told: u64) -> Option<Look> {
        let log = fs::metadata(&self.log).ok()?;
        let look = Look { written: log.modified().ok()?, bytes: log.len(), told };
        look.written.elapsed().is_ok_and(|ago| ago > SETTLED).then_some(look)
    }

    /// Whether nothing can have come after the cursor.
    pub fn is_quiet(&self, look: Option<Look>, since: &ChangeCursor) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().is_some_and(|known| {
            Some(known.look) == look
                && known.cursor == since.as_str()
                && known.asked.elapsed() < ASK_EVERY
        })
    }

    /// SQLite said after that look that nothing came after the cursor.
    pub fn is_last(&self, look: Option<Look>, since: &ChangeCursor) {
        let asked = Instant::now();
        let known = look.map(|look| Known { look, cursor: since.as_str().to_owned(), asked });
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}
