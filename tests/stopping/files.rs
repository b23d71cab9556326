//! Files that cannot be used: said at the start, with what to do.

use serde_json::json;

use super::{goes_on, waits_for};
use crate::harness::events::{price, product};
use crate::harness::eventually;
use crate::harness::process::{Home, Process, run_by};

const NO_DATABASE: &[u8] = &[0x5a; 16 * 1024];

fn with_a_mug() -> Home {
    let home = Home::new();
    let service = home.serve();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    drop(service);
    home
}

#[test]
fn a_damaged_store_is_made_again_from_the_log() {
    let home = with_a_mug();
    let store = home.data_dir().join("generation-1.db");
    std::fs::write(&store, NO_DATABASE).unwrap();
    let _ = std::fs::remove_file(home.data_dir().join("generation-1.db-wal"));
    home.run(&["serve", "--listen", "127.0.0.1:0"]).refused(&[
        "the read store is damaged",
        "generation-1.db",
        "delete the file",
        "made again from the log",
    ]);
    // What it says is true.
    for file in ["generation-1.db", "generation-1.db-wal", "generation-1.db-shm"] {
        let _ = std::fs::remove_file(home.data_dir().join(file));
    }
    let service = home.serve();
    eventually("the page is there again", || {
        (service.get("/api/v1/products/mug").status == 200).then_some(())
    });
}

#[test]
fn a_damaged_log_is_told_of() {
    let home = with_a_mug();
    std::fs::write(home.data_dir().join("log/events.db"), NO_DATABASE).unwrap();
    let _ = std::fs::remove_file(home.data_dir().join("log/events.db-wal"));
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["status"], &["publish", "-"]] {
        home.run(command).refused(&["the event log is damaged", "events.db", "backup"]);
    }
}

#[test]
fn an_image_that_cannot_be_kept_is_told_of() {
    let home = Home::new();
    let in_the_way = home.data_dir().join("index-1.image.tmp");
    std::fs::create_dir_all(&in_the_way).unwrap();
    let mut service = home.serve_with(&["--set", "index.image_seconds=1"]);
    let kept = "the image of the listing index cannot be kept";
    let why = waits_for(&mut service, kept);
    assert!(why.contains("index-1.image"), "{why}");
    std::fs::remove_dir(&in_the_way).unwrap();
    // There is nothing new to keep, and it is tried again all the same.
    goes_on(&mut service, kept);
    assert!(home.data_dir().join("index-1.image").exists());
}

#[test]
fn a_data_dir_that_cannot_be_used_is_told_of() {
    let home = Home::new();
    std::fs::write(home.data_dir(), "a file").unwrap();
    home.run(&["serve", "--listen", "127.0.0.1:0"]).refused(&["data_dir"]);
}

/// As many files as the system allows, not as few as a shell hands down.
#[test]
fn the_limit_of_open_files_is_raised() {
    let home = Home::new();
    let serve = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    let few = ["bash", "-c", "ulimit -Sn 64 && exec \"$0\" \"$@\""];
    let mut process = Process::spawn(run_by(&few, &serve));
    process.said("listening on");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let words: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(words[3], words[4], "soft and hard: {files}");
}
