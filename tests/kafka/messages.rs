//! Messages in every shape that is promised to be read.

use serde_json::{Value, json};

use super::client::{Message, producer, send, send_with};
use super::{outcome, page, reflects, shop};
use crate::harness::events::{price, product, stock};

const CODECS: [&str; 4] = ["gzip", "lz4", "snappy", "zstd"];

#[test]
fn every_compression_is_read_and_written() {
    let shop = shop(2);
    let service = shop.home.serve();
    for codec in CODECS {
        // Long enough to be compressed, and all in one batch.
        let long = json!({"description": "word ".repeat(1_000)});
        let ids: Vec<String> = (0..20).map(|i| format!("{codec}-{i}")).collect();
        let messages: Vec<Message> = ids
            .iter()
            .map(|id| Message::of(&shop.topic("product"), id, product(id, long.clone())))
            .collect();
        let theirs = producer(&[("compression.type", codec), ("linger.ms", "50")]);
        reflects(&service, &send_with(&theirs, &messages));
        for id in &ids {
            assert_eq!(page(&service, id)["product"]["description"], long["description"], "{id}");
        }
        let ours = format!("our-{codec}");
        let file = shop.home.write("ours.ndjson", product(&ours, long.clone()));
        let setting = format!("log.properties.compression.type={codec}");
        shop.home.run(&["--set", &setting, "publish", &file, "--wait"]).good();
        assert_eq!(page(&service, &ours)["product"]["description"], long["description"]);
    }
    assert_eq!(outcome(&shop.home.json(&["status"]), "applied"), 21 * CODECS.len() as u64);
}

/// The attributes and the payload of an event.
fn parts(line: &str) -> (String, String, String) {
    let event: Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    (text("type"), text("time"), event["data"].to_string())
}

fn binary(topic: &str, key: &str, line: &str) -> Message {
    let (ty, time, data) = parts(line);
    Message::of(topic, key, data)
        .header("ce_specversion", "1.0")
        .header("ce_id", "1")
        .header("ce_source", "/test")
        .header("ce_type", ty)
        .header("ce_time", time)
        .header("content-type", "application/json")
}

#[test]
fn every_mode_is_shown() {
    let shop = shop(3);
    let service = shop.home.serve();
    let (products, prices) = (shop.topic("product"), shop.topic("price"));
    let outbox = |topic: &str, key: &str, line: &str| {
        let (ty, time, data) = parts(line);
        Message::of(topic, key, data)
            .header("id", "7d4b")
            .header("eventType", ty)
            .header("time", time)
    };
    let structured = |topic: &str, key: &str, line: &str| {
        Message::of(topic, key, line)
            .header("content-type", "application/cloudevents+json; charset=UTF-8")
    };
    let plain = |topic: &str, key: &str, line: &str| Message::of(topic, key, line);
    // What is null is not there.
    let plain_with_nulls = |topic: &str, key: &str, line: &str| {
        ["content-type", "ce_specversion", "ce_type"]
            .into_iter()
            .fold(plain(topic, key, line), Message::null_header)
    };
    let outbox_with_nulls = |topic: &str, key: &str, line: &str| {
        let (ty, _, data) = parts(line);
        let message = Message::of(topic, key, data).header("id", "7d4b").header("eventType", ty);
        ["time", "source"].into_iter().fold(message, Message::null_header)
    };
    type Mode<'a> = (&'a str, &'a dyn Fn(&str, &str, &str) -> Message);
    let modes: [Mode<'_>; 6] = [
        ("binary", &binary),
        ("structured", &structured),
        ("plain", &plain),
        ("outbox", &outbox),
        ("plain-with-nulls", &plain_with_nulls),
        ("outbox-with-nulls", &outbox_with_nulls),
    ];
    let mut sent = Vec::new();
    for (amount, (id, message)) in (1_000..).zip(modes) {
        sent.push(message(&products, id, &product(id, json!({"slug": id}))));
        let price_id = format!("{id}-usd");
        sent.push(message(&prices, &price_id, &price(&price_id, id, amount, json!({}))));
    }
    reflects(&service, &send(&sent));
    for (amount, (id, _)) in (1_000..).zip(modes) {
        let page = page(&service, id);
        assert_eq!(page["product"]["slug"], id);
        assert_eq!(page["price"]["final"], amount, "{page:#}");
    }
    let status = shop.home.json(&["status"]);
    assert_eq!(outcome(&status, "applied"), 2 * modes.len() as u64, "{status:#}");
    assert_eq!(status["dead_letters_open"], 0, "{status:#}");
}

#[test]
fn keys_may_be_the_products_or_missing() {
    let shop = shop(5);
    let service = shop.home.serve();
    let nameless =
        |topic: &str, line: String| Message { key: None, ..Message::of(topic, "", line) };
    let mut sent = Vec::new();
    for i in 0..10 {
        let (keyed, bare) = (format!("keyed-{i}"), format!("bare-{i}"));
        for (id, key) in [(&keyed, true), (&bare, false)] {
            for (kind, line) in [
                ("stock", stock(id, 1, 40 + i)),
                ("price", price(&format!("{id}-usd"), id, 1_200, json!({}))),
                ("product", product(id, json!({}))),
            ] {
                let topic = shop.topic(kind);
                sent.push(if key { Message::of(&topic, id, line) } else { nameless(&topic, line) });
            }
        }
    }
    reflects(&service, &send(&sent));
    for i in 0..10 {
        for id in [format!("keyed-{i}"), format!("bare-{i}")] {
            let page = page(&service, &id);
            assert_eq!(page["stock"]["available"], 40 + i, "{page:#}");
            assert_eq!(page["price"]["final"], 1_200, "{page:#}");
        }
    }
    assert_eq!(outcome(&shop.home.settled(), "applied"), 60);
}
