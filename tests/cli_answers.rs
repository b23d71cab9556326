//! Commands that look make nothing, and an answer that nobody has is no success.

use std::process::Stdio;

use serde_json::json;

use crate::harness::events::{price, product};
use crate::harness::eventually;
use crate::harness::process::Home;
use crate::harness::production::Production;

/// Whoever looks makes nothing.
#[test]
fn where_there_is_nothing_that_is_told() {
    let home = Home::new();
    for command in [
        &["status"][..],
        &["dead-letters", "list"],
        &["generations", "list"],
        &["generations", "rollback"],
        &["generations", "promote", "1"],
        &["generations", "drop", "1"],
        &["rebuild"],
    ] {
        home.run(command).refused(&["there is nothing in data", "vitrine serve"]);
        assert!(!home.data_dir().exists(), "{command:?}");
    }
    let service = home.serve();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    drop(service);
    home.run(&["status"]).good();
    std::fs::remove_dir_all(home.data_dir().join("log")).unwrap();
    let file = home.write("events.ndjson", product("cup", json!({})));
    for command in [&["status"][..], &["generations", "list"], &["rebuild"], &["publish", &file]] {
        home.run(command).refused(&["has a generation, but no log/events.db", "backup"]);
        assert!(!home.data_dir().join("log").exists(), "{command:?}");
    }
}

/// The same where there is nothing but events, and where the file of a generation was deleted.
#[test]
fn a_generation_is_not_made_by_looking() {
    let home = Home::new();
    let file = home.write("events.ndjson", product("mug", json!({})));
    home.run(&["publish", &file]).good();
    let generation = home.data_dir().join("generation-1.db");
    let looked = || {
        let dead_letters = home.run(&["dead-letters", "list"]);
        dead_letters.refused(&["in data yet", "vitrine serve", "from the log"]);
        let status = home.json(&["status"]);
        assert_eq!((&status["generation"], &status["lag_events"]), (&json!(0), &json!(1)));
        assert!(home.run(&["status"]).good().stdout.contains("none yet: `vitrine serve` makes it"));
        home.run(&["generations", "list"]).good();
        home.run(&["generations", "promote", "2"]).refused(&["2"]);
        assert!(!generation.exists());
    };
    looked();
    assert_eq!(home.json(&["generations", "list"]), json!([]));
    drop(home.serve());
    home.run(&["status"]).good();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(home.data_dir().join(format!("generation-1.db{suffix}")));
    }
    looked();
    // The service makes it again.
    let service = home.serve();
    eventually("the product is projected", || {
        (service.get("/api/v1/products/mug").status == 200).then_some(())
    });
}

/// The same where the store is in a database.
#[test]
fn a_database_where_nothing_is_stays_empty() {
    let shop = Production::without_topics();
    for command in
        [&["status"][..], &["dead-letters", "list"], &["generations", "list"], &["rebuild"]]
    {
        shop.home.run(command).refused(&["there is no schema \"vitrine\"", "vitrine migrate"]);
        let made = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'vitrine%'";
        assert_eq!(shop.count(made), 0, "{command:?}");
    }
}

/// Whoever keeps an answer in a file has to hear that it is not there.
#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let home = Home::new();
    home.serve();
    for command in [&["status"][..], &["status", "--json"], &["config", "show", "--reference"]] {
        let mut command = home.command(command);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let done = command.stdout(Stdio::from(full)).stderr(Stdio::piped()).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{command:?}: {stderr}");
        assert!(stderr.contains("No space left on device"), "{command:?}: {stderr}");
    }
}
