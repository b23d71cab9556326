//! Reads from a streaming standby: while it is well, while it is behind, and while servers are away.

use std::time::{Duration, Instant};

use crate::postgres_server::{Database, connect, replica, server};
use sqlx::{Executor, PgConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vitrine::store::postgres::{PostgresOptions, PostgresStore};
use vitrine::store::{ReadStore, StoreError};

use crate::harness::PATIENCE;

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
    cut: CancellationToken,
    accepting: JoinHandle<()>,
}

impl Way {
    async fn to(host: String) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = CancellationToken::new();
        let is_cut = cut.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Some(accepted) = is_cut.run_until_cancelled(listener.accept()).await {
                let (mut here, _) = accepted.unwrap();
                let host = host.clone();
                connections.spawn(async move {
                    let mut there = TcpStream::connect(host).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                });
            }
            connections.shutdown().await;
        });
        Way { port, cut, accepting }
    }

    /// No connection is left when this returns.
    async fn cut(self) {
        self.cut.cancel();
        self.accepting.await.unwrap();
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
    let (old, new) = stop_shows(&mut control, &patient).await;
    assert_eq!(read_fresh(&patient).await, Some(new.clone()), "and this from the primary");
    eventually_reads(&strict, &new).await;
    assert_eq!(read(&patient).await, Some(old));
    goes_on(&mut control).await;
    eventually_reads(&patient, &new).await;

    // It comes back once it has caught up: then a stop shows again.
    stop_shows(&mut control, &strict).await;
    goes_on(&mut control).await;
    patient.close().await;
    strict.close().await;

    primary_away(&url, &on_standby, &mut control).await;
    standby_away(&url, &on_standby, &mut control).await;
}

/// Stops the standby's replay and sets a value, until the store reads an earlier one: it is read from the standby, as it is
/// once the standby has been found well. Answers both.
async fn stop_shows(control: &mut PgConnection, store: &PostgresStore) -> (String, String) {
    let started = Instant::now();
    loop {
        control.execute("SELECT pg_wal_replay_pause()").await.unwrap();
        let paused = "SELECT 1 WHERE pg_get_wal_replay_pause_state() = 'paused'";
        while control.execute(paused).await.unwrap().rows_affected() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let new = format!("after {:?}", started.elapsed());
        set(store, &new).await;
        let read = read(store).await.unwrap();
        if read != new {
            return (read, new);
        }
        assert!(started.elapsed() < PATIENCE, "it is never read from the standby");
        goes_on(control).await;
    }
}

/// Lets the standby replay again, until it has replayed what is written now: paused again and again it would never catch
/// up with the writers of other tests.
async fn goes_on(control: &mut PgConnection) {
    let mut primary = connect(&server()).await;
    let written: i64 = sqlx::query_scalar("SELECT (pg_current_wal_lsn() - '0/0')::int8")
        .fetch_one(&mut primary)
        .await
        .unwrap();
    control.execute("SELECT pg_wal_replay_resume()").await.unwrap();
    let replayed = format!("SELECT 1 WHERE (pg_last_wal_replay_lsn() - '0/0')::int8 >= {written}");
    let started = Instant::now();
    while control.execute(replayed.as_str()).await.unwrap().rows_affected() == 0 {
        assert!(started.elapsed() < PATIENCE, "the standby does not catch up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A store that is read from the standby, whatever else the standby has to replay.
async fn read_from_standby(url: &str, standby: &str, control: &mut PgConnection) -> PostgresStore {
    let store = PostgresStore::open(url, options(standby, PATIENCE * 10)).await.unwrap();
    stop_shows(control, &store).await;
    goes_on(control).await;
    store
}

/// `postgres://user@host:port/database` with another host and port.
fn by_way(url: &str, port: u16) -> (String, String) {
    let (user, rest) = url.rsplit_once('@').unwrap();
    let (host, database) = rest.split_once('/').unwrap();
    (host.to_owned(), format!("{user}@127.0.0.1:{port}/{database}"))
}

async fn primary_away(url: &str, standby: &str, control: &mut PgConnection) {
    let way = Way::to(by_way(url, 0).0).await;
    let url = by_way(url, way.port).1;
    let store = read_from_standby(&url, standby, control).await;
    set(&store, "four").await;
    eventually_reads(&store, "four").await;
    goes_on(control).await;
    way.cut().await;
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

async fn standby_away(url: &str, standby: &str, control: &mut PgConnection) {
    let way = Way::to(by_way(standby, 0).0).await;
    let standby = by_way(standby, way.port).1;
    let store = read_from_standby(url, &standby, control).await;
    way.cut().await;
    for n in 0..20 {
        let value = n.to_string();
        set(&store, &value).await;
        assert_eq!(read(&store).await, Some(value), "the primary is read from");
    }
    store.close().await;
}
