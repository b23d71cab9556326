//! A log that nobody reads any more: what is said is lost, and nothing else.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::json;

use crate::harness::events::{price, product};
use crate::harness::eventually;
use crate::harness::process::Home;

/// Ended by its id, whatever the test comes to.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_service_whose_log_nobody_reads_goes_on() {
    let home = Home::new().set("telemetry.log_filter=debug");
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut service = Ended(command.spawn().unwrap());
    let mut lines = BufReader::new(service.0.stderr.take().unwrap()).lines();
    let url = lines
        .find_map(|line| line.unwrap().split_once("listening on ").map(|(_, url)| url.to_owned()))
        .unwrap();
    drop(lines);
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    for event in [product("mug", json!({})), price("p", "mug", 900, json!({}))] {
        let post = client.post(format!("{url}/api/v1/events")).body(event);
        let answer = post.header("content-type", "application/cloudevents+json").send().unwrap();
        assert_eq!(answer.status(), 202);
    }
    eventually("the page shows the price", || {
        let page = client.get(format!("{url}/api/v1/products/mug")).send().unwrap();
        page.text().unwrap().contains("900").then_some(())
    });
    let id = service.0.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let status = eventually("it ends", || service.0.try_wait().unwrap());
    assert!(status.success(), "{status}");
}
