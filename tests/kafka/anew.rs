//! Topics that are made anew: deleted and created again.

use serde_json::json;

use super::client::{Message, create_topic, delete_topic, send};
use super::reflects;
use crate::harness::events::{price, product, stock};
use crate::harness::eventually;
use crate::harness::production::Production;
use crate::harness::service::Service;

fn shop() -> Production {
    let shop = Production::without_topics();
    shop.home.migrate(1);
    shop
}

/// Stock levels, the last of which says so many.
fn levels(topic: &str, events: u64, available: i64) -> Vec<Message> {
    (1..=events)
        .map(|version| {
            let units = if version == events { available } else { 1 };
            Message::of(topic, "mug@default", stock("mug", version, units))
        })
        .collect()
}

fn first(shop: &Production, service: &Service) {
    let mug = [
        Message::of(&shop.topic("product"), "mug", product("mug", json!({}))),
        Message::of(&shop.topic("price"), "p", price("p", "mug", 5, json!({}))),
    ];
    reflects(service, &send(&mug));
    reflects(service, &send(&levels(&shop.topic("stock"), 5, 50)));
}

/// The topic once more, with more events than before.
fn made_anew(shop: &Production) -> String {
    let topic = shop.topic("stock");
    delete_topic(&topic);
    create_topic(&topic, 1, &[]);
    send(&levels(&topic, 20, 99)).pop().unwrap()
}

fn is_stopped(shop: &Production, service: &Service, position: &str) {
    let stopped = format!("partition {}:0 is stopped", shop.topic("stock"));
    eventually("the partition is stopped", || {
        let ready = service.get("/readyz");
        assert_eq!(ready.status, 200, "pages are answered: {ready:?}");
        ready.body["waits_for"].to_string().contains(&stopped).then_some(())
    });
    // A process that only answers says so as well.
    let api = shop.api();
    eventually("who does not project tells of it", || {
        let waits_for = api.get("/readyz").body["waits_for"].to_string();
        waits_for.contains(&stopped).then_some(())
    });
    drop(api);
    let page = service.get("/api/v1/products/mug").page();
    assert_eq!(page["stock"]["available"], 50, "nothing of the new topic is projected");
    let headers = [("Vitrine-Min-Position", position), ("Vitrine-Wait-Ms", "5000")];
    let answer = service.get_with("/api/v1/products/mug", &headers);
    assert_eq!((answer.status, answer.code()), (409, "partition_stopped"), "{answer:?}");
    let posted = service.post("application/cloudevents+json", stock("mug", 900, 900));
    assert_eq!(posted.body["warnings"][0]["code"], "log.stopped", "{posted:?}");
    let status = shop.home.json(&["status"]);
    let positions = status["positions"].as_array().unwrap();
    let its = positions.iter().find(|p| p["topic"] == json!(shop.topic("stock"))).unwrap();
    assert!(its["problem"].as_str().is_some_and(|p| p.contains("made anew")), "{status:#}");
    // The others go on.
    let other = Message::of(&shop.topic("price"), "p", price("p", "mug", 7, json!({"version": 2})));
    reflects(service, &send(&[other]));
    assert_eq!(service.get("/api/v1/products/mug").page()["price"]["final"], 7);
    // What is said to help does.
    shop.home.run(&["rebuild", "--promote"]).refused(&["--uncompared"]);
    shop.home.run(&["rebuild", "--promote", "--uncompared"]).good();
    eventually("the page is of the topic as it is", || {
        let page = service.get("/api/v1/products/mug").page();
        (page["stock"]["available"] == 900).then_some(())
    });
}

#[test]
fn a_topic_that_is_made_anew_while_the_service_is_down_is_told_of() {
    let shop = shop();
    let service = shop.home.serve();
    first(&shop, &service);
    drop(service);
    let position = made_anew(&shop);
    let service = shop.home.serve();
    is_stopped(&shop, &service, &position);
}

/// Nobody has noticed yet: no service has run since.
#[test]
fn a_rebuild_alone_does_not_wait_for_a_generation_of_a_topic_that_was_made_anew() {
    let shop = shop();
    let service = shop.home.serve();
    first(&shop, &service);
    drop(service);
    made_anew(&shop);
    let file = shop.home.write("events.ndjson", stock("mug", 30, 99));
    shop.home.run(&["publish", &file, "--wait"]).refused(&["is stopped", "made anew"]);
    let published = shop.home.run(&["publish", &file]).good().stdout;
    assert!(published.contains("NOT PROJECTED: partition"), "{published}");
    shop.home.run(&["rebuild", "--promote"]).refused(&["--uncompared"]);
    shop.home.run(&["rebuild", "--promote", "--uncompared"]).good();
    let service = shop.home.serve();
    eventually("the page is of the topic as it is", || {
        let page = service.get("/api/v1/products/mug").page();
        (page["stock"]["available"] == 99).then_some(())
    });
}

/// However fast it is filled: whoever has read on from it says so, and whoever starts afterwards.
#[test]
fn a_topic_that_is_made_anew_while_the_service_runs_is_told_of() {
    let shop = shop().set("telemetry.log_filter=info,vitrine::projector::kafka::marks=debug");
    let mut service = shop.home.serve();
    first(&shop, &service);
    service.process.said("last events were read again known=3");
    made_anew(&shop);
    let stopped = format!("partition {}:0 is stopped", shop.topic("stock"));
    let is_told = |service: &Service| {
        eventually("the partition is stopped", || {
            let waits_for = service.get("/readyz").body["waits_for"].to_string();
            (waits_for.contains(&stopped) && waits_for.contains("made anew")).then_some(())
        });
    };
    is_told(&service);
    drop(service);
    is_told(&shop.home.serve());
}
