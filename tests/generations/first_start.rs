//! The first start on a log that holds much already.

use serde_json::json;

use crate::harness::compare::{Readers, compare};
use crate::harness::events::{self, Catalogue};
use crate::harness::eventually;
use crate::harness::now;
use crate::harness::process::Home;
use crate::harness::production::Production;
use crate::harness::service::Service;
use crate::harness::stream::{GROUPS, generated, nasty};

const DAY: i64 = 24 * 3_600_000;
const SETTING: &str = "rebuild.first_start_events=1000";

fn catalogue(seed: u64) -> Catalogue {
    let mut lines = generated(60, 1_500, seed, now() - 20 * DAY);
    lines.extend(nasty(seed, 60, now()));
    lines.push(events::product("mug", json!({})));
    Catalogue::new(lines)
}

/// In the log, with nobody there who projects.
fn publish(home: &Home, catalogue: &Catalogue) {
    let file = home.write("events.ndjson", catalogue.lines.join("\n"));
    home.run(&["publish", &file, "--skip-unusable"]).good();
}

/// All pages are right, and nothing is left but the generation that was filled.
fn is_filled(home: &Home, services: &[&Service], catalogue: &Catalogue) {
    let filled = eventually("nothing is left but another generation", || {
        let known = home.json(&["generations", "list"]);
        let number = known[0]["number"].as_i64().unwrap();
        (known.as_array().unwrap().len() == 1 && number > 1).then_some(number)
    });
    let now = now();
    for service in services {
        answers_from(service, filled);
        let readers = Readers {
            instants: &[now],
            markets: &["default", "eu"],
            groups: &[None, Some(GROUPS[0])],
            locales: &[None],
        };
        println!("{} answers compared", compare(service, catalogue, readers));
        eventually("nothing waits", || {
            (service.get("/readyz").body["waits_for"] == json!([])).then_some(())
        });
    }
    assert_eq!(home.settled()["generation"], filled);
}

fn answers_from(service: &Service, generation: i64) {
    let generation = generation.to_string();
    eventually("pages are of that generation", || {
        let answer = service.get("/api/v1/home");
        (answer.headers["vitrine-generation"] == *generation).then_some(())
    });
}

/// It goes on as ever: what comes is projected, and the next start is no first one.
fn goes_on(service: &Service) {
    let position = service.publish(&[events::stock("mug", 1, 7)]);
    service.reflects(&position);
    assert_eq!(service.get("/api/v1/products/mug").page()["stock"]["available"], 7);
}

#[test]
fn the_store_is_filled_in_bulk() {
    let home = Home::new().set(SETTING);
    let catalogue = catalogue(41);
    publish(&home, &catalogue);
    let mut service = home.serve();
    is_filled(&home, &[&service], &catalogue);
    goes_on(&service);
    assert!(service.process.terminate().success());
    answers_from(&home.serve(), 2);
}

/// A log that holds little is projected at once.
#[test]
fn a_small_log_is_projected() {
    let home = Home::new().set("rebuild.first_start_events=100000");
    let catalogue = catalogue(42);
    publish(&home, &catalogue);
    let service = home.serve();
    home.settled();
    goes_on(&service);
    answers_from(&service, 1);
}

/// One of two fills the store, and the other waits for it; where the one is killed, the other goes on.
#[test]
fn of_several_instances_one_fills_the_store() {
    for (seed, when) in [(43, "the store is filled in bulk"), (46, "a promotion begins")] {
        let production = Production::new().set(SETTING).set("rebuild.checkpoint_ms=100");
        let home = &production.home;
        let catalogue = catalogue(seed);
        publish(home, &catalogue);
        let mut first = home.spawn_serve(&[]);
        first.said(when);
        let second = home.spawn_serve(&[]);
        first.kill();
        let (second, third) = (Service::of(second), home.serve());
        second.wait_ready();
        is_filled(home, &[&second, &third], &catalogue);
        goes_on(&second);
    }
}

/// One process projects and another one answers.
#[test]
fn roles_are_apart() {
    let production = Production::new().set(SETTING);
    let home = &production.home;
    let catalogue = catalogue(47);
    publish(home, &catalogue);
    let service = production.api();
    let mut projector = production.projector();
    is_filled(home, &[&service], &catalogue);
    goes_on(&service);
    assert!(projector.terminate().success(), "{:#?}", projector.stderr());
}

/// A rebuild by hand is waited for as well.
#[test]
fn a_rebuild_by_hand_fills_the_store() {
    let filled = |home: &Home, catalogue: &Catalogue| {
        publish(home, catalogue);
        let mut rebuild = home.spawn(&["rebuild", "--promote"]);
        rebuild.said("a rebuild begins");
        let service = home.serve();
        assert!(rebuild.wait().success(), "{:#?}", rebuild.stderr());
        is_filled(home, &[&service], catalogue);
        goes_on(&service);
    };
    let production = Production::new().set(SETTING);
    filled(&production.home, &catalogue(44));
    filled(&Home::new().set(SETTING), &catalogue(48));
}

/// What cannot be rebuilt from the log is projected as it is.
#[test]
fn a_log_that_does_not_hold_everything_is_projected() {
    let production = Production::new().set(SETTING).set("log.missing_events=accept");
    let home = &production.home;
    let catalogue = catalogue(45);
    publish(home, &catalogue);
    let topic = production.topic("review");
    let partitions = i32::try_from(crate::harness::production::PARTITIONS).unwrap();
    for partition in 0..partitions {
        crate::kafka::client::delete_records(&topic, partition);
    }
    let mut service = home.serve();
    service.process.said("is filled event by event");
    home.settled();
    goes_on(&service);
    answers_from(&service, 1);
}
