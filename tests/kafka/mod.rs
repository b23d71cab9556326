//! A real broker: how messages come and go, through the running binary.

mod anew;
pub mod client;
mod commands;
mod dead_letters;
mod large;
mod logs;
mod messages;
mod positions;
mod rebuild;
mod secure;
mod tombstones;
mod warm;
mod warnings;

use crate::harness::production::Production;
use crate::harness::service::{Service, encoded};
use serde_json::Value;

/// A shop on topics of its own, with this many partitions each.
fn shop(partitions: usize) -> Production {
    let production = Production::with_sqlite();
    production.home.migrate(partitions);
    production
}

fn page(service: &Service, id: &str) -> Value {
    service.get(&format!("/api/v1/products/{}", encoded(id))).page()
}

/// How many events were counted as this.
fn outcome(status: &Value, outcome: &str) -> u64 {
    status["outcomes"][outcome].as_u64().unwrap_or(0)
}

/// Waits until pages reflect all of these messages.
fn reflects(service: &Service, positions: &[String]) {
    for some in positions.chunks(100) {
        service.reflects(&some.join(","));
    }
}
