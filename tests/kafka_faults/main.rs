//! Kafka and PostgreSQL with their faults: whatever dies, stops or comes late, the pages are in the
//! end what the events say, and every event has counted once.
//!
//! These tests stop the servers that all tests share: they run one after the other.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

#[path = "../harness/mod.rs"]
mod harness;
mod log;
mod members;
mod servers;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use harness::compare::{Readers, around_edges, compare};
use harness::events::Catalogue;
use harness::eventually;
use harness::process::Process;
use harness::production::{Production, services};
use harness::stream::GROUPS;
use serde_json::Value;
use vitrine_oracle::Verdict;

const DAY: i64 = 24 * 3_600_000;

/// The right to the servers, which run: a test that failed may have left one stopped.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    services(&["start-postgres"]);
    services(&["start-kafka"]);
    alone
}

/// Small batches: there is much to interrupt. Sessions are as short as brokers allow.
fn busy() -> Production {
    Production::new()
        .set("projector.batch_max_events=25")
        .set("log.properties.session.timeout.ms=6000")
        .set("log.properties.heartbeat.interval.ms=500")
}

/// Publishes in the background, some events at a time, over about this long.
fn publish_slowly(production: &Production, catalogue: &Catalogue, over: Duration) -> Publishing {
    let chunks = 20;
    let each = catalogue.lines.len().div_ceil(chunks).max(1);
    let pause = over / chunks as u32;
    let commands: Vec<_> = catalogue
        .lines
        .chunks(each)
        .enumerate()
        .map(|(i, lines)| {
            let file = production.home.write(&format!("{i}.ndjson"), lines.join("\n"));
            production.home.command(&["publish", &file, "--skip-unusable"])
        })
        .collect();
    Publishing(std::thread::spawn(move || {
        for command in commands {
            let started = Clock::now();
            let mut process = Process::spawn(command);
            assert!(process.wait().success(), "{:#?}", process.stderr());
            std::thread::sleep(pause.saturating_sub(started.elapsed()));
        }
    }))
}

/// Publishers at work.
struct Publishing(std::thread::JoinHandle<()>);

impl Publishing {
    fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    fn wait(self) {
        self.0.join().unwrap();
    }
}

/// Everything is projected, counted once, and shown as the oracle says.
fn assert_whole(production: &Production, catalogue: &Catalogue, now: i64) {
    let status = production.home.settled();
    assert_counted_once(&status, catalogue);
    let service = production.api();
    let mut instants = vec![now, now - DAY, now + 2 * DAY];
    instants.extend(around_edges(&catalogue.oracle, 1));
    let readers = Readers {
        instants: &instants,
        markets: &["default", "eu"],
        groups: &[None, Some(GROUPS[0])],
        locales: &[None, Some("de")],
    };
    println!("{} answers compared", compare(&service, catalogue, readers));
}

/// Every event of the log was counted once, as what it is. A publisher whose broker goes sends again what it has heard nothing
/// of: the log then has some events twice, and the second one changes nothing.
#[track_caller]
fn assert_counted_once(status: &Value, catalogue: &Catalogue) {
    let positions = status["positions"].as_array().unwrap();
    let in_log: u64 = positions.iter().map(|position| position["head"].as_u64().unwrap()).sum();
    let twice = in_log.checked_sub(catalogue.lines.len() as u64).expect("events are missing");
    let counts = status["outcomes"].as_object().unwrap();
    let counted = |outcome: &str| counts.get(outcome).and_then(Value::as_u64).unwrap_or(0);
    assert_eq!(counts.values().filter_map(Value::as_u64).sum::<u64>(), in_log, "{status:#}");
    for (outcome, verdict, most) in [
        ("applied", Verdict::Applied, 0),
        ("repeated", Verdict::Repeated, twice),
        ("conflict", Verdict::Conflict, twice),
        ("stale", Verdict::Stale, twice),
    ] {
        let once = catalogue.oracle.count(verdict);
        assert!((once..=once + most).contains(&counted(outcome)), "{outcome}, {once}: {status:#}");
    }
    assert_eq!(status["dead_letters_open"], 0, "{status:#}");
    assert_eq!(status["outcomes"].get("dead_letter"), None, "{status:#}");
}

/// Events applied so far.
fn counted(production: &Production) -> u64 {
    let status = production.home.json(&["status"]);
    let outcomes = status["outcomes"].as_object().unwrap();
    outcomes.values().filter_map(Value::as_u64).sum()
}

/// Waits until events are being applied.
fn under_way(production: &Production) {
    let before = counted(production);
    eventually("events are applied", || (counted(production) > before).then_some(()));
}
