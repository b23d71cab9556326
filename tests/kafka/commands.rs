//! Commands, and what they say when something about Kafka is wrong.

use std::time::{Duration, Instant as Clock};

use serde_json::json;

use super::client::partitions;
use crate::harness::events::product;
use crate::harness::process::Done;
use crate::harness::production::Production;

const KINDS: [&str; 5] = ["product", "price", "stock", "discount", "review"];

/// A port of loopback where nobody listens.
const NOBODY: &str = "kafka://127.0.0.1:9";

#[test]
fn topics_are_created_once() {
    let shop = Production::with_sqlite();
    let created = |partitions: &str, created: bool| {
        let answer = shop.home.json(&["migrate", "--topics", "--partitions", partitions]);
        let topics: Vec<_> = KINDS
            .iter()
            .map(|kind| json!({"topic": shop.topic(kind), "created": created}))
            .collect();
        assert_eq!(answer["topics"], json!(topics));
    };
    created("3", true);
    for kind in KINDS {
        assert_eq!(partitions(&shop.topic(kind)), 3, "{kind}");
    }
    // Those that are there stay as they are.
    created("5", false);
    for kind in KINDS {
        assert_eq!(partitions(&shop.topic(kind)), 3, "{kind}");
    }
    let said = shop.home.run_reached(&["migrate", "--topics"]).good().stdout;
    assert!(said.contains(&format!("topic {} was there", shop.topic("stock"))), "{said}");
}

#[test]
fn missing_topics_are_told_of() {
    let shop = Production::with_sqlite();
    shop.home.run(&["migrate"]).good();
    let status = shop.home.json(&["status"]);
    assert_eq!(status["positions"], json!([]));
    assert_eq!(status["lag_events"], 0);
    let text = shop.home.run_reached(&["status"]).good().stdout;
    assert!(text.contains("no topic of the configuration exists"), "{text}");
    let file = shop.home.write("events.ndjson", product("mug", json!({})));
    shop.home.run(&["publish", &file]).refused(&["does not exist", "vitrine migrate --topics"]);
    let service = shop.home.serve();
    let posted = service.post("application/cloudevents+json", product("mug", json!({})));
    assert_eq!(posted.status, 503, "{posted:?}");
}

/// It has to be refused, and soon.
#[track_caller]
fn soon(within: Duration, run: impl FnOnce() -> Done, says: &[&str]) -> Done {
    let started = Clock::now();
    let done = run().refused(says);
    assert!(started.elapsed() < within, "after {:?}: {done:#?}", started.elapsed());
    done
}

#[test]
fn a_wrong_address_is_told_within_bounds() {
    let shop = Production::with_sqlite()
        .set(format!("log.url={NOBODY}"))
        .set("log.delivery_timeout_ms=2000")
        .set("wait.publish_stall_seconds=2");
    let file = shop.home.write("events.ndjson", product("mug", json!({})));
    let bound = Duration::from_secs(30);
    let says = ["127.0.0.1:9"];
    soon(bound, || shop.home.run(&["migrate", "--topics"]), &says);
    soon(bound, || shop.home.run(&["status"]), &says);
    soon(bound, || shop.home.run(&["publish", &file]), &says);
    let service = shop.home.serve();
    let waits = crate::harness::eventually("it says what it waits for", || {
        let ready = service.get("/readyz");
        let first = ready.body["waits_for"][0].as_str()?.to_owned();
        Some((ready.status, first))
    });
    assert_eq!(waits.0, 200, "pages are answered: {waits:?}");
    assert!(waits.1.contains("127.0.0.1:9"), "{waits:?}");
}

#[test]
fn wrong_properties_are_named_without_their_values() {
    for name in ["sasl.pasword", "linger.ms", "fetch.min.bytes"] {
        let shop = Production::with_sqlite().set(format!("log.properties.{name}=hunter2"));
        let file = shop.home.write("events.ndjson", product("mug", json!({})));
        // Of whichever client a setting is: all commands say so, and a service does when it starts.
        for command in [&["publish", &file][..], &["status"], &["serve"]] {
            let run = || shop.home.run(command);
            let done = soon(Duration::from_secs(30), run, &[name, "log.properties"]);
            assert!(!done.stderr.contains("hunter2"), "a value may be a secret: {done:?}");
        }
    }
}
