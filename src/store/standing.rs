//! Where partitions stand: how far each is projected, and whether its log still is the one that it was projected from.

use super::{ReadStore, Result};
use crate::log::position::Partition;

/// An event that was projected: where it is in its partition, and its [fingerprint](crate::log::record::Record::fingerprint).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    pub offset: i64,
    pub fingerprint: i64,
}

/// Where a partition stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub partition: Partition,
    /// The offset that is projected next.
    pub next: i64,
    /// The last event that was projected; `None` where an older build or a rebuild did so.
    pub last: Option<Mark>,
    /// Why nothing more of it is projected.
    pub stopped: Option<String>,
}

/// A row of the table of positions: topic, partition, next offset, offset and fingerprint of the last event, and why it is
/// stopped.
pub(crate) type StandingRow = (String, i32, i64, Option<i64>, Option<i64>, Option<String>);

impl From<StandingRow> for Standing {
    fn from((topic, partition, next, offset, fingerprint, stopped): StandingRow) -> Standing {
        let last =
            offset.zip(fingerprint).map(|(offset, fingerprint)| Mark { offset, fingerprint });
        Standing { partition: Partition { topic, partition }, next, last, stopped }
    }
}

/// Whether a partition of a store's generation is stopped: others cannot catch up with it, nor it with them.
pub async fn is_stopped(store: &dyn ReadStore) -> Result<bool> {
    let standings = store.snapshot_fresh().await?.standings().await?;
    Ok(standings.iter().any(|standing| standing.stopped.is_some()))
}

/// The setting that has the id of the embedded log that the generation is projected from.
pub const LOG_ID: &str = "log_id";

/// Reads [`StandingRow`]s.
pub(crate) const STANDINGS: &str =
    "SELECT topic, partition, next_offset, last_offset, fingerprint, stopped FROM position";
