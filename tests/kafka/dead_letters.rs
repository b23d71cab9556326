//! What cannot be used: kept with all that it came with, sent on, and not in the way.

use base64::Engine;
use rdkafka::Message as _;
use serde_json::{Value, json};

use super::client::{Message, create_topic, header, read, send};
use super::{outcome, page, reflects};
use crate::harness::events::product;
use crate::harness::eventually;
use crate::harness::production::Production;
use crate::harness::stream::Rng;

/// A shop with a topic of dead letters.
fn shop() -> (Production, String) {
    let shop = Production::with_sqlite();
    let dead = shop.topic("dead");
    let shop = shop.set(format!("log.dead_letter_topic={dead}"));
    shop.home.migrate(2);
    (shop, dead)
}

/// A price without its amount, in binary mode, beside bytes that are no text.
fn bad(topic: &str) -> Message {
    let data = json!({"price_id": "mug-usd", "product_id": "mug", "version": 4});
    Message::of(topic, "mug-usd", data.to_string())
        .header("ce_specversion", "1.0")
        .header("ce_id", "77")
        .header("ce_source", "/prices")
        .header("ce_type", "price.set.v1")
        .header("ce_time", "2026-11-20T09:00:00Z")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
}

#[test]
fn they_are_kept_and_forwarded_with_key_and_headers() {
    let (shop, dead) = shop();
    let service = shop.home.serve();
    let topic = shop.topic("price");
    let garbage = Message { value: Some(vec![0xff, 0x00, 0x7b]), ..Message::of(&topic, "x", "") };
    let nameless = Message { key: None, value: None, ..garbage.clone() };
    let sent = [bad(&topic), garbage, nameless];
    let positions = send(&sent);
    reflects(&service, &positions);

    let forwarded = eventually("dead letters are forwarded", || {
        let forwarded = read(&dead);
        (forwarded.len() >= sent.len()).then_some(forwarded)
    });
    let letters = shop.home.json(&["dead-letters", "list"]);
    assert_eq!(letters.as_array().unwrap().len(), 3, "{letters:#}");
    for (message, position) in sent.iter().zip(&positions) {
        let of_it: Vec<_> = forwarded
            .iter()
            .filter(|f| header(f, "vitrine-position").as_ref() == Some(position))
            .collect();
        assert_eq!(of_it.len(), 1, "{position}: {forwarded:#?}");
        let forwarded = of_it[0];
        assert_eq!(forwarded.key(), message.key.as_deref());
        assert_eq!(forwarded.payload(), message.value.as_deref());
        for (name, value) in &message.headers {
            assert_eq!(header(forwarded, name), *value, "{name}");
        }
        let find = |l: &&Value| l["position"] == json!(position);
        let letter = letters.as_array().unwrap().iter().find(find).unwrap();
        for (name, member) in [
            ("vitrine-code", "code"),
            ("vitrine-detail", "detail"),
            ("vitrine-received-at", "received_at"),
        ] {
            assert_eq!(header(forwarded, name).as_deref(), letter[member].as_str(), "{name}");
        }
    }
    kept_whole(&shop, &sent[0], &positions[0]);
}

/// The first letter shows all of its message; applying it again says what is still wrong.
fn kept_whole(shop: &Production, message: &Message, position: &str) {
    let letters = shop.home.json(&["dead-letters", "list"]);
    let of_it = |l: &&Value| l["position"] == json!(position);
    let letter = letters.as_array().unwrap().iter().find(of_it).unwrap();
    let id = letter["id"].to_string();
    let shown = shop.home.json(&["dead-letters", "show", &id]);
    assert_eq!(shown["code"], "data.market.missing", "{shown:#}");
    assert_eq!(shown["key"], "mug-usd");
    assert_eq!(shown["payload"], json!(String::from_utf8_lossy(message.value.as_ref().unwrap())));
    let headers: Vec<Value> =
        message.headers.iter().map(|(name, value)| json!([name, value])).collect();
    assert_eq!(shown["headers"], json!(headers));
    assert!(shown["timestamp"].is_string(), "{shown:#}");
    let retried = shop.home.run(&["dead-letters", "retry", &id]).refused(&["stay as they are"]);
    let stays = format!("{id} stays: data.market.missing");
    assert!(retried.stdout.contains(&stays), "{retried:?}");
    assert_eq!(shop.home.json(&["dead-letters", "show", &id])["state"], "open");

    // A newer version of the entity settles it.
    let good = crate::harness::events::price("mug-usd", "mug", 5, json!({"version": 5}));
    shop.home.publish(&[good]);
    assert_eq!(shop.home.json(&["dead-letters", "show", &id])["state"], "settled");
    let status = shop.home.settled();
    assert_eq!(outcome(&status, "dead_letter"), 3, "{status:#}");
}

#[test]
fn their_topic_may_come_later() {
    let shop = Production::with_sqlite();
    shop.home.migrate(1);
    let dead = shop.topic("dead");
    let shop = shop.set(format!("log.dead_letter_topic={dead}"));
    let mut service = shop.home.serve();
    reflects(&service, &send(&[bad(&shop.topic("price"))]));
    service.process.said("dead letters wait to be forwarded");
    // The next live generation sends what this one could not.
    assert_eq!(shop.home.json(&["rebuild", "--promote"])["generation"], 2);
    create_topic(&dead, 1, &[]);
    let forwarded = eventually("the dead letter is forwarded", || read(&dead).pop());
    assert_eq!(forwarded.key(), Some(&b"mug-usd"[..]));
}

/// Whichever generation is live, and although each has them all.
#[test]
fn they_are_forwarded_once_through_promotion_and_rollback() {
    let (shop, dead) = shop();
    let service = shop.home.serve();
    let topic = shop.topic("price");
    let another = || {
        let position = send(&[bad(&topic)]).remove(0);
        reflects(&service, std::slice::from_ref(&position));
        eventually("the dead letter is forwarded", || {
            let is_it = |f: &_| header(f, "vitrine-position").as_ref() == Some(&position);
            read(&dead).iter().any(is_it).then_some(())
        });
    };
    another();
    another();
    assert_eq!(shop.home.json(&["rebuild", "--promote"])["generation"], 2);
    another();
    shop.home.run(&["generations", "rollback"]).good();
    another();
    shop.home.run(&["generations", "promote", "2"]).good();
    another();
    // They are sent in their order: what was sent again would have come before the last one.
    assert_eq!(read(&dead).len(), 5);
}

#[test]
fn what_is_too_large_does_not_stop_the_partition() {
    let (shop, dead) = shop();
    let service = shop.home.serve();
    let topic = shop.topic("product");
    // More than an event may have, and about as much as the broker takes; not to be compressed away.
    let noise: Vec<u8> = (0..1_540_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(i >> 7) >> 13) as u8)
        .collect();
    let noise = base64::engine::general_purpose::STANDARD.encode(noise);
    let large = product("large", json!({"description": noise}));
    assert!((2_000_000..2_100_000).contains(&large.len()), "{}", large.len());
    let messages = [
        Message::of(&topic, "large", product("before", json!({}))),
        Message::of(&topic, "large", large.clone()),
        Message::of(&topic, "large", product("after", json!({}))),
    ];
    let positions = send(&messages);
    reflects(&service, &positions);
    for id in ["before", "after"] {
        assert_eq!(page(&service, id)["product"]["id"], id);
    }
    assert_eq!(service.get("/api/v1/products/large").status, 404);
    let letters = shop.home.json(&["dead-letters", "list"]);
    assert_eq!(letters[0]["code"], "event.too_large", "{letters:#}");
    let forwarded = eventually("the dead letter is forwarded", || read(&dead).pop());
    assert_eq!(forwarded.payload(), Some(large.as_bytes()));
}

/// It is marked, and told of; those after it are sent, and none of them twice.
#[test]
fn one_that_its_topic_does_not_take_holds_up_no_other() {
    let shop = Production::with_sqlite();
    let dead = shop.topic("dead");
    let shop = shop.set(format!("log.dead_letter_topic={dead}"));
    create_topic(&dead, 1, &[("max.message.bytes", "20000")]);
    shop.home.migrate(1);
    let topic = shop.topic("price");
    let garbage = |n: usize, bytes: usize| {
        // Not to be compressed away.
        let mut rng = Rng::new(n as u64);
        let noise = (0..bytes).map(|_| rng.below(256) as u8);
        Message::of(&topic, &format!("k{n}"), [0xff].into_iter().chain(noise).collect::<Vec<u8>>())
    };
    let all: Vec<Message> =
        (0..40).map(|n| garbage(n, if n % 10 == 3 { 50_000 } else { 300 })).collect();
    let positions = send(&all);
    let mut service = shop.home.serve();
    reflects(&service, &positions);
    service.process.said("a dead letter is not forwarded");
    let last = &positions[39];
    eventually("the last one is forwarded", || {
        let is_it = |f: &_| header(f, "vitrine-position").as_ref() == Some(last);
        read(&dead).iter().any(is_it).then_some(())
    });
    let letters = shop.home.json(&["dead-letters", "list"]);
    let of = |position: &str| {
        let letters = letters.as_array().unwrap();
        letters.iter().find(|letter| letter["position"] == json!(position)).unwrap()
    };
    let forwarded = read(&dead);
    for (n, position) in positions.iter().enumerate() {
        let times = forwarded
            .iter()
            .filter(|f| header(f, "vitrine-position").as_ref() == Some(position))
            .count();
        let error = of(position)["forward_error"].as_str();
        match n % 10 {
            3 => {
                assert!(times == 0 && error.is_some_and(|e| e.contains("large")), "{n}: {error:?}")
            }
            _ => assert_eq!((times, error), (1, None), "{n}"),
        }
    }
}
