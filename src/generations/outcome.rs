//! What a rebuild is asked for, and what comes of it.

use serde::Serialize;

use super::promote::{PromoteError, Promoted};
use crate::log::LogError;
use crate::projector::drive::ProjectorError;
use crate::rebuild::RebuildError;
use crate::store::StoreError;
use crate::verdict::{Allow, Judged, Verdict, VerdictError};

/// What is to be done.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Begins anew where an earlier rebuild was stopped.
    pub fresh: bool,
    /// Promotes the new generation if it passes.
    pub promote: bool,
    /// Differences that are wanted.
    pub allow: Vec<Allow>,
    /// Promotes it although this build cannot read the live generation, so that the two are not compared.
    pub uncompared: bool,
    /// Only where nothing was ever projected into the live generation.
    pub only_if_empty: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Rebuilt {
    pub generation: i64,
    /// Events that were read.
    pub events: u64,
    pub products: u64,
    /// Seconds until the generation was filled, without those of earlier runs.
    pub filled_seconds: f64,
    /// What the comparison with the live generation found; none where the live one is empty or cannot be compared.
    pub verdict: Option<Verdict>,
    pub judged: Judged,
    pub promoted: Option<Promoted>,
}

/// Why a rebuild ended early.
#[derive(Debug, thiserror::Error)]
pub enum RebuildFailed {
    #[error(
        "another rebuild is under way, on this machine or another one: wait for it, or stop it first"
    )]
    Locked,
    #[error(
        "the lock of the rebuild was lost, and another rebuild has it: what was written is kept, and whoever has it goes on with it"
    )]
    LockLost,
    #[error("the live generation is not empty any more")]
    NotEmpty,
    #[error(
        "the live generation has another projection version, so that the new one cannot be compared with it: generation \
         {0} is built and kept up to date; promote it with `vitrine generations promote {0}`"
    )]
    Uncompared(i64),
    #[error(
        "the live generation is stopped, since its log was made anew or has lost events, so that generation {0} cannot be \
         compared with it. It is built and kept up to date: `vitrine rebuild --promote --uncompared` goes on with it and promotes it"
    )]
    Stopped(i64),
    #[error(
        "the new generation {0} does not reflect the log and has not moved for a minute: the log says what its projector has \
         run into; `vitrine rebuild` goes on with it"
    )]
    Behind(i64),
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Projector(#[from] ProjectorError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Verdict(#[from] VerdictError),
    #[error(transparent)]
    Promote(#[from] PromoteError),
}

impl RebuildFailed {
    /// Whether this log, folder or store cannot be rebuilt from or into, as they are. What else comes between may be
    /// another one by the next rebuild.
    pub fn is_final(&self) -> bool {
        match self {
            RebuildFailed::Rebuild(RebuildError::Store(error)) | RebuildFailed::Store(error) => {
                !error.is_transient()
            }
            RebuildFailed::Rebuild(RebuildError::Stopped | RebuildError::NotMine(_)) => false,
            RebuildFailed::Rebuild(error) => !error.is_passing(),
            _ => false,
        }
    }

    /// Whether the same rebuild may get further later, with nothing else done.
    pub fn is_passing(&self) -> bool {
        match self {
            RebuildFailed::Rebuild(error) => error.is_passing(),
            RebuildFailed::Store(error)
            | RebuildFailed::Verdict(VerdictError::Store { error, .. })
            | RebuildFailed::Promote(PromoteError::Store(error)) => error.is_transient(),
            RebuildFailed::Log(error) => error.is_transient(),
            _ => false,
        }
    }
}
