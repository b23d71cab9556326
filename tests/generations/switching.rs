//! The live generation changes under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use vitrine::catalogue::sqlite::SqliteCatalogue;
use vitrine::catalogue::{Catalogue, State};
use vitrine::sqlite::SqliteOptions;

use crate::harness::events;
use crate::harness::eventually;
use crate::harness::process::Home;
use crate::harness::service::Service;
use crate::harness::stream::generated;

/// One more generation, projected event by event.
pub fn another(home: &Home) -> i64 {
    let data = home.data_dir();
    let make = async {
        let catalogue = SqliteCatalogue::open(&data, SqliteOptions::default()).await.unwrap();
        let generation = catalogue.create().await.unwrap();
        catalogue.open(&generation).await.unwrap().close().await;
        catalogue.set_state(generation.number, State::Following).await.unwrap();
        catalogue.close().await;
        generation.number
    };
    tokio::runtime::Runtime::new().unwrap().block_on(make)
}

fn live(home: &Home) -> Value {
    let known = home.json(&["generations", "list"]);
    let live: Vec<&Value> =
        known.as_array().unwrap().iter().filter(|g| g["live"] == true).collect();
    assert_eq!(live.len(), 1, "{known:#}");
    live[0]["number"].clone()
}

fn generation(answer: &crate::harness::service::Answer) -> i64 {
    answer.headers["vitrine-generation"].to_str().unwrap().parse().unwrap()
}

/// Reads pages until told to stop; answers how many there were of each generation.
fn reading(service: &Arc<Service>, stop: &Arc<AtomicBool>) -> JoinHandle<Vec<usize>> {
    let (service, stop) = (Arc::clone(service), Arc::clone(stop));
    std::thread::spawn(move || {
        let pages = ["/api/v1/listings/all?limit=5", "/api/v1/home", "/api/v1/listings/all"];
        let mut seen = vec![0; 3];
        for page in pages.iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let answer = service.get(page);
            assert_eq!(answer.status, 200, "{page}: {answer:?}");
            seen[usize::try_from(generation(&answer)).unwrap() - 1] += 1;
            // What it is made of is of one generation: the numbers of a listing agree with its items.
            if let Some(items) = answer.body["items"].as_array() {
                let total = answer.body["total"].as_u64().unwrap();
                assert!(items.len() as u64 <= total, "{page}: {}", answer.body);
            }
        }
        seen
    })
}

/// Writes events, and reads each back: what was once reflected stays so, whatever generation answers.
fn writing(service: &Arc<Service>, stop: &Arc<AtomicBool>) -> JoinHandle<usize> {
    let (service, stop) = (Arc::clone(service), Arc::clone(stop));
    std::thread::spawn(move || {
        let mut rounds = 0;
        while !stop.load(Ordering::Relaxed) {
            rounds += 1;
            let stock = events::stock("mug", rounds as u64, rounds % 50);
            let position = service.publish(&[stock]);
            service.reflects(&position);
            for _ in 0..3 {
                let headers = [("Vitrine-Min-Position", position.as_str())];
                let answer = service.get_with("/api/v1/products/mug", &headers);
                assert_eq!(answer.status, 200, "no longer reflected: {position} {answer:?}");
                let available = &answer.body["product"]["id"];
                assert_eq!(available, "mug");
                assert_eq!(answer.body["stock"]["available"], rounds % 50, "{answer:?}");
            }
        }
        rounds as usize
    })
}

#[test]
fn pages_and_positions_go_on_through_promotions() {
    let home = Home::new();
    let service = home.serve();
    let mut lines = generated(200, 2_000, 3, crate::harness::now());
    lines.extend([events::product("mug", json!({})), events::price("p", "mug", 900, json!({}))]);
    for chunk in lines.chunks(500) {
        service.publish(chunk);
    }
    home.settled();
    let service = Arc::new(service);
    assert_eq!(live(&home), 1);
    assert_eq!(another(&home), 2);

    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2).map(|_| reading(&service, &stop)).collect();
    let writer = writing(&service, &stop);
    for (command, expected) in [
        (vec!["generations", "promote", "2"], 2),
        (vec!["generations", "rollback"], 1),
        (vec!["generations", "promote", "2"], 2),
    ] {
        home.run(&command).good();
        assert_eq!(live(&home), expected);
        eventually("pages are of that generation", || {
            (generation(&service.get("/api/v1/home")) == expected).then_some(())
        });
    }
    home.run(&["generations", "drop", "1"]).good();
    std::thread::sleep(Duration::from_millis(300));
    stop.store(true, Ordering::Relaxed);
    let seen: Vec<Vec<usize>> = readers.into_iter().map(|r| r.join().unwrap()).collect();
    assert!(seen.iter().all(|of| of[0] > 0 && of[1] > 0), "{seen:?}");
    assert!(writer.join().unwrap() > 3);

    home.run(&["generations", "drop", "2"]).refused(&["generation 2 is live"]);
    home.run(&["generations", "rollback"]).refused(&["no generation to go back to"]);
    home.run(&["generations", "promote", "1"]).refused(&["there is no generation 1"]);
    assert!(!home.data_dir().join("generation-1.db").exists());
}

#[test]
fn a_restart_answers_from_the_live_generation() {
    let home = Home::new();
    {
        let service = home.serve();
        let position = service.publish(&[
            events::product("mug", json!({})),
            events::price("p", "mug", 900, json!({})),
        ]);
        service.reflects(&position);
        another(&home);
        home.run(&["generations", "promote", "2"]).good();
        let mut service = service;
        assert!(service.process.terminate().success(), "{:#?}", service.process.stderr());
    }
    let service = home.serve();
    let answer = service.get("/api/v1/products/mug");
    assert_eq!((answer.status, generation(&answer)), (200, 2), "{answer:?}");
    // Both are projected still: going back loses nothing.
    let position = service.publish(&[events::stock("mug", 1, 7)]);
    service.reflects(&position);
    home.run(&["generations", "rollback"]).good();
    let answer = eventually("pages are of the first generation", || {
        let answer = service.get("/api/v1/products/mug");
        (generation(&answer) == 1).then_some(answer)
    });
    assert_eq!(answer.body["stock"]["available"], 7);
}

#[test]
fn a_promotion_that_does_not_wait_for_warm_caches_leaves_nothing_behind() {
    let home = Home::new()
        .set("cache.warm_pages_per_second=1")
        .set("cache.warm_start_seconds=1")
        .set("rebuild.promote_wait_seconds=0");
    let service = home.serve();
    for chunk in generated(100, 1_000, 3, crate::harness::now()).chunks(500) {
        service.publish(chunk);
    }
    home.settled();
    assert_eq!(another(&home), 2);
    for expected in [2, 1, 2] {
        let promoted = home.json(&["generations", "promote", &expected.to_string()]);
        // One that has heard of it is not ready; one that has not yet is not waited for either.
        assert_eq!(promoted["ready"], 0, "{promoted:#}");
        eventually("pages are of that generation", || {
            (generation(&service.get("/api/v1/home")) == expected).then_some(())
        });
    }
    home.run(&["generations", "drop", "1"]).good();
    eventually("the service lets go of the generation", || {
        let lines = service.process.stderr();
        lines.iter().any(|line| line.contains("a dropped generation is let go of")).then_some(())
    });
    // Whatever still read it would have done so by then.
    std::thread::sleep(Duration::from_millis(300));
    let lines = service.process.stderr();
    let warned = |line: &&String| line.contains("WARN") && line.contains("closed pool");
    // One look may have been under way.
    assert!(lines.iter().filter(warned).count() <= 1, "{lines:#?}");
}
