//! What stops a service, or makes it wait: the log, `/readyz`, the metric and the exit status say the same.

mod clients;
mod disk;
mod ends;
mod files;
mod logs;
mod pooler;
mod roles;
mod stderr;
mod transient;
mod unrouted;

use crate::harness::eventually;
use crate::harness::service::Service;

/// Waits until `/readyz` and the metric name a wait, and the log has told of it; answers the whole of it.
#[track_caller]
fn waits_for(service: &mut Service, what: &str) -> String {
    let said = eventually(&format!("`{what}` is waited for"), || {
        let ready = service.get("/readyz");
        assert_eq!(ready.status, 200, "pages are answered: {ready:?}");
        let waits = ready.body["waits_for"].as_array().unwrap().clone();
        waits
            .iter()
            .filter_map(|wait| wait.as_str())
            .find(|wait| wait.contains(what))
            .map(str::to_owned)
    });
    assert!(metric_says(service, what), "{}", service.get("/metrics").body);
    assert!(told(service, what) > 0, "{:#?}", service.process.stderr());
    said
}

/// Waits until nothing of the kind is waited for any more, which the log has told of.
#[track_caller]
fn goes_on(service: &mut Service, what: &str) {
    eventually(&format!("`{what}` is over"), || {
        let waits = service.get("/readyz").body["waits_for"].to_string();
        (!waits.contains(what)).then_some(())
    });
    assert!(!metric_says(service, what), "{}", service.get("/metrics").body);
    let lines = service.process.stderr();
    let over = lines.iter().any(|line| line.contains("over after") && line.contains(what));
    assert!(over, "{lines:#?}");
}

fn metric_says(service: &Service, what: &str) -> bool {
    let metrics = service.get("/metrics").body;
    let mut lines = metrics.as_str().unwrap().lines();
    lines.any(|line| {
        line.starts_with("vitrine_waits{") && line.contains(what) && line.ends_with(" 1")
    })
}

/// How many warnings of it the log has.
fn told(service: &Service, what: &str) -> usize {
    let lines = service.process.stderr();
    lines.iter().filter(|line| line.contains("WARN") && line.contains(what)).count()
}
