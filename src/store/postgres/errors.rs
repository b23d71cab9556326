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
                code if is_full(code) => StoreError::Full(error.to_string()),
                code if is_transient(code) => StoreError::Unavailable(error.to_string()),
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
            code.starts_with("08")
                || code.starts_with("57P")
                || matches!(code.as_ref(), "25P03" | "25P04")
        }
        _ => false,
    }
}

/// Whether the same statement may succeed later, or on another server.
pub fn is_transient(code: &str) -> bool {
    match code {
        // The role or its password is refused, the database is not there: until an operator has seen to it.
        "28000" | "28P01" | "3D000"
        // A server that goes down or comes up, or whose database goes; an operator or a time-out ended a statement.
        | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "57014"
        // A lock took too long; a transaction was idle or ran for too long; a primary that is a standby now.
        | "55P03" | "25P03" | "25P04" | "25006" => true,
        // Connection lost; out of resources, connections among them; the system's own errors (a disk that fails).
        code => matches!(code.get(..2), Some("08" | "53" | "58")),
    }
}

/// Whether there is no room on the server's disk.
pub fn is_full(code: &str) -> bool {
    code == "53100"
}

/// What it means that a transaction that writes cannot begin: a standby refuses it (0A000), and may be
/// promoted later.
pub fn begun(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("0A000") => StoreError::Unavailable(format!(
            "the server is a standby, which takes no writes until it is promoted: {error}"
        )),
        _ => database(error),
    }
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
