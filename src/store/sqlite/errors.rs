//! Errors of SQLite as errors of the read store.

use sqlx::migrate::MigrateError;

use crate::sqlite::errors::{Meaning, READ_ONLY};
use crate::store::StoreError;

pub(crate) fn database(error: sqlx::Error) -> StoreError {
    let why = error.to_string();
    match Meaning::of(&error) {
        Meaning::Locked | Meaning::Transient => StoreError::Unavailable(why),
        Meaning::Full => StoreError::Full(why),
        Meaning::Damaged => StoreError::Damaged(why),
        Meaning::ReadOnly => StoreError::Database(format!("{why}: {READ_ONLY}")),
        Meaning::Final => StoreError::Database(why),
    }
}

pub(crate) fn migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => database(e),
        MigrateError::VersionMissing(version) => StoreError::Incompatible(format!(
            "the schema has migration {version}, which this build does not know: it was made by a \
             newer version; run that one"
        )),
        other => StoreError::Database(other.to_string()),
    }
}
