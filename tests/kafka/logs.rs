//! Logs whose offsets have holes: compaction, transactions, and where a service goes on.

use std::process::Command;
use std::time::Duration;

use rdkafka::producer::Producer;
use serde_json::json;

use super::client::{
    Message, WITHIN, create_topic, delete_records, extent, producer, read, send, send_with,
};
use super::{outcome, page, reflects, shop};
use crate::harness::events::{Catalogue, product};
use crate::harness::process::Process;
use crate::harness::production::Production;
use crate::harness::stream::nasty;
use crate::harness::{eventually, now};
use vitrine_oracle::Verdict;

#[test]
fn compacted_topics_show_the_last_of_each() {
    const VERSIONS: u64 = 40;
    let shop = Production::with_sqlite();
    let products = shop.topic("product");
    create_topic(
        &products,
        2,
        &[
            ("cleanup.policy", "compact"),
            ("segment.ms", "100"),
            ("min.cleanable.dirty.ratio", "0.001"),
            ("max.compaction.lag.ms", "200"),
            ("delete.retention.ms", "0"),
        ],
    );
    // Those that are missing are made, and the compacted one is left alone.
    shop.home.migrate(2);
    let ids: Vec<String> = (0..20).map(|i| format!("p{i}")).collect();
    for version in 1..=VERSIONS {
        let with = json!({"version": version, "slug": format!("v{version}")});
        let all: Vec<Message> =
            ids.iter().map(|id| Message::of(&products, id, product(id, with.clone()))).collect();
        send(&all);
        std::thread::sleep(Duration::from_millis(15));
    }
    let written: i64 = (0..2).map(|partition| extent(&products, partition).1).sum();
    assert_eq!(written, 20 * VERSIONS as i64);
    let left =
        eventually("the topic is compacted", || {
            std::thread::sleep(Duration::from_millis(150));
            // A segment is only closed when something comes after it.
            send(&[0, 1].map(|p| {
                Message::of(&products, "last", product("last", json!({}))).in_partition(p)
            }));
            let left = read(&products).len();
            (left < 100).then_some(left)
        });
    println!("{left} messages are left of {written}");
    let service = shop.home.serve();
    let status = shop.home.settled();
    assert_eq!(status["lag_events"], 0, "{status:#}");
    for id in &ids {
        assert_eq!(page(&service, id)["product"]["slug"], format!("v{VERSIONS}"));
    }
    let applied = outcome(&status, "applied");
    assert!(applied < written as u64 / 2, "it has read the whole log: {status:#}");
    assert_eq!(status["dead_letters_open"], 0, "{status:#}");
}

#[test]
fn only_committed_transactions_are_seen() {
    let shop = shop(1);
    let service = shop.home.serve();
    let topic = shop.topic("product");
    let transactional = producer(&[("transactional.id", &topic)]);
    transactional.init_transactions(WITHIN).unwrap();
    let mut sent = Vec::new();
    for (id, commit) in [("one", true), ("two", false), ("three", true), ("four", false)] {
        transactional.begin_transaction().unwrap();
        let with = json!({"slug": if commit { "committed" } else { "aborted" }});
        let said = send_with(&transactional, &[Message::of(&topic, id, product(id, with))]);
        if commit {
            transactional.commit_transaction(WITHIN).unwrap();
        } else {
            transactional.abort_transaction(WITHIN).unwrap();
        }
        sent.extend(said);
    }
    assert_eq!(sent, ["0", "2", "4", "6"].map(|offset| format!("{topic}:0:{offset}")));
    // Also those that were aborted are reached, and nothing waits.
    reflects(&service, &sent);
    let status = shop.home.settled();
    assert_eq!(status["positions"][0]["next_offset"], status["positions"][0]["head"]);
    assert_eq!(outcome(&status, "applied"), 2, "{status:#}");
    for (id, found) in [("one", 200), ("two", 404), ("three", 200), ("four", 404)] {
        assert_eq!(service.get(&format!("/api/v1/products/{id}")).status, found, "{id}");
    }
    // An open transaction holds back what comes after it, and is no lag; then all of it counts.
    transactional.begin_transaction().unwrap();
    send_with(&transactional, &[Message::of(&topic, "five", product("five", json!({})))]);
    let after = send(&[Message::of(&topic, "six", product("six", json!({})))]);
    std::thread::sleep(Duration::from_millis(2_500));
    let status = shop.home.json(&["status"]);
    assert_eq!((outcome(&status, "applied"), &status["lag_events"]), (2, &json!(0)), "{status:#}");
    transactional.commit_transaction(WITHIN).unwrap();
    reflects(&service, &after);
    let status = shop.home.settled();
    assert_eq!(outcome(&status, "applied"), 4, "{status:#}");
}

#[test]
fn a_restart_goes_on_where_the_store_stands() {
    let shop = shop(3);
    let mut applied = 0;
    for round in 0..3 {
        let mut service = shop.home.serve();
        let lines: Vec<String> =
            (0..200).map(|i| product(&format!("p{round}-{i}"), json!({}))).collect();
        shop.home.publish(&lines);
        applied += 200;
        // One shutdown in order, one by force.
        if round == 0 {
            assert!(service.process.terminate().success(), "{:#?}", service.process.stderr());
        } else {
            service.process.kill();
        }
    }
    let service = shop.home.serve();
    let sentinel = shop.home.publish(&[product("last", json!({}))]);
    service.reflects(sentinel["position"].as_str().unwrap());
    let status = shop.home.settled();
    assert_eq!(status["outcomes"], json!({"applied": applied + 1}), "{status:#}");
}

fn signal(process: &Process, signal: &str) {
    let id = process.id().to_string();
    let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn an_accepted_gap_does_not_stop_a_service_that_runs() {
    let shop = shop(1).set("log.missing_events=accept");
    let topic = shop.topic("product");
    let mut service = shop.home.serve();
    let line = |id: &str| Message::of(&topic, id, product(id, json!({})));
    reflects(&service, &send(&[line("before")]));
    // It sleeps while events come and go.
    signal(&service.process, "STOP");
    std::thread::sleep(Duration::from_millis(500));
    send(&[line("lost"), line("lost")]);
    delete_records(&topic, 0);
    assert_eq!(extent(&topic, 0), (3, 3));
    signal(&service.process, "CONT");
    service.process.said("events are missing, and gone on without");
    reflects(&service, &send(&[line("after")]));
    assert_eq!(service.get("/api/v1/products/lost").status, 404);
    assert_eq!(page(&service, "after")["product"]["id"], "after");
    assert_eq!(shop.home.settled()["outcomes"], json!({"applied": 2}));
}

/// Small batches: the partitions are paused and resumed all the time.
#[track_caller]
fn floods(partition_groups: usize, seed: u64) {
    let catalogue = Catalogue::new(nasty(seed, 20_000, now()));
    let shop = shop(6)
        .set("projector.batch_max_events=50")
        .set(format!("projector.partition_groups={partition_groups}"));
    let file = shop.home.write("events.ndjson", catalogue.lines.join("\n"));
    let summary = shop.home.json(&["publish", &file]);
    assert_eq!(summary["published"], 20_000);
    let _service = shop.home.serve();
    let status = shop.home.settled();
    for (name, verdict) in [
        ("applied", Verdict::Applied),
        ("repeated", Verdict::Repeated),
        ("conflict", Verdict::Conflict),
        ("stale", Verdict::Stale),
    ] {
        assert_eq!(outcome(&status, name), catalogue.oracle.count(verdict), "{name}: {status:#}");
    }
}

#[test]
fn a_flood_is_counted_once() {
    floods(1, 31);
}

#[test]
fn a_flood_in_three_groups_is_counted_once() {
    floods(3, 32);
}
