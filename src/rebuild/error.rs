//! Why a rebuild ended.

use std::path::Path;

use projections::codec::CorruptDocument;

use crate::log::LogError;
use crate::store::StoreError;

/// Why a generation was not filled.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// It was told to. What it has done is kept.
    #[error("the rebuild was stopped; started again, it goes on where it was")]
    Stopped,
    /// The generation cannot be gone on with: it is to be dropped, and another one made.
    #[error("{0}: drop this generation, and build another one")]
    NotMine(String),
    /// The log does not hold everything from its first event on.
    #[error("{0}")]
    Incomplete(String),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of the rebuild cannot be used, or what is in it.
    #[error("{0}")]
    Directory(String),
    /// A part of the work has ended without an answer.
    #[error("the rebuild has failed: {0}")]
    Failed(String),
}

impl RebuildError {
    /// Whether the same rebuild may get further later, with nothing else done.
    pub fn is_passing(&self) -> bool {
        match self {
            RebuildError::Log(error) => error.is_transient(),
            RebuildError::Store(error) => error.is_transient(),
            _ => false,
        }
    }

    pub(super) fn ended(error: &tokio::task::JoinError) -> RebuildError {
        RebuildError::Failed(error.to_string())
    }

    /// A file of the folder cannot be read or written.
    pub(super) fn file(path: &Path, error: &std::io::Error) -> RebuildError {
        RebuildError::Directory(format!(
            "{}: {error}; set rebuild.directory to a folder that may be written to and has room",
            path.display()
        ))
    }
}

impl From<CorruptDocument> for RebuildError {
    fn from(error: CorruptDocument) -> RebuildError {
        RebuildError::Store(StoreError::Corrupt(error))
    }
}
