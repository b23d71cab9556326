//! Topics that are not there yet, grow, and lose what was not projected.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use serde_json::json;

use crate::harness::events::{Catalogue, price, product};
use crate::harness::production::{Production, server};
use crate::harness::stream::{generated, nasty};
use crate::harness::{PATIENCE, eventually, now};
use crate::{alone, assert_whole, busy};

fn admin() -> AdminClient<DefaultClientContext> {
    let url = server("TEST_KAFKA_URL");
    let brokers = url.strip_prefix("kafka://").unwrap();
    ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap()
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

#[test]
fn topics_may_come_later() {
    let _alone = alone();
    let now = now();
    let catalogue = Catalogue::new(nasty(91, 150, now));
    let production = Production::without_topics();
    let service = production.home.serve();
    let missing = eventually("it says that topics are missing", || {
        let waits_for = service.get("/readyz").body["waits_for"].clone();
        waits_for.as_array()?.first().map(|first| first.as_str().unwrap().to_owned())
    });
    assert!(missing.contains("vitrine migrate --topics"), "{missing}");
    production.home.migrate(2);
    production.home.publish(&catalogue.lines);
    assert_whole(&production, &catalogue, now);
}

#[test]
fn topics_may_gain_partitions() {
    let _alone = alone();
    let now = now();
    let first = nasty(92, 300, now);
    // Other entities: those of before lie where they lay.
    let then = generated(30, 200, 7, now);
    let catalogue = Catalogue::new(first.iter().chain(&then).cloned().collect());
    let production = busy();
    let _projector = production.projector();
    production.home.publish(&first);
    let topics = ["product", "price", "stock", "discount", "review"].map(|k| production.topic(k));
    let grown: Vec<NewPartitions<'_>> =
        topics.iter().map(|topic| NewPartitions::new(topic, 9)).collect();
    for done in block(admin().create_partitions(&grown, &patient())).unwrap() {
        done.unwrap();
    }
    let published = production.home.publish(&then);
    let positions = published["position"].as_str().unwrap();
    let beyond =
        positions.split(',').filter(|p| p.split(':').nth(1).unwrap().parse::<u32>().unwrap() >= 6);
    assert!(beyond.count() > 0, "nothing lies in the new partitions: {positions}");
    assert_whole(&production, &catalogue, now);
}

#[test]
fn a_gap_in_the_log_stops_its_partition_loudly() {
    let _alone = alone();
    let production = busy();
    let service = production.home.serve();
    production.home.publish(&[product("mug", json!({})), price("mug-usd", "mug", 500, json!({}))]);
    drop(service);
    // While nobody projects, retention deletes what comes.
    let topic = production.topic("price");
    let lost: Vec<String> =
        (0..200).map(|i| price(&format!("p{i}"), "mug", 100 + i, json!({}))).collect();
    let file = production.home.write("lost.ndjson", lost.join("\n"));
    production.home.run(&["publish", &file, "--skip-unusable"]).good();
    delete_all_records(&topic);
    let service = production.home.serve();
    let stopped = eventually("it says that partitions are stopped", || {
        let waits_for = service.get("/readyz").body["waits_for"].clone();
        waits_for.as_array()?.first().map(|first| first.as_str().unwrap().to_owned())
    });
    assert!(stopped.contains("stopped") && stopped.contains("retention"), "{stopped}");
    let status = production.home.json(&["status"]);
    let problems = status["positions"].as_array().unwrap().iter();
    let problems = problems.filter(|p| p["problem"].is_string()).count();
    assert!(problems > 0, "{status:#}");
    let text = production.home.run(&["status"]).good().stdout;
    assert!(text.contains("STOPPED") && text.contains("Rebuild the view"), "{text}");
    // What comes after the gap is not shown, and what else comes is.
    let later = [price("later", "mug", 1, json!({})), product("cup", json!({}))];
    let file = production.home.write("later.ndjson", later.join("\n"));
    production.home.run(&["publish", &file, "--skip-unusable"]).good();
    eventually("another partition goes on", || {
        (service.get("/api/v1/products/cup").status == 200).then_some(())
    });
    drop(service);
    // Who says so goes on with what is there.
    let production = production.set("log.missing_events=accept");
    let service = production.home.serve();
    production.home.settled();
    eventually("the price after the gap shows", || {
        let page = service.get("/api/v1/products/mug").body;
        (page["product"]["id"] == "mug" && page["price"]["final"] == 1).then_some(())
    });
}

/// Everything in the topic is deleted, as retention does it.
fn delete_all_records(topic: &str) {
    retain(topic, "1");
    let url = server("TEST_KAFKA_URL");
    let look: rdkafka::consumer::BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", url.strip_prefix("kafka://").unwrap())
        .set("group.id", "look")
        .create()
        .unwrap();
    eventually("retention has deleted", || {
        use rdkafka::consumer::Consumer;
        let gone = (0..6).all(|partition| {
            let marks = look.fetch_watermarks(topic, partition, Duration::from_secs(5));
            marks.is_ok_and(|(first, next)| first == next)
        });
        gone.then_some(())
    });
    retain(topic, "-1");
}

/// A busy broker takes its time.
fn patient() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE))
}

/// How long a topic keeps its events, in milliseconds.
fn retain(topic: &str, millis: &str) {
    let config = AlterConfig::new(ResourceSpecifier::Topic(topic))
        .set("retention.ms", millis)
        .set("segment.ms", "100")
        .set("segment.bytes", "1048576");
    for done in block(admin().alter_configs([&config], &patient())).unwrap() {
        done.unwrap();
    }
}
