//! Kafka and PostgreSQL for one test: topics and a database of its own on the servers that
//! `scripts/services` has started.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::process::{Home, Process};
use super::service::Service;

/// Partitions of each topic.
pub const PARTITIONS: usize = 6;

/// Where a server is, as `scripts/services env` says.
#[track_caller]
pub fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: run `scripts/services up`, then \
             `eval \"$(scripts/services env)\"`; scripts/test does both"
        )
    })
}

/// Runs `scripts/services` with these arguments.
#[track_caller]
pub fn services(args: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services");
    let done = Command::new(script).args(args).output().unwrap();
    assert!(done.status.success(), "scripts/services {args:?}: {done:?}");
}

/// Runs one statement in the database that the servers begin with.
#[track_caller]
fn sql(statement: &str) {
    use sqlx::Connection;
    let url = server("TEST_POSTGRES_URL");
    let run = async {
        let mut connection = sqlx::PgConnection::connect(&url).await?;
        sqlx::raw_sql(statement).execute(&mut connection).await?;
        connection.close().await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap();
}

/// A shop of a test's own.
pub struct Production {
    pub home: Home,
    name: Name,
}

/// Of the database, which is dropped in the end if there is one, and of the topics.
struct Name {
    text: String,
    database: bool,
}

impl Production {
    /// Fresh topics, a fresh database with its schema, and nothing running yet.
    pub fn new() -> Production {
        let production = Production::without_topics();
        production.home.migrate(PARTITIONS);
        production
    }

    /// A fresh database, and topics that nobody has made.
    pub fn without_topics() -> Production {
        let Production { home, mut name } = Production::with_sqlite();
        sql(&format!("CREATE DATABASE {}", name.text));
        name.database = true;
        let database = server("TEST_POSTGRES_URL");
        let (server_url, _) = database.rsplit_once('/').unwrap();
        let home = home.set(format!("store.url={server_url}/{}", name.text));
        Production { home, name }
    }

    /// Topics that nobody has made, and the store in a file: for tests of the log alone.
    pub fn with_sqlite() -> Production {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{}_{number}", super::now(), std::process::id());
        let mut home = Home::new()
            .set(format!("log.url={}", server("TEST_KAFKA_URL")))
            .set(format!("log.group={name}"));
        for kind in ["product", "price", "stock", "discount", "review"] {
            home = home.set(format!("log.topics.{kind}={name}.{kind}"));
        }
        Production { home, name: Name { text: name, database: false } }
    }

    /// Every command gets `--set` with this from now on.
    pub fn set(mut self, setting: impl Into<String>) -> Production {
        self.home = self.home.set(setting);
        self
    }

    pub fn topic(&self, kind: &str) -> String {
        format!("{}.{kind}", self.name.text)
    }

    pub fn database(&self) -> &str {
        &self.name.text
    }

    /// The number that a query of its database answers.
    #[track_caller]
    pub fn count(&self, query: &str) -> i64 {
        use sqlx::Connection;
        let database = server("TEST_POSTGRES_URL");
        let (server_url, _) = database.rsplit_once('/').unwrap();
        let url = format!("{server_url}/{}", self.name.text);
        let run = async {
            let mut connection = sqlx::PgConnection::connect(&url).await?;
            let count: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
            connection.close().await.map(|()| count)
        };
        tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap()
    }

    /// An instance that only projects.
    pub fn projector(&self) -> Process {
        self.home.spawn(&["serve", "--roles", "projector"])
    }

    /// One that comes back as the same member of the group, and so to its partitions at once.
    pub fn static_projector(&self, member: usize) -> Process {
        let mut command = self.home.command(&["serve", "--roles", "projector"]);
        command.env("VITRINE_LOG__PROPERTIES__GROUP_INSTANCE_ID", format!("member-{member}"));
        Process::spawn(command)
    }

    /// An instance that only answers pages.
    pub fn api(&self) -> Service {
        self.home.serve_with(&["--roles", "api"])
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if self.database && !std::thread::panicking() {
            sql(&format!("DROP DATABASE {} WITH (FORCE)", self.text));
        }
    }
}
