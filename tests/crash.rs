//! Killed at any moment, or running twice: nothing is lost, and nothing counts twice.

use std::time::Duration;

use crate::harness::compare::{Readers, around_edges, compare};
use crate::harness::events::Catalogue;
use crate::harness::process::Home;
use crate::harness::service::Service;
use crate::harness::stream::{GROUPS, Rng, generated, nasty};
use crate::harness::{eventually, full, now};
use serde_json::Value;
use vitrine::config::Topics;
use vitrine::log::EventLog;
use vitrine::log::embedded::EmbeddedLog;
use vitrine_oracle::Verdict;

const DAY: i64 = 24 * 3_600_000;

/// Every event takes part in a small batch: there is much to interrupt.
fn slow() -> Home {
    Home::new().set("projector.batch_max_events=3")
}

fn assert_pages(service: &Service, catalogue: &Catalogue, now: i64) {
    let mut instants = vec![now, now - DAY, now + 2 * DAY, now + 20_000 * DAY];
    instants.extend(around_edges(&catalogue.oracle, 1));
    let readers = Readers {
        instants: &instants,
        markets: &["default", "eu"],
        groups: &[None, Some(GROUPS[0])],
        locales: &[None, Some("de")],
    };
    println!("{} answers compared", compare(service, catalogue, readers));
}

/// Every event was counted once, as what it is.
#[track_caller]
fn assert_counted_once(status: &Value, catalogue: &Catalogue) {
    for (outcome, verdict) in [
        ("applied", Verdict::Applied),
        ("repeated", Verdict::Repeated),
        ("conflict", Verdict::Conflict),
        ("stale", Verdict::Stale),
    ] {
        let counted = status["outcomes"][outcome].as_u64().unwrap_or(0);
        assert_eq!(counted, catalogue.oracle.count(verdict), "{outcome}: {status:#}");
    }
    assert_eq!(status["dead_letters_open"], 0, "{status:#}");
    assert_eq!(status["outcomes"].get("dead_letter"), None, "{status:#}");
}

#[test]
fn kills_of_the_service_do_not_show() {
    let kills = if full() { 50 } else { 5 };
    println!("{kills} kills (50 with VITRINE_TEST_FULL=1)");
    let now = now();
    let mut rng = Rng::new(3);
    let catalogue = Catalogue::new(nasty(51, 160 * kills, now));
    let home = slow();
    let mut unfinished = 0;
    for (i, lines) in catalogue.lines.chunks(160).enumerate() {
        // The first kills may hit a data directory that is still being made.
        let mut service = home.spawn_serve(&[]);
        let file = home.write(&format!("{i}.ndjson"), lines.join("\n"));
        let mut publisher = home.spawn(&["publish", &file, "--skip-unusable"]);
        std::thread::sleep(Duration::from_millis(20 + rng.below(600) as u64));
        assert_eq!(service.ended(), None, "it ended by itself: {:#?}", service.stderr());
        service.kill();
        assert!(publisher.wait().success(), "{:#?}", publisher.stderr());
        unfinished += u32::from(home.json(&["status"])["lag_events"] != 0);
    }
    println!("{unfinished} kills left something to do");
    assert!(unfinished > 0, "no kill came in the middle of anything");
    let service = home.serve();
    let status = home.settled();
    assert_counted_once(&status, &catalogue);
    assert_pages(&service, &catalogue, now);
}

#[test]
fn a_killed_publisher_leaves_a_prefix() {
    let tries = if full() { 20 } else { 3 };
    let lines = generated(2_000, 30_000, 5, 0);
    let mut partial = 0;
    for i in 0..tries {
        let home = Home::new();
        home.run(&["migrate"]).good();
        let file = home.write("events.ndjson", lines.join("\n"));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (data_dir, wait) = (home.data_dir(), Duration::from_secs(10));
        let log = EmbeddedLog::open(&data_dir, Topics::default(), wait);
        let log = runtime.block_on(log).unwrap();
        let mut publisher = home.spawn(&["publish", &file, "--skip-unusable"]);
        eventually("something is in the log", || {
            let last = runtime.block_on(log.last_seq()).unwrap();
            (last > 0 || publisher.ended().is_some()).then_some(())
        });
        std::thread::sleep(Duration::from_millis(7 * i));
        publisher.kill();
        let kept = runtime.block_on(log.read_after(0, usize::MAX, usize::MAX)).unwrap();
        runtime.block_on(log.close());
        assert!(!kept.is_empty());
        for (i, (record, line)) in kept.iter().zip(&lines).enumerate() {
            assert_eq!(record.seq, i as i64 + 1);
            assert!(record.payload == line.as_bytes(), "event {i} is another one");
        }
        println!("{} of {} events are in the log", kept.len(), lines.len());
        assert!(kept.len() <= lines.len());
        partial += u32::from(kept.len() < lines.len());
    }
    assert!(partial > 0, "no kill came before the end");
}

#[test]
fn two_services_on_one_directory_do_not_double_anything() {
    let now = now();
    let catalogue = Catalogue::new(nasty(61, 700, now));
    let home = slow();
    // Both at once, in a directory that neither has made yet.
    let processes = [home.spawn_serve(&[]), home.spawn_serve(&[])];
    let services = processes.map(Service::of);
    services.iter().for_each(Service::wait_ready);
    let file = home.write("events.ndjson", catalogue.lines[..400].join("\n"));
    let mut publisher = home.spawn(&["publish", &file, "--skip-unusable"]);
    assert!(publisher.wait().success(), "{:#?}", publisher.stderr());
    for (i, lines) in catalogue.lines[400..].chunks(10).enumerate() {
        services[i % 2].publish(lines);
    }
    let status = home.settled();
    assert_counted_once(&status, &catalogue);
    for mut service in services {
        assert_pages(&service, &catalogue, now);
        assert!(service.process.terminate().success(), "{:#?}", service.process.stderr());
    }
}

#[test]
fn many_processes_may_open_a_new_directory_at_once() {
    for _ in 0..(if full() { 60 } else { 10 }) {
        let home = Home::new();
        let mut processes: Vec<_> = (0..6).map(|_| home.spawn(&["migrate"])).collect();
        for process in &mut processes {
            assert!(process.wait().success(), "{:#?}", process.stderr());
        }
    }
}
