//! What an error of SQLite means to the caller.

/// What SQLite's primary result codes mean (<https://sqlite.org/rescode.html>).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// Another connection has a lock.
    Locked,
    /// The same statement may succeed later.
    Transient,
    /// There is no room on the disk.
    Full,
    /// The file is damaged, or is no database.
    Damaged,
    /// This process may not write the file.
    ReadOnly,
    /// The same statement will fail again.
    Final,
}

impl Meaning {
    /// The meaning of a result code, primary or extended.
    pub fn of_code(code: i32) -> Meaning {
        // The low byte of an extended code is its primary one.
        match code & 0xff {
            // BUSY, LOCKED, PROTOCOL.
            5 | 6 | 15 => Meaning::Locked,
            // NOMEM, INTERRUPT, IOERR, CANTOPEN: the system is out of memory or of file descriptors, or cannot
            // reach the disk.
            7 | 9 | 10 | 14 => Meaning::Transient,
            13 => Meaning::Full,
            // PERM, READONLY, AUTH.
            3 | 8 | 23 => Meaning::ReadOnly,
            // CORRUPT, NOTADB.
            11 | 26 => Meaning::Damaged,
            _ => Meaning::Final,
        }
    }

    pub fn of(error: &sqlx::Error) -> Meaning {
        match error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::Io(_) => Meaning::Transient,
            sqlx::Error::Database(error) => {
                let code = error.code().and_then(|code| code.parse().ok());
                code.map_or(Meaning::Final, Meaning::of_code)
            }
            _ => Meaning::Final,
        }
    }
}

/// What to do about it.
pub const READ_ONLY: &str =
    "its user needs the right to write data_dir, the files in it, and their file system";
