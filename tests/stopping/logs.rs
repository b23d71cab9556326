//! A log that is made anew: nothing is passed over in silence.

use std::path::Path;

use serde_json::{Value, json};

use super::waits_for;
use crate::harness::events::{price, product, stock};
use crate::harness::eventually;
use crate::harness::process::Home;
use crate::harness::service::Service;

fn events(n: u64) -> Vec<String> {
    let mut events = vec![product("mug", json!({})), price("p", "mug", 5, json!({}))];
    events.extend((1..=n).map(|version| stock("mug", version, version as i64)));
    events
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// All that is asked says that the log is another one, and nothing of it is projected.
fn is_stopped(home: &Home, service: &mut Service, why: &str) {
    let waits = waits_for(service, "every partition is stopped");
    assert!(
        waits.contains(why) && waits.contains("vitrine rebuild --promote --uncompared"),
        "{waits}"
    );
    let posted = service.post("application/cloudevents+json", stock("mug", 900, 900));
    assert_eq!(posted.status, 202, "{posted:?}");
    assert_eq!(posted.body["warnings"][0]["code"], "log.stopped", "{posted:?}");
    // An offset that the log before had says nothing of this one's.
    for position in [posted.body["position"].as_str().unwrap(), "catalog.stock:0:1"] {
        let headers = [("Vitrine-Min-Position", position), ("Vitrine-Wait-Ms", "5000")];
        let answer = service.get_with("/api/v1/products/mug", &headers);
        assert_eq!((answer.status, answer.code()), (409, "partition_stopped"), "{answer:?}");
    }
    let page = service.get("/api/v1/products/mug").page();
    assert_ne!(page["stock"]["available"], 900, "it was projected");
    let status = home.json(&["status"]);
    for position in status["positions"].as_array().unwrap() {
        assert!(position["problem"].as_str().is_some_and(|p| p.contains(why)), "{status:#}");
    }
    assert!(status["lag_events"].as_i64().unwrap() >= 0, "{status:#}");
}

/// What is said to help does.
fn is_mended(home: &Home, service: Service, available: i64) {
    home.run(&["rebuild", "--promote"]).refused(&["--uncompared"]);
    home.run(&["rebuild", "--promote", "--uncompared"]).good();
    let status = home.json(&["status"]);
    let beside = &status["stopped_beside"][0];
    assert_eq!(beside["generation"], 1, "{status:#}");
    assert!(beside["problem"].as_str().is_some_and(|p| p.contains("--uncompared")), "{status:#}");
    let text = home.run(&["status"]).good().stdout;
    assert!(
        text.contains("1 (STOPPED)") && text.contains("STOPPED       generation 1, "),
        "{text}"
    );
    eventually("the page is of the log as it is", || {
        let page = service.get("/api/v1/products/mug");
        (page.status == 200 && page.body["stock"]["available"] == available).then_some(())
    });
    let position = service.publish(&[stock("mug", 1_000, 7)]);
    service.reflects(&position);
    assert_eq!(service.get("/api/v1/products/mug").page()["stock"]["available"], 7);
}

fn projected(home: &Home, events: &[String]) {
    let service = home.serve();
    let position = service.publish(events);
    service.reflects(&position);
}

#[test]
fn a_log_that_is_made_anew_is_told_of() {
    let home = Home::new();
    projected(&home, &events(3));
    std::fs::remove_dir_all(home.data_dir().join("log")).unwrap();
    let file = home.write("events.ndjson", events(30).join("\n"));
    home.run(&["publish", &file]).refused(&["log/events.db"]);
    home.run(&["generations", "list"]).refused(&["log/events.db"]);
    assert!(!home.data_dir().join("log").exists());
    // Deleted with the log was which generations there are: it is made again.
    let mut service = home.serve();
    // As many events as before, and more.
    service.publish(&events(30));
    home.run(&["publish", &file, "--wait"]).refused(&["is stopped", "made anew"]);
    let published = home.run(&["publish", &file]).good().stdout;
    assert!(
        published.contains("NOT PROJECTED: partition catalog.product:0 is stopped"),
        "{published}"
    );
    is_stopped(&home, &mut service, "it was made anew");
    is_mended(&home, service, 900);
}

/// No service has run since.
#[test]
fn whoever_publishes_into_another_log_is_told() {
    for n in [3, 300] {
        let (home, other) = (Home::new(), Home::new());
        projected(&home, &events(30));
        let file = other.write("events.ndjson", events(n).join("\n"));
        other.run(&["publish", &file]).good();
        std::fs::remove_dir_all(home.data_dir().join("log")).unwrap();
        copy(&other.data_dir().join("log"), &home.data_dir().join("log"));
        let file = home.write("events.ndjson", stock("mug", 900, 900));
        let published = home.run(&["publish", &file]).good().stdout;
        assert!(published.contains("NOT PROJECTED: partition catalog.stock:0"), "{published}");
        home.run(&["publish", &file, "--wait"]).refused(&["is stopped", "made anew"]);
    }
}

#[test]
fn an_older_backup_of_the_log_is_told_of() {
    let home = Home::new();
    projected(&home, &events(3));
    copy(&home.data_dir().join("log"), &home.path("backup"));
    projected(&home, &[stock("mug", 4, 40), stock("mug", 5, 50)]);
    std::fs::remove_dir_all(home.data_dir().join("log")).unwrap();
    copy(&home.path("backup"), &home.data_dir().join("log"));
    // Shorter than what was projected.
    {
        let mut service = home.serve();
        let waits = waits_for(&mut service, "every partition is stopped");
        assert!(waits.contains("has lost its end"), "{waits}");
    }
    // And then as long, with other events.
    let other: Vec<String> = (6..16).map(|version| stock("mug", version, 1)).collect();
    let file = home.write("events.ndjson", other.join("\n"));
    home.run(&["publish", &file]).good();
    let mut service = home.serve();
    is_stopped(&home, &mut service, "is not the one that was projected");
    is_mended(&home, service, 900);
}

#[test]
fn the_log_that_is_put_back_is_gone_on_with() {
    let home = Home::new();
    projected(&home, &events(3));
    let (log, away) = (home.data_dir().join("log"), home.path("away"));
    std::fs::rename(&log, &away).unwrap();
    {
        let mut service = home.serve();
        service.publish(&events(9));
        waits_for(&mut service, "every partition is stopped");
    }
    std::fs::remove_dir_all(&log).unwrap();
    std::fs::rename(&away, &log).unwrap();
    let service = home.serve();
    let position = service.publish(&[stock("mug", 77, 77)]);
    service.reflects(&position);
    assert_eq!(service.get("/readyz").body["waits_for"], json!([]));
    let status = home.json(&["status"]);
    assert_eq!(status["positions"][0].get("problem"), None::<&Value>, "{status:#}");
}

/// What is written to a file that was removed is lost: nothing is, and all that is asked says so.
#[test]
fn a_log_that_is_removed_while_the_service_runs_is_told_of() {
    let home = Home::new();
    let mut service = home.serve();
    let position = service.publish(&events(3));
    service.reflects(&position);
    let (log, away) = (home.data_dir().join("log"), home.path("away"));
    std::fs::rename(&log, &away).unwrap();
    let waits = waits_for(&mut service, "projecting waits");
    assert!(waits.contains("was removed while this process had it open"), "{waits}");
    let posted = service.post("application/cloudevents+json", stock("mug", 50, 50));
    assert_eq!((posted.status, posted.code()), (503, "unavailable"), "{posted:?}");
    assert_eq!(service.get("/api/v1/products/mug").page()["stock"]["available"], 3);
    // Another one in its place is no better.
    std::fs::create_dir(&log).unwrap();
    std::fs::copy(away.join("events.db"), log.join("events.db")).unwrap();
    eventually("that it is another one is told", || {
        let waits_for = service.get("/readyz").body["waits_for"].to_string();
        waits_for.contains("was replaced while this process had it open").then_some(())
    });
    std::fs::remove_dir_all(&log).unwrap();
    std::fs::rename(&away, &log).unwrap();
    super::goes_on(&mut service, "projecting waits");
    let position = service.publish(&[stock("mug", 51, 51)]);
    service.reflects(&position);
    assert_eq!(service.get("/api/v1/products/mug").page()["stock"]["available"], 51);
}
