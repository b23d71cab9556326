//! What an error of the driver means to the caller.

use sqlx::migrate::MigrateError;

use crate::store::StoreError;

/// Tables that projectors may insert the same new row into at once.
const RACED: [&str; 5] = ["product", "price", "stock", "discount", "review"];

pub fn database(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        // Of a server that ends in the middle of an answer.
        | sqlx::Error::Protocol(_) => StoreError::Unavailable(error.to_string()),
        sqlx::Error::Database(e) => {
            let code = e.code().unwrap_or_default();
            match code.as_ref() {
                "40001" | "40P01" => StoreError::Conflict(error.to_string()),
                "23505" if e.table().is_some_and(|table| RACED.contains(&table)) => {
                    StoreError::Conflict(error.to_string())
                }
                code if passing(code) => StoreError::Unavailable(error.to_string()),
                _ => StoreError::Database(error.to_string()),
            }
        }
        _ => StoreError::Database(error.to_string()),
    }
}

/// Whether the connection is of no more use.
pub fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(e) => {
            let code = e.code().unwrap_or_default();
            code.starts_with("08") || code.starts_with("57P")
        }
        _ => false,
    }
}

/// Whether the same statement may succeed later, or on another server.
fn passing(code: &str) -> bool {
    // Connection lost, out of resources (connections too), server going down or coming up,
    // statement or lock took too long, transaction idle for too long, a primary that is none any more.
    matches!(code.get(..2), Some("08" | "53"))
        || matches!(
            code,
            "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "55P03" | "25P03" | "25P04" | "25006"
        )
}

pub fn migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => database(e),
        MigrateError::VersionMissing(version) => StoreError::Incompatible(format!(
            "the schema has migration {version}, which this build does not know: it was made by a \
             newer version; run that one"
        )),
        other => StoreError::Database(other.to_string()),
    }
}
