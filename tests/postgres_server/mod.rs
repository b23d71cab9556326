//! A PostgreSQL server for tests: each test has a database of its own in it.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Executor};

/// A database that is dropped with this.
pub struct Database {
    server: String,
    name: String,
}

/// The server that the tests are given. Without one they fail: nothing passes unseen.
pub fn server() -> String {
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) if !url.is_empty() => url,
        _ => panic!(
            "TEST_POSTGRES_URL is not set: run `scripts/services up`, then \
             `eval \"$(scripts/services env)\"`"
        ),
    }
}

/// A streaming standby of that server, on which the user may stop the replay.
pub fn replica() -> String {
    match std::env::var("TEST_POSTGRES_REPLICA_URL") {
        Ok(url) if !url.is_empty() => url,
        _ => panic!(
            "TEST_POSTGRES_REPLICA_URL is not set: run `scripts/services up`, then \
             `eval \"$(scripts/services env)\"`"
        ),
    }
}

pub async fn connect(url: &str) -> PgConnection {
    PgConnectOptions::from_str(url)
        .unwrap()
        .connect()
        .await
        .unwrap_or_else(|e| panic!("the PostgreSQL server of the tests cannot be reached: {e}"))
}

impl Database {
    /// A new and empty one.
    pub async fn create() -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server();
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let name = format!("vitrine_test_{}_{n}_{nanos}", std::process::id());
        let create = format!("CREATE DATABASE {name}");
        connect(&server).await.execute(create.as_str()).await.unwrap();
        Database { server, name }
    }

    /// The address of this database.
    pub fn url(&self) -> String {
        self.beside(&self.server)
    }

    /// The address of this database on that server.
    pub fn beside(&self, server: &str) -> String {
        let (before, query) = match server.split_once('?') {
            Some((before, query)) => (before, format!("?{query}")),
            None => (server, String::new()),
        };
        let (host, _) = before.rsplit_once('/').unwrap();
        format!("{host}/{}{query}", self.name)
    }

    /// A connection that knows nothing of the store.
    pub async fn connect(&self) -> PgConnection {
        connect(&self.url()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread of its own: the test's runtime may be the one that is ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                connect(&server).await.execute(drop.as_str()).await.unwrap();
            });
        });
        if dropping.join().is_err() && !std::thread::panicking() {
            panic!("the database {} was not dropped", self.name);
        }
    }
}
