//! Where `POST /api/v1/events` writes, and reading one's own writes.

use serde_json::json;

use super::client::read;
use super::{page, shop};
use crate::harness::events::product;
use crate::harness::production::Production;
use crate::live::{ONE_CONNECTION, own_writes_show_with_one_connection};
use rdkafka::Message as _;

/// Where Kafka's own producer (kafka-clients 4.1.1) has put these keys in a topic of 7 partitions.
const JAVA: [(&str, i32); 7] = [
    ("mug", 0),
    ("mug@default", 5),
    ("a", 5),
    ("빨강@L", 0),
    ("x@y", 3),
    ("price-42", 4),
    ("100%25", 0),
];

#[test]
fn posted_events_answer_real_positions() {
    let shop = shop(7);
    let service = shop.home.serve();
    for round in 0..3 {
        for (id, partition) in JAVA {
            let position =
                service.publish(&[product(id, json!({"version": round + 1, "slug": "s"}))]);
            let said = format!("{}:{partition}:", shop.topic("product"));
            assert!(position.starts_with(&said), "{id}: {position}, not {said}");
            service.reflects(&position);
            assert_eq!(page(&service, id)["product"]["id"], id);
        }
    }
    let all = read(&shop.topic("product"));
    assert_eq!(all.len(), 3 * JAVA.len());
    for message in &all {
        let key = std::str::from_utf8(message.key().unwrap()).unwrap();
        assert!(JAVA.contains(&(key, message.partition())), "{key}");
    }
    // What lies ahead of the log is not reached, and what is of no topic is refused.
    let topic = shop.topic("product");
    let asked = |position: String| {
        let headers = [("Vitrine-Min-Position", position.as_str())];
        service.get_with("/api/v1/products/mug", &headers).status
    };
    assert_eq!(asked(format!("{topic}:0:1000")), 412);
    assert_eq!(asked("elsewhere:0:0".to_owned()), 400);
}

#[test]
fn a_batch_answers_the_last_position_of_each_partition() {
    let shop = shop(4);
    let service = shop.home.serve();
    let lines: Vec<String> = (0..40).map(|i| product(&format!("p{i}"), json!({}))).collect();
    let position = service.publish(&lines);
    let mut said: Vec<&str> = position.split(',').collect();
    said.sort_unstable();
    let topic = shop.topic("product");
    let mut last: Vec<String> = (0..4)
        .map(|partition| {
            let (_, next) = super::client::extent(&topic, partition);
            format!("{topic}:{partition}:{}", next - 1)
        })
        .collect();
    last.sort_unstable();
    assert_eq!(said, last);
    service.reflects(&position);
    assert_eq!(page(&service, "p39")["product"]["id"], "p39");
}

#[test]
fn own_writes_show_with_one_connection_to_postgres() {
    let shop = Production::new().set(ONE_CONNECTION);
    own_writes_show_with_one_connection(&shop.home.serve());
}
