//! Why the catalogue stays as it is.

use crate::store::StoreError;

pub(super) fn taken_over() -> StoreError {
    StoreError::Conflict("this promotion is over: another one was begun meanwhile".to_owned())
}

pub(super) fn overtaken(number: i64) -> StoreError {
    StoreError::Conflict(format!(
        "another generation was made live meanwhile, or generation {number} was dropped: `vitrine generations list` shows \
         how it is now"
    ))
}

pub(super) fn in_use(number: i64) -> StoreError {
    StoreError::Incompatible(format!(
        "generation {number} cannot be dropped: it is live, or about to be, or there is no such one"
    ))
}
