//! SQLite as the embedded log and the embedded store use it: how files are opened, what errors mean,
//! many rows at once.

pub(crate) mod bulk;
pub mod connect;
pub mod errors;

use std::time::Duration;

/// How connections are opened.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// Connections that read, each with a thread of its own.
    pub read_connections: u32,
    /// How long a statement waits for another process's lock.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions { read_connections: 8, busy_timeout: Duration::from_secs(10) }
    }
}
