//! Reads from a streaming standby: while it is well, while it is behind, and while servers are away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod postgres_server;

use std::time::{Duration, Instant};

use postgres_server::{Database, connect, replica};
use sqlx::Executor;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::{ReadStore, StoreError};

const PATIENCE: Duration = Duration::from_secs(30);

async fn set(store: &PostgresStore, value: &str) {
    let mut tx = store.begin().await.unwrap();
    tx.set_meta("key", Some(value)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn read(store: &PostgresStore) -> Option<String> {
    store.snapshot().await.unwrap().meta("key").await.unwrap()
}

async fn read_fresh(store: &PostgresStore) -> Option<String> {
    store.snapshot_fresh().await.unwrap().meta("key").await.unwrap()
}

async fn eventually_reads(store: &PostgresStore, value: &str) {
    let started = Instant::now();
    while read(store).await.as_deref() != Some(value) {
        assert!(started.elapsed() < PATIENCE, "`{value}` is not read");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A way to a server that can be cut.
struct Way {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Way {
    async fn to(host: String) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and with it every connection.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (mut here, _) = listener.accept().await.unwrap();
                let host = host.clone();
                connections.spawn(async move {
                    let mut there = TcpStream::connect(host).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                });
            }
        });
        Way { port, accepting }
    }

    fn cut(&self) {
        self.accepting.abort();
    }
}

fn options(replica: &str, replica_max_lag: Duration) -> PostgresOptions {
    PostgresOptions {
        replicas: vec![replica.to_owned()],
        replica_max_lag,
        acquire_timeout: Duration::from_secs(3),
        ..PostgresOptions::default()
    }
}

/// One test, as it stops the standby's replay and starts it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_read_from_while_it_is_well() {
    let standby = replica();
    let database = Database::create().await;
    let url = database.url();
    let on_standby = database.beside(&standby);
    let mut control = connect(&standby).await;

    let patient = PostgresStore::open(&url, options(&on_standby, PATIENCE * 10)).await.unwrap();
    let strict =
        PostgresStore::open(&url, options(&on_standby, Duration::from_secs(1))).await.unwrap();
    for store in [&patient, &strict] {
        set(store, "one").await;
        eventually_reads(store, "one").await;
    }
    // By now they read from the standby, as far as it is allowed.
    tokio::time::sleep(Duration::from_secs(3)).await;
    control.execute("SELECT pg_wal_replay_pause()").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    set(&patient, "two").await;
    assert_eq!(read(&patient).await.as_deref(), Some("one"), "it is read from the standby");
    assert_eq!(read_fresh(&patient).await.as_deref(), Some("two"), "and this from the primary");
    eventually_reads(&strict, "two").await;
    assert_eq!(read(&patient).await.as_deref(), Some("one"));
    control.execute("SELECT pg_wal_replay_resume()").await.unwrap();
    eventually_reads(&patient, "two").await;

    // It comes back once it has caught up: then a stop shows again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    control.execute("SELECT pg_wal_replay_pause()").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    set(&strict, "three").await;
    assert_eq!(read(&strict).await.as_deref(), Some("two"), "it is read from the standby again");
    control.execute("SELECT pg_wal_replay_resume()").await.unwrap();
    patient.close().await;
    strict.close().await;

    primary_away(&url, &on_standby).await;
    standby_away(&url, &on_standby).await;
}

/// `postgres://user@host:port/database` with another host and port.
fn by_way(url: &str, port: u16) -> (String, String) {
    let (user, rest) = url.rsplit_once('@').unwrap();
    let (host, database) = rest.split_once('/').unwrap();
    (host.to_owned(), format!("{user}@127.0.0.1:{port}/{database}"))
}

async fn primary_away(url: &str, standby: &str) {
    let way = Way::to(by_way(url, 0).0).await;
    let url = by_way(url, way.port).1;
    let store = PostgresStore::open(&url, options(standby, PATIENCE)).await.unwrap();
    set(&store, "four").await;
    eventually_reads(&store, "four").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    way.cut();
    for _ in 0..20 {
        assert_eq!(read(&store).await.as_deref(), Some("four"), "reads go on");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))), "writes do not");
    assert!(matches!(
        PostgresStore::open(&url, PostgresOptions::default()).await,
        Err(StoreError::Unavailable(_))
    ));
    store.close().await;
}

async fn standby_away(url: &str, standby: &str) {
    let way = Way::to(by_way(standby, 0).0).await;
    let standby = by_way(standby, way.port).1;
    let store = PostgresStore::open(url, options(&standby, PATIENCE)).await.unwrap();
    set(&store, "five").await;
    eventually_reads(&store, "five").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    way.cut();
    for n in 0..20 {
        let value = n.to_string();
        set(&store, &value).await;
        assert_eq!(read(&store).await, Some(value), "the primary is read from");
    }
    store.close().await;
}
