//! A new generation from Kafka's topics into PostgreSQL, beside instances that project and answer.

use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{Message, members, send};
use crate::harness::compare::{Readers, around_edges, compare};
use crate::harness::events::{self, Catalogue};
use crate::harness::production::Production;
use crate::harness::service::{Answer, Service};
use crate::harness::stream::{Rng, generated, nasty};
use crate::harness::{eventually, full, now};

const DAY: i64 = 24 * 3_600_000;

fn generation(answer: &Answer) -> i64 {
    answer.headers["vitrine-generation"].to_str().unwrap().parse().unwrap()
}

fn answers_from(service: &Service, expected: i64) {
    eventually("pages are of that generation", || {
        (generation(&service.get("/api/v1/home")) == expected).then_some(())
    });
}

/// Sent on while generations change; each is read back at once.
fn go_on(services: [&Service; 2], version: u64) {
    let position = services[0].publish(&[events::stock("mug", version, 10 + version as i64)]);
    for service in services {
        service.reflects(&position);
        let headers = [("Vitrine-Min-Position", position.as_str())];
        let page = service.get_with("/api/v1/products/mug", &headers).page();
        assert_eq!(page["stock"]["available"], 10 + version, "{page:#}");
    }
}

#[test]
fn a_rebuild_is_killed_resumed_and_promoted_beside_three_projectors() {
    let production =
        Production::new().set("rebuild.checkpoint_ms=100").set("rebuild.memory_bytes=16777216");
    let projectors: Vec<_> = (0..3).map(|_| production.projector()).collect();
    let (first, second) = (production.api(), production.api());
    let now = now();
    let mut lines = generated(200, 3_000, 23, now - 20 * DAY);
    lines.extend(nasty(23, 300, now));
    lines.push(events::product("mug", json!({})));
    lines.push(events::price("mug-price", "mug", 900, json!({})));
    let kills: u64 = if full() { 20 } else { 5 };
    let until_now = lines.len();
    lines.extend((1..=kills + 3).map(|version| events::stock("mug", version, 10 + version as i64)));
    let catalogue = Catalogue::new(lines);
    production.home.publish(&catalogue.lines[..until_now]);

    let mut rng = Rng::new(9);
    for version in 1..=kills {
        let mut rebuild = production.home.spawn(&["rebuild"]);
        std::thread::sleep(Duration::from_millis(rng.below(900) as u64));
        rebuild.kill();
        go_on([&first, &second], version);
    }
    let done = production.home.json(&["rebuild", "--promote"]);
    assert_eq!(done["verdict"]["differences"], json!([]), "{done:#}");
    let new = done["generation"].as_i64().unwrap();
    production.home.all_were_ready(2, new, &done["promoted"]);
    for service in [&first, &second] {
        answers_from(service, new);
    }
    go_on([&first, &second], kills + 1);
    production.home.run(&["generations", "rollback"]).good();
    go_on([&first, &second], kills + 2);
    for service in [&first, &second] {
        answers_from(service, 1);
    }
    production.home.run(&["generations", "promote", &new.to_string()]).good();
    for service in [&first, &second] {
        answers_from(service, new);
    }
    production.home.run(&["generations", "drop", "1"]).good();
    go_on([&first, &second], kills + 3);
    production.home.settled();
    let mut instants = vec![now, now - DAY];
    instants.extend(around_edges(&catalogue.oracle, 1));
    let readers = Readers {
        instants: &instants,
        markets: &["default", "eu"],
        groups: &[None],
        locales: &[None, Some("de")],
    };
    answers_from(&second, new);
    println!("{} answers compared", compare(&second, &catalogue, readers));
    let known = production.home.json(&["generations", "list"]);
    let known = known.as_array().unwrap();
    // Some of the rebuilds were quicker than what was to kill them.
    assert!(known.iter().all(|g| g["state"] == "following" && g["number"] != 1), "{known:#?}");
    let live: Vec<_> = known.iter().filter(|g| g["live"] == true).collect();
    assert_eq!(live.len(), 1, "{known:#?}");
    assert_eq!(live[0]["number"], new);
    for mut projector in projectors {
        assert!(projector.terminate().success(), "{:#?}", projector.stderr());
    }
}

/// The first load of a new deployment: nobody has projected anything, and nobody does so.
#[test]
fn a_rebuild_of_an_empty_deployment_is_promoted() {
    let production = Production::new();
    let catalogue = Catalogue::new(generated(60, 900, 31, now() - 20 * DAY));
    let file = production.home.write("events.ndjson", catalogue.lines.join("\n"));
    production.home.run(&["publish", &file, "--skip-unusable"]).good();
    let done = production.home.json(&["rebuild", "--promote"]);
    assert_eq!((&done["generation"], &done["verdict"]), (&json!(2), &json!(null)), "{done:#}");
    assert_eq!(done["promoted"]["generation"], 2, "{done:#}");
    let service = production.api();
    answers_from(&service, 2);
    let readers = Readers {
        instants: &[now()],
        markets: &["default", "eu"],
        groups: &[None],
        locales: &[None],
    };
    println!("{} answers compared", compare(&service, &catalogue, readers));
}

#[test]
fn a_rebuild_leaves_the_live_generation_to_its_projectors() {
    let production = Production::new();
    let mut projector = production.projector();
    let lines = generated(300, 6_000, 5, now() - 20 * DAY);
    production.home.publish(&lines);
    production.home.settled();
    let [live, new] = [1, 2].map(|number| format!("{}-{number}", production.database()));
    assert_eq!(members(&live), 1);
    let mut rebuild = production.home.spawn(&["rebuild"]);
    let (mut most, mut version) = ([0, 0], 0);
    while rebuild.ended().is_none() {
        for (most, group) in most.iter_mut().zip([&live, &new]) {
            *most = members(group).max(*most);
        }
        version += 1;
        let stock = events::stock("mug", version, 3);
        send(&[Message::of(&production.topic("stock"), "mug@default", stock)]);
    }
    assert!(rebuild.wait().success());
    assert!(most[0] == 1 && most[1] > 0, "{most:?}");
    assert!(projector.terminate().success(), "{:#?}", projector.stderr());
}

#[test]
fn a_rebuild_projects_what_nobody_else_does() {
    let production = Production::new();
    let mut projector = production.projector();
    production.home.publish(&[events::product("mug", json!({}))]);
    production.home.settled();
    assert!(projector.terminate().success(), "{:#?}", projector.stderr());
    let path = production.home.write("stock.ndjson", events::stock("mug", 1, 3));
    production.home.run(&["publish", &path, "--skip-unusable"]).good();
    let done = production.home.json(&["rebuild", "--promote"]);
    assert_eq!(done["verdict"]["differences"], json!([]), "{done:#}");
    let api = production.api();
    assert_eq!(api.get("/api/v1/products/mug").page()["stock"]["available"], 3);
    production.home.run(&["generations", "rollback"]).good();
    answers_from(&api, 1);
    assert_eq!(api.get("/api/v1/products/mug").page()["stock"]["available"], 3);
}

/// Transactions that have changed a generation.
fn changes(production: &Production, generation: i64) -> i64 {
    let place = production.home.json(&["generations", "list"]);
    let place = place.as_array().unwrap().iter().find(|g| g["number"] == generation).unwrap();
    let statement = format!("SELECT count(*) FROM {}.change", place["place"].as_str().unwrap());
    production.count(&statement)
}

#[test]
fn events_of_a_generation_that_is_not_live_are_gathered() {
    let production = Production::new();
    let mut projector = production.projector();
    let api = production.api();
    production.home.publish(&[events::product("mug", json!({}))]);
    let new = production.home.json(&["rebuild"])["generation"].as_i64().unwrap();
    let stock = |version| events::stock("mug", version, 10 + version as i64);
    // Once the projector has the new one's partitions, and has heard that nobody judges it any more.
    let before = changes(&production, new);
    api.publish(&[stock(1)]);
    eventually("it is projected", || (changes(&production, new) > before).then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    let before = [changes(&production, 1), changes(&production, new)];
    let (started, mut last) = (Instant::now(), String::new());
    for version in 2..=60 {
        last = api.publish(&[stock(version)]);
    }
    let took = started.elapsed();
    api.reflects(&last);
    // Whoever switches waits until the other one has everything.
    production.home.run(&["generations", "promote", &new.to_string()]).good();
    let made = [changes(&production, 1) - before[0], changes(&production, new) - before[1]];
    // One in 50 ms, and some more as the last ones come.
    let most = 3 + i64::try_from(took.as_millis() / 50).unwrap();
    println!("{made:?} transactions in {took:?}");
    assert!(made[0] >= 1 && (1..=most).contains(&made[1]), "{made:?} in {took:?}");
    answers_from(&api, new);
    assert_eq!(api.get("/api/v1/products/mug").page()["stock"]["available"], 70);
    assert!(projector.terminate().success(), "{:#?}", projector.stderr());
}

/// Of a generated stream: every page, card and listing of both is compared.
#[track_caller]
fn rebuilt_is_as_projected(seed: u64) {
    let production = Production::new().set("rebuild.memory_bytes=16777216");
    let _projector = production.projector();
    let mut lines = generated(150, 2_500, seed, now() - 20 * DAY);
    lines.extend(nasty(seed, 600, now()));
    production.home.publish(&lines);
    production.home.settled();
    let done = production.home.json(&["rebuild"]);
    let verdict = &done["verdict"];
    assert_eq!((&verdict["differences"], &verdict["unsettled"]), (&json!([]), &json!(0)));
    assert_eq!(verdict["products_sampled"], false);
    let products = verdict["compared"]["products"].as_u64().unwrap();
    assert!(products > 150, "{verdict:#}");
}

// Each by itself: they run beside one another.
#[test]
fn a_rebuilt_generation_is_as_a_projected_one() {
    rebuilt_is_as_projected(1);
}

#[test]
fn another_rebuilt_generation_is_as_a_projected_one() {
    rebuilt_is_as_projected(2);
}

#[test]
fn a_third_rebuilt_generation_is_as_a_projected_one() {
    rebuilt_is_as_projected(3);
}
