//! `vitrine rebuild` as its users meet it: beside a live service, killed, resumed, refused.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::compare::{Readers, around_edges, compare};
use crate::harness::events::{self, Catalogue};
use crate::harness::process::{Home, Process};
use crate::harness::service::{Answer, Service};
use crate::harness::stream::{GROUPS, Rng, generated, nasty};
use crate::harness::{eventually, now};

const EU_ALONE: &str = "[[market]]\nid = \"eu\"\ncurrency = \"EUR\"\nlocale = \"en\"\n";
const DAY: i64 = 24 * 3_600_000;

fn generation(answer: &Answer) -> i64 {
    answer.headers["vitrine-generation"].to_str().unwrap().parse().unwrap()
}

/// Events of every kind, some of them odd.
fn catalogue(seed: u64) -> Catalogue {
    let mut lines = generated(120, 2_500, seed, now() - 20 * DAY);
    lines.extend(nasty(seed, 200, now()));
    Catalogue::new(lines)
}

/// Small bounds, so that a rebuild has many steps.
fn in_steps() -> Home {
    Home::new().set("rebuild.checkpoint_ms=100").set("rebuild.memory_bytes=16777216")
}

fn assert_pages(service: &Service, catalogue: &Catalogue) {
    let now = now();
    let mut instants = vec![now, now - DAY];
    instants.extend(around_edges(&catalogue.oracle, 1));
    let readers = Readers {
        instants: &instants,
        markets: &["default", "eu"],
        groups: &[None, Some(GROUPS[0])],
        locales: &[None, Some("de")],
    };
    println!("{} answers compared", compare(service, catalogue, readers));
}

/// Waits until pages come from that generation.
fn answers_from(service: &Service, expected: i64) {
    eventually("pages are of that generation", || {
        (generation(&service.get("/api/v1/home")) == expected).then_some(())
    });
}

#[test]
fn kills_of_a_rebuild_do_not_show() {
    let home = in_steps();
    let catalogue = catalogue(17);
    let service = home.serve();
    home.publish(&catalogue.lines);
    let mut rng = Rng::new(5);
    let mut kills = 0;
    while kills < 20 {
        let mut rebuild = home.spawn(&["rebuild", "--json"]);
        std::thread::sleep(Duration::from_millis(20 + rng.below(600) as u64));
        if rebuild.ended().is_some() {
            // It was quicker than that: it was gone on with to its end, and there is a new one to be killed.
            assert!(rebuild.wait().success(), "{:#?}", rebuild.stderr());
        } else {
            rebuild.kill();
            kills += 1;
        }
    }
    let done = home.json(&["rebuild", "--promote"]);
    assert_eq!(done["verdict"]["differences"], json!([]), "{done:#}");
    home.all_were_ready(1, done["generation"].as_i64().unwrap(), &done["promoted"]);
    answers_from(&service, done["generation"].as_i64().unwrap());
    assert_pages(&service, &catalogue);
    let status = home.settled();
    assert_eq!(status["generation"], done["generation"]);
    let counted: u64 =
        status["outcomes"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(counted, catalogue.lines.len() as u64, "{status:#}");
    let left: Vec<_> = std::fs::read_dir(home.data_dir().join("rebuild")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A rebuild may be further than where it was to be interrupted: then the attempt, which answers `None`, is made again.
fn in_time<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let found = (0..5).find_map(|_| attempt());
    assert!(found.is_some(), "it was never interrupted in time");
    found.unwrap()
}

/// A rebuild of this catalogue's shop that has made its generation.
fn begun(seed: u64) -> (Home, Service, Process) {
    let home = in_steps();
    let service = home.serve();
    home.publish(&catalogue(seed).lines);
    let mut rebuild = home.spawn(&["rebuild"]);
    rebuild.said("a new generation");
    (home, service, rebuild)
}

/// The state of the generation that comes after the first.
fn state_of_the_second(home: &Home) -> String {
    let known = home.json(&["generations", "list"]);
    assert_eq!(known[1]["number"], 2, "{known:#}");
    known[1]["state"].as_str().unwrap().to_owned()
}

#[test]
fn an_interrupted_rebuild_goes_on() {
    let (home, service) = in_time(|| {
        let (home, service, mut rebuild) = begun(18);
        let ended = rebuild.terminate();
        if state_of_the_second(&home) != "building" {
            return None;
        }
        let said = rebuild.stderr();
        assert!(!ended.success(), "{said:#?}");
        assert!(said.join("\n").contains("it goes on where it was"), "{said:#?}");
        Some((home, service))
    });
    home.run(&["generations", "promote", "2"]).refused(&["not built to its end"]);
    home.run(&["rebuild"]).good();
    let known = home.json(&["generations", "list"]);
    assert_eq!(known[1]["state"], "following", "{known:#}");
    assert_eq!(known.as_array().unwrap().len(), 2, "{known:#}");
    assert_eq!(generation(&service.get("/api/v1/home")), 1);
}

#[test]
fn one_that_is_interrupted_while_it_promotes_is_compared_again() {
    let home = in_steps();
    let service = home.serve();
    home.publish(&catalogue(20).lines);
    let mut rebuild = home.spawn(&["rebuild", "--promote"]);
    rebuild.said("a promotion begins");
    assert!(!rebuild.terminate().success());
    let done = home.json(&["rebuild", "--promote"]);
    assert_eq!((&done["generation"], &done["events"]), (&json!(2), &json!(0)), "{done:#}");
    assert_eq!(done["verdict"]["differences"], json!([]), "{done:#}");
    answers_from(&service, 2);
}

/// As where whoever dropped it was stopped in between.
#[test]
fn what_is_left_of_a_dropped_generation_is_deleted() {
    let home = in_steps();
    let _service = home.serve();
    home.publish(&catalogue(22).lines);
    home.run(&["rebuild"]).good();
    home.run(&["generations", "drop", "2"]).good();
    let left = home.data_dir().join("generation-2.db");
    assert!(!left.exists());
    for last in [&["generations", "drop", "2"][..], &["rebuild"]] {
        std::fs::write(&left, "what is left").unwrap();
        home.run(last).good();
        assert!(!left.exists(), "{last:?}");
    }
    home.run(&["generations", "drop", "2"]).refused(&["there is no generation 2"]);
}

#[test]
fn two_rebuilds_at_once_refuse_each_other() {
    let (home, _service, mut first, stopped) = in_time(|| {
        let (home, service, first) = begun(19);
        let stopped = Stopped::new(&first);
        (state_of_the_second(&home) == "building").then_some((home, service, first, stopped))
    });
    home.run(&["rebuild"]).refused(&["another rebuild is under way"]);
    home.run(&["generations", "drop", "2"]).refused(&["is being built"]);
    drop(stopped);
    assert!(first.wait().success(), "{:#?}", first.stderr());
}

/// Nothing that is stored depends on markets: a rebuild with others compares pages for its own, and the shop goes on as
/// it was.
#[test]
fn a_rebuild_with_other_markets_changes_nothing_of_the_shop() {
    let home = in_steps();
    let service = home.serve();
    home.publish(&catalogue(23).lines);
    home.write("eu.toml", EU_ALONE);
    let done = home.json(&["rebuild", "--promote", "--config", "eu.toml"]);
    assert_eq!(done["verdict"]["differences"], json!([]), "{done:#}");
    answers_from(&service, 2);
    for market in ["default", "eu"] {
        assert_eq!(service.get(&format!("/api/v1/home?market={market}")).status, 200, "{market}");
    }
}

/// A process that stands still.
struct Stopped(String);

impl Stopped {
    fn new(process: &Process) -> Stopped {
        let stopped = Stopped(process.id().to_string());
        stopped.signal("-STOP");
        stopped
    }

    fn signal(&self, signal: &str) {
        let done = std::process::Command::new("kill").args([signal, &self.0]).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// Changes something in a generation's file behind everybody's back.
fn tamper(home: &Home, generation: i64, sql: &str) {
    let file = home.data_dir().join(format!("generation-{generation}.db"));
    let url = format!("sqlite:{}", file.display());
    let change = async {
        use sqlx::{Connection, Executor};
        let mut file = sqlx::SqliteConnection::connect(&url).await.unwrap();
        file.execute("PRAGMA busy_timeout = 30000").await.unwrap();
        let done = file.execute(sql).await.unwrap();
        assert!(done.rows_affected() > 0, "{sql}");
        file.close().await.unwrap();
    };
    tokio::runtime::Runtime::new().unwrap().block_on(change);
}

#[test]
fn a_generation_that_answers_otherwise_is_not_promoted() {
    let home = in_steps();
    let service = home.serve();
    let mut lines: Vec<String> = (0..30)
        .flat_map(|i| {
            let id = format!("p{i}");
            [
                events::product(&id, json!({"brand": {"id": "acme", "name": "Acme"}})),
                events::price(&id, &id, 1_000 + i, json!({})),
            ]
        })
        .collect();
    lines.push(events::stock("p1", 1, 3));
    home.publish(&lines);
    // As a rule that had been changed by mistake would: the live generation counts other units than the log says.
    tamper(&home, 1, "UPDATE stock SET available = 40");
    let args = ["rebuild", "--promote", "--json"];
    let refused = home.run(&args).refused(&["it was not promoted", "that no --allow names"]);
    let told: Value = refused.json();
    let paths: Vec<&str> =
        told["judged"]["refused"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    assert!(paths.contains(&"product.stock.available"), "{paths:?}");
    let example = &told["verdict"]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["path"] == "product.stock.available")
        .unwrap()["examples"][0];
    assert_eq!((&example["live"], &example["new"]), (&json!(40), &json!(3)), "{example:#}");
    assert_eq!(generation(&service.get("/api/v1/home")), 1);
    // What is wanted passes, and nothing else.
    home.run(&["rebuild", "--promote", "--allow", "reviews.**"]).refused(&["it was not promoted"]);
    home.run(&["rebuild", "--allow", "product..price"]).refused(&["is not a rule"]);
    let allowed: Vec<String> =
        paths.iter().flat_map(|path| ["--allow".to_owned(), (*path).to_owned()]).collect();
    let args: Vec<&str> =
        ["rebuild", "--promote"].into_iter().chain(allowed.iter().map(String::as_str)).collect();
    let done = home.json(&args);
    answers_from(&service, done["generation"].as_i64().unwrap());
    let page = service.get("/api/v1/products/p1").page();
    assert_eq!(page["stock"]["available"], 3);
}

#[test]
fn the_service_rebuilds_when_it_is_asked_to() {
    let home = in_steps().set("http.admin_token=secret");
    let service = home.serve();
    let catalogue = catalogue(20);
    home.publish(&catalogue.lines);
    let url = format!("{}/api/v1/rebuild", service.url);
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let ask = |body: &str, token: &str| {
        let request = client.post(&url).bearer_auth(token).body(body.to_owned());
        let request = request.header("content-type", "application/json");
        let answer = request.send().unwrap();
        (answer.status().as_u16(), answer.json::<Value>().unwrap())
    };
    assert_eq!(ask("", "wrong").0, 401);
    let (status, problem) = ask(r#"{"promot": true}"#, "secret");
    assert_eq!((status, &problem["code"]), (400, &json!("invalid_body")), "{problem}");
    let (status, problem) = ask(r#"{"allow": ["nothing.there"]}"#, "secret");
    assert_eq!((status, &problem["parameter"]), (400, &json!("allow")), "{problem}");
    let (status, begun) = ask(r#"{"fresh": true, "promote": true}"#, "secret");
    assert_eq!((status, &begun["state"]), (202, &json!("running")), "{begun:#}");
    assert_eq!(ask("", "secret").0, 409);
    let ended = eventually("the rebuild ends", || {
        let status = service.get_with("/api/v1/rebuild", &[("Authorization", "Bearer secret")]);
        (status.body["state"] == "idle").then_some(status.body)
    });
    assert_eq!(ended["last"]["error"], Value::Null, "{ended:#}");
    assert_eq!(ended["last"]["refused"], json!([]), "{ended:#}");
    answers_from(&service, 2);
    assert_eq!(ended["progress"]["phase"], "done");
    let metrics = service.get("/metrics").body;
    let metrics = metrics.as_str().unwrap();
    for line in ["vitrine_generation 2", "vitrine_rebuilds_total{result=\"promoted\"} 1"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[test]
fn the_clock_begins_a_rebuild() {
    let home = Home::new().set("schedule.rebuild=* * * * * *").set("schedule.rebuild_promote=true");
    let service = home.serve();
    let position = service
        .publish(&[events::product("mug", json!({})), events::price("p", "mug", 900, json!({}))]);
    service.reflects(&position);
    eventually("a rebuilt generation is live", || {
        (generation(&service.get("/api/v1/home")) > 1).then_some(())
    });
    assert_eq!(service.get("/api/v1/products/mug").status, 200);
}

#[test]
fn what_was_discarded_stays_so() {
    let home = Home::new();
    let service = home.serve();
    let negative = |sku: &str| events::stock(sku, 1, -1);
    let file = home.write("dead.ndjson", [negative("a"), negative("b")].join("\n"));
    home.run(&["publish", &file, "--wait"]).good();
    let letters = home.json(&["dead-letters", "list"]);
    let first = letters[0]["id"].as_i64().unwrap().to_string();
    home.run(&["dead-letters", "discard", &first]).good();
    home.json(&["rebuild", "--promote"]);
    answers_from(&service, 2);
    let status = home.settled();
    assert_eq!((&status["generation"], &status["dead_letters_open"]), (&json!(2), &json!(1)));
    let left = home.json(&["dead-letters", "list"]);
    assert_eq!(left.as_array().unwrap().len(), 1, "{left:#}");
    assert_eq!(left[0]["position"], letters[1]["position"]);
}

/// What was dead in all generations that are projected is retried in all of them: a rollback does not lose it.
#[test]
fn what_was_retried_or_discarded_is_so_after_a_rollback() {
    let home = Home::new();
    let service = home.serve();
    home.publish(&[events::product("mug", json!({}))]);
    home.json(&["rebuild", "--promote"]);
    answers_from(&service, 2);
    // As many prices as a product may have, and two more.
    let prices: Vec<String> = (0..10_000)
        .map(|n| events::price(&format!("price-{n}"), "mug", 1_000, json!({})))
        .collect();
    home.publish(&prices);
    let more = |id: &str| events::price(id, "mug", 5, json!({}));
    let file = home.write("more.ndjson", [more("low"), more("lower")].join("\n"));
    home.run(&["publish", &file, "--wait"]).good();
    let dead = home.json(&["dead-letters", "list"]);
    let ids: Vec<String> =
        dead.as_array().unwrap().iter().map(|letter| letter["id"].to_string()).collect();
    assert_eq!(ids.len(), 2, "{dead:#}");
    // There is room again.
    let removed = json!({"price_id": "price-0", "product_id": "mug", "version": 2});
    home.publish(&[events::event("price.removed.v1", now(), &removed)]);
    eventually("both generations have taken that up", || {
        let done = home.run(&["dead-letters", "retry", &ids[0]]);
        done.status.success().then_some(())
    });
    home.run(&["dead-letters", "discard", &ids[1]]).good();
    for generation in [2, 1] {
        answers_from(&service, generation);
        assert_eq!(home.json(&["dead-letters", "list"]), json!([]), "generation {generation}");
        let all = home.json(&["dead-letters", "list", "--all"]);
        let states: Vec<&str> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|letter| letter["state"].as_str().unwrap())
            .collect();
        assert_eq!(states, ["retried", "discarded"], "generation {generation}");
        let page = service.get("/api/v1/products/mug").page();
        assert_eq!(page["price"]["final"], 5, "generation {generation}");
        if generation == 2 {
            home.run(&["generations", "rollback"]).good();
        }
    }
}
