//! What the generation itself says of its rebuild: whose it is, and how far it is written.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use serde::{Deserialize, Serialize};

use super::{Filled, RebuildError};
use crate::log::position::Partition;
use crate::store::{ReadStore, StoreError, Transaction};

/// The setting that ties a generation to the files of its rebuild.
pub const REBUILD_ID: &str = "rebuild_id";
/// The setting that says how far a generation is written; removed in the end.
const REBUILD: &str = "rebuild";

/// What the store says of how far it is written is not what this process has written.
pub(super) const LOST: &str = "the new generation is not written as far as it was: the database has lost the last transactions in a crash, or \
     another rebuild writes it too";

/// How far a generation is written. It is kept in the transactions that write.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Written {
    /// Where reading has ended, by partition: what is read again must come to the same.
    pub ends: Vec<(Partition, i64)>,
    /// Discounts, in the order of their ids.
    pub discounts: usize,
    /// Products are written in the order of their ids, up to this one.
    pub after: Option<String>,
    /// Products that are live.
    pub products: u64,
    /// Events refused since their product had too many prices.
    pub refused: u64,
    /// Dead letters are settled, as far as good versions settle them.
    #[serde(default)]
    pub settled: bool,
}

/// How far the generation is written, as the store has it: `None` where nothing says so yet.
pub struct Kept(Option<Written>);

impl Written {
    /// Nothing, so far.
    pub fn nothing(ends: Vec<(Partition, i64)>) -> Written {
        Written { ends, discounts: 0, after: None, products: 0, refused: 0, settled: false }
    }
}

impl Kept {
    pub fn of(written: Option<&Written>) -> Kept {
        Kept(written.cloned())
    }

    /// Keeps `written` with what the transaction writes, in the place of what was kept last.
    pub async fn replace(
        &mut self,
        tx: &mut dyn Transaction,
        written: &Written,
    ) -> Result<(), RebuildError> {
        self.check(tx).await?;
        let json =
            serde_json::to_string(written).map_err(|e| RebuildError::Failed(e.to_string()))?;
        tx.set_meta(REBUILD, Some(&json)).await?;
        self.0 = Some(written.clone());
        Ok(())
    }

    /// All is written.
    pub async fn forget(&mut self, tx: &mut dyn Transaction) -> Result<(), RebuildError> {
        self.check(tx).await?;
        tx.set_meta(REBUILD, None).await?;
        self.0 = None;
        Ok(())
    }

    /// A server that crashes may take back what it has said to be committed, for nothing here waits for its disk; and
    /// somebody else may write. What follows would leave a gap then, or be there twice: the rebuild looks again how far it is.
    async fn check(&self, tx: &mut dyn Transaction) -> Result<(), RebuildError> {
        let stored = tx.meta(REBUILD).await?.map(|json| serde_json::from_str::<Written>(&json));
        let same = match (&stored, &self.0) {
            (None, None) => true,
            (Some(Ok(stored)), Some(kept)) => stored == kept,
            _ => false,
        };
        if same { Ok(()) } else { Err(StoreError::Unavailable(LOST.to_owned()).into()) }
    }
}

/// What there is to begin with.
pub enum Beginning {
    /// An empty generation; from now on it is this rebuild's.
    Fresh {
        id: String,
    },
    /// It is this rebuild's, and nothing is written.
    Reading {
        id: String,
    },
    Writing {
        id: String,
        written: Written,
    },
    /// It is all done.
    Filled(Filled),
}

/// Looks what a generation holds, and takes an empty one.
pub async fn begin(store: &dyn ReadStore) -> Result<Beginning, RebuildError> {
    let status = store.status().await?;
    let mut tx = store.begin().await?;
    let positions = tx.positions().await?;
    let Some(id) = tx.meta(REBUILD_ID).await? else {
        let empty = positions.is_empty() && status.products == 0 && status.outcomes.is_empty();
        if !empty {
            return Err(RebuildError::NotMine(
                "the generation holds data that no rebuild has written".to_owned(),
            ));
        }
        let id = random_id();
        tx.set_meta(REBUILD_ID, Some(&id)).await?;
        tx.commit().await?;
        return Ok(Beginning::Fresh { id });
    };
    let written = tx.meta(REBUILD).await?;
    if written.is_none() && !positions.is_empty() {
        let events = status.outcomes.values().sum();
        return Ok(Beginning::Filled(Filled { events, products: status.products, positions }));
    }
    let Some(written) = written else { return Ok(Beginning::Reading { id }) };
    let written: Written = serde_json::from_str(&written).map_err(|_| {
        RebuildError::NotMine("the generation was begun by another version".to_owned())
    })?;
    Ok(Beginning::Writing { id, written })
}

/// Nobody else's: 128 bits of what the process hashes with.
fn random_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
