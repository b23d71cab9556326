//! Real topics: tombstones, transactions, and topics that have lost events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use projections::event::Kind;
use projections::instant::Instant;
use rdkafka::Message as _;
use rdkafka::producer::Producer;
use serde_json::json;
use vitrine::config::{Properties, Topics};
use vitrine::decode::{key_of, subject_of};
use vitrine::log::Log;
use vitrine::log::kafka::{KafkaLog, KafkaSettings};
use vitrine::log::position::{Partition, Position};
use vitrine::log::record::Record;
use vitrine::projector::Projector;
use vitrine::rebuild::{RebuildError, fill};
use vitrine::store::Advance;

use super::dump::{Dump, OUTCOMES, assert_same, counted, dump, live};
use super::shop::{AMPLE, job, open, project, runtime};
use crate::harness::events::{markets, product};
use crate::harness::now;
use crate::harness::production::server;
use crate::harness::stream::{Rng, nasty};
use crate::kafka::client::{
    Message, WITHIN, create_topic, delete_records, extent, producer, read, send, send_with,
};

const PARTITIONS: i32 = 2;
/// Less than the few entities of a stream take.
const SCARCE: u64 = 8_000;

/// Names of topics of a test's own.
fn topics() -> Topics {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = |kind| format!("r{}_{}_{number}.{kind}", now(), std::process::id());
    Topics {
        product: name("product"),
        price: name("price"),
        stock: name("stock"),
        discount: name("discount"),
        review: name("review"),
    }
}

fn created(but: Option<Kind>, settings: &[(&str, &str)]) -> Topics {
    let topics = topics();
    for kind in Kind::ALL.into_iter().filter(|kind| Some(*kind) != but) {
        create_topic(topics.of(kind), PARTITIONS, settings);
    }
    topics
}

fn log(topics: &Topics) -> Log {
    let settings = KafkaSettings {
        brokers: server("TEST_KAFKA_URL").strip_prefix("kafka://").unwrap().to_owned(),
        group: topics.product.clone(),
        topics: topics.clone(),
        properties: Properties::default(),
        delivery_timeout: Duration::from_secs(10),
        dead_letter_topic: None,
    };
    Log::Kafka(Arc::new(KafkaLog::new(settings, key_of).unwrap()))
}

/// Sends a nasty stream with tombstones, in transactions of which some come to nothing: the partitions end with marks.
fn send_stream(topics: &Topics, seed: u64) {
    let mut rng = Rng::new(seed);
    let transactional = producer(&[("transactional.id", &topics.product)]);
    transactional.init_transactions(WITHIN).unwrap();
    let mut sent: Vec<Message> = Vec::new();
    for lines in nasty(seed, 1_000, now()).chunks(60) {
        let mut messages: Vec<Message> = Vec::new();
        for line in lines {
            let subject = subject_of(line.as_bytes()).unwrap();
            messages.push(Message::of(topics.of(subject.kind), &subject.key, line.clone()));
            if rng.per_cent(15) {
                let earlier = &messages[rng.below(messages.len())];
                let key = earlier.key.as_deref().map(|key| std::str::from_utf8(key).unwrap());
                messages.push(Message::tombstone(&earlier.topic, key.unwrap()));
            }
        }
        transactional.begin_transaction().unwrap();
        send_with(&transactional, &messages);
        if sent.len() > 200 && rng.per_cent(20) {
            transactional.abort_transaction(WITHIN).unwrap();
        } else {
            transactional.commit_transaction(WITHIN).unwrap();
            sent.extend(messages);
        }
    }
    // A broker answers before it has marked the end of a transaction everywhere; the next producer of this name waits for that.
    producer(&[("transactional.id", &topics.product)]).init_transactions(WITHIN).unwrap();
}

/// All messages that a consumer sees, those of each partition in their order.
fn messages(topics: &Topics) -> Vec<(Position, Kind, Record)> {
    let of_kind = |kind| {
        read(topics.of(kind)).into_iter().map(move |message| {
            let (topic, partition) = (message.topic().to_owned(), message.partition());
            let record = Record {
                key: message.key().map(Bytes::copy_from_slice),
                headers: Vec::new(),
                value: message.payload().map(Bytes::copy_from_slice),
                timestamp: message.timestamp().to_millis().map(Instant),
            };
            (Position { topic, partition, offset: message.offset() }, kind, record)
        })
    };
    Kind::ALL.into_iter().flat_map(of_kind).collect()
}

/// What projecting them leaves, at the ends of all partitions.
async fn projected(topics: &Topics, messages: &[(Position, Kind, Record)]) -> Dump {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("projected.db");
    let projector = Projector::new(open(&path).await, markets());
    project(&projector, messages, 200, |_, _| Vec::new()).await;
    let mut moves = Vec::new();
    for topic in Kind::ALL.map(|kind| topics.of(kind).to_owned()) {
        for partition in 0..PARTITIONS {
            let (place, next) =
                (topic.clone(), tokio::task::block_in_place(|| extent(&topic, partition).1));
            let partition = Partition { topic: place, partition };
            moves.extend((next > 0).then_some(Advance {
                last: None,
                partition,
                expected: 0,
                next,
            }));
        }
    }
    let mut tx = projector.store().begin().await.unwrap();
    tx.advance(&moves).await.unwrap();
    tx.commit().await.unwrap();
    projector.store().close().await;
    dump(&path).await
}

async fn rebuilt(topics: &Topics, memory_bytes: u64) -> Result<Dump, RebuildError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rebuilt.db");
    let store = open(&path).await;
    let job = job(log(topics), store.clone(), memory_bytes, directory.path().join("rebuild"));
    let progress = Arc::clone(&job.progress);
    fill(job).await?;
    assert_eq!(progress.borrow().spilled_bytes > 0, memory_bytes < AMPLE, "{progress:?}");
    store.close().await;
    Ok(dump(&path).await)
}

#[test]
fn tombstones_and_transactions_are_as_projected() {
    for seed in [41] {
        let topics = created(None, &[]);
        send_stream(&topics, seed);
        let messages = messages(&topics);
        let tombstones = messages.iter().filter(|(.., record)| record.value.is_none()).count();
        assert!(tombstones > 50, "{tombstones}");
        let runtime = runtime();
        let (projected, ample, scarce) = (
            runtime.block_on(async {
                let work = projected(&topics, &messages);
                work.await
            }),
            runtime.block_on(rebuilt(&topics, AMPLE)).unwrap(),
            runtime.block_on(rebuilt(&topics, SCARCE)).unwrap(),
        );
        assert_same(&projected, &ample, &[]);
        assert_same(&projected, &scarce, &[OUTCOMES]);
        assert_eq!(counted(&scarce), messages.len() as u64);
        // Marks at the end: no message has the last offset.
        let mut last: BTreeMap<(String, i32), i64> = BTreeMap::new();
        for (position, ..) in &messages {
            last.insert((position.topic.clone(), position.partition), position.offset);
        }
        let ends_with_a_mark = last
            .iter()
            .filter(|((topic, partition), last)| extent(topic, *partition).1 > **last + 1);
        assert!(ends_with_a_mark.count() > 0);
    }
}

fn some_products(topics: &Topics) {
    let message = |id: &str, partition| {
        Message::of(&topics.product, id, product(id, json!({}))).in_partition(partition)
    };
    send(&[message("a", 0), message("b", 0), message("c", 1)]);
    delete_records(&topics.product, 0);
    assert_eq!(extent(&topics.product, 0), (2, 2));
    send(&[message("d", 0)]);
}

#[test]
fn a_topic_that_has_lost_events_is_refused() {
    // Compaction keeps the last of each; retention beside it does not.
    for policy in ["delete", "compact,delete"] {
        let topics = created(None, &[("cleanup.policy", policy)]);
        some_products(&topics);
        let refused = runtime().block_on(rebuilt(&topics, AMPLE));
        let Err(RebuildError::Incomplete(says)) = refused else { panic!("{refused:?}") };
        assert!(says.contains(&format!("{}:0 begins at offset 2", topics.product)), "{says}");
        assert!(says.contains(&format!("cleanup.policy = {policy}")), "{says}");
    }
}

#[test]
fn a_compacted_topic_may_begin_late() {
    // Records can be deleted by hand, only where the policy has `delete`.
    let forever =
        [("cleanup.policy", "compact,delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];
    let topics = created(None, &forever);
    some_products(&topics);
    let found = runtime().block_on(rebuilt(&topics, AMPLE)).unwrap();
    let ids: Vec<&str> =
        found["product"].iter().map(|row| row.split(' ').next().unwrap()).collect();
    assert_eq!((ids, live(&found)), (vec!["'c'", "'d'"], 2));
    assert_eq!(found["position"].len(), 2, "{:?}", found["position"]);
}

#[test]
fn a_topic_that_is_not_there_is_told_of() {
    let topics = created(Some(Kind::Stock), &[]);
    let refused = runtime().block_on(rebuilt(&topics, AMPLE));
    let Err(RebuildError::Incomplete(says)) = refused else { panic!("{refused:?}") };
    assert!(says.contains(&topics.stock), "{says}");
}
