//! `[store]`: where the view is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Findings;
use super::secret::ConnectionUrl;

/// The store of the view.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Where the view is kept: `sqlite:` is embedded, with its files in `data_dir`;
    /// `postgres://user:password@host/database` is a PostgreSQL database (15 or later) that may be
    /// shared by any number of instances; for TLS add `?sslmode=verify-full`, with
    /// `&sslrootcert=FILE` for an authority of your own.
    pub url: ConnectionUrl,
    /// `postgres://` addresses of read replicas that pages may be read from. Only for a PostgreSQL
    /// store.
    #[schemars(length(max = 64))]
    pub replicas: Vec<ConnectionUrl>,
    /// Connections held open for reading pages.
    #[schemars(range(min = 1, max = 1024))]
    pub read_connections: u32,
    /// Connections held open for projecting and for what is written else. Only for PostgreSQL.
    #[schemars(range(min = 2, max = 1024))]
    pub write_connections: u32,
    /// The PostgreSQL schema with the list of generations; each generation has a schema of its own,
    /// with `_g1` and so on after this name.
    pub schema: String,
    /// How long one statement may take in PostgreSQL, in milliseconds; then the transaction is undone
    /// and done again.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub statement_timeout_ms: u64,
    /// How far a read replica may be behind, in milliseconds, before pages are read elsewhere.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub replica_max_lag_ms: u64,
    /// How long a statement waits for a lock that another one holds before it fails, in
    /// milliseconds.
    #[schemars(range(max = 600_000))]
    pub busy_timeout_ms: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:".into(),
            replicas: Vec::new(),
            read_connections: 8,
            write_connections: 6,
            schema: "vitrine".to_owned(),
            statement_timeout_ms: 60_000,
            replica_max_lag_ms: 2_000,
            busy_timeout_ms: 10_000,
        }
    }
}

/// Which store `store.url` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreKind {
    /// Files under `data_dir`.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
}

impl StoreConfig {
    /// Which store the address asks for.
    pub fn kind(&self) -> StoreKind {
        if is_postgres(&self.url) { StoreKind::Postgres } else { StoreKind::Sqlite }
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        if self.url.scheme() == "sqlite" {
            if self.url.reveal() != "sqlite:" {
                findings.add(
                    "store.url",
                    format!("`{}` names a place", self.url),
                    "write `sqlite:` alone; its files are kept in data_dir",
                );
            }
        } else if !is_postgres(&self.url) {
            findings.add(
                "store.url",
                format!("`{}` is no store", self.url),
                "write `sqlite:` for the embedded store, or postgres://user@host/database",
            );
        }
        if !is_schema(&self.schema) {
            findings.add(
                "store.schema",
                format!("`{}` is no name of a schema", self.schema),
                "use 1 to 40 of the characters a-z, 0-9 and `_`, a letter first",
            );
        }
        for (index, replica) in self.replicas.iter().enumerate() {
            let key = format!("store.replicas[{index}]");
            if !is_postgres(replica) {
                findings.add(
                    key,
                    format!("`{replica}` is no replica"),
                    "write postgres://user@host/database",
                );
            } else if self.url.scheme() == "sqlite" {
                findings.add(
                    key,
                    "an embedded store has no replicas",
                    "leave store.replicas empty, or set store.url to a postgres:// address",
                );
            }
        }
    }
}

fn is_schema(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.starts_with("pg_")
}

fn is_postgres(url: &ConnectionUrl) -> bool {
    matches!(url.scheme(), "postgres" | "postgresql")
        && url.after_slashes().is_some_and(|rest| !rest.is_empty())
}
